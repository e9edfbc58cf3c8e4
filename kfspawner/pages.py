"""What the pages of every kfhub hub need: templates, static files, and a check of the spawner's settings."""

from __future__ import annotations

from typing import Any

from jupyterhub.app import JupyterHub

from .doors import Doors
from .static_files import StaticFiles

__all__ = ["add_pages"]


def add_pages(c: Any, *, template_vars: dict[str, Any], **tornado_settings: Any) -> None:
    """Adds to two dictionaries of JupyterHub what kfhub's pages need, and refuses settings of spawners that
    would have no effect. Both once the configuration is read as a whole: it may have replaced dictionaries."""

    def complete(change: Any) -> None:
        app, spawner = change["owner"], change["new"]
        if issubclass(spawner, Doors):
            spawner.check_config(c)
        app.tornado_settings = {
            "static_handler_class": StaticFiles,
            **tornado_settings,
            **app.tornado_settings,
        }
        app.template_vars = {**template_vars, **app.template_vars}

    if JupyterHub.initialized():
        JupyterHub.instance().observe(complete, "spawner_class")
