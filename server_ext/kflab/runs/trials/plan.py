"""From the spec of a tuning run to what its chief and its workers need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from kflab.ml.errors import DataError
from kflab.ml.families import FAMILIES
from kflab.ml.job import TrainJob
from kflab.ml.search import checks
from kflab.ml.search.searcher import Params, Searcher
from kflab.ml.spec import Known
from kflab.ml.tuning import BudgetSpec, Method, Parameter, ResourceSpec
from kflab.runs.spec import RunSpec

__all__ = ["Plan", "brief", "plan", "searcher"]


@dataclass(frozen=True)
class Plan:
    """What is searched for and with how much. `baseline` are all parameters of trial 0, the model's own."""

    metric: str
    goal: Literal["max", "min"]
    space: tuple[Parameter, ...]
    method: Method
    resource: ResourceSpec | None
    seed: int
    baseline: Params
    budget: BudgetSpec


def plan(spec: RunSpec, task: Known, root: Path) -> Plan:
    """Raises DataError, naming the field, for a space, objective or method that does not serve."""
    if spec.tuning is None or spec.model is None:
        raise DataError("tuning", "A run of kind tune needs a model and what to tune.")
    tuning, model = spec.tuning, spec.model
    checks.check(tuning, model, task, root)
    metric, goal = checks.objective(tuning, spec.metrics, task)
    known = FAMILIES.get(model.family)
    given = {**(known.defaults() if known else {}), **model.params}
    # Lists and the like of own models are in force as well, and nothing that a trial could differ in.
    plain = {
        name: v for name, v in given.items() if isinstance(v, (bool, int, float, str)) and len(str(v)) <= 200
    }
    return Plan(
        metric=metric,
        goal=goal,
        space=tuple(checks.space_of(tuning, model)),
        method=tuning.method,
        resource=tuning.resource,
        seed=spec.split.seed,
        baseline={**plain, **(tuning.baseline or {})},
        budget=tuning.budget,
    )


def brief(job: TrainJob, search: Plan) -> dict[str, Any]:
    """What a worker is told before its first trial: two of the parts, and no way to the third."""
    resource = search.resource.model_dump(mode="json") if search.resource else None
    plain = TypeAdapter(TrainJob).dump_python(job, mode="json")
    return {"job": plain, "objective": search.metric, "resource": resource}


def searcher(search: Plan) -> Searcher:
    """The method over the space; its libraries are loaded here."""
    from kflab.ml.search.making import make

    return make(search.method, search.space, goal=search.goal, seed=search.seed, resource=search.resource)
