"""What handlers raise to refuse a request, and how the rooms' own errors are told over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from kflab.cluster.errors import BadName, ClusterError
from kflab.metadata.errors import BadBatch, BadQuery, BatchConflict, MetadataError, NotFound, StoreUnavailable
from kflab.runs.log import is_full
from kflab.runs.manager import RunConflict, RunNotFound, RunRefused

__all__ = ["ApiFailure", "ErrorAnswer", "FieldError", "Refused", "TooLarge", "Unavailable", "refusal"]

Fields = Sequence[Mapping[str, Any]]


class FieldError(BaseModel):
    """A field of the request and what is wrong with it. `field` is its JSON path, such as `dataset.target`."""

    field: str
    message: str


class ErrorAnswer(BaseModel):
    """What any refusal says."""

    message: str
    fields: list[FieldError] | None = None


class ApiFailure(Exception):
    """A refusal with its HTTP status."""

    status = 500

    def __init__(self, message: str, fields: Fields = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fields = [dict(field) for field in fields]


class Refused(ApiFailure):
    status = 400


class TooLarge(ApiFailure):
    status = 413


class Unavailable(ApiFailure):
    status = 503


_STATUS: dict[type[Exception], int] = {
    BadQuery: 400,
    BadBatch: 400,
    NotFound: 404,
    BatchConflict: 409,
    StoreUnavailable: 503,
    RunNotFound: 404,
    RunConflict: 409,
    RunRefused: 400,
}


def refusal(error: BaseException) -> tuple[int, str, list[dict[str, Any]]] | None:
    """(status, message, fields) of an error that a user may see; None for what is a fault of ours."""
    if isinstance(error, ApiFailure):
        return error.status, error.message, error.fields
    if isinstance(error, ClusterError):
        fields = [{"field": error.field, "message": error.message}] if isinstance(error, BadName) else []
        return error.status, error.message, fields
    if is_full(error):
        return 507, "The disk is full, so nothing was written. Remove what is not needed, and try again.", []
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            if isinstance(error, MetadataError):
                return status, error.message, [dict(fault) for fault in error.fields]
            if isinstance(error, RunRefused):
                return status, str(error), [{"field": error.field, "message": str(error)}]
            return status, str(error), []
    return None
