"""A run followed over the websocket: each event once, in order, up to the last."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import websocket

from .conftest import QUICK, Lab, Stream

NO_RUN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
NORMAL = 1000


@pytest.fixture(scope="module")
def followed(lab: Lab) -> tuple[str, list[dict[str, Any]], int | None]:
    """A run that is done, what a listener heard of it meanwhile, and the code of the goodbye."""
    run = lab.run()
    stream = lab.stream(run)
    return run, rest(stream), stream.closed


@pytest.fixture(scope="module")
def ended(followed: tuple[str, list[dict[str, Any]], int | None]) -> str:
    return followed[0]


@pytest.fixture
def waiting(lab: Lab) -> Iterator[str]:
    """A run in the middle."""
    run = lab.waiting_run()
    yield run
    lab.go()
    lab.ended(run)


def rest(stream: Stream) -> list[dict[str, Any]]:
    return [event for frame in stream.frames() for event in frame]


def seqs(events: list[dict[str, Any]]) -> list[int]:
    return [event["seq"] for event in events]


def until_seq(stream: Stream, seq: int) -> list[dict[str, Any]]:
    """The events up to the frame that has this one."""
    found: list[dict[str, Any]] = []
    for frame in stream.frames():
        found += frame
        if found[-1]["seq"] >= seq:
            break
    return found


def test_from_the_beginning_to_the_end(
    lab: Lab, followed: tuple[str, list[dict[str, Any]], int | None]
) -> None:
    run, seen, closed = followed
    assert closed == NORMAL
    assert seqs(seen) == list(range(1, len(seen) + 1))
    assert seen[-1]["type"] == "done"
    assert seen == lab.events(run), "the same as over REST"


def test_a_run_that_has_ended_is_all_there(lab: Lab, ended: str) -> None:
    stream = lab.stream(ended)
    assert rest(stream) == lab.events(ended)
    assert stream.closed == NORMAL


def test_resumed_anywhere_there_is_no_gap_and_nothing_double(lab: Lab, ended: str) -> None:
    everything = lab.events(ended)
    for since in range(len(everything)):
        stream = lab.stream(ended, since)
        assert rest(stream) == everything[since:]
        assert stream.closed == NORMAL


@pytest.mark.parametrize("more", [0, 1, 10**14])
def test_nothing_new_is_no_frame(lab: Lab, ended: str, more: int) -> None:
    stream = lab.stream(ended, len(lab.events(ended)) + more)
    assert list(stream.frames()) == []
    assert stream.closed == NORMAL


def test_left_in_the_middle_and_resumed(lab: Lab, waiting: str) -> None:
    there = len(lab.events(waiting))
    first = lab.stream(waiting)
    before = until_seq(first, there)
    first.close()
    second = lab.stream(waiting, before[-1]["seq"])
    lab.go()
    after = rest(second)
    assert second.closed == NORMAL
    assert before + after == lab.events(waiting)
    assert after[-1]["type"] == "done"


def test_two_listeners_at_once_see_the_same(lab: Lab, waiting: str) -> None:
    there = len(lab.events(waiting))
    first, late = lab.stream(waiting), lab.stream(waiting, there)
    quits = lab.stream(waiting)
    until_seq(quits, there)
    first.say("cancel")
    with ThreadPoolExecutor(2) as threads:
        each = [threads.submit(rest, stream) for stream in (first, late)]
        quits.close()
        lab.go()
        all_of_it, end_of_it = (one.result() for one in each)
    assert all_of_it == lab.events(waiting)
    assert end_of_it == all_of_it[there:]
    assert (first.closed, late.closed) == (NORMAL, NORMAL)


def test_a_run_that_is_cancelled_and_deleted(lab: Lab) -> None:
    run = lab.run()
    stream = lab.stream(run)
    assert lab.post(f"runs/{run}/cancel").status_code == 202
    assert rest(stream)[-1]["type"] == "cancelled"
    assert stream.closed == NORMAL
    assert lab.http.delete(f"runs/{run}").status_code == 204
    assert handshake(lab, f"runs/{run}/stream") == 404


@pytest.mark.parametrize("since", ["-1", "x", "1.5", "", "%C2%B2", "1" * 16, "%FF"])
def test_a_since_that_is_none(lab: Lab, ended: str, since: str) -> None:
    assert handshake(lab, f"runs/{ended}/stream?since={since}") == 400


@pytest.mark.parametrize("run", [NO_RUN, "nothing", "..%2F..", "%00"])
def test_no_such_run(lab: Lab, run: str) -> None:
    assert handshake(lab, f"runs/{run}/stream") == 404


def test_a_plain_request_is_told_so(lab: Lab, ended: str) -> None:
    answer = lab.http.get(f"runs/{ended}/stream")
    assert answer.status_code == 400


def test_many_events_come_in_few_frames(lab: Lab) -> None:
    (lab.workspace / "talks.py").write_text(TALKS)
    run = lab.run({**QUICK, "model": {"family": "talks.py:build"}})
    stream = lab.stream(run)
    began = time.monotonic()
    frames = list(stream.frames())
    assert len(frames) <= (time.monotonic() - began) / 0.1 + 2
    events = [event for frame in frames for event in frame]
    assert seqs(events) == list(range(1, len(events) + 1))
    printed = "".join(e["text"] for e in events if e["type"] == "log" and e["stream"] == "stdout")
    assert [int(word) for word in printed.split() if word.isdigit()] == list(range(20_000))


TALKS = """
from sklearn.linear_model import LogisticRegression

class Talks(LogisticRegression):
    def fit(self, x, y):
        for number in range(20_000):
            print(number)
        return super().fit(x, y)

def build():
    return Talks()
"""


def handshake(lab: Lab, path: str) -> int:
    """The status with which the server refuses to open the websocket."""
    with pytest.raises(websocket.WebSocketBadStatusException) as refusal:
        websocket.create_connection(
            lab.api.replace("http", "ws", 1) + path,
            timeout=20,
            header=[f"Authorization: token {lab.token}"],
        )
    return int(refusal.value.status_code)
