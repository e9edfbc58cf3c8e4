"""Requests to end one trial of a search that goes on: an empty file `stop/<number>` in the run's folder for each.

The server writes them and the search takes them, so a request outlives either.
"""

from __future__ import annotations

from contextlib import suppress

from kflab.runs.folder import RunFolder

__all__ = ["ask_to_stop", "taken"]


def ask_to_stop(folder: RunFolder, trial: int) -> None:
    """Leave a request. Raises OSError if the disk is full."""
    folder.stop.mkdir(exist_ok=True)
    (folder.stop / str(trial)).touch()


def taken(folder: RunFolder) -> list[int]:
    """The trials that somebody wants to end, in order; each request is taken once."""
    try:
        left = list(folder.stop.iterdir())
    except FileNotFoundError:
        return []
    found = []
    for path in left:
        with suppress(FileNotFoundError):
            path.unlink()
            found.append(path.name)
    return sorted(int(name) for name in found if name.isascii() and name.isdigit())
