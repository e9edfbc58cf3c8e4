"""Tuning runs under their supervisor: whoever is killed, what was finished stays, and the run goes on when asked to."""

from __future__ import annotations

import json
import signal
from typing import Any

import psutil
import pytest

from kflab.ml.tuning import BudgetChange, BudgetSpec
from kflab.runs.manager import RunConflict, RunManager, RunNotFound, RunRefused
from kflab.runs.spec import RunSpec, new_ulid
from tests.kflab.runs.conftest import SPEC, Lab, lab, processes_of, supervisor_of, until

__all__ = ["lab"]
pytestmark = pytest.mark.timeout(300)

TUNE: dict[str, Any] = {
    "kind": "tune",
    "dataset": {"uri": "sklearn:wine"},
    "split": {"parts": [0.6, 0.2, 0.2]},
    "model": {"family": "sklearn:DecisionTreeClassifier", "params": {"max_depth": 1}},
    "metrics": ["accuracy"],
    "tuning": {
        "space": [{"name": "max_depth", "type": "int", "low": 1, "high": 30}],
        "method": "tpe",
        "budget": {"trials": 4},
    },
}
# Stops at the third fit of the process that has not seen the file `go`.
SLOW = """
import os, time
from sklearn.tree import DecisionTreeClassifier
class Tree(DecisionTreeClassifier):
    def fit(self, X, y):
        here = "waiting" if self.max_depth > 1 and not os.path.exists("go") else ""
        if here:
            open(here, "w").close()
        while here and not os.path.exists("go"):
            time.sleep(0.01)
        return super().fit(X, y)
def build(max_depth=1):
    print("building", max_depth)
    return Tree(max_depth=max_depth, random_state=0)
"""
OWN = {
    **TUNE,
    "model": {"family": "slow.py:build"},
    "tuning": {
        "space": [{"name": "max_depth", "type": "int", "low": 2, "high": 30}],
        "method": "tpe",
        "baseline": {"max_depth": 1},
        "budget": {"trials": 3},
    },
}


def start(lab: Lab, spec: dict[str, Any]) -> tuple[RunManager, str]:
    manager = lab.manager()
    return manager, manager.create(RunSpec.model_validate(spec))


def trials(manager: RunManager, run_id: str) -> dict[int, dict[str, Any]]:
    return {e["trial"]: e for e in manager.events(run_id) if e["type"] == "trial"}


def test_a_search_beats_its_baseline_and_its_best_is_trained_and_evaluated(lab: Lab) -> None:
    manager, run_id = start(lab, TUNE)
    run = lab.ended(manager, run_id, 120)
    assert run.state == "done", run.text
    found = trials(manager, run_id)
    assert set(found) == {0, 1, 2, 3, 4} and all(t["state"] == "done" for t in found.values())
    assert found[0]["baseline"] and found[0]["params"]["max_depth"] == 1
    assert run.best is not None and run.best.trial is not None
    assert run.best.value == max(t["value"] for t in found.values()) > found[0]["value"] + 0.1
    assert not [e for e in manager.events(run_id) if e["type"] == "warning"]
    assert not manager.folder(run_id).out.joinpath("model.skops").exists()

    key = new_ulid()
    assert manager.register(run_id, key) == manager.register(run_id, key) == key
    made = lab.ended(manager, key, 120)
    assert made.state == "done", made.text
    assert made.kind == "train" and made.spec.from_ is not None and made.spec.from_.run == run_id
    assert made.spec.model is not None
    assert made.spec.model.params["max_depth"] == found[run.best.trial]["params"]["max_depth"]
    # The same rows and the same seed: it is measured as the trial was, before it learns from all but the test part.
    assert made.best is not None and made.best.value == run.best.value
    assert made.spec.training.refit == "train+validation"
    evaluated = lab.ended(manager, manager.evaluate(made.id), 120)
    assert evaluated.state == "done", evaluated.text


def test_the_workers_see_no_test_part(lab: Lab) -> None:
    (lab.workspace / "slow.py").write_text(SLOW)
    manager, run_id = start(lab, OWN)
    until(lambda: (lab.workspace / "waiting").exists(), 60)
    seen = [(p.cmdline(), p.environ()) for p in processes_of(manager.folder(run_id).path)]
    workers = [one for one in seen if "kflab.runs.trials.worker" in one[0]]
    assert workers and all("test.parquet" not in str(one) for one in workers)
    # What the trials print is where all runs have it.
    assert "building 1\n" in manager.folder(run_id).text.read_text()
    manager.cancel(run_id, "somebody")
    assert lab.ended(manager, run_id).state == "cancelled"
    until(lambda: not processes_of(manager.folder(run_id).path))


@pytest.mark.parametrize("who", ["worker", "runner", "supervisor"])
def test_who_is_killed_costs_no_finished_trial_and_the_one_cut_off_runs_again(lab: Lab, who: str) -> None:
    (lab.workspace / "slow.py").write_text(SLOW)
    manager, run_id = start(lab, OWN)
    folder = manager.folder(run_id).path
    until(lambda: (lab.workspace / "waiting").exists(), 60)
    before = trials(manager, run_id)
    assert before[0]["state"] == "done" and before[1]["state"] == "running"
    if who == "supervisor":
        victim = supervisor_of(folder)
    else:
        victim = next(
            p
            for p in processes_of(folder)
            if ("kflab.runs.trials.worker" if who == "worker" else "kflab.runs.runner") in p.cmdline()
        )
    victim.send_signal(signal.SIGKILL)
    (lab.workspace / "go").touch()
    if who != "worker":
        psutil.wait_procs([victim], timeout=30)
        if who == "supervisor":
            until(lambda: run_id in manager.recover())
        ended = lab.ended(manager, run_id)
        assert (ended.state, ended.cause) == ("failed", "lost" if who == "supervisor" else "signal")
        resumed = manager.resume(run_id, "somebody")
        assert resumed.state == "running" and resumed.ended is None
    run = lab.ended(manager, run_id, 120)
    assert run.state == "done", run.text
    events = manager.events(run_id)
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    of = [(e["trial"], e["state"]) for e in events if e["type"] == "trial"]
    assert of.count((0, "running")) == 1 and of.count((0, "done")) == 1
    assert of.count((1, "running")) == 2 and of.count((1, "done")) == 1
    assert {n for n, state in of if state == "done"} == {0, 1, 2, 3}
    assert trials(manager, run_id)[1]["params"] == before[1]["params"]
    splits = [e for e in events if e["type"] == "stage" and e["name"] == "split"]
    assert [e["state"] for e in splits] == ["begin", "end"]


def test_a_cancelled_search_goes_on_and_one_that_is_done_with_more_trials(lab: Lab) -> None:
    (lab.workspace / "slow.py").write_text(SLOW)
    manager, run_id = start(lab, OWN)
    with pytest.raises(RunConflict, match="nothing to resume"):
        manager.resume(run_id, "somebody")
    with pytest.raises(RunConflict, match="still"):
        manager.register(run_id)
    until(lambda: (lab.workspace / "waiting").exists(), 60)
    manager.cancel(run_id, "somebody")
    assert lab.ended(manager, run_id).state == "cancelled"
    # What is done can be trained already.
    assert manager.register(run_id)
    (lab.workspace / "go").touch()
    manager.resume(run_id, "somebody else")
    run = lab.ended(manager, run_id, 120)
    assert run.state == "done", run.text
    assert {e["by"] for e in manager.events(run_id) if e["type"] == "resumed"} == {"somebody else"}

    for change in (None, BudgetChange(trials=3), BudgetChange(seconds=60)):
        with pytest.raises(RunRefused, match=r"had 3 trials\. Give it more than 3") as refused:
            manager.resume(run_id, "somebody", change)
        assert refused.value.field == "budget.trials"
    before = trials(manager, run_id)
    assert manager.resume(run_id, "somebody", BudgetChange(trials=5)).state == "running"
    run = lab.ended(manager, run_id, 120)
    assert run.state == "done", run.text
    found = trials(manager, run_id)
    assert set(found) == {0, 1, 2, 3, 4, 5} and all(t["state"] == "done" for t in found.values())
    assert {n: found[n] for n in before} == before
    # What it may use now is what everybody reads, and what was left as it was is so still.
    other = RunManager(lab.workspace)
    for known in (run, other.get(run_id)):
        assert known.spec.tuning is not None
        assert known.spec.tuning.budget.model_dump() == {
            **BudgetSpec().model_dump(),
            **OWN["tuning"]["budget"],
            "trials": 5,
        }


def test_only_a_search_has_something_to_resume_or_register(lab: Lab) -> None:
    manager, run_id = lab.start("emit('failed', cause='error', text='no')")
    lab.ended(manager, run_id)
    with pytest.raises(RunConflict, match="start it again"):
        manager.resume(run_id, "somebody")
    with pytest.raises(RunRefused, match="only one of kind tune"):
        manager.register(run_id)
    with pytest.raises(RunRefused, match="needs one of kind tune"):
        manager.create(RunSpec.model_validate({**SPEC, "from": {"run": run_id}}))


def test_folds_are_scored_where_there_are_two_parts(lab: Lab) -> None:
    spec = json.loads(json.dumps(TUNE))
    spec["split"] = {"parts": [0.8, 0.2], "folds": 3}
    spec["tuning"]["budget"] = {"trials": 2, "parallel": 2}
    spec["tuning"]["method"] = "random"
    manager, run_id = start(lab, spec)
    run = lab.ended(manager, run_id, 120)
    assert run.state == "done", run.text
    assert all(t["std"] > 0 for t in trials(manager, run_id).values())
    (metric,) = [e for e in manager.events(run_id) if e["type"] == "metric" and e["name"] == "accuracy"]
    assert metric["std"] > 0 and metric["trial"] == run.best.trial  # type: ignore[union-attr]


def test_what_is_wrong_with_the_search_is_said_at_its_field(lab: Lab) -> None:
    spec = json.loads(json.dumps(TUNE))
    spec["tuning"]["objective"] = {"metric": "rmse"}
    manager, run_id = start(lab, spec)
    run = lab.ended(manager, run_id, 120)
    assert (run.state, run.cause) == ("failed", "error")
    end = manager.events(run_id)[-1]
    assert end["field"] == "tuning.objective.metric" and "multiclass" in end["text"]
    assert "traceback" not in end


def test_more_trials_at_once_than_processors_are_allowed_and_said(lab: Lab) -> None:
    spec = json.loads(json.dumps(TUNE))
    spec["tuning"]["budget"] = {"trials": 1, "parallel": 64}
    manager, run_id = start(lab, spec)
    run = lab.ended(manager, run_id, 120)
    assert run.state == "done", run.text
    (warning,) = [e for e in manager.events(run_id) if e["type"] == "warning"]
    assert warning["code"] == "more-trials-than-cores"


def test_hyperband_gives_the_best_more_trees_and_its_best_is_trained_with_as_many(lab: Lab) -> None:
    spec = json.loads(json.dumps(TUNE))
    spec["model"] = {"family": "sklearn:RandomForestClassifier"}
    spec["tuning"] = {
        "space": [{"name": "max_depth", "type": "int", "low": 1, "high": 12}],
        "method": "hyperband",
        "resource": {"name": "trees", "min": 5, "max": 45},
        "budget": {"trials": 6},
    }
    manager, run_id = start(lab, spec)
    run = lab.ended(manager, run_id, 180)
    assert run.state == "done", run.text
    found = trials(manager, run_id)
    assert len(found) == 7
    assert {t["resource"] for n, t in found.items() if n} <= set(range(5, 46))
    made = manager.get(manager.register(run_id))
    best = found[run.best.trial]  # type: ignore[union-attr,index]
    wanted = best["resource"] if best["trial"] else best["params"]["n_estimators"]
    assert made.spec.model is not None and made.spec.model.params["n_estimators"] == wanted
    lab.ended(manager, made.id, 120)


def test_one_trial_is_stopped_and_the_search_goes_on(lab: Lab) -> None:
    (lab.workspace / "slow.py").write_text(SLOW)
    manager, run_id = start(lab, OWN)
    until((lab.workspace / "waiting").exists)
    for trial, wrong, words in ((0, RunConflict, r"ended \(done\)"), (9, RunNotFound, "no trial 9")):
        with pytest.raises(wrong, match=words):
            manager.stop_trial(run_id, trial)
    manager.stop_trial(run_id, 1)
    until(lambda: trials(manager, run_id)[1]["state"] != "running")
    assert manager.stop_trial(run_id, 1).state == "running", "what was asked for has come to pass"
    (lab.workspace / "go").touch()
    run = lab.ended(manager, run_id, 120)
    found = trials(manager, run_id)
    assert [found[n]["state"] for n in range(4)] == ["done", "pruned", "done", "done"]
    assert "on request" in found[1]["text"] and "value" not in found[1]
    assert run.state == "done" and run.best is not None and run.best.trial in (2, 3)
    with pytest.raises(RunConflict, match="nothing to stop"):
        manager.stop_trial(run_id, 2)


def test_a_trial_that_was_cut_off_with_its_search_has_nothing_to_stop(lab: Lab) -> None:
    (lab.workspace / "slow.py").write_text(SLOW)
    manager, run_id = start(lab, OWN)
    until((lab.workspace / "waiting").exists)
    manager.cancel(run_id, by="ada")
    lab.ended(manager, run_id)
    with pytest.raises(RunConflict, match=r"ended \(cancelled\)"):
        manager.stop_trial(run_id, 1)
