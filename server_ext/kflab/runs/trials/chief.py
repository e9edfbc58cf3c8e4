"""Runs a search: asks the method for trials, has workers score them, tells what came of it, and knows when to stop.

The log is the truth about trials: a search that was killed at any point goes on with what the log has, and runs again
what was cut off.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kflab.ml.errors import DataError
from kflab.ml.search.searcher import END, WAIT, Params, Searcher, Suggestion, Told
from kflab.runs.failure import TuningError
from kflab.runs.folder import RunFolder
from kflab.runs.log import MAX_TEXT
from kflab.runs.trials.history import History, best
from kflab.runs.trials.method import Method
from kflab.runs.trials.plan import Plan, searcher
from kflab.runs.trials.pool import Heard, Pool
from kflab.runs.trials.printed import Printed
from kflab.runs.trials.stops import asked_to_stop, stopped

__all__ = ["Chief"]

_TICK = 0.5
_FIRST_LEASE = 3600.0  # seconds, as long as no trial has shown how long they are
_LEAST_LEASE = 600.0
_LEASES = 10.0  # a trial may take so many times as long as the longest before it
_ALIKE = 3
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


class Chief:
    """One search, from its beginning or from where it was cut off.

    The method is kept in `folder`, where requests to end a trial come too; `make` gives it, with its libraries.
    """

    def __init__(
        self,
        plan: Plan,
        pool: Pool,
        folder: RunFolder,
        history: History,
        emit: Emit,
        printed: Printed,
        make: Callable[[Plan], Searcher] = searcher,
    ) -> None:
        self._plan = plan
        self._pool = pool
        self._folder = folder
        self._history = history
        self._emit = emit
        self._printed = printed
        self._make = make
        self._logged = len(history.ended())
        self._opened: Method | None = None
        self._exhausted = False
        self._noted = False
        self._waiting: deque[_Trial] = deque()
        self._running: dict[int, _Trial] = {}
        self._alike: list[str] = []
        self._lost_workers = 0

    def run(self) -> Ending:
        """Search until the budget is used up or the space is exhausted; returns the fields of `done`.

        Raises TuningError if it cannot go on or no trial gave a result, DataError for what the user can mend in the spec.
        """
        until = None if self._plan.budget.seconds is None else time.monotonic() + self._plan.budget.seconds
        self._queue_what_is_due()
        while True:
            self._give_out()
            if not self._running:
                break
            if until is not None and time.monotonic() >= until:
                self._out_of_time()
                break
            left = _TICK if until is None else min(_TICK, max(0.0, until - time.monotonic()))
            for heard in self._pool.wait(left):
                self._take(heard)
            for number in asked_to_stop(self._folder):
                self._stop(number)
                stopped(self._folder, number)
        return self._end()

    # What to run next.

    def _queue_what_is_due(self) -> None:
        """The baseline, unless it has ended, and the trials that were cut off."""
        if 0 not in self._history.trials:
            self._waiting.append(_Trial(0, self._plan.baseline))
        for number, event in sorted(self._history.cut_off().items()):
            self._waiting.append(_Trial(number, event["params"], event.get("resource")))

    def _method(self) -> Method:
        """The method, brought to where the log is. It is made when the first trials run, as its libraries load slowly."""
        if self._opened is None:
            self._opened = Method(self._make(self._plan), self._folder.search, self._history, self._logged)
            known = self._running.keys() | {trial.number for trial in self._waiting}
            self._waiting += [_asked(one) for one in self._opened.running() if one.number not in known]
        return self._opened

    def _give_out(self) -> None:
        """Give each free worker a trial, as long as there are any."""
        while self._pool.free():
            trial = self._next()
            if trial is None:
                return
            self._running[trial.number] = trial
            self._say(trial, "running")
            message = {"trial": trial.number, "params": trial.params, "resource": trial.resource}
            trial.began = time.monotonic()
            self._pool.assign(trial.number, message, self._lease())

    def _next(self) -> _Trial | None:
        if self._waiting:
            return self._waiting.popleft()
        if self._exhausted:
            return None
        method = self._method()
        if self._waiting:
            return self._waiting.popleft()
        answer = method.ask() if method.asked < self._plan.budget.trials else END
        if answer is WAIT and not self._running:
            raise RuntimeError("the method waits, and no trial runs")
        if answer is END:
            self._exhausted = True
            self._say_exhausted(method.asked)
        if not isinstance(answer, Suggestion):
            return None
        if (note := method.note()) and not self._noted:
            self._noted = True
            self._emit("warning", code="search-note", text=note, hint="")
        return _asked(answer)

    def _say_exhausted(self, asked: int) -> None:
        if asked < self._plan.budget.trials:
            self._emit(
                "warning",
                code="space-exhausted",
                text=f"After {asked} trials there is nothing left in the space to try.",
                hint="Widen a range or add a parameter to search on.",
            )

    def _lease(self) -> float:
        """The seconds that a trial may take."""
        if self._plan.budget.trial_seconds is not None:
            return self._plan.budget.trial_seconds
        longest = self._history.longest()
        return max(_LEAST_LEASE, _LEASES * longest) if longest else _FIRST_LEASE

    # What is heard.

    def _take(self, heard: Heard) -> None:
        trial = None if heard.trial is None else self._running.get(heard.trial)
        if heard.kind == "printed":
            self._printed.take(heard.fields["stream"], heard.fields["text"], trial.number if trial else None)
        elif trial is None:
            if heard.kind in ("died", "late"):
                self._worker_lost()
        elif heard.kind == "started":
            trial.began = time.monotonic()
        elif heard.kind == "event":
            fields = dict(heard.fields)
            self._emit(fields.pop("type"), trial=trial.number, **fields)
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

    def _stop(self, number: int) -> None:
        """End a trial because somebody asked for it, unless it has just ended by itself."""
        self._halt(number)
        for trial in [trial for trial in self._waiting if trial.number == number]:
            # Its worker was lost, and it was to run again.
            self._waiting.remove(trial)
            self._running[number] = trial
            trial.began = time.monotonic()
        if (running := self._running.get(number)) is not None:
            self._finish(running, "pruned", text="It was stopped on request, before it had a result.")

    def _halt(self, number: int) -> None:
        """End the worker of a trial; what it has said by then counts."""
        for heard in self._pool.stop(number):
            self._take(heard)

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
        return any(event["state"] == "done" for event in self._history.trials.values())

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
        seconds = {"seconds": round(time.monotonic() - trial.began, 4)}
        event = self._say(trial, state, **(seconds | fields))
        if self._opened is not None:
            self._opened.tell(event)
        self._count_alike(event)
        if state == "done" and self._plan.budget.trial_seconds is None:
            self._pool.limit(self._lease())

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
        self._emit("trial", **about)
        event = {"type": "trial", **about}
        self._history.take(event)
        return event

    # The end.

    def _out_of_time(self) -> None:
        for number, trial in sorted(self._running.items()):
            self._halt(number)
            if number not in self._running or not self._any_done():
                continue  # cut off, so that a resumed search begins with it
            text = "The time of the search was over before this trial was."
            self._say(trial, "pruned", text=text, seconds=round(time.monotonic() - trial.began, 4))
        self._running.clear()
        self._emit(
            "warning",
            code="time-over",
            text=f"The search was stopped after {self._plan.budget.seconds:g} s, its limit.",
            hint="Raise tuning.budget.seconds for more trials.",
        )

    def _end(self) -> Ending:
        found = best(self._history.trials.values(), self._plan.goal)
        if found is None:
            raise TuningError("error", self._why_nothing())
        for name, value in found["metrics"].items():
            std = {"std": found["std"]} if name == self._plan.metric and found.get("std") is not None else {}
            self._emit("metric", name=name, value=value, part="validation", trial=found["trial"], **std)
        return {"best": {"metric": self._plan.metric, "value": found["value"], "trial": found["trial"]}}

    def _why_nothing(self) -> str:
        failed = [e for e in self._history.trials.values() if e["state"] == "failed"]
        if failed:
            return f"No trial gave a result. The last one: {failed[-1]['text']}"[:MAX_TEXT]
        if self._history.ended():
            return "All trials were stopped before one of them gave a result."
        return (
            "The time was over before a trial gave a result. Raise tuning.budget.seconds, or use fewer rows."
        )


def _asked(one: Suggestion) -> _Trial:
    return _Trial(one.number, one.params, one.resource)
