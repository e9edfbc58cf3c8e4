"""Hyperband, by keras-tuner's Oracle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from keras_tuner.engine.hyperparameters import HyperParameters
from keras_tuner.engine.trial import Trial
from keras_tuner.oracles import HyperbandOracle as Theirs

from kflab.ml.search.kept import Kept
from kflab.ml.tuning import ResourceSpec

__all__ = ["HyperbandOracle"]


class _Short(int):
    """The number of a bracket that begins with fewer trials than its number says, as there are no more."""

    first: int

    def __new__(cls, number: int, first: int) -> _Short:
        short = super().__new__(cls, number)
        short.first = first
        return short


class HyperbandOracle(Kept, Theirs):  # type: ignore[misc]
    """Hyperband without end that begins with `resource.min`, and copes with failures and with spaces smaller than a bracket.

    A failed trial counts as the worst. Where only failed ones are left to choose from, the place stays empty: a trial
    that is never run, whose key is a negative number.
    """

    def __init__(self, resource: ResourceSpec, **terms: Any) -> None:
        super().__init__(max_epochs=resource.max, factor=resource.factor, hyperband_iterations=None, **terms)
        self._empty = 0
        self.min_epochs = resource.min
        self._current_bracket = self._get_num_brackets() - 1
        self._brackets: list[dict[str, Any]] = []
        self._start_new_bracket()

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        while True:
            answer: dict[str, Any] = super().populate_space(trial_id)
            parent = (answer.get("values") or {}).get("tuner/trial_id")
            if parent is None or math.isfinite(self.trials[parent].score):
                return answer
            self._leave_empty(trial_id)

    def end(self, key: str, value: float | None) -> None:
        super().end(key, value)
        if value is None:
            self._fail(self.trials[key])

    def more(self) -> dict[str, Any]:
        return {
            "at": [self._current_iteration, self._current_bracket],
            "brackets": [
                [
                    int(bracket["bracket_num"]),
                    getattr(bracket["bracket_num"], "first", None),
                    [
                        [[int(p["past_id"] or 0), int(p["id"])] for p in places]
                        for places in bracket["rounds"]
                    ],
                ]
                for bracket in self._brackets
            ],
        }

    def go_on(self, state: Mapping[str, Any]) -> None:
        self._current_iteration, self._current_bracket = state["at"]
        self._brackets = []
        for number, first, rounds in state["brackets"]:
            bracket = {
                "bracket_num": number if first is None else _Short(number, first),
                "rounds": [
                    [{"past_id": str(past) if past else None, "id": str(key)} for past, key in places]
                    for places in rounds
                ],
            }
            self._brackets.append(bracket)
            for place in _places(bracket):
                if place["id"].startswith("-"):
                    self._enter_empty(place["id"])
                elif place["id"] not in self.trials:
                    raise ValueError(f"a bracket has the trial {place['id']}, which is not there")

    def _random_trial(self, trial_id: str, bracket: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = super()._random_trial(trial_id, bracket)
        begun = len(bracket["rounds"][0])
        if answer["status"] == "RUNNING" or not begun:
            return answer
        # Everything was tried: go on with those that the bracket has.
        bracket["bracket_num"] = _Short(bracket["bracket_num"], begun)
        return self.populate_space(trial_id)

    def _get_size(self, bracket_num: int, round_num: int) -> int:
        if isinstance(bracket_num, _Short):
            return math.ceil(Fraction(bracket_num.first, self.factor**round_num))
        # keras-tuner's own, which takes the least resource for 1.
        rounds = 1
        while self.min_epochs * self.factor ** (rounds - 1) < self.max_epochs:
            rounds += 1
        return math.ceil(Fraction(rounds * self.factor ** (bracket_num - round_num), bracket_num + 1))

    def _leave_empty(self, trial_id: str) -> None:
        for bracket in self._brackets:
            for place in _places(bracket):
                if place["id"] == trial_id:
                    self._empty -= 1
                    place["id"] = str(self._empty)
                    self._enter_empty(place["id"])

    def _enter_empty(self, key: str) -> None:
        self._empty = min(self._empty, int(key))
        self.trials[key] = Trial(HyperParameters(), trial_id=key)
        self._fail(self.trials[key])

    def _fail(self, trial: Any) -> None:
        trial.status = "COMPLETED"
        trial.score = -math.inf if self.objective.direction == "max" else math.inf


def _places(bracket: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [place for places in bracket["rounds"] for place in places]
