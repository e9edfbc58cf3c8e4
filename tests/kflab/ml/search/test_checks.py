"""What is wrong with a search, said before it begins: the sentence, and the field it stands at."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kflab.faults import faults
from kflab.ml.errors import DataError
from kflab.ml.search import checks, methods
from kflab.ml.spec import ModelSpec
from kflab.ml.tuning import Parameter, TuningSpec
from kflab.runs.spec import RunSpec

FOREST = "sklearn:RandomForestClassifier"
DEPTH = {"name": "max_depth", "type": "int", "low": 1, "high": 9}
FEATURES = {"name": "max_features", "type": "choice", "choices": ["sqrt", "log2"]}


def fault(tuning: dict[str, Any]) -> tuple[str, str]:
    """The one fault of a RunSpec with this tuning, as the server reports it."""
    body = {
        "version": 1,
        "kind": "tune",
        "dataset": {"uri": "sklearn:wine"},
        "model": {"family": FOREST},
        "tuning": tuning,
    }
    with pytest.raises(ValidationError) as caught:
        RunSpec.model_validate(body)
    (found,) = faults(caught.value)
    return found["field"], found["message"]


def range_(**parts: Any) -> dict[str, Any]:
    return {"space": [DEPTH, {"name": "x", "type": "float", "low": 0.1, "high": 1.0, **parts}]}


@pytest.mark.parametrize(
    ("tuning", "field", "message"),
    [
        (range_(low=2), "space.1.low", "Low is 2, above high, 1. Swap the two."),
        (range_(low=1), "space.1.high", "High must be above low; from 1 to 1 there is nothing to search."),
        (
            range_(low=0, scale="log"),
            "space.1.low",
            "Low must be above 0 on a log scale; 0 has no logarithm. Use for example 0.001.",
        ),
        (
            range_(low=-2.5, scale="log"),
            "space.1.low",
            "Low must be above 0 on a log scale; -2.5 has no logarithm. Use for example 0.001.",
        ),
        (
            range_(scale="log", step=0.1),
            "space.1.step",
            "Step does not go with a log scale. Leave it out, or use a linear scale.",
        ),
        (range_(step=3), "space.1.step", "Step is 3, longer than the range from 0.1 to 1."),
        (
            range_(step=1e-12),
            "space.1.step",
            "Step is 1e-12, so small that the range has over a billion of them. Leave it out.",
        ),
        (range_(step=0), "space.1.step", "Give more than 0."),
        (range_(high=None), "space.1.high", "A range needs 'high': give both of its ends, such as 1 and 32."),
        (range_(low=None), "space.1.low", "A range needs 'low': give both of its ends, such as 1 and 32."),
        (
            range_(type="int", low=0.5),
            "space.1.low",
            "Low must be a whole number for the type int; 0.5 is none.",
        ),
        (
            range_(type="int", low=1, high=9, step=1.5),
            "space.1.step",
            "Step must be a whole number for the type int; 1.5 is none.",
        ),
        (
            range_(type="int", low=1, high=10**400),
            "space.1.high",
            "High is too large to compute with; stay between -2^53 and 2^53.",
        ),
        (
            range_(low=-(10**400)),
            "space.1.low",
            "Low is too large to compute with; stay between -1e300 and 1e300.",
        ),
        (range_(high=float("nan")), "space.1.high", "Give a finite number."),
        (
            range_(choices=[1]),
            "space.1.choices",
            "Choices are for the type choice; a range of type float has low and high.",
        ),
        (
            range_(type="choice", choices=[1], high=None),
            "space.1.low",
            "Low is for ranges of the type int or float; the type choice has none.",
        ),
        (
            {"space": [{"name": "x", "type": "choice"}]},
            "space.0.choices",
            'The type choice needs \'choices\': a list such as ["sqrt", "log2"].',
        ),
        (
            {"space": [{"name": "x", "type": "choice", "choices": ["a", "b", "a"]}]},
            "space.0.choices",
            "Choices must differ; one of them stands there twice.",
        ),
        (
            {"space": [{"name": "x", "type": "choice", "choices": ["a"], "scale": "log"}]},
            "space.0.scale",
            "Scale is for ranges of the type int or float; the type choice has none.",
        ),
        (
            {"space": [{"name": "x", "type": "bool", "choices": [True]}]},
            "space.0.choices",
            "Choices are for the type choice; a bool is true or false.",
        ),
        ({"space": [{"name": "x", "type": "bool", "steps": 1}]}, "space.0.steps", "There is no such key here; remove it."),
        ({"space": []}, "space", "Give at least 1 entries, not 0."),
        (
            {"method": "hyperband"},
            "resource",
            'Method hyperband needs \'resource\': what its trials get more and more of, such as {"name": "epochs", "max": 27}.',
        ),
        (
            {"method": "grid", "resource": {"max": 9}},
            "resource",
            "Resource is for the method hyperband; leave it out for grid.",
        ),
        (
            {"method": "hyperband", "resource": {"min": 9, "max": 9}},
            "resource.min",
            "Min is 9, not below max, 9.",
        ),
        (
            {"method": "annealing"},
            "method",
            "Use 'random', 'grid', 'hyperband', 'bayesian' or 'tpe'.",
        ),
        ({"budget": {"trials": 0}}, "budget.trials", "Give 1 or more."),
        ({"objective": {"metric": "accuracy", "goal": "up"}}, "objective.goal", "Use 'max' or 'min'."),
    ],
)  # fmt: skip
def test_a_tuning_that_makes_no_sense(tuning: dict[str, Any], field: str, message: str) -> None:
    assert fault(tuning) == (f"tuning.{field}", message)


@pytest.mark.parametrize(
    "parameter",
    [
        {"type": "float", "low": -1.0, "high": -0.9, "step": 0.1},
        {"type": "int", "low": 1.0, "high": 4.0, "step": 3.0},
        {"type": "choice", "choices": [1, 1.0, True, "1"]},
        {"type": "choice", "choices": ["only"]},
        {"type": "float", "low": 1e-300, "high": 1e300, "scale": "log"},
    ],
)
def test_what_looks_odd_and_is_right(parameter: dict[str, Any]) -> None:
    assert Parameter.model_validate({"name": "x", **parameter}).name == "x"


def refused(
    root: Path, tuning: dict[str, Any], *, family: str = FOREST, task: Any = "binary"
) -> tuple[str, str]:
    with pytest.raises(DataError) as caught:
        checks.check(TuningSpec.model_validate(tuning), ModelSpec(family=family), task, root)
    return caught.value.field, caught.value.message


@pytest.mark.parametrize(
    ("tuning", "field", "message"),
    [
        (
            {"space": [{**DEPTH, "name": "max_dept"}]},
            "space.0.name",
            "Random forest has no parameter 'max_dept'; did you mean 'max_depth'? "
            "It has n_estimators, max_depth, min_samples_leaf, max_features.",
        ),
        (
            {"space": [DEPTH, FEATURES, DEPTH]},
            "space.2.name",
            "'max_depth' stands in the space twice; keep one.",
        ),
        (
            {"space": [DEPTH, {**FEATURES, "choices": ["sqrt", "root"]}]},
            "space.1.choices",
            "'root' is not one of ['sqrt', 'log2', 'all']. Choose one of sqrt, log2, all.",
        ),
        (
            {"space": [{"name": "max_features", "type": "bool"}]},
            "space.0.type",
            "False is not of type 'string'. Choose one of sqrt, log2, all.",
        ),
        (
            {"space": [{**DEPTH, "name": "max_features"}]},
            "space.0.type",
            "'max_features' is one of sqrt, log2, all: use the type choice.",
        ),
        (
            {"space": [{**DEPTH, "type": "float"}]},
            "space.0.type",
            "'max_depth' takes whole numbers: use the type int.",
        ),
        (
            {"space": [{**DEPTH, "low": -1}]},
            "space.0.low",
            "-1 is less than the minimum of 0. Use a whole number from 0 to 1000, such as 0.",
        ),
        (
            {"space": [{**DEPTH, "high": 2000}]},
            "space.0.high",
            "2000 is greater than the maximum of 1000. Use a whole number from 0 to 1000, such as 0.",
        ),
        (
            {"space": [{**DEPTH, "when": {"max_features": ["sqrt"]}}, FEATURES]},
            "space.0.when",
            "'max_depth' depends on 'max_features', which must stand before it in the space.",
        ),
        (
            {"space": [DEPTH, {**FEATURES, "when": {"max_depth": [1]}}]},
            "space.1.when",
            "'max_features' can depend on a choice or a bool; 'max_depth' is a range.",
        ),
        (
            {"space": [FEATURES, {**DEPTH, "when": {"max_features": ["sqrt", "all"]}}]},
            "space.1.when",
            "'max_features' is never 'all'; it is one of sqrt, log2.",
        ),
        (
            {"objective": {"metric": "accurcy"}},
            "objective.metric",
            "There is no metric 'accurcy'. Did you mean accuracy? "
            "There are accuracy, f1_macro, roc_auc, log_loss, rmse, mae, r2.",
        ),
        (
            {"objective": {"metric": "rmse"}},
            "objective.metric",
            "rmse does not fit a binary task; use accuracy, f1_macro, roc_auc, log_loss.",
        ),
        (
            {"objective": {"metric": "log_loss", "goal": "max"}},
            "objective.goal",
            "Of log_loss less is better: use min, or leave it out.",
        ),
        ({"baseline": {"max_depth": "deep"}}, "baseline.max_depth", "'deep' is not of type 'integer'. Use a whole number from 0 to 1000, such as 0."),
        (
            {"method": "grid", "space": [{**DEPTH, "scale": "log"}]},
            "space.0.scale",
            "Grid search goes in even steps; give 'max_depth' a linear scale, or make it a choice.",
        ),
        (
            {"method": "hyperband", "resource": {"max": 9}},
            "resource.name",
            "Only networks learn in epochs; use samples for this model.",
        ),
        (
            {
                "method": "hyperband",
                "space": [{**DEPTH, "name": "n_estimators"}],
                "resource": {"name": "trees", "max": 9},
            },
            "space.0.name",
            "'n_estimators' is what hyperband gives more and more of; take it out of the space.",
        ),
    ],
)  # fmt: skip
def test_a_tuning_that_does_not_fit(tmp_path: Path, tuning: dict[str, Any], field: str, message: str) -> None:
    assert refused(tmp_path, tuning) == (f"tuning.{field}", message)


def test_a_tuning_that_does_not_fit_another_model(tmp_path: Path) -> None:
    rate = {"name": "C", "type": "float", "low": 0.1, "high": 1.0}
    found = refused(tmp_path, {"method": "grid", "space": [rate]}, family="sklearn:LogisticRegression")
    assert found == (
        "tuning.space.0.step",
        "Grid search goes in steps; give 'C' one, or choose another method.",
    )
    trees = {"method": "hyperband", "space": [rate], "resource": {"name": "trees", "max": 9}}
    found = refused(tmp_path, trees, family="sklearn:LogisticRegression")
    assert found == (
        "tuning.resource.name",
        "This model is not made of trees that are added one by one; use samples.",
    )
    (tmp_path / "mine.py").write_text("")
    assert refused(tmp_path, {}, family="mine.py:build") == (
        "tuning.space",
        "There is no suggested space for mine.py:build; name what to search.",
    )


def test_what_fits(tmp_path: Path) -> None:
    for tuning in (
        {},
        {"method": "grid", "space": [DEPTH, FEATURES]},
        {"method": "hyperband", "resource": {"name": "samples", "max": 9}},
        {"objective": {"metric": "log_loss", "goal": "min"}},
        {"space": [FEATURES, {**DEPTH, "when": {"max_features": ["log2"]}}]},
    ):
        checks.check(TuningSpec.model_validate(tuning), ModelSpec(family=FOREST), "auto", tmp_path)


def test_a_method_whose_libraries_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "optuna" else found(name))
    assert refused(tmp_path, {}) == (
        "tuning.method",
        "TPE needs optuna, which this environment does not have. Choose another method.",
    )
    offers = {offer["method"]: offer["missing"] for offer in methods.offers()}
    assert offers["random"] is None and "optuna" in offers["tpe"] and "optuna" in offers["bayesian"]


def test_the_objective_is_the_first_metric_of_the_run_or_of_the_task() -> None:
    assert checks.objective(TuningSpec(), [], "regression") == ("rmse", "min")
    assert checks.objective(TuningSpec(), ["r2", "mae"], "regression") == ("r2", "max")
    asked = TuningSpec.model_validate({"objective": {"metric": "log_loss"}})
    assert checks.objective(asked, ["accuracy"], "binary") == ("log_loss", "min")
    with pytest.raises(DataError):
        checks.objective(asked, [], "regression")


def test_what_lies_inside_of_a_space() -> None:
    def parameter(**parts: Any) -> Parameter:
        return Parameter.model_validate({"name": "x", **parts})

    stepped = parameter(type="float", low=0.1, high=1, step=0.1)
    assert all(checks.contains(stepped, v) for v in (0.1, 0.30000000000000004, 1, 1.0))
    assert not any(
        checks.contains(stepped, v) for v in (0.15, 0, 1.1, True, "0.1", None, float("nan"), [0.1])
    )
    whole = parameter(type="int", low=1, high=9, step=2)
    assert all(checks.contains(whole, v) for v in (1, 3.0, 9))
    assert not any(checks.contains(whole, v) for v in (2, 3.5, 10**400, float("inf"), False))
    mixed = parameter(type="choice", choices=[1, "a", True])
    assert all(checks.contains(mixed, v) for v in (1, 1.0, "a", True))
    assert not any(checks.contains(mixed, v) for v in (False, 0, "b", None))
    space = [mixed, Parameter(name="y", type="bool", when={"x": [True]})]
    assert checks.inside(space, {"x": 1, "y": True, "z": 3}) == {"x": 1}
    assert checks.inside(space, {"x": True, "y": False}) == {"x": True, "y": False}
    assert checks.inside(space, {"x": True}) is None
