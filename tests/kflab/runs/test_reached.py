"""How far a run is that is not done, as the list of runs has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kflab.runs import manager as manager_module
from kflab.runs.log import Tail
from kflab.runs.manager import RunManager
from kflab.runs.reached import Course

from .tuned import DONE, RESUMED, Logged, end, log, running

TUNING = {"objective": {"metric": "accuracy"}, "budget": {"trials": 12}}
CANCELLED = {"type": "cancelled", "by": "ann"}


def shown(manager: RunManager, run: Logged) -> tuple[Any, Any]:
    found = manager.get(run.id)
    return (
        found.reached and (found.reached.done, found.reached.of, found.reached.unit),
        found.best and (found.best.metric, found.best.value, found.best.trial),
    )


def test_a_search_tells_of_its_trials_and_the_best_so_far(tmp_path: Path) -> None:
    manager, run = RunManager(tmp_path), Logged(tmp_path, tuning=TUNING)
    assert shown(manager, run) == (None, None)
    run.say(running(0))
    assert shown(manager, run) == ((0, 12, "trial"), None)
    run.say(end(0, value=0.7), running(1), running(2))
    assert shown(manager, run) == ((0, 12, "trial"), ("accuracy", 0.7, 0)), "the baseline is not counted"
    run.say(end(1, "failed"), end(2, value=0.9), running(3), running(4))
    assert shown(manager, run) == ((2, 12, "trial"), ("accuracy", 0.9, 2))
    run.say(end(3, "pruned"), end(4, value=0.9))
    assert shown(manager, run) == ((4, 12, "trial"), ("accuracy", 0.9, 2)), "the earliest of equals"


def test_less_is_better_where_the_metric_says_so(tmp_path: Path) -> None:
    run = Logged(tmp_path, tuning={"objective": {"metric": "rmse"}})
    run.say(*(end(n, value=value, metrics={"rmse": value}) for n, value in enumerate((3.0, 1.0, 2.0))))
    assert shown(RunManager(tmp_path), run)[1] == ("rmse", 1.0, 1)


def test_a_search_that_was_ended_keeps_what_it_had_and_one_that_is_done_is_as_it_says(tmp_path: Path) -> None:
    manager, run = RunManager(tmp_path), Logged(tmp_path, tuning=TUNING)
    run.say(end(0, value=0.7), end(1, value=0.8), running(2), CANCELLED)
    for asked in (manager, RunManager(tmp_path)):
        assert shown(asked, run) == ((1, 12, "trial"), ("accuracy", 0.8, 1))
    run.say(RESUMED, running(2), end(2, value=0.85))
    assert shown(manager, run) == ((2, 12, "trial"), ("accuracy", 0.85, 2))
    run.say(DONE)
    assert shown(manager, run) == (None, ("accuracy", 0.9, 1))


def test_a_training_tells_of_its_last_step(tmp_path: Path) -> None:
    manager, run = RunManager(tmp_path), Logged(tmp_path, kind="train")
    run.say({"type": "stage", "name": "fit", "state": "begin"})
    assert shown(manager, run) == (None, None)
    for step in (1, 2):
        run.say({"type": "epoch", "step": step, "of": 20, "unit": "epoch", "seconds": 0.1})
        assert shown(manager, run) == ((step, 20, "epoch"), None)


def test_only_what_is_new_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manager, run = RunManager(tmp_path), Logged(tmp_path, tuning=TUNING)
    run.say(*(end(n) for n in range(8)))
    manager.get(run.id)
    read = []

    class Counted(Tail):
        def read(self, limit: int = 1000) -> list[dict[str, Any]]:
            found = super().read(limit)
            read.extend(event["seq"] for event in found)
            return found

    monkeypatch.setattr(manager_module, "Tail", Counted)
    run.say(end(8))
    assert shown(manager, run)[0] == (8, 12, "trial")
    manager.get(run.id)
    assert read == [9]


EVENTS = st.lists(
    st.builds(end, st.integers(0, 4), st.sampled_from(["done", "failed", "pruned"]))
    | st.builds(running, st.integers(0, 4)),
    max_size=20,
)


@given(EVENTS, st.integers(0, 20))
def test_in_pieces_it_is_the_same(events: list[dict[str, Any]], cut: int) -> None:
    whole = log(events)
    assert Course().after(whole[:cut]).after(whole[cut:]) == Course().after(whole)
