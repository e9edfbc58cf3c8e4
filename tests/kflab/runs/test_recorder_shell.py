"""The recorder beside real runs, with a store that may fail at any time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from kflab.metadata.models import Batch
from kflab.runs.manager import RunManager
from kflab.runs.recorder import Recorder
from kflab.runs.spec import RunSpec

from .conftest import SPEC, Lab, until

SHA = "a" * 64
TRAIN = f"""
import json
(here / "data").mkdir()
split = dict(task="binary", target="y", columns=["x"], classes=["a", "b"], rows=9, sizes={{}}, sha256="b" * 64,
             dataset=dict(uri="x.csv", sha256="{SHA}"))
emit("stage", name="split", state="begin")
(here / "data/split.json").write_text(json.dumps(split))
emit("stage", name="split", state="end")
emit("epoch", step=1, unit="epoch", seconds=0.1)
wait_for("go")
emit("metric", name="accuracy", value=0.5, part="validation")
emit("artifact", uri="model.skops", sha256="{SHA}")
emit("done")
"""
EVALUATE = """
emit("stage", name="load", state="begin")
emit("metric", name="accuracy", value=0.4, part="test")
emit("done")
"""


class Shelf:
    """Nodes as the store keeps them: a batch is put whole, and its `set` merged into what is there."""

    def __init__(self) -> None:
        self.nodes: dict[int, dict[str, Any]] = {}
        self.links: list[tuple[int, int, str]] = []
        self.lose_answers = False

    async def send(self, batch: Batch) -> None:
        ids: dict[str | int, int] = {}
        for kind in ("executions", "artifacts"):
            for put in getattr(batch, kind):
                known = put.id or len(self.nodes) + 1
                node = self.nodes.setdefault(known, {"id": known, "kind": kind, "properties": {}})
                given = put.model_dump(exclude_none=True, exclude={"set", "unset", "ref", "id"})
                node.update(given)
                node["properties"].update(put.set)
                ids[put.ref or known] = known
        for link in batch.events:
            pair = (ids.get(link.execution, link.execution), ids.get(link.artifact, link.artifact))
            self.links.append((int(pair[0]), int(pair[1]), link.type))
        if self.lose_answers:
            raise ConnectionError("the answer was lost")

    async def find(
        self, kind: Literal["artifacts", "executions"], type: str, filter: str
    ) -> Sequence[Mapping[str, Any]]:
        asked = re.fullmatch(r'(prop\.)?(\w+) = "(\w+)"', filter)
        assert asked is not None
        return [
            node
            for node in self.nodes.values()
            if node["kind"] == kind
            and node["type"] == type
            and (node["properties"] if asked[1] else node).get(asked[2]) == asked[3]
        ]

    def of_type(self, name: str) -> list[dict[str, Any]]:
        return [node for node in self.nodes.values() if node.get("type") == f"system.{name}"]


def started(lab: Lab) -> tuple[RunManager, str]:
    manager = lab.manager(TRAIN)
    run_id = manager.create(RunSpec.model_validate(SPEC))
    until(lambda: "epoch" in lab.types(manager, run_id))
    return manager, run_id


def finish(lab: Lab, manager: RunManager, run_id: str) -> None:
    (manager.folder(run_id).path / "go").touch()
    assert lab.ended(manager, run_id).state == "done"


async def test_a_run_is_recorded_while_it_runs_and_at_its_end_across_a_restart(lab: Lab) -> None:
    manager, run_id = started(lab)
    shelf = Shelf()
    recorder = Recorder(manager, shelf.send, shelf.find)
    for _ in range(2):
        assert await recorder.record(run_id) is False
    (execution,) = shelf.of_type("ContainerExecution")
    assert execution["state"] == "RUNNING" and len(shelf.of_type("Dataset")) == 1
    finish(lab, manager, run_id)
    for _ in range(2):
        again = Recorder(RunManager(lab.workspace), shelf.send, shelf.find)
        assert await again.record(run_id) is True
        assert await again.record_all() == {}
    assert execution["state"] == "COMPLETE"
    assert execution["properties"]["last_seq"] == manager.events(run_id)[-1]["seq"]
    counts = [len(shelf.of_type(name)) for name in ("ContainerExecution", "Dataset", "Model", "Metrics")]
    assert counts == [1, 1, 1, 1]
    assert sorted(kind for _, _, kind in shelf.links) == ["INPUT", "OUTPUT", "OUTPUT"]


async def test_an_answer_that_is_lost_records_nothing_twice(lab: Lab) -> None:
    manager, run_id = started(lab)
    shelf = Shelf()
    recorder = Recorder(manager, shelf.send, shelf.find)
    shelf.lose_answers = True
    assert run_id in await recorder.record_all()
    finish(lab, manager, run_id)
    assert run_id in await recorder.record_all()
    assert await recorder.record_all() == {}
    counts = [len(shelf.of_type(name)) for name in ("ContainerExecution", "Dataset", "Model", "Metrics")]
    assert counts == [1, 1, 1, 1]


async def test_an_evaluation_finds_what_it_is_about_and_records_that_first(lab: Lab) -> None:
    manager, trained = started(lab)
    finish(lab, manager, trained)
    evaluator = lab.manager(EVALUATE)
    run_id = evaluator.evaluate(trained)
    lab.ended(evaluator, run_id)
    shelf = Shelf()
    recorder = Recorder(evaluator, shelf.send, shelf.find)
    assert await recorder.record(run_id) is True
    assert await recorder.record_all() == {}
    by_run = {node["properties"]["run_id"]: node for node in shelf.of_type("ContainerExecution")}
    assert set(by_run) == {trained, run_id}
    assert by_run[trained]["properties"]["test_unlocked_by"] == run_id
    (model,), (dataset,) = shelf.of_type("Model"), shelf.of_type("Dataset")
    test = next(node for node in shelf.of_type("Metrics") if node["properties"]["part"] == "test")
    assert test["properties"]["model_id"] == model["id"] and test["properties"]["values"] == {"accuracy": 0.4}
    own = by_run[run_id]["id"]
    assert {link for link in shelf.links if link[0] == own} == {
        (own, model["id"], "INPUT"),
        (own, dataset["id"], "INPUT"),
        (own, test["id"], "OUTPUT"),
    }
    assert json.loads(json.dumps(shelf.nodes)), "all of it is JSON"
