"""What the work of a run raised, as the fields of its last event."""

from __future__ import annotations

import traceback
from typing import Any

from kflab.ml.errors import DataError, TrainingError
from kflab.runs.log import MAX_TEXT, is_full

__all__ = ["TuningError", "failure"]

Ending = dict[str, Any]


class TuningError(RuntimeError):
    """A search that cannot go on; `cause` is that of a `failed` event."""

    def __init__(self, cause: str, text: str) -> None:
        self.cause = cause
        super().__init__(text)


def failure(error: BaseException) -> Ending:
    """The fields of `failed` for what the work raised. What the user can mend comes without a traceback."""
    if isinstance(error, DataError):
        return {"cause": "error", "field": error.field, "text": _cut(str(error))}
    if isinstance(error, (TrainingError, TuningError)):
        return {"cause": error.cause, "text": _cut(str(error))}
    if isinstance(error, MemoryError):
        text = "Memory ran out. Use fewer rows, a smaller model or more memory."
        return {"cause": "oom", "text": text, "traceback": _trace(error)}
    if is_full(error):
        return {"cause": "disk", "text": "The disk is full. Free some space and start the run again."}
    if isinstance(error, SystemExit):
        text = (
            f"The model's own code ended the process (exit {error.code}). Have it return the model instead."
        )
        return {"cause": "error", "text": _cut(text), "traceback": _trace(error)}
    said = f": {error}" if str(error) else ""
    return {"cause": "error", "text": _cut(type(error).__name__ + said), "traceback": _trace(error)}


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _trace(error: BaseException) -> str:
    """The end of the traceback, where the cause is."""
    return "".join(traceback.format_exception(error))[-2 * MAX_TEXT :]
