"""What is wrong with a search before it begins: a space that the model or the method cannot have."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from kflab.ml import metrics, models
from kflab.ml.errors import DataError
from kflab.ml.families import FAMILIES, Family
from kflab.ml.search import methods
from kflab.ml.spec import Known, ModelSpec, Task
from kflab.ml.tuning import Parameter, TuningSpec, Value

__all__ = ["check", "contains", "inside", "member", "objective", "space_of"]

_SPACE = "tuning.space"


def space_of(tuning: TuningSpec, model: ModelSpec) -> list[Parameter]:
    """The space to search, the suggested one where none is given. Raises DataError where there is none to suggest."""
    if tuning.space is not None:
        return tuning.space
    known = FAMILIES.get(model.family)
    if known is None or not known.space:
        raise DataError(_SPACE, f"There is no suggested space for {model.family}; name what to search.")
    return list(known.space)


def objective(tuning: TuningSpec, names: Sequence[str], task: Known) -> tuple[str, Literal["max", "min"]]:
    """(metric, goal) that decide. Raises DataError for a metric that does not fit the task."""
    asked = tuning.objective
    name = asked.metric if asked else (list(names) or list(metrics.DEFAULTS[task]))[0]
    _metric(name, task)
    return name, (asked.goal if asked and asked.goal else _goal(name))


def _goal(name: str) -> Literal["max", "min"]:
    return "max" if metrics.METRICS[name][1] else "min"


def _metric(name: str, task: Task) -> None:
    field = "tuning.objective.metric"
    if name not in metrics.METRICS:
        near = difflib.get_close_matches(name, metrics.METRICS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise DataError(field, f"There is no metric {name!r}.{hint} There are {', '.join(metrics.METRICS)}.")
    if task != "auto" and task not in metrics.METRICS[name][0]:
        raise DataError(field, f"{name} does not fit a {task} task; use {', '.join(metrics.DEFAULTS[task])}.")


def check(tuning: TuningSpec, model: ModelSpec, task: Task, root: Path) -> None:
    """Raise DataError, naming the field, for what can be known to be wrong before any work is done."""
    models.check(model, root)
    if lacking := methods.missing(tuning.method):
        raise DataError("tuning.method", f"{lacking} Choose another method.")
    if tuning.objective is not None:
        asked = tuning.objective
        _metric(asked.metric, task)
        if asked.goal and asked.goal != _goal(asked.metric):
            better = "more" if _goal(asked.metric) == "max" else "less"
            raise DataError(
                "tuning.objective.goal",
                f"Of {asked.metric} {better} is better: use {_goal(asked.metric)}, or leave it out.",
            )
    space = space_of(tuning, model)
    _names(space)
    known = FAMILIES.get(model.family)
    if known is not None:
        for position, parameter in enumerate(space):
            _against_model(parameter, known, f"{_SPACE}.{position}")
        if tuning.baseline is not None:
            models.check_params(tuning.baseline, known, "tuning.baseline")
    _against_method(tuning, space, known)


def _names(space: Sequence[Parameter]) -> None:
    seen: dict[str, Parameter] = {}
    for position, parameter in enumerate(space):
        at = f"{_SPACE}.{position}"
        if parameter.name in seen:
            raise DataError(f"{at}.name", f"{parameter.name!r} stands in the space twice; keep one.")
        for name, values in parameter.when.items():
            if name not in seen:
                raise DataError(
                    f"{at}.when",
                    f"{parameter.name!r} depends on {name!r}, which must stand before it in the space.",
                )
            options = seen[name].options()
            if options is None:
                raise DataError(
                    f"{at}.when", f"{parameter.name!r} can depend on a choice or a bool; {name!r} is a range."
                )
            wrong = [value for value in values if not member(value, options)]
            if wrong:
                raise DataError(
                    f"{at}.when", f"{name!r} is never {wrong[0]!r}; it is one of {_some(options)}."
                )
        seen[parameter.name] = parameter


def _against_model(parameter: Parameter, known: Family, at: str) -> None:
    if parameter.name not in known.params:
        near = difflib.get_close_matches(parameter.name, known.params, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise DataError(
            f"{at}.name",
            f"{known.title} has no parameter {parameter.name!r}{hint} It has {', '.join(known.params)}.",
        )
    schema = known.params[parameter.name]
    options = parameter.options()
    if options is not None:
        for value in options:
            _fits({parameter.name: value}, known, f"{at}.{'type' if parameter.type == 'bool' else 'choices'}")
        return
    if schema["type"] not in ("integer", "number"):
        raise DataError(
            f"{at}.type",
            f"{parameter.name!r} is one of {_some(schema.get('enum', []))}: use the type choice.",
        )
    if schema["type"] == "integer" and parameter.type == "float":
        raise DataError(f"{at}.type", f"{parameter.name!r} takes whole numbers: use the type int.")
    for end in ("low", "high"):
        _fits({parameter.name: getattr(parameter, end)}, known, f"{at}.{end}")


def _fits(value: dict[str, Any], known: Family, at: str) -> None:
    try:
        models.check_params(value, known)
    except DataError as error:
        raise DataError(at, error.message) from None


def _against_method(tuning: TuningSpec, space: Sequence[Parameter], known: Family | None) -> None:
    if tuning.method == "grid":
        for position, parameter in enumerate(space):
            if parameter.type == "float" and parameter.step is None:
                raise DataError(
                    f"{_SPACE}.{position}.step",
                    f"Grid search goes in steps; give {parameter.name!r} one, or choose another method.",
                )
            if parameter.type == "int" and parameter.step is None and parameter.scale == "log":
                raise DataError(
                    f"{_SPACE}.{position}.scale",
                    f"Grid search goes in even steps; give {parameter.name!r} a linear scale, or make it a choice.",
                )
    if tuning.resource is None:
        return
    name, at = tuning.resource.name, "tuning.resource.name"
    if name == "epochs" and (known is None or known.kind != "network"):
        raise DataError(at, "Only networks learn in epochs; use samples for this model.")
    if name == "trees":
        if known is None or known.size is None:
            raise DataError(at, "This model is not made of trees that are added one by one; use samples.")
        for position, parameter in enumerate(space):
            if parameter.name == known.size:
                raise DataError(
                    f"{_SPACE}.{position}.name",
                    f"{known.size!r} is what hyperband gives more and more of; take it out of the space.",
                )


def inside(space: Sequence[Parameter], params: dict[str, Value]) -> dict[str, Value] | None:
    """The part of `params` that the space asks for, or None if one of them is missing or lies outside of it."""
    found: dict[str, Value] = {}
    for parameter in space:
        if any(not member(found.get(name), values) for name, values in parameter.when.items()):
            continue
        if parameter.name not in params or not contains(parameter, params[parameter.name]):
            return None
        found[parameter.name] = params[parameter.name]
    return found


def contains(parameter: Parameter, value: object) -> bool:
    """Whether the value is one of the parameter's, but for an error of rounding in ranges with steps."""
    options = parameter.options()
    if options is not None:
        return member(value, options)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if parameter.low is None or parameter.high is None or not parameter.low <= value <= parameter.high:
        return False
    if parameter.type == "int" and value != int(value):
        return False
    if parameter.step is None:
        return True
    low, step = Fraction(repr(parameter.low)), Fraction(repr(parameter.step))
    off = abs((Fraction(repr(value)) - low) / step % 1 * step)
    return min(off, step - off) <= max(
        step / 10**9, Fraction(4 * math.ulp(max(abs(value), abs(parameter.low))))
    )


def member(value: Any, options: Sequence[Any]) -> bool:
    """Whether it is one of them and of the same kind: true is not 1."""
    return any(value == option and isinstance(value, bool) == isinstance(option, bool) for option in options)


def _some(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values[:12])) + (", …" if len(values) > 12 else "")
