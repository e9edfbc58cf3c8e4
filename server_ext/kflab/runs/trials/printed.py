"""What the trials of a search print, and their workers between trials."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable

from kflab.runs.log import MAX_TEXT
from kflab.runs.pipes import LOG_EVENTS, LogEvents, keep

__all__ = ["Printed"]

_OF_TRIAL = 256 << 10  # characters of one trial that become events, so that one leaves room for the others
_CUT = "\n… the rest is in log.txt in the run's folder\n"
_PIECE = MAX_TEXT // 4  # a character may take four bytes


class Printed:
    """All of it goes to log.txt, and as much as a page can take to `log` events."""

    def __init__(self, file: io.FileIO, emit: Callable[..., None]) -> None:
        self._file = file
        self._events = LogEvents(emit, f"The trials printed more than {LOG_EVENTS >> 20} MiB.")
        self._of_trial: Counter[int] = Counter()

    def take(self, stream: str, text: str, trial: int | None) -> None:
        """Raises OSError when the disk is full."""
        keep(self._file, text.encode())
        if trial is not None:
            text = self._share(trial, text)
        about = {} if trial is None else {"trial": trial}
        for start in range(0, len(text), _PIECE):
            self._events.add(text[start : start + _PIECE], stream=stream, **about)

    def _share(self, trial: int, text: str) -> str:
        """What of the text the trial may still say in events."""
        left = _OF_TRIAL - self._of_trial[trial]
        self._of_trial[trial] += len(text)
        return text if len(text) <= left else text[: max(0, left)] + (_CUT if left > 0 else "")
