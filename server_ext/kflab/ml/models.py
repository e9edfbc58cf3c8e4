"""Choose a model family, check its parameters, and make an estimator of it."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kflab.ml import files
from kflab.ml.errors import DataError
from kflab.ml.families import CLASSES, FAMILIES, Family, Schema
from kflab.ml.spec import Known, ModelSpec

__all__ = ["catalog", "check", "family", "make", "own"]


def catalog() -> list[dict[str, Any]]:
    """What the forms offer: `{family, title, description, tasks, kind, schema, space, resources}` for each family."""
    return [
        {
            "family": name,
            "title": known.title,
            "description": known.description,
            "tasks": list(known.tasks),
            "kind": known.kind,
            "schema": known.schema(),
            "space": [parameter.model_dump(mode="json", exclude_none=True) for parameter in known.space],
            "resources": [
                *(["epochs"] if known.kind == "network" else []),
                *(["trees"] if known.size else []),
                "samples",
            ],
        }
        for name, known in FAMILIES.items()
    ]


def check(spec: ModelSpec, root: Path) -> None:
    """Raise DataError for a family or parameter that does not exist; loads no user code."""
    if own(spec.family):
        path, function = own(spec.family) or ("", "")
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
    check_params(spec.params, known)


def check_params(params: Mapping[str, Any], known: Family, at: str = "model.params") -> None:
    """Raise DataError for a parameter that the family has not, or a value that it does not take; `at` is where they stand."""
    from jsonschema import Draft7Validator

    for name in params:
        if name not in known.params:
            near = difflib.get_close_matches(name, known.params, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise DataError(
                f"{at}.{name}",
                f"{known.title} has no parameter {name!r}{hint} It has {', '.join(known.params)}.",
            )
    for error in Draft7Validator(known.schema()).iter_errors(dict(params)):
        name = str(error.absolute_path[0]) if error.absolute_path else ""
        raise DataError(f"{at}.{name}", f"{error.message}. {_allowed(known.params[name])}")


def _allowed(schema: Schema) -> str:
    if "enum" in schema:
        return f"Choose one of {', '.join(schema['enum'])}."
    low = f"from {schema['minimum']}" if "minimum" in schema else f"above {schema.get('exclusiveMinimum')}"
    high = f" to {schema['maximum']}" if "maximum" in schema else ""
    return f"Use {'a whole number' if schema['type'] == 'integer' else 'a number'} {low}{high}, such as {schema['default']}."


def family(spec: ModelSpec, task: Known) -> Family:
    """The family of a spec. Raises DataError if it does not solve the task."""
    if own(spec.family):
        return Family(spec.family, "", (*CLASSES, "regression"), "linear", {}, seeded=False)
    known = FAMILIES[spec.family]
    if task not in known.tasks:
        fitting = ", ".join(name for name, other in FAMILIES.items() if task in other.tasks)
        raise DataError(
            "model.family", f"{known.title} ({spec.family}) does not solve a {task} task; use {fitting}."
        )
    return known


def make(spec: ModelSpec, known: Family, *, seed: int, threads: int, root: Path) -> Any:
    """An unfitted estimator. User code (file.py:function) runs here, and what it raises goes through."""
    mine = own(spec.family)
    if mine:
        return _build_own(files.inside(root, mine[0], "model.family"), mine[1], dict(spec.params))
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


def own(name: str) -> tuple[str, str] | None:
    """(path, function) of a model of the user's own code, `file.py:function`; None for one of the catalogue."""
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
    # Without get_params, as of a Keras model, it could be neither copied for a fold nor recorded.
    missing = [name for name in ("fit", "predict", "get_params") if not hasattr(estimator, name)]
    if missing:
        raise DataError(
            "model.family",
            f"{function}() in {path.name} returned {type(estimator).__name__}, which has no {', '.join(missing)}. "
            "It must return an estimator: one of scikit-learn, or of a class of yours that derives from "
            "sklearn.base.BaseEstimator and has fit and predict. For a neural network choose keras:mlp.",
        )
    return estimator
