"""The metadata store as the server uses it: writes go to the worker process, reads to the index in a thread.

Each read comes in two forms: a model, and the same as JSON bytes to send on, which costs the event loop nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy.exc import DatabaseError

from kflab.metadata.errors import StoreUnavailable
from kflab.metadata.location import MySql, locate
from kflab.metadata.models import (
    Artifact,
    Batch,
    BatchResult,
    Comparison,
    Context,
    Execution,
    Lineage,
    Page,
)
from kflab.metadata.process import WorkerProcess
from kflab.metadata.query import Query
from kflab.metadata.reader import Reader

__all__ = ["Listed", "Store"]

Listed = Literal["artifacts", "executions", "contexts"]
_MODELS: dict[str, Any] = {"artifacts": Artifact, "executions": Execution, "contexts": Context}
_PAGES: dict[str, Any] = {
    "artifacts": Page[Artifact],
    "executions": Page[Execution],
    "contexts": Page[Context],
}
_FRESH = 2.0  # seconds after which what other servers wrote to a shared store is looked for
T = TypeVar("T")


class Store:
    """One store. Every method may raise StoreUnavailable, whose message says why and what to do."""

    def __init__(self, url: str, index: Path | None = None) -> None:
        """`url` is sqlite:///path or mysql://user:password@host/database; `index` a local file of our own.

        Raises StoreUnavailable if that can't be a store.
        """
        place = locate(url)
        self._shared = isinstance(place, MySql)
        self._index = index or place.index
        self._worker = WorkerProcess(url, self._index)
        self._threads = ThreadPoolExecutor(2, "kflab-metadata")
        self._reader: Reader | None = None
        self._opening = asyncio.Lock()
        self._refreshed = 0.0

    @property
    def worker_pid(self) -> int | None:
        """The worker process's id; None while there is none."""
        return self._worker.pid

    async def start(self) -> None:
        """Start the worker and bring the index up to the store. Optional: the first request does it."""
        async with self._opening:
            if self._reader is None:
                await self._worker.ask("hello")
                self._reader = Reader(self._index)
                self._refreshed = time.monotonic()

    async def close(self) -> None:
        """End the worker, after what it is doing."""
        await self._worker.close()
        self._threads.shutdown(wait=True)
        if self._reader is not None:
            self._reader.close()

    async def batch(self, batch: Batch | bytes) -> BatchResult:
        """Record a batch, or the JSON of one: all of it or nothing, and once however often it is sent.

        JSON is checked by the worker, so a big body does not hold up the caller's loop. Raises BadBatch and
        BatchConflict.
        """
        body = batch.model_dump_json().encode() if isinstance(batch, Batch) else batch
        await self.start()
        return BatchResult.model_validate(await self._worker.ask("batch", body))

    async def list(self, kind: Listed, **query: Any) -> Page[Any]:
        """A page; `query` as for `list_json`."""
        page: Page[Any] = _PAGES[kind].model_validate_json(await self.list_json(kind, **query))
        return page

    async def list_json(
        self,
        kind: Listed,
        *,
        type: str | None = None,
        state: str | None = None,
        q: str | None = None,
        filter: str | None = None,
        sort: str | None = None,
        limit: int | str | None = None,
        page_token: str | None = None,
    ) -> bytes:
        """A Page of what fits, by default the newest first and 50 of them. Raises BadQuery."""
        query = Query.checked(
            kind.removesuffix("s"),
            type=type,
            state=state,
            q=q,
            filter=filter,
            sort=sort,
            limit=limit,
            page_token=page_token,
        )
        return await self._read(lambda reader: reader.list(query))

    async def get(self, kind: Listed, node: int) -> Artifact | Execution | Context:
        """One node. Raises NotFound."""
        found: Artifact | Execution | Context = _MODELS[kind].model_validate_json(
            await self.get_json(kind, node)
        )
        return found

    async def get_json(self, kind: Listed, node: int) -> bytes:
        return await self._read(lambda reader: reader.get(kind.removesuffix("s"), node))

    async def lineage(
        self,
        node: int,
        hops: int = 2,
        limit: int = 1_000,
        kind: Literal["artifact", "execution"] = "artifact",
    ) -> Lineage:
        """What is within `hops` edges of the node, nearest first. Raises NotFound and BadQuery."""
        return Lineage.model_validate_json(await self.lineage_json(node, hops, limit, kind))

    async def lineage_json(
        self,
        node: int,
        hops: int = 2,
        limit: int = 1_000,
        kind: Literal["artifact", "execution"] = "artifact",
    ) -> bytes:
        return await self._read(lambda reader: reader.lineage(node, hops, limit, kind))

    async def compare(self, ids: Sequence[int]) -> Comparison:
        """Up to 20 artifacts side by side. Raises NotFound and BadQuery."""
        return Comparison.model_validate_json(await self.compare_json(ids))

    async def compare_json(self, ids: Sequence[int]) -> bytes:
        return await self._read(lambda reader: reader.compare(ids))

    async def rebuild(self) -> None:
        """Fill the index anew from the store, for instance after another program has changed nodes in it."""
        await self.start()
        await self._worker.ask("rebuild")

    async def _read(self, answer: Callable[[Reader], T]) -> T:
        await self.start()
        reader = self._reader
        if reader is None:
            raise StoreUnavailable("The metadata store is closed, as the server is stopping.")
        if self._shared and time.monotonic() - self._refreshed > _FRESH:
            self._refreshed = time.monotonic()
            await self._worker.ask("refresh")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, answer, reader)
        except DatabaseError as error:
            raise StoreUnavailable(
                f"The index of the metadata store can't be read: {error.orig}. Remove {self._index} and restart "
                "the server; it is made anew from the store."
            ) from error
