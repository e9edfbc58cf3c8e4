"""From the spec of a tuning run to what its chief and its workers need. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kflab.ml.families import FAMILIES
from kflab.ml.search import checks
from kflab.ml.search.searcher import Params, Searcher
from kflab.ml.spec import Known, ModelSpec
from kflab.ml.tuning import BudgetSpec, Parameter, TuningSpec
from kflab.runs.folder import RunFolder
from kflab.runs.spec import RunSpec

__all__ = ["Plan", "job", "plan", "searcher"]


@dataclass(frozen=True)
class Plan:
    """What is searched for and with how much. `baseline` are all parameters of trial 0, the model's own."""

    metric: str
    goal: Literal["max", "min"]
    space: tuple[Parameter, ...]
    baseline: Params
    budget: BudgetSpec


def plan(spec: RunSpec, task: Known, root: Path) -> Plan:
    """Raises DataError, naming the field, for a space, objective or method that does not serve."""
    tuning, model = _parts(spec)
    checks.check(tuning, model, task, root)
    metric, goal = checks.objective(tuning, spec.metrics, task)
    known = FAMILIES.get(model.family)
    given = {**(known.defaults() if known else {}), **model.params}
    # Lists and the like of own models are in force as well, and nothing that a trial could differ in.
    plain = {
        name: v for name, v in given.items() if isinstance(v, (bool, int, float, str)) and len(str(v)) <= 200
    }
    baseline = {**plain, **(tuning.baseline or {})}
    return Plan(metric, goal, tuple(checks.space_of(tuning, model)), baseline, tuning.budget)


def job(
    spec: RunSpec, split: Mapping[str, Any], folder: RunFolder, root: Path, search: Plan
) -> dict[str, Any]:
    """What a worker may see: two of the parts, and no way to the third."""
    tuning, model = _parts(spec)
    validation = folder.data / "validation.parquet"
    return {
        "task": split["task"],
        "target": split["target"],
        "train": str(folder.data / "train.parquet"),
        "validation": str(validation) if validation.exists() else None,
        "root": str(root),
        "metrics": spec.metrics,
        "preprocess": spec.preprocess.model_dump(mode="json"),
        "split": spec.split.model_dump(mode="json"),
        "model": model.model_dump(mode="json"),
        "training": spec.training.model_dump(mode="json"),
        "threads": spec.engine.threads,
        "objective": search.metric,
        "resource": tuning.resource.model_dump(mode="json") if tuning.resource else None,
    }


def searcher(spec: RunSpec, search: Plan) -> Searcher:
    """The method of the spec over the space; its libraries are loaded here."""
    from kflab.ml.search.making import make

    tuning, _ = _parts(spec)
    return make(tuning.method, search.space, goal=search.goal, seed=spec.split.seed, resource=tuning.resource)


def _parts(spec: RunSpec) -> tuple[TuningSpec, ModelSpec]:
    if spec.tuning is None or spec.model is None:
        raise ValueError("a spec of kind tune has a model and what to tune")
    return spec.tuning, spec.model
