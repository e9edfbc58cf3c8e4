"""How far a run has come and the best of it so far, from the events of its log as they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kflab.ml.metrics import METRICS
from kflab.runs.log import Record
from kflab.runs.spec import RunSpec
from kflab.runs.trials.history import ENDED, best

__all__ = ["Course"]

# Of a trial; the rest, such as a traceback, may be long, and this is held for each run that is not done.
_KEPT = ("trial", "state", "value", "metrics")


@dataclass(frozen=True)
class Course:
    """What was read of a log up to event `seq`. It never changes, as threads share it: `after` makes the next."""

    seq: int = 0
    step: Record | None = None
    trials: Mapping[int, Record] = field(default_factory=dict)

    def after(self, events: Iterable[Record]) -> Course:
        """The course once these events, which follow, have happened."""
        seq, step, trials = self.seq, self.step, dict(self.trials)
        for event in events:
            seq = event["seq"]
            if event["type"] == "epoch":
                step = event
            elif event["type"] == "trial":
                trials[event["trial"]] = {name: event[name] for name in _KEPT if name in event}
        return Course(seq, step, trials)

    def reached(self, spec: RunSpec) -> Mapping[str, Any] | None:
        """`{done, of, unit}`: trials that ended, without the baseline, or the last step of a training; None before."""
        if spec.tuning is not None:
            if not self.trials:
                return None
            done = sum(1 for n, event in self.trials.items() if n and event["state"] in ENDED)
            return {"done": done, "of": spec.tuning.budget.trials, "unit": "trial"}
        if self.step is None:
            return None
        return {"done": self.step["step"], "of": self.step.get("of"), "unit": self.step["unit"]}

    def best(self) -> Mapping[str, Any] | None:
        """`{metric, value, trial}` of the best trial so far; None if none is done."""
        done = (event for event in self.trials.values() if event["state"] == "done" and event.get("metrics"))
        # The objective is the first of a trial's metrics.
        metric = next((next(iter(event["metrics"])) for event in done), None)
        if metric is None:
            return None
        found = best(self.trials.values(), "max" if METRICS[metric][1] else "min")
        return found and {"metric": metric, "value": found["value"], "trial": found["trial"]}
