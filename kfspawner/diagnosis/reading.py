"""Reading what the Kubernetes API returned, of which nothing is certain: a wrong type reads as absent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from kfspawner.quantity import exact

__all__ = ["amount", "event_time", "items", "line", "mapping", "of_kind", "text", "when", "whole"]

_LONGEST = 600


def _at(thing: object, path: tuple[str, ...]) -> object:
    for key in path:
        thing = thing.get(key) if isinstance(thing, Mapping) else None
    return thing


def mapping(thing: object, *path: str) -> Mapping[str, Any]:
    """The object at `path`; empty if there is none."""
    found = _at(thing, path)
    return found if isinstance(found, Mapping) else {}


def items(thing: object, *path: str) -> list[Mapping[str, Any]]:
    """The objects in the list at `path`."""
    found = _at(thing, path)
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        return []
    return [one for one in found if isinstance(one, Mapping)]


def text(thing: object, *path: str) -> str:
    """The text at `path`; empty if there is none."""
    found = _at(thing, path)
    return found if isinstance(found, str) else ""


def whole(thing: object, *path: str) -> int | None:
    """The integer at `path`, of a size that Kubernetes can count."""
    found = _at(thing, path)
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**63 else None


def amount(value: object) -> Fraction:
    """A quantity as an exact number, 0 for none."""
    return exact(value) or Fraction(0)


def when(*stamps: object) -> float | None:
    """The first of some RFC 3339 times that is one, in seconds since 1970."""
    for stamp in stamps:
        if isinstance(stamp, datetime):
            return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
        if isinstance(stamp, str):
            try:
                found = datetime.fromisoformat(stamp)
                seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
            except (ValueError, OverflowError):
                continue
            if math.isfinite(seconds):
                return seconds
    return None


def line(raw: object) -> str:
    """Text of Kubernetes, or of a program, as one line of bounded length with nothing unprintable in it."""
    shown = "".join(char if char.isprintable() else " " for char in str(raw)[: _LONGEST * 4])
    joined = " ".join(shown.split())
    return joined if len(joined) <= _LONGEST else f"{joined[:_LONGEST]}…"


def of_kind(events: Sequence[object], kind: str, *names: str) -> list[Mapping[str, Any]]:
    """The events about objects of `kind` (those that don't say are about the pod), oldest first."""
    found = [
        event
        for event in events
        if isinstance(event, Mapping)
        and (text(event, "involvedObject", "kind") or "Pod") == kind
        and (not names or text(event, "involvedObject", "name") in names)
    ]
    return sorted(found, key=lambda event: event_time(event) or 0.0)


def event_time(event: object) -> float | None:
    """When it happened last."""
    at = mapping(event)
    return when(
        mapping(at.get("series")).get("lastObservedTime"),
        at.get("lastTimestamp"),
        at.get("eventTime"),
        at.get("firstTimestamp"),
        mapping(at.get("metadata")).get("creationTimestamp"),
    )
