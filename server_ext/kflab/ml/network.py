"""The multilayer perceptron: Keras on JAX, trained epoch by epoch."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from kflab.ml.errors import TrainingError
from kflab.ml.live import Live, Part
from kflab.ml.spec import Known, TrainingSpec

__all__ = ["Network", "fit"]

Array = np.ndarray[Any, Any]


class Network:
    """A Keras model with the face of a scikit-learn one, over prepared numbers of shape (rows, numbers)."""

    def __init__(self, model: Any, classes: list[Any] | None, scale: tuple[float, float]) -> None:
        self.model = model
        self.scale = scale
        if classes is not None:
            self.classes_ = np.asarray(classes)
            self.predict_proba = self._proba

    def _raw(self, X: Any) -> Array:
        return np.asarray(self.model.predict(np.asarray(X, dtype=np.float32), verbose=0, batch_size=1024))

    def _proba(self, X: Any) -> Array:
        raw = self._raw(X).astype(float)
        return (
            np.column_stack([1 - raw[:, 0], raw[:, 0]])
            if raw.shape[1] == 1
            else raw / raw.sum(axis=1, keepdims=True)
        )

    def predict(self, X: Any) -> Array:
        return self._raw(X)[:, 0].astype(float) * self.scale[1] + self.scale[0]


def fit(
    params: Mapping[str, Any],
    training: TrainingSpec,
    task: Known,
    classes: list[Any] | None,
    train: Part,
    live: Live | None,
    *,
    seed: int,
) -> tuple[Network, int]:
    """Train for at most `training.epochs`; return the network and how many epochs its weights are of.

    With `live`, its validation part decides: training stops after `training.patience` epochs without a smaller
    loss, and the weights of the best epoch are kept. Raises TrainingError(nan) when the loss is no longer a number.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    # Keras takes seed 0 for none at all.
    keras.utils.set_random_seed(seed % (2**31) + 1)
    scale = (
        (0.0, 1.0)
        if classes is not None
        else (float(np.mean(train.truth)), float(np.std(train.truth)) or 1.0)
    )
    numbers = np.asarray(train.X, dtype=np.float32)
    network = Network(_build(keras, params, numbers.shape[1], task, classes), classes, scale)
    watch = _each_epoch(keras, network, live, training)
    network.model.fit(
        numbers,
        _encode(train.truth, classes, scale),
        epochs=training.epochs,
        batch_size=training.batch_size,
        verbose=0,
        callbacks=[watch],
    )
    return network, watch.finish()


def _build(keras: Any, params: Mapping[str, Any], width: int, task: Known, classes: list[Any] | None) -> Any:
    layers = [keras.layers.Input((width,))]
    for _ in range(params["layers"]):
        layers.append(keras.layers.Dense(params["units"], activation=params["activation"]))
        if params["dropout"]:
            layers.append(keras.layers.Dropout(params["dropout"]))
    if classes is None:
        layers.append(keras.layers.Dense(1))
        loss = "mean_squared_error"
    elif len(classes) == 2:
        layers.append(keras.layers.Dense(1, activation="sigmoid"))
        loss = "binary_crossentropy"
    else:
        layers.append(keras.layers.Dense(len(classes), activation="softmax"))
        loss = "sparse_categorical_crossentropy"
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.Adam(params["learning_rate"]), loss=loss)
    return model


def _encode(truth: Array, classes: list[Any] | None, scale: tuple[float, float]) -> Array:
    if classes is None:
        return (np.asarray(truth, dtype=np.float32) - np.float32(scale[0])) / np.float32(scale[1])
    index = {c: i for i, c in enumerate(classes)}
    return np.asarray([index[t] for t in truth], dtype=np.int32)


def _each_epoch(keras: Any, network: Network, live: Live | None, training: TrainingSpec) -> Any:
    class EachEpoch(keras.callbacks.Callback):  # type: ignore[misc]
        """Shows each epoch, keeps the best weights and stops when patience is at its end."""

        def __init__(self) -> None:
            super().__init__()
            self.best = math.inf
            self.best_epoch = 0
            self.weights: Any = None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            loss = float((logs or {}).get("loss", math.nan))
            if not math.isfinite(loss):
                raise TrainingError(
                    "nan",
                    f"The loss is not a number since epoch {epoch + 1}. Use a smaller learning rate, or scale the data.",
                )
            if live is None:
                self.best_epoch = epoch + 1
                return
            reached = live.reached(epoch + 1, network, last=epoch + 1 == training.epochs)
            if reached < self.best:
                self.best, self.best_epoch, self.weights = reached, epoch + 1, self.model.get_weights()
            elif training.patience and epoch + 1 - self.best_epoch >= training.patience:
                self.model.stop_training = True

        def finish(self) -> int:
            if self.weights is not None:
                network.model.set_weights(self.weights)
            return max(self.best_epoch, 1)

    return EachEpoch()
