"""What training may see of a run. Light, as it goes over pipes to processes that load the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kflab.ml.spec import Known, ModelSpec, PreprocessSpec, SplitSpec, TrainingSpec

__all__ = ["TrainJob"]


@dataclass(frozen=True)
class TrainJob:
    """Two of the parts, and no way to the third."""

    task: Known
    target: str
    train_path: Path
    validation_path: Path | None
    model: ModelSpec
    root: Path
    metrics: Sequence[str] = ()
    preprocess: PreprocessSpec = field(default_factory=PreprocessSpec)
    split: SplitSpec = field(default_factory=SplitSpec)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    threads: int = 1
