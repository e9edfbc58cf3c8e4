"""What a panel showed, in words, from answers in the shape of the server's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kflab.widgets.picture import brief, take

RUN: dict[str, Any] = {
    "id": "01JZZZZZZZZZZZZZZZZZZZZZZZ",
    "kind": "train",
    "name": "first try",
    "state": "done",
    "text": None,
    "created": "2026-03-01T10:00:00.000Z",
    "started": "2026-03-01T10:00:01.000Z",
    "ended": "2026-03-01T10:01:13.000Z",
    "spec": {"model": {"family": "sklearn:RandomForestClassifier"}, "dataset": {"uri": "sklearn:wine"}},
    "best": {"metric": "accuracy", "value": 0.972222},
}
ID = RUN["id"]


def answers(**given: Any) -> Any:
    """A server that knows these paths."""
    asked: list[tuple[str, Mapping[str, Any]]] = []

    def ask(path: str, query: Mapping[str, Any]) -> Any:
        asked.append((path, query))
        return given[path.replace("/", "__")]

    ask.asked = asked  # type: ignore[attr-defined]
    return ask


def page(items: list[Any], total: int | None = None) -> dict[str, Any]:
    return {"items": items, "total": len(items) if total is None else total, "total_exact": True}


def metric(name: str, part: str, value: Any) -> dict[str, Any]:
    return {"type": "metric", "name": name, "part": part, "value": value}


def test_runs() -> None:
    going = {**RUN, "name": "", "state": "running", "ended": None, "best": None}
    picture = take(answers(runs=page([going, RUN], 30)), "runs", {}, {})
    assert picture.sentence == "30 runs: 1 running, 1 done."
    # No duration of what goes on: the notebook would change by itself.
    assert picture.rows == (
        ("RandomForestClassifier ZZZZ", "Running", "", "", "2026-03-01 10:00 UTC"),
        ("first try", "Done", "accuracy 0.9722", "1 m 12 s", "2026-03-01 10:00 UTC"),
    )
    assert picture.note == "The first 20 of 30 runs."


def test_runs_of_a_state_and_none_at_all() -> None:
    ask = answers(runs=page([]))
    assert take(ask, "runs", {}, {"group": "failed"}).sentence == "No runs yet."
    assert ask.asked == [("runs", {"limit": 500, "state": "failed"})]
    ask = answers(runs=page([]))
    take(ask, "runs", {}, {"group": "no such"})
    assert "state" not in ask.asked[0][1]


def test_a_run_and_its_metrics_over_several_pages() -> None:
    pages = [
        {"items": [{"type": "epoch"}] * 1000, "next_since": 1000, "state": "done"},
        {
            "items": [
                metric("accuracy", "validation", 0.972222),
                metric("log_loss", "test", {"$float": "NaN"}),
            ],
            "next_since": 1002,
            "state": "done",
        },
    ]

    def ask(path: str, query: Mapping[str, Any]) -> Any:
        return pages[query["since"] // 1000] if path.endswith("/events") else RUN

    picture = take(ask, "run", {"id": ID}, {})
    assert picture.title == "first try"
    assert picture.sentence == "Done in 1 m 12 s: accuracy 0.9722."
    assert picture.columns == ("Metric", "Validation", "Test")
    assert picture.rows == (("accuracy", "0.9722", ""), ("log loss", "", "NaN"))


def test_a_run_that_failed_says_why() -> None:
    failed = {**RUN, "state": "failed", "text": "The column x is gone.", "best": None}
    picture = take(answers(**{f"runs__{ID}": failed}), "run", {"id": ID}, {})
    assert picture.sentence == "Failed after 1 m 12 s: The column x is gone."
    assert picture.rows == ()


def test_train_before_and_after_the_start() -> None:
    assert take(answers(), "train", {}, {}).sentence == "No dataset is chosen yet."
    state = {"uri": "sklearn:wine", "target": "", "family": "sklearn:Ridge", "method": "random", "run": None}
    assert take(answers(), "train", {}, state).rows == (
        ("Dataset", "sklearn:wine"),
        ("Split", "60 % train, 20 % validation, 20 % test, random"),
        ("Model", "sklearn:Ridge"),
    )
    started = take(answers(**{f"runs__{ID}": {**RUN, "state": "running"}}), "train", {}, {**state, "run": ID})
    assert started.title == "Train: first try"


def test_metadata_as_it_was_filtered() -> None:
    item = {
        "name": "forest",
        "type": "system.Model",
        "version": None,
        "state": "LIVE",
        "created": "2026-03-01T10:00:00.000Z",
    }
    ask = answers(metadata__artifacts=page([item], 41))
    chosen = {"kind": "artifact", "id": 7, "name": "forest"}
    picture = take(ask, "metadata", {}, {"type": "system.Model", "q": "", "sort": "name", "selected": chosen})
    assert ask.asked == [("metadata/artifacts", {"sort": "name", "type": "system.Model", "limit": 20})]
    assert picture.sentence == "41 artifacts. Chosen: forest."
    assert picture.rows == (("forest", "Model", "", "Live", "2026-03-01 10:00 UTC"),)
    assert picture.note == "The first 1 of 41 artifacts."


def test_cluster_with_and_without_one() -> None:
    none = answers(cluster={"state": "none", "message": "No cluster.", "kinds": []})
    assert take(none, "cluster", {}, {}).sentence == "No cluster."
    kinds = [{"name": "pods", "count": 2}, {"name": "jobs", "count": None}]
    there = {"state": "connected", "namespace": "user-ada", "kinds": kinds}
    pod = {"name": "web", "status": "Running", "text": "", "created": "2026-03-01T10:00:00Z"}
    ask = answers(cluster=there, cluster__pods=page([pod]))
    assert take(ask, "cluster", {}, {}).rows == (("web", "Running", "", "2026-03-01 10:00 UTC"),)
    assert take(ask, "cluster", {}, {"kind": "jobs"}).rows == ()


def test_an_unknown_panel() -> None:
    with pytest.raises(ValueError, match="no panel 'x'"):
        take(answers(), "x", {}, {})


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (0.427, "0.4270"),
        (0.9722222, "0.9722"),
        (3, "3"),
        (3.0, "3"),
        (1234.5678, "1235"),
        (0.00012345, "1.23e-04"),
        (12345678.9, "1.23e+07"),
        ({"$float": "NaN"}, "NaN"),
        (None, ""),
    ],
)
def test_numbers(value: Any, word: str) -> None:
    assert brief(value) == word
