"""Score one set of hyperparameters after another on the same rows: what a worker of a tuning run does."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kflab.ml import learning, models
from kflab.ml.errors import DataError, TrainingError
from kflab.ml.families import Family
from kflab.ml.fitting import nested
from kflab.ml.job import TrainJob
from kflab.ml.learning import Prepared
from kflab.ml.live import Emit, Part
from kflab.ml.metrics import check
from kflab.ml.spec import Known
from kflab.ml.tuning import ResourceSpec

__all__ = ["Score", "Scorer"]


@dataclass(frozen=True)
class Score:
    """The objective on validation rows, or its mean over the folds with their spread; all metrics likewise."""

    value: float
    std: float | None
    metrics: dict[str, float]


class Scorer:
    """The rows of a job, prepared once, and a score for each set of parameters.

    With three parts a score is that of the validation part, with two the mean over the folds of train, where the
    preparation is fitted anew for each. Steps are shown of the first fold. Raises DataError where rows or model do not
    serve.
    """

    def __init__(self, job: TrainJob, objective: str, resource: ResourceSpec | None = None) -> None:
        self._job = job
        self._objective = objective
        self._resource = resource
        self._known: Family = models.family(job.model, job.task)
        self._metrics = check([objective, *(job.metrics or check((), job.task))], job.task)
        self._pairs = list(learning.pairs(job))
        if resource is not None and resource.name == "samples":
            _check_rows(resource, max(len(learn.truth) for learn, _ in self._pairs))
        self._classes = self._pairs[0][0].classes(job.task)
        # The preparation does not depend on what is searched, so it is the same for all trials.
        self._prepared: list[Prepared | None] = [None] * len(self._pairs)

    def score(self, params: Mapping[str, Any], resource: int | None, emit: Emit) -> Score:
        """Fit with these parameters over those of the job. Raises TrainingError, DataError, or what the model raises."""
        job, sample = self._with(params, resource)
        each: list[dict[str, float]] = []
        for number in range(len(self._pairs)):
            prepared = self._fold(number)
            if sample is not None:
                prepared = _sampled(prepared, sample, job.split.seed, job.task)
            fitted = learning.fit(
                job,
                self._known,
                prepared,
                self._classes,
                self._metrics,
                # What stops by the loss there watches every fold, as otherwise it would be another model.
                emit if number == 0 else _unheard if self._known.stops else None,
                detail=False,
            )
            each.append(learning.measure(fitted.model, prepared.watch, self._metrics, self._classes))
        return self._sum_up(each)

    def _with(self, params: Mapping[str, Any], resource: int | None) -> tuple[TrainJob, int | None]:
        """The job of one trial, and how many rows it learns from, if not from all."""
        own = {**self._job.model.params, **params}
        training, sample = self._job.training, None
        if resource is not None and self._resource is not None:
            if self._resource.name == "epochs":
                training = training.model_copy(update={"epochs": resource})
            elif self._resource.name == "trees" and self._known.size:
                own[self._known.size] = resource
            else:
                sample = resource
        model = self._job.model.model_copy(update={"params": own})
        return replace(self._job, model=model, training=training), sample

    def _fold(self, number: int) -> Prepared:
        found = self._prepared[number]
        if found is None:
            found = Prepared.of(self._job, self._known, *self._pairs[number])
            self._prepared[number] = found
        return found

    def _sum_up(self, each: list[dict[str, float]]) -> Score:
        names = [name for name in self._metrics if all(name in values for values in each)]
        if self._objective not in names:
            raise DataError(
                "tuning.objective.metric",
                f"{self._objective} cannot be had of this model on these rows; it needs probabilities, and each class "
                "among the rows that it is measured on. Choose another metric.",
            )
        means = {name: statistics.fmean(values[name] for values in each) for name in names}
        value = means[self._objective]
        if not math.isfinite(value):
            raise TrainingError("nan", f"{self._objective} is not a number with these parameters.")
        std = statistics.pstdev(v[self._objective] for v in each) if len(each) > 1 else None
        return Score(value, std, means)


def _check_rows(resource: ResourceSpec, rows: int) -> None:
    """Raise DataError where the best trials would be run again with all rows, which they have had; `rows` are all."""
    before = math.ceil(resource.max / resource.factor)
    if before < rows:
        return
    has = f"Trials learn from at most {rows} rows of the train part"
    if resource.min >= rows:
        raise DataError(
            "tuning.resource.min",
            f"{has}, so with {resource.min} at first each would have them all. Begin with {max(1, rows // resource.factor)} "
            f"or fewer, and end with {rows}.",
        )
    raise DataError(
        "tuning.resource.max",
        f"{has}, so those that had {before} would learn nothing new from {resource.max}. Use at most {rows}.",
    )


def _unheard(type: str, /, **fields: Any) -> None:
    """Steps that nobody is shown."""


def _sampled(prepared: Prepared, count: int, seed: int, task: Known) -> Prepared:
    """The same, with about `count` rows to learn from: the first of a fixed order, so that more contain the fewer.

    They begin with one row of each class; fewer than two of each, or than twenty for numbers, would teach nothing.
    """
    part = prepared.learn
    count = max(count, 20 if task == "regression" else 2 * len(np.unique(part.truth)))
    if count >= len(part.truth):
        return prepared
    rows = np.sort(nested(part.truth, seed, task != "regression")[:count])
    return replace(prepared, learn=Part(part.X[rows], part.truth[rows], part.rows[rows]))
