"""The hub's static files: JupyterHub's own, and below `kfhub/` those of this package."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from jupyterhub.handlers.static import CacheControlStaticFilesHandler
from jupyterhub.utils import url_path_join

__all__ = ["StaticFiles", "script_url"]

FOLDER = Path(__file__).parent / "static"
PREFIX = "kfhub/"


class StaticFiles(CacheControlStaticFilesHandler):  # type: ignore[misc]
    """Serves two folders as one. Neither can be left through `..` or a link: tornado checks each path."""

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        if path.startswith(PREFIX):
            root, path = str(FOLDER), path.removeprefix(PREFIX)
        return str(super().get_absolute_path(root, path))

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        inner = str(FOLDER) if self.path.startswith(PREFIX) else root
        found: str | None = super().validate_absolute_path(inner, absolute_path)
        return found


def script_url(base_url: str) -> str:
    """Where a hub at `base_url` serves the form's script; a new version of it has a new address."""
    return f"{url_path_join(base_url, 'static', PREFIX, 'form.js')}?v={_version(FOLDER / 'form.js')}"


@lru_cache(maxsize=1)
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8] if path.is_file() else ""
