"""Search for better hyperparameters from Python."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kflab.sdk import ulid
from kflab.sdk.connection import ApiError, Unreachable, find
from kflab.sdk.training import Progress, RunHandle, bar, number, request

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TuneHandle", "tune"]

# What a search takes over from the training run that it begins with.
_TAKEN = ("workspace", "task", "metrics", "dataset", "preprocess", "split", "model", "training", "engine")
_COLUMNS = ("trial", "state", "value", "std", "seconds")
_SOMETIMES = ("resource", "text")  # columns that are there if a trial has such a value


class TuneHandle(RunHandle):
    """A run that tunes: its trials, the best of them, and the model that comes of it."""

    def trials(self) -> pd.DataFrame:
        """One row for each trial, 0 being the baseline: state, value, std, seconds, and a column for each parameter.

        `resource` is there with hyperband, `text` once a trial has failed or was stopped. A parameter named as one of
        these columns is in `params.NAME`.
        """
        import pandas as pd

        found = self._trials().values()
        columns = [*_COLUMNS, *(name for name in _SOMETIMES if any(name in event for event in found))]
        rows = []
        for event in found:
            params = {f"params.{k}" if k in columns else k: v for k, v in event["params"].items()}
            rows.append({**{name: event.get(name) for name in columns}, **params})
        table = pd.DataFrame(rows, columns=None if rows else columns).set_index("trial").sort_index()
        # With gaps pandas would turn whole numbers into floats.
        whole = [
            name for name in table if all(type(row[name]) is int for row in rows if row.get(name) is not None)
        ]
        return table.astype({name: "Int64" for name in whole if table[name].notna().any()})

    def best(self) -> dict[str, Any]:
        """`{metric, value, trial, params, baseline, gain}` of the best trial, of those done so far while the run goes on.

        `baseline` is the value that it started from, None if that could not be measured, and `gain` how much better
        the best is; if that is the baseline itself, `trial` is 0. Raises ValueError while no trial is done.
        """
        run, trials = self.info(), self._trials()
        told = run.get("best") or _best_so_far(trials.values())
        if not told:
            next = "wait() for it" if run["state"] in ("queued", "running") else "trials() tells more"
            raise ValueError(f"run {self.id} is {run['state']}, and none of its trials is done; {next}")
        before = trials.get(0, {}).get("value")
        gain = None if before is None else abs(told["value"] - before)
        return {**told, "params": trials[told["trial"]]["params"], "baseline": before, "gain": gain}

    def summary(self) -> str:
        """What came of the search so far, in a sentence.

        Raises ValueError while no trial is done.
        """
        best, trials = self.best(), self._trials()
        done = sum(1 for n, event in trials.items() if n and event["state"] == "done")
        value = f"{best['metric']} {best['value']:.4g}"
        if done == 0:
            return f"Only the baseline is done: {value}."
        if best["trial"] == 0:
            none = "The one trial does not beat" if done == 1 else f"None of {done} trials beats"
            return f"{none} the baseline: {value}."
        if best["gain"] is None:
            return f"Best of {done}: {value}; the baseline {_no_value(trials.get(0))}."
        where = "above" if best["value"] > best["baseline"] else "below"
        return f"Best of {done}: {value}, {best['gain']:.3g} {where} the baseline."

    def register(self) -> RunHandle:
        """Train the best trial on train and validation together, and record the model; returns that run."""
        return RunHandle(find().request("POST", f"runs/{self.id}/register", {"key": ulid.new()})["id"])

    def resume(
        self, *, trials: int | None = None, parallel: int | None = None, seconds: float | None = None
    ) -> TuneHandle:
        """Go on with a search that has ended; its finished trials stay.

        One that is done needs more `trials`, counted from the first, than it has had. Raises ApiError if it goes on
        already, or has had as many.
        """
        find().request(
            "POST",
            f"runs/{self.id}/resume",
            {"budget": _given(trials=trials, parallel=parallel, seconds=seconds)},
        )
        return self

    def stop(self, trial: int) -> TuneHandle:
        """End one running trial, 0 for the baseline, for good; the search goes on with the others.

        Raises ApiError if there is no such trial, or it has ended.
        """
        find().request("POST", f"runs/{self.id}/trials/{trial}/stop")
        return self

    def _trials(self) -> dict[int, dict[str, Any]]:
        """The last event of each trial."""
        return {event["trial"]: event for event in self.events() if event["type"] == "trial"}

    def _progress(self) -> Progress:
        return _TrialBar(self)


def _goals() -> dict[str, str]:
    """Of each metric whether `max` or `min` is best."""
    return {metric["name"]: metric["goal"] for metric in find().request("GET", "methods")["metrics"]}


def _best_so_far(trials: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """`{metric, value, trial}` of the best of those that are done, the earliest of equals; None if none is."""
    done = [event for event in trials if event["state"] == "done"]
    if not done:
        return None
    metric = _metric(done[0])
    sign = 1 if _goals()[metric] == "max" else -1
    found = max(done, key=lambda event: (sign * event["value"], -event["trial"]))
    return {"metric": metric, "value": found["value"], "trial": found["trial"]}


def _no_value(baseline: Mapping[str, Any] | None) -> str:
    state = baseline["state"] if baseline else "running"
    return {"failed": "failed", "pruned": "was stopped"}.get(state, "is not done yet")


def _metric(event: Mapping[str, Any]) -> str:
    """The metric that decides: the first of those that were measured."""
    return str(next(iter(event["metrics"])))


class _TrialBar:
    """A bar over the trials; beside it the value of the baseline, the best so far, and how many failed."""

    def __init__(self, run: RunHandle) -> None:
        self._run = run
        self._opened = False
        self._bar: Any = None
        self._goals: Mapping[str, str] = {}
        self._trials: dict[int, Mapping[str, Any]] = {}

    def event(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "trial":
            # Made now, as the server has just answered; it may have been away when the waiting began.
            self._open()
            self._trials[event["trial"]] = event
        if self._bar is None:
            return
        if event["type"] == "done":
            self._bar.total = self._bar.n  # a space may be exhausted before the budget is
            self._bar.refresh()
        if event["type"] == "trial" and event["state"] != "running":
            self._bar.n = sum(1 for n, e in self._trials.items() if n and e["state"] != "running")
            self._bar.set_postfix(self._beside(event))

    def _open(self) -> None:
        if self._opened:
            return
        budget = self._run.info()["spec"]["tuning"]["budget"]
        try:
            self._goals = _goals()
        except (ApiError, Unreachable):
            self._goals = {}  # then the last value is shown, and not the best
        self._bar = bar(total=budget["trials"], unit="trial", desc="tuning")
        self._opened = True

    def _beside(self, last: Mapping[str, Any]) -> dict[str, str]:
        shown: dict[str, str] = {}
        if 0 in self._trials and self._trials[0]["state"] != "running":
            value = self._trials[0].get("value")
            shown["baseline"] = f"{value:.4g}" if number(value) else _no_value(self._trials[0])
        done = [event for event in self._trials.values() if event["state"] == "done"]
        goal = self._goals.get(_metric(done[0])) if done else None
        if goal and len(done) > 1:
            values = [event["value"] for event in done]
            shown["best"] = f"{(max if goal == 'max' else min)(values):.4g}"
        elif last["trial"] and number(last.get("value")):
            shown["last"] = f"{last['value']:.4g}"
        if failed := sum(1 for n, event in self._trials.items() if n and event["state"] == "failed"):
            shown["failed"] = str(failed)
        return shown

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def tune(
    spec: Mapping[str, Any] | RunHandle | None = None,
    *,
    dataset: str | Mapping[str, Any] | None = None,
    target: str | None = None,
    model: str | Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    space: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None,
    metric: str | None = None,
    method: str | None = None,
    trials: int | None = None,
    parallel: int | None = None,
    seconds: float | None = None,
    baseline: Mapping[str, Any] | None = None,
    split: Sequence[float] | Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    tuning: Mapping[str, Any] | None = None,
    **more: Any,
) -> TuneHandle:
    """Start a search and return its handle.

    Give a whole RunSpec, or its parts as for `train`, or a training run that is done, whose data and model are the
    baseline then; and what to search. `space` is a list of parameters, or in short

        {"max_depth": (1, 32), "ccp_alpha": (1e-5, 0.1, "log"), "criterion": ["gini", "entropy"]}

    where a pair of numbers is a range, with "log" behind it on a log scale, a `range` goes in its steps, and a list
    are choices; without it the suggested space of the model is searched. `method` is random, grid, bayesian, tpe or
    hyperband; `seconds` limits the whole search. Trial 0 is the baseline: the model with `params`, or with `baseline`.

        search = kflab.tune(dataset="sklearn:digits", model="sklearn:DecisionTreeClassifier",
                            params={"max_depth": 1}, method="tpe", trials=8)
        print(search.wait().summary())

    Raises ApiError, naming the fields at fault, if the server refuses it, Unreachable if none answers, and TypeError
    or ValueError for a space that cannot be read.
    """
    given = _of_run(spec) if isinstance(spec, RunHandle) else spec or {}
    body = request(
        {**given, "kind": "tune", **more},
        dataset=dataset,
        target=target,
        model=model,
        params=params,
        split=split,
        training=training,
    )
    searched: dict[str, Any] = {**(body.get("tuning") or {}), **(tuning or {})}
    if space is not None:
        searched["space"] = _space(space)
    if metric is not None:
        searched["objective"] = {"metric": metric}
    if budget := _given(trials=trials, parallel=parallel, seconds=seconds):
        searched["budget"] = {**(searched.get("budget") or {}), **budget}
    for name, value in (("method", method), ("baseline", baseline)):
        if value is not None:
            searched[name] = dict(value) if isinstance(value, Mapping) else value
    return TuneHandle(find().request("POST", "runs", {**body, "tuning": searched})["id"])


def _given(**limits: float | None) -> dict[str, float]:
    return {name: value for name, value in limits.items() if value is not None}


def _of_run(run: RunHandle) -> dict[str, Any]:
    """What a search takes over from a run."""
    spec = run.info()["spec"]
    taken = {name: spec[name] for name in _TAKEN if spec.get(name) is not None}
    # That a model has learned from the validation part as well says nothing of how trials are measured.
    taken["training"] = {k: v for k, v in taken.get("training", {}).items() if k != "refit"}
    return {**taken, "from": {"run": run.id}}


def _space(space: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> list[dict[str, Any]]:
    """The space as the API has it, from the short form or as it is."""
    if not isinstance(space, Mapping):
        return [dict(parameter) for parameter in space]
    return [{"name": name, **_dimension(name, given)} for name, given in space.items()]


def _dimension(name: str, given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, range) and given:
        low, high = sorted((given[0], given[-1]))
        return {"type": "int", "low": low, "high": high, "step": abs(given.step)}
    if isinstance(given, tuple) and len(given) in (2, 3) and all(number(end) for end in given[:2]):
        return _range(name, given)
    if isinstance(given, (list, tuple)) and given:
        options = list(given)
        if options in ([False, True], [True, False]) and all(isinstance(o, bool) for o in options):
            return {"type": "bool"}
        return {"type": "choice", "choices": options}
    raise TypeError(
        f"space[{name!r}] must be a pair of numbers such as (1, 32), a list of choices such as ['gini', 'entropy'], "
        f"or an object with its type, not {given!r}"
    )


def _range(name: str, given: tuple[Any, ...]) -> dict[str, Any]:
    low, high, *scale = given
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"space[{name!r}] must have two finite ends, such as (1, 32), not {given!r}")
    if scale not in ([], ["log"], ["linear"]):
        raise TypeError(
            f'space[{name!r}] is a range with {scale[0]!r} behind it; only "log" can stand there. For steps use '
            f"{{'type': 'int', 'low': {low!r}, 'high': {high!r}, 'step': …}}, for choices a list."
        )
    whole = isinstance(low, int) and isinstance(high, int)
    found: dict[str, Any] = {"type": "int" if whole else "float", "low": low, "high": high}
    return {**found, "scale": scale[0]} if scale else found
