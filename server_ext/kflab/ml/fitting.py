"""How each kind of scikit-learn model is fitted so that one can watch, without changing what comes out."""

from __future__ import annotations

from typing import Any

import numpy as np

from kflab.ml.live import Live, Part
from kflab.ml.spec import Kind

__all__ = ["fit", "geometric", "nested", "plan"]

Array = np.ndarray[Any, Any]
_FOREST_STEPS = 20
_BOOSTING_STEPS = 5
_CURVE = (0.1, 0.25, 0.5, 1.0)


def geometric(total: int, steps: int) -> list[int]:
    """At most `steps` growing whole numbers from 1 to `total`, each about as many times its forerunner."""
    if total <= steps:
        return list(range(1, total + 1))
    return sorted({round(total ** (i / (steps - 1))) for i in range(steps)} | {total})


def plan(estimator: Any, kind: Kind, rows: int) -> tuple[str, int]:
    """(unit, how many in all) of the steps that fitting this model shows."""
    if kind == "forest":
        return "trees", int(estimator.n_estimators)
    if kind == "histogram":
        return "iteration", int(estimator.max_iter)
    if _has_callbacks(estimator):
        return "iteration", int(estimator.max_iter)
    return "samples", rows


def fit(
    estimator: Any, kind: Kind, train: Part, live: Live | None, *, seed: int, patience: int | None = None
) -> Any:
    """Fit on the prepared rows; show the steps if `live` is given. Returns the fitted estimator.

    With `patience`, boosting stops after that many shown steps without a smaller validation loss.
    """
    if live is None:
        return estimator.fit(train.X, train.truth)
    if kind == "forest":
        return _grow(
            estimator, "n_estimators", geometric(estimator.n_estimators, _FOREST_STEPS), train, live, None
        )
    if kind == "histogram":
        count = estimator.max_iter
        steps = sorted({max(1, round(count * (i + 1) / _BOOSTING_STEPS)) for i in range(_BOOSTING_STEPS)})
        return _grow(estimator, "max_iter", steps, train, live, patience)
    if _has_callbacks(estimator):
        return _watched(estimator, train, live)
    return _curve(estimator, train, live, seed)


def _grow(estimator: Any, size: str, steps: list[int], train: Part, live: Live, patience: int | None) -> Any:
    """Add trees in steps by warm start, which gives the very same forest as one fit of the full size."""
    estimator.set_params(warm_start=True)
    best, waited = float("inf"), 0
    for step in steps:
        estimator.set_params(**{size: step})
        estimator.fit(train.X, train.truth)
        last = step == steps[-1]
        if patience is None:
            live.step(step, estimator, last=last)
            continue
        loss = live.reached(step, estimator, last=last)
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited >= patience:
            break
    return estimator.set_params(warm_start=False)


def _has_callbacks(estimator: Any) -> bool:
    return hasattr(estimator, "set_callbacks") and getattr(estimator, "solver", None) == "lbfgs"


class _EachIteration:
    """A callback of scikit-learn 1.9 (sklearn.callback.FitCallback) that shows each iteration but the last.

    Which one is the last is known when the solver has ended: so each is shown when the next one comes.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._held: Any = None
        self.count = 0

    def setup(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> None:
        if fitted_estimator is not None and context.task_name == "lbfgs-iter":
            if self._held is not None:
                self._live.step(self.count, self._held)
            self.count += 1
            self._held = fitted_estimator


def _watched(estimator: Any, train: Part, live: Live) -> Any:
    watch = _EachIteration(live)
    estimator.set_callbacks(watch)
    try:
        estimator.fit(train.X, train.truth)
    finally:
        estimator.set_callbacks()
    live.of = max(watch.count, 1)
    live.step(live.of, estimator, last=True)
    return estimator


def _curve(estimator: Any, train: Part, live: Live, seed: int) -> Any:
    """Fit on growing nested samples; the last, on all rows, is the model."""
    from sklearn.base import clone

    order = nested(train.truth, seed, live.classes is not None)
    count = len(order)
    for share in _CURVE:
        last = share == 1.0
        # All rows in their own order: the model must be the one that a plain fit gives.
        rows = np.arange(count) if last else np.sort(order[: max(2, round(count * share))])
        model = estimator if last else clone(estimator)
        if not last and live.classes is not None and len(set(train.truth[rows].tolist())) < len(live.classes):
            continue
        model.fit(train.X[rows], train.truth[rows])
        live.step(len(rows), model, last=last)
    return estimator


def nested(truth: Array, seed: int, classes: bool) -> Array:
    """A random order of the rows that begins with one row of each class."""
    order = np.random.default_rng(seed).permutation(len(truth))
    if not classes:
        return order
    _, first = np.unique(truth[order], return_index=True)
    return np.concatenate([order[first], np.delete(order, first)])
