"""What kind of question a target asks."""

from __future__ import annotations

import pandas as pd

from kflab.ml.errors import DataError
from kflab.ml.spec import Known, Task

__all__ = ["MAX_CLASSES", "resolve", "suggest"]

MAX_CLASSES = 1000


def suggest(target: pd.Series) -> Known:
    """The task a target looks like: two values are classes, and so are texts and a few whole numbers."""
    values = target.dropna()
    distinct = values.nunique()
    if distinct <= 2:
        return "binary"
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return "multiclass"
    whole = bool((values == values.round()).all())
    return "multiclass" if whole and distinct <= min(20, max(2, len(values) // 10)) else "regression"


def resolve(task: Task, target: pd.Series) -> Known:
    """The task to solve. Raises DataError if the target does not allow the one that was asked for."""
    if task == "auto":
        return suggest(target)
    distinct = target.nunique()
    if task == "binary" and distinct != 2:
        raise DataError(
            "task", f"A binary task needs a target of two values; {target.name!r} has {distinct}."
        )
    if task == "regression" and not pd.api.types.is_numeric_dtype(target):
        raise DataError(
            "task",
            f"Regression needs numbers; {target.name!r} holds text. Choose multiclass, or another target.",
        )
    if task == "multiclass" and distinct > MAX_CLASSES:
        raise DataError(
            "task",
            f"{target.name!r} has {distinct} values, too many for classes (at most {MAX_CLASSES}). Use regression?",
        )
    return task
