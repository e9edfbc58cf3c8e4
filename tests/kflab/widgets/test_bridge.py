"""The kernel asks in the views' place: on a real server, without ever waiting where messages are read."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kflab.sdk.connection import Connection
from kflab.widgets import bridge as bridge_module
from kflab.widgets.cells import Cells
from kflab.widgets.code import code
from tests.kflab.server.conftest import QUICK, Lab, until
from tests.kflab.widgets.conftest import Talk


class Held:
    """A server that answers when it is let go."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.go = threading.Event()

    def request(self, method: str, path: str, _: Any = None) -> str:
        self.asked.append((method, path))
        assert self.go.wait(30)
        return "late"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    there = Held()
    monkeypatch.setattr(bridge_module, "find", lambda: there)
    yield there
    there.go.set()


def followers() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("kflab stream")]


def test_a_request_is_answered(lab: Lab, talk: Talk) -> None:
    answer = talk.ask("GET", "models")
    assert {m["family"] for m in json.loads(json.dumps(answer["data"]))["items"]} >= {
        "sklearn:RandomForestClassifier"
    }
    assert "error" not in answer


def test_a_refusal_has_its_status_and_fields(lab: Lab, talk: Talk) -> None:
    error = talk.ask("POST", "runs", {"kind": "train", "dataset": {"uri": "sklearn:wine"}, "wrong": 1})[
        "error"
    ]
    assert error["status"] == 400
    assert "wrong" in {field["field"] for field in error["fields"]}
    # The sentence alone: the fields stand beside it.
    assert "\n" not in error["message"]
    assert talk.ask("GET", "runs/01ARZ3NDEKTSV4RRFFQ69G5FAV")["error"]["status"] == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "../../api/kernels"),
        ("GET", "http://evil.example/"),
        ("PUT", "runs"),
        ("GET", "runs/%2e%2e/x"),
    ],
)
def test_what_is_not_of_the_api_reaches_no_server(held: Held, talk: Talk, method: str, path: str) -> None:
    error = talk.ask(method, path)["error"]
    assert error["status"] == 400
    talk.say("follow", path=path if method == "GET" else "../x")
    assert talk.ear.wait(lambda: talk.ear.of("stream"))[0]["connected"] is False
    assert held.asked == []
    assert followers() == []


def test_no_server_at_all(talk: Talk, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("KFLAB_URL", f"http://127.0.0.1:{free_port}/")
    monkeypatch.setenv("KFLAB_TOKEN", "secret-of-nobody")
    error = talk.ask("GET", "runs")["error"]
    assert error["status"] == 0
    assert "does not answer" in error["message"]
    assert "secret-of-nobody" not in json.dumps(talk.ear.heard, default=str)


def test_hearing_never_waits_and_an_aborted_request_is_not_answered(held: Held, talk: Talk) -> None:
    began = time.monotonic()
    first = talk.say("request", method="GET", path="runs")
    second = talk.say("request", method="GET", path="models")
    talk.say("abort", call=first)
    talk.say("alive", ping=7, updates=True)
    assert time.monotonic() - began < 5  # the server has not answered yet
    assert talk.ear.of("here")[0] == {"kind": "here", "client": "view", "ping": 7, "open": [second]}
    assert talk.bridge.updates
    held.go.set()
    talk.ear.wait(lambda: talk.ear.of("answer", second))
    assert talk.ear.of("answer", first) == []
    talk.say("alive", ping=8, updates=False)
    assert not talk.bridge.updates


def test_what_a_person_has_done_shows_soon(lab: Lab, talk: Talk) -> None:
    talk.ask("GET", "runs")
    talk.ear.wait(lambda: talk.ear.touched == [False])
    run = talk.ask("POST", "runs", QUICK)["data"]["id"]
    talk.ear.wait(lambda: talk.ear.touched[-1])
    talk.ask("POST", f"runs/{run}/cancel")
    lab.ended(run)


def test_a_run_is_followed_to_its_end(lab: Lab, talk: Talk) -> None:
    run = lab.run()
    call = talk.say("follow", path=f"runs/{run}/stream?since=0")

    def events() -> list[dict[str, Any]]:
        return [event for frame in talk.ear.of("frame", call) for event in unpacked(talk, frame)]

    talk.ear.wait(lambda: (found := events()) and found[-1]["type"] == "done")
    seqs = [event["seq"] for event in events()]
    assert seqs == list(range(1, len(seqs) + 1))
    assert [s["connected"] for s in talk.ear.of("stream", call)] == [True]
    until(lambda: followers() == [])
    assert talk.ear.touched[-1]
    assert lab.token not in json.dumps(talk.ear.heard, default=repr)


def unpacked(talk: Talk, frame: dict[str, Any]) -> list[dict[str, Any]]:
    data = frame.get("data")
    if frame.get("packed"):
        buffers = next(buffers for message, buffers in talk.ear.heard if message is frame)
        data = json.loads(gzip.decompress(buffers[0]))
    assert isinstance(data, list)
    return data


def test_a_stream_outlives_the_server(
    new_lab: Callable[..., Lab], talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = new_lab().start()
    monkeypatch.setenv("KFLAB_URL", lab.base)
    monkeypatch.setenv("KFLAB_TOKEN", lab.token)
    run = lab.waiting_run()
    call = talk.say("follow", path=f"runs/{run}/stream?since=0")
    talk.ear.wait(lambda: talk.ear.of("frame", call))
    lab.kill()
    talk.ear.wait(lambda: talk.ear.of("stream", call)[-1]["connected"] is False)
    lab.go()
    lab.start()

    def events() -> list[dict[str, Any]]:
        return [event for frame in talk.ear.of("frame", call) for event in unpacked(talk, frame)]

    talk.ear.wait(lambda: events()[-1]["type"] == "done")
    seqs = [event["seq"] for event in events()]
    assert seqs == list(range(1, len(seqs) + 1))


def test_a_view_that_goes_stops_its_streams(lab: Lab, talk: Talk) -> None:
    run = lab.waiting_run()
    path = f"runs/{run}/stream?since=0"
    first = talk.say("follow", path=path)
    second = talk.say("follow", path=path)
    talk.ear.wait(lambda: talk.ear.of("frame", first) and talk.ear.of("frame", second))
    talk.say("leave", call=first)
    until(lambda: len(followers()) == 1)
    talk.say("bye")
    until(lambda: followers() == [])
    lab.go()
    lab.ended(run)


def test_a_page_that_was_closed_is_forgotten_but_not_while_a_cell_runs(
    lab: Lab, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = Cells()
    monkeypatch.setattr(bridge_module, "cells", lambda: cells)
    run = lab.waiting_run()
    call = talk.say("follow", path=f"runs/{run}/stream?since=0")
    talk.ear.wait(lambda: talk.ear.of("frame", call))
    talk.bridge.drop_forgotten(time.monotonic() + 100)
    cells.begin()
    talk.bridge.drop_forgotten(time.monotonic() + 1000)
    assert talk.ear.of("dropped") == []
    cells.end()
    talk.bridge.drop_forgotten(time.monotonic() + 1000)
    # Should it live after all, it is told where it stands.
    assert talk.ear.of("dropped", call) == [{"kind": "dropped", "client": "view", "call": call}]
    until(lambda: followers() == [])
    lab.go()
    lab.ended(run)


def test_the_views_come_with_their_styles(talk: Talk) -> None:
    built = code()
    talk.bridge.hear({"kind": "code", "hash": built.hash})
    talk.ear.wait(lambda: talk.ear.of("code"))
    [(_, (script, styles))] = talk.ear.heard
    assert b"export{" in gzip.decompress(script)
    assert b".kf-Widget" in gzip.decompress(styles)
    # Jupyter's server lets 3 MB of a kernel through at once.
    assert len(script) + len(styles) < 1_000_000
    talk.bridge.hear({"kind": "code", "hash": "of another version"})
    talk.ear.wait(lambda: len(talk.ear.of("code")) == 2)
    assert "restart the kernel" in talk.ear.of("code")[1]["error"]


def test_every_style_holds_inside_a_widget_only() -> None:
    styles = gzip.decompress(code().parts[1]).decode()
    rules = styles.replace("{", "{\n").replace("}", "}\n").splitlines()
    selectors = [line[:-1] for line in rules if line.endswith("{") and not line.startswith("@")]
    loose = [
        s for s in selectors if ".kf-Widget" not in s and not s.endswith("%") and s not in ("from", "to")
    ]
    assert len(selectors) > 100
    assert loose == []


@pytest.mark.parametrize(
    "message",
    [
        None,
        "request",
        {},
        {"kind": "request"},
        {"kind": 1, "client": "view"},
        {"kind": "request", "client": "view", "call": "1", "method": "GET", "path": "runs"},
        {"kind": "request", "client": "view", "call": 1, "method": "GET", "path": ["runs"]},
        {"kind": "follow", "client": "view", "call": 1},
        {"kind": "no such", "client": "view"},
    ],
)
def test_what_is_no_message_is_written_down_and_left(
    held: Held, talk: Talk, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "kflab"):
        talk.bridge.hear(message)
    assert "panel has sent" in caplog.text
    assert talk.ear.heard == []
    assert held.asked == []


def test_the_token_goes_to_no_other_address(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is sent elsewhere is lost, and not followed there."""
    from kflab.widgets import streams

    asked: dict[str, Any] = {}

    def create_connection(url: str, **options: Any) -> None:
        asked.update(options, url=url)
        raise OSError("no one there")

    monkeypatch.setattr(streams.websocket, "create_connection", create_connection)
    with pytest.raises(OSError, match="no one"):
        streams._open(Connection("http://127.0.0.1:1/kflab/api/", "secret"), "runs/R/stream?since=0")
    assert asked["url"] == "ws://127.0.0.1:1/kflab/api/runs/R/stream?since=0"
    assert asked["redirect_limit"] == 0
    assert asked["http_no_proxy"] == ["*"]
