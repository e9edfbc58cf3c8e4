"""Random search, grid, hyperband and Bayesian optimization, by keras-tuner's Oracles. Importing this takes seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras_tuner

from kflab.ml.search.gaussian import BayesianOracle
from kflab.ml.search.hyperband import HyperbandOracle
from kflab.ml.search.kept import Kept, hyperparameters_of, raw, values_of
from kflab.ml.search.recorded import Proposal, Record, Row, Terms, mixed
from kflab.ml.search.searcher import END, WAIT, Signal
from kflab.ml.search.spaces import Code, Codes

__all__ = ["OracleProposer"]


class OracleProposer:
    """One of keras-tuner's Oracles: random, grid, hyperband or bayesian."""

    def __init__(self, terms: Terms, record: Record) -> None:
        self._space = terms.space
        self._oracle: Any = _oracle(terms, record)

    def propose(self, number: int) -> Proposal | Signal:
        key = str(number)
        answer = self._oracle.populate_space(key)
        if answer["status"] != "RUNNING":
            return WAIT if answer["status"] == "IDLE" else END
        codes = self._space.settle(raw(answer["values"]))
        self._oracle.begin(key, codes)
        return Proposal(codes, answer["values"].get("tuner/epochs"))

    def enter(self, row: Row) -> None:
        if row.state == "learned":
            self._oracle.learn(row)
            return
        self._oracle.begin(row.key, row.codes)
        if row.state != "running":
            self._oracle.end(row.key, row.value)

    def close(self, row: Row) -> None:
        self._oracle.end(row.key, row.value)

    def note(self) -> str | None:
        return None

    def dump(self) -> dict[str, Any]:
        return {"seed_state": self._oracle._seed_state, **self._oracle.more()}

    def load(self, state: Mapping[str, Any]) -> None:
        self._oracle._seed_state = int(state["seed_state"])
        self._oracle.go_on(state)


class _Random(Kept, keras_tuner.oracles.RandomSearchOracle):  # type: ignore[misc]
    pass


class _Grid(Kept, keras_tuner.oracles.GridSearchOracle):  # type: ignore[misc]
    """Takes each combination after the one before it, but those to be skipped.

    keras-tuner waits for a trial to end before it goes on, in case it has found new parameters; this space is known.
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = super().populate_space(trial_id)
        if answer["status"] != "RUNNING":
            return answer
        codes: Codes | None = self.kfhub_space.settle(raw(answer["values"]))
        while codes is not None and codes in self.kfhub_record.skipped:
            codes = self.kfhub_space.after(codes)
        if codes is None:
            return {"status": "IDLE" if self.ongoing_trials else "STOPPED", "values": None}
        return {**answer, "values": values_of(codes)}

    def begin(self, key: str, codes: Codes) -> None:
        super().begin(key, codes)
        self._populate_next = [key]

    def go_on(self, state: Mapping[str, Any]) -> None:
        for key in self.start_order:
            self._ordered_ids.insert(key)

    def _get_next_combination(self, values: Mapping[str, Code]) -> dict[str, Code] | None:
        # The same as keras-tuner's, without a list of all values of each parameter.
        following = self.kfhub_space.after(self.kfhub_space.settle(raw(values)))
        return None if following is None else values_of(following)


def _oracle(terms: Terms, record: Record) -> Any:
    common = {
        "objective": keras_tuner.Objective("value", terms.goal),
        "hyperparameters": hyperparameters_of(terms.space),
        # Seed 0 is none for keras-tuner, and seeds next to each other share most of their draws.
        "seed": mixed(terms.seed),
    }
    oracle: Any
    if terms.method == "random":
        oracle = _Random(**common)
    elif terms.method == "grid":
        oracle = _Grid(**common)
    elif terms.method == "bayesian":
        oracle = BayesianOracle(**common)
    elif terms.method == "hyperband" and terms.resource is not None:
        oracle = HyperbandOracle(terms.resource, **common)
    else:
        raise ValueError(f"keras-tuner has no method {terms.method}.")
    oracle.kfhub_space, oracle.kfhub_record = terms.space, record
    return oracle
