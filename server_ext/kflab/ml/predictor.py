"""A fitted model as one thing: from columns of a table to predictions. Saved without pickles."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kflab.ml import files
from kflab.ml.live import predictions
from kflab.ml.network import Network

__all__ = ["TRUSTED", "KerasPredictor", "Predictor", "SklearnPredictor", "load", "save"]

Array = np.ndarray[Any, Any]

# Types that skops does not vouch for by itself, and that our pipelines are made of.
TRUSTED = (
    "numpy.dtype",
    "kflab.ml.preprocessing.Clip",
    "kflab.ml.preprocessing._as_text",
    "sklearn._loss.link.HalfLogitLink",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss._loss.CyHalfSquaredError",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "skrub._datetime_encoder.DatetimeEncoder",
    "skrub._gap_encoder.GapEncoder",
    "skrub._gap_encoder.GapEncoderColumn",
    "skrub._minhash_encoder.MinHashEncoder",
    "skrub._scaling_factor.scaling_factor",
    "skrub._squashing_scaler.SquashingScaler",
    "skrub._string_encoder.StringEncoder",
    "skrub._to_datetime.ToDatetime",
    "skrub._to_str.ToStr",
    "skrub._utils.LRUDict",
)


@dataclass
class SklearnPredictor:
    """A pipeline of preparation and model."""

    pipeline: Any
    classes: list[Any] | None

    def predict(self, features: pd.DataFrame) -> Array:
        """Shape (rows,): labels or numbers."""
        return np.asarray(self.pipeline.predict(features))

    def proba(self, features: pd.DataFrame) -> Array | None:
        """Shape (rows, classes), or None where the model gives no probabilities."""
        if self.classes is None or not hasattr(self.pipeline, "predict_proba"):
            return None
        return np.asarray(self.pipeline.predict_proba(features))


@dataclass
class KerasPredictor:
    """A preparation of scikit-learn, and a network over its numbers."""

    prepare: Any
    network: Network
    classes: list[Any] | None

    def predict(self, features: pd.DataFrame) -> Array:
        """Shape (rows,): labels or numbers."""
        return predictions(self.network, self.prepare.transform(features), self.classes)[0]

    def proba(self, features: pd.DataFrame) -> Array | None:
        """Shape (rows, classes), None for numbers."""
        return predictions(self.network, self.prepare.transform(features), self.classes)[1]


Predictor = SklearnPredictor | KerasPredictor


def save(predictor: Predictor, out: Path, about: dict[str, Any]) -> tuple[Path, str]:
    """Write the model and model.json to `out`; return the model's path and its SHA-256.

    scikit-learn models go to model.skops. Keras models go to model.keras, with preparation.skops beside it.
    """
    from skops import io

    out.mkdir(parents=True, exist_ok=True)
    if isinstance(predictor, SklearnPredictor):
        path = out / "model.skops"
        io.dump(predictor.pipeline, path)
        extra: dict[str, Any] = {}
    else:
        path = out / "model.keras"
        predictor.network.model.save(path)
        io.dump(predictor.prepare, out / "preparation.skops")
        extra = {"scale": list(predictor.network.scale)}
    plain = (
        None
        if predictor.classes is None
        else [c.item() if hasattr(c, "item") else c for c in predictor.classes]
    )
    (out / "model.json").write_text(
        json.dumps({**about, **extra, "file": path.name, "classes": plain}), "utf-8"
    )
    return path, files.sha256(path)


def load(out: Path, trusted: Sequence[str] = ()) -> Predictor:
    """The model saved in `out`. `trusted` are further types to load, for models of the user's own code.

    Raises skops.io.exceptions.UntrustedTypesFoundException for a type on neither list.
    """
    from skops import io

    about = json.loads((out / "model.json").read_text("utf-8"))
    allowed = [*TRUSTED, *trusted]
    path = out / Path(about["file"]).name
    if path.suffix == ".skops":
        return SklearnPredictor(_load(io, path, allowed), about["classes"])
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    model = keras.saving.load_model(path, safe_mode=True)
    low, high = about["scale"]
    network = Network(model, about["classes"], (low, high))
    return KerasPredictor(_load(io, out / "preparation.skops", allowed), network, about["classes"])


def _load(io: Any, path: Path, allowed: list[str]) -> Any:
    # skops wants no more names than the file holds.
    untrusted = io.get_untrusted_types(file=path)
    return io.load(path, trusted=[name for name in untrusted if name in allowed])
