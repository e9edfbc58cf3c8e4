"""What every method of search is to those that run its trials: ask for one, tell what came of it.

A Searcher knows nothing of processes, time and budget; leases, retries and the end of the money are the chief's.
It is called from one thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from kflab.ml.tuning import Value

__all__ = ["END", "WAIT", "Params", "Searcher", "Signal", "Suggestion", "Told"]

Params = dict[str, Value]
Told = Literal["done", "pruned", "failed"]


@dataclass(frozen=True)
class Suggestion:
    """A trial to run: its number (from 1), its parameters, and how much of the resource it gets, where the method says."""

    number: int
    params: Params
    resource: int | None = None


@dataclass(frozen=True)
class Signal:
    """An answer that is no trial."""

    name: str

    def __repr__(self) -> str:
        return self.name


WAIT = Signal("WAIT")
"""No trial now: the method waits for what those that run will say. Ask again after the next `tell`."""
END = Signal("END")
"""No trial any more: the space or the plan of the method is exhausted."""


class Searcher(Protocol):
    """A method of search over one space, maximizing or minimizing one number."""

    def ask(self) -> Suggestion | Signal:
        """The next trial, WAIT or END. Numbers count up from 1 without gaps."""
        ...

    def tell(self, number: int, value: float | None, state: Told) -> None:
        """What came of a trial that was asked for. `value` is needed for `done`, and ignored for `failed`.

        A value that is not finite counts as failed, and a pruned trial without one too. Told twice, the first counts.
        Raises KeyError for a number that was never asked for, ValueError for `done` without a value.
        """
        ...

    def learn(self, params: Mapping[str, Value], value: float) -> bool:
        """Take in a result from outside the search, such as the baseline's; False if it does not lie in the space.

        It takes no number, and the same result twice counts once. Methods that learn nothing from results do not ask for
        the same parameters again; grid leaves out nothing. A value that is not finite is not taken in: False.
        """
        ...

    def skip(self, params: Mapping[str, Value]) -> None:
        """Never ask for parameters, which were tried before this search began; grid leaves them out as well."""
        ...

    def running(self) -> Sequence[Suggestion]:
        """The trials that were asked for and not told of, in order."""
        ...

    def note(self) -> str | None:
        """A sentence on what the method does differently from its name, once there is something to say."""
        ...

    def dump(self) -> dict[str, Any]:
        """All of the search's state as JSON, without NaN; about 100 bytes a trial."""
        ...

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a dumped state, in a searcher made with the same arguments: the next trials are those that would
        have come. Raises ValueError for a state of another search, or a damaged one; the searcher is then as before."""
        ...
