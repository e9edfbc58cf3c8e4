"""What a tuning run is asked to do: the space, the objective, the method and the budget."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal, get_args

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from kflab.ml.spec import Strict

__all__ = [
    "METHODS",
    "BudgetSpec",
    "Method",
    "ObjectiveSpec",
    "Parameter",
    "ResourceSpec",
    "TuningSpec",
    "Value",
]

Method = Literal["random", "grid", "hyperband", "bayesian", "tpe"]
METHODS: tuple[Method, ...] = get_args(Method)
Value = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, Field(max_length=200)]
"""A value of a parameter, of the type that was given: 1, 1.0 and true are three values."""
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Parameter(Strict):
    """One dimension of the space: a range of numbers, a list of choices, or yes and no.

    `when` makes it conditional: it takes part only where each parameter named there, which stands before it, has
    one of the values listed.
    """

    name: Name
    type: Literal["float", "int", "choice", "bool"]
    low: int | float | None = None
    high: int | float | None = None
    step: Annotated[int | float, Field(gt=0)] | None = None
    scale: Literal["linear", "log"] = "linear"
    choices: Annotated[list[Value], Field(min_length=1, max_length=200)] | None = None
    when: dict[str, Annotated[list[Value], Field(min_length=1)]] = {}

    @model_validator(mode="after")
    def _whole(self) -> Parameter:
        if self.type in ("float", "int"):
            self._check_range()
        else:
            self._check_choices()
        return self

    def _check_range(self) -> None:
        if self.choices is not None:
            raise ValueError(
                f"choices are for the type choice; a range of type {self.type} has low and high."
            )
        if self.low is None or self.high is None:
            missing = "low" if self.low is None else "high"
            raise ValueError(f"A range needs '{missing}': give both of its ends, such as 1 and 32.")
        most, shown = (2**53, "2^53") if self.type == "int" else (1e300, "1e300")
        for end in ("low", "high", "step"):
            if not -most <= (getattr(self, end) or 0) <= most:
                raise ValueError(f"{end} is too large to compute with; stay between -{shown} and {shown}.")
        if self.type == "int":
            for end in ("low", "high", "step"):
                value = getattr(self, end)
                if isinstance(value, float) and not value.is_integer():
                    raise ValueError(f"{end} must be a whole number for the type int; {value:g} is none.")
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g}, above high, {self.high:g}. Swap the two.")
        if self.low == self.high:
            raise ValueError(
                f"high must be above low; from {self.low:g} to {self.high:g} there is nothing to search."
            )
        if self.scale == "log" and self.low <= 0:
            raise ValueError(
                f"low must be above 0 on a log scale; {self.low:g} has no logarithm. Use for example 0.001."
            )
        if self.step is None:
            return
        if self.scale == "log":
            raise ValueError("step does not go with a log scale. Leave it out, or use a linear scale.")
        # As they were written: from -1 to -0.9 there is one step of 0.1, which is not so for floats.
        steps = (Fraction(repr(self.high)) - Fraction(repr(self.low))) / Fraction(repr(self.step))
        if steps < 1:
            raise ValueError(
                f"step is {self.step:g}, longer than the range from {self.low:g} to {self.high:g}."
            )
        if steps > 10**9:
            raise ValueError(
                f"step is {self.step:g}, so small that the range has over a billion of them. Leave it out."
            )

    def _check_choices(self) -> None:
        for end in ("low", "high", "step"):
            if getattr(self, end) is not None:
                raise ValueError(
                    f"{end} is for ranges of the type int or float; the type {self.type} has none."
                )
        if self.scale != "linear":
            raise ValueError(f"scale is for ranges of the type int or float; the type {self.type} has none.")
        if self.type == "bool" and self.choices is not None:
            raise ValueError("choices are for the type choice; a bool is true or false.")
        if self.type != "choice":
            return
        if self.choices is None:
            raise ValueError('The type choice needs \'choices\': a list such as ["sqrt", "log2"].')
        marked = [(type(value), value) for value in self.choices]
        if len(set(marked)) < len(marked):
            raise ValueError("choices must differ; one of them stands there twice.")

    def options(self) -> list[Value] | None:
        """The values of a choice or a bool, in order; None for a range."""
        return [False, True] if self.type == "bool" else self.choices


class ObjectiveSpec(Strict):
    """The metric that decides. Without `goal` it is the metric's own: more accuracy, less loss."""

    metric: Name
    goal: Literal["max", "min"] | None = None


class ResourceSpec(Strict):
    """What hyperband gives little of to many trials, and `factor` times as much to the best of them."""

    name: Literal["epochs", "trees", "samples"] = "epochs"
    min: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    max: Annotated[int, Field(ge=2, le=10_000_000)]
    factor: Annotated[int, Field(ge=2, le=10)] = 3

    @model_validator(mode="after")
    def _ordered(self) -> ResourceSpec:
        if self.min >= self.max:
            raise ValueError(f"min is {self.min}, not below max, {self.max}.")
        if self.min * self.factor > self.max:
            raise ValueError(
                f"factor is {self.factor}, so that trials with {self.min} would go on with more than {self.max}, the max. "
                f"Use at most {self.max // self.min}, or a smaller min."
                if self.max >= 2 * self.min
                else f"min must be at most half of max, {self.max}, so that the best trials can be given more."
            )
        return self


class BudgetSpec(Strict):
    """How much may be tried. The baseline does not count as a trial.

    `seconds` ends the search, `trial_seconds` one trial; without it a trial may take ten times as long as the
    longest before it, ten minutes at least, and the first of all an hour.
    """

    trials: Annotated[int, Field(ge=1, le=10_000)] = 30
    parallel: Annotated[int, Field(ge=1, le=64)] = 1
    seconds: Annotated[float, Field(gt=0, le=31_536_000)] | None = None
    trial_seconds: Annotated[float, Field(gt=0, le=31_536_000)] | None = None


class BudgetChange(Strict):
    """What a search that goes on may have instead; null leaves it as it was. `trials` counts those that it has had."""

    trials: Annotated[int, Field(ge=1, le=10_000)] | None = None
    parallel: Annotated[int, Field(ge=1, le=64)] | None = None
    seconds: Annotated[float, Field(gt=0, le=31_536_000)] | None = None
    trial_seconds: Annotated[float, Field(gt=0, le=31_536_000)] | None = None

    def apply(self, budget: BudgetSpec) -> BudgetSpec:
        return budget.model_copy(update=self.model_dump(exclude_none=True))


class TuningSpec(Strict):
    """`space` null is the one suggested for the model; `baseline` null are the model's own parameters."""

    space: Annotated[list[Parameter], Field(min_length=1, max_length=100)] | None = None
    objective: ObjectiveSpec | None = Field(
        default=None, description="null: the first metric of the run, or of the task."
    )
    method: Method = "tpe"
    resource: ResourceSpec | None = None
    baseline: dict[str, Value] | None = None
    budget: BudgetSpec = BudgetSpec()

    @model_validator(mode="after")
    def _consistent(self) -> TuningSpec:
        if self.method == "hyperband" and self.resource is None:
            raise ValueError(
                "method hyperband needs 'resource': what its trials get more and more of, such as "
                '{"name": "epochs", "max": 27}.'
            )
        if self.method != "hyperband" and self.resource is not None:
            raise ValueError(f"resource is for the method hyperband; leave it out for {self.method}.")
        return self
