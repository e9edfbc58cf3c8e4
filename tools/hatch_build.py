"""Hatch's build hook: builds the browser parts where they are missing, or older than their sources."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = (
    "server_ext/kflab_labextension/package.json",
    "kfspawner/proxy/bin/proxy.mjs",
    "kfspawner/static/form.js",
    "server_ext/kflab/widgets/static/widget.js",
    "server_ext/kflab/widgets/static/widget.css",
    "server_ext/kflab/widgets/static/loader.js",
)


SOURCES = ("labextension/src", "labextension/style", "labextension/scripts", "kfspawner/form_src")


def current(root: Path) -> bool:
    """Whether every built part is there, and none of the sources was changed since."""
    built = [root / path for path in BUILT]
    if not all(path.is_file() for path in built):
        return False
    sources = (path for folder in SOURCES for path in (root / folder).rglob("*") if path.is_file())
    oldest = min(path.stat().st_mtime for path in built)
    return all(path.stat().st_mtime <= oldest for path in sources)


class BrowserParts(BuildHookInterface[Any]):
    """Runs jlpm, which jupyter-builder brings, where the checkout has no built parts, or old ones."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if self.target_name == "sdist" or current(root):
            return
        for command in (["jlpm", "install", "--immutable"], ["jlpm", "build"]):
            subprocess.run(command, cwd=root / "labextension", check=True)
