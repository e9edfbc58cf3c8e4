"""What keras-tuner's Oracles need to be used without their files, prints, retries and locks.

Of an Oracle only what decides is used: `populate_space`. Its trials are entered and ended here, not by `create_trial` and
`end_trial`. Those write files, print, try again and give up after failures, which is the business of whoever runs the
trials, and they keep a lock for ever when something raises.

Importing this takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keras_tuner.engine.hyperparameters import Float, HyperParameters, Int
from keras_tuner.engine.trial import Trial
from keras_tuner.src.engine.conditions import Parent

from kflab.ml.search.recorded import Record, Row
from kflab.ml.search.spaces import Code, Codes, Space

__all__ = ["Kept", "hyperparameters_of", "raw", "values_of"]


class Kept:
    """What our Oracles have in common: trials that are entered and ended, and a space that is searched to its end."""

    # What is used of keras-tuner's Oracle.
    trials: dict[str, Any]
    ongoing_trials: dict[str, Any]
    start_order: list[str]
    objective: Any
    seed: int
    _seed_state: int

    kfhub_space: Space
    kfhub_record: Record

    def begin(self, key: str, codes: Codes) -> None:
        hyperparameters = HyperParameters()
        hyperparameters.values = values_of(codes)
        trial = Trial(hyperparameters, trial_id=key)
        self.trials[key] = self.ongoing_trials[key] = trial
        self.start_order.append(key)

    def end(self, key: str, value: float | None) -> None:
        trial = self.ongoing_trials.pop(key)
        trial.status = "FAILED" if value is None else "COMPLETED"
        trial.score = value

    def learn(self, row: Row) -> None:
        """A result from outside; where results are not learned from, that it was tried is all there is to know."""

    def more(self) -> dict[str, Any]:
        return {}

    def go_on(self, state: Mapping[str, Any]) -> None:
        pass

    def _duplicate(self, values: Mapping[str, Any]) -> bool:
        return self.kfhub_space.settle(raw(values)) in self.kfhub_record.tried

    def _random_values(self) -> dict[str, Code] | None:
        """Values that were not tried. Where chance finds none in 20 draws, one of those left; None if none is."""
        values: dict[str, Code] | None = super()._random_values()  # type: ignore[misc]
        if values is not None:
            return values
        # The state of keras-tuner's chance, which each draw has moved on, is as good as a seed.
        left = self.kfhub_space.untried(self.kfhub_record.tried, self._seed_state)
        return None if left is None else values_of(left)


def hyperparameters_of(space: Space) -> Any:
    hyperparameters = HyperParameters()
    for position, dimension in enumerate(space.dimensions):
        conditions = [
            # A condition without values is an error there; no code is negative.
            Parent(_name(place), sorted(codes) or [-1])
            for place, codes in dimension.when
        ]
        kind = Int if dimension.counted else Float
        sampling = "log" if dimension.log else "linear"
        hyperparameters.merge(
            [kind(_name(position), dimension.low, dimension.high, sampling=sampling, conditions=conditions)]
        )
    return hyperparameters


def _name(position: int) -> str:
    return f"p{position}"


def values_of(codes: Sequence[Code | None]) -> dict[str, Code]:
    return {_name(position): code for position, code in enumerate(codes) if code is not None}


def raw(values: Mapping[str, Any]) -> dict[int, Code]:
    """By position; without what hyperband adds under `tuner/`."""
    return {int(name[1:]): value for name, value in values.items() if "/" not in name}
