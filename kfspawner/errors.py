"""The one exception that a policy raises, and how hostile text is quoted in its messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

__all__ = ["FieldError", "PolicyError", "quote"]

_MOST_ERRORS = 50
_MOST_QUOTED = 60


class FieldError(TypedDict):
    """What is wrong with one field. `field` is a JSON path such as `workspace.size`; empty: the whole."""

    field: str
    message: str


class PolicyError(Exception):
    """A request, or a policy file, that breaks the rules.

    `errors` names every field at fault with a sentence that says what is wrong and what is allowed;
    past fifty of them the last one says how many more there are. `str()` joins them, a line each.
    `forbidden` says that the request reaches for what is somebody else's.
    """

    def __init__(self, errors: Iterable[FieldError], forbidden: bool = False) -> None:
        found = list(errors)
        if len(found) > _MOST_ERRORS:
            more = FieldError(field="", message=f"And {len(found) - _MOST_ERRORS} more errors of this kind.")
            found = [*found[:_MOST_ERRORS], more]
        self.errors: list[FieldError] = found
        self.forbidden = forbidden
        super().__init__(found)

    def __str__(self) -> str:
        return "\n".join(
            f"{error['field']}: {error['message']}" if error["field"] else error["message"]
            for error in self.errors
        )


def quote(value: object) -> str:
    """`value` as it may appear in a message: a text in quotes, cut to 60 characters, nothing unprintable."""
    if not isinstance(value, str):
        return _typed(value)
    cut = value[: _MOST_QUOTED + 1]
    shown = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in cut[:_MOST_QUOTED])
    return f'"{shown}…"' if len(cut) > _MOST_QUOTED else f'"{shown}"'


def _typed(value: object) -> str:
    # Containers and huge integers are named, not printed: repr of either may take seconds.
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < 10**30 else "a huge number"
    if isinstance(value, float):
        return repr(value)
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "a value"
