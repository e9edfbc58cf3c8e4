"""What the hub itself sees of a start, where Kubernetes has nothing to say."""

from __future__ import annotations

from .model import Diagnosis

__all__ = ["GONE", "not_ours", "silent", "slow"]

GONE = Diagnosis(
    "The notebook's pod was deleted while it started.",
    "the pod is gone",
    "Start the notebook again.",
    "ended",
    True,
)


def not_ours(why: str) -> Diagnosis:
    """The namespace is there, and not of this hub."""
    return Diagnosis(
        f"{why} The hub doesn't use it.",
        "the label kfhub.io/managed and the annotation kfhub.io/owner say whose a namespace is",
        "Ask an admin of the cluster.",
        "not_permitted",
        True,
    )


def slow(seconds: float) -> Diagnosis:
    """Time is over, and nothing was wrong."""
    return Diagnosis(
        f"The notebook's pod was not ready within {seconds:g} seconds.",
        "no error was reported",
        "Start it again; if that happens often, an admin can raise start_timeout.",
        "ended",
        True,
    )


def silent(port: int | None, seconds: float) -> Diagnosis:
    """The pod runs, and takes no connection."""
    return Diagnosis(
        f"The notebook's pod runs, but nothing answered on its port {port} within {seconds:g} seconds.",
        "no connection",
        "Choose another image: one for notebooks starts jupyterhub-singleuser.",
        "no_singleuser",
        True,
    )
