"""What can go wrong when metadata is written or read; each has a sentence for the person at fault or affected."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["BadBatch", "BadQuery", "BatchConflict", "Fault", "MetadataError", "NotFound", "StoreUnavailable"]


class Fault(TypedDict):
    """One thing that is wrong: where, and what is allowed."""

    field: str
    message: str


class MetadataError(Exception):
    """Base of all errors of this room. `fields` names what is at fault, where that can be said."""

    def __init__(self, message: str, fields: list[Fault] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields or []


class BadQuery(MetadataError):
    """A list, lineage or comparison was asked for in a way that makes no sense (400)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", [Fault(field=field, message=message)])


class BadBatch(MetadataError):
    """A batch that can't be recorded as it is (400)."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", [Fault(field=field, message=message)])


class BatchConflict(MetadataError):
    """The key has been used for another body (409)."""


class NotFound(MetadataError):
    """There is no such node (404)."""


class StoreUnavailable(MetadataError):
    """The store can't be reached now, or not on this machine (503); the message says what to do."""
