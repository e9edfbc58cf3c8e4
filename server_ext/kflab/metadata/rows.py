"""What one state change means for the index, as plain data: read out of the store, written by the index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kflab.metadata.values import decode, dumps

__all__ = ["Changes", "EventRow", "NodeRow", "flat", "fold", "indexed"]

MAX_VALUES = 1_000  # of one node that can be filtered and sorted by
MAX_TEXT = 1_024  # characters of a value that take part in that
_INT64 = 2**63


@dataclass(frozen=True)
class NodeRow:
    """A node as the store has it. `properties` are in their written form; times in ms since 1970."""

    id: int
    type: str
    name: str
    created: int
    updated: int
    properties: dict[str, Any]
    state: str | None = None
    version: str | None = None
    uri: str = ""
    sha256: str | None = None
    parent: int | None = None


@dataclass(frozen=True)
class EventRow:
    execution: int
    artifact: int
    type: str


@dataclass
class Changes:
    """New or changed nodes, memberships `(kind, node, context)` and events."""

    contexts: list[NodeRow] = field(default_factory=list)
    executions: list[NodeRow] = field(default_factory=list)
    artifacts: list[NodeRow] = field(default_factory=list)
    members: set[tuple[str, int, int]] = field(default_factory=set)
    events: set[EventRow] = field(default_factory=set)

    def nodes(self) -> Iterator[tuple[str, list[NodeRow]]]:
        yield "context", self.contexts
        yield "execution", self.executions
        yield "artifact", self.artifacts


def fold(text: str) -> str:
    """Text as it is searched: without regard to case."""
    return text.casefold()


def flat(properties: dict[str, Any]) -> dict[str, Any]:
    """Written properties as the names and values one can filter by, `{"a": {"b": 1}}` as `{"a": "{…}", "a.b": 1}`.

    Values are None, int, float or str: true is 1, a list or an object is its JSON text.
    """
    found: dict[str, Any] = {}

    def visit(name: str, written: Any) -> None:
        if len(found) >= MAX_VALUES or name in found:
            return
        value = decode(written)
        found[name] = indexed(value, written)
        if isinstance(value, dict):
            for inner, item in written.items():
                visit(f"{name}.{inner}", item)

    for name, written in properties.items():
        visit(name, written)
    return found


def indexed(value: Any, written: Any = None) -> Any:
    """A value as the index holds it: what SQLite can compare."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        if -_INT64 <= value < _INT64:
            return value
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    if isinstance(value, str):
        return value[:MAX_TEXT].replace("\0", "\N{REPLACEMENT CHARACTER}")
    if value is None or isinstance(value, float):
        return None if value is None or value != value else value
    return dumps(written)[:MAX_TEXT]
