"""`runs/…`: start, list, follow, cancel, evaluate and delete runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from pydantic import BaseModel, ConfigDict, Field
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from kflab.ml.tuning import BudgetChange
from kflab.runs.events import ENDS, Event
from kflab.runs.log import Record
from kflab.runs.manager import RunManager, RunNotFound
from kflab.runs.spec import Run, RunKind, RunSpec, RunState, Ulid
from kflab.server.base import AUTH_RESOURCE, KFLabHandler, endpoint

__all__ = ["ROUTES", "STREAMS"]

# A frame at most this often, so that a fast run does not drown the browser.
_FRAME_SECONDS = 0.1


class RunsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: RunState | None = None
    kind: RunKind | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class EventsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: Annotated[int, Field(ge=0, le=2**53)] = Field(default=0, description="Events with a greater seq.")
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class RunId(BaseModel):
    """The id of a run that was accepted."""

    id: str


class Follower(BaseModel):
    """Of a run that follows from another one: `key` makes a repeated request one run."""

    model_config = ConfigDict(extra="forbid")

    key: Ulid | None = None


class Resumption(BaseModel):
    """`budget` is what changes of what the search may use; one that is done needs more trials than it has had."""

    model_config = ConfigDict(extra="forbid")

    budget: BudgetChange = BudgetChange()


class Runs(BaseModel):
    """Runs, newest first."""

    items: list[Run]
    total: int
    total_exact: Literal[True] = True
    next_page_token: str | None = None


class Events(BaseModel):
    """Events in order; ask again with `since=next_since` until `state` is an end and `items` is empty."""

    items: list[Event]
    next_since: int
    state: RunState


class RunsHandler(KFLabHandler):
    @endpoint("List runs", query=RunsQuery, answer=Runs, errors=(400,))
    async def get(self, query: RunsQuery) -> Any:
        runs = await asyncio.to_thread(self.services.runs.list, query.state, query.kind)
        return Runs(items=list(runs[: query.limit]), total=len(runs))

    @endpoint("Start a run", body=RunSpec, answer=RunId, status=202, errors=(409, 503, 507))
    async def post(self, spec: RunSpec) -> Any:
        if spec.dataset is not None and spec.model is not None:
            # What can be known to be wrong now is told now, beside its field, and not by a failed run.
            await self.services.inspector.ask(
                "check",
                dataset=spec.dataset.model_dump(mode="json"),
                model=spec.model.model_dump(mode="json"),
                metrics=spec.metrics,
                task=spec.task,
                tuning=spec.tuning.model_dump(mode="json") if spec.tuning else None,
            )
        return {"id": await asyncio.to_thread(self.services.runs.create, spec)}


class RunHandler(KFLabHandler):
    @endpoint("One run", answer=Run, errors=(404,))
    async def get(self, id: str) -> Any:
        return await asyncio.to_thread(self.services.runs.get, id)

    @endpoint("Remove the record of an ended run", status=204, errors=(404, 409))
    async def delete(self, id: str) -> Any:
        await asyncio.to_thread(self.services.runs.delete, id)


class CancelHandler(KFLabHandler):
    @endpoint("Stop a run", answer=Run, status=202, errors=(404, 409))
    async def post(self, id: str) -> Any:
        return await asyncio.to_thread(self.services.runs.cancel, id, self.by)


class StopTrialHandler(KFLabHandler):
    @endpoint(
        "Stop a running trial of a search, which goes on", answer=Run, status=202, errors=(404, 409, 507)
    )
    async def post(self, id: str, number: str) -> Any:
        if not (number.isascii() and number.isdigit() and len(number) <= 9):
            raise RunNotFound("A trial's number is a whole number from 0.")
        return await asyncio.to_thread(self.services.runs.stop_trial, id, int(number))


class ResumeHandler(KFLabHandler):
    @endpoint(
        "Let a tuning run that has ended go on, with more trials if it is done",
        body=Resumption,
        answer=Run,
        status=202,
        errors=(400, 404, 409, 507),
    )
    async def post(self, id: str, asked: Resumption) -> Any:
        return await asyncio.to_thread(self.services.runs.resume, id, self.by, asked.budget)


class RegisterHandler(KFLabHandler):
    @endpoint(
        "Train the best of a tuning run on train and validation, and record it",
        body=Follower,
        answer=RunId,
        status=202,
        errors=(400, 404, 409),
    )
    async def post(self, id: str, asked: Follower) -> Any:
        return {"id": await asyncio.to_thread(self.services.runs.register, id, asked.key)}


class EvaluateHandler(KFLabHandler):
    @endpoint(
        "Evaluate a run's model on the test part, which unlocks it",
        body=Follower,
        answer=RunId,
        status=202,
        errors=(400, 404, 409),
    )
    async def post(self, id: str, asked: Follower) -> Any:
        await asyncio.to_thread(self.services.runs.get, id)
        return {"id": await asyncio.to_thread(self.services.runs.evaluate, id, asked.key)}


class EventsHandler(KFLabHandler):
    @endpoint("The events of a run", query=EventsQuery, answer=Events, errors=(400, 404))
    async def get(self, id: str, query: EventsQuery) -> Any:
        # The state is taken first: an end that comes between the two is seen with the next call.
        run = await asyncio.to_thread(self.services.runs.get, id)
        return await asyncio.to_thread(self._page, run, query)

    def _page(self, run: Run, query: EventsQuery) -> bytes:
        items = self.services.runs.events(run.id, query.since, query.limit)
        rest = {"next_since": items[-1]["seq"] if items else query.since, "state": run.state}
        return b'{"items": ' + _array(items) + b", " + json.dumps(rest).encode()[1:]


def _array(events: Sequence[Record]) -> bytes:
    """The events as JSON; written one by one, so that other threads get their turn in between."""
    return b"[" + b", ".join(json.dumps(event).encode() for event in events) + b"]"


class StreamHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):  # type: ignore[misc]
    """`runs/{id}/stream?since=N`: frames are arrays of events; closed by the server after the last event."""

    auth_resource = AUTH_RESOURCE

    @web.authenticated
    @authorized
    async def get(self, id: str) -> None:  # type: ignore[override]
        since = self.get_query_argument("since", "0")
        if not (since.isascii() and since.isdigit() and len(since) <= 15):
            raise web.HTTPError(400, "since is a whole number from 0.")
        try:
            self._runs: RunManager = self.settings["kflab_services"].runs
            self._events = await asyncio.to_thread(self._runs.tail, id, int(since))
        except RunNotFound as error:
            raise web.HTTPError(404, str(error)) from error
        await super().get(id)

    def get_login_url(self) -> str:
        raise web.HTTPError(403)

    def open(self, id: str) -> None:
        super().open(id)
        self._task = asyncio.create_task(self._send(id))

    async def _send(self, id: str) -> None:
        """Send what is new, no faster than the browser takes it, until the last event."""
        try:
            while True:
                frame, last = await asyncio.to_thread(self._frame, id)
                if frame:
                    await self.write_message(frame)
                if last:
                    self.close(1000, "the run has ended")
                    return
                await asyncio.sleep(_FRAME_SECONDS)
        except WebSocketClosedError:
            return
        except RunNotFound as error:
            self.close(1000, str(error)[:120])
        except Exception:
            self.log.warning("kflab: the events of run %s cannot be read", id, exc_info=True)
            self.close(1011, "the log of the run cannot be read")

    def _frame(self, id: str) -> tuple[bytes, bool]:
        """What is new, as JSON, and whether nothing will follow."""
        # Asked first: if it has ended by now, its last event is in the log by now.
        ended = self._runs.get(id).ended is not None
        found = self._events.read()
        if not found:
            return b"", ended
        # An end in the middle of the log is that of a run which was resumed.
        return _array(found), ended and found[-1]["type"] in ENDS

    def on_message(self, message: str | bytes) -> None:
        """The stream goes one way."""

    def on_close(self) -> None:
        super().on_close()
        if hasattr(self, "_task"):
            self._task.cancel()


ROUTES: tuple[tuple[str, type[KFLabHandler]], ...] = (
    ("runs", RunsHandler),
    ("runs/{id}", RunHandler),
    ("runs/{id}/cancel", CancelHandler),
    ("runs/{id}/resume", ResumeHandler),
    ("runs/{id}/trials/{number}/stop", StopTrialHandler),
    ("runs/{id}/evaluate", EvaluateHandler),
    ("runs/{id}/register", RegisterHandler),
    ("runs/{id}/events", EventsHandler),
)
STREAMS: tuple[tuple[str, type[Any]], ...] = (("runs/{id}/stream", StreamHandler),)
