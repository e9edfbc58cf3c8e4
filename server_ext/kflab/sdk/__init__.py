"""Record and read metadata, start and follow runs: a client of the REST API."""

from kflab.sdk.connection import ApiError, Unreachable
from kflab.sdk.metadata import Artifact, DataSet, Execution, Metrics, Model, Run, Workspace
from kflab.sdk.training import RunFailed, RunHandle, train
from kflab.sdk.tuning import TuneHandle, tune

__all__ = [
    "ApiError",
    "Artifact",
    "DataSet",
    "Execution",
    "Metrics",
    "Model",
    "Run",
    "RunFailed",
    "RunHandle",
    "TuneHandle",
    "Unreachable",
    "Workspace",
    "train",
    "tune",
]
