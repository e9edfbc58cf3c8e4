"""Search for better hyperparameters: what is searched, and the methods that search, one trial at a time.

`KFTuner` is for people who write keras-tuner code. It loads when it is first used, as keras-tuner takes seconds.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kflab.ml.search.tuner import KFTuner

__all__ = ["KFTuner"]

# Keras chooses its backend when it is imported, and keras-tuner imports it. TensorFlow, its first choice, is not needed.
os.environ.setdefault("KERAS_BACKEND", "jax")


def __getattr__(name: str) -> Any:
    if name == "KFTuner":
        from kflab.ml.search.tuner import KFTuner

        return KFTuner
    raise AttributeError(f"module 'kflab.ml.search' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
