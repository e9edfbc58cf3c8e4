"""What the event logs of runs have come to, read on from where it was left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Ask", "Log", "Logs"]

# A GET to the API: path and query to JSON.
Ask = Callable[[str, Mapping[str, Any]], Any]

_MOST = 1000
# So many pages at a time; what is left of a long log is read the next time.
_PAGES = 20


@dataclass
class Log:
    """`metrics` by name and part, `trials` by number: of what came twice the last. `whole` once it was read to its end."""

    since: int = 0
    whole: bool = False
    metrics: dict[tuple[str, str], Any] = field(default_factory=dict)
    trials: dict[int, Mapping[str, Any]] = field(default_factory=dict)


class Logs:
    """The logs that were read so far."""

    def __init__(self) -> None:
        self._kept: dict[str, Log] = {}

    def read(self, ask: Ask, run_id: str) -> Log:
        """The log of a run, with what has come since it was read. Raises what `ask` raises."""
        log = self._kept.setdefault(run_id, Log())
        for _ in range(_PAGES):
            page = ask(f"runs/{run_id}/events", {"since": log.since, "limit": _MOST})
            for event in page["items"]:
                if event["type"] == "metric":
                    log.metrics[event["name"], event["part"]] = event["value"]
                elif event["type"] == "trial":
                    log.trials[event["trial"]] = event
            log.since = page["next_since"]
            log.whole = len(page["items"]) < _MOST
            if log.whole:
                break
        return log
