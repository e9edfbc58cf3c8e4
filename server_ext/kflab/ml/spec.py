"""What a run is asked to do with data and models: the parts of a RunSpec that the ml room reads.

All models are strict towards unknown keys: a misspelled parameter is an error that names its field.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "DatasetSpec",
    "Kind",
    "Known",
    "Missing",
    "ModelSpec",
    "PreprocessSpec",
    "ReadSpec",
    "SplitSpec",
    "Strict",
    "Task",
    "TrainingSpec",
]

Task = Literal["auto", "binary", "multiclass", "regression"]
Known = Literal["binary", "multiclass", "regression"]
# How a model wants its numbers: linear models and networks scaled, trees and forests as they are, histograms with gaps.
Kind = Literal["linear", "tree", "forest", "histogram", "network"]
Missing = Literal["auto", "median", "mean", "most_frequent", "none"]


class Strict(BaseModel):
    """A model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ReadSpec(Strict):
    """How a text file is read. None means: found out from the file."""

    sep: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str, Field(max_length=40)] | None = None


class DatasetSpec(Strict):
    """A dataset: `sklearn:NAME`, or the path of a CSV or parquet file inside the workspace."""

    uri: Annotated[str, Field(min_length=1, max_length=1024)]
    target: Annotated[str, Field(max_length=256)] | None = None
    columns: Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None, description="Features, without the target; null means all."
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    read: ReadSpec = ReadSpec()


class PreprocessSpec(Strict):
    missing: Missing = "auto"
    scale: Literal["auto", "none", "standard", "minmax", "robust", "squash"] = "auto"
    categories: Literal["auto", "onehot", "ordinal", "target", "drop"] = "auto"
    dates: Literal["auto", "drop"] = "auto"
    text: Literal["string", "minhash", "gap", "drop"] = "string"
    outliers: Literal["none", "clip"] = "none"
    drop: list[str] = []


class SplitSpec(Strict):
    """Two parts are train and test, three are train, validation and test; the last is always the test set."""

    method: Literal["random", "stratified", "group", "time"] = "random"
    by: str | None = None
    parts: Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=2, max_length=3)] = [
        0.8,
        0.2,
    ]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 7
    folds: Annotated[int, Field(ge=2, le=20)] = 5

    @model_validator(mode="after")
    def _consistent(self) -> SplitSpec:
        total = sum(self.parts)
        if abs(total - 1.0) > 1e-6:
            shown = " + ".join(f"{p:g}" for p in self.parts)
            raise ValueError(f"parts must add up to 1; {shown} is {total:g}. Use for example 0.6, 0.2, 0.2.")
        if self.method in ("group", "time") and not self.by:
            raise ValueError(f"split method '{self.method}' needs 'by': the column to split on.")
        return self


class ModelSpec(Strict):
    """`sklearn:CLASS`, `keras:mlp`, or `file.py:function` in the workspace."""

    family: Annotated[str, Field(min_length=1, max_length=512)]
    params: dict[str, Any] = {}


class TrainingSpec(Strict):
    """`refit` says which parts the saved model has learned from; its metrics are those of the train part alone."""

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 20
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 32
    patience: Annotated[int, Field(ge=1, le=100_000)] | None = 5
    refit: Literal["train", "train+validation"] = "train"
