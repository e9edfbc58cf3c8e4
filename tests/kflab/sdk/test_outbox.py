"""No server: nothing is lost, and what waited is sent exactly once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kflab
from kflab.sdk import recorder as recorder_module
from kflab.sdk.connection import ApiError, Unreachable
from kflab.sdk.outbox import Outbox, pending


class Store:
    """Answers batches as the API does: ids for refs, the same ids for the same key."""

    def __init__(self) -> None:
        self.batches: dict[str, dict[str, Any]] = {}
        self.ids: dict[str, dict[str, int]] = {}
        self.calls = 0
        self.refuse: dict[str, int] = {}

    def send(self, batch: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        key = batch["key"]
        if key in self.refuse:
            raise ApiError("type is unknown", self.refuse[key])
        if key not in self.ids:
            self.batches[key] = json.loads(json.dumps(batch))
            refs = [n["ref"] for k in ("executions", "artifacts") for n in batch.get(k, []) if "ref" in n]
            self.ids[key] = {ref: 100 * len(self.ids) + i for i, ref in enumerate(refs)}
        return {"ids": self.ids[key], "replayed": False}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def server(store: Store) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = 200, {}
            if self.headers["Authorization"] != "token secret":
                status, answer = 403, {"message": "no"}
            else:
                try:
                    answer = store.send(body)
                except ApiError as error:
                    status, answer = error.status, {"message": str(error)}
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}/"
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No server is known, and the outbox is this test's own."""
    for name in ("KFLAB_URL", "KFLAB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KFLAB_OUTBOX", str(tmp_path / "outbox"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setattr(recorder_module, "_recorder", None)


def connect(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("KFLAB_URL", url)
    monkeypatch.setenv("KFLAB_TOKEN", "secret")


def record() -> tuple[kflab.Execution, kflab.Model, kflab.Metrics]:
    exe = kflab.Execution(name="training", workspace=kflab.Workspace("w"))
    exe.log_input(kflab.DataSet(name="data", uri="file://d.csv"))
    model = exe.log_output(kflab.Model(name="m"))
    return exe, model, exe.log_output(kflab.Metrics(name="eval", model_id=model.id, values={"accuracy": 0.9}))


def test_recorded_without_a_server_and_sent_later_once(
    monkeypatch: pytest.MonkeyPatch, store: Store, server: str
) -> None:
    with pytest.warns(UserWarning, match="sent when a server answers") as caught:
        exe, model, metrics = record()
    assert len(caught) == 1, "one warning, not one for each record"
    assert str(model.id).startswith("pending:")

    connect(monkeypatch, server)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        later = exe.log_output(kflab.Model(name="second"))
    sent = list(store.batches.values())
    assert [b["artifacts"][0]["name"] for b in sent] == ["data", "m", "eval", "second"]
    ids = list(store.ids.values())
    assert exe.id == ids[0]["execution"] and model.id == ids[1]["artifact"] and later.id == ids[3]["artifact"]
    assert [b["executions"][0].get("id") for b in sent] == [None, exe.id, exe.id, exe.id]
    assert sent[2]["artifacts"][0]["set"]["model_id"] == model.id
    assert sent[2]["events"][0]["execution"] == exe.id
    assert metrics.id == ids[2]["artifact"]
    recorder_module.recorder().replay()
    assert store.calls == 4


def test_sent_but_not_told_is_sent_again_under_the_same_key(tmp_path: Path, store: Store) -> None:
    outbox = Outbox(tmp_path, "a")
    outbox.add({"key": "K1", "artifacts": [{"ref": "x"}]})
    outbox.add({"key": "K2", "artifacts": [{"ref": "y", "set": {"of": pending("K1", "x")}}]})

    def dies_after_the_first(batch: dict[str, Any]) -> dict[str, Any]:
        answer = store.send(batch)
        if batch["key"] == "K1":
            raise Unreachable("the answer got lost")
        return answer

    with pytest.raises(Unreachable):
        outbox.replay(dies_after_the_first)
    assert outbox.waiting()
    assert Outbox(tmp_path, "b").replay(store.send) == 2
    assert list(store.batches) == ["K1", "K2"]
    assert store.batches["K2"]["artifacts"][0]["set"]["of"] == store.ids["K1"]["x"]
    # The process that recorded learns the ids although another one sent them.
    assert outbox.resolve(pending("K2", "y")) == store.ids["K2"]["y"]
    assert not outbox.waiting()


def test_a_refused_record_is_kept_aside_and_holds_up_nothing(tmp_path: Path, store: Store) -> None:
    outbox = Outbox(tmp_path, "a")
    for key in ("K1", "K2", "K3"):
        outbox.add({"key": key, "artifacts": [{"ref": "x"}]})
    store.refuse["K2"] = 400
    with pytest.warns(UserWarning, match="was refused"):
        outbox.replay(store.send)
    assert list(store.batches) == ["K1", "K3"]
    assert json.loads((tmp_path / "a.rejected").read_text())["batch"]["key"] == "K2"


@pytest.mark.parametrize("status", [404, 408, 424, 429, 500, 507])
def test_a_refusal_that_may_pass_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, store: Store, server: str, status: int
) -> None:
    with pytest.warns(UserWarning, match="sent when a server answers"):
        exe = kflab.Execution(name="e")
        exe.log_output(kflab.Model(name="first"))
    (waiting,) = recorder_module.recorder().outbox.folder.glob("*.jsonl")
    store.refuse[json.loads(waiting.read_text())["key"]] = status
    connect(monkeypatch, server)
    model = exe.log_output(kflab.Model(name="m"))
    assert not store.batches and str(model.id).startswith("pending:")
    store.refuse.clear()
    assert recorder_module.recorder().replay() == 2
    assert len(store.batches) == 2 and isinstance(model.id, int)


def test_what_was_sent_or_refused_is_done_with_when_the_server_goes_away(
    tmp_path: Path, store: Store
) -> None:
    outbox = Outbox(tmp_path, "a")
    for key in ("K1", "K2"):
        outbox.add({"key": key, "artifacts": [{"ref": "x"}]})
    outbox.add({"key": "K3", "artifacts": [{"ref": "x", "set": {"of": pending("K1", "x")}}]})
    store.refuse = {"K2": 400, "K3": 500}
    with pytest.warns(UserWarning, match="was refused"), pytest.raises(Unreachable, match="type is unknown"):
        outbox.replay(store.send)
    assert outbox.resolve(pending("K1", "x")) == store.ids["K1"]["x"]
    store.refuse = {"K2": 400}
    assert Outbox(tmp_path, "b").replay(store.send) == 1
    assert store.calls == 4 and list(store.batches) == ["K1", "K3"]
    assert store.batches["K3"]["artifacts"][0]["set"]["of"] == store.ids["K1"]["x"]
    assert len((tmp_path / "a.rejected").read_text().splitlines()) == 1
    assert not outbox.waiting()


def test_ids_are_learned_each_time_another_process_sends(tmp_path: Path, store: Store) -> None:
    outbox, other = Outbox(tmp_path, "a"), Outbox(tmp_path, "b")
    for n, sender in enumerate((outbox, other, other)):
        key = f"K{n}"
        outbox.add({"key": key, "artifacts": [{"ref": "x"}]})
        assert outbox.resolve(pending(key, "x")) == pending(key, "x")
        sender.replay(store.send)
        assert outbox.resolve([pending(key, "x")]) == [store.ids[key]["x"]]
    assert outbox.resolve(pending("K0", "x")) == store.ids["K0"]["x"]


def test_who_waits_while_a_file_is_sent_in_part_sends_the_rest(tmp_path: Path, store: Store) -> None:
    outbox = Outbox(tmp_path, "a")
    for key in ("K1", "K2"):
        outbox.add({"key": key, "artifacts": [{"ref": "x"}]})
    other: list[threading.Thread] = []

    def goes_away(batch: dict[str, Any]) -> dict[str, Any]:
        if batch["key"] == "K2":
            other.append(threading.Thread(target=Outbox(tmp_path, "b").replay, args=(store.send,)))
            other[0].start()
            other[0].join(0.3)  # it has the file open by now, and waits for the lock
            assert other[0].is_alive()
            raise Unreachable("gone")
        return store.send(batch)

    with pytest.raises(Unreachable):
        outbox.replay(goes_away)
    other[0].join(60)
    assert list(store.batches) == ["K1", "K2"] and not outbox.waiting()


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(min_value=0, max_value=400))
def test_a_torn_file_keeps_each_whole_line(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder, store = tmp_path_factory.mktemp("outbox"), Store()
    outbox = Outbox(folder, "a")
    for n in range(4):
        outbox.add({"key": f"K{n}", "artifacts": [{"ref": "x", "set": {"n": n}}]})
    file = folder / "a.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[: min(cut, len(whole))])
    complete = whole[: min(cut, len(whole))].count(b"\n")
    outbox.add({"key": "after", "artifacts": [{"ref": "x"}]})
    outbox.replay(store.send)
    assert list(store.batches) == [*(f"K{n}" for n in range(complete)), "after"]


def test_many_processes_record_at_once(tmp_path: Path, store: Store) -> None:
    code = (
        "import warnings; warnings.simplefilter('ignore'); import kflab; e = kflab.Execution(name='e');"
        "[e.log_output(kflab.Model(name=f'm{i}')) for i in range(20)]"
    )
    env = {**os.environ, "KFLAB_OUTBOX": str(tmp_path / "many")}
    children = [subprocess.Popen([sys.executable, "-c", code], env=env) for _ in range(3)]
    assert [c.wait(60) for c in children] == [0, 0, 0]
    assert Outbox(tmp_path / "many", "x").replay(store.send) == 60
    assert len(store.batches) == 60


def test_a_wrong_token_is_said_and_nothing_waits(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    connect(monkeypatch, server)
    monkeypatch.setenv("KFLAB_TOKEN", "wrong")
    with pytest.raises(ApiError) as caught:
        record()
    assert caught.value.status == 403
    assert "secret" not in str(caught.value) and "wrong" not in str(caught.value)
