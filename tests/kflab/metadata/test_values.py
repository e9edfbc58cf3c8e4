"""Exact values: what goes in comes out, whatever reads the JSON in between."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kflab.metadata.rows import flat
from kflab.metadata.values import ValueRefused, decode, dumps, encode, loads, normal

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(lambda t: not t.startswith("$"))
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Equal in type, sign and value; NaN is itself."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return bool(a == b)


@given(values)
def test_a_value_comes_back_exactly(value: Any) -> None:
    assert same(decode(loads(dumps({"v": encode(value)}))["v"]), value)


@given(values)
def test_the_written_form_survives_a_reader_that_knows_doubles_only(value: Any) -> None:
    def as_browser(number: str) -> int:
        assert int(float(number)) == int(number)
        return int(number)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(dumps({"v": encode(value)}), parse_int=as_browser, parse_constant=refuse)


@given(values)
def test_writing_twice_changes_nothing(value: Any) -> None:
    assert dumps({"v": normal(encode(value))}) == dumps({"v": encode(value)})


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"$int": 5},
        {"$int": "05x"},
        {"$int": "1" * 2000},
        {"$float": "inf"},
        {"$float": ["NaN"]},
        {"$other": 1},
        {"$int": "5", "b": 1},
        "\ud800",
        {"\ud800": 1},
        10**1001,
        nested(30),
        object(),
    ],
)
def test_what_no_property_can_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueRefused):
        normal(value)


def test_properties_are_flat_where_they_are_filtered() -> None:
    written = normal({"a": {"b": {"c": 2}}, "t": True, "n": float("nan"), "l": [1, "x"], "big": 2**70})
    assert flat(written) == {
        "a": '{"b":{"c":2}}',
        "a.b": '{"c":2}',
        "a.b.c": 2,
        "t": 1,
        "n": None,
        "l": '[1,"x"]',
        "big": float(2**70),
    }
