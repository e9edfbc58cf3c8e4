"""Patterns for custom images mean what Python's `re` says they mean, and cost little on any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfspawner.image_pattern import parse

ATOMS = st.sampled_from(["a", "b", "/", r"\.", ".", "[ab]", "[^a]", "[a-c.-]", r"\d", r"\w", r"[\w/]", "-"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, st.text("ab/.c1-", max_size=6), st.booleans())
def test_a_pattern_means_what_python_says(pattern: str, text: str, anchored: bool) -> None:
    expected = re.fullmatch(pattern, text, re.ASCII) is not None
    assert parse(f"^(?:{pattern})$" if anchored else pattern).matches(text) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "(?=a)a", "(?!a)b", "(?<=a)b", "(?<!a)b", "(?P<n>a)", "(?i)a", "(?>a)", r"(a)\1", r"\bx", r"\A", r"\s"),
        *(r"\pL", r"\x41", "a*?", "a++", "a**", "a{2}{3}", "a{1001}", "a{3,2}", "a{,3}", "a{x}", "a{", "(a", "a)", "[a"),
        *("[]", "[z-a]", "[[:alpha:]]", "[a&&b]", "a^b", "a$b", "^a|b$", "*a", "ü", "[ü]", "a]", "}", "\\"),
        *("(((a{999}){999}){999})", "(a{50}){50}", "((a{2,})?b{11}){501}", "a" * 600),
    ],
)  # fmt: skip
def test_what_the_two_engines_may_read_differently_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(pattern)


def test_no_text_makes_a_pattern_slow() -> None:
    # a backtracking engine would not end here
    assert parse("(?:(?:a*)*)*b").matches("a" * 512) is False
