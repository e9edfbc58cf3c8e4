"""A space as the methods see it: each value of a parameter is a code, so that types, names and steps are no matter.

A choice, a bool and a range with steps are counted: their code is the place of the value, from 0. A range of whole
numbers on a log scale, and a range without steps, have the value itself as their code. None stands for a parameter that
takes no part, as its `when` is not met.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from random import Random

from kflab.ml.search import checks
from kflab.ml.search.searcher import Params
from kflab.ml.tuning import Parameter, Value

__all__ = ["Code", "Codes", "Dimension", "Space"]

Code = int | float
Codes = tuple[Code | None, ...]


@dataclass(frozen=True)
class Dimension:
    """One parameter. Its codes go from `low` to `high`, both included, and are whole numbers if it is `counted`.

    `when` are the dimensions that it depends on, by their place, each with the codes that let it take part.
    """

    parameter: Parameter
    low: Code
    high: Code
    counted: bool
    when: tuple[tuple[int, frozenset[Code]], ...] = ()

    @property
    def log(self) -> bool:
        return self.parameter.scale == "log"

    @property
    def ordered(self) -> bool:
        """Whether codes beside each other stand for values that are near each other."""
        return self.parameter.options() is None

    def has(self, code: object) -> bool:
        if isinstance(code, bool) or not isinstance(code, int if self.counted else (int, float)):
            return False
        return self.low <= code <= self.high

    def settle(self, code: Code) -> Code:
        """The nearest code that there is; methods overshoot by a rounding error, or by one."""
        nearest = min(max(code, self.low), self.high)
        return round(nearest) if self.counted else float(nearest)

    def draw(self, chance: Random) -> Code:
        """Any of the codes, evenly on the scale of the parameter."""
        if self.log:
            return self.settle(math.exp(chance.uniform(math.log(self.low), math.log(self.high))))
        if self.counted:
            return chance.randint(int(self.low), int(self.high))
        return self.settle(chance.uniform(self.low, self.high))

    def value(self, code: Code) -> Value:
        parameter = self.parameter
        options = parameter.options()
        if options is not None:
            return options[int(code)]
        if parameter.type == "float":
            return _on_grid(parameter, int(code)) if self.counted else float(code)
        return int(code) if self.log else int(_exact(parameter.low) + int(code) * _step(parameter))

    def code(self, value: Value) -> Code:
        """The code of a value that lies in the dimension."""
        options = self.parameter.options()
        if options is not None:
            places = _places(value, options)
            # 1 and 1.0 may both be choices, and are equal.
            return next((p for p in places if type(options[p]) is type(value)), places[0])
        number = value if isinstance(value, (int, float)) else math.nan
        if not self.counted:
            return float(number)
        if self.log:
            return int(number)
        return int(self.settle(round((_exact(number) - _exact(self.parameter.low)) / _step(self.parameter))))


class Space:
    """Parameters in order. What `checks.check` lets through can be a space."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.parameters = tuple(parameters)
        found: list[Dimension] = []
        for parameter in parameters:
            found.append(_dimension(parameter, found))
        self.dimensions = tuple(found)

    @property
    def finite(self) -> bool:
        return all(dimension.counted for dimension in self.dimensions)

    @cached_property
    def digest(self) -> str:
        """A name for this space and no other: 16 hexadecimal digits."""
        text = json.dumps([p.model_dump(mode="json") for p in self.parameters], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def active(self, position: int, codes: Sequence[Code | None]) -> bool:
        """Whether the dimension takes part, given the codes of those before it."""
        return all(codes[place] in allowed for place, allowed in self.dimensions[position].when)

    def settle(self, raw: Mapping[int, Code]) -> Codes:
        """The codes that a method means: inside of the space, and none for what takes no part.

        `raw` has what it said, by position. Raises KeyError if it left out one that takes part.
        """
        codes: list[Code | None] = []
        for position, dimension in enumerate(self.dimensions):
            codes.append(dimension.settle(raw[position]) if self.active(position, codes) else None)
        return tuple(codes)

    def decode(self, codes: Codes) -> Params:
        return {
            dimension.parameter.name: dimension.value(code)
            for dimension, code in zip(self.dimensions, codes, strict=True)
            if code is not None
        }

    def encode(self, params: Mapping[str, Value]) -> Codes | None:
        """The codes of parameters, or None if they do not lie in the space."""
        found = checks.inside(self.parameters, dict(params))
        if found is None:
            return None
        return tuple(
            dimension.code(found[dimension.parameter.name]) if dimension.parameter.name in found else None
            for dimension in self.dimensions
        )

    def read(self, written: Sequence[object]) -> Codes:
        """Codes as they were dumped. Raises ValueError for what are none of this space."""
        codes: list[Code | None] = []
        for position, (dimension, code) in enumerate(zip(self.dimensions, written, strict=True)):
            if code is None and not self.active(position, codes):
                codes.append(None)
            elif self.active(position, codes) and dimension.has(code):
                codes.append(dimension.settle(code))  # type: ignore[arg-type]
            else:
                raise ValueError(f"{code!r} is no code of {dimension.parameter.name!r}")
        return tuple(codes)

    def first(self) -> Codes:
        """The first combination, with each parameter at its low end."""
        return self._filled(())

    def after(self, codes: Codes) -> Codes | None:
        """The combination that follows, the last parameter moving first; None after the last.

        Only what is counted moves: in a range without steps, no value follows another.
        """
        for position in reversed(range(len(codes))):
            code, dimension = codes[position], self.dimensions[position]
            if code is not None and dimension.counted and code < dimension.high:
                return self._filled((*codes[:position], code + 1))
        return None

    def untried(self, tried: set[Codes], seed: int) -> Codes | None:
        """A combination that was not tried, the first one from where chance says; None if there is none.

        Where a range without steps takes part there always is one, as its value is drawn.
        """
        chance = Random(seed)  # noqa: S311 - no secret
        for begin in (self._filled((), chance), self.first()):
            codes: Codes | None = begin
            while codes is not None:
                drawn = self._redrawn(codes, chance)
                if drawn not in tried:
                    return drawn
                codes = self.after(codes)
        return None

    def _redrawn(self, codes: Codes, chance: Random) -> Codes:
        """The same combination, but for the values in ranges without steps."""
        return tuple(
            code if code is None or dimension.counted else dimension.draw(chance)
            for dimension, code in zip(self.dimensions, codes, strict=True)
        )

    def _filled(self, begun: Codes, chance: Random | None = None) -> Codes:
        """The combination that begins so and goes on by chance, or with the low ends."""
        codes = list(begun)
        for position in range(len(begun), len(self.dimensions)):
            dimension = self.dimensions[position]
            code = dimension.low if chance is None else dimension.draw(chance)
            codes.append(code if self.active(position, codes) else None)
        return tuple(codes)


def _dimension(parameter: Parameter, before: Sequence[Dimension]) -> Dimension:
    when = tuple(_condition(name, values, before) for name, values in parameter.when.items())
    options = parameter.options()
    if options is not None:
        return Dimension(parameter, 0, len(options) - 1, True, when)
    low, high = _exact(parameter.low), _exact(parameter.high)
    if parameter.type == "int" and parameter.scale == "log":
        return Dimension(parameter, int(low), int(high), True, when)
    if parameter.type == "int" or parameter.step is not None:
        return Dimension(parameter, 0, (high - low) // _step(parameter), True, when)
    return Dimension(parameter, float(low), float(high), False, when)


def _condition(
    name: str, values: Sequence[Value], before: Sequence[Dimension]
) -> tuple[int, frozenset[Code]]:
    for place, dimension in enumerate(before):
        if dimension.parameter.name == name:
            options = dimension.parameter.options()
            if options is not None:
                return place, frozenset(p for value in values for p in _places(value, options))
            return place, frozenset(
                dimension.code(v) for v in values if checks.contains(dimension.parameter, v)
            )
    raise ValueError(f"{name!r} must stand in the space before what depends on it.")


def _places(value: Value, options: Sequence[Value]) -> list[int]:
    return [place for place, option in enumerate(options) if checks.member(value, [option])]


def _exact(number: Code | None) -> Fraction:
    """The number as it was written: 0.1 is a tenth, so that ten steps of it make 1."""
    return Fraction(repr(number))


def _step(parameter: Parameter) -> Fraction:
    return Fraction(1) if parameter.step is None else _exact(parameter.step)


def _on_grid(parameter: Parameter, place: int) -> float:
    return float(_exact(parameter.low) + place * _step(parameter))
