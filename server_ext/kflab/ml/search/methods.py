"""The methods of search that can be chosen, and what each needs."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

from kflab.ml.tuning import METHODS, Method

__all__ = ["KINDS", "missing", "offers"]


@dataclass(frozen=True)
class Kind:
    """`packages` are what has to be installed, by the name that pip knows and the one that Python imports."""

    title: str
    description: str
    packages: dict[str, str]


_KERAS_TUNER = {"keras-tuner": "keras_tuner", "keras": "keras", "jax": "jax"}
KINDS: dict[Method, Kind] = {
    "random": Kind("Random", "Draws each trial by chance: simple, and hard to fool.", _KERAS_TUNER),
    "grid": Kind("Grid", "Goes through every combination of steps and choices, in order.", _KERAS_TUNER),
    "hyperband": Kind(
        "Hyperband",
        "Gives many trials little, and the best of them more: for models that learn in steps.",
        _KERAS_TUNER,
    ),
    "bayesian": Kind(
        "Bayesian",
        "For few, costly trials: a Gaussian process, after 3 trials by chance for each parameter. After 100 TPE goes on.",
        {**_KERAS_TUNER, "optuna": "optuna"},
    ),
    "tpe": Kind(
        "TPE",
        "Learns from each trial where the good ones lie, after 10 trials by chance: a good choice for most searches.",
        {"optuna": "optuna"},
    ),
}


def missing(method: Method) -> str | None:
    """What has to be installed before the method can be used, as a sentence; None if all is there."""
    lacking = [pip for pip, name in KINDS[method].packages.items() if importlib.util.find_spec(name) is None]
    if not lacking:
        return None
    return f"{KINDS[method].title} needs {' and '.join(lacking)}, which this environment does not have."


def offers() -> list[dict[str, Any]]:
    """`{method, title, description, missing}` for each method."""
    return [
        {
            "method": method,
            "title": KINDS[method].title,
            "description": KINDS[method].description,
            "missing": missing(method),
        }
        for method in METHODS
    ]
