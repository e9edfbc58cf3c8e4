"""The guard with real processes: what it ends, what it leaves alone, and when."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kfspawner import guard

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells a child of its parent's death")

# Starts a child in a session of its own, writes both process ids to the file it is given, and waits.
FAMILY = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
file = pathlib.Path(sys.argv[1])
file.with_suffix(".new").write_text(f"{os.getpid()} {child.pid}")
file.with_suffix(".new").rename(file)
time.sleep(60)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + FAMILY
HOG = "kept = bytearray(300 * 2**20); print(len(kept), flush=True); import time; time.sleep(60)"
# Stands for a training run: the guard knows it by its command line.
RUN = [sys.executable, "-c", "import time; time.sleep(60)", guard.TRAINING]

Guarded = Callable[..., subprocess.Popen[bytes]]


def wait_for(condition: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(file: Path) -> list[int]:
    wait_for(file.is_file)
    return [int(pid) for pid in file.read_text().split()]


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    """Starts a Python program under a guard whose parent is this test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(code: str, *arguments: object, options: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", guard.__file__, "--parent", str(os.getpid()), *options, "--"]
        started.append(subprocess.Popen([*command, sys.executable, "-c", code, *map(str, arguments)]))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


@pytest.mark.parametrize(
    ("code", "status"),
    [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137), ("", 0)],
)
def test_exit_status_is_that_of_the_command(guarded: Guarded, code: str, status: int) -> None:
    assert guarded(code).wait(30) == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_end_it_ends_all_below_it(guarded: Guarded, tmp_path: Path, number: int) -> None:
    process = guarded(FAMILY, tmp_path / "pids")
    pids = family(tmp_path / "pids")
    process.send_signal(number)
    process.wait(30)
    assert not any(map(alive, pids))


def test_a_command_that_will_not_end_is_killed(guarded: Guarded, tmp_path: Path) -> None:
    process = guarded(STUBBORN, tmp_path / "pids", options=("--grace", "0.5"))
    pids = family(tmp_path / "pids")
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGKILL
    assert not any(map(alive, pids))


def test_what_the_command_leaves_behind_is_ended(guarded: Guarded, tmp_path: Path) -> None:
    # its parent ends at once, so that the process is an orphan
    process = guarded(FAMILY.rsplit("\n", 2)[0], tmp_path / "pids")
    process.wait(30)
    assert not any(map(alive, family(tmp_path / "pids")))


def test_training_runs_go_on(guarded: Guarded, tmp_path: Path) -> None:
    code = f"""
import pathlib, subprocess, sys
run = subprocess.Popen({RUN!r}, start_new_session=True)
pathlib.Path(sys.argv[1]).with_suffix(".new").write_text(str(run.pid))
pathlib.Path(sys.argv[1]).with_suffix(".new").rename(sys.argv[1])
run.wait()
"""
    process = guarded(code, tmp_path / "pids")
    (run,) = family(tmp_path / "pids")
    process.terminate()
    process.wait(30)
    try:
        assert alive(run)
    finally:
        os.kill(run, signal.SIGKILL)


@LINUX
def test_nothing_outlives_a_guard_that_is_killed(guarded: Guarded, tmp_path: Path) -> None:
    process = guarded(FAMILY.replace("start_new_session=True", ""), tmp_path / "pids")
    command, _ = family(tmp_path / "pids")
    process.kill()
    process.wait(30)
    wait_for(lambda: not alive(command))


def test_ends_with_its_parent(tmp_path: Path) -> None:
    parent = f"""
import os, subprocess, sys
guard = [sys.executable, {guard.__file__!r}, "--parent", str(os.getpid()), "--"]
subprocess.run([*guard, sys.executable, "-c", sys.argv[1], sys.argv[2]])
"""
    process = subprocess.Popen([sys.executable, "-c", parent, FAMILY, str(tmp_path / "pids")])
    pids = family(tmp_path / "pids")
    process.kill()
    process.wait(30)
    wait_for(lambda: not any(map(alive, pids)))


def test_too_much_memory_ends_the_command_and_says_so(guarded: Guarded, tmp_path: Path) -> None:
    note = tmp_path / "note"
    process = guarded(HOG, options=("--memory", str(200 * 2**20), "--note", str(note)))
    assert process.wait(30) == 128 + signal.SIGTERM
    assert "more than the 200 MiB it may use" in note.read_text()


def test_memory_of_children_counts(guarded: Guarded, tmp_path: Path) -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOG!r}])"
    note = tmp_path / "note"
    guarded(code, options=("--memory", str(200 * 2**20), "--note", str(note))).wait(30)
    assert note.is_file()


def test_memory_below_the_limit_is_left_alone(guarded: Guarded, tmp_path: Path) -> None:
    code = "import time; kept = bytearray(50 * 2**20); time.sleep(2.5); print(len(kept))"
    note = tmp_path / "note"
    assert guarded(code, options=("--memory", str(400 * 2**20), "--note", str(note))).wait(30) == 0
    assert not note.exists()


@LINUX
def test_pages_that_processes_share_count_once() -> None:
    code = """
import os, sys
kept = bytearray(os.urandom(2**20)) * 200
children = []
for _ in range(3):
    if not (child := os.fork()):
        sys.stdin.readline()
        os._exit(0)
    children.append(child)
print("ready", flush=True)
sys.stdin.readline()
"""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
        assert len(tree) == 4
        assert guard.memory(tree, limit=2**40) > 600 * 2**20  # the cheap sum, far below the limit
        assert guard.memory(tree, limit=400 * 2**20) < 400 * 2**20
        process.communicate(b"\n" * 4)


@LINUX
def test_command_runs_on_the_cores_it_is_given(guarded: Guarded, tmp_path: Path) -> None:
    core = min(os.sched_getaffinity(0))
    code = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(str(os.sched_getaffinity(0)))"
    assert guarded(code, tmp_path / "cores", options=("--cpus", str(core))).wait(30) == 0
    assert (tmp_path / "cores").read_text() == str({core})
