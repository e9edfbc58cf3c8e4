"""`starter`: the starter notebook, put there again where it is missing."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel
from tornado import web

from kflab.runs.log import is_full
from kflab.server.base import KFLabHandler, endpoint
from kflab.server.errors import Unavailable
from kflab.starter import put

__all__ = ["ROUTES"]


class StarterNotebook(BaseModel):
    """Where the notebook is, from the top of the workspace."""

    path: str


class StarterHandler(KFLabHandler):
    @endpoint(
        "Put the starter notebook into the workspace unless it is there",
        answer=StarterNotebook,
        errors=(404, 503, 507),
    )
    async def post(self) -> Any:
        if not self.settings["kflab_starter"]:
            raise web.HTTPError(404, "Your admin has switched the starter notebook off.")
        try:
            return {"path": await asyncio.to_thread(put, self.services.root)}
        except OSError as error:
            if is_full(error):
                raise
            raise Unavailable(
                f"The starter notebook could not be put into the workspace: {error.strerror}. "
                "Make its top folder writable, and try again."
            ) from error


ROUTES: tuple[tuple[str, type[KFLabHandler]], ...] = (("starter", StarterHandler),)
