"""Whoever is killed in the middle of a run: it goes on or ends with a reason, and is recorded once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psutil

from kflab.runs.process import MARK

from .conftest import Lab, children, until


def process(lab: Lab, run: str, module: str) -> psutil.Process:
    """The process of this run that runs a module of ours."""
    (found,) = [one for one in children(lab.pid, module) if any(run in word for word in one.cmdline())]
    return found


def alive(run: str) -> list[int]:
    """The processes that carry the run's mark."""
    found = []
    for one in psutil.process_iter():
        try:
            if run in one.environ().get(MARK, "") and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one.pid)
        except psutil.Error:
            continue
    return found


def recorded_once(lab: Lab, run: str, state: str) -> None:
    """The run's execution in its end state, and each of its artifacts, once."""
    (step,) = until(lambda: [e for e in lab.recorded(run) if e["state"] == state])
    assert step["properties"]["last_seq"] == lab.events(run)[-1]["seq"]
    assert len(lab.recorded(run)) == 1
    made = sorted(e["type"] for e in lab.recorded(run, "artifacts"))
    assert made == (["system.Metrics", "system.Model"] if state == "COMPLETE" else [])


def last_activity(lab: Lab) -> datetime:
    answer = lab.http.get(f"{lab.base}api/status", params={"no_track_activity": 1})
    return datetime.fromisoformat(answer.json()["last_activity"])


def helpers(lab: Lab) -> list[psutil.Process]:
    """The processes of the server that live no longer than it."""
    lab.get("metadata/artifacts")
    found = [*children(lab.pid, "kflab.metadata.worker"), *children(lab.pid, "kflab.ml.inspector")]
    assert len(found) == 2
    return found


def test_a_killed_server_finds_its_run_again(new_lab: Callable[..., Lab]) -> None:
    lab = new_lab().start()
    run = lab.waiting_run()
    before = lab.events(run)
    runner, helping = process(lab, run, "kflab.runs.runner"), helpers(lab)
    lab.kill()
    assert not psutil.wait_procs(helping, timeout=10)[1]
    assert runner.is_running() and alive(run)
    lab.start()
    assert lab.get(f"runs/{run}")["state"] == "running"
    assert lab.events(run)[: len(before)] == before
    first = last_activity(lab)
    until(lambda: last_activity(lab) > first, 15)
    stream = lab.stream(run, before[-1]["seq"])
    lab.go()
    rest = [event for frame in stream.frames() for event in frame]
    # And once more, while it is being recorded.
    lab.kill()
    lab.start()
    assert before + rest == lab.events(run)
    assert lab.ended(run)["state"] == "done"
    recorded_once(lab, run, "COMPLETE")


def test_a_run_ends_while_the_server_is_stopped(new_lab: Callable[..., Lab]) -> None:
    lab = new_lab().start()
    run = lab.waiting_run()
    before = len(lab.events(run))
    helping = helpers(lab)
    lab.stop()
    assert not psutil.wait_procs(helping, timeout=10)[1]
    assert not list(lab.runtime.glob("kflab-*.json"))
    assert alive(run), "a clean stop leaves the run alone"
    lab.go()
    until(lambda: not alive(run))
    lab.start()
    assert lab.get(f"runs/{run}")["state"] == "done"
    assert len(lab.events(run)) > before
    recorded_once(lab, run, "COMPLETE")


def test_a_killed_supervisor_is_told_of(lab: Lab) -> None:
    run = lab.waiting_run()
    before = lab.events(run)
    began = time.monotonic()
    process(lab, run, "kflab.runs.supervisor").kill()
    ended = lab.ended(run)
    assert time.monotonic() - began < 10
    assert (ended["state"], ended["cause"]) == ("failed", "lost")
    assert "start the run again" in ended["text"]
    assert lab.events(run)[:-1] == before
    assert not alive(run), "nothing of it goes on unseen"
    recorded_once(lab, run, "FAILED")


def test_a_killed_runner_is_told_of(lab: Lab) -> None:
    run = lab.waiting_run()
    before = lab.events(run)
    process(lab, run, "kflab.runs.runner").kill()
    ended = lab.ended(run)
    assert (ended["state"], ended["cause"]) == ("failed", "signal")
    assert "SIGKILL" in ended["text"]
    events = lab.events(run)
    assert events[: len(before)] == before
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert not alive(run)
    recorded_once(lab, run, "FAILED")
    answer: dict[str, Any] = lab.post(f"runs/{run}/evaluate").json()
    assert "failed" in answer["message"]
