"""The process that alone sees the whole dataset: it writes the parts as files, and ends.

    python -m kflab.ml.splitter < request.json

The request is `{"dataset", "split", "task", "root", "out"}`. It writes train.parquet, validation.parquet (with three
parts), test.parquet and split.json to `out`, and prints one line: `{"ok": …}`, or `{"error": {"field", "message"}}`
with exit code 1.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from kflab.ml import tasks
from kflab.ml.datasets import load
from kflab.ml.errors import DataError
from kflab.ml.spec import DatasetSpec, SplitSpec, Task
from kflab.ml.splitting import marks, split

__all__ = ["MARK", "ROW", "divide", "main"]

# The column that keeps each row's number in the source.
ROW = "__kflab_row__"
# The column that keeps each row's group or rank in time, for folds inside train; no model sees it.
MARK = "__kflab_mark__"


def divide(dataset: DatasetSpec, spec: SplitSpec, task: Task, root: Path, out: Path) -> dict[str, Any]:
    """Write the parts and split.json to `out`; return what split.json says. Raises DataError."""
    table = load(dataset, root)
    for name in (ROW, MARK):
        if name in table.frame.columns:
            raise DataError("dataset.uri", f"A column is named {name!r}, a name that is taken. Rename it.")
    solved = tasks.resolve(task, table.frame[table.target])
    parts = split(table.frame, table.target, spec, solved)
    marked = marks(table.frame, spec)
    out.mkdir(parents=True, exist_ok=True)
    columns = [*table.features, table.target]
    for name, rows in parts.items():
        part = table.frame.iloc[rows][columns]
        part.insert(0, ROW, rows)
        if marked is not None:
            part.insert(1, MARK, marked[rows])
        part.to_parquet(out / f"{name}.parquet", index=False)
    rows_of = {name: rows.tolist() for name, rows in parts.items()}
    classes = None if solved == "regression" else sorted(map(str, table.frame[table.target].unique()))
    said = {
        "task": solved,
        "target": table.target,
        "columns": table.features,
        "classes": classes,
        "rows": len(table.frame),
        "sizes": {name: len(rows) for name, rows in rows_of.items()},
        "dataset": {"uri": dataset.uri, "sha256": table.sha256},
        "sha256": hashlib.sha256(json.dumps(rows_of, sort_keys=True).encode()).hexdigest(),
    }
    making = out / "split.json.new"
    making.write_text(json.dumps({**said, "parts": rows_of}), "utf-8")
    making.replace(out / "split.json")
    return said


def main() -> int:
    request = json.load(sys.stdin)
    try:
        said = divide(
            DatasetSpec.model_validate(request["dataset"]),
            SplitSpec.model_validate(request["split"]),
            TypeAdapter[Task](Task).validate_python(request["task"]),
            Path(request["root"]),
            Path(request["out"]),
        )
    except DataError as error:
        answer: dict[str, Any] = {"error": {"field": error.field, "message": error.message}}
    else:
        answer = {"ok": said}
    sys.stdout.write(json.dumps(answer) + "\n")
    return int("error" in answer)


if __name__ == "__main__":
    sys.exit(main())
