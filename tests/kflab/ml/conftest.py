"""A workspace, and a way to split and train in it as a run does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kflab.ml.evaluation import EvaluateJob, evaluate
from kflab.ml.job import TrainJob
from kflab.ml.spec import DatasetSpec, ModelSpec, PreprocessSpec, SplitSpec, TrainingSpec
from kflab.ml.splitter import divide
from kflab.ml.training import TrainResult, train


@dataclass
class Heard:
    """The events that were emitted."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, type: str, /, **fields: Any) -> None:
        self.events.append((type, fields))

    def of(self, type: str) -> list[dict[str, Any]]:
        return [fields for kind, fields in self.events if kind == type]


@dataclass
class Trained:
    result: TrainResult
    heard: Heard
    folder: Path
    said: dict[str, Any]

    def evaluate(self) -> dict[str, float]:
        return evaluate(EvaluateJob(model=self.folder / "model", split=self.folder), self.heard)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


Fit = Callable[..., Trained]


@pytest.fixture
def fit(root: Path, tmp_path: Path) -> Fit:
    """Split a dataset and train on it: what a run does, without its process."""

    def run(
        uri: str,
        family: str,
        *,
        target: str | None = None,
        parts: list[float] | None = None,
        method: str = "random",
        by: str | None = None,
        params: dict[str, Any] | None = None,
        task: str = "auto",
        preprocess: dict[str, Any] | None = None,
        training: dict[str, Any] | None = None,
        columns: list[str] | None = None,
        before_training: Callable[[Path], None] = lambda folder: None,
    ) -> Trained:
        folder = tmp_path / "run"
        split = SplitSpec(parts=parts or [0.6, 0.2, 0.2], method=method, by=by)  # type: ignore[arg-type]
        said = divide(DatasetSpec(uri=uri, target=target, columns=columns), split, task, root, folder)  # type: ignore[arg-type]
        before_training(folder)
        validation = folder / "validation.parquet"
        job = TrainJob(
            task=said["task"],
            target=said["target"],
            train_path=folder / "train.parquet",
            validation_path=validation if validation.exists() else None,
            model=ModelSpec(family=family, params=params or {}),
            root=root,
            preprocess=PreprocessSpec.model_validate(preprocess or {}),
            split=split,
            training=TrainingSpec.model_validate(training or {}),
        )
        heard = Heard()
        return Trained(train(job, heard, out=folder / "model"), heard, folder, said)

    return run
