"""A real server for the kernel's side to ask, and an ear for what it tells the views."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kflab.widgets.bridge import Bridge
from tests.kflab.server.conftest import Lab, new_lab

__all__ = ["new_lab"]


class Ear:
    """Hears what a bridge sends, from any of its threads."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, Any], list[bytes]]] = []
        self.touched: list[bool] = []
        self._news = threading.Condition()

    def send(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        with self._news:
            self.heard.append((message, buffers))
            self._news.notify_all()

    def touch(self, soon: bool) -> None:
        with self._news:
            self.touched.append(soon)
            self._news.notify_all()

    def of(self, kind: str, call: int | None = None) -> list[dict[str, Any]]:
        return [m for m, _ in self.heard if m["kind"] == kind and call in (None, m.get("call"))]

    def wait(self, condition: Callable[[], Any], seconds: float = 60) -> Any:
        """What the condition returns once it is true, looked at whenever there is news."""
        with self._news:
            assert self._news.wait_for(condition, seconds), self.heard
            return condition()


class Talk:
    """One view that speaks with a bridge."""

    def __init__(self, name: str = "view") -> None:
        self.ear = Ear()
        self.name = name
        self.bridge = Bridge(self.ear.send, self.ear.touch)
        self.calls = 0

    def say(self, kind: str, **more: Any) -> int:
        self.calls += 1
        self.bridge.hear({"kind": kind, "client": self.name, **{"call": self.calls, **more}})
        return int(more.get("call", self.calls))

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The answer to a request."""
        more = {} if body is None else {"body": body}
        call = self.say("request", method=method, path=path, **more)
        answers: list[dict[str, Any]] = self.ear.wait(lambda: self.ear.of("answer", call))
        return answers[0]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One server for all tests that do it no harm."""
    folder = tmp_path_factory.mktemp("lab")
    lab = Lab(folder)
    try:
        yield lab.start()
    finally:
        lab.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def lab(server: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The server, found as a kernel finds it."""
    monkeypatch.setenv("KFLAB_URL", server.base)
    monkeypatch.setenv("KFLAB_TOKEN", server.token)
    return server


@pytest.fixture
def talk() -> Iterator[Talk]:
    spoken = Talk()
    yield spoken
    spoken.bridge.close()
