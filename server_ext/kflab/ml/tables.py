"""CSV and parquet files as data frames, with an error that says where a file is not one."""

from __future__ import annotations

import csv
import io
import warnings
from pathlib import Path

import pandas as pd

from kflab.ml.errors import DataError
from kflab.ml.spec import ReadSpec

__all__ = ["MAX_BYTES", "SUFFIXES", "read_table"]

MAX_BYTES = 2 * 1024**3
SUFFIXES = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet"}
_URI = "dataset.uri"


def read_table(path: Path, read: ReadSpec | None = None) -> pd.DataFrame:
    """The table of a file of the workspace, rows in order. Raises DataError, naming the line where it can."""
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise DataError(
            _URI, f"{path.name} is neither CSV nor parquet; its name must end in {', '.join(SUFFIXES)}."
        )
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(
            _URI, f"{path.name} has {size / 1024**3:.1f} GiB; at most {MAX_BYTES // 1024**3} GiB can be read."
        )
    frame = _parquet(path) if kind == "parquet" else _csv(path, read or ReadSpec())
    return _checked(frame, path.name)


def _parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise DataError(_URI, f"{path.name} is not a parquet file that can be read: {error}.") from error


def _csv(path: Path, read: ReadSpec) -> pd.DataFrame:
    text = _decoded(path, read.encoding)
    if not text.strip():
        raise DataError(
            _URI, f"{path.name} is empty. A CSV file has a line of column names and one line for each row."
        )
    separator = read.sep or _separator(text)
    _check_rectangular(text, separator, path.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        try:
            frame = pd.read_csv(io.StringIO(text), sep=separator, skip_blank_lines=True)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
            raise DataError(_URI, f"{path.name} cannot be read as CSV: {error}.") from error
    for name in frame.columns[[not pd.api.types.is_numeric_dtype(t) for t in frame.dtypes]]:
        frame[name] = _dates(frame[name])
    return frame


def _decoded(path: Path, encoding: str | None) -> str:
    raw = path.read_bytes()
    if b"\0" in raw[:4096] and not encoding and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(_URI, f"{path.name} is not a text file.")
    try:
        return raw.decode(
            encoding or ("utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
        )
    except LookupError as error:
        raise DataError(
            "dataset.read.encoding", f"{encoding!r} is no known encoding; try utf-8 or latin-1."
        ) from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            "dataset.read.encoding" if encoding else _URI,
            f"{path.name} is not {error.encoding.upper().removesuffix('-SIG')}: line {line} has a byte 0x{raw[error.start]:02x} "
            "that does not belong there. Set read.encoding, for example to latin-1 or cp1252.",
        ) from error


def _separator(text: str) -> str:
    """The separator that splits the first line into most columns, and the next ones into as many."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    best, columns = ",", 1
    for candidate in (",", ";", "\t", "|"):
        widths = [len(row) for row in csv.reader(lines, delimiter=candidate)]
        if len(set(widths)) == 1 and widths[0] > columns:
            best, columns = candidate, widths[0]
    if columns == 1:
        counts = {c: lines[0].count(c) for c in (",", ";", "\t", "|")}
        best = max(counts, key=lambda c: counts[c])
    return best


def _check_rectangular(text: str, separator: str, name: str) -> None:
    """pandas fills short rows up in silence; a ragged file is a mistake to be shown."""
    try:
        reader = csv.reader(io.StringIO(text), delimiter=separator)
        header = next(row for row in reader if row)
        # pandas would give the second of two equal names another one in silence.
        twice = next((column for column in header if header.count(column) > 1), None)
        if twice is not None:
            raise DataError(_URI, f"{name} has two columns named {twice!r}; give each its own name.")
        for row in reader:
            if row and len(row) != len(header):
                raise DataError(
                    _URI,
                    f"{name} is ragged: line {reader.line_num} has {len(row)} value{'s' * (len(row) != 1)}, the first line has "
                    f"{len(header)}. Each row needs one value for each column, separated by {separator!r}.",
                )
    except csv.Error as error:
        raise DataError(_URI, f"{name} cannot be read as CSV: {error}.") from error


def _dates(column: pd.Series) -> pd.Series:
    """The column as dates if all that is in it is a date of ISO 8601, else as it was."""
    given = column.dropna()
    if given.empty or not given.astype(str).str.match(r"^\d{4}-\d{2}-\d{2}").all():
        return column
    parsed = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True)
    return parsed.dt.tz_localize(None) if parsed.notna().sum() == len(given) else column


def _checked(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    if frame.shape[0] == 0:
        raise DataError(_URI, f"{name} has column names but no rows.")
    frame.columns = [str(column) for column in frame.columns]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DataError(_URI, f"{name} has two columns named {twice[0]!r}; give each its own name.")
    return frame.reset_index(drop=True)
