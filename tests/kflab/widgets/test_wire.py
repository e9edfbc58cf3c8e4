"""Large messages are packed, and a kernel says no more at once than Jupyter's server lets through."""

from __future__ import annotations

import gzip
import json

import pytest

from kflab.widgets.wire import Pace, pack


def test_small_data_is_in_the_message() -> None:
    assert pack({"kind": "answer"}, {"a": 1}) == ({"kind": "answer", "data": {"a": 1}}, [])
    assert pack({"kind": "answer"}, None) == ({"kind": "answer", "data": None}, [])


def test_large_data_is_a_compressed_buffer() -> None:
    events = [{"seq": n, "type": "epoch", "train": {"loss": 1 / (n + 1)}} for n in range(5000)]
    message, buffers = pack({"kind": "frame"}, events)
    assert message == {"kind": "frame", "packed": True}
    assert json.loads(gzip.decompress(buffers[0])) == events
    assert len(buffers[0]) < len(json.dumps(events)) / 3


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack({}, float("nan"))


def test_a_burst_goes_at_once_and_then_it_is_spread() -> None:
    clock = 100.0
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal clock
        pauses.append(seconds)
        clock += seconds

    pace = Pace(rate=100, burst=200, now=lambda: clock, sleep=sleep)
    pace.wait(200)
    assert pauses == []
    for _ in range(10):
        pace.wait(100)
    assert sum(pauses) == pytest.approx(10)
    clock += 60  # quiet for long: a burst may go again, but no larger one
    pauses.clear()
    pace.wait(200)
    pace.wait(100)
    assert sum(pauses) == pytest.approx(1)
