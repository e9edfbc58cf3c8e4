"""Train one model: load the parts, prepare, fit while one watches, score on validation, save."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kflab.ml import fitting, models, network
from kflab.ml.errors import DataError
from kflab.ml.families import Family
from kflab.ml.live import Emit, Live, Part, predictions
from kflab.ml.metrics import check, score
from kflab.ml.predictor import KerasPredictor, Predictor, SklearnPredictor, save
from kflab.ml.preprocessing import build
from kflab.ml.spec import ModelSpec, PreprocessSpec, SplitSpec, TrainingSpec
from kflab.ml.splitter import ROW
from kflab.ml.splitting import folds
from kflab.ml.tasks import Known

__all__ = ["TrainJob", "TrainResult", "train"]


@dataclass(frozen=True)
class TrainJob:
    """What training may see: two of the parts, and no way to the third."""

    task: Known
    target: str
    train_path: Path
    validation_path: Path | None
    model: ModelSpec
    root: Path
    metrics: Sequence[str] = ()
    preprocess: PreprocessSpec = field(default_factory=PreprocessSpec)
    split: SplitSpec = field(default_factory=SplitSpec)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    threads: int = 1


@dataclass(frozen=True)
class TrainResult:
    """The saved model. `metrics` are of the validation part; `hyperparameters` are all that were in force."""

    model_path: Path
    sha256: str
    metrics: dict[str, float]
    framework: dict[str, str]
    hyperparameters: dict[str, Any]


def train(job: TrainJob, emit: Emit, *, out: Path) -> TrainResult:
    """Train and save to `out`, sending stage, epoch, prediction, metric, artifact and warning events.

    With three parts the validation part is watched. With two, fold 1 inside train is watched and scored, and the
    saved model is then fitted on all of train. Raises DataError, TrainingError, or what the user's code raises.
    """
    with _stage(emit, "load"):
        learn, watch = _parts(job)
        metrics = check(job.metrics, job.task)
        known = models.family(job.model, job.task)
        # An estimator made in vain, so that a bad model file is found before any work is done.
        estimator = None if known.kind == "network" else _estimator(job, known)
    classes = None if job.task == "regression" else sorted(learn.truth_values())
    with _stage(emit, "preprocess"):
        prepare = build(learn.features, job.preprocess, known.kind, job.task)
        prepared = _Prepared(prepare, learn, watch)
    with _stage(emit, "fit"):
        predictor, model, epochs = _fit(job, known, estimator, prepared, classes, metrics, emit)
        measured = model
        if job.validation_path is None:
            whole = _all_of_train(job)
            prepare = build(whole.features, job.preprocess, known.kind, job.task)
            final = _Prepared(prepare, whole, None)
            training = job.training.model_copy(update={"epochs": epochs})
            again = None if known.kind == "network" else _estimator(job, known)
            predictor, _, _ = _fit(
                replace(job, training=training), known, again, final, classes, metrics, None
            )
    with _stage(emit, "score"):
        values = _score(measured, prepared.watch, metrics, classes)
        for name, value in values.items():
            emit("metric", name=name, value=value, part="validation")
    with _stage(emit, "save"):
        framework, hyperparameters = _about(job, known, estimator, epochs)
        path, digest = save(
            predictor,
            out,
            {
                "task": job.task,
                "target": job.target,
                "features": list(learn.features.columns),
                "metrics": metrics,
                "framework": framework,
            },
        )
    emit("artifact", artifact_type="system.Model", uri=path.as_posix(), sha256=digest)
    return TrainResult(path, digest, values, framework, hyperparameters)


@contextmanager
def _stage(emit: Emit, name: str) -> Iterator[None]:
    emit("stage", name=name, state="begin")
    yield
    emit("stage", name=name, state="end")


@dataclass(frozen=True)
class _Rows:
    features: pd.DataFrame
    truth: np.ndarray[Any, Any]
    numbers: np.ndarray[Any, Any]

    def truth_values(self) -> list[Any]:
        return list(dict.fromkeys(self.truth.tolist()))

    def at(self, positions: np.ndarray[Any, Any]) -> _Rows:
        return _Rows(self.features.iloc[positions], self.truth[positions], self.numbers[positions])


def _read(path: Path, target: str) -> _Rows:
    frame = pd.read_parquet(path)
    truth = frame[target].to_numpy()
    if truth.dtype.kind not in "biuf":
        truth = frame[target].astype(object).to_numpy()
    return _Rows(frame.drop(columns=[ROW, target]), truth, frame[ROW].to_numpy())


def _all_of_train(job: TrainJob) -> _Rows:
    return _read(job.train_path, job.target)


def _parts(job: TrainJob) -> tuple[_Rows, _Rows]:
    """The rows to learn from, and those to watch."""
    whole = _all_of_train(job)
    if job.validation_path is not None:
        return whole, _read(job.validation_path, job.target)
    learn, watch = folds(pd.Series(whole.truth), job.split.folds, job.split.seed, job.task)[0]
    if job.task != "regression" and len(set(whole.truth[learn].tolist())) < len(whole.truth_values()):
        raise DataError(
            "split.parts",
            "A class has too few rows to be both learned from and watched; use three parts with the stratified method.",
        )
    return whole.at(learn), whole.at(watch)


class _Prepared:
    """Training rows, and rows to watch, as numbers; the preparation is fitted on the training rows alone."""

    def __init__(self, prepare: Any, learn: _Rows, watch: _Rows | None) -> None:
        self.prepare = prepare
        self.learn = Part(
            np.asarray(prepare.fit_transform(learn.features, learn.truth)), learn.truth, learn.numbers
        )
        self.watch = (
            None
            if watch is None
            else Part(np.asarray(prepare.transform(watch.features)), watch.truth, watch.numbers)
        )


def _fit(
    job: TrainJob,
    known: Family,
    estimator: Any,
    prepared: _Prepared,
    classes: list[Any] | None,
    metrics: Sequence[str],
    emit: Emit | None,
) -> tuple[Predictor, Any, int]:
    """(what is saved, what predicts on prepared numbers, epochs of its weights)."""
    live = None
    rows = len(prepared.learn.truth)
    if emit is not None and prepared.watch is not None:
        unit, of = (
            ("epoch", job.training.epochs) if estimator is None else fitting.plan(estimator, known.kind, rows)
        )
        live = Live(emit, job.task, metrics, classes, prepared.learn, prepared.watch, unit, of)
    if estimator is None:
        params = known.defaults() | job.model.params
        fitted, epochs = network.fit(
            params, job.training, job.task, classes, prepared.learn, live, seed=job.split.seed
        )
        return KerasPredictor(prepared.prepare, fitted, classes), fitted, epochs
    from sklearn.pipeline import Pipeline

    model = fitting.fit(
        estimator, known.kind, prepared.learn, live, seed=job.split.seed, patience=job.training.patience
    )
    return (
        SklearnPredictor(Pipeline([("prepare", prepared.prepare), ("model", model)]), classes),
        model,
        job.training.epochs,
    )


def _estimator(job: TrainJob, known: Family) -> Any:
    return models.make(job.model, known, seed=job.split.seed, threads=job.threads, root=job.root)


def _score(
    model: Any, watch: Part | None, metrics: Sequence[str], classes: list[Any] | None
) -> dict[str, float]:
    if watch is None:
        return {}
    pred, proba = predictions(model, watch.X, classes)
    return score(metrics, watch.truth, pred, proba, classes or ())


def _about(
    job: TrainJob, known: Family, estimator: Any, epochs: int
) -> tuple[dict[str, str], dict[str, Any]]:
    if estimator is None:
        params = known.defaults() | job.model.params
        return (
            {"name": "keras", "version": metadata.version("keras"), "backend": "jax"},
            {**params, **job.training.model_dump(), "epochs_of_best": epochs},
        )
    plain = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if value is None or isinstance(value, (bool, int, float, str))
    }
    return {"name": "sklearn", "version": metadata.version("scikit-learn")}, plain
