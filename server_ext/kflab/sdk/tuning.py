"""Search for better hyperparameters from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kflab.sdk.connection import find
from kflab.sdk.training import Progress, RunHandle, bar, number, request

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TuneHandle", "tune"]


class TuneHandle(RunHandle):
    """A run that tunes: its trials, the best of them, and the model that comes of it."""

    def trials(self) -> pd.DataFrame:
        """One row for each trial, 0 being the baseline: state, value, std, seconds, and a column for each parameter."""
        import pandas as pd

        rows = []
        for event in self._trials().values():
            kept = {name: event.get(name) for name in ("trial", "state", "value", "std", "seconds")}
            rows.append({**kept, **event["params"]})
        return pd.DataFrame(rows, columns=None if rows else ["trial"]).set_index("trial").sort_index()

    def best(self) -> dict[str, Any]:
        """`{metric, value, trial, params, baseline}` of the best trial; `baseline` is the value it started from.

        Raises ValueError while there is none.
        """
        run = self.info()
        if not run.get("best"):
            raise ValueError(f"run {self.id} is {run['state']} and has no best trial yet; wait() for it")
        trials = self._trials()
        found = trials[run["best"]["trial"]]
        return {**run["best"], "params": found["params"], "baseline": trials.get(0, {}).get("value")}

    def register(self) -> RunHandle:
        """Train the best trial on train and validation together, and record the model; returns that run."""
        return RunHandle(find().request("POST", f"runs/{self.id}/register")["id"])

    def resume(self) -> TuneHandle:
        """Go on with a search that was interrupted, cancelled or failed; its finished trials stay."""
        find().request("POST", f"runs/{self.id}/resume")
        return self

    def _trials(self) -> dict[int, dict[str, Any]]:
        """The last event of each trial."""
        return {event["trial"]: event for event in self.events() if event["type"] == "trial"}

    def _progress(self) -> Progress:
        tuning = self.info()["spec"]["tuning"]
        return _TrialBar(tuning["budget"]["trials"])


class _TrialBar:
    """A bar over the trials, with the best value and that of the baseline beside it."""

    def __init__(self, trials: int) -> None:
        self._bar = bar(total=trials, unit="trial", desc="tuning")
        self._ended: set[int] = set()
        self._values: dict[str, str] = {}

    def event(self, event: Mapping[str, Any]) -> None:
        if self._bar is None or event["type"] != "trial" or event["state"] == "running":
            return
        value = event.get("value")
        if event["trial"] == 0:
            self._values = {"baseline": f"{value:.4g}" if number(value) else "failed", **self._values}
        else:
            self._ended.add(event["trial"])
            if number(value):
                self._values["last"] = f"{value:.4g}"
        self._bar.n = len(self._ended)
        self._bar.set_postfix(self._values)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def tune(
    spec: Mapping[str, Any] | None = None,
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

    Give a whole RunSpec, or its parts as for `train`, and what to search: `space` as a list of parameters, or in short
    `{"max_depth": (1, 32), "criterion": ["gini", "entropy"]}`: a pair of numbers is a range, a list are choices; without
    it the suggested space of the model is searched. `method` is random, grid, bayesian, tpe or hyperband; `seconds` limits
    the whole search. Trial 0 is the baseline: the model with `params`, or with `baseline`.

        search = kflab.tune(dataset="sklearn:digits", model="sklearn:DecisionTreeClassifier",
                            params={"max_depth": 1}, method="tpe", trials=8)
        search.wait().best()

    Raises ApiError, naming the fields at fault, if the server refuses it, and Unreachable if none answers.
    """
    body = request(
        {"kind": "tune", **(spec or {}), **more},
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
    given = {"trials": trials, "parallel": parallel, "seconds": seconds}
    budget = {name: value for name, value in given.items() if value is not None}
    if budget:
        searched["budget"] = {**searched.get("budget", {}), **budget}
    for name, value in (("method", method), ("baseline", baseline)):
        if value is not None:
            searched[name] = value
    return TuneHandle(find().request("POST", "runs", {**body, "tuning": searched})["id"])


def _space(space: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> list[dict[str, Any]]:
    """The space as the API has it, from the short form or as it is."""
    if not isinstance(space, Mapping):
        return [dict(parameter) for parameter in space]
    return [{"name": name, **_dimension(given)} for name, given in space.items()]


def _dimension(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, tuple) and len(given) == 2 and all(number(end) for end in given):
        whole = all(isinstance(end, int) for end in given)
        return {"type": "int" if whole else "float", "low": given[0], "high": given[1]}
    if isinstance(given, (list, tuple)):
        options = list(given)
        if options in ([False, True], [True, False]):
            return {"type": "bool"}
        return {"type": "choice", "choices": options}
    raise TypeError(
        f"a dimension of the space is a pair such as (1, 32), a list of choices or an object, not {given!r}"
    )
