"""The kernel's end of the views: asks the server in their place, and sends on what it streams.

Nothing here waits in the thread that reads the kernel's messages: a request and a stream each have their own.
The token goes to the server and nowhere else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kflab.sdk.connection import ApiError, Unreachable, find
from kflab.widgets.cells import cells
from kflab.widgets.code import code
from kflab.widgets.paths import Refused, check
from kflab.widgets.streams import Follower
from kflab.widgets.wire import Pace, pack

__all__ = ["Bridge"]

_log = logging.getLogger("kflab")
_AT_ONCE = 8  # requests to the server
_FORGOTTEN = 150.0  # s without a word of a client: its page is gone. It says something every 20 s
_SWEEP = 15.0
# One for all widgets: the limit of Jupyter's server is the kernel's.
_PACE = Pace()

Send = Callable[[dict[str, Any], list[bytes]], None]


@dataclass
class _Client:
    """One view, in one page."""

    heard: float
    calls: set[int] = field(default_factory=set)
    streams: dict[int, Follower] = field(default_factory=dict)


class Bridge:
    """Hears what the views of a widget ask for, and answers with `send`, from any thread.

    `touched(soon)` is called when what they show may have changed; `soon` if a person has changed it.
    """

    def __init__(self, send: Send, touched: Callable[[bool], None]) -> None:
        self._send = send
        self._touched = touched
        self._lock = threading.RLock()
        self._clients: dict[str, _Client] = {}
        self._slots = threading.Semaphore(_AT_ONCE)
        self._sweeper: threading.Thread | None = None
        self._updates = False

    @property
    def updates(self) -> bool:
        """Whether the pages that show the widget let its output be renewed beside the live view."""
        return self._updates

    def hear(self, message: Any) -> None:
        """Take one message of a view; what is none is written down and left."""
        match message:
            case {"kind": "code", "hash": str(wanted)}:
                self._start(self._give_code, wanted)
            case {"kind": str(kind), "client": str(name), **rest}:
                with self._lock:
                    client = self._clients.setdefault(name, _Client(0.0))
                    client.heard = time.monotonic()
                self._take(kind, name, client, rest)
            case _:
                _log.warning("kflab: a panel has sent what is no message: %.200r", message)

    def _take(self, kind: str, name: str, client: _Client, rest: Mapping[Any, Any]) -> None:
        match kind, rest:
            case "request", {"call": int(call), "method": str(method), "path": str(path)}:
                client.calls.add(call)
                self._start(self._answer, name, client, call, method, path, rest.get("body"))
            case "abort", {"call": int(call)}:
                client.calls.discard(call)
            case "follow", {"call": int(call), "path": str(path)}:
                self._follow(name, client, call, path)
            case "leave", {"call": int(call)}:
                self._leave(client, call)
            case "alive", {"ping": int(ping)}:
                self._updates = rest.get("updates") is True
                self._send({"kind": "here", "client": name, "ping": ping, "open": sorted(client.calls)}, [])
            case "bye", _:
                self._forget(name)
            case _:
                _log.warning("kflab: a panel has sent an unknown message: %.200r", {"kind": kind, **rest})

    def close(self) -> None:
        """Stop all that goes on for the views."""
        for name in list(self._clients):
            self._forget(name)

    @staticmethod
    def _start(task: Callable[..., None], *given: Any) -> None:
        threading.Thread(target=task, args=given, name="kflab request", daemon=True).start()

    def _say(self, content: dict[str, Any], data: Any) -> None:
        message, buffers = pack(content, data)
        _PACE.wait(sum(map(len, buffers)) + 300)
        self._send(message, buffers)

    def _give_code(self, wanted: str) -> None:
        built = code()
        message = {"kind": "code", "hash": wanted}
        if wanted != built.hash:
            self._send(
                {**message, "error": "kfhub was updated; restart the kernel and run the cell again"}, []
            )
            return
        _PACE.wait(sum(map(len, built.parts)))
        self._send(message, list(built.parts))

    def _answer(self, name: str, client: _Client, call: int, method: str, path: str, body: Any) -> None:
        try:
            with self._slots:
                answer = _ask(method, path, body)
            if call in client.calls:
                data = answer.pop("data", None)
                self._say({"kind": "answer", "client": name, "call": call, **answer}, data)
        finally:
            # Not before the answer is sent: what is no longer open has been answered.
            client.calls.discard(call)
        if "error" not in answer:
            # What was started or removed shows at once, what was only read when it suits.
            self._touched(method != "GET")

    def _follow(self, name: str, client: _Client, call: int, path: str) -> None:
        about = {"client": name, "call": call}
        try:
            check("GET", path)
        except Refused:
            _log.warning("kflab: a panel has asked to follow %.80r", path)
            self._send({"kind": "stream", **about, "connected": False}, [])
            return

        def ended() -> None:
            with self._lock:
                client.streams.pop(call, None)
            self._touched(True)

        def frame(data: Any) -> None:
            self._say({"kind": "frame", **about}, data)
            self._touched(False)

        follower = Follower(
            path,
            frame=frame,
            state=lambda connected: self._send({"kind": "stream", **about, "connected": connected}, []),
            ended=ended,
        )
        self._leave(client, call)
        with self._lock:
            client.streams[call] = follower
            follower.start()
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._sweep, name="kflab sweeper", daemon=True)
                self._sweeper.start()

    def _leave(self, client: _Client, call: int) -> None:
        with self._lock:
            follower = client.streams.pop(call, None)
        if follower is not None:
            follower.stop()

    def _forget(self, name: str) -> None:
        with self._lock:
            client = self._clients.pop(name, None)
        if client is not None:
            client.calls.clear()
            for call in list(client.streams):
                self._leave(client, call)

    def _sweep(self) -> None:
        """While there are streams, drop those of pages that were closed without a goodbye."""
        while True:
            time.sleep(_SWEEP)
            with self._lock:
                self.drop_forgotten(time.monotonic())
                if not any(client.streams for client in self._clients.values()):
                    self._sweeper = None
                    return

    def drop_forgotten(self, now: float) -> None:
        """Drop the clients that had their time to say something; one that lives on follows its streams anew."""
        running = cells()
        if running.busy:
            return  # what they say may wait until the cell is done
        for name, client in list(self._clients.items()):
            if now - max(client.heard, running.ended) > _FORGOTTEN:
                for call in list(client.streams):
                    self._send({"kind": "dropped", "client": name, "call": call}, [])
                self._forget(name)


def _ask(method: str, path: str, body: Any) -> dict[str, Any]:
    """`data` as the server answers, or `error` as it, or the way to it, refuses."""
    try:
        check(method, path)
        return {"data": find().request(method, path, body)}
    except ApiError as error:
        return {"error": {"message": error.message, "status": error.status, "fields": error.fields}}
    except Refused as error:
        return {"error": {"message": str(error), "status": 400}}
    except Unreachable as error:
        return {"error": {"message": f"{error}.", "status": 0}}
    except ValueError as error:  # what is no JSON, from either side
        return {"error": {"message": f"The server's answer can't be read ({error}).", "status": 502}}
