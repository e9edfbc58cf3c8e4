"""A searcher that keeps the record of its trials, and leaves to a method what to try next."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from kflab.ml.search.searcher import Params, Signal, Suggestion, Told
from kflab.ml.search.spaces import Codes, Space
from kflab.ml.tuning import Method, ResourceSpec, Value

__all__ = ["Goal", "Proposal", "Proposer", "Record", "Recorded", "Row", "Terms", "mixed"]

Goal = Literal["max", "min"]
_STATES = {"r": "running", "d": "done", "p": "pruned", "f": "failed", "l": "learned"}
_LETTERS = {state: letter for letter, state in _STATES.items()}


@dataclass(frozen=True)
class Terms:
    """What a search is made with; one of other terms cannot go on with its state."""

    method: Method
    space: Space
    goal: Goal
    seed: int
    resource: ResourceSpec | None = None

    def dump(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "space": self.space.digest,
            "goal": self.goal,
            "seed": self.seed,
            "resource": self.resource.model_dump(mode="json") if self.resource else None,
        }


@dataclass
class Row:
    """A trial, or a result that was learned. `key` is its name for the method: the number, or `l` and a count."""

    key: str
    number: int | None
    codes: Codes
    state: Literal["running", "done", "pruned", "failed", "learned"]
    value: float | None = None
    resource: int | None = None

    def dump(self) -> list[Any]:
        short = [_LETTERS[self.state], self.value, list(self.codes)]
        return short if self.resource is None else [*short, self.resource]


@dataclass
class Record:
    """All trials and learned results in order: what a method may read and not change.

    `skipped` are the codes that must not be asked for, in order; `tried` are those and the codes of all rows.
    """

    rows: list[Row] = field(default_factory=list)
    tried: set[Codes] = field(default_factory=set)
    skipped: dict[Codes, None] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    codes: Codes
    resource: int | None = None


class Proposer(Protocol):
    """What a method is to its searcher. It knows trials by their key, and is told of each as it comes and goes."""

    def propose(self, number: int) -> Proposal | Signal:
        """The next trial, which the proposer then takes for running; its key is the number."""
        ...

    def enter(self, row: Row) -> None:
        """Take in a row that it did not propose, in any state: one learned, or one of a state that is loaded."""
        ...

    def close(self, row: Row) -> None:
        """A running trial has ended; the row says how."""
        ...

    def note(self) -> str | None: ...

    def dump(self) -> dict[str, Any]:
        """What it keeps beside the rows."""
        ...

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what was dumped, once all rows have been entered. Raises ValueError for what is none."""
        ...


class Recorded:
    """The searcher of a method. `begin` makes its proposer, which may read the record as it grows."""

    def __init__(self, terms: Terms, begin: Callable[[Record], Proposer]) -> None:
        self._terms = terms
        self._begin = begin
        self._record = Record()
        self._asked: list[Row] = []
        self._learned: set[tuple[Codes, float | None]] = set()
        self._proposer = begin(self._record)

    def ask(self) -> Suggestion | Signal:
        number = len(self._asked) + 1
        found = self._proposer.propose(number)
        if isinstance(found, Signal):
            return found
        row = Row(str(number), number, found.codes, "running", resource=found.resource)
        self._add(row)
        return self._suggestion(row)

    def tell(self, number: int, value: float | None, state: Told) -> None:
        if not 1 <= number <= len(self._asked):
            raise KeyError(f"There is no trial {number}; {len(self._asked)} were asked for.")
        if state not in get_args(Told):
            raise ValueError(f"{state!r} is no way for a trial to end: use done, pruned or failed.")
        if state == "done" and value is None:
            raise ValueError(f"Trial {number} is done, so its value is needed.")
        row = self._asked[number - 1]
        if row.state != "running":
            return
        useful = state != "failed" and value is not None and math.isfinite(value)
        row.state = state if useful else "failed"
        row.value = float(value) if useful and value is not None else None
        self._proposer.close(row)

    def learn(self, params: Mapping[str, Value], value: float) -> bool:
        codes = self._terms.space.encode(params)
        if codes is None or not math.isfinite(value):
            return False
        if (codes, value) not in self._learned:
            row = Row(f"l{len(self._learned)}", None, codes, "learned", float(value))
            self._add(row)
            self._proposer.enter(row)
        return True

    def skip(self, params: Mapping[str, Value]) -> None:
        codes = self._terms.space.encode(params)
        if codes is not None:
            self._skip(codes)

    def running(self) -> Sequence[Suggestion]:
        return [self._suggestion(row) for row in self._asked if row.state == "running"]

    def note(self) -> str | None:
        return self._proposer.note()

    def dump(self) -> dict[str, Any]:
        rows = [row.dump() for row in self._record.rows]
        skipped = [list(codes) for codes in self._record.skipped]
        return {
            "v": 1,
            **self._terms.dump(),
            "rows": rows,
            "skipped": skipped,
            "more": self._proposer.dump(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        other = _difference(self._terms.dump(), state)
        if other:
            raise ValueError(other)
        fresh = Recorded(self._terms, self._begin)
        try:
            for codes in state["skipped"]:
                fresh._skip(self._terms.space.read(codes))
            fresh._replay(state["rows"], state["more"])
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise ValueError(f"The state of this search is damaged: {error}.") from error
        self.__dict__.update(fresh.__dict__)

    def _replay(self, rows: Sequence[Sequence[Any]], more: Mapping[str, Any]) -> None:
        for letter, value, codes, *resource in rows:
            _check(letter, value, *resource)
            asked = letter != "l"
            number = len(self._asked) + 1 if asked else None
            key = str(number) if asked else f"l{len(self._learned)}"
            state: Any = _STATES[letter]
            row = Row(key, number, self._terms.space.read(codes), state, value, *resource)
            self._add(row)
            self._proposer.enter(row)
        self._proposer.load(more)

    def _add(self, row: Row) -> None:
        self._record.tried.add(row.codes)
        self._record.rows.append(row)
        if row.number is None:
            self._learned.add((row.codes, row.value))
        else:
            self._asked.append(row)

    def _skip(self, codes: Codes) -> None:
        self._record.skipped[codes] = None
        self._record.tried.add(codes)

    def _suggestion(self, row: Row) -> Suggestion:
        params: Params = self._terms.space.decode(row.codes)
        return Suggestion(row.number or 0, params, row.resource)


def mixed(*numbers: int) -> int:
    """A seed made of numbers, from 1 to 2³² - 1; seeds next to each other give streams that have nothing in common."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % (2**32 - 1) + 1


def _check(letter: str, value: float | None, resource: int | None = None) -> None:
    """Raise ValueError for a row that no search can have dumped."""
    if value is None:
        fits = letter in ("r", "f")
    else:
        fits = letter in ("d", "p", "l") and isinstance(value, (int, float)) and math.isfinite(value)
    if not fits or not (resource is None or isinstance(resource, int)):
        raise ValueError(f"{letter!r}, {value!r}, {resource!r} is no trial")


def _difference(terms: Mapping[str, Any], state: Mapping[str, Any]) -> str | None:
    """What keeps a search from going on with a state, as a sentence."""
    if not isinstance(state, Mapping) or state.get("v") != 1:
        return "This is no state of a search."
    for name, ours in terms.items():
        if state.get(name) != ours:
            theirs = "" if name == "space" else f", {state.get(name)!r}, not {ours!r}"
            return f"The state is of a search with another {name}{theirs}."
    return None
