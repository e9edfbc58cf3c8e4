"""Trials that are stopped one by one, while the search goes on."""

from __future__ import annotations

import gc
import sys
from typing import Any

import psutil
import pytest

from kflab.runs import libraries
from kflab.runs.failure import TuningError
from kflab.runs.folder import RunFolder
from kflab.runs.trials import chief
from kflab.runs.trials.history import History
from kflab.runs.trials.pool import Heard
from kflab.runs.trials.stops import ask_to_stop, asked_to_stop, stopped
from tests.kflab.runs.conftest import until
from tests.kflab.runs.trials.test_chief import Bench, Clock, bench

__all__ = ["bench"]
pytestmark = pytest.mark.timeout(180)


def at_work(heard: Heard, trial: int) -> bool:
    return heard.kind == "printed" and heard.trial == trial


def test_it_ends_and_the_method_and_the_other_trials_go_on(bench: Bench) -> None:
    def stop(heard: Heard) -> None:
        if at_work(heard, 1):
            ask_to_stop(bench.folder, 1)

    params = [{"a": 1.0, "do": "hang"}, {"a": 2.0}, {"a": 2.5}]
    ending = bench.search(params, budget={"parallel": 2}, watch=stop)
    assert [bench.trials()[n]["state"] for n in range(4)] == ["done", "pruned", "done", "done"]
    assert bench.method is not None and bench.method.told[1] == (None, "pruned")
    assert ending["best"]["trial"] == 3
    assert asked_to_stop(bench.folder) == []


@pytest.mark.parametrize("by", ["request", "time"])
def test_one_that_was_done_just_before_counts(bench: Bench, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    clock, predicted = Clock(), bench.root / "predicted"
    monkeypatch.setattr(chief, "time", clock)

    def idle(worker: psutil.Process) -> bool:
        before = worker.cpu_times()
        return not psutil.wait_procs([worker], 0.1)[1] or worker.cpu_times() == before

    def stop(heard: Heard) -> None:
        if not at_work(heard, 1) or (bench.root / "go").exists():
            return
        worker = bench.worker(1)
        predicted.unlink()  # by the baseline
        (bench.root / "go").touch()
        until(predicted.exists)
        until(lambda: idle(worker))  # it has said that it is done, and nobody has listened yet
        if by == "request":
            ask_to_stop(bench.folder, 1)
        else:
            clock.ahead = 3600.0

    own = bench.root / "own.py"
    own.write_text(
        own.read_text().replace("return np.full", "open('predicted', 'w').close(); return np.full")
    )
    wait = {"a": 2.0, "do": "wait"}
    bench.search([wait, {"a": 1.0}], baseline={"a": 9.0}, budget={"seconds": 3600}, watch=stop)
    assert bench.trials()[1]["state"] == "done" and bench.trials()[1]["value"] < 2


def test_one_whose_worker_was_lost_does_not_run_again(bench: Bench) -> None:
    def stop(heard: Heard) -> None:
        if at_work(heard, 1):
            bench.worker(1).kill()
        if heard.kind == "died":
            ask_to_stop(bench.folder, 1)

    bench.search([{"a": 1.0, "do": "hang"}, {"a": 2.0}], watch=stop)
    assert [bench.trials()[n]["state"] for n in (1, 2)] == ["pruned", "done"]
    assert bench.trials()[1]["seconds"] < 5


def test_a_request_that_was_not_heard_holds_when_the_search_goes_on(bench: Bench) -> None:
    cut_off: dict[str, Any] = {"a": 1.0, "do": "hang"}
    history = History()
    for number, fields in enumerate(({"state": "done", "value": 1.0, "seconds": 1.0}, {"state": "running"})):
        history.take(
            {
                "type": "trial",
                "trial": number,
                "params": cut_off,
                "baseline": number == 0,
                "metrics": {"rmse": 1.0},
                **fields,
            }
        )
    ask_to_stop(bench.folder, 1)
    bench.search([{"a": 2.0}], history=history)
    assert bench.trials()[1]["state"] == "pruned"


def test_if_all_are_stopped_that_is_the_reason(bench: Bench) -> None:
    def stop(heard: Heard) -> None:
        if heard.kind == "printed" and heard.trial is not None:
            ask_to_stop(bench.folder, heard.trial)

    hang = {"a": 1.0, "do": "hang"}
    with pytest.raises(TuningError, match="All trials were stopped"):
        bench.search([hang], baseline=hang, watch=stop)


def test_what_is_no_request_is_left_alone(bench: Bench) -> None:
    folder = RunFolder(bench.folder.path)
    stops = folder.stop
    (stops / ".ipynb_checkpoints").mkdir(parents=True)
    (stops / "7").mkdir()
    for name in ("x", "-1", "\u0663", "01", "1234567890", "3"):
        (stops / name).touch()
    assert asked_to_stop(folder) == [3, 7]
    for trial in (3, 7):
        stopped(folder, trial)
    assert {path.name for path in stops.iterdir()} == {
        ".ipynb_checkpoints",
        "7",
        "x",
        "-1",
        "\u0663",
        "01",
        "1234567890",
    }


def test_files_elsewhere_are_not_taken_for_requests_that_are_done(bench: Bench) -> None:
    elsewhere = bench.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "3").touch()
    bench.folder.stop.symlink_to(elsewhere)
    stopped(bench.folder, 3)
    assert (elsewhere / "3").exists()


@pytest.mark.parametrize("family", ["sklearn:Ridge", "sklearn:NoSuch"])
def test_garbage_is_looked_for_again_once_libraries_are_there(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if family == "sklearn:NoSuch":
        monkeypatch.setitem(sys.modules, "kflab.ml.training", None)
        with pytest.raises(ImportError):
            libraries.load(family)
    else:
        libraries.load(family)
    assert gc.isenabled()
