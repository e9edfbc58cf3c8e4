"""The few writes to the API server that KubeSpawner has no method for, each safe to repeat."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import aiohttp
from kubernetes_asyncio.client import ApiClient, ApiException

__all__ = ["FRESH_RIGHTS", "Refusals", "apply", "create", "in_turn", "patch", "persistently", "read"]

T = TypeVar("T")
Object = dict[str, Any]

MANAGER = "kfhub"
_TIMEOUT = 10.0
_AT_ONCE = 16
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 3.0
# With these an API server that has just started refuses what it can't judge yet, as if it were forbidden.
_STARTING = ("not yet ready to handle request", "no params found for policy binding")
# And for this long it may know of no rights: it has still to read them, or they were given a moment ago.
FRESH_RIGHTS = 15.0
_NO_RIGHT = re.compile(r"cannot \S+ resource|attempting to grant RBAC permissions")
_PLURALS = {
    "Namespace": ("/api/v1", "namespaces"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Secret": ("/api/v1", "secrets"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "LimitRange": ("/api/v1", "limitranges"),
    "PersistentVolumeClaim": ("/api/v1", "persistentvolumeclaims"),
    "Pod": ("/api/v1", "pods"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
}

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def apply(client: ApiClient, manifest: Object) -> Object:
    """Server-side apply: creates the object, or makes it what `manifest` says. Raises ApiException.

    Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
    """
    query = [("fieldManager", MANAGER), ("force", "true")]
    return await _send(
        client, "PATCH", _path(manifest, True), query, manifest, "application/apply-patch+yaml"
    )


async def create(client: ApiClient, manifest: Object) -> Object:
    """Creates the object. Raises ApiException, with status 409 if there is one."""
    query = [("fieldManager", MANAGER)]
    return await _send(client, "POST", _path(manifest, False), query, manifest, "application/json")


async def read(client: ApiClient, manifest: Object) -> Object:
    """The object that `manifest` names, as it is. Raises ApiException."""
    return await _send(client, "GET", _path(manifest, True), [], None, "application/json")


async def patch(client: ApiClient, manifest: Object) -> Object:
    """Changes what `manifest` names in an object that is there. Raises ApiException."""
    query = [("fieldManager", MANAGER)]
    return await _send(
        client, "PATCH", _path(manifest, True), query, manifest, "application/merge-patch+json"
    )


def in_turn() -> asyncio.Semaphore:
    """To be entered for what belongs together, such as a pod and its Secret: of many starts at once, those that
    have begun are ended first. One for each loop."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))


class Refusals:
    """What became of one call so far: whether it is worth sending again."""

    def __init__(self) -> None:
        self._without_rights: float | None = None  # since when it is refused for want of rights

    def pass_by(self, error: Exception) -> bool:
        """Whether the same call may well succeed in a moment."""
        if not isinstance(error, ApiException) or error.status in (0, 429, 500, 502, 503, 504):
            return True
        body = str(error.body)
        if error.status == 403 and _NO_RIGHT.search(body):
            now = time.monotonic()
            self._without_rights = self._without_rights or now
            return now - self._without_rights < FRESH_RIGHTS
        return any(words in body for words in _STARTING)


async def persistently(send: Callable[[], Awaitable[T]], seconds: float) -> T:
    """What `send` returns; called again, at most for `seconds`, while the API server does not answer or refuses
    what it may grant in a moment. Only for calls that may be repeated."""
    refusals = Refusals()
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        try:
            return await send()
        except (aiohttp.ClientError, OSError, TimeoutError, ApiException) as error:
            if not refusals.pass_by(error) or time.monotonic() + pause > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 2)


def _path(manifest: Object, named: bool) -> str:
    base, plural = _PLURALS[manifest["kind"]]
    metadata = manifest["metadata"]
    place = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{base}{place}/{plural}" + (f"/{metadata['name']}" if named else "")


async def _send(
    client: ApiClient, method: str, path: str, query: list[tuple[str, str]], body: Object | None, content: str
) -> Object:
    answer = await client.call_api(
        path,
        method,
        {},
        query,
        {"Accept": "application/json", "Content-Type": content},
        body=body,
        auth_settings=["BearerToken"],
        response_types_map={200: "object", 201: "object"},
        _return_http_data_only=True,
        _request_timeout=_TIMEOUT,
    )
    found: Object = answer
    return found
