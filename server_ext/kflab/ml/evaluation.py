"""Compare a trained model with the truth on the test part. The one module that unlocks it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kflab.ml import testset
from kflab.ml.live import Emit, report
from kflab.ml.metrics import check, score
from kflab.ml.predictor import load
from kflab.ml.splitter import ROW

__all__ = ["EvaluateJob", "evaluate"]


@dataclass(frozen=True)
class EvaluateJob:
    """`model` is the folder that training saved to, `split` the one of the parts. `trusted` are types of own models."""

    model: Path
    split: Path
    metrics: Sequence[str] = ()
    trusted: Sequence[str] = ()


def evaluate(job: EvaluateJob, emit: Emit) -> dict[str, float]:
    """Return the metrics of the test part; send them, and the predictions, as events."""
    emit("stage", name="load", state="begin")
    about = json.loads((job.model / "model.json").read_text("utf-8"))
    predictor = load(job.model, job.trusted)
    frame = testset.open_test(job.split)
    truth = frame[about["target"]].to_numpy()
    if truth.dtype.kind not in "biuf":
        truth = frame[about["target"]].astype(object).to_numpy()
    emit("stage", name="load", state="end")
    emit("stage", name="score", state="begin")
    features = frame[about["features"]]
    classes = about["classes"]
    pred, proba = predictor.predict(features), predictor.proba(features)
    values = score(check(job.metrics or about["metrics"], about["task"]), truth, pred, proba, classes or ())
    emit(
        "prediction",
        step=0,
        part="test",
        **report(frame[ROW].to_numpy(), truth, np.asarray(pred), proba, classes),
    )
    for name, value in values.items():
        emit("metric", name=name, value=value, part="test")
    emit("stage", name="score", state="end")
    return values
