"""Live copies of what the cluster holds, that tell at once of each change and never give up.

KubeSpawner's reflectors list everything anew every few seconds, are asked in intervals, and end the hub after
a minute without the API server. These keep one watch open, wake who waits for an object, and try again for as
long as it takes. See https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from kubernetes_asyncio.client import ApiException
from kubespawner.clients import shared_client

__all__ = ["KINDS", "Kind", "Reflector", "event_time", "key_of"]

T = TypeVar("T")
Object = dict[str, Any]

_WATCH_SECONDS = 300  # after which the API server ends a watch, to be taken up where it was
_SILENCE_SECONDS = 100.0
_LIST_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_ABSENT = 300.0
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)  # what a proxy in between may answer


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object to watch, by its place in the API, and which labels or fields it must have."""

    name: str
    plural: str
    api: str = "/api/v1"
    labels: str = ""
    fields: str = ""
    namespaced: bool = True
    optional: bool = False
    """Where it isn't there, or the hub may not see it, the rest still works: then there are none."""

    def path(self, namespace: str | None) -> str:
        """Where it is listed; `namespace` None: everywhere."""
        if namespace is None or not self.namespaced:
            return f"{self.api}/{self.plural}"
        return f"{self.api}/namespaces/{namespace}/{self.plural}"


# What the form and the checks look at, beside the pods and events that KubeSpawner watches.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("namespaces", "namespaces", labels="kfhub.io/managed=true", namespaced=False),
        Kind("claims", "persistentvolumeclaims"),
        Kind("claim_events", "events", fields="involvedObject.kind=PersistentVolumeClaim", optional=True),
        Kind("quotas", "resourcequotas", optional=True),
        Kind("classes", "storageclasses", "/apis/storage.k8s.io/v1", namespaced=False, optional=True),
        Kind("nodes", "nodes", namespaced=False, optional=True),
        Kind("poddefaults", "poddefaults", "/apis/kubeflow.org/v1alpha1", optional=True),
    )
}


def key_of(found: Object) -> str:
    """`namespace/name`, or the name alone of what is in no namespace."""
    metadata = found["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def event_time(event: Object) -> str:
    """When an event was last seen; RFC 3339, so that texts sort as times do."""
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )


class Reflector:
    """One watch of one kind. Stands in for KubeSpawner's PodReflector and EventReflector too.

    `namespace` None: in all namespaces. `resources` maps `namespace/name` to the object as JSON.
    """

    def __init__(self, kind: Kind, namespace: str | None, log: logging.Logger) -> None:
        self.kind = kind
        self.namespace = namespace
        self.log = log
        self.resources: dict[str, Object] = {}
        self.first_load_future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._about: dict[str, dict[str, Object]] = {}
        self._task: asyncio.Task[None] | None = None
        self._client = shared_client("CoreV1Api").api_client
        self._version = ""  # to go on watching from; empty: a list is needed first
        self._newest = "0"  # a list may not be older; 0: whatever the API server has at hand
        self._failing = False

    # --- what is there --------------------------------------------------------------------------------

    @property
    def pods(self) -> dict[str, Object]:
        return self.resources

    @property
    def events(self) -> list[Object]:
        """Oldest first."""
        return sorted(self.resources.values(), key=event_time)

    @property
    def failing(self) -> bool:
        """Whether the API server does not answer at the moment; what is there may be old then."""
        return self._failing

    def of(self, namespace: str) -> dict[str, Object]:
        """The objects of one namespace, by name."""
        prefix = namespace + "/"
        # a copy of the items first: nothing may change them while they are walked
        return {
            key[len(prefix) :]: found for key, found in [*self.resources.items()] if key.startswith(prefix)
        }

    def about(self, key: str) -> list[Object]:
        """The events about the object `key`."""
        return [*self._about.get(key, {}).values()]

    def changed(self, key: str) -> asyncio.Future[None]:
        """Done at the next change of the object `key`; of events: at the next event about it. May be cancelled."""
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(key, set())
        waiting.add(change)
        change.add_done_callback(lambda _: self._leave(key, change))
        return change

    def _leave(self, key: str, change: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.discard(change)
            if not waiting:
                del self._waiting[key]

    async def until(self, key: str, check: Callable[[], T | None]) -> T:
        """What `check` returns as soon as it is not None: asked now, and at each change of the object `key`."""
        while (found := check()) is None:
            await self.changed(key)
        return found

    # --- how it stays true ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Returns once the first list is there. Waits for an API server that does not answer."""
        self._task = asyncio.create_task(self._follow())
        await asyncio.shield(self.first_load_future)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                if not self._version:
                    await self._list()
                began = time.monotonic()
                await self._watch()
                pause = _FIRST_PAUSE
                if time.monotonic() - began < _FIRST_PAUSE:
                    await asyncio.sleep(1)  # a server that is shutting down ends each watch at once
            except aiohttp.SocketTimeoutError:
                continue  # nothing has happened for a while, or the connection is dead: a new one tells
            except (aiohttp.ClientError, OSError, TimeoutError, ApiException, *_UNREADABLE) as error:
                if not self._failing:
                    pause = _FIRST_PAUSE
                if isinstance(error, ApiException):
                    if not self._version:
                        self._newest = ""  # the API server can't tell what is not older: the latest, then
                    self._version = ""
                    if error.status == 410 and self._newest:
                        continue  # what the watch would go on from is gone
                self._failing = True
                if self.kind.optional and isinstance(error, ApiException) and error.status in (403, 404):
                    self._loaded()
                    await asyncio.sleep(_ABSENT)
                    continue
                self.log.warning(
                    "Watching %s: %s; trying again in %.1f s", self.kind.name, _short(error), pause
                )
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - only spreads the load
                pause = min(_LONGEST_PAUSE, pause * 2)

    async def _get(self, patience: float | aiohttp.ClientTimeout, **query: str) -> Any:
        selected = {"labelSelector": self.kind.labels, "fieldSelector": self.kind.fields}
        return await self._client.call_api(
            self.kind.path(self.namespace),
            "GET",
            {},
            [*query.items(), *((key, value) for key, value in selected.items() if value)],
            {"Accept": "application/json"},
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=patience,
        )

    async def _list(self) -> None:
        # from the API server's cache, which another of several servers may have older: then what is running
        # would be taken for gone
        answer = await self._get(_LIST_SECONDS, resourceVersion=self._newest)
        if answer.status != 200:
            raise ApiException(status=answer.status, reason=(await answer.text())[:300])
        found = json.loads(await answer.read())
        version = found["metadata"]["resourceVersion"]
        fresh = {key_of(item): item for item in found["items"] or ()}  # before anything is forgotten
        before, self.resources, self._about = self.resources, {}, {}
        for item in fresh.values():
            self._put(item)
        self._version = self._newest = version
        self._loaded()
        for item in [*before.values(), *self.resources.values()]:
            self._tell(item)

    def _loaded(self) -> None:
        if not self.first_load_future.done():
            self.first_load_future.set_result(None)

    async def _watch(self) -> None:
        answer = await self._get(
            aiohttp.ClientTimeout(sock_connect=10, sock_read=_SILENCE_SECONDS),
            watch="true",
            allowWatchBookmarks="true",
            resourceVersion=self._version,
            timeoutSeconds=str(_WATCH_SECONDS),
        )
        try:
            if answer.status != 200:
                raise ApiException(status=answer.status, reason=(await answer.text())[:300])
            self._failing = False
            buffer = b""
            async for chunk in answer.content.iter_any():
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
        finally:
            answer.close()

    def _take(self, change: Object) -> None:
        found = change["object"]
        if change["type"] == "ERROR":
            raise ApiException(status=found.get("code", 500), reason=found.get("message"))
        self._version = self._newest = found["metadata"]["resourceVersion"]
        if change["type"] == "BOOKMARK":
            return
        if change["type"] == "DELETED":
            self._remove(found)
        else:
            self._put(found)
        self._tell(found)

    def _put(self, found: Object) -> None:
        self.resources[key_of(found)] = found
        if "involvedObject" in found:
            self._about.setdefault(_subject(found), {})[key_of(found)] = found

    def _remove(self, found: Object) -> None:
        self.resources.pop(key_of(found), None)
        about = self._about.get(_subject(found))
        if about is not None:
            about.pop(key_of(found), None)
            if not about:
                del self._about[_subject(found)]

    def _tell(self, found: Object) -> None:
        for change in self._waiting.pop(_subject(found), ()):
            if not change.done():
                change.set_result(None)


def _subject(found: Object) -> str:
    """The key of what an event is about; of anything else its own."""
    about = found.get("involvedObject")
    return f"{about.get('namespace')}/{about.get('name')}" if about else key_of(found)


def _short(error: Exception) -> str:
    if isinstance(error, ApiException):
        return f"the API server answers {error.status} ({str(error.reason)[:200]})"
    return f"{type(error).__name__} {error}".strip()[:200]
