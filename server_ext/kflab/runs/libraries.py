"""Load what training a family needs, before it is needed."""

from __future__ import annotations

import gc
import importlib

__all__ = ["load"]

_SKLEARN = ("sklearn.compose", "sklearn.impute", "sklearn.metrics", "sklearn.pipeline", "pyarrow.parquet")


def load(family: str) -> None:
    """Import the libraries that a model of this family is trained with."""
    from kflab.ml.families import FAMILIES

    own = [FAMILIES[family].path.partition(":")[0]] if family in FAMILIES else []
    # What libraries make is there to stay, and to look through it while they load takes an eighth of their time.
    gc.disable()
    try:
        for name in ("kflab.ml.training", *_SKLEARN, *(["keras"] if family.startswith("keras:") else own)):
            if name:
                importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()
