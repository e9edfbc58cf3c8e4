"""What a dataset looks like: its columns, its first rows, and what they suggest."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kflab.ml import tasks
from kflab.ml.datasets import BUILTIN, nested, source
from kflab.ml.spec import ReadSpec

__all__ = ["profile"]

_FIRST_ROWS = 10
_MAX_COLUMNS = 500
_TARGET_NAMES = ("target", "label", "class", "y", "outcome", "diagnosis")


def profile(
    uri: str, root: Path, read: ReadSpec | None = None, hidden: frozenset[int] = frozenset()
) -> dict[str, Any]:
    """Describe the table behind a uri.

    Returns `{uri, sha256, rows, hidden, columns: [{name, dtype, role, missing, unique, min?, max?, mean?, top?, rarest?}],
    first_rows, suggested: {target, task}, warnings}`. `hidden` are the rows of a test set, left out and counted.
    Raises DataError.
    """
    frame, digest = source(uri, root, read)
    shown = frame.drop(index=[row for row in hidden if row < len(frame)]) if hidden else frame
    left_out = [name for name in shown.columns[:_MAX_COLUMNS] if nested(shown[name])]
    shown = shown.assign(**{name: shown[name].map(str, na_action="ignore") for name in left_out})
    columns = [_column(shown[name]) for name in shown.columns[:_MAX_COLUMNS]]
    warnings = [f"{name} holds lists or bytes; training leaves it out." for name in left_out]
    if len(shown.columns) > _MAX_COLUMNS:
        warnings.append(f"Only the first {_MAX_COLUMNS} of {len(shown.columns)} columns are shown.")
    for column in columns:
        if column["unique"] <= 1:
            warnings.append(f"{column['name']} has the same value in all rows and tells a model nothing.")
        elif column["missing"] > len(shown) / 2:
            warnings.append(f"{column['name']} is empty in {column['missing']} of {len(shown)} rows.")
    target = _target(uri, shown)
    return {
        "uri": uri,
        "sha256": digest,
        "rows": len(shown),
        "hidden": len(frame) - len(shown),
        "columns": columns,
        "first_rows": [
            [_cell(value) for value in row]
            for row in shown.iloc[:_FIRST_ROWS, :_MAX_COLUMNS].itertuples(index=False)
        ],
        "suggested": {"target": target, "task": tasks.suggest(shown[target])},
        "warnings": warnings[:20],
    }


def _target(uri: str, frame: pd.DataFrame) -> str:
    if uri.removeprefix("sklearn:") in BUILTIN:
        return "target"
    named = [str(c) for c in frame.columns if str(c).lower() in _TARGET_NAMES]
    return named[0] if named else str(frame.columns[-1])


def _column(values: pd.Series) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": str(values.name),
        "dtype": str(values.dtype),
        "role": _role(values),
        "missing": int(values.isna().sum()),
        "unique": int(values.astype(str).nunique() if values.dtype == object else values.nunique()),
    }
    if described["role"] == "number":
        described |= {"min": _cell(values.min()), "max": _cell(values.max()), "mean": _cell(values.mean())}
    elif described["role"] == "date":
        described |= {"min": _cell(values.min()), "max": _cell(values.max())}
    else:
        top = values.astype(str).value_counts().head(5)
        described["top"] = [{"value": str(value)[:100], "count": int(count)} for value, count in top.items()]
    if 0 < described["unique"] <= tasks.MAX_CLASSES:
        counts = values.astype(str).value_counts() if values.dtype == object else values.value_counts()
        described["rarest"] = {"value": str(counts.index[-1])[:100], "count": int(counts.iloc[-1])}
    return described


def _role(values: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(values):
        return "category"
    if pd.api.types.is_numeric_dtype(values):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    given = values.dropna().astype(str)
    long = not given.empty and given.str.len().mean() > 30
    return "text" if long and given.nunique() > 20 else "category"


def _cell(value: Any) -> Any:
    """A cell as JSON; what JSON has no word for becomes text or null."""
    if hasattr(value, "item") and np.ndim(value) == 0:
        value = value.item()
    if value is None or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bool, int, str)):
        return value[:200] if isinstance(value, str) else value
    return str(value)[:200]
