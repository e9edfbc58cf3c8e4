"""Our methods behind keras-tuner's face, used as its users do."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from kflab.ml.search import KFTuner, tuner
from kflab.ml.search.adopted import Adopted
from kflab.ml.search.checks import inside

Score = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """keras-tuner collects garbage before it builds a model, which takes half a second each time."""
    monkeypatch.setattr(gc, "collect", lambda: 0)


class Black(keras_tuner.HyperModel):  # type: ignore[misc]
    """No Keras model at all: `score` takes hp and gives the objective."""

    def __init__(self, score: Score) -> None:
        super().__init__()
        self.score = score
        self.seen: list[dict[str, Any]] = []

    def build(self, hp: Any) -> Any:
        self.score(hp)
        return {"not": "a model"}

    def fit(self, hp: Any, model: Any, factor: float = 1.0) -> Any:
        assert model == {"not": "a model"}
        self.seen.append(dict(hp.values))
        value = self.score(hp)
        return value * factor if isinstance(value, float) else value


def quadratic(hp: Any) -> float:
    return float((hp.Float("x", -2.0, 2.0) - 0.5) ** 2 + (hp.Int("n", 1, 9) - 4) ** 2 / 10)


def numbers(tuner: Any) -> list[dict[str, Any]]:
    """The values of all trials, in the order in which they began."""
    return [dict(tuner.oracle.trials[key].hyperparameters.values) for key in tuner.oracle.start_order]


@pytest.mark.parametrize("method", ["random", "grid", "bayesian", "tpe"])
def test_anything_that_gives_a_number_can_be_tuned(
    method: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def score(hp: Any) -> float:
        return float((hp.Float("x", -2.0, 2.0, step=0.5) - 0.5) ** 2 + (hp.Int("n", 1, 9) - 4) ** 2 / 10)

    model = Black(score)
    found = KFTuner(model, method=method, max_trials=8, seed=3, directory=tmp_path)
    found.search(factor=2.0)
    assert len(model.seen) == 8 and numbers(found) == model.seen
    assert len({json.dumps(values, sort_keys=True) for values in model.seen}) == 8
    best = found.get_best_hyperparameters()[0].values
    assert best == min(model.seen, key=lambda v: (v["x"] - 0.5) ** 2 + (v["n"] - 4) ** 2 / 10)
    capsys.readouterr()
    found.results_summary(1)
    text = capsys.readouterr().out
    assert "Score:" in text and f"n: {best['n']}" in text
    with pytest.raises(ValueError, match=r"left no weights.*get_best_hyperparameters"):
        found.get_best_models()


@pytest.mark.parametrize("goal", ["min", "max"])
def test_the_goal_is_that_of_the_objective(goal: str, tmp_path: Path) -> None:
    sign = 1 if goal == "min" else -1
    model = Black(lambda hp: {"loss": 0.0, "mine": sign * quadratic(hp)})
    found = KFTuner(model, keras_tuner.Objective("mine", goal), max_trials=40, seed=1, directory=tmp_path)
    found.search()
    late = [abs(values["x"] - 0.5) for values in model.seen[25:]]
    assert sorted(late)[len(late) // 2] < 0.6  # by chance it is 1


def test_hyperband_says_for_how_many_epochs(tmp_path: Path) -> None:
    given: list[int] = []

    def score(hp: Any) -> float:
        given.append(hp.values.get("tuner/epochs", 0))
        return quadratic(hp)

    found = KFTuner(Black(score), method="hyperband", max_epochs=9, max_trials=13, seed=1, directory=tmp_path)
    found.search()
    assert [values["tuner/epochs"] for values in numbers(found)] == [1] * 9 + [3] * 3 + [9]
    assert given[-1] == 9
    with pytest.raises(ValueError, match="max_epochs"):
        KFTuner(Black(quadratic), method="hyperband", directory=tmp_path, project_name="b")
    with pytest.raises(ValueError, match="max_epochs"):
        KFTuner(Black(quadratic), max_epochs=9, directory=tmp_path, project_name="c")
    with pytest.raises(ValueError, match="random, grid, hyperband, bayesian, tpe"):
        KFTuner(Black(quadratic), method="luck", directory=tmp_path, project_name="d")  # type: ignore[arg-type]


def conditional(hp: Any) -> float:
    kind = hp.Choice("kind", ["tree", "net"])
    hp.Fixed("fixed", 7)
    value = 0.0
    with hp.conditional_scope("kind", ["tree"]):
        if kind == "tree":
            value += hp.Int("depth", 1, 4)
    with hp.conditional_scope("kind", ["net"]):
        if kind == "net":
            value += hp.Int("units", 10, 20) / 10
            layers = hp.Int("layers", 1, 3)
            with hp.conditional_scope("layers", [2, 3]):
                if layers > 1:
                    value += hp.Float("rate", 1e-3, 1e-1, sampling="log")
    if hp.Boolean("flag"):
        value += 1
    return value


@pytest.mark.parametrize("method", ["random", "tpe", "bayesian"])
def test_conditional_scopes(method: Any, tmp_path: Path) -> None:
    model = Black(conditional)
    found = KFTuner(model, method=method, max_trials=14, seed=2, directory=tmp_path)
    found.search()
    assert len(model.seen) == 14
    for values in model.seen:
        names = {"kind", "fixed", "flag"}
        if values["kind"] == "tree":
            names |= {"depth"}
        else:
            names |= {"units", "layers"} | ({"rate"} if values["layers"] > 1 else set())
        assert set(values) == names
    assert {values["kind"] for values in model.seen} == {"tree", "net"}


def test_a_grid_has_each_combination_once(tmp_path: Path) -> None:
    def score(hp: Any) -> float:
        kind = hp.Choice("kind", ["a", "b"])
        with hp.conditional_scope("kind", ["b"]):
            if kind == "b":
                hp.Boolean("flag")
        return float(hp.Int("power", 1, 8, step=2, sampling="log"))

    model = Black(score)
    KFTuner(model, method="grid", max_trials=None, directory=tmp_path).search()
    seen = {json.dumps(values, sort_keys=True) for values in model.seen}
    assert len(seen) == len(model.seen) == (1 + 2) * 4


@pytest.mark.parametrize(
    "build",
    [
        lambda hp: hp.Float("x", 0.0, 10.0),
        lambda hp: hp.Float("x", 0.1, 10.0, sampling="log", default=0.3),
        lambda hp: hp.Float("x", 0.1, 10.0, sampling="reverse_log"),
        lambda hp: hp.Int("x", 1, 1000, sampling="log"),
        lambda hp: hp.Int("x", 1, 12, sampling="reverse_log", default=12),
    ],
)
def test_a_grid_without_steps_has_the_values_of_keras_tuners_own(build: Score, tmp_path: Path) -> None:
    def score(hp: Any) -> float:
        return float(build(hp) * (1 if hp.Boolean("flag") else 2))

    mine = KFTuner(Black(score), method="grid", max_trials=None, directory=tmp_path, project_name="mine")
    theirs = keras_tuner.GridSearch(Stock(score), directory=tmp_path, project_name="theirs")
    found = []
    for one in (mine, theirs):
        one.search()
        found.append([(values["x"], values["flag"]) for values in numbers(one)])
    assert found[0] == sorted(found[1])
    assert len(found[0]) == len(set(found[0])) > 10


@pytest.mark.parametrize(
    "build", [lambda hp: hp.Int("huge", 0, 2**60), lambda hp: hp.Float("huge", 0, 1, step=1e-12)]
)
def test_what_a_grid_cannot_go_through_is_named(build: Score, tmp_path: Path) -> None:
    found = KFTuner(Black(build), method="grid", directory=tmp_path)
    with pytest.raises(ValueError, match=r"'huge' has more steps.*Give it a longer step"):
        found.search()


def test_a_space_that_grows_is_searched_on_with_what_was_found(tmp_path: Path) -> None:
    def score(hp: Any) -> float:
        value = float((hp.Float("x", 0.0, 1.0) - 0.3) ** 2)
        if len(model.seen) > 6:
            value += hp.Choice("late", [0, 1])
        return value

    model = Black(score)
    found = KFTuner(model, max_trials=14, seed=1, directory=tmp_path)
    found.search()
    assert ["late" in values for values in model.seen] == [False] * 7 + [True] * 7
    state = found.oracle.get_state()["kfhub"]["searcher"]
    letters = [row[0] for row in state["rows"]]
    assert letters.count("l") == 7 and letters.count("d") == 7


def test_failures_are_told_and_too_many_of_them_end_it(tmp_path: Path) -> None:
    def score(hp: Any) -> float:
        if hp.Float("x", 0.0, 1.0) < 0.5 and found is not None:
            raise RuntimeError("too small")
        return math.nan if hp.get("x") > 0.9 else float(hp.get("x"))

    found: Any = None
    found = KFTuner(Black(score), max_trials=20, seed=1, directory=tmp_path, max_consecutive_failed_trials=21)
    found.search()
    rows = found.oracle.get_state()["kfhub"]["searcher"]["rows"]
    for row in rows:
        (x,) = row[2]
        assert row[0] == ("d" if 0.5 <= x <= 0.9 else "f")

    def fails(hp: Any) -> float:
        hp.Float("x", 0.0, 1.0)
        if started:
            raise RuntimeError("always")
        return 0.0

    started: list[int] = []
    hopeless = KFTuner(Black(fails), directory=tmp_path, project_name="hopeless")
    started.append(1)
    with pytest.raises(RuntimeError, match="consecutive failures"):
        hopeless.search()


def test_a_failed_trial_is_tried_again_if_asked(tmp_path: Path) -> None:
    times: dict[float, int] = {}

    def score(hp: Any) -> float:
        x = hp.Float("x", 0.0, 1.0)
        times[x] = times.get(x, 0) + 1
        if times[x] == 1 and x:
            raise RuntimeError("once")
        return float(x)

    found = KFTuner(Black(score), max_trials=3, seed=1, directory=tmp_path, max_retries_per_trial=1)
    found.search()
    rows = found.oracle.get_state()["kfhub"]["searcher"]["rows"]
    assert [row[0] for row in rows] == ["d", "d", "d"]


class Killed(BaseException):
    """What no handler in between takes for an error of the trial."""


@pytest.mark.parametrize("method", ["tpe", "random"])
def test_a_search_that_is_killed_at_any_write_goes_on(
    method: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(name: str) -> Any:
        return KFTuner(
            Black(quadratic), method=method, max_trials=12, seed=5, directory=tmp_path, project_name=name
        )

    whole = begin("whole")
    whole.search()
    expected = numbers(whole)
    write = tuner._write
    for at in range(0, 60, 3):
        left = at

        def dying(path: str, state: Any) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                Path(f"{path}.new").write_text(json.dumps(state)[:20])  # torn
                raise Killed
            write(path, state)

        monkeypatch.setattr(tuner, "_write", dying)
        with contextlib.suppress(Killed):
            begin(f"cut{at}").search()
        monkeypatch.setattr(tuner, "_write", write)
        again = begin(f"cut{at}")
        with warnings.catch_warnings():
            # What keras-tuner says when it finds the measures of a trial that was cut off.
            warnings.filterwarnings("error", message="The use case of calling")
            again.search()
        assert numbers(again) == expected
        assert [t.status for t in again.oracle.trials.values()] == ["COMPLETED"] * 12
        assert sorted(again.oracle.end_order) == sorted(again.oracle.trials)
        scores = {key: trial.score for key, trial in again.oracle.trials.items()}
        assert scores == {key: trial.score for key, trial in whole.oracle.trials.items()}
        rows = again.oracle.get_state()["kfhub"]["searcher"]["rows"]
        assert [row[:2] for row in rows] == [["d", trial.score] for trial in again.oracle.trials.values()]


def test_a_trial_whose_end_was_written_is_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, ended = tuner._write, []

    def dying(path: str, state: Any) -> None:
        if len(ended) == 3:
            raise Killed
        write(path, state)
        if state.get("status") == "COMPLETED":
            ended.append(path)

    monkeypatch.setattr(tuner, "_write", dying)
    first, second = Black(quadratic), Black(quadratic)
    with pytest.raises(Killed):
        KFTuner(first, max_trials=5, directory=tmp_path).search()
    monkeypatch.setattr(tuner, "_write", write)
    KFTuner(second, max_trials=5, directory=tmp_path).search()
    assert (len(first.seen), len(second.seen)) == (3, 2)


def test_a_kill_in_the_first_trial_loses_nothing(tmp_path: Path) -> None:
    model = Black(quadratic)

    def killed(*_: Any) -> Any:
        raise Killed

    first = KFTuner(model, max_trials=2, directory=tmp_path)
    model.score = killed
    with pytest.raises(Killed):
        first.search()
    model.score = quadratic
    again = KFTuner(model, max_trials=2, directory=tmp_path)
    again.search()
    assert again.oracle.seed == first.oracle.seed and numbers(again)[:1] == numbers(first)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "oracle.json"
    tuner._write(str(path), {"trials": 1})

    def killed(*_: Any) -> Any:
        raise Killed

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(Killed):
        tuner._write(str(path), {"trials": 2})
    assert json.loads(path.read_text()) == {"trials": 1}


def test_seed_0_is_a_seed(tmp_path: Path) -> None:
    found = []
    for name in "ab":
        found.append(KFTuner(Black(quadratic), max_trials=3, seed=0, directory=tmp_path, project_name=name))
        found[-1].search()
    assert numbers(found[0]) == numbers(found[1])


def test_a_search_goes_on_after_kill_9(tmp_path: Path) -> None:
    code = """
import os, sys
import keras_tuner
from kflab.ml.search import KFTuner
class Black(keras_tuner.HyperModel):
    trials = 0
    def build(self, hp):
        hp.Float("x", 0.0, 1.0)
    def fit(self, hp, model):
        self.trials += 1
        if self.trials == 4:
            os.kill(os.getpid(), 9)
        return float(hp.get("x"))
KFTuner(Black(), max_trials=6, seed=1, directory=sys.argv[1]).search()
"""
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    model = Black(lambda hp: float(hp.Float("x", 0.0, 1.0)))
    found = KFTuner(model, max_trials=6, directory=tmp_path)
    assert found.remaining_trials == 2
    found.search()
    assert len(model.seen) == 3 and len(found.oracle.end_order) == 6


def test_another_search_in_the_folder_is_named(tmp_path: Path) -> None:
    KFTuner(Black(quadratic), max_trials=2, seed=1, directory=tmp_path).search()
    with pytest.raises(ValueError, match=r"another method, 'tpe', not 'random'.*overwrite=True"):
        KFTuner(Black(quadratic), method="random", directory=tmp_path)
    fresh = KFTuner(Black(quadratic), method="random", max_trials=2, directory=tmp_path, overwrite=True)
    assert fresh.remaining_trials == 2


def test_a_search_begun_with_keras_tuner_goes_on(tmp_path: Path) -> None:
    theirs = keras_tuner.RandomSearch(Stock(quadratic), max_trials=11, seed=1, directory=tmp_path)
    theirs.search()
    ours = KFTuner(Black(quadratic), max_trials=14, directory=tmp_path)
    ours.search()
    letters = [row[0] for row in ours.oracle.get_state()["kfhub"]["searcher"]["rows"]]
    assert letters == ["l"] * 11 + ["d"] * 3


class Stock(Black):
    """As keras-tuner needs it: a real model, and a `fit` that takes its callbacks."""

    def build(self, hp: Any) -> Any:
        self.score(hp)
        return keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])

    def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        return self.score(hp)


ROWS = np.linspace(-1, 1, 16, dtype="float32").reshape(8, 2)
TRUTH = (ROWS[:, 0] > 0).astype("float32")


def build(hp: Any) -> Any:
    layers = [keras.layers.Input((2,))]
    depth = hp.Choice("depth", [0, 1])
    with hp.conditional_scope("depth", [1]):
        if depth:
            layers.append(keras.layers.Dense(hp.Int("units", 2, 4), activation="relu"))
    model = keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])
    rate = hp.Float("rate", 1e-2, 1.0, sampling="log")
    # Compiling for one batch would take longer than all the rest.
    model.compile(keras.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"], run_eagerly=True)
    return model


@pytest.mark.parametrize("method", ["tpe", "random"])
def test_a_keras_model(method: Any, tmp_path: Path) -> None:
    def begin(trials: int) -> Any:
        return KFTuner(
            build, objective="val_accuracy", method=method, max_trials=trials, seed=4, directory=tmp_path
        )

    data = {"x": ROWS, "y": TRUTH, "validation_data": (ROWS, TRUTH), "epochs": 2, "verbose": 0}
    found = begin(2)
    found.search(**data)
    again = begin(3)
    assert again.remaining_trials == 1
    again.search(**data)
    assert numbers(again)[:2] == numbers(found) and len(numbers(again)) == 3
    (best,) = again.get_best_hyperparameters()
    (model,) = again.get_best_models()
    scores = [trial.score for trial in again.oracle.trials.values()]
    assert model.evaluate(ROWS, TRUTH, verbose=0)[1] == pytest.approx(max(scores))
    assert set(best.values) <= {"depth", "units", "rate"}


def test_a_build_that_forgets_its_model_is_told_so(tmp_path: Path) -> None:
    def forgetful(hp: Any) -> None:
        build(hp)

    with pytest.raises(keras_tuner.errors.FatalTypeError, match="valid Keras Model"):
        KFTuner(forgetful, objective="val_accuracy", directory=tmp_path).search(ROWS, TRUTH)


def test_every_kind_of_hyperparameter_becomes_one_of_ours_and_back() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("int", 1, 9)
    hp.Int("step", 0, 10, step=4)
    hp.Int("log", 1, 100, sampling="log")
    hp.Int("powers", 2, 40, step=2, sampling="log")
    hp.Int("reverse", 1, 50, sampling="reverse_log")
    hp.Int("same", 3, 3)
    hp.Int("wide step", 3, 5, step=7)
    hp.Int("huge", 0, 2**60)
    hp.Float("float", -1.0, 1.0)
    hp.Float("grid", 0.0, 1.0, step=0.25)
    hp.Float("rate", 1e-3, 1.0, sampling="log")
    hp.Float("decades", 1e-3, 1.0, step=10, sampling="log")
    hp.Float("late", 1.0, 2.0, sampling="reverse_log")
    hp.Choice("words", ["a", "b", "x" * 300])
    hp.Choice("numbers", [0.5, 1.5])
    hp.Choice("many", list(range(500)))
    hp.Choice("one", ["only"])
    hp.Boolean("flag", default=True)
    hp.Fixed("fixed", "f")
    adopted = Adopted(hp)
    kinds = {
        p.name: (p.type, p.low, p.high, p.step, p.scale if p.scale == "log" else None)
        for p in adopted.parameters
    }
    assert kinds["p0"] == ("int", 1, 9, None, None) and kinds["p1"] == ("int", 0, 10, 4, None)
    assert kinds["p2"] == ("int", 1, 100, None, "log") and kinds["p3"] == ("int", 0, 4, None, None)
    assert kinds["p4"] == kinds["p7"] == kinds["p12"] == ("float", 0.0, 1.0, None, None)
    assert {"p5", "p6", "p16", "p18"} & set(kinds) == set()
    rng = np.random.default_rng(0)
    for _ in range(200):
        theirs = {p.name: p.random_sample(int(rng.integers(1, 2**31))) for p in hp.space}
        ours = adopted.params(theirs)
        assert inside(adopted.parameters, ours) == ours
        back = adopted.values(ours)
        for name in theirs:
            close = name in ("huge", "reverse", "late", "rate", "float")
            assert type(back[name]) is type(theirs[name])
            assert back[name] == (pytest.approx(theirs[name], rel=0.05, abs=1) if close else theirs[name])


def test_conditions_are_taken_over_where_they_can_be_said() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["a", "b", "c"])
    hp.Fixed("fixed", 1)
    with hp.conditional_scope("kind", ["b", "c"]):
        hp.Int("n", 1, 3)
        with hp.conditional_scope("n", [2, 9]):
            hp.Boolean("deep")
    with hp.conditional_scope("kind", ["z"]):
        hp.Boolean("never")
    with hp.conditional_scope("fixed", [1]):
        hp.Boolean("always")
    with hp.conditional_scope("fixed", [2]):
        hp.Boolean("nor this")
    adopted = Adopted(hp)
    whens = {hp.space[int(p.name[1:])].name: p.when for p in adopted.parameters}
    assert whens == {
        "kind": {},
        "n": {"p0": [1, 2]},
        "deep": {"p0": [1, 2], "p2": [2]},
        "always": {},
    }
