"""`openapi.json`: what the API is, generated from the routes and their models."""

from __future__ import annotations

from typing import Any

from kflab.server.base import KFLabHandler, endpoint

__all__ = ["ROUTES"]


class OpenAPIHandler(KFLabHandler):
    @endpoint("This document", answer=dict[str, Any])
    async def get(self) -> Any:
        # Given by the app, as the document describes this handler, too.
        return self.settings["kflab_document"]()


ROUTES: tuple[tuple[str, type[KFLabHandler]], ...] = (("openapi.json", OpenAPIHandler),)
