"""The events of a run, one JSON object a line, as the panels, the REST API and the recorder read them.

The supervisor gives each event its `seq` (from 1, no gaps) and its `time`; what a run says is the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from kflab.ml.spec import Strict
from kflab.ml.tuning import Value
from kflab.runs.log import MAX_TEXT

__all__ = [
    "ENDS",
    "MAX_ROWS",
    "MAX_TEXT",
    "ArtifactEvent",
    "Best",
    "CancelledEvent",
    "Cause",
    "Confusion",
    "DoneEvent",
    "EpochEvent",
    "Event",
    "FailedEvent",
    "Histogram",
    "InterruptedEvent",
    "LogEvent",
    "MetricEvent",
    "Number",
    "PredictionEvent",
    "PredictionRow",
    "Residuals",
    "ResumedEvent",
    "SpecialFloat",
    "StageEvent",
    "Trained",
    "TrialCause",
    "TrialEvent",
    "WarningEvent",
    "problem",
]

MAX_ROWS = 200
ENDS = frozenset({"done", "failed", "cancelled", "interrupted"})

Cause = Literal["error", "signal", "oom", "nan", "disk", "lost"]
TrialCause = Literal["error", "signal", "oom", "nan", "timeout"]
Name = Annotated[str, Field(min_length=1, max_length=300)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]


class SpecialFloat(Strict):
    """A float that JSON has no word for."""

    value: Literal["NaN", "Infinity", "-Infinity"] = Field(alias="$float")


Number = int | float | SpecialFloat
Label = bool | int | float | Annotated[str, Field(max_length=1000)] | SpecialFloat | None


class _Event(Strict):
    v: Literal[1] = 1
    seq: Annotated[int, Field(ge=1)]
    time: str = Field(description="RFC 3339, ms, UTC")


class _OfTrial(_Event):
    """`trial` is the number of the trial that it is about, in a run that tunes."""

    trial: Annotated[int, Field(ge=0)] | None = None


class StageEvent(_OfTrial):
    """A part of the work begins or ends."""

    type: Literal["stage"]
    name: Literal["split", "load", "preprocess", "fit", "score", "save"]
    state: Literal["begin", "end"]


class LogEvent(_OfTrial):
    """What the run printed. The texts of one stream, joined, are the stream."""

    type: Literal["log"]
    stream: Literal["stdout", "stderr"]
    text: Text


class EpochEvent(_OfTrial):
    """One step of training with its measures; `seconds` is what the step took."""

    type: Literal["epoch"]
    step: Annotated[int, Field(ge=0)]
    of: Annotated[int, Field(ge=0)] | None = None
    unit: Literal["epoch", "iteration", "trees", "samples"]
    train: dict[str, Number] = {}
    validation: dict[str, Number] = {}
    seconds: Number


class PredictionRow(Strict):
    """One row of the validation part: its number in the source, the truth and what the model says."""

    row: int
    truth: Label
    pred: Label
    proba: dict[str, Number] | list[Number] | Number | None = None


class Confusion(Strict):
    """Counts, true class by predicted class."""

    labels: list[Label]
    matrix: list[list[int]]


class Histogram(Strict):
    """Counts between edges: one edge more than counts."""

    counts: list[int]
    edges: list[Number]


class Residuals(Strict):
    """Truth minus prediction, over all rows."""

    mean: Number
    std: Number
    max_abs: Number
    histogram: Histogram


class PredictionEvent(_Event):
    """The truth beside the predictions at one step: a sample of rows, and a summary of all `n`."""

    type: Literal["prediction"]
    step: Annotated[int, Field(ge=0)]
    part: Literal["validation", "test"] = "validation"
    n: Annotated[int, Field(ge=0)]
    rows: Annotated[list[PredictionRow], Field(max_length=MAX_ROWS)]
    confusion: Confusion | None = None
    residuals: Residuals | None = None


class MetricEvent(_OfTrial):
    type: Literal["metric"]
    name: Name
    value: Number
    part: Literal["train", "validation", "test"]
    std: Number | None = None


class ArtifactEvent(_Event):
    """A file that the run made."""

    type: Literal["artifact"]
    artifact_type: Name | None = None
    uri: Annotated[str, Field(min_length=1, max_length=4096)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    id: int | None = None


class WarningEvent(_OfTrial):
    """Something the user should know; the run goes on."""

    type: Literal["warning"]
    code: Name
    text: Text
    hint: Text = ""


class TrialEvent(_Event):
    """A trial begins or ends. Trial 0 is the baseline; of a trial that came twice the last event counts.

    `value` is the objective on validation rows, `std` its spread over the folds, `metrics` are all that were measured,
    `resource` is what a method that begins small gave it. Of one that failed, `cause` and `text` say why.
    """

    type: Literal["trial"]
    trial: Annotated[int, Field(ge=0)]
    state: Literal["running", "done", "pruned", "failed"]
    params: dict[str, Value]
    baseline: bool = False
    value: Number | None = None
    std: Number | None = None
    metrics: dict[str, Number] = {}
    resource: Annotated[int, Field(ge=1)] | None = None
    seconds: Number | None = None
    cause: TrialCause | None = None
    text: Text | None = None
    traceback: Annotated[str, Field(max_length=2 * MAX_TEXT)] | None = None


class Best(Strict):
    """The best value, and in a run that tunes the trial that has it; trial 0 is the baseline."""

    metric: Name
    value: Number
    trial: Annotated[int, Field(ge=0)] | None = None


class Trained(Strict):
    """What a model was made with; `hyperparameters` are all that were in force."""

    framework: dict[str, str]
    hyperparameters: dict[str, Any]


class _End(_Event):
    """`peak_memory` in bytes, of the largest process of the run."""

    peak_memory: Annotated[int, Field(ge=0)] | None = None


class DoneEvent(_End):
    type: Literal["done"]
    best: Best | None = None
    model: Trained | None = None


class FailedEvent(_End):
    """`field` names the field of the RunSpec at fault, where there is one."""

    type: Literal["failed"]
    cause: Cause
    text: Text
    field: Name | None = None
    traceback: Annotated[str, Field(max_length=2 * MAX_TEXT)] | None = None
    exit_code: int | None = None
    signal: str | None = None


class CancelledEvent(_End):
    type: Literal["cancelled"]
    by: str


class InterruptedEvent(_End):
    type: Literal["interrupted"]
    by: str


class ResumedEvent(_Event):
    """A run that had ended goes on; what it had finished stays."""

    type: Literal["resumed"]
    by: str


Event = Annotated[
    StageEvent
    | LogEvent
    | EpochEvent
    | PredictionEvent
    | MetricEvent
    | TrialEvent
    | ArtifactEvent
    | WarningEvent
    | DoneEvent
    | FailedEvent
    | CancelledEvent
    | InterruptedEvent
    | ResumedEvent,
    Field(discriminator="type"),
]

_EVENT: TypeAdapter[Any] = TypeAdapter(Event)
_GIVEN = {"v": 1, "seq": 1, "time": ""}


def problem(fields: Mapping[str, object]) -> str | None:
    """What is wrong with an event that a run sent, without seq and time; None if nothing is."""
    if own := sorted(_GIVEN.keys() & fields.keys()):
        return f"{own[0]}: is given by the supervisor, not by the run."
    try:
        _EVENT.validate_python({**_GIVEN, **fields}, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'event'}: {first['msg']}"
    return None
