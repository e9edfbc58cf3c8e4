"""Exact values as JSON: what a property may hold, and how it is written so that nothing is lost on the way.

JSON readers in browsers lose integers beyond 2^53 and have no word for a non-finite float. Those are written
`{"$int": "9007199254740993"}` and `{"$float": "NaN"}`; all else stands for itself.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

__all__ = ["MAX_BYTES", "ValueRefused", "decode", "dumps", "encode", "loads", "normal"]

EXACT_INT = 2**53
MAX_DEPTH = 20
MAX_DIGITS = 1000
MAX_BYTES = 1_000_000  # of a node's properties together, as JSON

_TOO_BIG = 10**MAX_DIGITS
_INT = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class ValueRefused(ValueError):
    """A value that no property can hold; the text says why and what to do."""


def encode(value: Any, depth: int = 0) -> Any:
    """A Python value (None, bool, int, float, str, list, tuple, dict with text keys) in its written form.

    Raises ValueRefused for any other type, nesting beyond 20 levels, integers beyond 1,000 digits, text that is
    not valid Unicode, and names that begin with `$`.
    """
    if depth > MAX_DEPTH:
        raise ValueRefused(f"nested more than {MAX_DEPTH} levels deep; store it as text or as an artifact.")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        if abs(value) <= EXACT_INT:
            return value
        if abs(value) >= _TOO_BIG:
            raise ValueRefused(f"an integer of more than {MAX_DIGITS} digits; store it as text.")
        return {"$int": str(value)}
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return {"$float": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, list | tuple):
        return [encode(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_key(name): encode(item, depth + 1) for name, item in value.items()}
    raise ValueRefused(
        f"a {type(value).__name__} can't be stored; use text, a number, true, false, null, a list or an object."
    )


def decode(value: Any, depth: int = 0) -> Any:
    """A written value as Python reads it. Raises ValueRefused where `encode` never wrote such a thing."""
    if depth > MAX_DEPTH + 1:
        raise ValueRefused(f"nested more than {MAX_DEPTH} levels deep; store it as text or as an artifact.")
    if isinstance(value, list | tuple):
        return [decode(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        if "$int" in value:
            return _exact_int(value["$int"])
        if "$float" in value:
            try:
                return _FLOATS[value["$float"]]
            except (KeyError, TypeError):
                raise ValueRefused('"$float" takes "NaN", "Infinity" or "-Infinity".') from None
    return {_key(name): decode(item, depth + 1) for name, item in value.items()}


def normal(value: Any) -> Any:
    """The one written form of a value that may be written already, or partly. Raises ValueRefused."""
    return encode(decode(value))


def dumps(properties: dict[str, Any]) -> str:
    """Written properties as one line of JSON in ASCII: the form in which the store keeps them."""
    return json.dumps(properties, allow_nan=False, separators=(",", ":"))


def loads(text: str) -> dict[str, Any]:
    """Written properties out of the store's line."""
    properties: dict[str, Any] = json.loads(text)
    return properties


def _exact_int(text: Any) -> int:
    if not isinstance(text, str) or not _INT.fullmatch(text):
        raise ValueRefused('"$int" takes an integer as text, such as "9007199254740993".')
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise ValueRefused(f"an integer of more than {MAX_DIGITS} digits; store it as text.")
    return int(text)


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise ValueRefused("an object's names have to be text.")
    if name.startswith("$"):
        raise ValueRefused(
            f'the name "{name[:40]}" begins with "$", which is kept for exact values; rename it.'
        )
    return _text(name)


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueRefused("text that is not valid Unicode (half of a surrogate pair).") from None
    return text
