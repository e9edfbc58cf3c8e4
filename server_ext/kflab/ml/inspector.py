"""A helper process that looks at data for a server: its libraries and the files' surprises stay out of the server.

    python -m kflab.ml.inspector ROOT

One JSON request a line on standard input, `{"ask": "catalog|models|profile|check|methods", …}`, one answer a line on
standard output: `{"ok": …}`, `{"error": {"field", "message"}}` for what was asked wrongly, or `{"fault": message}`.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kflab.ml import datasets, forms, metrics, models
from kflab.ml.errors import DataError
from kflab.ml.machine import processors
from kflab.ml.profile import profile
from kflab.ml.search import checks, methods
from kflab.ml.spec import DatasetSpec, ModelSpec, PreprocessSpec, ReadSpec, SplitSpec, TrainingSpec
from kflab.ml.tuning import TuningSpec

__all__ = ["answer", "main"]

Request = Mapping[str, Any]


def _catalog(request: Request, root: Path) -> Any:
    return datasets.catalog(root)


def _models(request: Request, root: Path) -> Any:
    return models.catalog()


def _profile(request: Request, root: Path) -> Any:
    read = ReadSpec.model_validate(request.get("read") or {})
    return profile(request["uri"], root, read, frozenset(request.get("hidden") or ()))


def _check(request: Request, root: Path) -> Any:
    """Raise DataError for what can be known to be wrong before any work: the dataset's place, and the model's name."""
    dataset = DatasetSpec.model_validate(request["dataset"])
    datasets.locate(dataset.uri, root)
    models.check(ModelSpec.model_validate(request["model"]), root)
    metrics.known(request.get("metrics") or ())
    if request.get("tuning"):
        tuning = TuningSpec.model_validate(request["tuning"])
        checks.check(tuning, ModelSpec.model_validate(request["model"]), request["task"], root)
    return None


def _methods(request: Request, root: Path) -> Any:
    """What else a run can be asked for: the metrics of each task, and schemas of the other parts of a spec."""
    return {
        "metrics": [
            {"name": name, "tasks": list(tasks), "goal": "max" if more else "min"}
            for name, (tasks, more) in metrics.METRICS.items()
        ],
        "search": methods.offers(),
        "cores": processors(),
        "split": forms.schema(SplitSpec),
        "preprocess": forms.schema(PreprocessSpec),
        "training": forms.schema(TrainingSpec),
    }


ASKS: dict[str, Callable[[Request, Path], Any]] = {
    "catalog": _catalog,
    "models": _models,
    "profile": _profile,
    "check": _check,
    "methods": _methods,
}


def answer(request: Request, root: Path) -> dict[str, Any]:
    """The answer to one request, as it goes on the wire."""
    try:
        return {"ok": ASKS[request["ask"]](request, root)}
    except DataError as error:
        return {"error": {"field": error.field, "message": error.message}}
    except Exception as error:  # noqa: BLE001 - a file can surprise a library in any way
        traceback.print_exc()
        why = f"({type(error).__name__}). The server's log has the details."
        if "uri" in request:
            return {"error": {"field": "dataset.uri", "message": f"This data could not be read {why}"}}
        return {"fault": f"This could not be answered {why}"}


def main(root: Path) -> int:
    # What a library prints must not get between the answers.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        out.write(json.dumps(answer(json.loads(line), root), allow_nan=False) + "\n")
        out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
