"""Runs: how fast one starts, how fast it is gone when cancelled, and how many events it may log."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import Row
from kflab.runs.manager import RunManager
from kflab.runs.spec import RunSpec

SPEC: dict[str, Any] = {
    "dataset": {"uri": "sklearn:breast_cancer"},
    "split": {"parts": [0.6, 0.2, 0.2]},
    "model": {"family": "sklearn:RandomForestClassifier"},
}
KERAS: dict[str, Any] = {**SPEC, "model": {"family": "keras:mlp"}, "training": {"epochs": 1}}

# A fit that spends its time in libsvm, where Python's handlers do not run.
SVM = """
from sklearn.svm import SVC
from sklearn.datasets import make_classification
x, y = make_classification(5_000, 40, flip_y=0.4, random_state=0)
print("ready", flush=True)
SVC(C=10.0).fit(x, y)
"""
EMIT = """
from kflab.runs.emit import Emitter
emit = Emitter.from_environment()
for n in range({count}):
    emit("epoch", step=n, of={count}, unit="epoch", train={{"loss": 0.5}}, validation={{"loss": 0.6}}, seconds=0.1)
emit("done")
"""
WRITE = """
import json
with open({path!r}, "a") as file:
    for n in range({count}):
        event = {{"type": "epoch", "step": n, "of": {count}, "unit": "epoch", "train": {{"loss": 0.5}},
                 "validation": {{"loss": 0.6}}, "seconds": 0.1}}
        file.write(json.dumps(event) + "\\n")
        file.flush()
"""
BARE = {
    "sklearn": "import pandas, sklearn.ensemble, sklearn.datasets as d; d.load_breast_cancer(as_frame=True)",
    "Keras": "import pandas, keras, sklearn.datasets as d; d.load_breast_cancer(as_frame=True)",
}


def _wait(condition: Callable[[], object], step: float = 0.005) -> float:
    while not condition():
        time.sleep(step)
    return time.perf_counter()


def _program(workspace: Path, code: str) -> tuple[RunManager, str]:
    manager = RunManager(workspace, command=[sys.executable, "-c", code])
    return manager, manager.create(RunSpec.model_validate(SPEC))


def _group_gone(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


def cancel(workspace: Path, times: int = 20) -> Row:
    """From the request until the process group is gone and the log has its last event."""
    ours = []
    told = "import os; print(os.getpid(), flush=True)\n"
    for _ in range(times):
        manager, run_id = _program(workspace, told + SVM)
        text = manager.folder(run_id).text
        _wait(lambda text=text: text.exists() and "ready" in text.read_text())
        pid = int(text.read_text().split()[0])
        began = time.perf_counter()
        manager.cancel(run_id, by="bench")
        _wait(lambda: manager.get(run_id).ended and _group_gone(pid))  # noqa: B023
        ours.append(time.perf_counter() - began)
    peer = subprocess.Popen([sys.executable, "-c", SVM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if peer.stdout is not None:
        peer.stdout.readline()
    time.sleep(0.5)
    began = time.perf_counter()
    peer.send_signal(signal.SIGINT)
    peer.communicate()
    waited = time.perf_counter() - began
    worst = max(ours)
    return {
        "what": "cancel a libsvm fit until its process group is gone",
        "ours": f"p50 {statistics.median(ours):.2f} s, worst of {times} {worst:.2f} s",
        "peer": f"SIGINT {waited:.1f} s",
        "goal": "p99 ≤ 1 s",
        "met": worst <= 1.0,
    }


def throughput(workspace: Path, count: int = 20_000) -> Row:
    """Events a second, from start of the process to the last of them in the file."""
    manager, run_id = _program(workspace, EMIT.format(count=count))
    began = _wait(lambda: manager.get(run_id).started)
    ours = _wait(lambda: manager.get(run_id).ended) - began
    bare = [sys.executable, "-c", WRITE.format(count=count, path=str(workspace / "bare.jsonl"))]
    began = time.perf_counter()
    subprocess.run(bare, check=True)
    peer = time.perf_counter() - began
    return {
        "what": f"{count:,} events into the log, checked and numbered",
        "ours": f"{count / ours:,.0f} /s",
        "peer": f"json.dumps to a file {count / peer:,.0f} /s",
        "goal": "",
        "met": None,
    }


def start(workspace: Path, name: str, spec: dict[str, Any], goal: float, times: int = 4) -> Row:
    """From the request until the data is loaded, in the median of `times`, beside a process that only loads it."""

    def loaded(manager: RunManager, run_id: str) -> bool:
        events = manager.events(run_id)
        if events and events[-1]["type"] == "failed":
            raise RuntimeError(events[-1]["text"])
        return any(e["type"] == "stage" and (e["name"], e["state"]) == ("load", "end") for e in events)

    manager = RunManager(workspace)
    ours, peer = [], []
    for number in range(times + 1):
        began = time.perf_counter()
        run_id = manager.create(RunSpec.model_validate(spec))
        took = _wait(lambda run_id=run_id: loaded(manager, run_id)) - began
        _wait(lambda run_id=run_id: manager.get(run_id).ended)
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", BARE[name]], check=True, env={**os.environ, "KERAS_BACKEND": "jax"}
        )
        if number:  # the first fills the file cache
            ours.append(took)
            peer.append(time.perf_counter() - began)
    mine, bare = statistics.median(ours), statistics.median(peer)
    return {
        "what": f"run start → data loaded, {name}",
        "ours": f"{mine:.2f} s",
        "peer": f"bare process {bare:.2f} s",
        "goal": f"≤ {goal} × bare",
        "met": mine <= goal * bare,
    }


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        return [
            start(workspace, "sklearn", SPEC, 1.36),
            start(workspace, "Keras", KERAS, 1.32),
            cancel(workspace),
            throughput(workspace),
        ]
