"""Live copies of the cluster, against an API server that says what a test wants."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes_asyncio.client import Configuration

from kfspawner.watching import Kind, Reflector

PODS = Kind("pods", "pods")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"namespace": "a", "name": name, "resourceVersion": str(version)}}


def listed(version: int, *names: str) -> Answer:
    body = {"metadata": {"resourceVersion": str(version)}, "items": [pod(name, version) for name in names]}
    return lambda request: _done(web.json_response(body))


def refused(status: int) -> Answer:
    return lambda request: _done(web.json_response({"message": "no"}, status=status))


def watched(*changes: dict[str, Any], end: bool = False) -> Answer:
    """A watch that tells these, and goes on unless it ends."""

    async def answer(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        for change in changes:
            await stream.write(json.dumps(change).encode() + b"\n")
        if not end:
            await asyncio.Event().wait()
        return stream

    return answer


async def _done(answer: web.Response) -> web.StreamResponse:
    return answer


class Server:
    """Gives its answers in turn, the last one again and again; `asked` says for what."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        what = "watch" if "watch" in request.query else "list"
        self.asked.append(f"{what} {request.query['resourceVersion']}".strip())
        return await (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(request)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    found = Server()
    app = web.Application()
    app.router.add_get("/api/v1/pods", found.handle)
    async with TestServer(app, handler_cancellation=True) as running:
        before = Configuration.get_default_copy()
        Configuration.set_default(Configuration(host=str(running.make_url("/")).rstrip("/")))
        yield found
        Configuration.set_default(before)


@pytest.fixture
async def reflector(server: Server) -> AsyncIterator[Reflector]:
    found = Reflector(PODS, None, logging.getLogger("test"))
    yield found
    await found.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - not every change is told
            await asyncio.sleep(0.01)


async def test_changes_are_told_at_once(server: Server, reflector: Reflector) -> None:
    server.answers = [
        listed(5, "one", "two"),
        watched({"type": "DELETED", "object": pod("one", 6)}, {"type": "ADDED", "object": pod("three", 7)}),
    ]
    await reflector.start()
    assert await reflector.until("a/three", lambda: reflector.resources.get("a/three")) == pod("three", 7)
    assert set(reflector.resources) == {"a/two", "a/three"}
    assert server.asked == ["list 0", "watch 5"]


async def test_events_are_found_by_what_they_are_about(server: Server, reflector: Reflector) -> None:
    def event(name: str, about: str, version: int) -> dict[str, Any]:
        return pod(name, version) | {"involvedObject": {"namespace": "a", "name": about}}

    def listing(request: web.Request) -> Awaitable[web.StreamResponse]:
        body = {"metadata": {"resourceVersion": "5"}, "items": [event("e1", "one", 4), event("e2", "two", 5)]}
        return _done(web.json_response(body))

    changes = [("ADDED", event("e3", "one", 6)), ("DELETED", event("e2", "two", 7))]
    server.answers = [listing, watched(*({"type": how, "object": one} for how, one in changes))]
    await reflector.start()
    await until(lambda: reflector.about("a/two") == [])
    assert [one["metadata"]["name"] for one in reflector.about("a/one")] == ["e1", "e3"]


async def test_a_new_list_is_not_older_than_what_was_seen(server: Server, reflector: Reflector) -> None:
    """Of several API servers one may lag: in its list a notebook that runs would be missing."""
    expired = {"type": "ERROR", "object": {"code": 410, "message": "too old"}}
    server.answers = [
        listed(5),
        watched({"type": "ADDED", "object": pod("new", 9)}, expired),
        listed(9, "new"),
        watched(),
    ]
    await reflector.start()
    await until(lambda: len(server.asked) == 4)
    assert server.asked == ["list 0", "watch 5", "list 9", "watch 9"]


async def test_a_server_that_has_forgotten_versions_is_asked_for_the_latest(
    server: Server, reflector: Reflector
) -> None:
    server.answers = [listed(5), refused(500), refused(504), listed(3, "old"), watched()]
    await reflector.start()
    await until(lambda: len(server.asked) == 5)
    assert server.asked == ["list 0", "watch 5", "list 5", "list", "watch 3"]
    await until(lambda: not reflector.failing)


async def test_while_nothing_answers_all_is_kept_and_it_says_so(server: Server, reflector: Reflector) -> None:
    server.answers = [listed(5, "one"), refused(503)]
    await reflector.start()
    await until(lambda: len(server.asked) >= 4)
    assert reflector.failing
    assert set(reflector.resources) == {"a/one"}
    server.answers = [listed(6, "one", "two"), watched()]
    await until(lambda: set(reflector.resources) == {"a/one", "a/two"})
    await until(lambda: not reflector.failing)


@pytest.mark.parametrize("body", ["null", "[]", "{}", '{"metadata": {}, "items": [{}]}', "no"])
async def test_no_answer_ends_it(server: Server, reflector: Reflector, body: str) -> None:
    server.answers = [lambda request: _done(web.Response(text=body)), listed(5, "one"), watched()]
    await reflector.start()
    assert set(reflector.resources) == {"a/one"}
