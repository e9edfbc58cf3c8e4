"""What one sees while a model learns: predictions on validation rows beside the truth, at no more than its price."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kflab.ml.errors import TrainingError
from kflab.ml.metrics import LOSS, score
from kflab.ml.spec import Known

__all__ = ["Emit", "Live", "Part", "predictions", "report"]

Array = np.ndarray[Any, Any]
Emit = Callable[..., None]

MAX_ROWS = 200
_MAX_LABELS = 30
_SHARE = 0.25
# Below this a step's price is noise, and thinning would only hide the first curve.
_FREE_SECONDS = 0.5
_TRAIN_SAMPLE = 2000


@dataclass(frozen=True)
class Part:
    """Rows to compare on: features or prepared numbers `X`, the truth, and the rows' numbers in the source."""

    X: Any
    truth: Array
    rows: Array

    def head(self, count: int) -> Part:
        return (
            self if len(self.truth) <= count else Part(self.X[:count], self.truth[:count], self.rows[:count])
        )


def report(
    rows: Array, truth: Array, pred: Array, proba: Array | None, classes: Sequence[Any] | None
) -> dict[str, Any]:
    """The fields of a prediction event: a sample of rows, those with the largest error first, and a summary of all."""
    if classes is not None:
        index = {c: i for i, c in enumerate(classes)}
        if proba is not None:
            error = 1 - proba[np.arange(len(truth)), [index[t] for t in truth]]
        else:
            error = (truth != pred).astype(float)
    else:
        error = np.abs(np.asarray(truth, dtype=float) - np.asarray(pred, dtype=float))
    order = np.argsort(-error, kind="stable")[:MAX_ROWS]
    sample = [
        {
            "row": int(rows[i]),
            "truth": _plain(truth[i]),
            "pred": _plain(pred[i]),
            **(
                {"proba": _probabilities(proba[i], classes)}
                if proba is not None and classes is not None
                else {}
            ),
        }
        for i in order
    ]
    fields: dict[str, Any] = {"n": len(truth), "rows": sample}
    if classes is None:
        fields["residuals"] = _residuals(np.asarray(truth, dtype=float) - np.asarray(pred, dtype=float))
    elif len(classes) <= _MAX_LABELS:
        from sklearn.metrics import confusion_matrix

        matrix = confusion_matrix(truth, pred, labels=list(classes))
        fields["confusion"] = {"labels": [_plain(c) for c in classes], "matrix": matrix.tolist()}
    return fields


def _probabilities(values: Array, classes: Sequence[Any]) -> dict[str, float]:
    """The five largest, so that an event stays small with many classes."""
    top = np.argsort(-values)[:5]
    return {str(classes[i]): round(float(values[i]), 6) for i in sorted(top)}


def _residuals(values: Array) -> dict[str, Any]:
    counts, edges = np.histogram(values, bins=min(30, max(5, len(values) // 5)))
    return {
        "mean": float(values.mean()),
        "std": float(values.std()),
        "max_abs": float(np.abs(values).max()),
        "histogram": {"counts": counts.tolist(), "edges": edges.tolist()},
    }


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


@dataclass
class Live:
    """Sends `epoch` and `prediction` events while a model is fitted, and thins them past a quarter of the fit's time.

    Without `detail` only epochs are sent: nobody looks at the rows of each of many trials.
    """

    emit: Emit
    task: Known
    metrics: Sequence[str]
    classes: Sequence[Any] | None
    train: Part
    validation: Part
    unit: str
    of: int
    detail: bool = True
    _began: float = field(default_factory=time.monotonic)
    _spent: float = 0.0
    _last: float = field(default_factory=time.monotonic)
    _thinned: bool = False

    def due(self, last: bool) -> bool:
        """Whether the next step may be shown: the last always, others while showing costs at most a quarter."""
        if last:
            return True
        fitting = time.monotonic() - self._began - self._spent
        if self._spent <= max(_FREE_SECONDS, _SHARE * fitting):
            return True
        if self.detail and not self._thinned:
            self._thinned = True
            self.emit(
                "warning",
                code="live-steps-thinned",
                text="Comparing predictions with the truth takes more than a quarter of the training time.",
                hint="Fewer steps are shown from here on; the model is the same.",
            )
        return False

    def step(
        self, step: int, model: Any, *, last: bool = False, known: dict[str, dict[str, float]] | None = None
    ) -> dict[str, float]:
        """Show one step; return its validation metrics, empty if it was thinned out.

        `known` are measures that the fit itself has already taken, by part.
        """
        if not self.due(last):
            return {}
        began = time.monotonic()
        names = list(dict.fromkeys([LOSS[self.task], *self.metrics]))
        train = self.train.head(_TRAIN_SAMPLE)
        values = {
            "train": self._score(names, train, *predictions(model, train.X, self.classes)),
        }
        pred, proba = predictions(model, self.validation.X, self.classes)
        values["validation"] = self._score(names, self.validation, pred, proba)
        for part, measures in (known or {}).items():
            values[part] |= measures
        self.emit(
            "epoch",
            step=step,
            of=self.of,
            unit=self.unit,
            train=values["train"],
            validation=values["validation"],
            seconds=round(began - self._last, 4),
        )
        if self.detail:
            fields = report(self.validation.rows, self.validation.truth, pred, proba, self.classes)
            self.emit("prediction", step=step, part="validation", **fields)
        self._last = time.monotonic()
        self._spent += self._last - began
        return values["validation"]

    def reached(self, step: int, model: Any, *, last: bool = False) -> float:
        """The validation loss at this step, which is shown if it is due.

        It is measured in any case: where training stops must not depend on how much there was time to show.
        """
        name = LOSS[self.task]
        shown = self.step(step, model, last=last)
        if name in shown:
            return shown[name]
        found = predictions(model, self.validation.X, self.classes)
        return self._score([name], self.validation, *found)[name]

    def _score(self, names: Sequence[str], part: Part, pred: Array, proba: Array | None) -> dict[str, float]:
        return score(names, part.truth, pred, proba, self.classes or ())


def predictions(model: Any, X: Any, classes: Sequence[Any] | None) -> tuple[Array, Array | None]:
    """(predictions, probabilities where there are any). Raises TrainingError(nan) where one of them is not a number."""
    if classes is None or not hasattr(model, "predict_proba"):
        return _numbers(np.asarray(model.predict(X))), None
    proba = _numbers(np.asarray(model.predict_proba(X)))
    known = np.asarray(model.classes_)
    if len(known) != len(classes):
        # An early step may not have seen every class yet.
        full = np.zeros((len(proba), len(classes)))
        full[:, [list(classes).index(c) for c in known]] = proba
        proba = full
    return np.asarray(classes, dtype=known.dtype)[proba.argmax(axis=1)], proba


def _numbers(found: Array) -> Array:
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        raise TrainingError("nan", "The model predicts values that are not finite numbers.")
    return found
