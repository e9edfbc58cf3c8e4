"""What the log of a tuning run knows of its trials: those that ended count, those that were cut off are run again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kflab.runs.folder import RunFolder
from kflab.runs.log import Record, Tail

__all__ = ["History", "best", "read_history"]

ENDED = frozenset({"done", "pruned", "failed"})


@dataclass
class History:
    """The last event of each trial, by its number; 0 is the baseline."""

    trials: dict[int, Record] = field(default_factory=dict)

    def take(self, event: Record) -> None:
        if event["type"] == "trial":
            self.trials[event["trial"]] = event

    def ended(self) -> dict[int, Record]:
        return {n: event for n, event in self.trials.items() if event["state"] in ENDED}

    def cut_off(self) -> dict[int, Record]:
        """Those that began and have no end."""
        return {n: event for n, event in self.trials.items() if event["state"] not in ENDED}

    def longest(self) -> float:
        """The seconds of the longest trial that is done; 0.0 if there is none."""
        return max((e["seconds"] for e in self.trials.values() if e["state"] == "done"), default=0.0)


def read_history(folder: RunFolder) -> History:
    """The history in a run's log."""
    history = History()
    tail = Tail(folder.events)
    while found := tail.read():
        for event in found:
            history.take(event)
    return history


def best(trials: Iterable[Mapping[str, Any]], goal: str) -> Mapping[str, Any] | None:
    """The event of the best trial that is done, the earliest of equals; None if none is."""
    done = [event for event in trials if event["state"] == "done"]
    sign = 1 if goal == "max" else -1
    return max(done, key=lambda event: (sign * event["value"], -event["trial"]), default=None)
