"""The hub's static files: JupyterHub's own, and below `kfhub/` those of this package."""

from __future__ import annotations

from pathlib import Path

from jupyterhub.handlers.static import CacheControlStaticFilesHandler

__all__ = ["FOLDER", "PREFIX", "StaticFiles"]

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
