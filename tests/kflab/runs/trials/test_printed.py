"""What trials print: how much of it becomes events, and where the rest is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kflab.runs import pipes
from kflab.runs.events import problem
from kflab.runs.trials import printed
from kflab.runs.trials.printed import Printed


class Said:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[dict[str, Any]] = []
        self.file = path.open("ab", buffering=0)
        self.printed = Printed(self.file, self.emit)

    def emit(self, type: str, /, **fields: Any) -> None:
        assert problem({"type": type, **fields}) is None
        self.events.append({"type": type, **fields})

    def text(self, trial: int | None) -> str:
        return "".join(e["text"] for e in self.events if e["type"] == "log" and e.get("trial") == trial)


@pytest.fixture
def said(tmp_path: Path) -> Iterator[Said]:
    made = Said(tmp_path / "log.txt")
    yield made
    made.file.close()


def test_all_is_in_the_file_and_in_pieces_in_the_events(said: Said) -> None:
    said.printed.take("stdout", "ä" * 9000, 1)
    said.printed.take("stderr", "between\n", None)
    assert said.text(1) == "ä" * 9000
    assert said.text(None) == "between\n"
    assert said.path.read_text() == "ä" * 9000 + "between\n"


def test_one_trial_leaves_room_for_the_others(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printed, "_OF_TRIAL", 100)
    for _ in range(3):
        said.printed.take("stdout", "x" * 60, 1)
    said.printed.take("stdout", "y" * 60, 2)
    assert said.text(1) == "x" * 100 + "\n… the rest is in log.txt in the run's folder\n"
    assert said.text(2) == "y" * 60
    assert said.path.read_text() == "x" * 180 + "y" * 60


@pytest.mark.parametrize("trials", [range(1, 200), [None] * 199])
def test_over_the_whole_search_events_are_limited_and_say_so_once(
    said: Said, monkeypatch: pytest.MonkeyPatch, trials: list[int | None]
) -> None:
    monkeypatch.setattr(pipes, "LOG_EVENTS", 1000)
    for trial in trials:
        said.printed.take("stdout", "x" * 60, trial)
    assert sum(len(e["text"]) for e in said.events if e["type"] == "log") == 1020
    [warning] = [e for e in said.events if e["type"] == "warning"]
    assert warning["code"] == "log-long" and "log.txt" in warning["hint"]
    assert len(said.path.read_text()) == 199 * 60


def test_the_file_has_one_limit_whoever_writes_to_it(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "_LOG_TEXT", 100)
    with said.path.open("ab", buffering=0) as other:
        for _ in range(3):
            said.printed.take("stdout", "x" * 30, 1)
            pipes.keep(other, b"y" * 30)
    assert said.path.stat().st_size == 100
