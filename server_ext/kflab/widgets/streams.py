"""One stream of the server followed from the kernel, in a thread of its own, over every loss of the connection."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import websocket

from kflab.sdk.connection import Connection, Unreachable, find

__all__ = ["Follower"]

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 15.0
_TIMEOUT = 30.0
_FINISHED = 1000  # the server closes a stream so when there is nothing more to come


class Follower(threading.Thread):
    """Follows `path` until `stop` or its end, and tells each frame and whether the stream stands."""

    def __init__(
        self,
        path: str,
        *,
        frame: Callable[[Any], None],
        state: Callable[[bool], None],
        ended: Callable[[], None],
    ) -> None:
        super().__init__(name=f"kflab stream {path}", daemon=True)
        self._path = path
        self._frame = frame
        self._state = state
        self._ended = ended
        self._seen = 0
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._socket: websocket.WebSocket | None = None

    def stop(self) -> None:
        """Ends the thread soon; what is being told meanwhile may still be told."""
        with self._lock:
            self._over.set()
            if self._socket is not None:
                self._socket.abort()

    def run(self) -> None:
        wait = _FIRST_WAIT
        while not self._over.is_set():
            opened = self._connect()
            if opened is not None:
                wait = _FIRST_WAIT
                self._state(True)
                if self._read(opened):
                    self._ended()
                    return
            if self._over.is_set():
                return
            self._state(False)
            self._over.wait(wait)
            wait = min(_LONGEST_WAIT, wait * 2)

    def _connect(self) -> websocket.WebSocket | None:
        try:
            opened = _open(find(), resumed(self._path, self._seen))
        except (Unreachable, websocket.WebSocketException, OSError, ValueError):
            return None  # told by `state`, and tried again
        with self._lock:
            self._socket = opened
            if self._over.is_set():
                opened.abort()
        return opened

    def _read(self, opened: websocket.WebSocket) -> bool:
        """Tell what comes; true if the server has said that there is no more."""
        try:
            while True:
                kind, data = opened.recv_data()
                if kind == websocket.ABNF.OPCODE_CLOSE:
                    return int.from_bytes(data[:2], "big") == _FINISHED
                frame = json.loads(data)
                self._seen = max(self._seen, last_seq(frame))
                self._frame(frame)
        except (websocket.WebSocketException, OSError, ValueError):
            return False
        finally:
            opened.shutdown()


def _open(connection: Connection, path: str) -> websocket.WebSocket:
    opened = websocket.create_connection(
        connection.url.replace("http", "ws", 1) + path,
        timeout=_TIMEOUT,
        header={"Authorization": f"token {connection.token}"},
        http_no_proxy=["*"] if connection.direct else None,
        redirect_limit=0,  # the token is for the server that was named
    )
    opened.settimeout(None)  # a quiet stream is no lost one
    return opened


def resumed(path: str, seen: int) -> str:
    """`path` with `since` after the last event that was seen."""
    name, _, query = path.partition("?")
    given = dict(parse_qsl(query))
    since = given.get("since", "0")
    given["since"] = str(max(seen, int(since) if since.isdecimal() else 0))
    return f"{name}?{urlencode(given)}"


def last_seq(frame: Any) -> int:
    """The number of the last event in a frame, 0 where it holds none."""
    last = frame[-1] if isinstance(frame, list) and frame else frame
    seq = last.get("seq") if isinstance(last, dict) else None
    return seq if isinstance(seq, int) else 0
