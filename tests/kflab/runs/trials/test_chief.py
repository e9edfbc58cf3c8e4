"""A search with real workers and models of the user's own code, and a method that asks what the test wants."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from kflab.ml.search.searcher import END, WAIT, Suggestion
from kflab.ml.spec import DatasetSpec, SplitSpec
from kflab.ml.splitter import divide
from kflab.runs import process
from kflab.runs.events import problem
from kflab.runs.failure import TuningError
from kflab.runs.folder import RunFolder
from kflab.runs.job import train_job
from kflab.runs.log import EventLog
from kflab.runs.spec import RunSpec
from kflab.runs.trials import chief, pool
from kflab.runs.trials import plan as plans
from kflab.runs.trials.chief import Chief
from kflab.runs.trials.history import History, read_history
from kflab.runs.trials.pool import Heard, Pool
from kflab.runs.trials.printed import Printed

pytestmark = pytest.mark.timeout(180)

# A regression on x, whose answer is the parameter `a`: the objective is known, and anything may happen on the way.
MODEL = """
import os, signal, sys, time
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

class Guess(RegressorMixin, BaseEstimator):
    def __init__(self, a=0.0, do="", hidden=None):
        self.a, self.do, self.hidden = a, do, hidden
    def fit(self, X, y):
        print("fitting", self.a, flush=True)
        if self.do == "wait":
            while not os.path.exists("go"):
                time.sleep(0.01)
        elif self.do == "hang":
            while True:
                time.sleep(0.01)
        elif self.do:
            exec(self.do)
        return self
    def predict(self, X):
        return np.full(len(X), float(self.a))

def build(**params):
    return Guess(**params)
"""
RAISE = 'raise ValueError("no good")'


class Scripted:
    """A method that asks for the given parameters in turn."""

    def __init__(self, params: Sequence[dict[str, Any]], slow: bool = False) -> None:
        self.params = list(params)
        self.asked = 0
        self.told: dict[int, tuple[float | None, str]] = {}
        self.learned: list[tuple[dict[str, Any], float]] = []
        self.slow = slow

    def ask(self) -> Any:
        if self.slow and self.running():
            return WAIT
        if self.asked >= len(self.params):
            return END
        self.asked += 1
        return Suggestion(self.asked, self.params[self.asked - 1])

    def tell(self, number: int, value: float | None, state: str) -> None:
        assert 1 <= number <= self.asked
        self.told.setdefault(number, (value, state))

    def learn(self, params: Mapping[str, Any], value: float) -> bool:
        self.learned.append((dict(params), value))
        return True

    def skip(self, params: Mapping[str, Any]) -> None:
        pass

    def running(self) -> list[Suggestion]:
        numbers = [n for n in range(1, self.asked + 1) if n not in self.told]
        return [Suggestion(n, self.params[n - 1]) for n in numbers]

    def note(self) -> str | None:
        return None

    def dump(self) -> dict[str, Any]:
        return {"asked": self.asked, "told": {str(n): list(t) for n, t in self.told.items()}}

    def load(self, state: Mapping[str, Any]) -> None:
        self.asked = state["asked"]
        self.told = {int(n): (t[0], t[1]) for n, t in state["told"].items()}


@dataclass
class Bench:
    """A workspace with data, a model and the folder of a run."""

    root: Path
    folder: RunFolder
    split: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)
    method: Scripted | None = None
    pool: Pool | None = None
    heard: list[Heard] = field(default_factory=list)

    def emit(self, type: str, /, **fields: Any) -> None:
        wrong = problem({"type": type, **fields})
        assert wrong is None, f"{type}: {wrong}"
        self.events.append({"type": type, **fields})

    def search(
        self,
        params: Sequence[dict[str, Any]],
        *,
        baseline: dict[str, Any] | None = None,
        budget: dict[str, Any] | None = None,
        history: History | None = None,
        watch: Callable[[Heard], None] = lambda heard: None,
        slow: bool = False,
    ) -> dict[str, Any]:
        spec = RunSpec.model_validate(
            {
                "kind": "tune",
                "dataset": {"uri": "line.csv", "target": "y"},
                "split": {"parts": [0.6, 0.2, 0.2]},
                "model": {"family": "own.py:build", "params": baseline or {}},
                "metrics": ["rmse"],
                "tuning": {
                    "space": [{"name": "a", "type": "float", "low": -10, "high": 10}],
                    "budget": {"trials": max(1, len(params)), **(budget or {})},
                },
            }
        )
        asked = plans.plan(spec, "regression", self.root)
        self.method = Scripted(params, slow)
        self.pool = Pool(asked.budget.parallel, self.root, {"family": "own.py:build"})
        wait = self.pool.wait

        def listen(seconds: float) -> list[Heard]:
            found = wait(seconds)
            for heard in found:
                self.heard.append(heard)
                watch(heard)
            return found

        self.pool.wait = listen  # type: ignore[method-assign]
        try:
            self.pool.tell_all(plans.brief(train_job(spec, self.split, self.folder, self.root), asked))
            method = self.method
            history = history or History()
            with self.folder.text.open("ab", buffering=0) as text:
                printed = Printed(text, self.emit)
                return Chief(
                    asked, self.pool, self.folder, history, self.emit, printed, lambda _: method
                ).run()
        finally:
            self.pool.close()

    def trials(self) -> dict[int, dict[str, Any]]:
        """The last event of each trial."""
        return {e["trial"]: e for e in self.events if e["type"] == "trial"}

    def worker(self, trial: int) -> psutil.Process:
        assert self.pool is not None
        return psutil.Process(next(w.child.pid for w in self.pool._workers if w.trial == trial))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "own.py").write_text(MODEL)
    (root / "line.csv").write_text("x,y\n" + "".join(f"{n},{3.0 + (n % 3 - 1) * 0.1}\n" for n in range(60)))
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    split = divide(
        DatasetSpec(uri="line.csv", target="y"),
        SplitSpec(parts=[0.6, 0.2, 0.2]),
        "regression",
        root,
        folder.data,
    )
    return Bench(root, folder, split)


def test_the_best_of_all_trials_wins_and_the_method_hears_of_each(bench: Bench) -> None:
    ending = bench.search([{"a": 1.0}, {"a": 2.9}, {"a": 7.0}])
    trials = bench.trials()
    assert {n: t["state"] for n, t in trials.items()} == dict.fromkeys(range(4), "done")
    assert [n for n, t in trials.items() if t["baseline"]] == [0]
    assert ending["best"]["trial"] == 2
    assert ending["best"]["value"] == trials[2]["value"] == pytest.approx(0.13, abs=0.05)
    assert bench.method is not None and bench.method.told == {
        n: (trials[n]["value"], "done") for n in (1, 2, 3)
    }
    assert [value for _, value in bench.method.learned] == [trials[0]["value"]]
    best = [e for e in bench.events if e["type"] == "metric"]
    assert {(e["name"], e["trial"], e["part"]) for e in best} >= {("rmse", 2, "validation")}


def test_a_baseline_that_is_not_beaten_is_the_best(bench: Bench) -> None:
    ending = bench.search([{"a": 1.0}, {"a": 9.0}], baseline={"a": 3.0})
    assert ending["best"]["trial"] == 0


def test_what_a_trial_prints_and_its_steps_carry_its_number(bench: Bench) -> None:
    bench.search([{"a": 1.0}, {"a": 2.0}], budget={"parallel": 2})
    for trial, a in ((1, 1.0), (2, 2.0)):
        printed = "".join(e["text"] for e in bench.events if e["type"] == "log" and e.get("trial") == trial)
        assert f"fitting {a}" in printed and printed.count("fitting") == printed.count(f"fitting {a}")
        assert [e for e in bench.events if e["type"] == "epoch" and e["trial"] == trial]


@pytest.mark.parametrize(
    ("do", "cause", "said"),
    [
        (RAISE, "error", "ValueError: no good"),
        ("raise MemoryError", "oom", "Memory ran out"),
        ("np.ones(2**50)", "oom", "Memory ran out"),
        ("self.a = float('nan')", "nan", "not finite"),
        ("sys.exit(4)", "error", "exit 4"),
        ("os._exit(4)", "error", "exit code 4"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal", "signal 11"),
    ],
)
def test_a_trial_that_fails_says_why_and_the_search_goes_on(
    bench: Bench, do: str, cause: str, said: str
) -> None:
    ending = bench.search([{"a": 1.0}, {"a": 2.0, "do": do}, {"a": 2.5}])
    failed = bench.trials()[2]
    assert (failed["state"], failed["cause"]) == ("failed", cause)
    assert said in failed["text"]
    assert ending["best"]["trial"] == 3
    assert bench.method is not None and bench.method.told[2] == (None, "failed")


def test_a_trial_that_hangs_is_ended_when_its_lease_is_over(bench: Bench) -> None:
    ending = bench.search([{"a": 2.0, "do": "hang"}, {"a": 2.5}], budget={"trial_seconds": 3})
    late = bench.trials()[1]
    assert (late["state"], late["cause"]) == ("failed", "timeout")
    assert "trial_seconds" in late["text"] and late["seconds"] >= 3
    assert ending["best"]["trial"] == 2


def test_a_baseline_that_hangs_is_ended_once_another_trial_has_shown_how_long_they_take(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chief, "_LEAST_LEASE", 2.0)
    ending = bench.search([{"a": 2.0, "do": ""}], baseline={"do": "hang"}, budget={"parallel": 2})
    assert bench.trials()[0]["cause"] == "timeout"
    assert ending["best"]["trial"] == 1


def test_a_baseline_that_hangs_alone_is_ended_as_well(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chief, "_FIRST_LEASE", 2.0)
    ending = bench.search([{"a": 2.0, "do": ""}], baseline={"do": "hang"})
    assert bench.trials()[0]["cause"] == "timeout"
    assert ending["best"]["trial"] == 1


def test_a_worker_that_stops_before_it_starts_on_a_trial_is_replaced(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def stop(heard: Heard) -> None:
        assert bench.pool is not None
        if heard.kind == "done" and heard.trial == 0:
            os.kill(bench.pool._workers[0].child.pid, signal.SIGSTOP)
            monkeypatch.setattr(pool, "_START_SECONDS", 1.0)
        if heard.kind == "late":
            # The one in its place may take its time.
            monkeypatch.setattr(pool, "_START_SECONDS", 300.0)
            for worker in bench.pool._workers:
                worker.deadline = None
        seen.append(heard.kind)

    ending = bench.search([{"a": 2.0}], watch=stop)
    assert seen.count("late") == 1 and ending["best"]["trial"] == 1
    assert bench.trials()[1]["state"] == "done"


def test_a_worker_that_closes_its_pipe_or_leaves_a_child_behind_is_missed(bench: Bench) -> None:
    child = "import subprocess; subprocess.Popen(['sleep', '60'], close_fds=False); os._exit(3)"
    ending = bench.search([{"a": 1.0, "do": "os.closerange(3, 60)"}, {"a": 1.5, "do": child}, {"a": 2.0}])
    assert [bench.trials()[n]["state"] for n in (1, 2, 3)] == ["failed", "failed", "done"]
    assert "exit code 3" in bench.trials()[2]["text"]
    assert ending["best"]["trial"] == 3


def test_own_code_that_cannot_do_with_some_parameters_ends_those_trials_only(bench: Bench) -> None:
    own = (
        (bench.root / "own.py")
        .read_text()
        .replace(
            "    return Guess(**params)", "    return Guess(**params) if params.get('do') != 'none' else None"
        )
    )
    (bench.root / "own.py").write_text(own)
    ending = bench.search([{"a": 1.0, "do": "none"}, {"a": 2.0}])
    failed = bench.trials()[1]
    assert failed["state"] == "failed" and "must return an estimator" in failed["text"]
    assert ending["best"]["trial"] == 2


def test_parameters_of_own_code_that_are_lists_are_in_force_and_no_part_of_a_trial(bench: Bench) -> None:
    ending = bench.search([{"a": 2.0}], baseline={"a": 3.0, "do": "", "hidden": [64, 32]})
    assert ending["best"]["trial"] == 0
    assert bench.trials()[0]["params"] == {"a": 3.0, "do": ""}


def test_a_trial_that_the_kernel_killed_for_want_of_memory_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(process, "oom_kills", lambda: len(killed))

    def kill(heard: Heard) -> None:
        if heard.kind == "printed" and heard.trial == 1 and not killed:
            killed.append(1)
            bench.worker(1).kill()

    ending = bench.search([{"a": 3.0, "do": "wait"}, {"a": 2.0}], watch=kill)
    assert (bench.trials()[1]["state"], bench.trials()[1]["cause"]) == ("failed", "oom")
    assert ending["best"]["trial"] == 2


def test_three_equal_failures_in_a_row_stop_the_search(bench: Bench) -> None:
    good, bad, other = {"a": 1.0}, {"a": 2.0, "do": RAISE}, {"a": 2.0, "do": "1 / 0"}
    with pytest.raises(TuningError, match=r"Three trials in a row failed alike.*no good"):
        bench.search([bad, good, bad, bad, other, bad, bad, bad, good])
    states = {n: t["state"] for n, t in bench.trials().items()}
    assert states[8] == "failed" and 9 not in states


def test_without_any_result_the_reason_is_that_of_the_trials(bench: Bench) -> None:
    with pytest.raises(TuningError, match=r"No trial gave a result.*no good"):
        bench.search([{"a": 1.0, "do": RAISE}], baseline={"do": "1 / 0"})


def test_a_worker_killed_from_outside_runs_its_trial_again_once(bench: Bench) -> None:
    killed: list[int] = []

    def kill(heard: Heard) -> None:
        if heard.kind == "printed" and heard.trial == 2 and "fitting" in heard.fields["text"] and not killed:
            killed.append(2)
            bench.worker(2).kill()
            (bench.root / "go").touch()

    ending = bench.search([{"a": 1.0}, {"a": 3.0, "do": "wait"}], watch=kill)
    assert killed == [2]
    states = [e["state"] for e in bench.events if e["type"] == "trial" and e["trial"] == 2]
    assert states == ["running", "running", "done"]
    assert ending["best"]["trial"] == 2

    def kill_always(heard: Heard) -> None:
        if heard.kind == "printed" and heard.trial == 1 and "fitting" in heard.fields["text"]:
            bench.worker(1).kill()

    (bench.root / "go").unlink()
    bench.folder.search.unlink()
    bench.search([{"a": 3.0, "do": "wait"}], watch=kill_always)
    assert (bench.trials()[1]["state"], bench.trials()[1]["cause"]) == ("failed", "signal")


class Clock:
    """One that is put forward, so that no test has to wait until an hour is over."""

    ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


def test_when_the_time_is_over_running_trials_are_stopped_and_the_best_so_far_counts(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(chief, "time", clock)

    def put_forward(heard: Heard) -> None:
        if heard.kind == "printed" and heard.trial == 1:
            clock.ahead = 3600.0

    ending = bench.search(
        [{"a": 2.0, "do": "hang"}],
        baseline={"a": 1.0},
        budget={"seconds": 3600, "trial_seconds": 3600},
        watch=put_forward,
    )
    assert clock.ahead and ending["best"]["trial"] == 0
    assert bench.trials()[1]["state"] == "pruned"
    assert [e["code"] for e in bench.events if e["type"] == "warning"] == ["time-over"]


def test_a_search_whose_time_is_over_before_the_baseline_begins_with_it_when_it_goes_on(bench: Bench) -> None:
    with pytest.raises(TuningError, match="before a trial gave a result"):
        bench.search([{"a": 2.0, "do": ""}], baseline={"do": "wait"}, budget={"seconds": 4})
    assert [e["state"] for e in bench.events if e["type"] == "trial"] == ["running"]
    history = log(bench, [e for e in bench.events if e["type"] == "trial"])
    bench.events.clear()
    (bench.root / "go").touch()
    ending = bench.search([{"a": 2.0, "do": ""}], baseline={"do": "wait"}, history=history)
    assert ending["best"]["trial"] == 1
    assert set(bench.trials()) == {0, 1}


def test_two_trials_run_at_once_and_a_method_may_wait(bench: Bench) -> None:
    at_once: list[int] = []

    def note(heard: Heard) -> None:
        assert bench.pool is not None
        busy = [w.trial for w in bench.pool._workers if w.trial is not None]
        at_once.append(len(busy))
        if len(busy) == 2 and set(busy) == {1, 2}:
            (bench.root / "go").touch()

    wait = [{"a": 1.0, "do": "wait"}, {"a": 2.0, "do": "wait"}]
    bench.search(wait, budget={"parallel": 2}, watch=note)
    assert max(at_once) == 2
    ending = bench.search([{"a": 1.0}, {"a": 2.0}, {"a": 3.0}], budget={"parallel": 2}, slow=True)
    assert ending["best"]["trial"] == 3


def test_an_exhausted_space_ends_the_search_and_says_so(bench: Bench) -> None:
    bench.search([{"a": 1.0}], budget={"trials": 5})
    (warning,) = [e for e in bench.events if e["type"] == "warning"]
    assert warning["code"] == "space-exhausted" and "After 1 trials" in warning["text"]


def log(bench: Bench, events: Sequence[dict[str, Any]]) -> History:
    with EventLog(bench.folder.events) as kept:
        for event in events:
            kept.append(**event)
    return read_history(bench.folder)


def test_a_search_that_was_cut_off_anywhere_goes_on_and_loses_no_finished_trial(bench: Bench) -> None:
    """Every prefix of the log, with the method's state as it was then or a step further."""
    script = [{"a": 1.0}, {"a": 2.9}, {"a": 4.0}]
    states: list[str] = []
    keep = Path.replace

    def kept(self: Path, target: Any) -> Path:
        if Path(target).name == "search.json":
            states.append(self.read_text())
        return keep(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", kept)
        bench.search(script)
    trial_events = [e for e in bench.events if e["type"] == "trial"]
    assert len(trial_events) == 8 and len(states) >= 6
    for cut in (1, 4, 7):
        for state in (states[cut - 1], states[min(len(states) - 1, cut + 1)], None):
            bench.folder.events.unlink(missing_ok=True)
            bench.folder.search.unlink(missing_ok=True)
            if state is not None:
                bench.folder.search.write_text(state)
            before = trial_events[:cut]
            history = log(bench, before)
            bench.events.clear()
            ahead = state is None or json.loads(state)["ended"] > len(history.ended())
            rest = script[max(history.trials) :] if ahead else script
            ending = bench.search(rest, history=history, budget={"trials": 3})
            finished = {e["trial"] for e in before if e["state"] == "done"}
            again = {e["trial"] for e in bench.events if e["type"] == "trial"}
            assert not finished & again, (cut, finished, again)
            assert finished | again == {0, 1, 2, 3}
            assert ending["best"]["trial"] == 2
