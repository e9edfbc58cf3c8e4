"""A search space of keras-tuner as one of ours, and values and back. What it is made of may be any of its kinds.

Parameters are named by their place, `p0`, `p1`, as two of keras-tuner's may have the same name under different conditions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_tuner.engine.hyperparameters import Boolean, Choice, Fixed, Int
from pydantic import ValidationError

from kflab.ml.search.checks import contains
from kflab.ml.search.searcher import Params
from kflab.ml.tuning import Parameter, Value

__all__ = ["Adopted"]

_JUST_BELOW_ONE = math.nextafter(1.0, 0.0)


@dataclass(frozen=True)
class _Known:
    """One hyperparameter of keras-tuner. Without `parts` it has one value only, or its conditions are never met."""

    theirs: Any
    parts: dict[str, Any] | None
    to_theirs: Callable[[Any], Any]
    to_ours: Callable[[Any], Value]


class Adopted:
    """`parameters` are what there is to search in the space of a `keras_tuner.HyperParameters`.

    For a `grid` they all have steps. Raises ValueError for a hyperparameter that has too many of them.
    """

    def __init__(self, hyperparameters: Any, *, grid: bool = False) -> None:
        self._known = [_know(theirs, grid) for theirs in hyperparameters.space]
        found: dict[str, Parameter] = {}
        for place, known in enumerate(self._known):
            when = self._when(known.theirs.conditions, found)
            if known.parts is not None and when is not None:
                found[_name(place)] = Parameter(name=_name(place), when=when, **known.parts)
        self.parameters = list(found.values())

    def values(self, params: Mapping[str, Value]) -> dict[str, Any]:
        """What `build(hp)` is given: by keras-tuner's names, and only what takes part."""
        values: dict[str, Any] = {}
        for place, known in enumerate(self._known):
            if _active(known.theirs, values):
                ours = params.get(_name(place))
                values[known.theirs.name] = known.theirs.default if ours is None else known.to_theirs(ours)
        return values

    def params(self, values: Mapping[str, Any]) -> Params:
        """The reverse; a hyperparameter that was found later has its default."""
        params: Params = {}
        for place, known in enumerate(self._known):
            if known.parts is not None and _active(known.theirs, values):
                params[_name(place)] = known.to_ours(values.get(known.theirs.name, known.theirs.default))
        return params

    def _when(
        self, conditions: Sequence[Any], before: Mapping[str, Parameter]
    ) -> dict[str, list[Value]] | None:
        """What a parameter depends on, in our terms; None if it can never take part.

        What cannot be said in our terms is left out: then more is searched than matters, but `values` knows.
        """
        when: dict[str, list[Value]] = {}
        for condition in conditions:
            named = [p for p, known in enumerate(self._known) if known.theirs.name == condition.name]
            if len(named) != 1:
                continue
            name, parent = _name(named[0]), self._known[named[0]]
            if parent.parts is None:
                if parent.theirs.default not in condition.values:
                    return None
            elif name not in before:
                return None
            elif before[name].type != "float":
                allowed = [v for v in map(parent.to_ours, condition.values) if contains(before[name], v)]
                when[name] = [v for v in allowed if name not in when or v in when[name]]
                if not when[name]:
                    return None
        return when


def _know(theirs: Any, grid: bool) -> _Known:
    if isinstance(theirs, Boolean):
        return _Known(theirs, {"type": "bool"}, bool, bool)
    if isinstance(theirs, Fixed):
        return _one(theirs)
    if isinstance(theirs, Choice):
        # Choices have no order for keras-tuner either, unless it guesses one from their type.
        return _listed(theirs, list(theirs.values))
    whole = isinstance(theirs, Int)
    if theirs.step is not None and theirs.sampling != "linear":
        return _listed(theirs, [int(v) if whole else v for v in theirs.values], ordered=True)
    if theirs.min_value == theirs.max_value or (
        theirs.step is not None and theirs.min_value + theirs.step > theirs.max_value
    ):
        return _one(theirs)
    if grid and theirs.step is None:
        # What keras-tuner's own grid goes through: ten values evenly on the scale, and the default.
        return _listed(theirs, sorted({*theirs.values, theirs.default}), ordered=True)
    if theirs.sampling != "reverse_log":
        parts = {
            "type": "int" if whole else "float",
            "low": theirs.min_value,
            "high": theirs.max_value,
            "step": None if whole and theirs.step == 1 else theirs.step,
            "scale": theirs.sampling,
        }
        try:
            Parameter(name="p", **parts)
        except ValidationError:  # numbers too large, or steps too many: keras-tuner's own scale will do
            pass
        else:
            return _Known(theirs, parts, int if whole else float, int if whole else float)
    if grid:
        raise ValueError(
            f"{theirs.name!r} has more steps than a grid search can go through. "
            "Give it a longer step or a shorter range, or choose another method."
        )
    return _Known(
        theirs,
        {"type": "float", "low": 0.0, "high": 1.0},
        lambda share: _inside(theirs, theirs.prob_to_value(min(share, _JUST_BELOW_ONE))),
        lambda value: min(max(float(theirs.value_to_prob(value)), 0.0), 1.0),
    )


def _one(theirs: Any) -> _Known:
    return _Known(theirs, None, lambda _: theirs.default, lambda _: 0)


def _listed(theirs: Any, values: list[Any], *, ordered: bool = False) -> _Known:
    """By the place of the value in a list, so that its type is no matter."""
    if len(values) == 1:
        return _one(theirs)
    parts: dict[str, Any] = {"type": "choice", "choices": list(range(len(values)))}
    if ordered or len(values) > 200:
        parts = {"type": "int", "low": 0, "high": len(values) - 1}
    return _Known(theirs, parts, lambda place: values[int(place)], lambda value: _place(value, values))


def _place(value: Any, values: Sequence[Any]) -> int:
    """-1, which lies outside, for a value that is not among them."""
    same = [p for p, v in enumerate(values) if v == value and isinstance(v, bool) == isinstance(value, bool)]
    return same[0] if same else -1


def _inside(theirs: Any, value: Any) -> Any:
    return min(max(value, theirs.min_value), theirs.max_value)


def _active(theirs: Any, values: Mapping[str, Any]) -> bool:
    return all(condition.is_active(values) for condition in theirs.conditions)


def _name(place: int) -> str:
    return f"p{place}"
