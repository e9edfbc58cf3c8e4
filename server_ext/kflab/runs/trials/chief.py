"""Runs a search: asks the method for trials, has workers score them, tells what came of it, and knows when to stop.

The log is the truth about trials. Beside it lies search.json, the state of the method, written before a trial begins and
after it has ended; so a search that was killed at any point goes on with what the log has, and runs again what was cut off.
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kflab.ml.errors import DataError
from kflab.ml.search.searcher import END, WAIT, Params, Searcher, Suggestion, Told
from kflab.runs.failure import TuningError
from kflab.runs.log import MAX_TEXT
from kflab.runs.trials.history import History, best
from kflab.runs.trials.plan import Plan
from kflab.runs.trials.pool import Heard, Pool

__all__ = ["Chief"]

_TICK = 0.5
_FIRST_LEASE = 3600.0  # seconds, as long as no trial has shown how long they are
_LEAST_LEASE = 600.0
_LEASES = 10.0  # a trial may take so many times as long as the longest before it
_ALIKE = 3
_LOG_TEXT = 256 << 10  # characters of one trial's output that are kept
_KILLED = (-9, -15)

Emit = Callable[..., None]
Ending = dict[str, Any]


@dataclass
class _Trial:
    number: int
    params: Params
    resource: int | None = None
    began: float = 0.0
    deaths: int = 0
    printed: int = 0
    ended: bool = False


@dataclass
class Chief:
    """One search, from its beginning or from where it was cut off. `make` gives the method, with its libraries."""

    plan: Plan
    pool: Pool
    make: Callable[[], Searcher]
    state: Path
    history: History
    emit: Emit
    _searcher: Searcher | None = None
    _offset: int = 0
    _asked: int = 0
    _logged: int = 0
    _learned: bool = False
    _exhausted: bool = False
    _waiting: deque[_Trial] = field(default_factory=deque)
    _running: dict[int, _Trial] = field(default_factory=dict)
    _alike: list[str] = field(default_factory=list)
    _noted: bool = False
    _lost_workers: int = 0

    def run(self) -> Ending:
        """Search until the budget is used up or the space is exhausted; returns the fields of `done`.

        Raises TuningError if it cannot go on or no trial gave a result, DataError for what the user can mend in the spec.
        """
        until = None if self.plan.budget.seconds is None else time.monotonic() + self.plan.budget.seconds
        self._logged = len(self.history.ended())
        self._queue_what_is_due()
        while True:
            self._give_out()
            if not self._running:
                break
            if until is not None and time.monotonic() >= until:
                self._out_of_time()
                break
            left = _TICK if until is None else min(_TICK, max(0.0, until - time.monotonic()))
            for heard in self.pool.wait(left):
                self._take(heard)
        return self._end()

    # What to run next.

    def _queue_what_is_due(self) -> None:
        """The baseline, unless it has ended, and the trials that were cut off."""
        if 0 not in self.history.trials:
            self._waiting.append(_Trial(0, self.plan.baseline))
        for number, event in sorted(self.history.cut_off().items()):
            self._waiting.append(_Trial(number, event["params"], event.get("resource")))

    def _method(self) -> Searcher:
        """The method, brought to where the log is. It is made when the first trials run, as its libraries load slowly."""
        if self._searcher is None:
            self._searcher = self.make()
            if not self._restore(self._searcher):
                self._replay(self._searcher)
            if 0 in (ended := self.history.ended()):
                self._learn(ended[0])
            self._keep()
        return self._searcher

    def _restore(self, searcher: Searcher) -> bool:
        """Load the method's state, where there is one that fits and that knows no more than the log; True if it does."""
        ended = self.history.ended()
        try:
            kept = json.loads(self.state.read_bytes())
            if kept["ended"] > self._logged:  # it was told what the log of a killed supervisor never got
                return False
            searcher.load(kept["state"])
        except (OSError, ValueError, KeyError):
            return False
        self._offset, self._learned = kept["offset"], kept["learned"]
        self._asked = max([kept["asked"], *self.history.trials])
        for suggestion in searcher.running():
            number = suggestion.number + self._offset
            if number in ended:
                searcher.tell(suggestion.number, *_told(ended[number]))
            elif number not in self._running and all(trial.number != number for trial in self._waiting):
                self._waiting.append(_Trial(number, suggestion.params, suggestion.resource))
        return True

    def _replay(self, searcher: Searcher) -> None:
        """Without such a state the method begins anew, and learns what the log has."""
        self._offset = self._asked = max(self.history.trials, default=0)
        for event in self.history.ended().values():
            if event["trial"] and event["state"] == "done":
                searcher.learn(event["params"], event["value"])

    def _learn(self, event: Mapping[str, Any]) -> None:
        """Tell the method of the baseline once, if it is done and lies in the space."""
        if self._searcher is not None and event["state"] == "done" and not self._learned:
            self._learned = True
            self._searcher.learn(event["params"], event["value"])
            self._keep()

    def _give_out(self) -> None:
        """Give each free worker a trial, as long as there are any."""
        while self.pool.free():
            trial = self._next()
            if trial is None:
                return
            self._running[trial.number] = trial
            self._say(trial, "running")
            message = {"trial": trial.number, "params": trial.params, "resource": trial.resource}
            trial.began = time.monotonic()
            self.pool.assign(trial.number, message, self._lease())

    def _next(self) -> _Trial | None:
        if self._waiting:
            return self._waiting.popleft()
        if self._exhausted:
            return None
        searcher = self._method()
        if self._waiting:
            return self._waiting.popleft()
        if self._asked >= self.plan.budget.trials:
            self._exhausted = True
            return None
        answer = searcher.ask()
        if answer is WAIT:
            if not self._running:
                raise RuntimeError("the method waits, and no trial runs")
            return None
        if answer is END or not isinstance(answer, Suggestion):
            self._exhausted = True
            self._say_exhausted()
            return None
        number = answer.number + self._offset
        self._asked = max(self._asked, number)
        self._keep()
        if (note := searcher.note()) and not self._noted:
            self._noted = True
            self.emit("warning", code="search-note", text=note, hint="")
        return _Trial(number, answer.params, answer.resource)

    def _say_exhausted(self) -> None:
        if self._asked < self.plan.budget.trials:
            self.emit(
                "warning",
                code="space-exhausted",
                text=f"After {self._asked} trials there is nothing left in the space to try.",
                hint="Widen a range or add a parameter to search on.",
            )

    def _lease(self) -> float:
        """The seconds that a trial may take."""
        if self.plan.budget.trial_seconds is not None:
            return self.plan.budget.trial_seconds
        longest = self.history.longest()
        return max(_LEAST_LEASE, _LEASES * longest) if longest else _FIRST_LEASE

    # What is heard.

    def _take(self, heard: Heard) -> None:
        trial = None if heard.trial is None else self._running.get(heard.trial)
        if heard.kind == "printed":
            self._print(trial, heard)
        elif trial is None:
            if heard.kind in ("died", "late"):
                self._worker_lost()
        elif heard.kind == "started":
            trial.began = time.monotonic()
        elif heard.kind == "event":
            fields = dict(heard.fields)
            self.emit(fields.pop("type"), trial=trial.number, **fields)
        elif heard.kind == "done":
            self._lost_workers = 0
            self._finish(trial, "done", **heard.fields)
        elif heard.kind == "failed":
            self._failed(trial, heard.fields)
        elif heard.kind in ("died", "late") and not heard.fields["started"]:
            # Not the trial's doing: it has not begun.
            del self._running[trial.number]
            self._waiting.appendleft(trial)
            self._worker_lost()
        elif heard.kind == "late":
            seconds = time.monotonic() - trial.began
            text = (
                f"It was stopped after {seconds:.0f} s, the limit for one trial. "
                "Set tuning.budget.trial_seconds if trials may take longer."
            )
            self._finish(trial, "failed", cause="timeout", text=text)
        else:
            self._died(trial, heard.fields["code"], heard.fields["oom"])

    def _print(self, trial: _Trial | None, heard: Heard) -> None:
        text = heard.fields["text"]
        if trial is not None:
            left = _LOG_TEXT - trial.printed
            trial.printed += len(text)
            if left < len(text):
                text = text[: max(0, left)] + ("\n… the rest is left out\n" if left > 0 else "")
        about = {} if trial is None else {"trial": trial.number}
        piece = MAX_TEXT // 4  # a character may take four bytes
        for start in range(0, len(text), piece):
            self.emit("log", stream=heard.fields["stream"], text=text[start : start + piece], **about)

    def _worker_lost(self) -> None:
        """A worker that ends before it has a trial ends for a reason that no trial has."""
        self._lost_workers += 1
        if self._lost_workers >= _ALIKE:
            raise TuningError(
                "error",
                "The processes that score trials end before their first trial. The log has what they said.",
            )

    def _failed(self, trial: _Trial, fields: Mapping[str, Any]) -> None:
        cause = "error" if fields["cause"] == "disk" else fields["cause"]
        about = {name: value for name, value in fields.items() if name != "field"}
        # What the model's own code cannot do with some parameters it may do with others.
        wrong = "field" in fields and (trial.number == 0 or not self._any_done())
        self._finish(trial, "failed", **{**about, "cause": cause})
        if wrong:
            raise DataError(fields["field"], fields["text"])

    def _any_done(self) -> bool:
        return any(event["state"] == "done" for event in self.history.trials.values())

    def _died(self, trial: _Trial, code: int, oom: bool) -> None:
        if oom:
            text = "Memory ran out, and the trial was killed. Allow fewer trials at once, or smaller models."
            self._finish(trial, "failed", cause="oom", text=text)
            return
        trial.deaths += 1
        if code in _KILLED and trial.deaths == 1:
            # Somebody else ended it; that says nothing of the trial.
            del self._running[trial.number]
            self._waiting.appendleft(trial)
            return
        if code < 0:
            text = f"The process of the trial was killed by signal {-code}."
            self._finish(trial, "failed", cause="signal", text=text)
        else:
            text = f"The model's own code ended the process with exit code {code}."
            self._finish(trial, "failed", cause="error", text=text)

    def _finish(self, trial: _Trial, state: Told, **fields: Any) -> None:
        """Log how a trial ended, and tell the method. Raises TuningError at the third equal failure in a row."""
        del self._running[trial.number]
        trial.ended = True
        seconds = {"seconds": round(time.monotonic() - trial.began, 4)}
        event = self._say(trial, state, **(seconds | fields))
        if trial.number == 0:
            self._learn(event)
        elif self._searcher is not None and trial.number > self._offset:
            self._searcher.tell(trial.number - self._offset, *_told(event))
            self._keep()
        elif self._searcher is not None and state == "done":  # of the time before the method began anew
            self._searcher.learn(event["params"], event["value"])
            self._keep()
        self._count_alike(event)
        if state == "done" and self.plan.budget.trial_seconds is None:
            self.pool.limit(self._lease())

    def _count_alike(self, event: Mapping[str, Any]) -> None:
        if event["state"] == "done":
            self._alike.clear()
        if event["state"] != "failed":
            return
        alike = f"{event['cause']}: {re.sub(r'[0-9.]+', '#', event['text'].partition(chr(10))[0])[:200]}"
        self._alike = [*self._alike, alike] if self._alike[-1:] == [alike] else [alike]
        if len(self._alike) >= _ALIKE:
            raise TuningError(
                event["cause"] if event["cause"] in ("nan", "oom", "signal") else "error",
                f"Three trials in a row failed alike, so the search was stopped: {event['text']}"[:MAX_TEXT],
            )

    def _say(self, trial: _Trial, state: str, **fields: Any) -> dict[str, Any]:
        about: dict[str, Any] = {
            "trial": trial.number,
            "state": state,
            "params": trial.params,
            "baseline": trial.number == 0,
        }
        if trial.resource is not None:
            about["resource"] = trial.resource
        about |= {name: value for name, value in fields.items() if value is not None}
        self.emit("trial", **about)
        event = {"type": "trial", **about}
        self.history.take(event)
        return event

    def _keep(self) -> None:
        """Write the method's state, whole or not at all."""
        if self._searcher is None:
            return
        kept = {
            "offset": self._offset,
            "asked": self._asked,
            "ended": len(self.history.ended()),
            "learned": self._learned,
            "state": self._searcher.dump(),
        }
        making = self.state.with_suffix(".new")
        making.write_text(json.dumps(kept, allow_nan=False, separators=(",", ":")), "utf-8")
        making.replace(self.state)

    # The end.

    def _out_of_time(self) -> None:
        for number, trial in sorted(self._running.items()):
            self.pool.stop(number)
            if not self._any_done():
                continue  # cut off, so that a resumed search begins with it
            text = "The time of the search was over before this trial was."
            self._say(trial, "pruned", text=text, seconds=round(time.monotonic() - trial.began, 4))
        self._running.clear()
        self.emit(
            "warning",
            code="time-over",
            text=f"The search was stopped after {self.plan.budget.seconds:g} s, its limit.",
            hint="Raise tuning.budget.seconds for more trials.",
        )

    def _end(self) -> Ending:
        found = best(self.history.trials.values(), self.plan.goal)
        if found is None:
            raise TuningError("error", self._why_nothing())
        for name, value in found["metrics"].items():
            std = {"std": found["std"]} if name == self.plan.metric and found.get("std") is not None else {}
            self.emit("metric", name=name, value=value, part="validation", trial=found["trial"], **std)
        return {"best": {"metric": self.plan.metric, "value": found["value"], "trial": found["trial"]}}

    def _why_nothing(self) -> str:
        failed = [e for e in self.history.trials.values() if e["state"] == "failed"]
        if failed:
            return f"No trial gave a result. The last one: {failed[-1]['text']}"[:MAX_TEXT]
        return (
            "The time was over before a trial gave a result. Raise tuning.budget.seconds, or use fewer rows."
        )


def _told(event: Mapping[str, Any]) -> tuple[float | None, Told]:
    return event.get("value"), event["state"]
