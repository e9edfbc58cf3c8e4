"""Every route there is: documented, and closed to whoever may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import websocket

from kflab.server.handlers import ROUTES, STREAMS, cluster, runs, table
from kflab.server.openapi import METHODS

from .conftest import Lab

NO_RUN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
HERE = [
    (method, path)
    for path, handler in ROUTES
    for method in METHODS
    if hasattr(getattr(handler, method), "described")
]
READS = [(method, path) for method, path in HERE if method == "get"]
WRITES = [(method, path) for method, path in HERE if method != "get"]
RUN_STREAMS = [path for path, _ in runs.STREAMS]
CLUSTER_STREAMS = ["cluster/stream?kind=pods", "cluster/pods/some/log/stream"]

# Denies the actions that the file `denied` in the workspace names.
AUTHORIZER = """
from jupyter_server.auth import Authorizer

class Denies(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        from pathlib import Path
        return resource != "kflab" or action not in Path(DENIED).read_text().split()

c.ServerApp.authorizer_class = Denies
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "config").mkdir()
    lab = Lab(folder)
    config = AUTHORIZER.replace("DENIED", repr(str(lab.workspace / "denied")))
    (folder / "config/jupyter_server_config.py").write_text(config)
    deny(lab)
    lab.start()
    yield lab
    lab.close()


def deny(lab: Lab, *actions: str) -> None:
    (lab.workspace / "denied").write_text(" ".join(actions))


def filled(path: str) -> str:
    path = path.replace("{id}", NO_RUN if path.startswith("runs") else "1")
    return path.replace("{kind}", "pods").replace("{name}", "some")


def ask(http: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    body = {"content": "{}"} if method != "get" else {}
    return http.request(method, filled(path), **{**body, **request})


def denied(answer: httpx.Response) -> None:
    assert answer.status_code == 403, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["message"].strip()


@pytest.fixture
def stranger(lab: Lab) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with httpx.Client(base_url=lab.api) as http:
        yield http


def handshake(lab: Lab, path: str, **options: Any) -> int:
    """The status with which the websocket is refused; 101 if it is not."""
    try:
        socket = websocket.create_connection(
            lab.api.replace("http", "ws", 1) + filled(path), timeout=20, **options
        )
    except websocket.WebSocketBadStatusException as refusal:
        return int(refusal.status_code)
    socket.close()
    return 101


def test_the_document_lists_what_is_there_and_no_more(lab: Lab) -> None:
    document = lab.get("openapi.json")
    assert sorted(HERE) == sorted(
        (method, path.removeprefix("/")) for path, methods in document["paths"].items() for method in methods
    )
    # Nothing is hung up beside the two lists; the last row is the one that answers 404.
    hung = [handler for _, handler in table()]
    assert hung[:-1] == [handler for _, handler in (*STREAMS, *ROUTES)]


@pytest.mark.parametrize(("method", "path"), HERE)
def test_what_is_documented_answers(lab: Lab, method: str, path: str) -> None:
    answer = ask(lab.http, method, path)
    assert answer.status_code in map(
        int, lab.get("openapi.json")["paths"][f"/{path}"][method]["responses"]
    ), answer.text
    assert answer.status_code != 403


@pytest.mark.parametrize(("method", "path"), [*HERE, *((method, "nothing") for method in METHODS)])
def test_without_a_token_nothing_answers(stranger: httpx.Client, method: str, path: str) -> None:
    denied(ask(stranger, method, path))


@pytest.mark.parametrize("path", [path for path, _ in ROUTES])
def test_without_a_token_a_verb_that_is_not_there_is_not_more(stranger: httpx.Client, path: str) -> None:
    for method in {*METHODS, "head", "trace"} - {method for method, here in HERE if here == path}:
        answer = ask(stranger, method, path)
        assert answer.status_code in (403, 405)
        assert method == "head" or set(answer.json()) == {"message"}
    assert ask(stranger, "options", path).content == b"", "a browser asks before it sends"


@pytest.mark.parametrize(
    "headers", [{"Authorization": "token wrong"}, {"Authorization": "token"}, {"Cookie": "username-x=1"}]
)
@pytest.mark.parametrize("path", ["runs", "metadata/artifacts"])
def test_a_wrong_token_is_none(stranger: httpx.Client, headers: dict[str, str], path: str) -> None:
    denied(ask(stranger, "get", path, headers=headers))


def test_a_body_without_a_token_is_not_read(lab: Lab, stranger: httpx.Client) -> None:
    before = lab.get("runs")["total"]
    denied(stranger.post("runs", json={"kind": "train"}))
    assert lab.get("runs")["total"] == before


@pytest.mark.parametrize(("method", "path"), HERE)
def test_who_may_nothing(guarded: Lab, method: str, path: str) -> None:
    deny(guarded, "read", "write", "execute")
    denied(ask(guarded.http, method, path))


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_who_may_only_read_cannot_write(guarded: Lab, method: str, path: str) -> None:
    deny(guarded, "write", "execute")
    denied(ask(guarded.http, method, path))


@pytest.mark.parametrize(("method", "path"), READS)
def test_who_may_only_read_can_read(guarded: Lab, method: str, path: str) -> None:
    deny(guarded, "write", "execute")
    expected = 503 if path.startswith("cluster/") else 200
    assert ask(guarded.http, method, path).status_code in (expected, 400, 404)


def test_a_path_that_is_not_there_tells_it_only_to_who_may(guarded: Lab) -> None:
    deny(guarded, "write", "execute")
    assert ask(guarded.http, "get", "nothing").status_code == 404
    denied(ask(guarded.http, "post", "nothing"))


@pytest.mark.parametrize("path", CLUSTER_STREAMS)
def test_the_cluster_is_closed_to_who_may_not(lab: Lab, guarded: Lab, path: str) -> None:
    assert len(CLUSTER_STREAMS) == len(cluster.STREAMS)
    assert handshake(lab, path) == 403
    assert handshake(lab, path, header=["Authorization: token wrong"]) == 403
    token = f"Authorization: token {guarded.token}"
    deny(guarded, "read", "write", "execute")
    assert handshake(guarded, path, header=[token]) == 403
    deny(guarded)
    assert handshake(guarded, path, header=[token]) == 503, "allowed, and there is no cluster"


@pytest.mark.parametrize("path", RUN_STREAMS)
def test_the_stream_is_closed_to_who_may_not(lab: Lab, guarded: Lab, path: str) -> None:
    assert handshake(lab, path) == 403
    assert handshake(lab, path, header=["Authorization: token wrong"]) == 403
    token = f"Authorization: token {guarded.token}"
    deny(guarded, "read", "write", "execute")
    assert handshake(guarded, path, header=[token]) == 403
    deny(guarded)
    assert handshake(guarded, path, header=[token]) == 404, "allowed, and there is no such run"
    token = f"Authorization: token {lab.token}"
    run = lab.waiting_run()
    try:
        there = path.replace("{id}", run)
        assert handshake(lab, there, header=[token]) == 101
        assert handshake(lab, there) == 403
        # A page of another site with the user's cookie, as a browser sends it.
        with httpx.Client(base_url=lab.base) as browser:
            browser.get("api/status", params={"token": lab.token})
            cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
        assert handshake(lab, there, cookie=cookies) == 101
        assert handshake(lab, there, cookie=cookies, origin="https://elsewhere.example") == 403
    finally:
        lab.go()
        lab.ended(run)


def test_a_cookie_alone_does_not_write(lab: Lab) -> None:
    """A form of another site sends the cookie, but cannot read the token that has to be repeated."""
    with httpx.Client(base_url=lab.base) as browser:
        login = browser.get("api/status", params={"token": lab.token})
        assert login.status_code == 200 and browser.cookies
        assert browser.get("kflab/api/runs").status_code == 200
        for method, path in WRITES:
            answer = ask(browser, method, f"kflab/api/{filled(path)}")
            denied(answer)
            assert "_xsrf" in answer.text
        browser.get("tree", follow_redirects=True)
        xsrf = browser.cookies.get("_xsrf")
        assert xsrf
        sent = browser.post("kflab/api/runs", headers={"X-XSRFToken": xsrf}, content=json.dumps({}))
        assert sent.status_code == 400 and "fields" in sent.json()
