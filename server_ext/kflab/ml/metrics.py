"""The measures of a model, by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kflab.ml.errors import DataError
from kflab.ml.spec import Known

__all__ = ["DEFAULTS", "LOSS", "METRICS", "check", "known", "score"]

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

# name -> (tasks, whether more is better)
METRICS: dict[str, tuple[tuple[Known, ...], bool]] = {
    "accuracy": (("binary", "multiclass"), True),
    "f1_macro": (("binary", "multiclass"), True),
    "roc_auc": (("binary", "multiclass"), True),
    "log_loss": (("binary", "multiclass"), False),
    "rmse": (("regression",), False),
    "mae": (("regression",), False),
    "r2": (("regression",), True),
}
DEFAULTS: dict[Known, tuple[str, ...]] = {
    "binary": ("accuracy", "f1_macro", "roc_auc", "log_loss"),
    "multiclass": ("accuracy", "f1_macro", "roc_auc", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}
# What the curves show of training beside the first metric.
LOSS: dict[Known, str] = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}


def known(names: Sequence[str]) -> None:
    """Raise DataError for a metric that does not exist."""
    for position, name in enumerate(names):
        if name not in METRICS:
            raise DataError(
                f"metrics.{position}", f"There is no metric {name!r}; there are {', '.join(METRICS)}."
            )


def check(names: Sequence[str], task: Known) -> list[str]:
    """The metrics of a run, those of the task where none is named. Raises DataError for one that does not fit."""
    known(names)
    for position, name in enumerate(names):
        if task not in METRICS[name][0]:
            raise DataError(
                f"metrics.{position}", f"{name} does not fit a {task} task; use {', '.join(DEFAULTS[task])}."
            )
    return list(dict.fromkeys(names)) or list(DEFAULTS[task])


def score(
    names: Sequence[str], truth: Array, pred: Array, proba: Array | None, classes: Sequence[Any]
) -> dict[str, float]:
    """The value of each metric.

    `truth` and `pred` have shape (n,), `proba` (n, len(classes)) in the order of `classes`. A metric that needs
    probabilities is left out where the model has none, and so is one that the truth does not allow (ROC needs
    every class in it).
    """
    import numpy as np
    from sklearn import metrics as sk

    values: dict[str, float] = {}
    for name in names:
        if name == "accuracy":
            value = sk.accuracy_score(truth, pred)
        elif name == "f1_macro":
            value = sk.f1_score(truth, pred, average="macro", labels=list(classes), zero_division=0)
        elif name == "rmse":
            value = sk.root_mean_squared_error(truth, pred)
        elif name == "mae":
            value = sk.mean_absolute_error(truth, pred)
        elif name == "r2":
            value = sk.r2_score(truth, pred)
        elif proba is None:
            continue
        elif name == "log_loss":
            value = sk.log_loss(truth, proba, labels=list(classes))
        else:
            if len(np.unique(truth)) != len(classes):
                continue
            value = (
                sk.roc_auc_score(truth == classes[1], proba[:, 1])
                if len(classes) == 2
                else sk.roc_auc_score(truth, proba, multi_class="ovr", labels=list(classes))
            )
        values[name] = float(value)
    return values
