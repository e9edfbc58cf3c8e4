"""Whether a cell is running: a kernel may then not read what the views send."""

from __future__ import annotations

import functools
import time
from typing import Any

__all__ = ["Cells", "cells"]


class Cells:
    """`busy` while a cell runs; `ended` is when the last one did, on the monotonic clock."""

    def __init__(self) -> None:
        self.busy = False
        self.ended = time.monotonic()

    def begin(self, *_: Any) -> None:
        self.busy = True

    def end(self, *_: Any) -> None:
        self.busy = False
        self.ended = time.monotonic()


@functools.cache
def cells() -> Cells:
    """The cells of this kernel; outside of one there are never any."""
    from IPython.core.getipython import get_ipython

    found = Cells()
    shell = get_ipython()
    if shell is not None:
        found.busy = True  # whoever asks first is a cell
        shell.events.register("pre_run_cell", found.begin)
        shell.events.register("post_run_cell", found.end)
    return found
