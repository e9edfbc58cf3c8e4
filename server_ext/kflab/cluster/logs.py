"""A container's log: its end, and what comes after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from kflab.cluster.connection import Connection
from kflab.cluster.errors import ClusterError, NotFound, NotNow, Unreachable
from kflab.cluster.kinds import KINDS
from kflab.cluster.models import LogFrame, LogText, Lost
from kflab.cluster.pods import container_state
from kflab.cluster.watch import Watch

__all__ = ["follow_log", "read_log", "split_line"]

_PODS = KINDS["pods"]
_READ_BYTES = 4 * 1024 * 1024
_TEXT_BYTES = 1024 * 1024
# A line that never ends is given in pieces.
_LINE_BYTES = 64 * 1024
# A quiet container says nothing for hours: only the connection is watched over, by the peer.
_QUIET_SECONDS = 4 * 3600.0
# Where pods cannot be watched, a container that waits is looked at again this often.
_LOOK_SECONDS = 5.0
_LONGEST_WAIT = 15.0


def split_line(line: bytes) -> tuple[int, str]:
    """(microseconds, text) of a line with its timestamp in front; 0 where there is none."""
    stamp, _, text = line.partition(b" ")
    try:
        moment = datetime.fromisoformat(stamp.decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return 0, line.decode(errors="replace").rstrip("\r")
    if moment.tzinfo is None:
        return 0, line.decode(errors="replace").rstrip("\r")
    micros = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6)
    return micros, text.decode(errors="replace").rstrip("\r")


async def read_log(
    connection: Connection, pod: str, container: str | None, tail: int, previous: bool
) -> LogText:
    """The last `tail` lines, as far as they fit into a megabyte."""
    link = await connection.link()
    query = _query(container, tail, previous=previous)
    async with connection.stream(
        "GET",
        _PODS.path(link.namespace, pod) + "/log",
        query={**query, "limitBytes": _READ_BYTES},
        accept="*/*",
    ) as answer:
        raw = await answer.read()
    text = raw[-_TEXT_BYTES:].decode(errors="replace")
    return LogText(text=text, cut=len(raw) > _TEXT_BYTES or raw.count(b"\n") >= tail)


async def follow_log(
    connection: Connection, pods: Watch, pod: str, container: str | None, tail: int, since: int
) -> AsyncIterator[LogFrame | Lost]:
    """The log from its last `tail` lines on, or from `since`: also over restarts of the container, to the pod's end."""
    seen, misses, said = since, 0, ""
    async with pods.listen() as changes:
        while True:
            note = ""
            try:
                async for frame in _lines(connection, pod, container, tail, seen):
                    seen, misses, said = max(seen, frame.seq), 0, ""
                    yield frame
                state, over = await _state(connection, pod, container)
                if over:
                    yield Lost(message=state, over=True)
                    return
                note = state
            except NotFound as error:
                yield Lost(message=f"The pod is gone: {error.message}", over=True)
                return
            except NotNow as error:
                note = error.message
            except Unreachable as error:
                misses += 1
                if misses > 1:
                    note = error.message
            except ClusterError as error:
                yield Lost(message=error.message, over=True)
                return
            if note and note != said:
                yield Lost(message=note, over=False)
                said = note
            if misses:
                await asyncio.sleep(min(_LONGEST_WAIT, 0.25 * 2**misses))
            elif note:
                await _changed(changes, pod)


async def _changed(changes: Any, pod: str) -> None:
    """Until the pod has changed, as far as that can be seen, or some seconds have gone by."""
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            while True:
                for frame in await changes.frames():
                    if any(row.name == pod for row in getattr(frame, "changed", [])):
                        return
    except TimeoutError:
        return


async def _state(connection: Connection, pod: str, container: str | None) -> tuple[str, bool]:
    """Why a log has ended, and whether nothing will follow. Raises NotFound once the pod is gone."""
    link = await connection.link()
    found = await connection.json("GET", _PODS.path(link.namespace, pod))
    status = found.get("status", {})
    statuses = [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]
    one = next((s for s in statuses if container is None or s["name"] == container), None)
    word = container_state(one)
    if one is not None and "running" in one.get("state", {}):
        # Only the connection ended; the container goes on.
        return "", False
    over = status.get("phase") in ("Succeeded", "Failed") or "deletionTimestamp" in found["metadata"]
    if over:
        return f"The container has ended: {word}.", True
    return f"The container does not run now: {word}. Its next log follows here.", False


async def _lines(
    connection: Connection, pod: str, container: str | None, tail: int, since: int
) -> AsyncIterator[LogFrame]:
    link = await connection.link()
    query = {**_query(container, tail), "follow": "true", "timestamps": "true"}
    if since:
        query["sinceTime"] = datetime.fromtimestamp(since // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    last, rest = since, b""
    async with connection.stream(
        "GET",
        _PODS.path(link.namespace, pod) + "/log",
        query=query,
        accept="*/*",
        silence=_QUIET_SECONDS,
    ) as answer:
        async for chunk in answer.content.iter_any():
            *whole, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LINE_BYTES:
                whole.append(rest)
                rest = b""
            frame = _frame(whole, since, last)
            if frame is not None:
                last = frame.seq
                yield frame
        frame = _frame([rest] if rest else [], since, last)
        if frame is not None:
            yield frame


def _frame(lines: list[bytes], since: int, last: int) -> LogFrame | None:
    """The lines after `since`. A piece without a timestamp belongs to the line before."""
    texts = []
    for line in lines:
        micros, text = split_line(line)
        if micros and micros <= since:
            continue
        last = max(last, micros)
        texts.append(text)
    return LogFrame(seq=last, lines=texts) if texts else None


def _query(container: str | None, tail: int, previous: bool = False) -> dict[str, Any]:
    query: dict[str, Any] = {"tailLines": tail}
    if container:
        query["container"] = container
    if previous:
        query["previous"] = "true"
    return query
