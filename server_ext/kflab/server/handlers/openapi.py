"""`openapi.json`: what the API is, generated from the routes and their models."""

from __future__ import annotations

from typing import Any

from kflab.server.base import KFLabHandler, endpoint

__all__ = ["ROUTES"]


class OpenAPIHandler(KFLabHandler):
    @endpoint("This document", answer=dict[str, Any])
    async def get(self) -> Any:
        # Imported here, as the document describes this handler, too.
        from kflab.server.openapi import document

        return document()


ROUTES: tuple[tuple[str, type[KFLabHandler]], ...] = (("openapi.json", OpenAPIHandler),)
