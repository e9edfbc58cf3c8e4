"""The datasets one can choose: scikit-learn's own, and the CSV and parquet files of the workspace."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kflab.ml import files
from kflab.ml.errors import DataError
from kflab.ml.spec import DatasetSpec, ReadSpec
from kflab.ml.tables import read_table

__all__ = ["BUILTIN", "Table", "catalog", "load", "locate", "nested", "source"]

_MAX_LISTED = 500
_MAX_DEPTH = 6


@dataclass(frozen=True)
class Builtin:
    """A real dataset that ships with scikit-learn. Its target column is `target`."""

    title: str
    loader: str
    task: str

    def frame(self) -> pd.DataFrame:
        from sklearn import datasets

        bunch = getattr(datasets, self.loader)(as_frame=True)
        frame: pd.DataFrame = bunch.frame
        if self.task != "regression" and hasattr(bunch, "target_names"):
            names = np.asarray([str(name) for name in bunch.target_names], dtype=object)
            frame = frame.assign(target=names[frame["target"].to_numpy()])
        return frame


BUILTIN = {
    "breast_cancer": Builtin("Breast cancer (Wisconsin, diagnostic)", "load_breast_cancer", "binary"),
    "digits": Builtin("Handwritten digits", "load_digits", "multiclass"),
    "wine": Builtin("Wine recognition", "load_wine", "multiclass"),
    "diabetes": Builtin("Diabetes progression", "load_diabetes", "regression"),
}


@dataclass(frozen=True)
class Table:
    """Features and target of a dataset, all rows that it has. `sha256` is the hash of its content."""

    frame: pd.DataFrame
    target: str
    features: list[str]
    sha256: str


def locate(uri: str, root: Path) -> Builtin | Path:
    """What a uri names, without reading it. Raises DataError for `dataset.uri`."""
    if uri.startswith("sklearn:"):
        name = uri.removeprefix("sklearn:")
        if name not in BUILTIN:
            known = ", ".join(f"sklearn:{n}" for n in BUILTIN)
            raise DataError(
                "dataset.uri", f"There is no dataset {uri!r}. There are {known}, and files of the workspace."
            )
        return BUILTIN[name]
    if ":" in uri.split("/")[0] and not uri.startswith("file://"):
        raise DataError(
            "dataset.uri", f"{uri!r} is neither sklearn:NAME nor the path of a file in the workspace."
        )
    return files.inside(root, uri, "dataset.uri")


def source(uri: str, root: Path, read: ReadSpec | None = None) -> tuple[pd.DataFrame, str]:
    """The whole table behind a uri, and the SHA-256 of its content. Raises DataError for `dataset.uri`."""
    found = locate(uri, root)
    if isinstance(found, Builtin):
        frame = found.frame()
        return frame, _content_hash(frame)
    return read_table(found, read), files.sha256(found)


def load(spec: DatasetSpec, root: Path) -> Table:
    """Features and target as the spec asks. Raises DataError naming the field at fault."""
    frame, digest = source(spec.uri, root, spec.read)
    if spec.sha256 and spec.sha256 != digest:
        raise DataError(
            "dataset.sha256", f"The content of {spec.uri} has changed: its SHA-256 is now {digest}."
        )
    target = spec.target or ("target" if spec.uri.startswith("sklearn:") else None)
    if target is None:
        raise DataError(
            "dataset.target", f"Choose the target, the column to predict: {_some(frame.columns)}."
        )
    if target not in frame.columns:
        raise DataError("dataset.target", f"There is no column {target!r}{_nearest(target, frame.columns)}")
    whole = {name for name in frame.columns if nested(frame[name])}
    if target in whole:
        raise DataError(
            "dataset.target", f"The cells of {target!r} are lists or bytes; choose another column."
        )
    if spec.columns is not None:
        features = list(spec.columns)
    else:
        features = [name for name in frame.columns if name != target and name not in whole]
    for position, name in enumerate(features):
        if name not in frame.columns:
            raise DataError(
                f"dataset.columns.{position}", f"There is no column {name!r}{_nearest(name, frame.columns)}"
            )
        if name in whole:
            raise DataError(
                f"dataset.columns.{position}", f"The cells of {name!r} are lists or bytes; leave it out."
            )
        if name == target:
            raise DataError(
                f"dataset.columns.{position}", f"{name!r} is the target; it cannot be a feature as well."
            )
    features = list(dict.fromkeys(features))
    usable = [
        name for name in features if frame[name].nunique(dropna=False) > 1 and frame[name].notna().any()
    ]
    if not usable:
        raise DataError(
            "dataset.columns", "No usable column: each is empty or has the same value in all rows."
        )
    empty = frame[target].isna()
    if empty.any():
        raise DataError(
            "dataset.target",
            f"The target {target!r} is empty in {int(empty.sum())} of {len(frame)} rows, first in row {int(empty.argmax()) + 1}. "
            "Fill or remove these rows.",
        )
    if frame[target].nunique() < 2:
        raise DataError(
            "dataset.target",
            f"The target {target!r} has only one value, {frame[target].iloc[0]}: nothing to learn.",
        )
    return Table(frame, target, features, digest)


def catalog(root: Path) -> list[dict[str, Any]]:
    """What can be chosen: `{uri, name, kind: sklearn|file, task?, bytes?, modified?}`; files sorted by path, 500 at most."""
    listed: list[dict[str, Any]] = [
        {"uri": f"sklearn:{name}", "name": builtin.title, "kind": "sklearn", "task": builtin.task}
        for name, builtin in BUILTIN.items()
    ]
    for path in sorted(_tables(root)):
        try:
            info = path.stat()
        except FileNotFoundError:  # removed in between
            continue
        listed.append(
            {
                "uri": path.relative_to(root).as_posix(),
                "name": path.name,
                "kind": "file",
                "bytes": info.st_size,
                "modified": pd.Timestamp(info.st_mtime, unit="s", tz="UTC").isoformat(
                    timespec="milliseconds"
                ),
            }
        )
    return listed


def _tables(root: Path) -> Iterator[Path]:
    found = 0
    volumes = files.volumes()
    linked = [path for path in sorted(root.iterdir()) if path.is_symlink() and _end(path) in volumes]
    for folder, folders, names in chain.from_iterable(map(os.walk, [root, *linked])):
        depth = len(Path(folder).relative_to(root).parts)
        folders[:] = (
            []
            if depth >= _MAX_DEPTH
            else [f for f in sorted(folders) if not f.startswith(".") and f != "node_modules"]
        )
        for name in sorted(names):
            path = Path(folder, name)
            if (
                path.suffix.lower() in (".csv", ".tsv", ".parquet", ".pq")
                and not name.startswith(".")
                and not path.is_symlink()
            ):
                yield path
                found += 1
                if found >= _MAX_LISTED:
                    return


def _end(link: Path) -> Path | None:
    """Where a link leads; None for one that leads round in a circle."""
    try:
        return link.resolve()
    except (OSError, RuntimeError):  # RuntimeError until Python 3.12
        return None


def nested(values: pd.Series) -> bool:
    """Whether cells hold more than one value, or bytes: nothing that a column of a table can be compared by."""
    kinds = (list, tuple, dict, set, np.ndarray, bytes)
    return values.dtype == object and bool(values.map(lambda cell: isinstance(cell, kinds)).any())


def _content_hash(frame: pd.DataFrame) -> str:
    """SHA-256 over the column names and the values in row order, the same on every machine."""
    total = hashlib.sha256(repr([(str(c), str(t)) for c, t in frame.dtypes.items()]).encode())
    for name in frame.columns:
        values = frame[name]
        if values.dtype.kind in "fiub":
            total.update(np.ascontiguousarray(values.to_numpy()).tobytes())
        else:
            total.update("\0".join(values.astype(str)).encode())
    return total.hexdigest()


def _some(columns: pd.Index, limit: int = 8) -> str:
    names = [str(c) for c in columns]
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _nearest(name: str, columns: pd.Index) -> str:
    near = difflib.get_close_matches(name, [str(c) for c in columns], n=1)
    return f"; did you mean {near[0]!r}?" if near else f". There are {_some(columns)}."
