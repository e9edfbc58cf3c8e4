"""Record and read metadata, start and follow runs: a client of the REST API."""

from kflab.sdk.connection import ApiError, Unreachable
from kflab.sdk.metadata import Artifact, DataSet, Execution, Metrics, Model, Run, Workspace
from kflab.sdk.training import RunFailed, RunHandle, train

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
    "Unreachable",
    "Workspace",
    "train",
]
