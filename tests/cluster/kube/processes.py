"""Start daemons so that they are found again, and stop them: each by its own pid, and never a stranger.

A daemon writes its record itself, before it becomes the program: so no end of the caller, however sudden, leaves one
running that nobody knows of. The record holds its start time, since a pid alone may be someone else's by now.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# $$ keeps its value and its start time over exec. That standard input is let go of tells the caller that it is done.
RECORD_THEN_BECOME = """
read -r stat < /proc/$$/stat
read -r boot < /proc/sys/kernel/random/boot_id
printf '%s\\n' "$stat" "$boot" > "$RECORD"
unset RECORD
exec "$@" < /dev/null
"""


@dataclass(frozen=True)
class Record:
    name: str
    pid: int
    started: int
    boot: str


def parse_stat(line: str) -> tuple[int, str, int]:
    """(pid, state, start time) of a line of /proc/PID/stat; the name in it may hold spaces and brackets."""
    head, _, tail = line.rpartition(")")
    fields = tail.split()
    return int(head.split(" ", 1)[0]), fields[0], int(fields[19])


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start(
    records: Path, logs: Path, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
) -> None:
    """Start one, in place of another of the same name.

    Returns once the record is written and the program runs, or could not be run: its log says why.
    """
    stop(record for record in recorded(records) if record.name == name)
    records.mkdir(parents=True, exist_ok=True)
    logs.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    with (logs / f"{name}.log").open("ab") as log, os.fdopen(reader, "rb") as until_closed:
        subprocess.Popen(
            ["/bin/sh", "-c", RECORD_THEN_BECOME, name, *map(str, command)],
            env={**os.environ, **(env or {}), "RECORD": str(records / name)},
            stdin=writer,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        os.close(writer)
        until_closed.read()


def recorded(records: Path) -> list[Record]:
    found = []
    for file in sorted(records.glob("*")) if records.is_dir() else []:
        lines = file.read_text().splitlines()
        if len(lines) == 2:
            pid, _, started = parse_stat(lines[0])
            found.append(Record(file.name, pid, started, lines[1]))
    return found


def alive(record: Record) -> bool:
    if record.boot != boot_id():
        return False
    try:
        _, state, started = parse_stat(Path(f"/proc/{record.pid}/stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return False
    return started == record.started and state not in "ZX"


def this_process(name: str) -> Record:
    pid, _, started = parse_stat(Path("/proc/self/stat").read_text())
    return Record(name, pid, started, boot_id())


def stop(wanted: Iterable[Record], patience: float = 20) -> list[str]:
    """Ask each to end and wait; kill what has not ended by then. Returns the names of those that had to be killed."""
    handles: dict[int, Record] = {}
    for record in wanted:
        with contextlib.suppress(ProcessLookupError):
            handle = os.pidfd_open(record.pid)
            # From here on the handle means one process; is it the one that was recorded?
            if alive(record):
                handles[handle] = record
                signal.pidfd_send_signal(handle, signal.SIGTERM)
            else:
                os.close(handle)
    killed = [handles[handle].name for handle in _wait(handles, patience)]
    for handle, record in handles.items():
        if record.name in killed:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
    _wait(handles, 10)
    for handle, record in handles.items():
        os.close(handle)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(record.pid, os.WNOHANG)
    return killed


def _wait(handles: Iterable[int], patience: float) -> set[int]:
    """The handles whose process still runs after so many seconds."""
    left = set(handles)
    poll = select.poll()
    for handle in left:
        poll.register(handle, select.POLLIN)
    while left:
        ended = poll.poll(patience * 1000)
        if not ended:
            break
        for handle, _ in ended:
            poll.unregister(handle)
            left.discard(handle)
    return left
