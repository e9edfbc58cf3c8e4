"""The hub side of kfhub: what an admin allows, the form, and the spawners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .check import ClusterView, check
from .errors import FieldError, PolicyError
from .notebook import Gpu, NotebookSpec, Owner, Volume
from .policy import Policy
from .quantity import Quantity

if TYPE_CHECKING:
    from .local import LocalSpawner
    from .spawner import KFSpawner

__all__ = [
    "ClusterView",
    "FieldError",
    "Gpu",
    "KFSpawner",
    "LocalSpawner",
    "NotebookSpec",
    "Owner",
    "Policy",
    "PolicyError",
    "Quantity",
    "Volume",
    "check",
]


def __getattr__(name: str) -> Any:
    # a policy can be checked without JupyterHub
    if name == "KFSpawner":
        from .spawner import KFSpawner

        return KFSpawner
    if name == "LocalSpawner":
        from .local import LocalSpawner

        return LocalSpawner
    raise AttributeError(f"module 'kfspawner' has no attribute {name!r}")
