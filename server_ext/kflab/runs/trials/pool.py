"""Worker processes that live for many trials, watched: each trial has a lease, and a worker that dies or is late is replaced.

Nothing here knows what a trial is about; what is heard is the chief's to judge.
"""

from __future__ import annotations

import codecs
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kflab.runs import process

__all__ = ["Heard", "Pool"]

_READ = 1 << 16
_DRAIN = 64
_START_SECONDS = 300.0  # for a worker's libraries on a slow disk
_COMMAND = (sys.executable, "-P", "-m", "kflab.runs.trials.worker")


@dataclass(frozen=True)
class Heard:
    """What a worker said of a trial, or what became of the worker while it was at it.

    `printed` has `stream` and `text`, and trial None between trials; `event` has a `type` and its fields; `done` and
    `failed` are the worker's own word; `died` has the exit `code`, negative for a signal, and whether the kernel did it
    for want of memory, `oom`; `late` is one whose lease ran out, whose worker is gone by now. Both say whether the worker
    had `started` on the trial.
    """

    kind: Literal["printed", "started", "event", "done", "failed", "died", "late"]
    trial: int | None
    fields: Mapping[str, Any] = field(default_factory=dict)


class _Worker:
    """One process and its pipes."""

    def __init__(self, cwd: Path, first: list[Mapping[str, Any]], selector: selectors.BaseSelector) -> None:
        receive, send = os.pipe()
        os.set_blocking(receive, False)
        self.trial: int | None = None
        self.lease: float | None = None
        self.deadline: float | None = time.monotonic() + _START_SECONDS
        self.started = False
        self.over = False
        self.ooms = process.oom_kills()
        self.events = receive
        self._rest = b""
        self._selector = selector
        try:
            self.child = subprocess.Popen(
                _COMMAND,
                cwd=cwd,
                env={**os.environ, "KFLAB_EVENTS_FD": str(send), "PYTHONUNBUFFERED": ""},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(send,),
            )
        finally:
            os.close(send)
        self.printed: dict[int, tuple[str, codecs.IncrementalDecoder]] = {}
        for stream, pipe in (("stdout", self.child.stdout), ("stderr", self.child.stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                decoder = codecs.getincrementaldecoder("utf-8")("replace")
                self.printed[pipe.fileno()] = (stream, decoder)
        for fd in (receive, *self.printed):
            selector.register(fd, selectors.EVENT_READ, self)
        for message in first:
            self.send(message)

    def send(self, message: Mapping[str, Any]) -> None:
        """One line to the worker; one that is dead is noticed by its pipes."""
        if self.child.stdin is not None:
            with suppress(BrokenPipeError):
                self.child.stdin.write(json.dumps(message, allow_nan=False).encode() + b"\n")
                self.child.stdin.flush()

    def assign(self, trial: int, message: Mapping[str, Any], lease: float | None) -> None:
        self.trial, self.lease, self.started = trial, lease, False
        self.ooms = process.oom_kills()
        if self.deadline is None:
            self.deadline = time.monotonic() + _START_SECONDS
        self.send(message)

    def hear(self, fd: int) -> list[Heard]:
        """What one readable pipe holds; an empty read of the events' pipe is the worker's end."""
        try:
            data = os.read(fd, _READ)
        except BlockingIOError:
            return []
        if not data:
            self._selector.unregister(fd)
            return self.died() if fd == self.events else []
        if fd in self.printed:
            stream, decoder = self.printed[fd]
            return [Heard("printed", self.trial, {"stream": stream, "text": decoder.decode(data)})]
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [heard for line in lines for heard in self._line(json.loads(line))]

    def _line(self, said: dict[str, Any]) -> list[Heard]:
        kind = said.pop("type")
        if kind == "ready":
            self.deadline = None if self.trial is None else time.monotonic() + _START_SECONDS
            return []
        said.pop("trial", None)
        if kind == "started":
            self.started = True
            self.deadline = None if self.lease is None else time.monotonic() + self.lease
            return [Heard("started", self.trial)]
        if kind not in ("done", "failed"):
            return [Heard("event", self.trial, {"type": kind, **said})]
        # What it printed before it said so belongs to the trial.
        printed = self._drain()
        trial, self.trial, self.deadline = self.trial, None, None
        return [*printed, Heard(kind, trial, said)]

    def _drain(self) -> list[Heard]:
        found: list[Heard] = []
        for fd in list(self.printed):
            for _ in range(_DRAIN):  # what prints without end must not keep us
                if fd not in self._selector.get_map() or not (more := self.hear(fd)):
                    break
                found += more
        return found

    def died(self) -> list[Heard]:
        """Its end, of which the pipes or the kernel told."""
        printed = self._drain()
        self.child.kill()  # one that has closed its pipe and lives on is of no use
        code = self.child.wait()
        self.over = True
        oom = code == -signal.SIGKILL and process.oom_kills() > self.ooms
        return [*printed, Heard("died", self.trial, {"code": code, "oom": oom, "started": self.started})]

    def kill(self) -> None:
        """End the process and all that it started, itself first, or it would take their end for its trial's."""
        import psutil

        below: list[psutil.Process] = []
        with suppress(psutil.Error):
            below = psutil.Process(self.child.pid).children(recursive=True)
        self.child.kill()
        for one in below:
            with suppress(psutil.Error):
                one.kill()
        self.child.wait()
        self.over = True

    def rest(self) -> list[Heard]:
        """What one that was killed had said before, less its end."""
        found: list[Heard] = []
        for _ in range(_DRAIN):
            if self.events not in self._selector.get_map():
                break
            found += self.hear(self.events)
        return [heard for heard in found if heard.kind != "died"]

    def close(self) -> None:
        for fd in (self.events, *self.printed):
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
        os.close(self.events)
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


class Pool:
    """Up to `size` workers. Each starts with the messages of `begin`, so that its libraries load while others work."""

    def __init__(self, size: int, cwd: Path, begin: Mapping[str, Any]) -> None:
        self._size = size
        self._cwd = cwd
        self._first: list[Mapping[str, Any]] = [begin]
        self._selector = selectors.DefaultSelector()
        self._workers: list[_Worker] = []
        self._fill()

    def _fill(self) -> None:
        while len(self._workers) < self._size:
            self._workers.append(_Worker(self._cwd, self._first, self._selector))

    def tell_all(self, message: Mapping[str, Any]) -> None:
        """Say something to each worker, and to each that will be started."""
        self._first.append(message)
        for worker in self._workers:
            worker.send(message)

    def free(self) -> bool:
        return any(worker.trial is None for worker in self._workers)

    def assign(self, trial: int, message: Mapping[str, Any], lease: float | None) -> None:
        """Give a trial to a free worker. Its lease, in seconds, begins when the worker does; None is no limit."""
        next(worker for worker in self._workers if worker.trial is None).assign(trial, message, lease)

    def limit(self, seconds: float) -> None:
        """Give those that run with a longer limit, or none, so many seconds from now."""
        for worker in self._workers:
            if worker.trial is not None and (worker.lease is None or worker.lease > seconds):
                worker.lease = seconds
                worker.deadline = time.monotonic() + (seconds if worker.started else _START_SECONDS)

    def wait(self, seconds: float) -> list[Heard]:
        """What is heard within so many seconds, as soon as anything is."""
        soonest = min((w.deadline for w in self._workers if w.deadline is not None), default=None)
        if soonest is not None:
            seconds = min(seconds, max(0.0, soonest - time.monotonic()))
        found: list[Heard] = []
        for key, _ in self._selector.select(seconds):
            worker: _Worker = key.data
            # Hearing one pipe of a worker may have read another to its end.
            if key.fd in self._selector.get_map():
                found += worker.hear(key.fd)
        for worker in list(self._workers):
            # A process that the model started may hold the pipe of one that is dead.
            if not worker.over and worker.child.poll() is not None:
                found += worker.hear(worker.events) if worker.events in self._selector.get_map() else []
                found += [] if worker.over else worker.died()
            if not worker.over and worker.deadline is not None and time.monotonic() > worker.deadline:
                found += self._late(worker)
            if worker.over:
                worker.close()
                self._workers.remove(worker)
        self._fill()
        return found

    def _late(self, worker: _Worker) -> list[Heard]:
        """Kill it, unless it has said at the last moment that it is done."""
        heard = worker.hear(worker.events)
        if worker.deadline is None or worker.over:
            return heard
        worker.kill()
        return [*heard, Heard("late", worker.trial, {"started": worker.started})]

    def stop(self, trial: int) -> list[Heard]:
        """End one trial with its worker, which is replaced. Returns what it had said: it may just have been done."""
        heard: list[Heard] = []
        for worker in self._workers:
            if worker.trial == trial:
                worker.kill()
                heard = worker.rest()
                worker.close()
                self._workers.remove(worker)
                break
        self._fill()
        return heard

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.kill()
            worker.close()
        self._workers.clear()
        self._selector.close()
