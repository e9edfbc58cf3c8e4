"""Train one model: load the parts, prepare, fit while one watches, score on validation, save."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from kflab.ml import learning, models
from kflab.ml.families import Family
from kflab.ml.job import TrainJob
from kflab.ml.learning import Prepared
from kflab.ml.live import Emit
from kflab.ml.metrics import check
from kflab.ml.predictor import save

__all__ = ["TrainResult", "train"]


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
    saved model is then fitted on all of train; so it is on train and validation together where `training.refit` asks for
    that. Raises DataError, TrainingError, or what the user's code raises.
    """
    with _stage(emit, "load"):
        learn, watch = next(learning.pairs(job))
        metrics = check(job.metrics, job.task)
        known = models.family(job.model, job.task)
        # Made before any work is done, so that a bad model file is found early.
        estimator = learning.make(job, known)
    classes = learn.classes(job.task)
    with _stage(emit, "preprocess"):
        prepared = Prepared.of(job, known, learn, watch)
    with _stage(emit, "fit"):
        fitted = learning.fit(job, known, prepared, classes, metrics, emit, estimator=estimator)
        predictor = fitted.predictor
        if job.validation_path is None or job.training.refit == "train+validation":
            whole = Prepared.of(job, known, learning.both(job), None)
            again = learning.again(job, known, fitted)
            predictor = learning.fit(again, known, whole, classes, metrics, None).predictor
    with _stage(emit, "score"):
        values = learning.measure(fitted.model, prepared.watch, metrics, classes)
        for name, value in values.items():
            emit("metric", name=name, value=value, part="validation")
    with _stage(emit, "save"):
        framework, hyperparameters = _about(job, known, estimator, fitted.epochs)
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


def _about(
    job: TrainJob, known: Family, estimator: Any, epochs: int
) -> tuple[dict[str, str], dict[str, Any]]:
    if estimator is None:
        params = known.defaults() | job.model.params
        return (
            {"name": "keras", "version": metadata.version("keras"), "backend": "jax"},
            {**params, **job.training.model_dump(exclude={"refit"}), "epochs_of_best": epochs},
        )
    plain = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if value is None or isinstance(value, (bool, int, float, str))
    }
    return {"name": "sklearn", "version": metadata.version("scikit-learn")}, plain
