"""Puts the starter notebook into a workspace: once by itself when that is new, and again when somebody asks for it."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from kflab.starter.notebook import tour

__all__ = ["NAME", "put", "welcome"]

NAME = "kfhub-tour.ipynb"
_OURS = ".kflab"


def welcome(root: Path) -> bool:
    """Put the notebook into a workspace in which kflab never was; True if this was one.

    What is there already stays, and a notebook that was deleted stays so. Raises OSError where nothing can be written.
    """
    try:
        # Of several servers that start at once, one makes the folder.
        (root / _OURS).mkdir()
    except FileExistsError:
        return False
    put(root)
    return True


def put(root: Path) -> str:
    """Put the notebook into the workspace unless it is there; returns its path from `root`.

    Raises OSError where nothing can be written.
    """
    target = root / NAME
    if os.path.lexists(target):
        return NAME
    content = (json.dumps(tour(), indent=1, ensure_ascii=False) + "\n").encode()
    making = root / f".{NAME}.{secrets.token_hex(8)}"
    try:
        making.write_bytes(content)
        _place(content, making, target)
    finally:
        making.unlink(missing_ok=True)
    return NAME


def _place(content: bytes, making: Path, target: Path) -> None:
    """Have the notebook appear whole, and never in the place of another file."""
    with suppress(FileExistsError):  # somebody else was quicker
        try:
            target.hardlink_to(making)
        except FileExistsError:
            raise
        except OSError:  # such as on a share that knows no links
            with target.open("xb") as file:
                file.write(content)
