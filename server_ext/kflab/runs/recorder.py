"""Keeps the metadata up with the runs: each run's part once, whoever is killed in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from kflab.metadata.models import Batch
from kflab.runs.events import ENDS
from kflab.runs.log import Record
from kflab.runs.manager import RunManager, RunNotFound
from kflab.runs.plan import DATASET, EXECUTION, MODEL, Recorded, Source, plan
from kflab.runs.spec import Run

__all__ = ["Find", "Recorder", "Send"]

Send = Callable[[Batch], Awaitable[object]]
"""Records a batch; raises if that failed, whether or not it was recorded."""
Find = Callable[[Literal["artifacts", "executions"], str, str], Awaitable[Sequence[Mapping[str, Any]]]]
"""`await find(kind, type, filter)`: the nodes, as the REST API lists them."""


class Recorder:
    """Keeps the metadata up with the runs. Call `record` for a run, or `record_all`, every second or so.

    One at a time: the calls of one Recorder must not overlap.
    """

    def __init__(self, runs: RunManager, send: Send, find: Find) -> None:
        self._runs = runs
        self._send = send
        self._find = find
        self._complete: set[str] = set()

    async def record_all(self) -> dict[str, Exception]:
        """Record what is new of all runs. Returns what went wrong, by run; it is tried again at the next call."""
        wrong: dict[str, Exception] = {}
        for run in await asyncio.to_thread(self._runs.list):
            try:
                await self.record(run.id)
            except Exception as error:  # noqa: BLE001  one run's trouble holds up no other; the caller is told
                wrong[run.id] = error
        return wrong

    async def record(self, run_id: str) -> bool:
        """Record what is new of a run; True if all of it is in the store.

        Raises RunNotFound, and what `send` and `find` raise.
        """
        if run_id in self._complete:
            return True
        run = self._runs.get(run_id)
        ended = run.ended is not None
        if run.started is None:
            return False
        recorded = await self._recorded(run_id)
        if recorded.execution is not None and not ended:
            return False  # the rest is recorded at the end; no need to read the log until then
        events = await asyncio.to_thread(self._events, run_id, recorded.seq)
        if not events and ended:
            self._complete.add(run_id)
            return True
        source = await self._source(run) if run.spec.from_ else None
        batch = plan(
            run,
            events,
            recorded=recorded,
            split=self._split(run_id),
            source=source,
            workspace=self._runs.workspace,
        )
        if batch is None:
            return False
        await self._send(batch)
        if events[-1]["type"] in ENDS:
            self._complete.add(run_id)
            return True
        return False

    def _events(self, run_id: str, since: int) -> list[Record]:
        tail = self._runs.tail(run_id, since)
        kept: list[Record] = []
        while found := tail.read():
            kept += [event for event in found if event["type"] not in ("log", "epoch", "prediction")]
        return kept

    def _split(self, run_id: str) -> Mapping[str, Any] | None:
        try:
            split: Mapping[str, Any] = json.loads(
                (self._runs.folder(run_id).data / "split.json").read_bytes()
            )
        except FileNotFoundError:
            return None
        return split

    async def _recorded(self, run_id: str) -> Recorded:
        for node in await self._find("executions", EXECUTION, f'prop.run_id = "{run_id}"'):
            return Recorded(node["id"], node["properties"]["last_seq"])
        return Recorded()

    async def _source(self, run: Run) -> Source | None:
        """What is recorded of the run that this one evaluates; it is recorded first if it is not yet."""
        if run.spec.from_ is None:
            return None
        trained = run.spec.from_.run
        try:
            await self.record(trained)
            sha256 = (self._split(trained) or {}).get("dataset", {}).get("sha256")
        except RunNotFound:
            sha256 = None
        executions = await self._find("executions", EXECUTION, f'prop.run_id = "{trained}"')
        models = await self._find("artifacts", MODEL, f'prop.run_id = "{trained}"')
        datasets = await self._find("artifacts", DATASET, f'sha256 = "{sha256}"') if sha256 else []
        return Source(
            execution=executions[0]["id"] if executions else None,
            model=models[0]["id"] if models else None,
            dataset=datasets[0]["id"] if datasets else None,
            unlocked=bool(executions) and "test_unlocked" in executions[0]["properties"],
        )
