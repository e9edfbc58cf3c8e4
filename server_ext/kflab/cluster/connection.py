"""Requests to the API server: found anew when the configuration changes, with errors as sentences."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kflab.cluster.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    NoCluster,
    NotFound,
    NotNow,
    Unreachable,
)
from kflab.cluster.location import HOW, SERVICE_ACCOUNT, InPod, KubeConfig, find_cluster

if TYPE_CHECKING:
    import aiohttp
    from kubernetes_asyncio.client import ApiClient, Configuration

__all__ = ["Connection", "Link"]

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 20.0


class Link:
    """A client of one cluster, as one account, in one namespace."""

    def __init__(self, client: ApiClient, place: InPod | KubeConfig, namespace: str) -> None:
        self.client = client
        self.place = place
        self.namespace = namespace
        self.server = str(client.configuration.host)


class Connection:
    """The way to the cluster. A link that no longer holds is made anew at the next request."""

    def __init__(self, environ: Mapping[str, str] = os.environ, account: Path = SERVICE_ACCOUNT) -> None:
        self._environ = environ
        self._account = account
        self._link: Link | None = None
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.client.close()

    async def link(self) -> Link:
        """Raises NoCluster where there is none to link to."""
        async with self._lock:
            if self._link is not None and not self._link.place.changed():
                return self._link
            await self.close()
            self._link = await self._open()
            return self._link

    async def _open(self) -> Link:
        place = find_cluster(self._environ, self._account)
        # Importing it takes most of a second, which only those who look at a cluster have to wait.
        client = await asyncio.to_thread(__import__, "kubernetes_asyncio.client", fromlist=["client"])
        configuration: Configuration = client.Configuration()
        # Python 3.13 refuses certificates of many a cluster that nothing else objects to, for want of a field; who
        # signed them is still checked.
        configuration.disable_strict_ssl_verification = True
        try:
            namespace = await _configure(configuration, place, self._environ)
            token = configuration.api_key.get("BearerToken")
            if token:
                # A token's file may end in a newline, which no header may have.
                configuration.api_key["BearerToken"] = token.strip()
            return Link(client.ApiClient(configuration), place, namespace)
        except Exception as error:
            if isinstance(place, InPod):
                raise NoCluster(f"The pod's service account cannot be read: {error}") from error
            files = ", ".join(map(str, place.paths))
            raise NoCluster(f"The kubeconfig {files} cannot be used: {error}", HOW) from error

    @contextlib.asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        accept: str = "application/json",
        silence: float = _ANSWER_SECONDS,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer of a request that the cluster has granted, to be read. `silence` is the longest pause in it."""
        import aiohttp

        patience = aiohttp.ClientTimeout(sock_connect=_CONNECT_SECONDS, sock_read=silence)
        link = await self.link()
        try:
            answer = await self._send(link, method, path, query, body, accept, patience)
            if answer.status == 401:
                # A token that has run out: whatever gives out the next one is asked again.
                answer.release()
                await self.close()
                link = await self.link()
                answer = await self._send(link, method, path, query, body, accept, patience)
            try:
                if answer.status >= 400:
                    raise _refusal(answer.status, await answer.read(), method, path, link.namespace, query)
                yield answer
            finally:
                answer.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = str(error) or "it did not answer in time."
            raise Unreachable(
                f"The cluster's API server at {link.server} cannot be reached: {why}"
            ) from error

    @staticmethod
    async def _send(
        link: Link,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
        accept: str,
        patience: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        answer: aiohttp.ClientResponse = await link.client.call_api(
            path,
            method,
            query_params=list((query or {}).items()),
            header_params={"Accept": accept},
            body=body,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=patience,
        )
        return answer

    async def json(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of an answer."""
        async with self.stream(method, path, **request) as answer:
            raw = await answer.read()
        # A list of many objects has megabytes: other requests go on meanwhile.
        return await asyncio.to_thread(json.loads, raw) if len(raw) > 100_000 else json.loads(raw)


async def _configure(
    configuration: Configuration, place: InPod | KubeConfig, environ: Mapping[str, str]
) -> str:
    from kubernetes_asyncio.config import load_kube_config
    from kubernetes_asyncio.config.incluster_config import InClusterConfigLoader

    if isinstance(place, InPod):
        loaded = InClusterConfigLoader(
            str(place.folder / "token"), str(place.folder / "ca.crt"), environ=dict(environ)
        )
        loaded.load_and_set(configuration)
        return place.namespace
    loader = await load_kube_config(
        config_file=os.pathsep.join(map(str, place.paths)),
        client_configuration=configuration,
        persist_config=False,
    )
    context = (loader.current_context or {}).get("context", {})
    return place.namespace or context.get("namespace") or "default"


_VERBS = {"GET": "get", "DELETE": "delete", "POST": "create"}


def _refusal(
    status: int, raw: bytes, method: str, path: str, namespace: str, query: Mapping[str, Any] | None
) -> ClusterError:
    """The error that an answer of the API server stands for."""
    said = _message(raw)
    if status == 403:
        verb, resource, group = _asked(method, path, query)
        return Forbidden(verb, resource, group, namespace, said)
    if status == 401:
        return Unreachable(
            "The cluster does not know this account: its token or certificate is wrong or has run out."
        )
    if status == 404:
        return NotFound(said or "There is no such object.")
    if status == 409:
        return Conflict(said or "The object has changed meanwhile.")
    if status == 410:
        return Gone(said or "The history that was asked for is no longer kept.")
    if status < 500 and status != 429:
        return NotNow(said or f"The cluster refused with status {status}.")
    return Unreachable(f"The cluster answered with status {status}: {said or 'it said no more.'}")


class Gone(ClusterError):
    """The history that was asked for is no longer kept: list again."""

    status = 503


def _message(raw: bytes) -> str:
    try:
        given = json.loads(raw)
        return str(given.get("message", ""))
    except (ValueError, AttributeError):
        return raw[:300].decode(errors="replace").strip()


def _asked(method: str, path: str, query: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """(verb, resource, group) of a request, in the words of RBAC."""
    parts = path.strip("/").split("/")
    group = parts[1] if parts[0] == "apis" else ""
    rest = parts[3 if group else 2 :]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    verb = _VERBS.get(method, method.lower())
    if method == "GET" and len(rest) == 1:
        verb = "watch" if (query or {}).get("watch") else "list"
    resource = "/".join([rest[0], *rest[2:]]) if rest else ""
    return verb, resource, group
