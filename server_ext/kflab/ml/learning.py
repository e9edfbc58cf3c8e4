"""One model on the rows that it may see: prepared, fitted while one watches, scored. Training and trials share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kflab.ml import fitting, models, network
from kflab.ml.errors import DataError
from kflab.ml.families import Family
from kflab.ml.job import TrainJob
from kflab.ml.live import Emit, Live, Part, predictions
from kflab.ml.metrics import score
from kflab.ml.predictor import KerasPredictor, Predictor, SklearnPredictor
from kflab.ml.preprocessing import build
from kflab.ml.spec import Known
from kflab.ml.splitter import MARK, ROW
from kflab.ml.splitting import folds

__all__ = ["Fitted", "Prepared", "Rows", "again", "both", "fit", "make", "measure", "pairs", "train_rows"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Rows:
    """Rows of a part: features, truth of shape (rows,), the rows' numbers in the source, and what folds go by."""

    features: pd.DataFrame
    truth: Array
    numbers: Array
    marks: Array | None = None

    def classes(self, task: Known) -> list[Any] | None:
        """The sorted classes of the truth; None for numbers."""
        return None if task == "regression" else sorted(dict.fromkeys(self.truth.tolist()))

    def at(self, positions: Array) -> Rows:
        return Rows(self.features.iloc[positions], self.truth[positions], self.numbers[positions])


def _read(path: Path, target: str) -> Rows:
    frame = pd.read_parquet(path)
    truth = frame[target].to_numpy()
    if truth.dtype.kind not in "biuf":
        truth = frame[target].astype(object).to_numpy()
    marks = frame.pop(MARK).to_numpy() if MARK in frame else None
    return Rows(frame.drop(columns=[ROW, target]), truth, frame[ROW].to_numpy(), marks)


def train_rows(job: TrainJob) -> Rows:
    """All rows of the train part."""
    return _read(job.train_path, job.target)


def both(job: TrainJob) -> Rows:
    """The rows of train and validation together, in the order of the source; those of train where there are no others."""
    train = train_rows(job)
    if job.validation_path is None:
        return train
    other = _read(job.validation_path, job.target)
    together = Rows(
        pd.concat([train.features, other.features], ignore_index=True),
        np.concatenate([train.truth, other.truth]),
        np.concatenate([train.numbers, other.numbers]),
    )
    return together.at(np.argsort(together.numbers, kind="stable"))


def pairs(job: TrainJob) -> Iterator[tuple[Rows, Rows]]:
    """(rows to learn from, rows to compare on): train and validation, or the folds of train where there are two parts.

    Raises DataError if the rows do not serve for folds, or a class is missing among those to learn from.
    """
    whole = train_rows(job)
    if job.validation_path is not None:
        yield whole, _read(job.validation_path, job.target)
        return
    by = job.split.by if job.split.method in ("group", "time") else None
    if by is not None and whole.marks is None:
        raise DataError(
            "split.by",
            f"This run was split by an older version, which did not keep {by!r} for folds. Start it as a new run.",
        )
    classes = len(np.unique(whole.truth)) if job.task != "regression" else 0
    for learn, watch in folds(pd.Series(whole.truth), job.split, job.task, whole.marks):
        if job.task != "regression" and len(np.unique(whole.truth[learn])) < classes:
            raise DataError(
                "split.parts",
                "A class has too few rows to be both learned from and watched; use three parts with the stratified method."
                if by is None
                else f"In folds by {by!r}, a class is missing among the rows to learn from. Use three parts, or fewer folds.",
            )
        yield whole.at(learn), whole.at(watch)


@dataclass(frozen=True)
class Prepared:
    """Training rows, and rows to watch, as numbers; the preparation is fitted on the training rows alone."""

    prepare: Any
    learn: Part
    watch: Part | None

    @classmethod
    def of(cls, job: TrainJob, known: Family, learn: Rows, watch: Rows | None) -> Prepared:
        prepare = build(learn.features, job.preprocess, known.kind, job.task)
        numbers = np.asarray(prepare.fit_transform(learn.features, learn.truth))
        seen = (
            None
            if watch is None
            else Part(np.asarray(prepare.transform(watch.features)), watch.truth, watch.numbers)
        )
        return cls(prepare, Part(numbers, learn.truth, learn.numbers), seen)


@dataclass(frozen=True)
class Fitted:
    """What is saved, what predicts on prepared numbers, and of how many epochs its weights are."""

    predictor: Predictor
    model: Any
    epochs: int


def make(job: TrainJob, known: Family) -> Any:
    """An unfitted estimator; None for a network, which is built when its input is known."""
    if known.kind == "network":
        return None
    return models.make(job.model, known, seed=job.split.seed, threads=job.threads, root=job.root)


def fit(
    job: TrainJob,
    known: Family,
    prepared: Prepared,
    classes: list[Any] | None,
    metrics: Sequence[str],
    emit: Emit | None,
    *,
    estimator: Any = None,
    detail: bool = True,
) -> Fitted:
    """Fit one model; with `emit` and rows to watch its steps are shown, with `detail` their predictions as well."""
    if estimator is None:
        estimator = make(job, known)
    live = None
    if emit is not None and prepared.watch is not None:
        unit, of = (
            ("epoch", job.training.epochs)
            if estimator is None
            else fitting.plan(estimator, known.kind, len(prepared.learn.truth))
        )
        live = Live(emit, job.task, metrics, classes, prepared.learn, prepared.watch, unit, of, detail=detail)
    if estimator is None:
        params = known.defaults() | job.model.params
        fitted, epochs = network.fit(
            params, job.training, job.task, classes, prepared.learn, live, seed=job.split.seed
        )
        return Fitted(KerasPredictor(prepared.prepare, fitted, classes), fitted, epochs)
    from sklearn.pipeline import Pipeline

    model = fitting.fit(
        estimator, known.kind, prepared.learn, live, seed=job.split.seed, patience=job.training.patience
    )
    pipeline = Pipeline([("prepare", prepared.prepare), ("model", model)])
    return Fitted(SklearnPredictor(pipeline, classes), model, job.training.epochs)


def again(job: TrainJob, known: Family, fitted: Fitted) -> TrainJob:
    """The job that makes a model of the size that this one has reached, from rows that cannot tell when to stop."""
    training = job.training.model_copy(update={"epochs": fitted.epochs})
    size = {known.size: getattr(fitted.model, known.size)} if known.size else {}
    model = job.model.model_copy(update={"params": {**job.model.params, **size}})
    return replace(job, model=model, training=training)


def measure(
    model: Any, watch: Part | None, metrics: Sequence[str], classes: list[Any] | None
) -> dict[str, float]:
    """The metrics of a model on prepared rows; none where there are no rows."""
    if watch is None:
        return {}
    pred, proba = predictions(model, watch.X, classes)
    return score(metrics, watch.truth, pred, proba, classes or ())
