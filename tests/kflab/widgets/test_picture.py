"""What a panel showed, in words, from answers in the shape of the server's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kflab.widgets.picture import brief
from kflab.widgets.picture import take as take_with
from kflab.widgets.runlogs import Logs
from kflab.widgets.still import Picture

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


def take(ask: Any, view: str, args: Mapping[str, Any], state: Mapping[str, Any]) -> Picture:
    return take_with(ask, Logs(), view, args, state)


def page(items: list[Any], total: int | None = None) -> dict[str, Any]:
    return {"items": items, "total": len(items) if total is None else total, "total_exact": True}


def events(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next_since": len(items), "state": "done"}


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
    picture = take(answers(**{f"runs__{ID}": failed, f"runs__{ID}__events": events()}), "run", {"id": ID}, {})
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
    going = {f"runs__{ID}": {**RUN, "state": "running"}, f"runs__{ID}__events": events()}
    started = take(answers(**going), "train", {}, {**state, "run": ID})
    assert started.title == "Train: first try"


TUNING: dict[str, Any] = {
    **RUN,
    "kind": "tune",
    "name": "",
    "best": {"metric": "log_loss", "value": 0.1, "trial": 2},
}


def trial(number: int, value: float | dict[str, str] | None, state: str = "done") -> dict[str, Any]:
    about = {"type": "trial", "trial": number, "state": state, "value": value}
    return {
        **about,
        "params": {"depth": number, "c": 0.123456789, "x": "a"},
        "metrics": {"log_loss": 0.1, "accuracy": 0.5},
    }


METHODS = {"metrics": [{"name": "accuracy", "goal": "max"}, {"name": "log_loss", "goal": "min"}]}


def search(*trials: dict[str, Any], objective: dict[str, str] | None = None) -> Any:
    run = {**TUNING, "spec": {**RUN["spec"], "tuning": {"objective": objective}}}
    return answers(**{f"runs__{ID}": run, f"runs__{ID}__events": events(*trials), "methods": METHODS})


def test_a_search_and_its_trials_best_first() -> None:
    ask = search(
        trial(0, 0.3), trial(1, None, "running"), trial(1, 0.2), trial(2, 0.1), trial(3, None, "failed"),
        trial(4, {"$float": "NaN"}),
    )  # fmt: skip
    picture = take(ask, "tune", {}, {"run": ID})
    assert picture.title == "Tune: Tuning of RandomForestClassifier ZZZZ"
    assert picture.sentence == "Done in 1 m 12 s: best of 2: log loss 0.1000, 0.2 below the baseline."
    assert picture.columns == ("Trial", "State", "Log loss", "Parameters")
    assert picture.rows == (
        ("2", "Done", "0.1000", "depth=2, c=0.1235, x=a"),
        ("1", "Done", "0.2000", "depth=1, c=0.1235, x=a"),
        ("baseline", "Done", "0.3000", "depth=0, c=0.1235, x=a"),
        ("3", "Failed", "", "depth=3, c=0.1235, x=a"),
        ("4", "Done", "NaN", "depth=4, c=0.1235, x=a"),
    )


def test_a_search_for_another_metric() -> None:
    trials = (trial(0, 0.3), trial(1, 0.2), trial(2, 0.5))
    picture = take(search(*trials, objective={"metric": "accuracy"}), "run", {"id": ID}, {})
    assert picture.sentence.endswith("best of 2: accuracy 0.5000, 0.2 above the baseline.")
    assert [row[0] for row in picture.rows] == ["2", "baseline", "1"]
    picture = take(search(*trials, objective={"metric": "accuracy", "goal": "min"}), "run", {"id": ID}, {})
    assert picture.sentence.endswith("best of 2: accuracy 0.2000, 0.1 below the baseline.")


def test_a_search_that_found_nothing_better() -> None:
    said = take(search(trial(0, 0.1), trial(1, 0.2)), "run", {"id": ID}, {}).sentence
    assert said.endswith("none of 1 trial beats the baseline, log loss 0.1000.")
    assert take(search(trial(0, 0.1)), "run", {"id": ID}, {}).sentence.endswith(
        "only the baseline is done, log loss 0.1000."
    )
    assert take(search(), "run", {"id": ID}, {}).sentence == "Done in 1 m 12 s."
    assert take(search(trial(1, 0.2)), "run", {"id": ID}, {}).sentence.endswith("best of 1: log loss 0.2000.")


def test_a_search_before_its_start() -> None:
    assert take(answers(), "tune", {}, {}).sentence == "No dataset is chosen yet."
    data = {"uri": "a_b.csv", "family": "sklearn:Ridge"}
    assert take(answers(), "tune", {}, {"data": data, "metric": "log_loss", "trials": "30"}).rows == (
        ("Dataset", "a_b.csv"),
        ("Model", "sklearn:Ridge"),
        ("Metric", "log loss"),
        ("Trials", "30"),
    )
    assert take(answers(), "tune", {}, {"source": "run", "from": ID}).rows == (("From run", ID),)


def test_a_log_is_read_on_from_where_it_was_left() -> None:
    asked: list[int] = []
    log = [trial(1, None, "running"), *[{"type": "epoch"}] * 1500, trial(1, 0.5)]

    def ask(_: str, query: Mapping[str, Any]) -> Any:
        asked.append(query["since"])
        items = log[query["since"] : query["since"] + 1000]
        return {"items": items, "next_since": query["since"] + len(items)}

    logs = Logs()
    assert logs.read(ask, ID).trials[1]["value"] == 0.5
    log.append(metric("accuracy", "validation", 0.9))
    assert logs.read(ask, ID).metrics == {("accuracy", "validation"): 0.9}
    assert asked == [0, 1000, 1502]


@pytest.mark.parametrize(
    ("view", "args", "state"),
    [("run", {"id": ID}, {}), ("train", {}, {"run": ID}), ("tune", {}, {"run": ID})],
)
def test_only_the_picture_of_a_run_that_has_ended_is_final(
    view: str, args: dict[str, Any], state: dict[str, Any]
) -> None:
    for said, final in (("done", True), ("failed", True), ("running", False), ("paused", False)):
        run = {**RUN, "state": said}
        ask = answers(runs=page([run]), **{f"runs__{ID}": run, f"runs__{ID}__events": events()})
        assert take(ask, view, args, state).final is final
        assert not take(ask, "runs", {}, {}).final


def test_the_picture_of_a_log_that_was_not_read_to_its_end_is_not_final() -> None:
    logs = Logs()
    pages = iter([*[{"items": [{"type": "epoch"}] * 1000, "next_since": 0}] * 20, events()])

    def ask(path: str, _: Mapping[str, Any]) -> Any:
        return next(pages) if path.endswith("/events") else RUN

    assert [take_with(ask, logs, "run", {"id": ID}, {}).final for _ in range(2)] == [False, True]


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
