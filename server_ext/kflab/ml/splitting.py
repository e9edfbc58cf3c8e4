"""Which row goes into which part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kflab.ml.errors import DataError
from kflab.ml.spec import Known, SplitSpec

__all__ = ["PARTS", "folds", "marks", "split"]

Rows = np.ndarray[Any, np.dtype[np.int64]]
PARTS = {2: ("train", "test"), 3: ("train", "validation", "test")}


def split(frame: pd.DataFrame, target: str, spec: SplitSpec, task: Known) -> dict[str, Rows]:
    """Row positions of each part, ascending, every row in exactly one part; the same for the same seed.

    Raises DataError if a part would be empty, a class is too small, or the column to split by does not serve.
    """
    names = PARTS[len(spec.parts)]
    if len(frame) < 2 * len(names):
        raise DataError(
            "split.parts",
            f"{len(frame)} rows are too few for {len(names)} parts; at least {2 * len(names)} are needed.",
        )
    order = _ORDER[spec.method](frame, target, spec, task)
    parts = [np.sort(rows) for rows in order]
    for name, rows in zip(names, parts, strict=True):
        if len(rows) == 0:
            raise DataError(
                "split.parts", f"The {name} part would be empty; give it a larger share or use more rows."
            )
    if task != "regression":
        known = set(frame[target].iloc[parts[0]])
        for name, rows in zip(names[1:], parts[1:], strict=True):
            new = set(frame[target].iloc[rows]) - known
            if new:
                raise DataError(
                    "split.method",
                    f"Class {next(iter(new))} is in the {name} part but not in train; use the stratified method.",
                )
    return dict(zip(names, parts, strict=True))


def _cuts(count: int, shares: list[float]) -> list[int]:
    """Where to cut `count` things so that each part is within one of its share."""
    return [round(count * total) for total in np.cumsum(shares)[:-1]]


def _random(frame: pd.DataFrame, target: str, spec: SplitSpec, task: Known) -> list[Rows]:
    rows = np.random.default_rng(spec.seed).permutation(len(frame))
    return np.split(rows, _cuts(len(rows), spec.parts))


def _stratified(frame: pd.DataFrame, target: str, spec: SplitSpec, task: Known) -> list[Rows]:
    if task == "regression":
        raise DataError("split.method", "A stratified split needs classes; use random for regression.")
    generator = np.random.default_rng(spec.seed)
    parts: list[list[Rows]] = [[] for _ in spec.parts]
    for value, rows in sorted(
        frame.groupby(target, sort=False).indices.items(), key=lambda item: str(item[0])
    ):
        if len(rows) < len(spec.parts):
            raise DataError(
                "split.method",
                f"Class {value} has only {len(rows)} row{'s' * (len(rows) != 1)}, too few to be in each of "
                f"{len(spec.parts)} parts. Use the random method, add rows, or leave the class out.",
            )
        shuffled = generator.permutation(rows)
        cuts = _cuts(len(rows), spec.parts)
        # Every part gets at least one row of every class.
        for position in range(len(cuts)):
            low = (cuts[position - 1] if position else 0) + 1
            cuts[position] = min(max(cuts[position], low), len(rows) - (len(cuts) - position))
        for part, piece in zip(parts, np.split(shuffled, cuts), strict=True):
            part.append(piece)
    return [np.concatenate(part) for part in parts]


def _group(frame: pd.DataFrame, target: str, spec: SplitSpec, task: Known) -> list[Rows]:
    groups = _column(frame, spec)
    names = np.random.default_rng(spec.seed).permutation(np.sort(groups.astype(str).unique()))
    if len(names) < len(spec.parts):
        raise DataError(
            "split.by", f"{spec.by!r} has {len(names)} groups, too few for {len(spec.parts)} parts."
        )
    # Groups are dealt out one by one until a part has its share of the rows.
    sizes = groups.astype(str).value_counts()
    bounds = np.cumsum(spec.parts) * len(frame)
    part_of: dict[str, int] = {}
    filled, part = 0, 0
    for position, name in enumerate(names):
        left = len(names) - position
        while part < len(spec.parts) - 1 and (filled >= bounds[part] - 0.5 or left < len(spec.parts) - part):
            part += 1
        part_of[name] = part
        filled += int(sizes[name])
    numbers = groups.astype(str).map(part_of).to_numpy()
    return [np.flatnonzero(numbers == part) for part in range(len(spec.parts))]


def _time(frame: pd.DataFrame, target: str, spec: SplitSpec, task: Known) -> list[Rows]:
    times = _column(frame, spec)
    if not (pd.api.types.is_numeric_dtype(times) or pd.api.types.is_datetime64_any_dtype(times)):
        raise DataError(
            "split.by",
            f"{spec.by!r} is neither a date (such as 2026-01-31) nor a number, so it gives no order in time.",
        )
    rows = np.argsort(times.to_numpy(), kind="stable")
    return np.split(rows, _cuts(len(rows), spec.parts))


def _column(frame: pd.DataFrame, spec: SplitSpec) -> pd.Series:
    if spec.by not in frame.columns:
        raise DataError("split.by", f"There is no column {spec.by!r} to split by.")
    column = frame[spec.by]
    if column.isna().any():
        raise DataError(
            "split.by",
            f"{spec.by!r} is empty in {int(column.isna().sum())} rows; each row needs a value to split by.",
        )
    return column


_ORDER = {"random": _random, "stratified": _stratified, "group": _group, "time": _time}


def marks(frame: pd.DataFrame, spec: SplitSpec) -> Rows | None:
    """The group of each row, or its rank in time, as a number; None where the method splits by no column."""
    if spec.method not in ("group", "time"):
        return None
    column = _column(frame, spec)
    codes, _ = pd.factorize(column.astype(str) if spec.method == "group" else column, sort=True)
    return codes.astype(np.int64)


def folds(truth: pd.Series, spec: SplitSpec, task: Known, marked: Rows | None) -> list[tuple[Rows, Rows]]:
    """(train, validation) row positions of each fold, by the method of the split; `marked` are the marks of these rows.

    Groups stay whole, and nothing later is learned from to predict what was before. Otherwise classes are spread
    evenly where each has enough rows. Raises DataError where there are too few groups or rows for two folds.
    """
    from sklearn import model_selection as ways

    if marked is not None and spec.method == "time":
        return _forward(marked, spec)
    if marked is None:
        count = _count(spec, len(truth), "split.parts", "rows")
    else:
        count = _count(spec, len(np.unique(marked)), "split.by", f"groups of {spec.by!r}")
    even = task != "regression" and truth.value_counts().min() >= count

    def divided(kind: Any) -> list[tuple[Rows, Rows]]:
        way = kind(count, shuffle=True, random_state=spec.seed)
        return list(way.split(np.zeros(len(truth)), truth, marked))

    if marked is None:
        return divided(ways.StratifiedKFold if even else ways.KFold)
    found = divided(ways.StratifiedGroupKFold if even else ways.GroupKFold)
    # With few groups StratifiedGroupKFold may leave a fold empty, by an error of rounding; GroupKFold never does.
    return found if all(len(watch) for _, watch in found) else divided(ways.GroupKFold)


def _forward(ranks: Rows, spec: SplitSpec) -> list[tuple[Rows, Rows]]:
    """Each fold learns from all rows before those that it compares on; fold 1 is the latest, which learns from most."""
    from sklearn.model_selection import TimeSeriesSplit

    order = np.argsort(ranks, kind="stable")
    # The earliest rows are only learned from.
    count = _count(spec, len(order) - 1, "split.parts", "rows to compare on")
    found = [(order[learn], order[watch]) for learn, watch in TimeSeriesSplit(count).split(order)]
    return [(np.sort(learn), np.sort(watch)) for learn, watch in reversed(found)]


def _count(spec: SplitSpec, most: int, field: str, unit: str) -> int:
    """As many folds as asked for, or as there can be. Raises DataError where that is only one."""
    if most < 2:
        raise DataError(
            field,
            f"The train part has fewer than two {unit}, too few for folds inside it. Give it a larger share, or use three parts.",
        )
    return min(spec.folds, most)
