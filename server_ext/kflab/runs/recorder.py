"""Keeps the metadata up with the runs: each run's part once, whoever is killed in between."""

from __future__ import annotations

import asyncio
import json
import time
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

from kflab.metadata.errors import BatchConflict, StoreUnavailable
from kflab.metadata.models import Batch
from kflab.runs.log import Record, Tail
from kflab.runs.manager import RunManager, RunNotFound
from kflab.runs.nodes import DATASET, EXECUTION, METRICS, MODEL
from kflab.runs.plan import Recorded, Source, plan, step
from kflab.runs.plan_trials import Scored, Stored, ends
from kflab.runs.spec import Run

__all__ = ["Find", "Recorder", "Send"]

Send = Callable[[Batch], Awaitable[object]]
"""Records a batch; raises if that failed, whether or not it was recorded."""
Find = Callable[[Literal["artifacts", "executions"], str, str], Awaitable[Sequence[Mapping[str, Any]]]]
"""`await find(kind, type, filter)`: all nodes that fit, as the REST API lists them."""

_AHEAD = 1_000
_LOOK_EVERY = 10.0  # seconds, at the log of a run that tunes, for trials that have ended


@dataclass
class _Followed:
    """What is in the store of a run that is not complete there, and what has been read of its log beyond that."""

    recorded: Recorded
    tail: Tail
    events: list[Record] = field(default_factory=list)
    looked: float | None = None

    def read(self, kind: str) -> None:
        """Read on to the end of the log; of a run that tunes no more than a few batches take, as there may be very much."""
        while (kind != "tune" or len(self.events) < _AHEAD) and (found := self.tail.read()):
            self.events += [_short(event) for event in found if _matters(kind, event)]

    def forget(self) -> None:
        """Drop what is in the store by now."""
        del self.events[: bisect_right(self.events, self.recorded.seq, key=itemgetter("seq"))]


class Recorder:
    """Keeps the metadata up with the runs. Call `record` for a run, or `record_all`, every second or so.

    One at a time: the calls of one Recorder must not overlap. Several Recorders of the same runs may.
    """

    def __init__(
        self, runs: RunManager, send: Send, find: Find, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._runs = runs
        self._send = send
        self._find = find
        self._clock = clock
        self._complete: dict[str, str] = {}  # when the run ended that is: it may go on and end again
        self._followed: dict[str, _Followed] = {}

    async def record_all(self) -> dict[str, Exception]:
        """Record what is new of all runs. Returns what went wrong, by run; it is tried again at the next call."""
        wrong: dict[str, Exception] = {}
        runs = {run.id: run for run in await asyncio.to_thread(self._runs.list)}
        for gone in (self._complete.keys() | self._followed.keys()) - runs.keys():
            self._complete.pop(gone, None)
            self._followed.pop(gone, None)
        for run_id in runs:
            try:
                await self.record(run_id)
            except Exception as error:  # noqa: BLE001  one run's trouble holds up no other; the caller is told
                wrong[run_id] = error
        return wrong

    async def record(self, run_id: str) -> bool:
        """Record what is new of a run; True if all of it is in the store.

        The trials of one that tunes are looked for every ten seconds while it runs. Raises RunNotFound, and what `send`
        and `find` raise.
        """
        return await self._record(run_id, at_once=False)

    async def _record(self, run_id: str, *, at_once: bool) -> bool:
        run = self._runs.get(run_id)
        if run.ended is not None and self._complete.get(run_id) == run.ended:
            return True
        if run.started is None:
            return False
        followed = self._followed.get(run_id)
        if followed is None:
            recorded = await self._recorded(run_id)
            followed = _Followed(recorded, self._runs.tail(run_id, recorded.seq))
            self._followed[run_id] = followed
        if run.ended is None and not at_once and not self._is_due(run, followed):
            return False
        try:
            await self._catch_up(run, followed)
        except Exception:
            # Whether the store has it is not known: it is asked anew.
            self._followed.pop(run_id, None)
            raise
        if run.ended is not None:
            self._complete[run_id] = run.ended
            self._followed.pop(run_id, None)
        return run.ended is not None

    def _is_due(self, run: Run, followed: _Followed) -> bool:
        """Whether to read the log of a run that goes on. Once it is begun in the store most is left for its end."""
        if followed.recorded.execution is None or followed.looked is None:
            return followed.recorded.execution is None or run.kind == "tune"
        return run.kind == "tune" and self._clock() - followed.looked >= _LOOK_EVERY

    async def _catch_up(self, run: Run, followed: _Followed) -> None:
        """Send all that is worth a record by now, batch by batch."""
        followed.looked = self._clock()
        await asyncio.to_thread(followed.read, run.kind)
        if not step(run, followed.events, followed.recorded):
            return
        source = await self._source(run) if run.spec.from_ else None
        split = await asyncio.to_thread(self._split, run.id)
        while part := step(run, followed.events, followed.recorded):
            batch = await asyncio.to_thread(
                plan,
                run,
                followed.events,
                recorded=followed.recorded,
                split=split,
                source=source,
                stored=await self._stored(run, part),
                workspace=self._runs.workspace,
            )
            if batch is not None:
                await self._put(run, followed, batch)
                await asyncio.to_thread(followed.read, run.kind)

    async def _put(self, run: Run, followed: _Followed, batch: Batch) -> None:
        before, conflict = followed.recorded, None
        try:
            await self._send(batch)
        except BatchConflict as error:
            conflict = error  # another Recorder was there before, with more or less of the log
        followed.recorded = await self._recorded(run.id)
        if followed.recorded == before:
            raise conflict or StoreUnavailable(
                f"The metadata store has taken a part of run {run.id}, but does not show it yet."
            )
        followed.forget()

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
            said = node["properties"]
            return Recorded(node["id"], said["last_seq"], said.get("trials_linked", -1))
        return Recorded()

    async def _stored(self, run: Run, part: Sequence[Record]) -> dict[int, Stored]:
        """What the store has of the trials that end in these events."""
        numbers = list(ends(part)) if run.kind == "tune" else []
        if not numbers:
            return {}
        among = f'prop.parent_run = "{run.id}" and prop.trial in ({", ".join(map(str, numbers))})'
        executions = await self._find("executions", EXECUTION, among)
        metrics = await self._find("artifacts", METRICS, among) if executions else []
        scores = {node["properties"]["trial"]: node["id"] for node in metrics}
        return {
            trial: Stored(node["id"], scores.get(trial))
            for node in executions
            for trial in [node["properties"]["trial"]]
        }

    async def _source(self, run: Run) -> Source | None:
        """What is recorded of the run that this one is about; it is recorded first if it is not yet."""
        if run.spec.from_ is None:
            return None
        about = run.spec.from_.run
        try:
            await self._record(about, at_once=True)
            sha256 = (self._split(about) or {}).get("dataset", {}).get("sha256")
        except RunNotFound:
            sha256 = None
        executions = await self._find("executions", EXECUTION, f'prop.run_id = "{about}"')
        models = await self._find("artifacts", MODEL, f'prop.run_id = "{about}"')
        datasets = await self._find("artifacts", DATASET, f'sha256 = "{sha256}"') if sha256 else []
        said = executions[0]["properties"] if executions else {}
        return Source(
            execution=executions[0]["id"] if executions else None,
            model=models[0]["id"] if models else None,
            dataset=datasets[0]["id"] if datasets else None,
            unlocked="test_unlocked" in said,
            trials=await self._scored(run, about) if run.kind == "train" else (),
            best=(said.get("best") or {}).get("trial"),
        )

    async def _scored(self, run: Run, about: str) -> Sequence[Scored]:
        """The trials that were done when this run began, and so took part in its choice."""
        done = f'prop.parent_run = "{about}" and state = "LIVE" and prop.ended <= "{run.started}"'
        return [
            Scored(
                node["id"], said["trial"], params if isinstance(params, dict) else {}, said.get("resource")
            )
            for node in await self._find("artifacts", METRICS, done)
            for said in [node["properties"]]
            for params in [said["params"]]
        ]


def _matters(kind: str, event: Record) -> bool:
    """Whether the metadata has anything of the event; the trials' own steps and scores stay in the log."""
    if kind == "tune":
        return event["type"] not in ("log", "epoch", "warning") and (
            event["type"] == "trial" or "trial" not in event
        )
    return event["type"] not in ("log", "epoch", "prediction")


def _short(event: Record) -> Record:
    """Without what is long and not recorded: many trials may wait for their turn."""
    return {key: value for key, value in event.items() if key != "traceback"}
