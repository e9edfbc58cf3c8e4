"""The server asks what there is to choose; it must not load what searches."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"keras_tuner", "keras", "jax", "optuna", "sklearn", "scipy"}
LIGHT = (
    "import kflab.ml.search; from kflab.ml.search import checks, making, methods, recorded, searcher, spaces"
)
SPACE = 'from kflab.ml.tuning import Parameter; space = [Parameter(name="b", type="bool")]'


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        (f"{LIGHT}; methods.offers()", set()),
        (f'{LIGHT}; {SPACE}; making.make("tpe", space, goal="max", seed=0).ask()', {"optuna", "scipy"}),
    ],
)
def test_what_searches_is_loaded_when_it_is_needed(code: str, allowed: set[str]) -> None:
    code += "; import json, sys; print(json.dumps(sorted(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    loaded = {name.split(".")[0] for name in json.loads(out)} & HEAVY
    assert loaded <= allowed and bool(loaded) == bool(allowed)
