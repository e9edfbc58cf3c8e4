"""A process that scores trials, one after another: `python -m kflab.runs.trials.worker`.

It reads JSON lines: `{"family"}` (load its libraries), `{"job", "objective", "resource"}` (what it may see and what
decides), then `{"trial", "params", "resource"}` for each trial. On the pipe of KFLAB_EVENTS_FD it says `ready`, then of each trial `started`, its events, and at last
`done` or `failed`. What the model's own code prints goes to its standard output and error.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from kflab.runs.emit import Emitter
from kflab.runs.failure import failure
from kflab.runs.process import die_with_parent

__all__ = ["main"]


class _Work:
    """The job that trials belong to, opened at the first of them, so that what is wrong with it is said as a result."""

    def __init__(self, emit: Emitter) -> None:
        self._emit = emit
        self._brief: Mapping[str, Any] = {}
        self._scorer: Any = None

    def take(self, asked: Mapping[str, Any]) -> None:
        if "family" in asked:
            from kflab.runs import libraries

            libraries.load(asked["family"])
            self._emit("ready")
        elif "job" in asked:
            self._brief = asked
        else:
            self._score(asked["trial"], asked["params"], asked["resource"])

    def _score(self, trial: int, params: Mapping[str, Any], resource: int | None) -> None:
        self._emit("started", trial=trial)
        began = time.monotonic()
        try:
            if self._scorer is None:
                self._scorer = _scorer(self._brief)
            _fresh()
            began = time.monotonic()  # reading the rows is not the trial's
            found = self._scorer.score(
                params, resource, lambda type, /, **fields: self._emit(type, trial=trial, **fields)
            )
            ending = {"value": found.value, "std": found.std, "metrics": found.metrics}
            said = "done"
        except (Exception, SystemExit) as error:  # noqa: BLE001  all of it is told to the user
            ending, said = failure(error), "failed"
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._emit(said, trial=trial, seconds=round(time.monotonic() - began, 4), **ending)


def _scorer(brief: Mapping[str, Any]) -> Any:
    """The kflab.ml.trials.Scorer of a brief; the libraries are loaded by now."""
    from pydantic import TypeAdapter

    from kflab.ml.job import TrainJob
    from kflab.ml.trials import Scorer
    from kflab.ml.tuning import ResourceSpec

    resource = brief["resource"]
    return Scorer(
        TypeAdapter(TrainJob).validate_python(brief["job"]),
        brief["objective"],
        ResourceSpec.model_validate(resource) if resource else None,
    )


def _fresh() -> None:
    """Let go of the networks of earlier trials; Keras keeps what it has built."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()


def main() -> int:
    die_with_parent()
    asked = os.fdopen(os.dup(0), encoding="utf-8")
    # The model's own code must not read what is meant for us.
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # a line is an event of the log
    work = _Work(Emitter.from_environment())
    for line in asked:
        work.take(json.loads(line))
    return 0


if __name__ == "__main__":
    code = main()
    # Taking the libraries down in order would cost a second.
    os._exit(code)
