"""Applies one object to the cluster, with the account of the pod it runs in, or the kubeconfig's."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from kubernetes_asyncio import client, config

from .diagnosis.reading import line, text

__all__ = ["ApplyError", "apply_config_map"]

_MANAGER = "kfhub"
_SECONDS = 30
_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class ApplyError(Exception):
    """Why the object couldn't be applied, in one sentence."""


def apply_config_map(manifest: dict[str, Any], namespace: str = "") -> str:
    """Creates or updates the ConfigMap by server-side apply, and returns the namespace it is in: `namespace`,
    or that of the pod, or of the kubeconfig's context.

    Raises ApplyError.
    """
    configuration = client.Configuration()
    # Python 3.13 refuses certificates of many a cluster that nothing else objects to; who signed them is still checked.
    configuration.disable_strict_ssl_verification = True
    try:
        own = _configure(configuration)
    except (config.ConfigException, OSError) as error:
        raise ApplyError(f"There is no cluster to apply it to: {line(error)}") from None
    namespace = namespace or own
    asyncio.run(_apply(configuration, manifest, namespace))
    return namespace


def _configure(configuration: client.Configuration) -> str:
    """Sets the address and the account, and returns the namespace that goes with them."""
    try:
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except config.ConfigException:
        asyncio.run(config.load_kube_config(client_configuration=configuration))
        _, active = config.list_kube_config_contexts()
        return text(active, "context", "namespace") or "default"
    return _NAMESPACE.read_text().strip()


async def _apply(configuration: client.Configuration, manifest: dict[str, Any], namespace: str) -> None:
    name = manifest["metadata"]["name"]
    body = {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}
    where = f"ConfigMap {name} in namespace {namespace}"
    try:
        async with asyncio.timeout(_SECONDS), client.ApiClient(configuration) as api:
            await client.CoreV1Api(api).patch_namespaced_config_map(
                name,
                namespace,
                body,
                field_manager=_MANAGER,
                force=True,
                _content_type="application/apply-patch+yaml",  # type: ignore[call-arg]  # the stubs lack it
            )
    except client.ApiException as error:
        said = line(_said(error.body) or error.reason)
        raise ApplyError(f"{where} can't be written: {said} (HTTP {error.status})") from None
    except TimeoutError:
        raise ApplyError(
            f"{where} can't be written: the API server did not answer in {_SECONDS} s."
        ) from None
    except Exception as error:  # noqa: BLE001  # the HTTP client has no exception of its own for a bad connection
        raise ApplyError(f"{where} can't be written: {line(error)}") from None


def _said(body: object) -> str:
    try:
        return text(json.loads(str(body)), "message")
    except ValueError:
        return ""
