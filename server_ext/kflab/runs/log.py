"""The event log: a file of JSON lines with one writer and any number of readers.

A writer may die at any byte. Readers see only complete lines, and the next writer cuts the torn rest
before it appends, so `seq` has no gaps. Imports nothing heavy: the supervisor starts with it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

__all__ = [
    "MAX_LINE",
    "MAX_TEXT",
    "EventLog",
    "LogFull",
    "Record",
    "Tail",
    "is_full",
    "now",
    "read",
    "summary",
]

Record = dict[str, Any]

MAX_TEXT = 8192  # characters of a text, bytes of what is printed in one event
MAX_LINE = 1 << 18
_ANSWER = 8 << 20
_BLOCK = 1 << 16
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LogFull(Exception):
    """The disk has no room for another event. What was written before is kept."""


def is_full(error: BaseException | None) -> bool:
    """Whether the error says that there is no room: on the disk, in a quota, or for a larger file."""
    return isinstance(error, OSError) and error.errno in _FULL


def now() -> str:
    """The time as RFC 3339 with milliseconds, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parse(line: bytes) -> Record | None:
    """The event of a line, or None if it is torn or none."""
    if not line.endswith(b"\n"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if isinstance(event, dict) and isinstance(event.get("seq"), int) and isinstance(event.get("type"), str):
        return event
    return None


def _last(file: BinaryIO) -> tuple[Record | None, int]:
    """The last whole event and the offset just behind it, found from the end."""
    size = file.seek(0, os.SEEK_END)
    window = _BLOCK
    while True:
        start = max(0, size - window)
        file.seek(start)
        lines = file.read(size - start).split(b"\n")
        ends = size - len(lines[-1])
        # The first piece may lack its beginning.
        for line in reversed(lines[1 if start else 0 : -1]):
            if event := _parse(line + b"\n"):
                return event, ends
            ends -= len(line) + 1
        if start == 0:
            return None, 0
        window *= 4


class EventLog:
    """The writer. Whoever opens it holds the run's lock.

    Raises OSError when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(os.dup(self._fd), "rb") as file:
            self.last, self._end = _last(file)
        self.seq: int = self.last["seq"] if self.last else 0
        os.ftruncate(self._fd, self._end)

    def append(self, type: str, **fields: Any) -> Record:
        """Write one event in one line and return it.

        Raises LogFull if there is no room, ValueError if the event is no JSON or longer than 256 KiB; in
        both cases the log is as it was.
        """
        event: Record = {"v": 1, "seq": self.seq + 1, "time": now(), "type": type, **fields}
        text = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        line = text.encode("utf-8", "replace") + b"\n"
        if len(line) > MAX_LINE:
            raise ValueError(f"an event of {len(line)} bytes is too long; up to {MAX_LINE} are kept.")
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            with suppress(OSError):  # a reader ignores the torn line, and the next writer cuts it
                os.ftruncate(self._fd, self._end)
            if is_full(error):
                raise LogFull(str(error)) from error
            raise
        self._end += len(line)
        self.seq += 1
        self.last = event
        return event

    def sync(self) -> None:
        """Wait until the disk has it all. Raises LogFull where the disk notices only now that it is full."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            if is_full(error):
                raise LogFull(str(error)) from error
            raise

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _line_from(file: BinaryIO, offset: int) -> tuple[int, bytes]:
    """Start and bytes of the first line that starts at or behind `offset`."""
    if offset == 0:
        file.seek(0)
    else:
        file.seek(offset - 1)
        file.readline()
    return file.tell(), file.readline()


def _offset(file: BinaryIO, since: int) -> int:
    """Where the first event with seq > since starts, by bisection over the bytes."""
    if since <= 0:
        return 0
    low, high = 0, file.seek(0, os.SEEK_END)
    while low < high:
        middle = (low + high) // 2
        start, line = _line_from(file, middle)
        event = _parse(line)
        if event is not None and event["seq"] <= since:
            low = start + len(line)
        else:
            high = middle
    return _line_from(file, low)[0]


def _events(file: BinaryIO, limit: int) -> Iterator[tuple[Record, int]]:
    """Up to `limit` whole events from where the file stands, with the offset behind each."""
    room = _ANSWER
    for _ in range(limit):
        line = file.readline()
        event = _parse(line)
        room -= len(line)
        if event is None:
            return
        yield event, file.tell()
        if room <= 0:
            return


class Tail:
    """Follows a log: each `read` gives what came since the last. Never blocks, never changes the file."""

    def __init__(self, path: Path, since: int = 0) -> None:
        self._path = path
        self._since = since
        self._offset: int | None = None

    def read(self, limit: int = 1000) -> list[Record]:
        """The next events, at most `limit` and about 8 MB; fewer than are there is no sign of the end."""
        try:
            with self._path.open("rb") as file:
                if self._offset is None:
                    self._offset = _offset(file, self._since)
                file.seek(self._offset)
                found = list(_events(file, limit))
        except FileNotFoundError:
            return []
        if found:
            self._offset = found[-1][1]
        return [event for event, _ in found]


def read(path: Path, since: int = 0, limit: int = 1000) -> list[Record]:
    """Up to `limit` events with seq > since; [] if there is no log yet."""
    return Tail(path, since).read(limit)


def summary(path: Path) -> tuple[Record | None, Record | None]:
    """The first and the last whole event, in two small reads however long the log is."""
    try:
        with path.open("rb") as file:
            last, _ = _last(file)
            file.seek(0)
            return (_parse(file.readline()), last) if last else (None, None)
    except FileNotFoundError:
        return None, None
