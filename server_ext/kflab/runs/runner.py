"""The process that does a run's work: `python -m kflab.runs.runner <run folder>`, in the workspace.

Training gets the paths of the train and validation parts and no dataset: a splitter process reads the
source, writes the parts and ends. Only a run of kind evaluate opens the test part.
"""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kflab.ml.errors import DataError, TrainingError
from kflab.runs.emit import Emitter, plain
from kflab.runs.events import MAX_TEXT
from kflab.runs.folder import RunFolder
from kflab.runs.log import Record, Tail, is_full
from kflab.runs.process import die_with_parent
from kflab.runs.spec import RunSpec

__all__ = ["failure", "main", "run"]

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


def run(spec: RunSpec, folder: RunFolder, root: Path, emit: Emitter) -> Ending:
    """Do what the spec asks and return the fields of `done`. `root` is the workspace.

    Raises DataError for what the user can mend, and whatever the model's own code raises.
    """
    folder.out.mkdir(exist_ok=True)
    if spec.kind == "evaluate":
        return _evaluate(spec, folder, root, emit)
    return _train(spec, folder, root, emit)


def _train(spec: RunSpec, folder: RunFolder, root: Path, emit: Emitter) -> Ending:
    emit("stage", name="split", state="begin")
    splitter = _start_splitter(spec, folder, root)
    # The libraries load while the splitter reads the data.
    from kflab.ml.training import TrainJob, train

    _await_splitter(splitter)
    emit("stage", name="split", state="end")
    if spec.model is None:
        raise DataError("model", "A run of kind train needs a model.")
    validation = folder.data / "validation.parquet"
    split = json.loads((folder.data / "split.json").read_bytes())
    job = TrainJob(
        task=split["task"],
        metrics=spec.metrics,
        preprocess=spec.preprocess,
        split=spec.split,
        model=spec.model,
        training=spec.training,
        threads=spec.engine.threads,
        target=split["target"],
        train_path=folder.data / "train.parquet",
        validation_path=validation if validation.exists() else None,
        root=root,
    )
    result = train(job, emit, out=folder.out)
    made = {"framework": result.framework, "hyperparameters": result.hyperparameters}
    return {**_best(result.metrics), "model": plain(made)}


def _evaluate(spec: RunSpec, folder: RunFolder, root: Path, emit: Emitter) -> Ending:
    from kflab.ml.evaluation import EvaluateJob, evaluate

    if spec.from_ is None:
        raise DataError("from", "A run of kind evaluate needs the run whose model is evaluated.")
    trained = RunFolder(folder.path.parent / spec.from_.run)
    if not trained.spec.is_file():
        raise DataError("from.run", f"Run {trained.id} has been deleted, and its model with it.")
    path = _saved_model(trained)
    family = json.loads(trained.spec.read_bytes())["model"]["family"]
    # The user's own code may use any class. The file is what that code saved, and it runs as the same user.
    own = [] if family.startswith(("sklearn:", "keras:")) else _types(path)
    job = EvaluateJob(model=trained.out, split=trained.data, metrics=spec.metrics, trusted=own)
    return _best(evaluate(job, emit))


def _saved_model(trained: RunFolder) -> Path:
    """The model that the run logged, if it is still the same. Raises DataError."""
    from kflab.ml.files import sha256

    logged = [e for e in _all_events(trained) if e["type"] == "artifact"]
    path = trained.out / Path(logged[-1]["uri"]).name if logged else trained.out
    if not path.is_file():
        raise DataError("from.run", f"The model of run {trained.id} is gone. Train it again.")
    if sha256(path) != logged[-1]["sha256"]:
        raise DataError("from.run", f"The model of run {trained.id} was changed since. Train it again.")
    return path


def _all_events(folder: RunFolder) -> Iterator[Record]:
    tail = Tail(folder.events)
    while found := tail.read():
        yield from found


def _types(path: Path) -> list[str]:
    from skops import io

    return list(io.get_untrusted_types(file=path))


def _best(metrics: Mapping[str, float]) -> Ending:
    """The first metric is the one that was asked for."""
    for name, value in metrics.items():
        return {"best": {"metric": name, "value": plain(value)}}
    return {}


def _start_splitter(spec: RunSpec, folder: RunFolder, root: Path) -> subprocess.Popen[str]:
    folder.data.mkdir(exist_ok=True)
    asked = spec.model_dump(mode="json", by_alias=True, include={"dataset", "split", "task"})
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


def _await_splitter(process: subprocess.Popen[str]) -> None:
    """Raises DataError with what the splitter found wrong, RuntimeError if it died."""
    said = process.stdout.read() if process.stdout is not None else ""
    code = process.wait()
    try:
        answer = json.loads(said.strip().rpartition("\n")[2] or "{}")
    except ValueError:
        answer = {}
    if error := answer.get("error"):
        raise DataError(error["field"], error["message"])
    if code:
        raise RuntimeError(f"The process that splits the data ended with code {code}. See the log.")


def main(path: Path) -> int:
    die_with_parent()
    emit = Emitter.from_environment()
    folder = RunFolder(path)
    try:
        spec = RunSpec.model_validate_json(folder.spec.read_bytes())
        ending = run(spec, folder, Path.cwd(), emit)
    except (Exception, SystemExit) as error:  # noqa: BLE001  all of it is told to the user
        emit("failed", **plain(failure(error)))
        return 1
    emit("done", **ending)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
