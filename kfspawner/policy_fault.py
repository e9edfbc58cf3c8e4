"""How the builders of a policy report what is wrong, each with its place in the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .errors import quote

__all__ = ["Fault", "Where", "attempt", "tell"]

T = TypeVar("T")
V = TypeVar("V")
Where = tuple[str | int, ...]  # keys and list indices below spawnerFormDefaults
Fault = Callable[[Where, str], None]


def tell(fault: Fault, where: Where, message: str) -> None:
    """Reports `message`, unless it is empty: nothing is wrong."""
    if message:
        fault(where, message)


def attempt(read: Callable[[V], T], value: V, where: Where, fault: Fault) -> T | None:
    """What `read` makes of `value`, or None and a fault if it raises ValueError."""
    try:
        return read(value)
    except ValueError as wrong:
        fault(where, f"{quote(value)} {wrong}.")
        return None
