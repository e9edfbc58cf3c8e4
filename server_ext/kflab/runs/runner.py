"""The process that does a run's work: `python -m kflab.runs.runner <run folder>`, in the workspace.

Training gets the paths of the train and validation parts and no dataset: a splitter process reads the
source, writes the parts and ends; so does each trial of a run that tunes, in a worker process. Only a run of kind evaluate opens the test part. At the top only what is
light is imported: the splitter is to start first, and what is heavy loads beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from kflab.runs.emit import Emitter, plain
from kflab.runs.failure import failure
from kflab.runs.folder import RunFolder
from kflab.runs.process import die_with_parent

__all__ = ["main"]

Ending = dict[str, Any]


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
    asked = json.loads(folder.spec.read_bytes())
    folder.out.mkdir(exist_ok=True)
    splitter = None
    # A run that goes on keeps its split.
    if asked["kind"] != "evaluate" and not folder.split.exists():
        emit("stage", name="split", state="begin")
        splitter = _start_splitter(asked, folder, root)
    from kflab.runs import work
    from kflab.runs.spec import read_spec

    spec = read_spec(folder)
    if spec.kind == "evaluate":
        return work.evaluate_run(spec, folder, emit)
    do = work.tune_run if spec.kind == "tune" else work.train_run
    return do(spec, folder, root, emit, splitter)


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
