"""kflab in a notebook: record metadata, train models and follow runs.

    import kflab

    run = kflab.train(dataset="sklearn:wine", model="sklearn:RandomForestClassifier")
    run.wait()
    kflab.widgets.Runs()

The names below are loaded when they are first used, so that `import kflab` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kflab import widgets as widgets
    from kflab.sdk import (
        ApiError,
        Artifact,
        DataSet,
        Execution,
        Metrics,
        Model,
        Run,
        RunFailed,
        RunHandle,
        TuneHandle,
        Unreachable,
        Workspace,
        train,
        tune,
    )

__all__ = [
    "ApiError",
    "Artifact",
    "DataSet",
    "Execution",
    "Metrics",
    "Model",
    "Run",
    "RunFailed",
    "RunHandle",
    "TuneHandle",
    "Unreachable",
    "Workspace",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name == "widgets":
        return import_module("kflab.widgets")
    if name in __all__:
        from kflab import sdk

        return getattr(sdk, name)
    raise AttributeError(f"module 'kflab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Where Jupyter Server finds the extension."""
    from kflab.server.app import KFLabApp

    return [{"module": "kflab", "app": KFLabApp}]
