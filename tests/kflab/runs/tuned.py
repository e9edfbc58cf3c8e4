"""Runs that tune as their files tell of them, without a process: the log grows as a test wants it to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kflab.runs.manager import RunManager
from kflab.runs.spec import new_ulid

from .conftest import SPEC

SHA, ROWS, MODEL = "a" * 64, "b" * 64, "c" * 64
SPLIT_END = {"type": "stage", "name": "split", "state": "end"}
DONE = {"type": "done", "best": {"metric": "accuracy", "value": 0.9, "trial": 1}}
FAILED = {"type": "failed", "cause": "lost", "text": "The machine stopped."}
RESUMED = {"type": "resumed", "by": "ann"}
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def split(sha256: str = SHA, rows: str = ROWS) -> dict[str, Any]:
    return {
        "task": "multiclass",
        "target": "target",
        "columns": ["alcohol"],
        "classes": ["0", "1"],
        "rows": 178,
        "sizes": {"train": 106, "validation": 36, "test": 36},
        "dataset": {"uri": "sklearn:wine", "sha256": sha256},
        "sha256": rows,
    }


def log(events: Iterable[dict[str, Any]], first: int = 1, day: int = 0) -> list[dict[str, Any]]:
    """The events as a log has them: with seq, and a time one second after the other."""
    began = _BEGAN + timedelta(days=day)
    return [
        {
            "v": 1,
            "seq": seq,
            "time": (began + timedelta(seconds=seq)).isoformat(timespec="milliseconds")[:23] + "Z",
            **event,
        }
        for seq, event in enumerate(events, first)
    ]


def params(number: int) -> dict[str, Any]:
    return {"alpha": number / 7, "positive": number % 2 == 1, "solver": "svd"}


def running(number: int) -> dict[str, Any]:
    about = {"trial": number, "params": params(number), "baseline": number == 0}
    return {"type": "trial", "state": "running", **about}


def end(number: int, state: str = "done", value: float = 0.5, **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"seconds": 0.25}
    if state == "done":
        fields |= {"value": value, "std": 0.01, "metrics": {"accuracy": value, "loss": {"$float": "NaN"}}}
    if state == "failed":
        fields |= {"cause": "nan", "text": "accuracy is not a number.", "traceback": "Traceback…"}
    return {**running(number), "state": state, **fields, **more}


class Logged:
    """One run's files."""

    def __init__(self, workspace: Path, day: int = 0, **spec: Any) -> None:
        self.id = new_ulid()
        self.day = day
        self.path = RunManager(workspace).root / self.id
        (self.path / "data").mkdir(parents=True)
        tuning = (
            {"tuning": {"objective": {"metric": "accuracy"}}} if spec.get("kind", "tune") == "tune" else {}
        )
        asked = {**SPEC, "kind": "tune", "workspace": "churn", **tuning, **spec}
        (self.path / "spec.json").write_text(json.dumps(asked))
        self._seq = 0

    def has_split(self, sha256: str = SHA, rows: str = ROWS) -> None:
        (self.path / "data/split.json").write_text(json.dumps(split(sha256, rows)))

    def say(self, *events: dict[str, Any]) -> None:
        with (self.path / "events.jsonl").open("a") as file:
            for event in log(events, self._seq + 1, self.day):
                file.write(json.dumps(event) + "\n")
        self._seq += len(events)


def training(workspace: Path, tuning: str, number: int, day: int = 1) -> Logged:
    """The run that trains the best of a tuning run, from its split to its end, a day later."""
    model = {"family": "sklearn:Ridge", "params": {"tol": 1e-3, **params(number)}}
    run = Logged(workspace, day, kind="train", model=model, **{"from": {"run": tuning}})
    run.has_split()
    run.say(
        SPLIT_END,
        {"type": "artifact", "uri": "model.skops", "sha256": MODEL},
        {"type": "metric", "name": "accuracy", "value": 0.9, "part": "validation"},
        {"type": "done", "best": {"metric": "accuracy", "value": 0.9}},
    )
    return run
