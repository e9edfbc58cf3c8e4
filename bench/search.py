"""Search: what one trial costs its chief with every method, once 500 trials are known."""

from __future__ import annotations

import contextlib
import io
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench import Row
from kflab.ml.search.making import make
from kflab.ml.search.searcher import Searcher, Suggestion
from kflab.ml.tuning import Method, Parameter, ResourceSpec

TRIALS = 500
TIMES = 40
FEW = 3  # of what takes seconds
SPACE = [
    Parameter(name="rate", type="float", low=1e-4, high=1.0, scale="log"),
    Parameter(name="units", type="int", low=16, high=512),
    Parameter(name="dropout", type="float", low=0.0, high=0.5),
    Parameter(name="kind", type="choice", choices=["relu", "tanh", "gelu"]),
]
STEPS = [
    Parameter(name="rate", type="float", low=0.1, high=1.0, step=0.1),
    Parameter(name="units", type="int", low=16, high=512, step=16),
    Parameter(name="dropout", type="float", low=0.0, high=0.5, step=0.1),
    Parameter(name="kind", type="choice", choices=["relu", "tanh", "gelu"]),
]
RESOURCE = ResourceSpec(max=81)


def _timed(act: Callable[[], object], times: int) -> float:
    """Milliseconds, in the median."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def _searcher(method: Method) -> Searcher:
    return make(method, STEPS if method == "grid" else SPACE, goal="max", seed=7, resource=RESOURCE)


def _score(params: Mapping[str, Any], chance: random.Random) -> float:
    """One hill, and the noise of a real measure."""
    return 1.0 - abs(params["dropout"] - 0.2) - abs(params["units"] - 128) / 500 + chance.gauss(0, 0.02)


def _trial(searcher: Searcher, chance: random.Random) -> None:
    answer = searcher.ask()
    if not isinstance(answer, Suggestion):
        raise RuntimeError(f"the method says {answer}")
    searcher.tell(answer.number, _score(answer.params, chance), "done")


def _known(method: Method, trials: int) -> Searcher:
    """A searcher that knows so many trials; those of a bayesian search are drawn by chance, as it would take long."""
    chance = random.Random(7)
    drawn = _searcher("random" if method == "bayesian" else method)
    for _ in range(trials):
        _trial(drawn, chance)
    if method != "bayesian":
        return drawn
    searcher = _searcher("bayesian")
    searcher.load({**drawn.dump(), "method": "bayesian"})
    return searcher


def ours(method: Method, folder: Path, trials: int = TRIALS, times: int = TIMES) -> float:
    """ask, tell and the state into a file, as the chief does it."""
    searcher, chance = _known(method, trials), random.Random(8)
    file = folder / "search.json"

    def act() -> None:
        _trial(searcher, chance)
        making = file.with_suffix(".new")
        making.write_text(json.dumps(searcher.dump(), allow_nan=False, separators=(",", ":")), "utf-8")
        making.replace(file)

    return _timed(act, times)


def keras_tuners(method: Method, folder: Path, trials: int = TRIALS, times: int = TIMES) -> float:
    """create_trial, update_trial and end_trial with the files that they write."""
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    if method == "grid":
        hp.Float("rate", 0.1, 1.0, step=0.1)
        hp.Int("units", 16, 512, step=16)
        hp.Float("dropout", 0.0, 0.5, step=0.1)
    else:
        hp.Float("rate", 1e-4, 1.0, sampling="log")
        hp.Int("units", 16, 512)
        hp.Float("dropout", 0.0, 0.5)
    hp.Choice("kind", ["relu", "tanh", "gelu"])
    kinds: dict[Method, Any] = {
        "random": keras_tuner.oracles.RandomSearchOracle,
        "grid": keras_tuner.oracles.GridSearchOracle,
        "hyperband": keras_tuner.oracles.HyperbandOracle,
        "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
    }
    more: dict[str, Any] = {"max_trials": 10_000}
    if method == "hyperband":
        more = {"max_epochs": RESOURCE.max, "hyperband_iterations": 10}
    elif method == "bayesian":
        more["num_initial_points"] = trials  # so that the first ones are quick
    oracle = kinds[method](
        objective=keras_tuner.Objective("value", "max"), hyperparameters=hp, seed=7, **more
    )
    oracle._set_project_dir(str(folder), f"{method}{trials}")
    oracle.verbose = 0
    chance = random.Random(7)

    def act() -> None:
        trial = oracle.create_trial("one")
        if trial.status != "RUNNING":
            raise RuntimeError(f"keras-tuner says {trial.status}")
        oracle.update_trial(trial.trial_id, {"value": _score(trial.hyperparameters.values, chance)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)

    with contextlib.redirect_stdout(io.StringIO()):
        for _ in range(trials):
            act()
        return _timed(act, times)


def optunas(folder: Path, trials: int = TRIALS, times: int = TIMES) -> float:
    """Study.ask and Study.tell, with its journal in a file."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / "journal.log")))
    study = optuna.create_study(
        storage=storage, direction="maximize", sampler=optuna.samplers.RandomSampler(seed=7)
    )
    chance = random.Random(7)

    def act() -> None:
        trial = study.ask()
        trial.suggest_float("rate", 1e-4, 1.0, log=True)
        trial.suggest_int("units", 16, 512)
        trial.suggest_float("dropout", 0.0, 0.5)
        trial.suggest_categorical("kind", ["relu", "tanh", "gelu"])
        study.tell(trial, _score(trial.params, chance))

    for _ in range(trials):
        act()
    study.sampler = optuna.samplers.TPESampler(seed=7)
    return _timed(act, times)


def rows() -> list[Row]:
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def row(method: str, mine: float, peer: str, trials: int, goal: float | None) -> None:
            found.append(
                {
                    "what": f"search: ask, tell and keep one trial, {method}, {trials} known",
                    "ours": f"{mine:,.1f} ms",
                    "peer": peer,
                    "goal": f"≤ {goal:g} ms" if goal else "",
                    "met": mine <= goal if goal else None,
                }
            )

        methods: tuple[Method, ...] = ("random", "grid", "hyperband")
        for method in methods:
            peer = keras_tuners(method, folder)
            row(method, ours(method, folder), f"keras-tuner {peer:,.1f} ms", TRIALS, 10)
        row("tpe", ours("tpe", folder), f"Optuna, journal in a file {optunas(folder):,.1f} ms", TRIALS, 10)
        slow = keras_tuners("bayesian", folder, trials=90, times=FEW)
        row("bayesian", ours("bayesian", folder, 90, FEW), f"keras-tuner {slow:,.0f} ms", 90, None)
        slow = keras_tuners("bayesian", folder, trials=TRIALS, times=1)
        row("bayesian (by TPE)", ours("bayesian", folder), f"keras-tuner {slow:,.0f} ms", TRIALS, 10)
    return found
