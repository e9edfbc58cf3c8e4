"""Bayesian optimization with a Gaussian process, by keras-tuner's Oracle."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from keras_tuner.oracles import BayesianOptimizationOracle as Theirs
from scipy.linalg import solve_triangular
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from kflab.ml.search.kept import Kept
from kflab.ml.search.recorded import Row, mixed

__all__ = ["BayesianOracle"]


class _Process(GaussianProcessRegressor):  # type: ignore[misc]
    """A Gaussian process that predicts without looking at what it is given: keras-tuner asks thousands of times."""

    def predict(self, X: Any, return_std: bool = False, return_cov: bool = False) -> Any:
        if return_cov or not return_std or not hasattr(self, "alpha_"):
            return super().predict(X, return_std=return_std, return_cov=return_cov)
        near = self.kernel_(X, self.X_train_)
        mean = self._y_train_std * (near @ self.alpha_) + self._y_train_mean
        solved = solve_triangular(self.L_, near.T, lower=True, check_finite=False)
        variance = self.kernel_.diag(X) - np.einsum("ij,ij->j", solved, solved)
        return mean, self._y_train_std * np.sqrt(np.maximum(variance, 0.0))


class BayesianOracle(Kept, Theirs):  # type: ignore[misc]
    """Bayesian optimization whose chance depends on the seed and the trial alone, so that it can go on elsewhere."""

    def __init__(self, **terms: Any) -> None:
        super().__init__(**terms)
        self._values: dict[str, float] = {}

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        self._random_state = np.random.RandomState(mixed(self.seed, int(trial_id)))
        # For what a trial that runs may give keras-tuner asks the process of the trial before. One that knows nothing yet
        # says 0, and 1 more for doubt: worse than most, so the next trial goes elsewhere.
        self.gpr = self._make_gpr()
        self._scale()
        # Its matrices are small, and threads make it slower.
        with threadpool_limits(1), warnings.catch_warnings():
            # Usual when trials lie near each other, and nobody can do anything about it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            answer: dict[str, Any] = super().populate_space(trial_id)
        if answer["status"] == "RUNNING" and self._duplicate(answer["values"]):
            # It would find out what it knows.
            return self._random_populate_space()  # type: ignore[no-any-return]
        return answer

    def _make_gpr(self) -> _Process:
        return _Process(**super()._make_gpr().get_params(deep=False))

    def end(self, key: str, value: float | None) -> None:
        super().end(key, value)
        if value is not None:
            self._values[key] = value

    def learn(self, row: Row) -> None:
        self.begin(row.key, row.codes)
        self.end(row.key, row.value)

    def _scale(self) -> None:
        """Give the scores a mean of 0 and a spread of 1.

        How near to its best keras-tuner looks for the next trial depends on their size: it hardly moves where they are
        thousandths, and hardly ends where they are millions.
        """
        if not self._values:
            return
        # In the order of the trials, not in that of their ends: sums depend on it.
        keys = [key for key in self.trials if key in self._values]
        values = np.asarray([self._values[key] for key in keys])
        values = values / (np.abs(values).max() or 1.0)  # else squares of the largest are infinite
        scores = (values - values.mean()) / (values.std() or 1.0)
        for key, score in zip(keys, scores, strict=True):
            self.trials[key].score = float(score)
