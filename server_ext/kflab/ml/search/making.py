"""From the name of a method to its searcher."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kflab.ml.search.recorded import Goal, Proposer, Record, Recorded, Terms
from kflab.ml.search.searcher import Searcher
from kflab.ml.search.spaces import Space
from kflab.ml.tuning import Method, Parameter, ResourceSpec

__all__ = ["make"]


def make(
    method: Method, space: Sequence[Parameter], *, goal: Goal, seed: int, resource: ResourceSpec | None = None
) -> Searcher:
    """The searcher of a method over a space that `checks.check` lets through. Any whole number is a seed.

    All methods but tpe load keras-tuner here, which takes seconds. Raises ValueError for hyperband without a resource,
    and for grid over a range that has no steps.
    """
    terms = Terms(method, Space(space), goal, seed, resource if method == "hyperband" else None)
    if method == "hyperband" and resource is None:
        raise ValueError("Hyperband needs a resource: what its trials get more and more of.")
    if method == "grid" and not terms.space.finite:
        endless = next(d.parameter.name for d in terms.space.dimensions if not d.counted)
        raise ValueError(f"Grid search goes in steps; give {endless!r} one, or choose another method.")
    proposer = _proposer(method)
    return Recorded(terms, lambda record: proposer(terms, record))


def _proposer(method: Method) -> Callable[[Terms, Record], Proposer]:
    if method == "tpe":
        from kflab.ml.search.tpe import TpeProposer

        return TpeProposer
    if method == "bayesian":
        from kflab.ml.search.relay import BayesianProposer

        return BayesianProposer
    from kflab.ml.search.oracles import OracleProposer

    return OracleProposer
