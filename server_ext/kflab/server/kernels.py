"""How a kernel finds the server: two environment variables, and a file for all other processes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async

__all__ = ["ConnectionFile", "equip"]


def equip(kernel_manager: Any, terminal_manager: Any | None, url: str, token: str) -> None:
    """Give KFLAB_URL and KFLAB_TOKEN to each kernel and terminal started from now on, and to no other child."""
    ours = {"KFLAB_URL": url, "KFLAB_TOKEN": token}
    start = kernel_manager.start_kernel

    async def start_kernel(**launch: Any) -> str:
        env = launch.pop("env", None)
        started: str = await ensure_async(
            start(**launch, env={**(os.environ if env is None else env), **ours})
        )
        return started

    # jupyter_server has no setting for the environment of its kernels. A restart repeats what was given here.
    kernel_manager.start_kernel = start_kernel
    if terminal_manager is not None:
        terminal_manager.extra_env = {**(terminal_manager.extra_env or {}), **ours}


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
