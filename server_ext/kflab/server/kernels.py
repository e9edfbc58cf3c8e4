"""How a kernel finds the server: two environment variables, and a file for processes that the server did not start."""

from __future__ import annotations

import json
import os
from pathlib import Path

__all__ = ["ConnectionFile", "export"]


def export(url: str, token: str) -> None:
    """Put KFLAB_URL and KFLAB_TOKEN into the environment that kernels and terminals inherit."""
    os.environ["KFLAB_URL"] = url
    os.environ["KFLAB_TOKEN"] = token


class ConnectionFile:
    """`kflab-PID.json` in Jupyter's runtime folder, readable by its owner alone, removed when the server stops."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"kflab-{os.getpid()}.json"

    def write(self, url: str, token: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"url": url, "token": token, "pid": os.getpid()}, file)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
