"""RunSpec version 1: one JSON document that says everything a run does."""

from __future__ import annotations

import secrets
import time
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kflab.ml.spec import DatasetSpec, ModelSpec, PreprocessSpec, SplitSpec, Strict, Task, TrainingSpec
from kflab.ml.tuning import BudgetSpec, TuningSpec
from kflab.runs.events import Best, Cause
from kflab.runs.folder import RunFolder

__all__ = [
    "EngineSpec",
    "From",
    "Reached",
    "Run",
    "RunKind",
    "RunSpec",
    "RunState",
    "Ulid",
    "new_ulid",
    "read_spec",
]

RunKind = Literal["train", "tune", "evaluate"]
RunState = Literal["queued", "running", "paused", "interrupted", "done", "failed", "cancelled"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
Ulid = Annotated[str, Field(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]


def new_ulid() -> str:
    """A ULID: 48 bits of Unix time in ms, 80 random bits, Crockford base 32 (https://github.com/ulid/spec)."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


class From(Strict):
    """The run that this one evaluates, trains the best of, or tunes the model of."""

    run: Ulid
    checkpoint: Literal["best", "last"] = "best"


class EngineSpec(Strict):
    where: Literal["local"] = "local"
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    seconds: Annotated[float, Field(gt=0)] | None = None


class RunSpec(Strict):
    """A request to train, to tune or to evaluate. `key` makes a repeated POST one run."""

    version: Literal[1] = 1
    kind: RunKind = "train"
    key: Ulid | None = None
    name: Annotated[str, Field(max_length=200)] = ""
    workspace: Annotated[str, Field(min_length=1, max_length=200)] = "default"
    from_: From | None = Field(default=None, alias="from")
    task: Task = "auto"
    metrics: list[str] = []
    dataset: DatasetSpec | None = None
    preprocess: PreprocessSpec = PreprocessSpec()
    split: SplitSpec = SplitSpec()
    model: ModelSpec | None = None
    training: TrainingSpec = TrainingSpec()
    tuning: TuningSpec | None = None
    engine: EngineSpec = EngineSpec()

    @model_validator(mode="after")
    def _complete(self) -> RunSpec:
        needed = {"train": ("dataset", "model"), "tune": ("dataset", "model", "tuning"), "evaluate": ()}
        for name in needed[self.kind]:
            if getattr(self, name) is None:
                raise ValueError(f"a run of kind {self.kind} needs '{name}'.")
        if self.kind == "evaluate" and self.from_ is None:
            raise ValueError("a run of kind evaluate needs 'from': the run whose model is evaluated.")
        if self.kind != "tune" and self.tuning is not None:
            raise ValueError("'tuning' is for runs of kind tune; leave it out.")
        return self


class Reached(Strict):
    """How far a run has come: trials that ended, the baseline not counted, or the last step of a training.

    `of` is how many there are to be, at most: a space may hold fewer trials, and patience may stop a training.
    """

    done: Annotated[int, Field(ge=0)]
    of: Annotated[int, Field(ge=0)] | None = None
    unit: Literal["trial", "epoch", "iteration", "trees", "samples"]


class Run(Strict):
    """What is known of a run. Times are RFC 3339, ms, UTC."""

    id: Ulid
    kind: RunKind
    name: str
    state: RunState
    cause: Cause | None = None
    text: str | None = None
    created: str
    started: str | None = None
    ended: str | None = None
    spec: RunSpec
    reached: Reached | None = Field(None, description="Of a run that is not done, once it has begun.")
    best: Best | None = Field(None, description="Of a search that is not done the best so far.")


def read_spec(folder: RunFolder) -> RunSpec:
    """What the run in a folder does, with the budget that it has by now.

    Raises OSError, and ValidationError for one of another version.
    """
    spec = RunSpec.model_validate_json(folder.spec.read_bytes())
    if spec.tuning is None or not folder.budget.exists():
        return spec
    budget = BudgetSpec.model_validate_json(folder.budget.read_bytes())
    return spec.model_copy(update={"tuning": spec.tuning.model_copy(update={"budget": budget})})
