"""The rooms that the handlers ask, and the little that goes on by itself while the server lives."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from kflab.cluster.namespace import Namespace
from kflab.metadata.errors import StoreUnavailable
from kflab.metadata.models import Batch, BatchResult
from kflab.metadata.store import Store
from kflab.runs.manager import RunManager
from kflab.runs.recorder import Recorder
from kflab.server.inspect import Inspector

__all__ = ["Services", "all_of"]

logger = logging.getLogger("kflab")

_RECORD_EVERY = 1.0
_RECOVER_EVERY = 4.0
_PAGE = 200


async def all_of(
    store: Store, kind: Literal["artifacts", "executions"], type: str, filter: str
) -> Sequence[Mapping[str, Any]]:
    """All nodes that fit, the newest first, page by page so that no long one holds up the loop."""
    found: list[Mapping[str, Any]] = []
    token: str | None = None
    while True:
        page = json.loads(
            await store.list_json(kind, type=type, filter=filter, limit=_PAGE, page_token=token)
        )
        found += page["items"]
        token = page["next_page_token"]
        if token is None:
            return found


class Services:
    """Everything a request may need.

    `store` is the reason why there is none where its address cannot be one: the rest works without it.
    `active(now)` is called while a run lives, so that the hub sees activity.
    """

    def __init__(
        self,
        root: Path,
        store: Store | StoreUnavailable,
        runs: RunManager,
        inspector: Inspector,
        cluster: Namespace,
        active: Callable[[datetime], None],
    ) -> None:
        self.root = root
        self._store = store
        self.runs = runs
        self.inspector = inspector
        self.cluster = cluster
        self._active = active
        self._recorder = Recorder(runs, self._batch, self._find)
        self._tasks: list[asyncio.Task[None]] = []
        self._told: dict[str, str] = {}

    @property
    def store(self) -> Store:
        """The metadata store. Raises StoreUnavailable with the reason if there can be none."""
        if isinstance(self._store, StoreUnavailable):
            raise StoreUnavailable(self._store.message)
        return self._store

    def start(self) -> None:
        """Begin to record runs and to look for lost ones. Needs the running loop."""
        self._tasks = [
            asyncio.create_task(self._every(_RECORD_EVERY, self._record)),
            asyncio.create_task(self._every(_RECOVER_EVERY, self._recover)),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.inspector.close()
        await self.cluster.close()
        if isinstance(self._store, Store):
            await self._store.close()

    async def _every(self, seconds: float, do: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await do()
            except Exception:
                logger.exception("kflab: a background task failed; it is tried again in %g s", seconds)
            await asyncio.sleep(seconds)

    async def _record(self) -> None:
        wrong = await self._recorder.record_all()
        for run, error in wrong.items():
            if self._told.get(run) != str(error):
                logger.warning("kflab: run %s is not in the metadata yet: %s", run, error)
        self._told = {run: str(error) for run, error in wrong.items()}

    async def _recover(self) -> None:
        for run in await asyncio.to_thread(self.runs.recover):
            logger.warning("kflab: run %s has lost its supervisor and is marked as failed", run)
        living = await asyncio.to_thread(self.runs.list)
        if any(run.ended is None for run in living):
            self._active(datetime.now(UTC))

    async def _batch(self, batch: Batch) -> BatchResult:
        return await self.store.batch(batch)

    async def _find(
        self, kind: Literal["artifacts", "executions"], type: str, filter: str
    ) -> Sequence[Mapping[str, Any]]:
        return await all_of(self.store, kind, type, filter)

    async def hidden_rows(self, run_id: str) -> list[int]:
        """The test rows of a run's split: not to be shown once there is one. Raises RunNotFound."""
        return await asyncio.to_thread(self._hidden_rows, run_id)

    def _hidden_rows(self, run_id: str) -> list[int]:
        path = self.runs.folder(run_id).data / "split.json"
        with contextlib.suppress(FileNotFoundError):
            return [int(row) for row in json.loads(path.read_bytes())["parts"]["test"]]
        return []
