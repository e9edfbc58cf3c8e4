"""What a run leaves in the metadata, and that it is there once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from kflab.metadata.models import Batch
from kflab.runs.events import ENDS, Event
from kflab.runs.plan import Recorded, Source, plan
from kflab.runs.spec import Run

from .conftest import SPEC

RUN, TRAINED = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ"
SHA, OTHER = "a" * 64, "b" * 64
SPLIT = {
    "task": "multiclass",
    "target": "target",
    "columns": ["alcohol"],
    "classes": ["0", "1"],
    "rows": 178,
    "sizes": {"train": 142, "test": 36},
    "dataset": {"uri": "sklearn:wine", "sha256": SHA},
    "sha256": OTHER,
}
MADE = {"framework": {"name": "sklearn", "version": "1.9.1"}, "hyperparameters": {"alpha": 1.0}}
EVENTS: list[dict[str, Any]] = [
    {"type": "stage", "name": "split", "state": "begin"},
    {"type": "stage", "name": "split", "state": "end"},
    {"type": "epoch", "step": 1, "unit": "epoch", "seconds": 0.1},
    {"type": "metric", "name": "accuracy", "value": 0.5, "part": "validation"},
    {"type": "artifact", "uri": "/home/jovyan/runs/x/model.skops", "sha256": OTHER},
    {"type": "metric", "name": "accuracy", "value": 0.75, "part": "validation"},
    {"type": "metric", "name": "loss", "value": {"$float": "NaN"}, "part": "validation"},
    {"type": "done", "best": {"metric": "accuracy", "value": 0.75}, "model": MADE, "peak_memory": 1000},
]


def log(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    at = "2026-01-01T00:00:00.{:03}Z"
    return [{"v": 1, "seq": n, "time": at.format(n), **event} for n, event in enumerate(events, 1)]


def a_run(name: str = "first", **spec: Any) -> Run:
    full = {**SPEC, "workspace": "churn", **spec}
    values = {"id": RUN, "kind": full.get("kind", "train"), "name": name, "state": "running"}
    return Run.model_validate({**values, "created": "x", "started": "x", "spec": full})


def evaluation() -> Run:
    return a_run(kind="evaluate", dataset=None, model=None, **{"from": {"run": TRAINED}})


def nodes(batch: Batch) -> dict[str, dict[str, Any]]:
    puts = [*batch.contexts, *batch.executions, *batch.artifacts]
    return {str(put.ref or put.model_dump().get("id")): put.model_dump() for put in puts}


def test_nothing_is_recorded_before_the_data_is_split() -> None:
    assert plan(a_run(), log(EVENTS[:1]), recorded=Recorded(), split=SPLIT) is None


def test_when_the_data_is_split_the_execution_and_its_dataset_are_recorded() -> None:
    batch = plan(a_run(), log(EVENTS[:4]), recorded=Recorded(), split=SPLIT)
    assert batch is not None
    found = nodes(batch)
    assert found["workspace"]["type"] == "system.Pipeline" and found["workspace"]["name"] == "churn"
    assert found["run"]["type"] == "system.PipelineRun" and found["run"]["parent"] == "workspace"
    execution, dataset = found["execution"], found["dataset"]
    assert (execution["type"], execution["state"]) == ("system.ContainerExecution", "RUNNING")
    assert execution["set"]["last_seq"] == 2, "the metric behind it is left for the last batch"
    assert execution["set"]["run_id"] == RUN and execution["set"]["target"] == "target"
    assert (dataset["type"], dataset["name"], dataset["sha256"]) == ("system.Dataset", "wine", SHA)
    assert [(e.execution, e.artifact, e.type) for e in batch.events] == [("execution", "dataset", "INPUT")]


def test_at_the_end_model_and_metrics_are_recorded_with_the_last_seq() -> None:
    batch = plan(a_run(), log(EVENTS), recorded=Recorded(41, 2), split=SPLIT, workspace=Path("/home/jovyan"))
    assert batch is not None
    found = nodes(batch)
    assert found["41"]["state"] == "COMPLETE" and found["41"]["set"]["last_seq"] == len(EVENTS)
    assert found["41"]["set"]["best"] == {"metric": "accuracy", "value": 0.75}
    model = found["model"]
    assert (model["type"], model["uri"], model["sha256"]) == ("system.Model", "runs/x/model.skops", OTHER)
    assert model["set"]["family"] == "sklearn:Ridge" and model["set"].items() >= MADE.items()
    values = found["metrics-validation"]["set"]["values"]
    assert values == {"accuracy": 0.75, "loss": {"$float": "NaN"}}
    assert {(e.execution, e.artifact, e.type) for e in batch.events} == {
        (41, "model", "OUTPUT"),
        (41, "metrics-validation", "OUTPUT"),
    }
    assert "dataset" not in found


def test_a_run_that_ended_before_it_was_seen_is_one_batch() -> None:
    batch = plan(a_run(), log(EVENTS), recorded=Recorded(), split=SPLIT)
    assert batch is not None
    assert {"execution", "dataset", "model", "metrics-validation"} <= nodes(batch).keys()


def test_what_is_recorded_is_not_recorded_again() -> None:
    assert plan(a_run(), log(EVENTS), recorded=Recorded(41, len(EVENTS)), split=SPLIT) is None
    assert plan(a_run(), log(EVENTS[:6]), recorded=Recorded(41, 2), split=SPLIT) is None


def test_the_key_is_that_of_where_the_part_begins() -> None:
    first = plan(a_run(), log(EVENTS[:4]), recorded=Recorded(), split=SPLIT)
    later = plan(a_run(), log(EVENTS[:6]), recorded=Recorded(), split=SPLIT)
    whole = plan(a_run(), log(EVENTS), recorded=Recorded(), split=SPLIT)
    rest = plan(a_run(), log(EVENTS), recorded=Recorded(41, 2), split=SPLIT)
    assert first is not None and later is not None and whole is not None and rest is not None
    assert first == later, "a repeat is the same batch, however far the run went meanwhile"
    assert first.key == whole.key, "the store takes one of the two, as they begin at the same place"
    assert first.key != rest.key


def test_a_run_that_failed_before_its_data_was_read_is_a_failed_execution() -> None:
    failed = {"type": "failed", "cause": "error", "text": "There is no file x.csv."}
    batch = plan(a_run(), log([EVENTS[0], failed]), recorded=Recorded())
    assert batch is not None
    execution = nodes(batch)["execution"]
    assert execution["state"] == "FAILED" and execution["set"]["text"] == "There is no file x.csv."
    assert batch.artifacts == [] and batch.events == []


def test_an_evaluation_records_at_once_that_the_test_set_was_opened() -> None:
    source = Source(execution=7, model=8, dataset=9)
    batch = plan(evaluation(), log([EVENTS[0]]), recorded=Recorded(), source=source)
    assert batch is not None
    found = nodes(batch)
    assert found["run"]["name"] == TRAINED, "it is part of the run whose model it scores"
    assert found["7"]["set"] == {"test_unlocked": "2026-01-01T00:00:00.001Z", "test_unlocked_by": RUN}
    assert {(e.artifact, e.type) for e in batch.events} == {(8, "INPUT"), (9, "INPUT")}
    again = Source(execution=7, model=8, dataset=9, unlocked=True)
    batch = plan(evaluation(), log([EVENTS[0]]), recorded=Recorded(), source=again)
    assert batch is not None and "7" not in nodes(batch), "the first time is kept"


def test_an_evaluation_ends_with_the_test_metrics_of_the_model() -> None:
    metric = {"type": "metric", "name": "accuracy", "value": 0.9, "part": "test"}
    source = Source(execution=7, model=8, dataset=9, unlocked=True)
    events = log([EVENTS[0], metric, {"type": "done"}])
    batch = plan(evaluation(), events, recorded=Recorded(10, 1), source=source)
    assert batch is not None
    metrics = nodes(batch)["metrics-test"]
    assert metrics["set"]["values"] == {"accuracy": 0.9}
    assert (metrics["set"]["model_id"], metrics["set"]["data_set_id"]) == (8, 9)


@given(st.text(max_size=200), st.text(min_size=1, max_size=200), st.text(max_size=400))
def test_any_name_makes_a_batch_that_the_store_takes(name: str, workspace: str, uri: str) -> None:
    run = a_run(name, workspace=workspace)
    split = {**SPLIT, "dataset": {"uri": uri, "sha256": SHA}}
    batch = plan(run, log(EVENTS), recorded=Recorded(), split=split)
    assert batch is not None
    Batch.model_validate_json(batch.model_dump_json())


def test_the_schema_of_events_names_each_type_once() -> None:
    schema = TypeAdapter(Event).json_schema()
    assert set(schema["discriminator"]["mapping"]) >= ENDS | {"stage", "log", "epoch", "prediction", "metric"}
    assert not [name for name in schema["$defs"] if "__" in name]
