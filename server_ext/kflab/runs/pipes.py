"""What comes out of a run's process, checked and brought into the log."""

from __future__ import annotations

import codecs
import io
import json
import os
import selectors
from collections.abc import Callable

from kflab.runs.log import MAX_LINE, MAX_TEXT, EventLog, Record

__all__ = ["LOG_EVENTS", "LogEvents", "Pipes", "keep"]

_READ = 1 << 16
LOG_EVENTS = 4 << 20  # bytes of printed text that become events; the rest stands in log.txt
_LOG_TEXT = 64 << 20  # bytes of printed text that are kept at all


def keep(file: io.FileIO, data: bytes) -> None:
    """Write to log.txt what there is room for. Its end is looked for, as the chief of a search writes to it as well."""
    rest = memoryview(data[: max(0, _LOG_TEXT - file.seek(0, os.SEEK_END))])
    while rest:
        rest = rest[file.write(rest) :]


class LogEvents:
    """Printed text as `log` events, as much as a page can take; that the rest is in log.txt is said once."""

    def __init__(self, append: Callable[..., object], too_much: str) -> None:
        self._append = append
        self._too_much = too_much
        self._logged = 0

    def add(self, text: str, **about: object) -> None:
        if self._logged >= LOG_EVENTS:
            return
        self._logged += len(text)
        self._append("log", text=text, **about)
        if self._logged >= LOG_EVENTS:
            hint = "The rest is in log.txt in the run's folder."
            self._append("warning", code="log-long", text=self._too_much, hint=hint)


class _Printed:
    """One stream that the runner prints to: all of it to log.txt, in pieces to `log` events."""

    def __init__(self, stream: str, file: io.FileIO, append: Callable[..., object]) -> None:
        self.stream = stream
        self._file = file
        self._events = LogEvents(append, f"The run printed more than {LOG_EVENTS >> 20} MiB to {stream}.")
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""

    def feed(self, data: bytes) -> None:
        keep(self._file, data)
        self._text += self._decoder.decode(data)
        while len(self._text) * 4 > MAX_TEXT and len(self._text.encode()) >= MAX_TEXT:
            self._send(self._text.encode()[:MAX_TEXT].decode("utf-8", "ignore"))

    def flush(self) -> None:
        if self._text:
            self._send(self._text)

    def _send(self, piece: str) -> None:
        self._text = self._text[len(piece) :]
        self._events.add(piece, stream=self.stream)


class Pipes:
    """What comes from one child: its events, and what it prints. `report` is the end that it announced."""

    def __init__(self, log: EventLog, text: io.FileIO, events_fd: int) -> None:
        self.report: Record | None = None
        self._log = log
        self._rest = b""
        self._events_fd = events_fd
        self._printed: dict[int, _Printed] = {}
        self._text = text
        self._selector = selectors.DefaultSelector()
        self._selector.register(events_fd, selectors.EVENT_READ)

    def listen(self, stream: str, fd: int) -> None:
        self._printed[fd] = _Printed(stream, self._text, self._log.append)
        self._selector.register(fd, selectors.EVENT_READ)

    def wake_on(self, fd: int) -> None:
        self._selector.register(fd, selectors.EVENT_READ)

    def step(self, timeout: float) -> bool:
        """Wait for input and take in one round of it. False if none came. Raises LogFull."""
        ready = [key.fd for key, _ in self._selector.select(timeout)]
        got = False
        for fd in ready:
            try:
                data = os.read(fd, _READ)
            except BlockingIOError:
                continue
            if not data:
                self._selector.unregister(fd)
            elif fd in self._printed:
                self._printed[fd].feed(data)
            elif fd == self._events_fd:
                self._take(data)
            else:
                continue
            got = got or bool(data)
        return got

    def flush(self) -> None:
        """Bring what was printed into the log. Raises LogFull."""
        for printed in self._printed.values():
            printed.flush()

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        # Of a line that is too long, only so much is held that it is still seen to be.
        self._rest = self._rest[: MAX_LINE + 1]
        if lines:
            self.flush()
        for line in lines:
            self._event(line)

    def _event(self, line: bytes) -> None:
        from kflab.runs import events  # pydantic loads while the runner loads its libraries

        if len(line) > MAX_LINE:
            return self._refuse("longer than 256 KiB")
        try:
            event = json.loads(line)
        except ValueError:
            return self._refuse("no JSON")
        if not isinstance(event, dict):
            return self._refuse("no JSON object")
        if wrong := events.problem(event):
            return self._refuse(wrong)
        if event["type"] in events.ENDS:
            self.report = event  # written when the process is gone
            return None
        try:
            self._log.append(**event)
        except ValueError as error:
            self._refuse(str(error))
        return None

    def _refuse(self, why: str) -> None:
        self._log.append(
            "warning", code="bad-event", text=f"An event of the run was left out: {why[:500]}", hint=""
        )
