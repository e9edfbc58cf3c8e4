"""From the columns of a table to the numbers that a model takes. Fitted on training rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kflab.ml.errors import DataError
from kflab.ml.spec import Kind, Known, PreprocessSpec

__all__ = ["Clip", "build", "roles"]

Array = np.ndarray[Any, Any]

_MANY = 40
_CATEGORIES = 30


def roles(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The columns by what they hold: number, date, category, text."""
    found: dict[str, list[str]] = {"number": [], "date": [], "category": [], "text": []}
    for name in frame.columns:
        values = frame[name]
        if pd.api.types.is_bool_dtype(values):
            found["category"].append(name)
        elif pd.api.types.is_numeric_dtype(values):
            found["number"].append(name)
        elif pd.api.types.is_datetime64_any_dtype(values):
            found["date"].append(name)
        else:
            given = values.dropna().astype(str)
            long = not given.empty and given.nunique() > _MANY and given.str.len().mean() > 20
            found["text" if long else "category"].append(name)
    return found


class Clip:
    """Numbers below the 1st or above the 99th percentile of the training rows are set to it."""

    def __init__(self, low: float = 0.01, high: float = 0.99) -> None:
        self.low = low
        self.high = high

    def get_params(self, deep: bool = True) -> dict[str, float]:
        return {"low": self.low, "high": self.high}

    def set_params(self, **params: float) -> Clip:
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any = None) -> Clip:
        values = np.asarray(X, dtype=float)
        self.bounds_ = np.nanquantile(values, [self.low, self.high], axis=0)
        return self

    def transform(self, X: Any) -> Array:
        clipped: Array = np.clip(np.asarray(X, dtype=float), self.bounds_[0], self.bounds_[1])
        return clipped

    def fit_transform(self, X: Any, y: Any = None, **_: Any) -> Array:
        return self.fit(X).transform(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "bounds_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags, TransformerTags

        tags = Tags(
            estimator_type=None, target_tags=TargetTags(required=False), transformer_tags=TransformerTags()
        )
        tags.input_tags.allow_nan = True
        return tags


def build(features: pd.DataFrame, spec: PreprocessSpec, kind: Kind, task: Known) -> Any:
    """An unfitted transformer of these columns to a dense matrix of shape (rows, numbers).

    Raises DataError if a column to drop does not exist, or nothing is left.
    """
    from sklearn.compose import ColumnTransformer

    for position, name in enumerate(spec.drop):
        if name not in features.columns:
            raise DataError(f"preprocess.drop.{position}", f"There is no column {name!r} to drop.")
    kept = features.drop(columns=spec.drop)
    kept = kept[[name for name in kept.columns if kept[name].notna().any()]]
    found = roles(kept)
    if spec.categories == "drop":
        found["category"] = []
    if spec.text == "drop":
        found["text"] = []
    if spec.dates == "drop":
        found["date"] = []
    steps: list[tuple[str, Any, Any]] = []
    if found["number"]:
        steps.append(("numbers", _numbers(spec, kind, kept[found["number"]]), found["number"]))
    if found["category"]:
        steps.append(
            ("categories", _categories(spec, kind, task, kept[found["category"]]), found["category"])
        )
    steps += [(f"date {name}", _date(spec, kind), name) for name in found["date"]]
    steps += [(f"text {name}", _text(spec, kind), name) for name in found["text"]]
    if not steps:
        raise DataError("preprocess.drop", "No column is left to learn from; drop fewer.")
    return ColumnTransformer(steps, sparse_threshold=0.0, verbose_feature_names_out=False)


def _scaler(spec: PreprocessSpec, kind: Kind) -> Any | None:
    from sklearn import preprocessing as sk

    scale = spec.scale
    if scale == "auto":
        scale = "standard" if kind in ("linear", "network") else "none"
    if scale == "squash":
        from skrub import SquashingScaler

        return SquashingScaler()
    makers = {"standard": sk.StandardScaler, "minmax": sk.MinMaxScaler, "robust": sk.RobustScaler}
    return makers[scale]() if scale in makers else None


def _imputer(spec: PreprocessSpec, kind: Kind, gaps: bool) -> Any | None:
    """None where the model takes gaps itself, or where there are none to fill and the user wants none filled."""
    from sklearn.impute import SimpleImputer

    if spec.missing == "none":
        if gaps and kind != "histogram":
            raise DataError(
                "preprocess.missing",
                "Some columns have empty cells, which this model cannot take. Choose median, mean or most_frequent.",
            )
        return None
    if spec.missing == "auto":
        return None if kind == "histogram" else SimpleImputer(strategy="median")
    return SimpleImputer(strategy=spec.missing)


def _chain(*steps: Any) -> Any:
    from sklearn.pipeline import make_pipeline

    wanted = [step for step in steps if step is not None]
    return make_pipeline(*wanted) if wanted else "passthrough"


def _numbers(spec: PreprocessSpec, kind: Kind, frame: pd.DataFrame) -> Any:
    clip = Clip() if spec.outliers == "clip" else None
    return _chain(_imputer(spec, kind, bool(frame.isna().to_numpy().any())), clip, _scaler(spec, kind))


def _categories(spec: PreprocessSpec, kind: Kind, task: Known, frame: pd.DataFrame) -> Any:
    from sklearn import preprocessing as sk

    how = spec.categories
    if how == "auto":
        how = "ordinal" if kind == "histogram" else "onehot"
    text = sk.FunctionTransformer(_as_text, feature_names_out="one-to-one")
    if how == "onehot":
        encoder: Any = sk.OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=_CATEGORIES, sparse_output=False
        )
        return _chain(text, encoder)
    if how == "ordinal":
        return _chain(text, sk.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1))
    kinds = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}
    return _chain(text, sk.TargetEncoder(target_type=kinds[task]), _scaler(spec, kind))


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Every cell as text, an empty one as a category of its own."""
    return frame.astype(object).where(frame.notna(), "(empty)").astype(str).astype(object)


def _date(spec: PreprocessSpec, kind: Kind) -> Any:
    from skrub import DatetimeEncoder

    return _chain(
        DatetimeEncoder(add_total_seconds=True), _imputer(PreprocessSpec(), kind, True), _scaler(spec, kind)
    )


def _text(spec: PreprocessSpec, kind: Kind) -> Any:
    import skrub

    makers: dict[str, Any] = {
        "string": lambda: skrub.StringEncoder(n_components=20, random_state=0),
        "minhash": lambda: skrub.MinHashEncoder(n_components=20),
        "gap": lambda: skrub.GapEncoder(n_components=10, random_state=0),
    }
    return _chain(makers[spec.text](), _scaler(spec, kind))
