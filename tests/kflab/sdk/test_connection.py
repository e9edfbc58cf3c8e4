import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kflab.sdk import connection
from kflab.sdk.connection import Connection, Unreachable


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KFLAB_URL", raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))


def test_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFLAB_URL", "http://127.0.0.1:1/user/ada")
    monkeypatch.setenv("KFLAB_TOKEN", "secret")
    found = connection.find()
    assert found.url == "http://127.0.0.1:1/user/ada/kflab/api/"
    assert "secret" not in repr(found)


@pytest.mark.parametrize(("mode", "counts"), [(0o600, True), (0o644, False), (0o620, False)])
def test_a_connection_file_counts_only_if_it_is_private(tmp_path: Path, mode: int, counts: bool) -> None:
    file = tmp_path / "kflab-7.json"
    file.write_text(json.dumps({"url": "http://127.0.0.1:2/", "token": "t"}))
    file.chmod(mode)
    if counts:
        assert connection.find().url == "http://127.0.0.1:2/kflab/api/"
    else:
        with pytest.raises(Unreachable):
            connection.find()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"url": "file:///etc/passwd", "token": "t"}', '{"url": 3}']
)
def test_a_broken_connection_file_is_passed_over(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kflab-7.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(Unreachable):
        connection.find()


def test_a_url_that_is_no_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFLAB_URL", "file:///etc/")
    with pytest.raises(Unreachable, match="http"):
        connection.find()


class Seen(ThreadingHTTPServer):
    """Notes who came with which token; sends to `elsewhere` if there is one."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str | None]] = []
        self.elsewhere = ""
        super().__init__(("127.0.0.1", 0), Note)
        self.url = f"http://127.0.0.1:{self.server_port}/"


class Note(BaseHTTPRequestHandler):
    server: Seen

    def do_GET(self) -> None:
        self.server.came.append((self.path, self.headers["Authorization"]))
        self.send_response(302 if self.server.elsewhere else 200)
        self.send_header("Location", self.server.elsewhere)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def two() -> Iterator[tuple[Seen, Seen]]:
    made = Seen(), Seen()
    for one in made:
        threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    for one in made:
        one.shutdown()
        one.server_close()


def test_a_proxy_gets_no_token_of_a_server_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, two: tuple[Seen, Seen]
) -> None:
    server, proxy = two
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setattr(urllib.request, "_opener", None)  # it remembers the proxies of its first use
    connection._opener.cache_clear()
    for host in ("127.0.0.1", "localhost"):
        Connection(f"http://{host}:{server.server_port}/kflab/api/", "secret").request("GET", "runs")
    assert not proxy.came and server.came == [("/kflab/api/runs", "token secret")] * 2
    # A server elsewhere may be within reach of the proxy only.
    Connection("http://kflab.example/kflab/api/", "secret").request("GET", "runs")
    assert proxy.came == [("http://kflab.example/kflab/api/runs", "token secret")]
    connection._opener.cache_clear()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_token_goes_nowhere_else(two: tuple[Seen, Seen], method: str) -> None:
    server, other = two
    server.elsewhere = other.url
    with pytest.raises(Unreachable, match=f"sends on to {other.url}"):
        Connection(server.url, "secret").request(method, "runs")
    assert len(server.came) == 1 and not other.came


def test_no_server_is_unreachable(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("KFLAB_URL", f"http://127.0.0.1:{free_port}/")
    with pytest.raises(Unreachable, match="does not answer"):
        connection.find().request("GET", "runs")
