"""The process that does a run's work: `python -m kflab.runs.runner <run folder>`, in the workspace.

Training gets the paths of the train and validation parts and no dataset: a splitter process reads the
source, writes the parts and ends. Only a run of kind evaluate opens the test part. At the top only what is
light is imported: the splitter is to start first, and what is heavy loads beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from kflab.ml.errors import DataError, TrainingError
from kflab.runs.emit import Emitter, plain
from kflab.runs.folder import RunFolder
from kflab.runs.log import MAX_TEXT, is_full
from kflab.runs.process import die_with_parent

__all__ = ["failure", "main"]

Ending = dict[str, Any]


def failure(error: BaseException) -> Ending:
    """The fields of `failed` for what the work raised. What the user can mend comes without a traceback."""
    if isinstance(error, DataError):
        return {"cause": "error", "field": error.field, "text": _cut(str(error))}
    if isinstance(error, TrainingError):
        return {"cause": error.cause, "text": _cut(str(error))}
    if isinstance(error, MemoryError):
        text = "Memory ran out. Use fewer rows, a smaller model or more memory."
        return {"cause": "oom", "text": text, "traceback": _trace(error)}
    if is_full(error):
        return {"cause": "disk", "text": "The disk is full. Free some space and start the run again."}
    if isinstance(error, SystemExit):
        text = (
            f"The model's own code ended the process (exit {error.code}). Have it return the model instead."
        )
        return {"cause": "error", "text": _cut(text), "traceback": _trace(error)}
    said = f": {error}" if str(error) else ""
    return {"cause": "error", "text": _cut(type(error).__name__ + said), "traceback": _trace(error)}


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _trace(error: BaseException) -> str:
    """The end of the traceback, where the cause is."""
    return "".join(traceback.format_exception(error))[-2 * MAX_TEXT :]


def _start_splitter(spec: dict[str, Any], folder: RunFolder, root: Path) -> subprocess.Popen[str]:
    folder.data.mkdir(exist_ok=True)
    asked = {name: spec[name] for name in ("dataset", "split", "task")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "kflab.ml.splitter"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    if process.stdin is not None:
        with process.stdin as stdin:
            stdin.write(json.dumps({**asked, "root": str(root), "out": str(folder.data)}))
    return process


def run(folder: RunFolder, root: Path, emit: Emitter) -> Ending:
    """Do what spec.json asks and return the fields of `done`. `root` is the workspace.

    Raises DataError for what the user can mend, TrainingError, and whatever the model's own code raises.
    """
    text = folder.spec.read_bytes()
    folder.out.mkdir(exist_ok=True)
    asked = json.loads(text)
    splitter = None
    if asked["kind"] == "train":
        emit("stage", name="split", state="begin")
        splitter = _start_splitter(asked, folder, root)
    from kflab.runs import work
    from kflab.runs.spec import RunSpec

    spec = RunSpec.model_validate_json(text)
    if splitter is None:
        return work.evaluate_run(spec, folder, emit)
    return work.train_run(spec, folder, root, emit, splitter)


def main(path: Path) -> int:
    """Run, and tell the supervisor how it ended. Returns the exit code."""
    die_with_parent()
    emit = Emitter.from_environment()
    try:
        ending = run(RunFolder(path), Path.cwd(), emit)
    except (Exception, SystemExit) as error:  # noqa: BLE001  all of it is told to the user
        emit("failed", **plain(failure(error)))
        return 1
    emit("done", **ending)
    return 0


if __name__ == "__main__":
    code = main(Path(sys.argv[1]))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    # All is saved and said: taking the libraries down in order would cost a second.
    os._exit(code)
