"""Benchmarks: each goal number beside a peer that does the same work in the same run.

Each module has `rows() -> list[Row]`; `make bench` prints them all, `python -m bench runs` some.
"""

from __future__ import annotations

from typing import TypedDict


class Row(TypedDict):
    """One line of the table; figures carry their unit, `met` is None where there is no goal."""

    what: str
    ours: str
    peer: str
    goal: str
    met: bool | None
