"""A refusal says what is wrong and where; a fault of the server says no more than that there was one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kflab.server.errors import Refused, Unavailable
from kflab.server.inspect import Inspector

from .conftest import QUICK, Lab

NO_RUN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def refused(lab: Lab, method: str, path: str, status: int, **request: Any) -> dict[str, Any]:
    answer = lab.http.request(method, path, **request)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    said: dict[str, Any] = answer.json()
    assert set(said) <= {"message", "fields"} and said["message"].strip()
    assert "Traceback" not in answer.text
    return said


@pytest.mark.parametrize(
    "path", ["", "nothing", "runs/x/y/z", "metadata/artifacts/1/children", "../api/nothing"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_what_is_not_there(lab: Lab, method: str, path: str) -> None:
    refused(lab, method, path, 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("PUT", "runs", "GET, POST"), ("POST", "models", "GET")]
)
def test_a_verb_that_is_not_there(lab: Lab, method: str, path: str, allowed: str) -> None:
    refused(lab, method, path, 405)
    assert lab.http.request(method, path).headers["allow"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        f"runs/{NO_RUN}",
        "runs/nothing",
        f"runs/{NO_RUN}/events",
        "metadata/artifacts/99",
        "metadata/contexts/99",
    ],
)
def test_nothing_of_that_id(lab: Lab, path: str) -> None:
    refused(lab, "GET", path, 404)


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"\xff",
        b'{"name": NaN}',
        b'{"model": {"family": "x", "params": {"a": 1e999}}}',
        b'{"model": {"family": "x", "params": {"a": "\\ud800"}}}',
        b'{"model": {"family": "x", "params": {"\\udfff": 1}}}',
        b'{"model": {"family": "x", "params": {"a": ' + b"[" * 60 + b"]" * 60 + b"}}}",
        b"[" * 100_000,
        b"1" * 5_000,
    ],
)
def test_what_is_not_json(lab: Lab, body: bytes) -> None:
    said = refused(lab, "POST", "runs", 400, content=body)
    assert "JSON" in said["message"]


def test_no_body_where_one_is_needed(lab: Lab) -> None:
    said = refused(lab, "POST", "runs", 400, content=b"")
    assert said["fields"][0]["field"] == "dataset"


@pytest.mark.parametrize("body", [[], "run", 7, None, True])
def test_json_that_is_no_object(lab: Lab, body: Any) -> None:
    said = refused(lab, "POST", "runs", 400, content=json.dumps(body))
    assert "object" in said["message"]


def changed(**parts: Any) -> dict[str, Any]:
    return {**QUICK, **parts}


RANGE: dict[str, Any] = {"name": "max_depth", "type": "int", "low": 1, "high": 30}


def searched(
    *space: dict[str, Any], task: str = "auto", family: str = "DecisionTreeClassifier", **tuning: Any
) -> dict[str, Any]:
    model = {"family": f"sklearn:{family}"}
    return changed(kind="tune", task=task, model=model, tuning={"space": [RANGE, *space][-1:], **tuning})


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        (changed(colour="red"), "colour", "no such key"),
        (changed(dataset={"uri": "sklearn:wine", "tarrget": "x"}), "dataset.tarrget", "no such key"),
        (changed(dataset={"target": "x"}), "dataset.uri", "needed"),
        (changed(dataset=None), "dataset", "needs 'dataset'"),
        (changed(dataset={"uri": "sklearn:whine"}), "dataset.uri", "sklearn:wine"),
        (changed(dataset={"uri": "missing.csv"}), "dataset.uri", "no file"),
        (changed(dataset={"uri": "../secret.csv"}), "dataset.uri", "outside the workspace"),
        (changed(dataset={"uri": "/etc/passwd"}), "dataset.uri", "outside the workspace"),
        (changed(split={"parts": [0.6, 0.6]}), "split.parts", "add up to 1"),
        (changed(split={"method": "group"}), "split.by", "needs 'by'"),
        (changed(split={"method": "odd"}), "split.method", "'random'"),
        (changed(training={"epochs": "20"}), "training.epochs", "whole number"),
        (changed(training={"epochs": 0}), "training.epochs", "1 or more"),
        (changed(training={"epochs": 2.5}), "training.epochs", "whole number"),
        (changed(model={"family": "sklearn:Forest"}), "model.family", "There is no model"),
        (changed(model={"family": "sklearn:Ridge", "params": {"alfa": 1}}), "model.params.alfa", "alpha"),
        (changed(model={"family": "sklearn:Ridge", "params": {"alpha": -1}}), "model.params.alpha", "number"),
        (changed(metrics=["beauty"]), "metrics.0", "beauty"),
        (changed(key="short"), "key", "form"),
        (changed(kind="tune"), "tuning", "needs 'tuning'"),
        (changed(tuning={}), "tuning", "leave it out"),
        (searched({**RANGE, "low": 30, "high": 1}), "tuning.space.0.low", "Swap"),
        (searched({**RANGE, "low": 3, "high": 3}), "tuning.space.0.high", "nothing to search"),
        (searched({**RANGE, "low": None}), "tuning.space.0.low", "needs 'low'"),
        (searched({**RANGE, "low": 1.5}), "tuning.space.0.low", "whole number"),
        (searched({**RANGE, "low": 0, "scale": "log"}), "tuning.space.0.low", "no logarithm"),
        (searched({**RANGE, "step": 40}), "tuning.space.0.step", "longer than the range"),
        (searched({**RANGE, "name": "max_dept"}), "tuning.space.0.name", "'max_depth'"),
        (searched({**RANGE, "high": 2000}), "tuning.space.0.high", "1000"),
        (
            searched({"name": "criterion", "type": "choice", "choices": ["gini", "luck"]}),
            "tuning.space.0.choices",
            "luck",
        ),
        (searched(objective={"metric": "rmse"}, task="binary"), "tuning.objective.metric", "does not fit"),
        (searched(objective={"metric": "acuracy"}), "tuning.objective.metric", "accuracy"),
        (
            searched(objective={"metric": "accuracy", "goal": "min"}),
            "tuning.objective.goal",
            "more is better",
        ),
        (
            searched(method="grid", family="Ridge", task="regression") | {"tuning": {"method": "grid"}},
            "tuning.space.0.step",
            "steps",
        ),
        (searched(method="hyperband"), "tuning.resource", "needs 'resource'"),
        (
            searched(method="hyperband", resource={"name": "samples", "min": 20, "max": 50, "factor": 3}),
            "tuning.resource.factor",
            "at most 2",
        ),
        (
            searched(method="hyperband", resource={"name": "samples", "min": 20, "max": 30}),
            "tuning.resource.min",
            "half of max",
        ),
        (
            searched(method="hyperband", resource={"name": "epochs", "max": 9}),
            "tuning.resource.name",
            "epochs",
        ),
        (searched(method="luck"), "tuning.method", "'tpe'"),
        (searched(budget={"trials": 0}), "tuning.budget.trials", "1 or more"),
        (searched(baseline={"max_depth": -1}), "tuning.baseline.max_depth", "whole number"),
        ({"kind": "evaluate"}, "from", "needs 'from'"),
        ({"kind": "evaluate", "from": {"run": NO_RUN}}, "from.run", "no run"),
    ],
)
def test_a_wrong_spec_names_the_field(lab: Lab, spec: dict[str, Any], field: str, words: str) -> None:
    said = refused(lab, "POST", "runs", 400, json=spec)
    assert said["fields"][0]["field"] == field
    assert words in said["fields"][0]["message"]
    assert lab.get("runs", limit=500)["total"] == len(lab.get("runs", limit=500)["items"])


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("runs?limit=0", "limit"),
        ("runs?limit=many", "limit"),
        ("runs?state=asleep", "state"),
        ("runs?colour=red", "colour"),
        ("runs?limit=1&limit=2", "limit"),
        ("models?x=1", "x"),
        (f"runs/{NO_RUN}?x=1", "x"),
        ("metadata/artifacts?sort=%3Bdrop", "sort"),
        ("metadata/artifacts?filter=name", "filter"),
        ("metadata/artifacts?page_token=abc", "page_token"),
        ("metadata/artifacts/x", "id"),
        ("metadata/artifacts/1/lineage?hops=99", "hops"),
        ("metadata/compare", "ids"),
        ("datasets/profile", "uri"),
    ],
)
def test_a_wrong_query_names_the_parameter(lab: Lab, path: str, field: str) -> None:
    said = refused(lab, "GET", path, 400)
    assert said["fields"][0]["field"].startswith(field)


@pytest.mark.parametrize("path", ["runs?state=%ff", "runs?%ff=1", "runs?no_track_activity=%ff&x=1"])
def test_a_query_that_is_not_utf_8(lab: Lab, path: str) -> None:
    refused(lab, "GET", path, 400)


def test_a_wrong_batch_names_the_field_in_the_same_words(lab: Lab) -> None:
    node = {"ref": "m", "type": "system.Model", "name": "m", "colour": "red"}
    said = refused(
        lab,
        "POST",
        "metadata/batch",
        400,
        json={"key": NO_RUN, "artifacts": [node], "events": [{"type": "INPUT"}]},
    )
    fields = {one["field"]: one["message"] for one in said["fields"]}
    assert "no such key" in fields["artifacts.0.colour"]
    assert "needed" in fields["events.0.execution"]


@pytest.mark.parametrize(
    ("path", "size"), [("runs", 1024 * 1024 + 1), ("metadata/batch", 64 * 1024 * 1024 + 1)]
)
def test_a_body_that_is_too_large(lab: Lab, path: str, size: int) -> None:
    said = refused(lab, "POST", path, 413, content=b" " * size)
    assert "up to" in said["message"]


def test_a_body_of_another_type(lab: Lab) -> None:
    refused(
        lab,
        "POST",
        "runs",
        400,
        content="name=x",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


def test_a_key_that_was_used(lab: Lab) -> None:
    key = "01BX5ZZKBKACTAV9WEVGEMMVRZ"
    run = lab.run(key=key)
    assert run == key
    assert lab.run(key=key) == key, "the same again is the same run"
    refused(lab, "POST", "runs", 409, json={**QUICK, "key": key, "name": "another"})
    lab.ended(run)
    batch = {"key": key, "artifacts": [{"ref": "m", "type": "system.Model", "name": "used"}]}
    assert lab.post("metadata/batch", batch).json()["replayed"] is False
    assert lab.post("metadata/batch", batch).json()["replayed"] is True
    batch["artifacts"][0]["name"] = "another"
    refused(lab, "POST", "metadata/batch", 409, json=batch)


def test_our_own_mistake_tells_nothing_of_the_inside(new_lab: Callable[..., Lab]) -> None:
    lab = new_lab().start()
    shutil.rmtree(lab.workspace / ".kflab/runs")
    said = refused(lab, "GET", "runs", 500)
    assert str(lab.workspace) not in json.dumps(said) and "FileNotFoundError" not in json.dumps(said)
    assert "log" in said["message"]
    assert "FileNotFoundError" in lab.log


@pytest.mark.parametrize("url", ["postgresql://u:p@db/x", "sqlite://", "nothing"])
def test_a_store_that_cannot_be_leaves_the_rest_working(new_lab: Callable[..., Lab], url: str) -> None:
    lab = new_lab(KFLAB_METADATA_URL=url).start()
    for path in ("metadata/artifacts", "metadata/artifacts/1"):
        said = refused(lab, "GET", path, 503)
        assert "sqlite:///" in said["message"]
    refused(lab, "POST", "metadata/batch", 503, json={"key": NO_RUN})
    assert lab.get("runs")["total"] == 0
    if url == "nothing":
        assert lab.ended(lab.run())["state"] == "done"


async def test_a_list_that_cannot_be_made_is_the_servers_fault(tmp_path: Path) -> None:
    inspector = Inspector(tmp_path / "gone")
    try:
        with pytest.raises(Unavailable, match="could not be answered"):
            await inspector.ask("catalog")
        with pytest.raises(Refused) as refusal:
            await inspector.ask("profile", uri="t.csv", read={}, hidden=[])
        assert refusal.value.fields[0]["field"] == "dataset.uri"
    finally:
        await inspector.close()


def test_the_error_is_in_no_answer_twice(lab: Lab, tmp_path: Path) -> None:
    said = refused(lab, "POST", "runs", 400, json={**QUICK, "x": 1, "y": 2})
    assert [one["field"] for one in said["fields"]] == ["x", "y"]
    assert "1 more" in said["message"]
