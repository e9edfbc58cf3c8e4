"""The tree-structured Parzen estimator, by Optuna.

The study lives in memory. Chance depends on the seed and the number of the trial alone, so the trials are all of its state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from kflab.ml.search.recorded import Proposal, Record, Row, Terms, mixed
from kflab.ml.search.searcher import END, Signal
from kflab.ml.search.spaces import Codes, Dimension

__all__ = ["TpeProposer"]

_STARTUP = 10  # trials by chance, before there is anything to learn from
_TRIES = 5  # of each sampler, for codes that were not tried
_STATES = {
    "running": TrialState.RUNNING,
    "done": TrialState.COMPLETE,
    "learned": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
_MANY = 32  # whole numbers in a range, from which on it is like one without steps
_STEP = 1  # Optuna ranks pruned trials by their last report


class TpeProposer:
    """Proposes what is likelier among the good trials than among the others; no parameters twice."""

    def __init__(self, terms: Terms, record: Record) -> None:
        self._space = terms.space
        self._seed = terms.seed
        self._tried = record.tried
        self._distributions = [_distribution(dimension) for dimension in terms.space.dimensions]
        self._always = {
            _name(position): distribution
            for position, distribution in enumerate(self._distributions)
            if not terms.space.dimensions[position].when and not distribution.single()
        }
        self._study = _study(StudyDirection.MAXIMIZE if terms.goal == "max" else StudyDirection.MINIMIZE)
        self._count = 0  # of trials in the study, those included that were drawn and dropped
        self._running: dict[str, optuna.Trial] = {}

    def propose(self, number: int) -> Proposal | Signal:
        for attempt in range(2 * _TRIES):
            seed = mixed(self._seed, number, attempt)
            self._study.sampler = (
                _Sampler(self._always, seed) if attempt < _TRIES else RandomSampler(seed=seed)
            )
            codes = self._draw()
            if codes not in self._tried:
                break
        else:
            left = self._space.untried(self._tried, mixed(self._seed, number))
            if left is None:
                return END
            codes = left
        self.enter(Row(str(number), number, codes, "running"))
        return Proposal(codes)

    def enter(self, row: Row) -> None:
        self._study.add_trial(
            create_trial(
                state=_STATES[row.state],
                value=row.value,
                params={_name(place): code for place, code in enumerate(row.codes) if code is not None},
                distributions={
                    _name(place): self._distributions[place]
                    for place, code in enumerate(row.codes)
                    if code is not None
                },
                intermediate_values={_STEP: row.value}
                if row.state == "pruned" and row.value is not None
                else None,
            )
        )
        self._count += 1
        if row.state == "running":
            self._running[row.key] = optuna.Trial(self._study, self._count - 1)

    def close(self, row: Row) -> None:
        trial = self._running.pop(row.key)
        if row.state == "pruned" and row.value is not None:
            trial.report(row.value, _STEP)
        value = row.value if row.state == "done" else None
        self._study.tell(trial, value, state=_STATES[row.state])

    def note(self) -> str | None:
        return None

    def dump(self) -> dict[str, Any]:
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        pass

    def _draw(self) -> Codes:
        """Codes that Optuna would try. Its own trial is dropped: the study has what the rows have, and nothing else."""
        trial = self._study.ask()
        self._count += 1
        codes: list[int | float | None] = []
        for position, (dimension, distribution) in enumerate(
            zip(self._space.dimensions, self._distributions, strict=True)
        ):
            code = None
            if self._space.active(position, codes):
                code = dimension.settle(_suggest(trial, _name(position), distribution))
            codes.append(code)
        self._study.tell(trial, state=TrialState.FAIL)
        return tuple(codes)


class _Sampler(TPESampler):
    """TPE that knows which parameters every trial has, and need not find out from the trials each time."""

    def __init__(self, always: dict[str, BaseDistribution], seed: int) -> None:
        super().__init__(seed=seed, n_startup_trials=_STARTUP, multivariate=True, constant_liar=True)
        self._kfhub_always = always

    def infer_relative_search_space(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._kfhub_always


def _study(direction: StudyDirection) -> optuna.Study:
    loud = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        return optuna.create_study(direction=direction)
    finally:
        optuna.logging.set_verbosity(loud)


def _distribution(dimension: Dimension) -> BaseDistribution:
    if not dimension.ordered:
        return CategoricalDistribution(tuple(range(int(dimension.high) + 1)))
    if dimension.counted and dimension.high - dimension.low >= _MANY:
        # Each whole number has the half before and after it; that is as good, and takes half the time.
        return FloatDistribution(dimension.low - 0.5, dimension.high + 0.5, log=dimension.log)
    if dimension.counted:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> int | float:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)  # type: ignore[return-value]
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
    if isinstance(distribution, FloatDistribution):
        return trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)
    raise TypeError(f"{distribution} is no distribution of a parameter")


def _name(position: int) -> str:
    return f"p{position}"
