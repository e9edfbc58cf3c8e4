"""The model families one can choose, and their parameters as a JSON schema (draft-07)."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kflab.ml import files
from kflab.ml.errors import DataError
from kflab.ml.preprocessing import Kind
from kflab.ml.spec import ModelSpec
from kflab.ml.tasks import Known

__all__ = ["FAMILIES", "Family", "catalog", "check", "family", "make"]

Schema = dict[str, Any]
_CLASSES: tuple[Known, ...] = ("binary", "multiclass")


@dataclass(frozen=True)
class Family:
    """One kind of model. `params` are its properties as JSON schemas, with defaults."""

    title: str
    description: str
    tasks: tuple[Known, ...]
    kind: Kind
    params: Mapping[str, Schema]
    path: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    threads: str | None = None
    seeded: bool = True

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


_FOREST = {
    "n_estimators": _whole("Trees", 100, 1, 5000),
    "max_depth": _whole("Depth, 0 for no limit", 0, 0, 1000),
    "min_samples_leaf": _whole("Rows in a leaf, at least", 1, 1, 100_000),
    "max_features": _choice("Columns tried at each split", "sqrt", ["sqrt", "log2", "all"]),
}
_HISTOGRAM = {
    "max_iter": _whole("Boosting iterations", 100, 1, 5000),
    "learning_rate": _number("Learning rate", 0.1, 0, 10, open_=True),
    "max_leaf_nodes": _whole("Leaves of a tree, at most", 31, 2, 10_000),
    "min_samples_leaf": _whole("Rows in a leaf, at least", 20, 1, 100_000),
    "l2_regularization": _number("L2 penalty", 0.0, 0),
}
_MLP = {
    "layers": _whole("Hidden layers", 2, 1, 8),
    "units": _whole("Units of a layer", 64, 1, 4096),
    "activation": _choice("Activation", "relu", ["relu", "tanh", "gelu", "selu"]),
    "dropout": _number("Dropout", 0.1, 0, 0.9),
    "learning_rate": _number("Learning rate", 0.001, 0, 1, open_=True),
}

FAMILIES: dict[str, Family] = {
    "sklearn:LogisticRegression": Family(
        "Logistic regression",
        "A linear model for classes: fast, and its weights can be read.",
        _CLASSES,
        "linear",
        {
            "C": _number("C, the inverse of the penalty", 1.0, 0, open_=True),
            "max_iter": _whole("Iterations, at most", 200, 1, 100_000),
        },
        path="sklearn.linear_model:LogisticRegression",
    ),
    "sklearn:Ridge": Family(
        "Ridge regression",
        "A linear model for numbers with a penalty on large weights.",
        ("regression",),
        "linear",
        {"alpha": _number("Penalty", 1.0, 0)},
        path="sklearn.linear_model:Ridge",
    ),
    "sklearn:RandomForestClassifier": Family(
        "Random forest",
        "Many trees that vote: a good first model for tables.",
        _CLASSES,
        "forest",
        _FOREST,
        path="sklearn.ensemble:RandomForestClassifier",
        threads="n_jobs",
    ),
    "sklearn:RandomForestRegressor": Family(
        "Random forest",
        "Many trees, averaged: a good first model for tables.",
        ("regression",),
        "forest",
        {**_FOREST, "max_features": _choice("Columns tried at each split", "all", ["all", "sqrt", "log2"])},
        path="sklearn.ensemble:RandomForestRegressor",
        threads="n_jobs",
    ),
    "sklearn:HistGradientBoostingClassifier": Family(
        "Gradient boosting on histograms",
        "Trees that correct each other: often the most accurate on tables; takes empty cells as they are.",
        _CLASSES,
        "histogram",
        _HISTOGRAM,
        path="sklearn.ensemble:HistGradientBoostingClassifier",
        fixed={"early_stopping": False},
    ),
    "sklearn:HistGradientBoostingRegressor": Family(
        "Gradient boosting on histograms",
        "Trees that correct each other: often the most accurate on tables; takes empty cells as they are.",
        ("regression",),
        "histogram",
        _HISTOGRAM,
        path="sklearn.ensemble:HistGradientBoostingRegressor",
        fixed={"early_stopping": False},
    ),
    "keras:mlp": Family(
        "Neural network (Keras)",
        "A multilayer perceptron, trained epoch by epoch, stopped when validation no longer improves.",
        (*_CLASSES, "regression"),
        "network",
        _MLP,
    ),
}


def catalog() -> list[dict[str, Any]]:
    """What the forms offer: `{family, title, description, tasks, kind, schema}` for each family."""
    return [
        {
            "family": name,
            "title": known.title,
            "description": known.description,
            "tasks": list(known.tasks),
            "kind": known.kind,
            "schema": known.schema(),
        }
        for name, known in FAMILIES.items()
    ]


def check(spec: ModelSpec, root: Path) -> None:
    """Raise DataError for a family or parameter that does not exist; loads no user code."""
    if _own(spec.family):
        path, function = _own(spec.family) or ("", "")
        files.inside(root, path, "model.family")
        if not function.isidentifier():
            raise DataError("model.family", f"{function!r} is no name of a function; write file.py:build.")
        return
    known = FAMILIES.get(spec.family)
    if known is None:
        near = difflib.get_close_matches(spec.family, FAMILIES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise DataError(
            "model.family",
            f"There is no model {spec.family!r}.{hint} There are {', '.join(FAMILIES)}, and file.py:function of the workspace.",
        )
    _check_params(spec.params, known)


def _check_params(params: Mapping[str, Any], known: Family) -> None:
    from jsonschema import Draft7Validator

    for name in params:
        if name not in known.params:
            near = difflib.get_close_matches(name, known.params, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise DataError(
                f"model.params.{name}",
                f"{known.title} has no parameter {name!r}{hint} It has {', '.join(known.params)}.",
            )
    for error in Draft7Validator(known.schema()).iter_errors(dict(params)):
        name = str(error.absolute_path[0]) if error.absolute_path else ""
        raise DataError(f"model.params.{name}", f"{error.message}. {_allowed(known.params[name])}")


def _allowed(schema: Schema) -> str:
    if "enum" in schema:
        return f"Choose one of {', '.join(schema['enum'])}."
    low = f"from {schema['minimum']}" if "minimum" in schema else f"above {schema.get('exclusiveMinimum')}"
    high = f" to {schema['maximum']}" if "maximum" in schema else ""
    return f"Use {'a whole number' if schema['type'] == 'integer' else 'a number'} {low}{high}, such as {schema['default']}."


def family(spec: ModelSpec, task: Known) -> Family:
    """The family of a spec. Raises DataError if it does not solve the task."""
    if _own(spec.family):
        return Family(spec.family, "", (*_CLASSES, "regression"), "linear", {}, seeded=False)
    known = FAMILIES[spec.family]
    if task not in known.tasks:
        fitting = ", ".join(name for name, other in FAMILIES.items() if task in other.tasks)
        raise DataError(
            "model.family", f"{known.title} ({spec.family}) does not solve a {task} task; use {fitting}."
        )
    return known


def make(spec: ModelSpec, known: Family, *, seed: int, threads: int, root: Path) -> Any:
    """An unfitted estimator. User code (file.py:function) runs here, and what it raises goes through."""
    own = _own(spec.family)
    if own:
        return _build_own(files.inside(root, own[0], "model.family"), own[1], dict(spec.params))
    module, name = known.path.split(":")
    params = (
        {name: schema["default"] for name, schema in known.params.items()}
        | dict(spec.params)
        | dict(known.fixed)
    )
    # JSON schema forms can't draw null: 0 and "all" stand for scikit-learn's None.
    if params.get("max_depth") == 0:
        params["max_depth"] = None
    if params.get("max_features") == "all":
        params["max_features"] = None
    if known.seeded:
        params["random_state"] = seed
    if known.threads:
        params[known.threads] = threads
    return getattr(importlib.import_module(module), name)(**params)


def _own(name: str) -> tuple[str, str] | None:
    path, separator, function = name.rpartition(":")
    return (path, function) if separator and path.endswith(".py") else None


def _build_own(path: Path, function: str, params: dict[str, Any]) -> Any:
    loaded = importlib.util.spec_from_file_location(f"kflab_user_{path.stem}", path)
    if loaded is None or loaded.loader is None:
        raise DataError("model.family", f"{path.name} cannot be loaded as Python.")
    module = importlib.util.module_from_spec(loaded)
    sys.modules[loaded.name] = module
    loaded.loader.exec_module(module)
    build = getattr(module, function, None)
    if not callable(build):
        raise DataError("model.family", f"{path.name} has no function {function!r}.")
    estimator = build(**params)
    if not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
        raise DataError(
            "model.family",
            f"{function}() in {path.name} must return an estimator with fit and predict, not {type(estimator).__name__}.",
        )
    return estimator
