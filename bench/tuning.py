"""Tuning: what a second worker brings, and how soon all is gone when a search is cancelled."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bench import Row
from kflab.runs.manager import RunManager
from kflab.runs.process import MARK
from kflab.runs.spec import RunSpec

TRIALS = 16
# One trial's work, the same in both arms: a loop in one thread.
WORK = """
def work():
    total = 0
    for number in range(20_000_000):
        total += number
    return total
"""
MODEL = (
    WORK
    + """
from sklearn.dummy import DummyClassifier
class Busy(DummyClassifier):
    def __init__(self, a=0.0):
        super().__init__()
        self.a = a
    def fit(self, X, y):
        if len(X) > 300:  # the last step of the learning curve alone
            work()
        return super().fit(X, y)
def build(a=0.0):
    return Busy(a)
"""
)
PEER = (
    WORK
    + """
import sys, time
import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner
class Tuner(BaseTuner):
    def run_trial(self, trial, **_):
        began = time.time()
        trial.hyperparameters.Float("a", 0.0, 1.0)
        work()
        with open(sys.argv[1], "a") as file:
            file.write(f"{began} {time.time()}\\n")
        return 0.5
hp = keras_tuner.HyperParameters()
hp.Float("a", 0.0, 1.0)
oracle = keras_tuner.oracles.RandomSearchOracle(
    objective=keras_tuner.Objective("x", "min"), max_trials=int(sys.argv[2]), hyperparameters=hp, seed=1)
Tuner(oracle=oracle, directory=sys.argv[3], project_name="p").search(verbose=0)
"""
)
# Fits that spend their time in libsvm, where Python's handlers do not run.
SVM = """
from sklearn.svm import SVC
from sklearn.datasets import make_classification
class Slow(SVC):
    def fit(self, X, y):
        x, y = make_classification(20_000, 40, flip_y=0.4, random_state=0)
        print("fitting", flush=True)
        return super().fit(x, y)
def build(C=1.0):
    return Slow(C=C)
"""


def _spec(family: str, name: str, parallel: int, trials: int = TRIALS) -> RunSpec:
    return RunSpec.model_validate(
        {
            "kind": "tune",
            "dataset": {"uri": "sklearn:breast_cancer"},
            "split": {"parts": [0.6, 0.2, 0.2]},
            "metrics": ["accuracy"],
            "model": {"family": family},
            "tuning": {
                "space": [{"name": name, "type": "float", "low": 0.1, "high": 1.0}],
                "method": "random",
                "budget": {"trials": trials, "parallel": parallel},
            },
        }
    )


def _trials(manager: RunManager, run_id: str) -> list[dict[str, Any]]:
    return [e for e in manager.events(run_id) if e["type"] == "trial"]


def _seconds(events: list[dict[str, Any]]) -> float:
    from datetime import datetime

    times = [datetime.fromisoformat(e["time"]).timestamp() for e in events if e["trial"]]
    return max(times) - min(times)


def _ours(workspace: Path, parallel: int) -> float:
    manager = RunManager(workspace)
    run_id = manager.create(_spec("busy.py:build", "a", parallel))
    while manager.get(run_id).ended is None:
        time.sleep(0.05)
    run = manager.get(run_id)
    if run.state != "done":
        raise RuntimeError(run.text)
    return _seconds(_trials(manager, run_id))


def _peer(workspace: Path, workers: int) -> float:
    folder = Path(tempfile.mkdtemp(dir=workspace))
    times = folder / "times"
    env = {**os.environ, "KERAS_BACKEND": "jax", "OMP_NUM_THREADS": "1", "NPROC": "1"}
    argv = [sys.executable, str(workspace / "peer.py"), str(times), str(TRIALS), str(folder)]
    if workers == 1:
        subprocess.run(argv, check=True, env=env, stdout=subprocess.DEVNULL)
    else:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        shared = {**env, "KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": port}
        names = ["chief", *(f"worker{n}" for n in range(workers))]
        started = [
            subprocess.Popen(argv, env={**shared, "KERASTUNER_TUNER_ID": name}, stdout=subprocess.DEVNULL)
            for name in names
        ]
        for process in started[1:]:
            process.wait(300)
        started[0].kill()
        started[0].wait()
    spans = [tuple(map(float, line.split())) for line in times.read_text().splitlines()]
    return max(end for _, end in spans) - min(begin for begin, _ in spans)


def workers(workspace: Path) -> Row:
    """The same trials by one worker and by two, one thread each."""
    (workspace / "busy.py").write_text(MODEL)
    (workspace / "peer.py").write_text(PEER)
    ours = _ours(workspace, 1) / _ours(workspace, 2)
    peer = _peer(workspace, 1) / _peer(workspace, 2)
    return {
        "what": f"{TRIALS} trials by 2 workers instead of 1",
        "ours": f"{ours:.2f} ×",
        "peer": f"keras-tuner, chief and workers {peer:.2f} ×",
        "goal": "≥ 1.8 ×",
        "met": ours >= 1.8,
    }


def _left(folder: Path) -> int:
    count = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            count += process.environ().get(MARK) == str(folder)
    return count


def cancel(workspace: Path, times: int = 10) -> Row:
    """From the request until no process of the search is left: two workers, both inside libsvm."""
    (workspace / "svm.py").write_text(SVM)
    manager = RunManager(workspace)
    took = []
    for _ in range(times):
        run_id = manager.create(_spec("svm.py:build", "C", 2, trials=4))
        folder = manager.folder(run_id).path
        while len([e for e in manager.events(run_id) if e["type"] == "log" and "fitting" in e["text"]]) < 2:
            time.sleep(0.02)
        began = time.perf_counter()
        manager.cancel(run_id, by="bench")
        while manager.get(run_id).ended is None or _left(folder):
            time.sleep(0.005)
        took.append(time.perf_counter() - began)
    worst = max(took)
    return {
        "what": "cancel a search with 2 workers until no process is left",
        "ours": f"p50 {statistics.median(took):.2f} s, worst of {times} {worst:.2f} s",
        "peer": "",
        "goal": "p99 ≤ 1 s",
        "met": worst <= 1.0,
    }


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        return [workers(workspace), cancel(workspace)]
