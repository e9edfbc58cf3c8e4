"""`cluster/…`: what the notebook's account sees of its namespace, live, and the removal of objects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from kflab.cluster.errors import ClusterError
from kflab.cluster.kinds import KindName
from kflab.cluster.models import (
    ChangesFrame,
    Details,
    FaultFrame,
    LogFrame,
    LogText,
    Lost,
    Overview,
    Removed,
    RowsFrame,
    RowsPage,
)
from kflab.cluster.namespace import Namespace
from kflab.faults import faults
from kflab.server.base import AUTH_RESOURCE, KFLabHandler, endpoint

__all__ = ["FRAMES", "ROUTES", "STREAMS"]

# Frames at most this often, so that a busy namespace or a loud container does not drown the browser.
_FRAME_SECONDS = 0.1
# What the browser is sent at once; a log that is longer comes in several frames.
_LINES = 2000
# Parameters that any websocket may have: the token, and what the panels' client adds to each.
_ALWAYS = {"token", "no_track_activity"}


class RowsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=2000)] = 500


class DeleteQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    uid: str = Field(description="Of the object that is meant; one made anew under its name is not deleted.")


class LogQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    container: str | None = None
    tail: Annotated[int, Field(ge=1, le=5000)] = 500
    previous: bool = Field(default=False, description="The log of the container's run before this one.")


class FollowQuery(BaseModel):
    """`since` is the seq of the last frame that was seen; 0 begins with the last `tail` lines."""

    model_config = ConfigDict(extra="forbid")

    container: str | None = None
    tail: Annotated[int, Field(ge=1, le=5000)] = 500
    since: Annotated[int, Field(ge=0, le=2**53)] = 0


class StreamQuery(BaseModel):
    """`since` is taken, for the panels' client sends it to each stream, and not needed: all rows come first."""

    model_config = ConfigDict(extra="forbid")

    kind: KindName
    since: Annotated[int, Field(ge=0, le=2**53)] = 0


class ClusterHandler(KFLabHandler):
    @endpoint("The cluster, this account's namespace and how much is in it", answer=Overview)
    async def get(self) -> Any:
        return await self.services.cluster.overview()


class KindHandler(KFLabHandler):
    @endpoint("List a kind", query=RowsQuery, answer=RowsPage, errors=(404, 409, 502, 503))
    async def get(self, kind: str, query: RowsQuery) -> Any:
        rows = await self.services.cluster.rows(kind)
        return RowsPage(items=rows[: query.limit], total=len(rows))


class ObjectHandler(KFLabHandler):
    @endpoint("One object", answer=Details, errors=(404, 409, 502, 503))
    async def get(self, kind: str, name: str) -> Any:
        return await self.services.cluster.details(kind, name)

    @endpoint(
        "Delete an object and what belongs to it",
        query=DeleteQuery,
        answer=Removed,
        status=202,
        errors=(404, 409, 502, 503),
    )
    async def delete(self, kind: str, name: str, query: DeleteQuery) -> Any:
        return await self.services.cluster.delete(kind, name, query.uid)


class LogHandler(KFLabHandler):
    @endpoint("The end of a container's log", query=LogQuery, answer=LogText, errors=(404, 409, 502, 503))
    async def get(self, name: str, query: LogQuery) -> Any:
        return await self.services.cluster.log(name, query.container, query.tail, query.previous)


class _Stream(WebSocketMixin, WebSocketHandler, JupyterHandler):  # type: ignore[misc]
    """A websocket that sends frames until there are no more, and takes none."""

    auth_resource = AUTH_RESOURCE
    query: type[BaseModel]

    @web.authenticated
    @authorized
    async def get(self, **path: str) -> None:  # type: ignore[override]
        try:
            self._messages = self.messages(self._read(), **path)
            await self._cluster.present()
        except ClusterError as error:
            raise web.HTTPError(error.status, error.message.replace("%", "%%")) from error
        await super().get(**path)

    def _read(self) -> Any:
        given = {
            name: self.get_query_argument(name)
            for name in self.request.query_arguments
            if name not in _ALWAYS
        }
        try:
            return self.query.model_validate(given)
        except ValidationError as error:
            first = faults(error)[0]
            raise web.HTTPError(400, "%s: %s", first["field"], first["message"]) from error

    @property
    def _cluster(self) -> Namespace:
        cluster: Namespace = self.settings["kflab_services"].cluster
        return cluster

    def messages(self, query: Any, **path: str) -> AsyncIterator[Sequence[BaseModel]]:
        """What is sent. Raises ClusterError at once where it cannot be asked for so."""
        raise NotImplementedError

    def get_login_url(self) -> str:
        raise web.HTTPError(403)

    def open(self, **path: str) -> None:
        super().open(**path)
        self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        """Send no faster than the browser takes it."""
        try:
            async for frames in self._messages:
                for frame in frames:
                    await self.write_message(frame.model_dump_json())
                await asyncio.sleep(_FRAME_SECONDS)
            self.close(1000, "there is no more")
        except WebSocketClosedError:
            return
        except Exception:
            self.log.warning("kflab: a stream of the cluster has failed", exc_info=True)
            self.close(1011, "the cluster cannot be followed")

    def on_message(self, message: str | bytes) -> None:
        """The stream goes one way."""

    def on_close(self) -> None:
        super().on_close()
        if hasattr(self, "_task"):
            self._task.cancel()


class RowsStream(_Stream):
    """`cluster/stream?kind=K`: all rows, then what changes."""

    query = StreamQuery

    async def messages(self, query: StreamQuery) -> AsyncIterator[Sequence[BaseModel]]:  # type: ignore[override]
        async with self._cluster.listen(query.kind) as listener:
            while True:
                yield await listener.frames()


class LogStream(_Stream):
    """`cluster/pods/{name}/log/stream`: a container's log as it is written; closed at the pod's end."""

    query = FollowQuery

    def messages(self, query: FollowQuery, name: str) -> AsyncIterator[Sequence[BaseModel]]:  # type: ignore[override]
        frames = self._cluster.follow(name, query.container, query.tail, query.since)
        return _in_parts(frames)


async def _in_parts(frames: AsyncIterator[LogFrame | Lost]) -> AsyncIterator[Sequence[BaseModel]]:
    async for frame in frames:
        if isinstance(frame, LogFrame) and len(frame.lines) > _LINES:
            for at in range(0, len(frame.lines), _LINES):
                yield [LogFrame(seq=frame.seq, lines=frame.lines[at : at + _LINES])]
        else:
            yield [frame]


# What the streams send, for the document and the types that are made from it.
FRAMES: tuple[type[BaseModel], ...] = (RowsFrame, ChangesFrame, FaultFrame, LogFrame, Lost)
ROUTES: tuple[tuple[str, type[KFLabHandler]], ...] = (
    ("cluster", ClusterHandler),
    ("cluster/{kind}", KindHandler),
    ("cluster/{kind}/{name}", ObjectHandler),
    ("cluster/pods/{name}/log", LogHandler),
)
STREAMS: tuple[tuple[str, type[Any]], ...] = (
    ("cluster/stream", RowsStream),
    ("cluster/pods/{name}/log/stream", LogStream),
)
