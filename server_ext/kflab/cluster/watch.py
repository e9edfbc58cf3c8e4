"""One kind of one namespace, listed and then followed: rows for whoever listens, for as long as somebody does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pydantic

from kflab.cluster.connection import Connection, Gone
from kflab.cluster.errors import ClusterError, Forbidden, Unreachable
from kflab.cluster.kinds import Kind
from kflab.cluster.models import AnyRow, ChangesFrame, FaultFrame, Missing, RowsFrame
from kflab.cluster.rows import row, sort_key

__all__ = ["Frame", "Listener", "Watch", "list_rows", "missing"]

logger = logging.getLogger("kflab")

Frame = RowsFrame | ChangesFrame | FaultFrame

_CHUNK = 500
# The API server ends a watch after this long, and a new one goes on where it was: a connection that died
# without a word is found out soon.
_WATCH_SECONDS = 60
_SILENCE_SECONDS = 75.0
_FIRST_WAIT = 0.25
_LONGEST_WAIT = 15.0
# Rights change seldom; asking often fills the API server's audit log.
_FORBIDDEN_WAIT = 30.0


class Listener:
    """What one viewer has not seen yet. It holds at most one change for each object, however slow the viewer is."""

    def __init__(self) -> None:
        self._all: dict[str, AnyRow] | None = None
        self._changed: dict[str, AnyRow] = {}
        self._removed: set[str] = set()
        self._fault: FaultFrame | None = None
        self._there = asyncio.Event()

    def everything(self, rows: dict[str, AnyRow]) -> None:
        self._all = dict(rows)
        self._changed.clear()
        self._removed.clear()
        self._fault = None
        self._there.set()

    def change(self, found: AnyRow) -> None:
        self._removed.discard(found.uid)
        self._changed[found.uid] = found
        self._there.set()

    def remove(self, uid: str) -> None:
        self._changed.pop(uid, None)
        self._removed.add(uid)
        self._there.set()

    def fault(self, fault: FaultFrame) -> None:
        self._fault = fault
        self._there.set()

    async def frames(self) -> list[Frame]:
        """What is new; waits until something is."""
        await self._there.wait()
        self._there.clear()
        frames: list[Frame] = []
        if self._all is not None:
            frames.append(RowsFrame(rows=sorted(self._all.values(), key=sort_key)))
            self._all = None
        if self._changed or self._removed:
            changed = sorted(self._changed.values(), key=sort_key)
            frames.append(ChangesFrame(changed=changed, removed=sorted(self._removed)))
            self._changed, self._removed = {}, set()
        if self._fault is not None:
            frames.append(self._fault)
            self._fault = None
        return frames


class Watch:
    """The rows of one kind. It lists and follows while it has listeners, and rests without any."""

    def __init__(self, connection: Connection, kind: Kind) -> None:
        self._connection = connection
        self._kind = kind
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._rows: dict[str, AnyRow] | None = None
        self._version = ""
        self._fault: FaultFrame | None = None

    @property
    def rows(self) -> dict[str, AnyRow] | None:
        """The rows by uid while they are followed; None if they are not."""
        return self._rows if self._fault is None else None

    @contextlib.asynccontextmanager
    async def listen(self) -> AsyncIterator[Listener]:
        listener = Listener()
        if self._rows is not None:
            listener.everything(self._rows)
        if self._fault is not None:
            listener.fault(self._fault)
        self._listeners.add(listener)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                await self.close()

    async def close(self) -> None:
        task, self._task = self._task, None
        self._rows = self._fault = None
        self._version = ""
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _tell(self, say: Callable[[Listener], None]) -> None:
        for listener in self._listeners:
            say(listener)

    async def _run(self) -> None:
        misses = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                if not self._version:
                    await self._list()
                # The version stays, so that after a loss the watch goes on from its last bookmark.
                await self._follow()
                misses = 0
                if asyncio.get_running_loop().time() - began > 1:
                    continue
                wait = _FIRST_WAIT
            except Gone:
                self._version, wait = "", _FIRST_WAIT
            except Unreachable as error:
                misses += 1
                wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**misses)
                # One lost connection is mended before anybody has to know.
                if misses > 1 or self._rows is None:
                    self._fail(error)
            except ClusterError as error:
                self._version = ""
                wait = _FORBIDDEN_WAIT if isinstance(error, Forbidden) else _LONGEST_WAIT
                self._fail(error)
            except Exception:
                logger.exception("kflab: %s cannot be followed; it is tried again", self._kind.name)
                self._version, wait = "", _LONGEST_WAIT
                self._fail(ClusterError("The server made a mistake; its log tells more."))
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311 - spreads the load, no secret

    def _fail(self, error: ClusterError) -> None:
        fault = FaultFrame(message=error.message, missing=missing(error))
        if self._fault != fault:
            self._fault = fault
            self._tell(lambda listener: listener.fault(fault))

    def _mend(self) -> None:
        """The watch stands: what was said to be lost is there again."""
        if self._fault is not None and self._rows is not None:
            rows, self._fault = self._rows, None
            self._tell(lambda listener: listener.everything(rows))

    async def _list(self) -> None:
        rows, self._version = await list_rows(self._connection, self._kind)
        self._rows, self._fault = rows, None
        self._tell(lambda listener: listener.everything(rows))

    async def _follow(self) -> None:
        """Take in what changes after the present version. Raises Gone if that is too old."""
        link = await self._connection.link()
        query = {
            "watch": "1",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": _WATCH_SECONDS,
        }
        async with self._connection.stream(
            "GET", self._kind.path(link.namespace), query=query, silence=_SILENCE_SECONDS
        ) as answer:
            self._mend()
            rest = b""
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.strip():
                        self._take(json.loads(line))

    def _take(self, event: dict[str, Any]) -> None:
        kind, found = event.get("type"), event.get("object", {})
        if kind == "ERROR":
            if found.get("code") == 410:
                raise Gone(str(found.get("message", "")))
            raise Unreachable(f"The cluster ended the watch: {found.get('message', 'it said no more.')}")
        self._version = found["metadata"]["resourceVersion"]
        if kind == "BOOKMARK" or self._rows is None:
            return
        if kind == "DELETED":
            uid: str = found["metadata"]["uid"]
            self._rows.pop(uid, None)
            self._tell(lambda listener: listener.remove(uid))
        else:
            made = safe_row(self._kind, found)
            if made is not None:
                self._rows[made.uid] = made
                self._tell(lambda listener: listener.change(made))


async def list_rows(connection: Connection, kind: Kind) -> tuple[dict[str, AnyRow], str]:
    """All rows of a kind by uid, and the version of the list."""
    while True:
        try:
            return await _list_rows(connection, kind)
        except Gone:
            # The continuation of a very long list has expired; from the start again.
            continue


async def _list_rows(connection: Connection, kind: Kind) -> tuple[dict[str, AnyRow], str]:
    link = await connection.link()
    rows: dict[str, AnyRow] = {}
    token = ""
    while True:
        query = {"limit": _CHUNK, **({"continue": token} if token else {})}
        page = await connection.json("GET", kind.path(link.namespace), query=query)
        made = [safe_row(kind, found) for found in page.get("items") or []]
        rows.update((one.uid, one) for one in made if one is not None)
        token = page["metadata"].get("continue", "")
        if not token:
            return rows, page["metadata"]["resourceVersion"]


def safe_row(kind: Kind, found: dict[str, Any]) -> AnyRow | None:
    """The row, or None for an object that is not as the API's own schema has it: one may not hide all others."""
    try:
        return row(kind.name, found)
    except (pydantic.ValidationError, KeyError, TypeError, AttributeError):
        logger.warning(
            "kflab: %s %s cannot be shown", kind.name, found.get("metadata", {}).get("name"), exc_info=True
        )
        return None


def missing(error: ClusterError) -> Missing | None:
    """What the account lacks, if that is what the error is about."""
    if not isinstance(error, Forbidden):
        return None
    return Missing(
        verb=error.verb,
        resource=error.resource,
        group=error.group,
        namespace=error.namespace,
        message=error.message,
    )
