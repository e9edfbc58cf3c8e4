"""Hatch's build hook: builds the browser parts of a wheel or an editable install where they are missing."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = (
    "server_ext/kflab_labextension/package.json",
    "kfspawner/proxy/bin/proxy.mjs",
    "kfspawner/static/form.js",
)


class BrowserParts(BuildHookInterface[Any]):
    """Runs jlpm, which jupyter-builder brings, where the checkout has no built parts yet."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if self.target_name == "sdist" or all((root / path).is_file() for path in BUILT):
            return
        for command in (["jlpm", "install", "--immutable"], ["jlpm", "build"]):
            subprocess.run(command, cwd=root / "labextension", check=True)
