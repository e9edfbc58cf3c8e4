"""A search that is killed at any moment, of which the log may have lost the end: it asks for nothing that the log has."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest

from kflab.ml import tuning
from kflab.ml.search.making import make
from kflab.ml.search.searcher import WAIT, Searcher, Suggestion
from kflab.ml.tuning import Parameter, ResourceSpec
from kflab.runs.trials.history import History
from kflab.runs.trials.method import Method

SPACE = [
    Parameter(name="a", type="int", low=1, high=7),
    Parameter(name="b", type="choice", choices=["x", "y"]),
]
EVERYTHING = {(a, b) for a in range(1, 8) for b in "xy"}
Event = dict[str, Any]


class Killed(Exception):
    pass


class Killable:
    """A search, two trials at once, of which `log` is all that a kill leaves beside the method's own file."""

    def __init__(self, method: tuning.Method, state: Path, seed: int, lossy: bool) -> None:
        self.name = method
        self.state = state
        self.seed = seed
        self.chance = random.Random(seed)
        self.lossy = lossy
        self.log: list[Event] = []
        self.kills = 0

    def searcher(self) -> Searcher:
        resource = ResourceSpec(min=1, max=9) if self.name == "hyperband" else None
        return make(self.name, SPACE, goal="max", seed=self.seed, resource=resource)

    def perhaps_killed(self) -> None:
        if self.kills < 6 and self.chance.random() < 0.1:
            self.kills += 1
            raise Killed

    def go_on(self, budget: int) -> None:
        history = self.history()
        method = Method(self.searcher(), self.state, history, len(history.ended()))
        due = {n: Suggestion(n, e["params"], e.get("resource")) for n, e in history.cut_off().items()}
        waiting = list(({s.number: s for s in method.running()} | due).values())
        running: list[Suggestion] = []
        while True:
            while len(running) < 2:
                if waiting:
                    trial = waiting.pop(0)
                elif method.asked < budget and isinstance(answer := method.ask(), Suggestion):
                    trial = answer
                    self.perhaps_killed()
                else:
                    break
                running.append(trial)
                self.log.append(event(trial, "running"))
                history.take(self.log[-1])
            if not running:
                assert method.asked >= budget or method.ask() is not WAIT
                return
            trial = running.pop(self.chance.randrange(len(running)))
            state = self.chance.choice(["done", "done", "done", "failed", "pruned"])
            ended = event(trial, state) | ({"value": float(trial.params["a"])} if state == "done" else {})
            lost = self.lossy and self.kills < 6 and self.chance.random() < 0.15
            if not lost:
                self.log.append(ended)
                self.perhaps_killed()
            history.take(ended)
            method.tell(ended)
            if lost:  # the method was told, and the log was not
                self.kills += 1
                raise Killed

    def history(self) -> History:
        history = History()
        for one in self.log:
            history.take(one)
        return history


def event(trial: Suggestion, state: str) -> Event:
    about = {"trial": trial.number, "params": trial.params, "resource": trial.resource}
    return {"type": "trial", "state": state, **about}


@pytest.mark.parametrize("lossy", [False, True], ids=["whole log", "lossy log"])
@pytest.mark.parametrize("method", get_args(tuning.Method))
def test_nothing_is_tried_twice_however_often_it_is_killed(method: Any, lossy: bool, tmp_path: Path) -> None:
    kills = 0
    for seed in range(3 if method == "bayesian" else 8):
        search = Killable(method, tmp_path / f"{seed}.json", seed, lossy)
        # More than there are combinations; hyperband has some of them more than once, with more of its resource.
        while True:
            try:
                search.go_on(8 if method == "hyperband" else 20)
                break
            except Killed:
                kills += 1
        trials = search.history().trials.values()
        counts = Counter((json.dumps(e["params"], sort_keys=True), e["resource"]) for e in trials)
        assert set(counts.values()) == {1}
        assert not search.history().cut_off()
        if method != "hyperband":
            assert {(e["params"]["a"], e["params"]["b"]) for e in trials} == EVERYTHING
    assert kills > 3


def test_the_baseline_may_be_asked_for_though_all_else_in_the_log_is_not(tmp_path: Path) -> None:
    history = History()
    history.take(event(Suggestion(0, {"a": 1, "b": "x"}), "done") | {"value": 1.0})
    for number, state in enumerate(["done", "failed", "pruned", "running"], 1):
        history.take(event(Suggestion(number, {"a": number, "b": "y"}), state) | {"value": 1.0})
    method = Method(make("grid", SPACE, goal="max", seed=1), tmp_path / "search.json", history, 4)
    asked = []
    while isinstance(answer := method.ask(), Suggestion):
        asked.append((answer.number, answer.params["a"], answer.params["b"]))
    assert asked[:5] == [(5, 1, "x"), (6, 2, "x"), (7, 3, "x"), (8, 4, "x"), (9, 5, "x")]
    assert {(a, b) for _, a, b in asked} == EVERYTHING - {(n, "y") for n in range(1, 5)}
