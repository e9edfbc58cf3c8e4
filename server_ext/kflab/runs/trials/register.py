"""From a tuning run to the run that trains its best trial on all rows but the test part. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kflab.ml import metrics
from kflab.ml.families import FAMILIES
from kflab.ml.search import checks
from kflab.runs.spec import Run, RunSpec
from kflab.runs.trials.history import best

__all__ = ["best_of"]


def best_of(run: Run, trials: Iterable[Mapping[str, Any]], split: Mapping[str, Any]) -> RunSpec | None:
    """The spec that trains the best of `trials`, events of a tuning run; None if none of them is done.

    `split` is its split.json: the data must still be what it was.
    """
    spec = run.spec
    if spec.tuning is None or spec.model is None or spec.dataset is None or not split:
        return None
    metric, goal = checks.objective(spec.tuning, spec.metrics, split["task"])
    found = best(trials, goal)
    if found is None:
        return None
    known = FAMILIES.get(spec.model.family)
    params = {**spec.model.params, **found["params"]}
    training = spec.training.model_copy(update={"refit": "train+validation"})
    given = spec.tuning.resource
    if given is not None and found.get("resource") is not None:
        if given.name == "epochs":
            training = training.model_copy(update={"epochs": found["resource"]})
        elif given.name == "trees" and known is not None and known.size:
            params[known.size] = found["resource"]
    return RunSpec.model_validate(
        {
            "kind": "train",
            "name": f"{run.name}, best"[:200],
            "workspace": spec.workspace,
            "from": {"run": run.id},
            "task": spec.task,
            # The objective first, as a run's key metric is its first one.
            "metrics": list(dict.fromkeys([metric, *metrics.check(spec.metrics, split["task"])])),
            "dataset": spec.dataset.model_copy(update={"sha256": split["dataset"]["sha256"]}),
            "preprocess": spec.preprocess,
            "split": spec.split,
            "model": spec.model.model_copy(update={"params": params}),
            "training": training,
            "engine": spec.engine,
        }
    )
