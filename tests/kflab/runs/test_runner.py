"""Real training and evaluation, through manager, supervisor, runner and splitter."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from kflab.ml.errors import DataError, TrainingError
from kflab.runs.failure import failure
from kflab.runs.manager import RunManager
from kflab.runs.spec import Run, RunSpec

from .conftest import Lab

THREE = {"parts": [0.6, 0.2, 0.2]}


def train(lab: Lab, **fields: Any) -> tuple[RunManager, Run]:
    spec = {
        "dataset": {"uri": "sklearn:wine"},
        "split": THREE,
        "model": {"family": "sklearn:LogisticRegression"},
        **fields,
    }
    manager = lab.manager()
    return manager, lab.ended(manager, manager.create(RunSpec.model_validate(spec)), seconds=110)


def stages(events: Any) -> list[tuple[str, str]]:
    return [(e["name"], e["state"]) for e in events if e["type"] == "stage"]


def test_training_and_then_the_test_set(lab: Lab) -> None:
    manager, run = train(lab, metrics=["accuracy"])
    assert run.state == "done", run.text
    events = manager.events(run.id)
    names = ("split", "load", "preprocess", "fit", "score", "save")
    assert stages(events) == [(name, state) for name in names for state in ("begin", "end")]
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert not [e for e in events if e["type"] == "warning" and e["code"] == "bad-event"]
    assert {e["type"] for e in events} >= {"epoch", "prediction", "metric", "artifact"}
    scored = {e["name"]: e["value"] for e in events if e["type"] == "metric"}
    assert run.best is not None and run.best.metric == "accuracy"
    assert run.best.value == scored["accuracy"] > 0.8
    assert {e["part"] for e in events if e["type"] in ("metric", "prediction")} == {"validation"}
    assert events[-1]["model"]["framework"]["name"] == "sklearn"

    evaluated = lab.ended(manager, manager.evaluate(run.id), seconds=110)
    assert evaluated.state == "done", evaluated.text
    events = manager.events(evaluated.id)
    assert {e["part"] for e in events if e["type"] in ("metric", "prediction")} == {"test"}
    split = json.loads((manager.folder(run.id).data / "split.json").read_text())
    shown = next(e for e in events if e["type"] == "prediction")
    assert {row["row"] for row in shown["rows"]} <= set(split["parts"]["test"])
    assert shown["n"] == split["sizes"]["test"]

    path = Path(next(e for e in manager.events(run.id) if e["type"] == "artifact")["uri"])
    path.write_bytes(path.read_bytes() + b"x")
    changed = lab.ended(manager, manager.evaluate(run.id), seconds=110)
    assert (changed.state, changed.cause) == ("failed", "error")
    assert "was changed" in (changed.text or "")


OWN = """
import gc, pathlib
from sklearn.linear_model import LogisticRegression
from kflab.ml.job import TrainJob
def build():
    jobs = [repr(thing) for thing in gc.get_objects() if isinstance(thing, TrainJob)]
    pathlib.Path("seen.txt").write_text("\\n".join(jobs))
    print("built")
    return LogisticRegression()
"""


def test_own_code_runs_in_the_workspace_and_training_knows_neither_dataset_nor_test_part(lab: Lab) -> None:
    (lab.workspace / "mine.py").write_text(OWN)
    manager, run = train(lab, model={"family": "mine.py:build"})
    assert run.state == "done", run.text
    seen = (lab.workspace / "seen.txt").read_text()
    assert "train.parquet" in seen
    assert "test.parquet" not in seen and "sklearn:wine" not in seen
    printed = [e["text"] for e in manager.events(run.id) if e["type"] == "log" and e["stream"] == "stdout"]
    assert "".join(printed).startswith("built\n")


@pytest.mark.parametrize(
    ("code", "cause", "said"),
    [
        ("def build():\n    raise ValueError('no such thing')", "error", "ValueError: no such thing"),
        ("def build(:", "error", "SyntaxError"),
        ("import sys\nsys.exit(5)", "error", "exit 5"),
        ("import numpy\ndef build():\n    return numpy.ones(2**50)", "oom", "Memory ran out"),
    ],
)
def test_a_model_file_that_raises_fails_with_its_traceback(
    lab: Lab, code: str, cause: str, said: str
) -> None:
    (lab.workspace / "mine.py").write_text(code)
    manager, run = train(lab, model={"family": "mine.py:build"})
    assert (run.state, run.cause) == ("failed", cause)
    assert said in (run.text or "")
    assert "mine.py" in manager.events(run.id)[-1]["traceback"]


@pytest.mark.parametrize(
    ("dataset", "field"),
    [
        ({"uri": "none.csv", "target": "y"}, "dataset.uri"),
        ({"uri": "small.csv", "target": "z"}, "dataset.target"),
    ],
)
def test_what_is_wrong_with_the_data_is_said_with_its_field_and_no_traceback(
    lab: Lab, dataset: dict[str, str], field: str
) -> None:
    (lab.workspace / "small.csv").write_text("x,y\n" + "1,a\n2,b\n" * 20)
    manager, run = train(lab, dataset=dataset)
    assert (run.state, run.cause) == ("failed", "error")
    end = manager.events(run.id)[-1]
    assert end["field"] == field and "traceback" not in end
    assert "Traceback" not in manager.folder(run.id).text.read_text()


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (TrainingError("nan", "The loss is NaN."), "nan"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk"),
        (MemoryError(), "oom"),
        (DataError("dataset.uri", "There is no such file."), "error"),
        (RuntimeError("x" * 100_000), "error"),
    ],
)
def test_each_failure_has_its_cause_and_fits_into_an_event(error: Exception, cause: str) -> None:
    fields = failure(error)
    assert fields["cause"] == cause
    assert 0 < len(fields["text"]) <= 8192 and len(fields.get("traceback", "")) <= 16_384
