"""The hub side of kfhub: what an admin allows, the form, and the spawners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import FieldError, PolicyError
from .notebook import Gpu, NotebookSpec, Owner, Volume
from .policy import Policy
from .quantity import Quantity

if TYPE_CHECKING:
    from .local import LocalSpawner

__all__ = [
    "FieldError",
    "Gpu",
    "LocalSpawner",
    "NotebookSpec",
    "Owner",
    "Policy",
    "PolicyError",
    "Quantity",
    "Volume",
]


def __getattr__(name: str) -> Any:
    # a policy can be checked without JupyterHub
    if name == "LocalSpawner":
        from .local import LocalSpawner

        return LocalSpawner
    raise AttributeError(f"module 'kfspawner' has no attribute {name!r}")
