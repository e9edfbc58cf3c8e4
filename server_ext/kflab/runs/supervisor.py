"""The process beside each run: it starts the runner, writes the events, and says how the run ended.

    python -m kflab.runs.supervisor <run folder> [--lock FD] [--workspace DIR] [-- command …]

It stands in a session of its own, so a run outlives the browser, the kernel and the Jupyter server.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen
from typing import Any

from kflab.runs import process
from kflab.runs.folder import RunFolder, try_lock
from kflab.runs.log import EventLog, LogFull, Record, is_full
from kflab.runs.pipes import Pipes

__all__ = ["GRACE", "TICK", "ending", "supervise"]

TICK = 0.1  # seconds between looks at the clock and at the request to cancel
GRACE = 0.3  # seconds that the runner has to end by itself

End = dict[str, Any]


def ending(code: int, report: Record | None, stop: End | None, *, peak: int, out_of_memory: bool) -> End:
    """The last event of a run, from how its process died (negative: by a signal), what it reported last,
    and why it was stopped, if it was. `peak` is in bytes."""
    if stop is not None:
        # Work that was done before the request came is done.
        if stop["type"] != "failed" and report and report["type"] == "done" and code == 0:
            return {**report, "peak_memory": peak}
        return {**stop, "peak_memory": peak}
    if report is not None and (report["type"] == "failed" or code == 0):
        return {**report, "peak_memory": peak}
    failed: End = {"type": "failed", "cause": "error", "peak_memory": peak}
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        if out_of_memory and -code == signal.SIGKILL:
            text = (
                f"Memory ran out at {peak / 2**20:,.0f} MiB. Use fewer rows, a smaller model or more memory."
            )
            return {**failed, "cause": "oom", "text": text, "signal": name}
        text = f"The run's process was killed by {name}. What it had logged is kept; start it again."
        return {**failed, "cause": "signal", "text": text, "signal": name}
    text = f"The run's process ended with exit code {code} before the work was done. See the log."
    return {**failed, "text": text, "exit_code": code}


def _asked_to_cancel(folder: RunFolder) -> End | None:
    """The `cancelled` event, if somebody asked for it."""
    try:
        by = json.loads(folder.cancel.read_bytes()).get("by")
    except FileNotFoundError:
        return None
    except (ValueError, AttributeError, OSError):
        by = None
    return {"type": "cancelled", "by": by if isinstance(by, str) and by else "unknown"}


def _disk_full() -> End:
    text = "The disk is full, so the run was stopped. What was logged until then is kept; free some space."
    return {"type": "failed", "cause": "disk", "text": text}


def _watch(
    child: Popen[bytes], pipes: Pipes, folder: RunFolder, seconds: float | None, stopped: list[int]
) -> End | None:
    """Follow the child until it ends, or end it. Returns why it was stopped, or None. Raises LogFull."""
    began = time.monotonic()
    stop: End | None = None
    killed_at = 0.0
    flushed = began
    while not process.exited(child.pid):
        pipes.step(TICK)
        at = time.monotonic()
        if at - flushed >= TICK:
            pipes.flush()
            flushed = at
        if stop is None:
            if stopped:
                stop = {"type": "interrupted", "by": signal.Signals(stopped[0]).name}
            elif seconds is not None and at - began > seconds:
                text = (
                    f"The time limit of {seconds:g} s was reached. Raise engine.seconds or ask for less work."
                )
                stop = {"type": "failed", "cause": "error", "field": "engine.seconds", "text": text}
            else:
                stop = _asked_to_cancel(folder)
            if stop is not None:
                process.signal_group(child.pid, signal.SIGTERM)
                killed_at = at + GRACE
        elif at >= killed_at:
            process.signal_group(child.pid, signal.SIGKILL)
    return stop


class _Signals:
    """Requests to stop, kept until somebody looks; a signal, or a child's end, makes `fd` readable."""

    def __init__(self) -> None:
        self.stop: list[int] = []
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        # Handlers, not SIG_IGN: what is ignored would be ignored in the runner too.
        for number in (signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, lambda number, frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: self.stop.append(number))

    @property
    def fd(self) -> int:
        return self._wake.fileno()


def _follow(
    child: Popen[bytes], pipes: Pipes, folder: RunFolder, seconds: float | None, signals: _Signals
) -> End:
    """All of a child's life; the event that ends the run."""
    memory = process.oom_kills()
    stop: End | None = None
    try:
        stop = _watch(child, pipes, folder, seconds, signals.stop)
        process.kill_rest(child.pid)
        while pipes.step(0):
            pass
        pipes.flush()
    except (LogFull, OSError) as error:
        if not isinstance(error, LogFull) and not is_full(error):
            raise
        stop = _disk_full()
    finally:
        process.kill_rest(child.pid)
    code, peak = process.reap(child)
    return ending(code, pipes.report, stop, peak=peak, out_of_memory=process.oom_kills() > memory)


def supervise(
    folder: RunFolder,
    argv: Sequence[str],
    *,
    workspace: Path,
    lock: int | None = None,
    threads: int = 1,
    seconds: float | None = None,
) -> Record | None:
    """Run argv to its end and return the last event; None if the run has ended or is somebody else's.

    `lock` is a descriptor that already holds the run's lock. `seconds` limits the run. Signals are
    handled, so this is for the main thread of a process of its own.
    """
    lock = try_lock(folder.lock) if lock is None else lock
    if lock is None:
        return None
    os.set_inheritable(lock, False)
    process.adopt_orphans()
    with EventLog(folder.events) as log:
        if log.last and log.last["type"] in ("done", "failed", "cancelled", "interrupted"):
            return None
        try:
            folder.keep_reserve()
            end = _start(folder, argv, log, workspace, threads, seconds)
        except OSError as error:
            if is_full(error):
                end = _disk_full()
            else:
                end = {"type": "failed", "cause": "error", "text": f"The run could not be started: {error}"}
        except LogFull:
            end = _disk_full()
        folder.release_reserve()
        event = log.append(**end)
        log.sync()
        return event


def _start(
    folder: RunFolder,
    argv: Sequence[str],
    log: EventLog,
    workspace: Path,
    threads: int,
    seconds: float | None,
) -> End:
    """Start argv and follow it. Raises OSError if it cannot be started, LogFull if nothing can be logged."""
    if asked := _asked_to_cancel(folder):
        return asked
    signals = _Signals()
    receive, send = os.pipe()
    os.set_blocking(receive, False)
    # skrub makes a folder for downloads in the home folder, which here is the workspace.
    given = {"SKB_DATA_DIRECTORY": str(folder.data / "skrub"), **os.environ, process.MARK: str(folder.path)}
    env = {**given, **process.thread_environment(threads, given)}
    with folder.text.open("ab", buffering=0) as text:
        try:
            child = process.start(argv, cwd=workspace, env=env, events_fd=send)
        finally:
            os.close(send)
        pipes = Pipes(log, text, receive)
        for stream, pipe in (("stdout", child.stdout), ("stderr", child.stderr)):
            if pipe is not None:
                pipes.listen(stream, pipe.fileno())
        pipes.wake_on(signals.fd)
        return _follow(child, pipes, folder, seconds, signals)


def main(args: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m kflab.runs.supervisor", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lock", type=int, help="descriptor that holds the run's lock")
    parser.add_argument("--workspace", type=Path, default=Path.cwd())
    split = args.index("--") if "--" in args else len(args)
    command = args[split + 1 :]  # another one than the runner's
    given = parser.parse_args(args[:split])
    folder = RunFolder(given.folder.absolute())
    engine = json.loads(folder.spec.read_bytes()).get("engine", {})
    supervise(
        folder,
        command or [sys.executable, "-P", "-m", "kflab.runs.runner", str(folder.path)],
        workspace=given.workspace.absolute(),
        lock=given.lock,
        threads=engine.get("threads", 1),
        seconds=engine.get("seconds"),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
