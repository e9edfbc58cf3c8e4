"""Whether this machine can run the cluster, after installing what can be installed."""

from __future__ import annotations

from collections.abc import Callable

from . import binaries, debian, node
from .places import Places


def missing(places: Places, say: Callable[[str], None], images: bool = False) -> str:
    """Empty when all is there; else one sentence that says what is missing and how to get it."""
    wanted = {**debian.CLUSTER, **(debian.IMAGES if images else {})}
    return node.unfit() or debian.ensure(wanted, say) or binaries.unbuildable(places)
