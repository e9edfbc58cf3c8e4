"""The event log: one writer that may die at any byte, any number of readers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kflab.runs.log import EventLog, Tail, read, summary


def seqs(path: Path) -> list[int]:
    return [event["seq"] for event in read(path, limit=10**6)]


texts = st.lists(st.text(max_size=40), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(texts, st.data())
def test_a_log_cut_at_any_byte_is_its_complete_prefix_and_goes_on_without_a_gap(
    printed: list[str], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        with EventLog(path) as log:
            for text in printed:
                log.append("log", stream="stdout", text=text)
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        complete = whole[:cut].count(b"\n")
        assert seqs(path) == list(range(1, complete + 1))
        assert path.read_bytes() == whole[:cut], "reading must not change the log"
        with EventLog(path) as log:
            assert log.seq == complete
            log.append("done")
        assert seqs(path) == list(range(1, complete + 2))
        assert path.read_bytes().startswith(whole[: whole[:cut].rfind(b"\n") + 1])


@settings(max_examples=100, deadline=None)
@given(texts, st.binary(max_size=200))
def test_rubbish_behind_the_last_event_is_no_event_and_is_cut(printed: list[str], rubbish: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        with EventLog(path) as log:
            for text in printed:
                log.append("log", stream="stdout", text=text)
        whole = path.read_bytes()
        path.write_bytes(whole + rubbish)
        assert seqs(path) == list(range(1, len(printed) + 1))
        with EventLog(path) as log:
            log.append("done")
        assert seqs(path) == list(range(1, len(printed) + 2))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9000), min_size=1, max_size=40), st.integers(0, 45), st.integers(1, 50))
def test_read_starts_behind_since_wherever_that_lies(sizes: list[int], since: int, limit: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        with EventLog(path) as log:
            for size in sizes:
                log.append("log", stream="stdout", text="é" * size)
        expected = [n for n in range(1, len(sizes) + 1) if n > since][:limit]
        assert [event["seq"] for event in read(path, since, limit)] == expected
        first, last = summary(path)
        assert (first and first["seq"], last and last["seq"]) == (1, len(sizes))


def test_each_event_is_one_line_with_its_version_number_and_time(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.append("log", stream="stdout", text="two\nlines\u2028and\r more")
        log.append("done")
    lines = path.read_bytes().split(b"\n")
    assert len(lines) == 3 and lines[2] == b""
    event = json.loads(lines[0])
    assert list(event)[:4] == ["v", "seq", "time", "type"]
    assert event["v"] == 1 and event["seq"] == 1
    assert event["time"].endswith("Z") and len(event["time"]) == len("2026-01-01T00:00:00.000Z")


def test_a_tail_gives_each_event_once_and_waits_for_the_rest_of_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = Tail(path, since=1)
    assert tail.read() == []
    with EventLog(path) as log:
        for _ in range(3):
            log.append("done")
        assert [event["seq"] for event in tail.read(limit=1)] == [2]
        assert [event["seq"] for event in tail.read()] == [3]
        with path.open("ab") as other:
            other.write(b'{"v":1,"seq":4,"ti')
        assert tail.read() == []
    with EventLog(path) as log:
        log.append("done")
    assert [event["seq"] for event in tail.read()] == [4]


def test_an_event_that_is_no_json_or_too_long_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        with pytest.raises(ValueError):
            log.append("metric", value=float("nan"))
        with pytest.raises(ValueError, match="too long"):
            log.append("log", text="x" * 300_000)
        log.append("done")
    assert seqs(path) == [1]


FILLS = """
import resource, signal, sys
from pathlib import Path
from kflab.runs.log import EventLog, LogFull

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
log = EventLog(Path(sys.argv[1]))
try:
    while True:
        log.append("log", stream="stdout", text="x" * 300)
except LogFull:
    sys.exit(0)
"""


def test_a_file_that_may_not_grow_keeps_whole_events_and_says_that_it_is_full(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    # The limit cannot be taken back, so it is tried in a process of its own.
    subprocess.run([sys.executable, "-c", FILLS, str(path)], check=True, timeout=60)
    assert path.read_bytes().endswith(b"\n"), "the torn line was taken back"
    found = seqs(path)
    assert len(found) >= 5 and found == list(range(1, len(found) + 1))
