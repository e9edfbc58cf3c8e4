"""From the spec of a run and its split to what its training, and each of its trials, may see. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kflab.ml.errors import DataError
from kflab.ml.job import TrainJob
from kflab.runs.folder import RunFolder
from kflab.runs.spec import RunSpec

__all__ = ["train_job"]


def train_job(spec: RunSpec, split: Mapping[str, Any], folder: RunFolder, root: Path) -> TrainJob:
    """`split` is split.json, `root` the workspace. Raises DataError for a spec without a model."""
    if spec.model is None:
        raise DataError("model", f"A run of kind {spec.kind} needs a model.")
    return TrainJob(
        task=split["task"],
        target=split["target"],
        train_path=folder.train,
        validation_path=folder.validation if folder.validation.exists() else None,
        model=spec.model,
        root=root,
        metrics=spec.metrics,
        preprocess=spec.preprocess,
        split=spec.split,
        training=spec.training,
        threads=spec.engine.threads,
    )
