"""What pydantic finds wrong, as fields with sentences that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["FieldFault", "faults"]

_MOST = 10
# Steps of a location that name a member of a union, and nothing that anybody typed.
_INNER = re.compile(r"(constrained|function|lax|json|chain)-.*|(str|int|float|bool|dict|list)(\[.*)?")
_WORDS = {
    "bool_parsing": "Give true or false.",
    "bool_type": "Give true or false.",
    "dict_type": "Give an object.",
    "extra_forbidden": "There is no such key here; remove it.",
    "finite_number": "Give a finite number.",
    "float_parsing": "Give a number.",
    "float_type": "Give a number.",
    "greater_than": "Give more than {gt}.",
    "greater_than_equal": "Give {ge} or more.",
    "int_from_float": "Give a whole number.",
    "int_parsing": "Give a whole number.",
    "int_parsing_size": "This number is too large.",
    "int_type": "Give a whole number.",
    "json_invalid": "This is not JSON: {error}.",
    "less_than": "Give less than {lt}.",
    "less_than_equal": "Give {le} or less.",
    "list_type": "Give a list.",
    "literal_error": "Use {expected}.",
    "missing": "This is needed.",
    "model_attributes_type": "Give an object.",
    "model_type": "Give an object.",
    "string_pattern_mismatch": "This has the wrong form; it must match {pattern}.",
    "string_too_long": "Give at most {max_length} characters.",
    "string_too_short": "Give at least {min_length} characters.",
    "string_type": "Give a text.",
    "string_unicode": "This text is not valid Unicode.",
    "too_long": "Give at most {max_length} entries, not {actual_length}.",
    "too_short": "Give at least {min_length} entries, not {actual_length}.",
}


class FieldFault(TypedDict):
    """`field` is a JSON path such as `dataset.target`, empty for the whole; `message` one or two sentences."""

    field: str
    message: str


def faults(error: ValidationError) -> list[FieldFault]:
    """The first ten fields at fault, each once."""
    found: dict[str, FieldFault] = {}
    for one in error.errors(include_url=False):
        message = _sentence(one["type"], one["msg"], one.get("ctx") or {})
        steps = [str(s) for s in one["loc"] if not (isinstance(s, str) and _INNER.fullmatch(s))]
        if one["type"] == "value_error" and (name := _named(message, one["input"])):
            steps.append(name)
        field = ".".join(steps)
        found.setdefault(field, FieldFault(field=field, message=message))
    return list(found.values())[:_MOST]


def _sentence(kind: str, given: str, context: Mapping[str, Any]) -> str:
    words = _WORDS.get(kind)
    text = words.format_map(context) if words else given.removeprefix("Value error, ")
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."


def _named(message: str, given: Any) -> str | None:
    """The field that a rule about a whole object speaks of: the one it begins with, or says is needed."""
    if needed := re.search(r"\bneeds '(\w+)'", message):
        return needed[1]
    first = re.match(r"'?(\w+)", message)
    names = given if isinstance(given, Mapping) else {}
    return next((name for name in names if first and str(name).lower() == first[1].lower()), None)
