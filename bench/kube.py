"""The cluster that benchmarks measure on, and what they look at it with."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from kubernetes_asyncio import watch
from kubernetes_asyncio.client import ApiClient, CoreV1Api

from tests.cluster.kube import binaries, node, processes
from tests.cluster.kube.client import Cluster
from tests.cluster.kube.places import places
from tests.cluster.kube.ready import missing


class NoCluster(Exception):
    """There is none to measure on; the message says why."""


def say(text: str) -> None:
    print(f"kfhub: {text}", file=sys.stderr, flush=True)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """The one that KFHUB_TEST_KUBECONFIG names, else the tests' own, started here unless it runs."""
    where = places()
    named = os.environ.get("KFHUB_TEST_KUBECONFIG")
    own = not named or Path(named) == where.kubeconfig
    if problem := missing(where, say, with_images=True) if own else binaries.unbuildable(where):
        raise NoCluster(problem)
    binaries.build(where, say)
    if named:
        yield Cluster(Path(named), where, own)
        return
    started = node.up(where, say, processes.this_process("bench"))
    try:
        yield Cluster(where.kubeconfig, where, True)
    finally:
        if started:
            node.down(where)


@contextmanager
def namespace(at: Cluster, name: str) -> Iterator[str]:
    remove_namespace(at, name)
    at.kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        remove_namespace(at, name)


def remove_namespace(at: Cluster, name: str) -> None:
    at.kubectl("delete", "namespace", name, "--ignore-not-found", timeout=300)


@contextmanager
def hollow_nodes(at: Cluster, names: list[str]) -> Iterator[None]:
    """Nodes whose containers start at once and do nothing, so that a start costs what kfhub and Kubernetes cost."""
    with ExitStack() as stack:
        for name in names:
            stack.callback(at.remove_hollow_node, name)
            at.hollow_node(name)
        yield


class Observer:
    """Tells when each pod of a namespace was first seen Ready, by a watch in a thread of its own."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._ready: defaultdict[str, Future[float]] = defaultdict(Future)
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)

    async def ready(self, pod: str) -> float:
        """time.perf_counter() when the first event that shows it Ready had arrived."""
        return await asyncio.wrap_future(self._ready[pod])

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._follow())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            self._loop.close()

    async def _follow(self) -> None:
        async with ApiClient() as client:
            pods = partial(CoreV1Api(client).list_namespaced_pod, _preload_content=False)
            while True:
                async with watch.Watch().stream(pods, namespace=self._namespace) as stream:
                    async for event in stream:
                        self._note(event["raw_object"], time.perf_counter())

    def _note(self, pod: dict[str, Any], now: float) -> None:
        status = pod["status"]
        ready = {"type": "Ready", "status": "True"}
        # a hollow node says Ready before its container runs; a real one only then
        if status.get("phase") == "Running" and any(
            ready.items() <= one.items() for one in status["conditions"]
        ):
            seen = self._ready[pod["metadata"]["name"]]
            if not seen.done():
                seen.set_result(now)
