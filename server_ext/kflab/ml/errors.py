"""The two ways in which training can end without a model."""

from __future__ import annotations

from typing import Literal

__all__ = ["DataError", "TrainingError"]


class DataError(ValueError):
    """What the user gave cannot be used. `field` is its path in the RunSpec, such as `dataset.target`."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        self.message = message
        super().__init__(message)


class TrainingError(RuntimeError):
    """Training broke down for a reason that has a name: `nan` is a loss that is no longer a number."""

    def __init__(self, cause: Literal["nan", "error"], text: str) -> None:
        self.cause = cause
        super().__init__(text)
