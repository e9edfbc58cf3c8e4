"""A run followed from Python, with a scripted server."""

from __future__ import annotations

from typing import Any

import pytest

from kflab.sdk import training
from kflab.sdk.connection import Unreachable
from kflab.sdk.training import RunFailed, RunHandle


class Server:
    """Answers each question for events with the next page; an exception among them is raised."""

    def __init__(self, *pages: Any, run: dict[str, Any] | None = None) -> None:
        self._pages = list(pages)
        self._run = run or {}
        self.since: list[int] = []

    def request(self, method: str, path: str, body: Any = None, query: Any = None) -> Any:
        if not path.endswith("/events"):
            return self._run
        self.since.append(query["since"])
        page = self._pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page


def page(state: str, *events: dict[str, Any], next: int = 0) -> dict[str, Any]:
    return {"state": state, "items": list(events), "next_since": next}


def epoch(step: int, **validation: float) -> dict[str, Any]:
    return {"type": "epoch", "step": step, "of": 20, "unit": "epoch", "validation": validation}


FIT = {"type": "stage", "name": "fit", "state": "begin"}


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Any:
    def given(server: Server) -> Server:
        monkeypatch.setattr(training, "find", lambda: server)
        monkeypatch.setattr(training, "_POLL", 0)
        return server

    return given


def test_the_bar_shows_stage_steps_and_the_last_measure(
    serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(
        Server(
            page("running", FIT, epoch(3, loss=0.51234), next=2),
            Unreachable("restarting"),
            page("done", epoch(20, loss=0.25), next=3),
            page("done"),
        )
    )
    run = RunHandle("one")
    assert run.wait() is run
    assert server.since == [0, 2, 2, 3]  # a server that restarts is asked again for what is missing
    shown = capsys.readouterr().err
    assert "fit" in shown and "3/20" in shown and "validation loss=0.5123" in shown
    assert "20/20" in shown.split("\r")[-1] and "validation loss=0.25" in shown.split("\r")[-1]


def test_no_bar_where_none_is_wanted(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    serve(Server(page("done", FIT, epoch(20, loss=0.25), next=2), page("done")))
    RunHandle("one").wait(progress=False)
    assert capsys.readouterr().err == ""


def test_the_bar_is_closed_when_the_run_fails(serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    serve(
        Server(
            page("failed", FIT, epoch(3, loss=0.5), next=2),
            page("failed"),
            run={"text": "The loss is no number.", "cause": "nan"},
        )
    )
    with pytest.raises(RunFailed, match="no number") as failed:
        RunHandle("one").wait()
    assert failed.value.cause == "nan"
    assert capsys.readouterr().err.endswith("\n")
