"""CPU and memory of a notebook on one machine: kept by agreement, or by systemd where a user may use it."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from functools import lru_cache
from itertools import count

from .notebook import NotebookSpec
from .quantity import Quantity

__all__ = ["affinity", "cores", "scope", "scopes_work", "thread_variables"]

_SCOPE = ("systemd-run", "--user", "--scope", "--quiet", "--collect")
_POOLS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS", "LOKY_MAX_CPU_COUNT"),
)
_turn = count()  # notebooks start at different cores, so that small ones do not crowd the first


def cores(spec: NotebookSpec) -> int:
    """How many cores the notebook may use: its limit (without one, what it reserves), rounded up."""
    milli = (spec.cpu_limit or spec.cpu).amount
    return max(1, math.ceil(milli / 1000))


def affinity(spec: NotebookSpec) -> list[int]:
    """The cores the notebook's processes may run on; empty: all, or this system can't say."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    there = sorted(os.sched_getaffinity(0))
    wanted = cores(spec)
    if wanted >= len(there):
        return there
    first = next(_turn) * wanted
    return sorted(there[(first + n) % len(there)] for n in range(wanted))


def thread_variables(spec: NotebookSpec) -> dict[str, str]:
    """Variables that keep the thread pools of numeric libraries to the notebook's cores."""
    threads = str(min(cores(spec), os.cpu_count() or 1))
    return dict.fromkeys(_POOLS, threads)


def scope(cpu: Quantity | None, memory: Quantity | None) -> list[str]:
    """What to put before a command so that systemd holds it to the limits. Empty if there are none."""
    limits = []
    if cpu:
        limits += ["-p", f"CPUQuota={max(1, cpu.amount // 10)}%"]
    if memory:
        limits += ["-p", f"MemoryMax={memory.amount}", "-p", "MemorySwapMax=0"]
    return [*_SCOPE, *limits, "--"] if limits else []


@lru_cache(maxsize=1)
def scopes_work() -> bool:
    """Whether systemd runs a command in a scope with limits for this user: tried, not guessed."""
    if shutil.which(_SCOPE[0]) is None:
        return False
    trial = [*_SCOPE, "-p", "MemoryMax=64M", "-p", "CPUQuota=50%", "--", "true"]
    try:
        return subprocess.run(trial, capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
