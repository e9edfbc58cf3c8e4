"""Bayesian optimization for as long as it is quick enough, then TPE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kflab.ml.search.oracles import OracleProposer
from kflab.ml.search.recorded import Proposal, Proposer, Record, Row, Terms
from kflab.ml.search.searcher import Signal
from kflab.ml.search.tpe import TpeProposer

__all__ = ["BayesianProposer"]

_MOST = 100


class BayesianProposer:
    """keras-tuner's Gaussian process for 100 trials, or until 100 results are learned; TPE from there, told of all."""

    def __init__(self, terms: Terms, record: Record) -> None:
        self._terms = terms
        self._record = record
        self._relayed = False
        self._now: Proposer = OracleProposer(terms, record)

    def propose(self, number: int) -> Proposal | Signal:
        learned = len(self._record.rows) - (number - 1)
        if not self._relayed and (number > _MOST or learned >= _MOST):
            self._relay()
        return self._now.propose(number)

    def enter(self, row: Row) -> None:
        self._now.enter(row)

    def close(self, row: Row) -> None:
        self._now.close(row)

    def note(self) -> str | None:
        if not self._relayed:
            return None
        return (
            f"After {_MOST} trials TPE went on, told of all of them: "
            "the Gaussian process grows slower with each trial."
        )

    def dump(self) -> dict[str, Any]:
        return {"relayed": True} if self._relayed else self._now.dump()

    def load(self, state: Mapping[str, Any]) -> None:
        if state.get("relayed"):
            self._relay()
        else:
            self._now.load(state)

    def _relay(self) -> None:
        self._relayed = True
        self._now = TpeProposer(self._terms, self._record)
        for row in self._record.rows:
            self._now.enter(row)
