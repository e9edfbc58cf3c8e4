"""Runs of small programs under the real supervisor."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from kflab.runs.manager import RunManager
from kflab.runs.process import MARK
from kflab.runs.spec import Run, RunSpec

# What every program below may use: `emit`, the run's folder, and a wait for a file to appear.
PREAMBLE = """
import os, sys, time, signal, subprocess, pathlib
from kflab.runs.emit import Emitter
emit = Emitter.from_environment()
here = pathlib.Path(os.environ["KFLAB_RUN"])
def wait_for(name):
    while not (here / name).exists():
        time.sleep(0.01)
"""
SPEC = {"dataset": {"uri": "sklearn:wine"}, "model": {"family": "sklearn:Ridge"}}


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What the condition returns as soon as it is true. Fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "this did not become true"
        time.sleep(0.02)
    return value


def processes_of(folder: Path) -> list[psutil.Process]:
    """All living processes that a run started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def supervisor_of(folder: Path) -> psutil.Process:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cmdline()[2:5] == ["-m", "kflab.runs.supervisor", str(folder)]:
                return process
    raise AssertionError("the run has no supervisor")


class Lab:
    """Starts programs as runs, and makes sure that none outlives the test."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace

    def manager(self, program: str | None = None) -> RunManager:
        """A manager whose runs are this program; None means the real runner."""
        command = None if program is None else [sys.executable, "-c", PREAMBLE + program]
        return RunManager(self.workspace, command=command)

    def start(self, program: str, **spec: Any) -> tuple[RunManager, str]:
        manager = self.manager(program)
        return manager, manager.create(RunSpec.model_validate({**SPEC, **spec}))

    def ended(self, manager: RunManager, run_id: str, seconds: float = 60.0) -> Run:
        run: Run = until(lambda: (r := manager.get(run_id)).ended and r, seconds)
        return run

    def types(self, manager: RunManager, run_id: str) -> list[str]:
        return [event["type"] for event in manager.events(run_id)]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.delenv("KFLAB_RUNS", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    yield Lab(tmp_path)
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(tmp_path) in process.environ().get(MARK, "") or str(tmp_path) in "".join(
                process.cmdline()[4:5]
            ):
                process.kill()
