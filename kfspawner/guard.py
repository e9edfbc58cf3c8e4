"""Holds a program and all that it starts together, so that none of it outlives the hub.

    python guard.py --parent PID [--memory BYTES --note FILE] [--cpus 0,1] [--grace SECONDS] -- command …

It ends the command and its descendants when it is told to (SIGTERM, SIGINT), when its parent is gone, or when
they use more memory than BYTES, and then writes a sentence to FILE. Training runs are left alone: they are
meant to go on, and keep to their own limits. Run by its path, so that a start does not wait for the package.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

TRAINING = "kflab.runs.supervisor"  # the program that a training run lives under
GRACE = 10.0  # seconds that a program has to end by itself
BEAT = 1.0  # seconds between two looks at parent and memory
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def descendants(of: psutil.Process) -> list[psutil.Process]:
    """All processes below `of`, without training runs and what they started."""
    kept: list[psutil.Process] = []
    apart: set[int] = set()
    for process in of.children(recursive=True):  # parents come before their children
        with suppress(psutil.Error):
            if process.ppid() in apart or TRAINING in process.cmdline():
                apart.add(process.pid)
            else:
                kept.append(process)
    return kept


def memory(processes: Sequence[psutil.Process], limit: int) -> int:
    """Bytes in use. Shared pages count once, but that costs time, so only where the cheap sum is over `limit`."""
    used = sum(_memory(process, exact=False) for process in processes)
    return used if used <= limit else sum(_memory(process, exact=True) for process in processes)


def _memory(process: psutil.Process, *, exact: bool) -> int:
    try:
        if not exact:
            return int(process.memory_info().rss)
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.uss))
    except psutil.Error:
        return 0


def mebibytes(amount: int) -> str:
    return f"{amount / 2**30:.2f} GiB" if amount >= 2**30 else f"{amount / 2**20:.0f} MiB"


class Guard:
    """One command, watched until it and its descendants are gone."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.parent: int = options.parent
        self.limit: int = options.memory
        self.note: Path | None = options.note
        self.grace: float = options.grace
        self.wake, self.woken = os.pipe()
        self.told = False
        for end in (self.wake, self.woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.woken, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._tell)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # orphans of the command become ours
        if options.cpus and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, [int(cpu) for cpu in options.cpus.split(",")])
        self.child = subprocess.Popen(options.command, preexec_fn=_end_with_guard)

    def _tell(self, *_: object) -> None:
        self.told = True

    def run(self) -> int:
        """Returns the command's exit status; that of a shell (128 + number) if a signal ended it."""
        while not self.told and self.child.poll() is None and os.getppid() == self.parent:
            self._watch_memory()
            self._sleep(BEAT)
            self._reap()
        self._end()
        status = self.child.wait()
        return status if status >= 0 else 128 - status

    def _watch_memory(self) -> None:
        if not self.limit:
            return
        used = memory(descendants(psutil.Process()), self.limit)
        if used > self.limit:
            self.told = True
            if self.note:
                self.note.write_text(
                    f"This notebook was stopped because it used {mebibytes(used)} of memory, more than the"
                    f" {mebibytes(self.limit)} it may use. Start it with more memory, or load less data at once."
                )

    def _sleep(self, seconds: float) -> None:
        if select.select([self.wake], [], [], seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self.wake, 4096)

    def _reap(self) -> None:
        """Clears away orphans that ended; the command itself is left to Popen."""
        for process in psutil.Process().children():
            with suppress(psutil.Error, ChildProcessError):
                if process.pid != self.child.pid and process.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(process.pid, os.WNOHANG)

    def _end(self) -> None:
        if self.child.poll() is None:
            self.child.terminate()
        deadline = time.monotonic() + self.grace
        while self.child.poll() is None and time.monotonic() < deadline:
            self._sleep(0.2)
        while left := [p for p in descendants(psutil.Process()) if not _ended(p)]:
            for process in left:
                with suppress(psutil.Error):
                    process.kill()
            with suppress(subprocess.TimeoutExpired):
                self.child.wait(1)  # first, or psutil takes the exit status
            psutil.wait_procs([p for p in left if p.pid != self.child.pid], timeout=1)
            if time.monotonic() > deadline + GRACE:
                return


def _end_with_guard() -> None:
    """In the child: it is told to end if even the guard is killed. Linux only."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return True


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="guard", description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--note", type=Path)
    parser.add_argument("--grace", type=float, default=GRACE)
    parser.add_argument("--cpus", default="")
    parser.add_argument("command", nargs="+")
    return Guard(parser.parse_args(arguments)).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
