"""Requests to end one trial of a search that goes on: an empty file `stop/<number>` in the run's folder for each.

The server leaves them, and the search takes one away once its trial has ended: one that was cut off in between
finds it again when it goes on.
"""

from __future__ import annotations

import re
from contextlib import suppress

from kflab.runs.folder import RunFolder

__all__ = ["ask_to_stop", "asked_to_stop", "stopped"]

_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def ask_to_stop(folder: RunFolder, trial: int) -> None:
    """Leave a request. Raises OSError if the disk is full."""
    folder.stop.mkdir(exist_ok=True)
    (folder.stop / str(trial)).touch()


def asked_to_stop(folder: RunFolder) -> list[int]:
    """The trials that somebody wants to end, in order. Anything else in the folder is left alone."""
    with suppress(OSError):
        return sorted(int(path.name) for path in folder.stop.iterdir() if _NUMBER.fullmatch(path.name))
    return []


def stopped(folder: RunFolder, trial: int) -> None:
    """The trial has ended, however it did."""
    with suppress(OSError):
        if not folder.stop.is_symlink():  # the model's own code gets at it, too
            (folder.stop / str(trial)).unlink()
