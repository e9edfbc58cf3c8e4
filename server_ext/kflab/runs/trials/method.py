"""The method of a search, kept beside the log: what it is asked and told survives the process that does it.

Its state lies in search.json, written before a trial begins and after it has ended. The log is the truth: a state that
knows more than the log has is dropped, and the method begins anew from what the log has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kflab.ml.search.searcher import Searcher, Signal, Suggestion
from kflab.runs.trials.history import History

__all__ = ["Method"]


class Method:
    """A Searcher whose trials have the numbers of the log; trial 0, the baseline, is none of its own."""

    def __init__(self, searcher: Searcher, state: Path, history: History, logged: int) -> None:
        """Go on from `state` where it fits; `logged` is how many trials had ended when the process began."""
        self._searcher = searcher
        self._state = state
        self._history = history
        self._offset = 0  # of the log's numbers before the method's own
        self._learned = False  # the baseline
        self.asked = 0
        """The highest number that was asked for."""
        if not self._restore(logged):
            self._replay()
        self.learn_baseline()
        self._keep()

    def _restore(self, logged: int) -> bool:
        try:
            kept = json.loads(self._state.read_bytes())
            if kept["ended"] > logged:  # it was told what the log of a killed supervisor never got
                return False
            self._searcher.load(kept["state"])
        except (OSError, ValueError, KeyError):
            return False
        self._offset, self._learned = kept["offset"], kept["learned"]
        self.asked = max([kept["asked"], *self._history.trials])
        ended = self._history.ended()
        for suggestion in self._searcher.running():
            if (event := ended.get(suggestion.number + self._offset)) is not None:
                self._searcher.tell(suggestion.number, event.get("value"), event["state"])
        return True

    def _replay(self) -> None:
        """Begin anew, with what the log has: nothing in it is asked for again, but the baseline."""
        self._offset = self.asked = max(self._history.trials, default=0)
        for number, event in self._history.trials.items():
            if number:
                self._searcher.skip(event["params"])
                if event["state"] == "done":
                    self._searcher.learn(event["params"], event["value"])

    def running(self) -> list[Suggestion]:
        """The trials that were asked for and have not ended."""
        return [self._numbered(suggestion) for suggestion in self._searcher.running()]

    def ask(self) -> Suggestion | Signal:
        """As a Searcher's. What it answers is kept before it is returned."""
        answer = self._searcher.ask()
        if isinstance(answer, Suggestion):
            answer = self._numbered(answer)
            self.asked = max(self.asked, answer.number)
            self._keep()
        return answer

    def tell(self, event: Mapping[str, Any]) -> None:
        """How a trial ended, as the log has it."""
        if event["trial"] == 0:
            self.learn_baseline()
        elif event["trial"] > self._offset:
            self._searcher.tell(event["trial"] - self._offset, event.get("value"), event["state"])
        elif event["state"] == "done":  # of the time before the method began anew
            self._searcher.learn(event["params"], event["value"])
        self._keep()

    def learn_baseline(self) -> None:
        """Take the baseline in, once it is done, and where it lies in the space."""
        event = self._history.trials.get(0)
        if event is not None and event["state"] == "done" and not self._learned:
            self._learned = True
            self._searcher.learn(event["params"], event["value"])

    def note(self) -> str | None:
        return self._searcher.note()

    def _numbered(self, own: Suggestion) -> Suggestion:
        return Suggestion(own.number + self._offset, own.params, own.resource)

    def _keep(self) -> None:
        """Write the state, whole or not at all."""
        kept = {
            "offset": self._offset,
            "asked": self.asked,
            "ended": len(self._history.ended()),
            "learned": self._learned,
            "state": self._searcher.dump(),
        }
        making = self._state.with_suffix(".new")
        making.write_text(json.dumps(kept, allow_nan=False, separators=(",", ":")), "utf-8")
        making.replace(self._state)
