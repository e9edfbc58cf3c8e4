"""The model families one can choose: their parameters as JSON schemas, and the space one would search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kflab.ml.spec import Kind, Known
from kflab.ml.tuning import Parameter, Value

__all__ = ["CLASSES", "FAMILIES", "Family", "Schema"]

Schema = dict[str, Any]
CLASSES: tuple[Known, ...] = ("binary", "multiclass")


@dataclass(frozen=True)
class Family:
    """One kind of model. `params` are its properties as JSON schemas, with defaults; `space` is worth a search.

    `size` is the parameter that counts its trees or iterations, for a search that begins small.
    """

    title: str
    description: str
    tasks: tuple[Known, ...]
    kind: Kind
    params: Mapping[str, Schema]
    path: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    threads: str | None = None
    seeded: bool = True
    size: str | None = None
    space: tuple[Parameter, ...] = ()

    @property
    def stops(self) -> bool:
        """Whether the rows that it is compared on tell it when to stop."""
        return self.kind in ("network", "histogram")

    def defaults(self) -> dict[str, Any]:
        return {name: schema["default"] for name, schema in self.params.items()}

    def schema(self) -> Schema:
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "additionalProperties": False,
            "properties": dict(self.params),
        }


def _number(
    title: str, default: float, low: float, high: float | None = None, *, open_: bool = False, text: str = ""
) -> Schema:
    bound = "exclusiveMinimum" if open_ else "minimum"
    schema: Schema = {"type": "number", "title": title, "default": default, bound: low}
    return {
        **schema,
        **({"maximum": high} if high is not None else {}),
        **({"description": text} if text else {}),
    }


def _whole(title: str, default: int, low: int, high: int, text: str = "") -> Schema:
    schema: Schema = {"type": "integer", "title": title, "default": default, "minimum": low, "maximum": high}
    return {**schema, "description": text} if text else schema


def _choice(title: str, default: str, options: list[str], text: str = "") -> Schema:
    schema: Schema = {"type": "string", "title": title, "default": default, "enum": options}
    return {**schema, "description": text} if text else schema


def _floats(name: str, low: float, high: float, *, log: bool = False) -> Parameter:
    return Parameter(name=name, type="float", low=low, high=high, scale="log" if log else "linear")


def _ints(name: str, low: int, high: int, *, log: bool = False) -> Parameter:
    return Parameter(name=name, type="int", low=low, high=high, scale="log" if log else "linear")


def _either(name: str, *choices: Value) -> Parameter:
    return Parameter(name=name, type="choice", choices=list(choices))


_TREE = {
    "max_depth": _whole("Depth, 0 for no limit", 0, 0, 1000),
    "min_samples_leaf": _whole("Rows in a leaf, at least", 1, 1, 100_000),
    "ccp_alpha": _number("Pruning, 0 for none", 0.0, 0),
}
_TREE_SPACE = (_ints("max_depth", 1, 32), _ints("min_samples_leaf", 1, 50, log=True))
_FOREST = {
    "n_estimators": _whole("Trees", 100, 1, 5000),
    "max_depth": _whole("Depth, 0 for no limit", 0, 0, 1000),
    "min_samples_leaf": _whole("Rows in a leaf, at least", 1, 1, 100_000),
    "max_features": _choice("Columns tried at each split", "sqrt", ["sqrt", "log2", "all"]),
}
_FOREST_SPACE = (
    _ints("n_estimators", 20, 500, log=True),
    _ints("max_depth", 2, 32),
    _ints("min_samples_leaf", 1, 20, log=True),
    _either("max_features", "sqrt", "log2", "all"),
)
_HISTOGRAM = {
    "max_iter": _whole("Boosting iterations", 100, 1, 5000),
    "learning_rate": _number("Learning rate", 0.1, 0, 10, open_=True),
    "max_leaf_nodes": _whole("Leaves of a tree, at most", 31, 2, 10_000),
    "min_samples_leaf": _whole("Rows in a leaf, at least", 20, 1, 100_000),
    "l2_regularization": _number("L2 penalty", 0.0, 0),
}
_HISTOGRAM_SPACE = (
    _ints("max_iter", 20, 500, log=True),
    _floats("learning_rate", 0.01, 0.5, log=True),
    _ints("max_leaf_nodes", 8, 128, log=True),
    _ints("min_samples_leaf", 5, 100, log=True),
    _floats("l2_regularization", 0.0, 10.0),
)
_MLP = {
    "layers": _whole("Hidden layers", 2, 1, 8),
    "units": _whole("Units of a layer", 64, 1, 4096),
    "activation": _choice("Activation", "relu", ["relu", "tanh", "gelu", "selu"]),
    "dropout": _number("Dropout", 0.1, 0, 0.9),
    "learning_rate": _number("Learning rate", 0.001, 0, 1, open_=True),
}
_MLP_SPACE = (
    _ints("layers", 1, 4),
    _ints("units", 16, 256, log=True),
    _floats("dropout", 0.0, 0.5),
    _floats("learning_rate", 0.0001, 0.03, log=True),
)

FAMILIES: dict[str, Family] = {
    "sklearn:LogisticRegression": Family(
        "Logistic regression",
        "A linear model for classes: fast, and its weights can be read.",
        CLASSES,
        "linear",
        {
            "C": _number("C, the inverse of the penalty", 1.0, 0, open_=True),
            "max_iter": _whole("Iterations, at most", 200, 1, 100_000),
        },
        path="sklearn.linear_model:LogisticRegression",
        space=(_floats("C", 0.0001, 1000.0, log=True),),
    ),
    "sklearn:Ridge": Family(
        "Ridge regression",
        "A linear model for numbers with a penalty on large weights.",
        ("regression",),
        "linear",
        {"alpha": _number("Penalty", 1.0, 0)},
        path="sklearn.linear_model:Ridge",
        space=(_floats("alpha", 0.0001, 1000.0, log=True),),
    ),
    "sklearn:DecisionTreeClassifier": Family(
        "Decision tree",
        "One tree of questions: fast, and it can be read; deep ones learn the noise as well.",
        CLASSES,
        "tree",
        {**_TREE, "criterion": _choice("What a split is judged by", "gini", ["gini", "entropy"])},
        path="sklearn.tree:DecisionTreeClassifier",
        space=(*_TREE_SPACE, _either("criterion", "gini", "entropy")),
    ),
    "sklearn:DecisionTreeRegressor": Family(
        "Decision tree",
        "One tree of questions: fast, and it can be read; deep ones learn the noise as well.",
        ("regression",),
        "tree",
        _TREE,
        path="sklearn.tree:DecisionTreeRegressor",
        space=_TREE_SPACE,
    ),
    "sklearn:RandomForestClassifier": Family(
        "Random forest",
        "Many trees that vote: a good first model for tables.",
        CLASSES,
        "forest",
        _FOREST,
        path="sklearn.ensemble:RandomForestClassifier",
        threads="n_jobs",
        size="n_estimators",
        space=_FOREST_SPACE,
    ),
    "sklearn:RandomForestRegressor": Family(
        "Random forest",
        "Many trees, averaged: a good first model for tables.",
        ("regression",),
        "forest",
        {**_FOREST, "max_features": _choice("Columns tried at each split", "all", ["all", "sqrt", "log2"])},
        path="sklearn.ensemble:RandomForestRegressor",
        threads="n_jobs",
        size="n_estimators",
        space=_FOREST_SPACE,
    ),
    "sklearn:HistGradientBoostingClassifier": Family(
        "Gradient boosting on histograms",
        "Trees that correct each other: often the most accurate on tables; takes empty cells as they are.",
        CLASSES,
        "histogram",
        _HISTOGRAM,
        path="sklearn.ensemble:HistGradientBoostingClassifier",
        fixed={"early_stopping": False},
        size="max_iter",
        space=_HISTOGRAM_SPACE,
    ),
    "sklearn:HistGradientBoostingRegressor": Family(
        "Gradient boosting on histograms",
        "Trees that correct each other: often the most accurate on tables; takes empty cells as they are.",
        ("regression",),
        "histogram",
        _HISTOGRAM,
        path="sklearn.ensemble:HistGradientBoostingRegressor",
        fixed={"early_stopping": False},
        size="max_iter",
        space=_HISTOGRAM_SPACE,
    ),
    "keras:mlp": Family(
        "Neural network (Keras)",
        "A multilayer perceptron, trained epoch by epoch, stopped when validation no longer improves.",
        (*CLASSES, "regression"),
        "network",
        _MLP,
        space=_MLP_SPACE,
    ),
}
