"""The work of a run, once its libraries may be loaded: training, tuning, or evaluation."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kflab.ml.errors import DataError
from kflab.ml.machine import processors
from kflab.runs import libraries
from kflab.runs.emit import Emitter, plain
from kflab.runs.folder import RunFolder
from kflab.runs.job import train_job
from kflab.runs.log import Record, Tail
from kflab.runs.spec import RunSpec

__all__ = ["evaluate_run", "train_run", "tune_run"]

Ending = dict[str, Any]


def train_run(
    spec: RunSpec, folder: RunFolder, root: Path, emit: Emitter, splitter: subprocess.Popen[str] | None
) -> Ending:
    """Await the splitter, train, and return the fields of `done`. `root` is the workspace.

    Raises DataError for what the user can mend, TrainingError, and whatever the model's own code raises.
    """
    family = spec.model.family if spec.model else ""
    # The libraries load while the splitter reads the data; its error need not wait for them.
    loading = threading.Thread(target=libraries.load, args=(family,), daemon=True)
    loading.start()
    split = _split(folder, emit, splitter)
    loading.join()
    from kflab.ml.training import train

    job = train_job(spec, split, folder, root)
    result = train(job, emit, out=folder.out)
    made = {"framework": result.framework, "hyperparameters": result.hyperparameters}
    return {**_best(result.metrics), "model": plain(made)}


def tune_run(
    spec: RunSpec, folder: RunFolder, root: Path, emit: Emitter, splitter: subprocess.Popen[str] | None
) -> Ending:
    """Search for better parameters, from the beginning or from where the log ends; return the fields of `done`.

    Raises DataError for what the user can mend, and TuningError when the search cannot go on.
    """
    from kflab.runs.trials.chief import Chief
    from kflab.runs.trials.history import read_history
    from kflab.runs.trials.pool import Pool
    from kflab.runs.trials.printed import Printed

    if spec.model is None or spec.tuning is None:
        raise DataError("tuning", "A run of kind tune needs a model and what to tune.")
    size = min(spec.tuning.budget.parallel, spec.tuning.budget.trials + 1)
    # Processes of their own, so that a trial that hangs or falls can be ended alone; their libraries load meanwhile.
    pool = Pool(size, root, {"family": spec.model.family})
    try:
        history = read_history(folder)
        split = _split(folder, emit, splitter)
        from kflab.runs.trials import plan

        _warn_of_cores(spec, emit)
        search = plan.plan(spec, split["task"], root)
        pool.tell_all(plan.brief(train_job(spec, split, folder, root), search))
        emit("stage", name="fit", state="begin")
        with folder.text.open("ab", buffering=0) as text:
            ending = Chief(search, pool, folder, history, emit, Printed(text, emit)).run()
        emit("stage", name="fit", state="end")
        return ending
    finally:
        pool.close()


def _warn_of_cores(spec: RunSpec, emit: Emitter) -> None:
    cores = processors()
    parallel = spec.tuning.budget.parallel if spec.tuning else 1
    if parallel > cores:
        emit(
            "warning",
            code="more-trials-than-cores",
            text=f"{parallel} trials at once share {cores} processor{'s' * (cores != 1)}, so each takes longer.",
            hint=f"With {cores} at once the search would end about as soon.",
        )


def _split(folder: RunFolder, emit: Emitter, splitter: subprocess.Popen[str] | None) -> dict[str, Any]:
    """split.json, once the parts are there. Raises DataError with what the splitter found wrong."""
    if splitter is not None:
        _await_splitter(splitter)
        emit("stage", name="split", state="end")
    split: dict[str, Any] = json.loads(folder.split.read_bytes())
    return split


def evaluate_run(spec: RunSpec, folder: RunFolder, emit: Emitter) -> Ending:
    """Score the model of the run that `from` names on its test part; return the fields of `done`.

    Raises DataError if that run or its model is gone.
    """
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
