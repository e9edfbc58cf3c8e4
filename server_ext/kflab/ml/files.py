"""Files of the workspace: never one outside it, not even over a link."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from kflab.ml.errors import DataError

__all__ = ["inside", "sha256"]


def volumes() -> list[Path]:
    """Folders outside the workspace that whoever started the notebook has linked into it: KFLAB_VOLUMES."""
    given = os.environ.get("KFLAB_VOLUMES", "").split(os.pathsep)
    return [Path(folder).resolve() for folder in given if folder]


def inside(root: Path, text: str, field: str) -> Path:
    """The real path of a regular file under `root`, or under a volume linked into it.

    Raises DataError for anything else.
    """
    text = text.removeprefix("file://")
    if not text or "\0" in text:
        raise DataError(field, "Give the path of a file in the workspace, such as data/customers.csv.")
    base = root.resolve()
    try:
        path = (base / text).resolve()
    except (OSError, RuntimeError) as error:
        raise DataError(field, f"{text!r} cannot be followed: {error}.") from error
    named = Path(os.path.normpath(base / text)).is_relative_to(base)
    real = [base, *(volumes() if named else [])]
    if not any(path.is_relative_to(folder) for folder in real):
        raise DataError(
            field,
            f"{text!r} is outside the workspace, or a link leads out of it. Copy the file into the workspace.",
        )
    if not path.exists():
        raise DataError(field, f"There is no file {text!r} in the workspace.")
    if not path.is_file():
        raise DataError(field, f"{text!r} is not a file.")
    if not os.access(path, os.R_OK):
        raise DataError(field, f"{text!r} cannot be read: its permissions do not allow it.")
    return path


def sha256(path: Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
