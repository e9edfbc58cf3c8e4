"""Have all that the cluster needs: install what can be installed, say what is missing, build what is not there."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from . import binaries, debian, images, node
from .places import Places


def missing(places: Places, say: Callable[[str], None], with_images: bool = False) -> str:
    """Empty when all is there; else one sentence that says what is missing and how to get it."""
    wanted = {**debian.CLUSTER, **(debian.IMAGES if with_images else {})}
    return node.unfit() or debian.ensure(wanted, say) or binaries.unbuildable(places)


def build(places: Places, say: Callable[[str], None]) -> None:
    """The binaries, and the images beside them where there are none yet of either: both take minutes."""
    if binaries.built(places).is_dir():
        binaries.build(places, say)
        return
    with ThreadPoolExecutor(1) as beside:
        early = beside.submit(images.build, places, say)
        binaries.build(places, say)
        early.exception()  # whoever wants the images hears of it then
