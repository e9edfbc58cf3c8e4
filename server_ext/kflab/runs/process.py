"""Processes of a run: started in a group of their own, watched, and gone when they have to be."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

__all__ = [
    "MARK",
    "adopt_orphans",
    "die_with_parent",
    "exited",
    "kill_marked",
    "kill_rest",
    "oom_kills",
    "reap",
    "signal_group",
    "start",
    "thread_environment",
]

MARK = "KFLAB_RUN"  # names the run's folder in the environment of all its processes
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def thread_environment(threads: int, given: Mapping[str, str]) -> dict[str, str]:
    """Variables that hold BLAS, OpenMP, XLA and joblib to `threads` threads, and Keras to JAX.

    They must stand before the libraries are imported, so the supervisor sets them for the runner.
    """
    count = str(threads)
    names = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS")
    eigen = "--xla_cpu_multi_thread_eigen=" + ("true" if threads > 1 else "false")
    return {
        **{f"{name}_NUM_THREADS" if name != "VECLIB_MAXIMUM" else f"{name}_THREADS": count for name in names},
        "LOKY_MAX_CPU_COUNT": count,
        "NPROC": count,  # read by XLA for the size of its pool
        "XLA_FLAGS": f"{given.get('XLA_FLAGS', '')} {eigen}".strip(),
        "KERAS_BACKEND": "jax",
    }


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, so that none of a run can get away (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies (Linux). Call it first thing."""
    parent = os.getppid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def start(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], events_fd: int
) -> subprocess.Popen[bytes]:
    """Start argv as the head of a new process group; it finds `events_fd` in KFLAB_EVENTS_FD.

    Raises OSError if it cannot be started.
    """
    return subprocess.Popen(
        argv,
        cwd=cwd,
        env={**env, "KFLAB_EVENTS_FD": str(events_fd), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(events_fd,),
        process_group=0,
    )


def exited(pid: int) -> bool:
    """Whether the child has ended. It is not reaped: its number stays taken, so its group stays ours."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    import psutil  # macOS has waitid from Python 3.13 on

    return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def reap(child: subprocess.Popen[bytes]) -> tuple[int, int]:
    """(return code, negative for a signal; peak memory in bytes) of a child that has ended."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def kill_rest(pid: int, seconds: float = 1.0) -> None:
    """Kill what is left of the group, and descendants that moved to a session of their own."""
    import psutil

    deadline = time.monotonic() + seconds
    signal_group(pid, signal.SIGKILL)
    while True:
        left = [p for p in psutil.Process().children(recursive=True) if p.pid != pid]
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        _, alive = psutil.wait_procs(left, timeout=0.1)
        if not alive or time.monotonic() > deadline:
            return


def kill_marked(folder: Path) -> int:
    """Kill what a dead supervisor left: all processes whose environment names this run. Returns how many."""
    import psutil

    killed = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(MARK) == str(folder):
                process.kill()
                killed += 1
    return killed


def oom_kills() -> int:
    """How often the kernel killed a process of this control group for want of memory; 0 if unknown."""
    try:
        groups = Path("/proc/self/cgroup").read_text()
    except OSError:
        return 0
    for line in groups.splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            file = Path("/sys/fs/cgroup") / path.lstrip("/") / "memory.events"
        elif "memory" in controllers.split(","):
            file = Path("/sys/fs/cgroup/memory") / path.lstrip("/") / "memory.oom_control"
        else:
            continue
        with suppress(OSError):
            if found := re.search(r"^oom_kill (\d+)$", file.read_text(), re.MULTILINE):
                return int(found[1])
    return 0
