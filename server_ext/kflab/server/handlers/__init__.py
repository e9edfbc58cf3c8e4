"""One file for each resource, and the table of all routes: what is not in it does not exist."""

from __future__ import annotations

from typing import Any

from kflab.server.base import KFLabHandler, Missing
from kflab.server.handlers import cluster, data, metadata, openapi, runs, starter

__all__ = ["PREFIX", "ROUTES", "STREAMS", "table"]

PREFIX = "kflab/api"

# Path below the prefix, in the words of OpenAPI, and its handler.
ROUTES: tuple[tuple[str, type[KFLabHandler]], ...] = (
    *metadata.ROUTES,
    *runs.ROUTES,
    *data.ROUTES,
    *cluster.ROUTES,
    *starter.ROUTES,
    *openapi.ROUTES,
)
# The websockets. They are hung up first: `cluster/stream` would else be a kind of object.
STREAMS: tuple[tuple[str, type[Any]], ...] = (*runs.STREAMS, *cluster.STREAMS)


def table() -> list[tuple[str, type]]:
    """The routes as tornado takes them, relative to the base URL; the last one catches the rest."""
    rows: list[tuple[str, type]] = [
        (rf"/{PREFIX}/" + path.replace("{", "(?P<").replace("}", ">[^/]+)") + "/?$", handler)
        for path, handler in (*STREAMS, *ROUTES)
    ]
    return [*rows, (rf"/{PREFIX}(?:/.*)?", Missing)]
