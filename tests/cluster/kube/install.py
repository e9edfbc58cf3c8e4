"""kfhub on the cluster, by its chart."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .client import Cluster
from .places import ROOT

NAMESPACE = "kfhub"
PORT = 30080
HUB_IMAGE = "kfhub/hub"
DEPLOYMENTS = ("deployment/hub", "deployment/proxy")


def build_of(loaded: Mapping[str, str]) -> str:
    """What the hub's image is made of."""
    return next(inputs for name, inputs in loaded.items() if f"/{HUB_IMAGE}:" in name)


@dataclass(frozen=True)
class Installed:
    url: str
    namespace: str
    user_password: str
    admin_password: str


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged, anything else is replaced: as Helm does with one values file after another."""
    both = dict(base)
    for key, value in more.items():
        old = both.get(key)
        both[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def values(build: str, user_password: str = "", admin_password: str = "") -> dict[str, Any]:
    """What the chart is told here: a port of this machine, passwords if any, and which build the pods are of."""
    given = {"user_password": user_password, "admin_password": admin_password}
    shared = {name: password for name, password in given.items() if password}
    # The images keep their names when they are built anew, so that alone would restart nothing.
    pods = {"annotations": {"kfhub.io/build": build[:16]}}
    return {
        "hub": {**pods, **({"config": {"SharedPasswordAuthenticator": shared}} if shared else {})},
        "proxy": {**pods, "service": {"type": "NodePort", "nodePorts": {"http": PORT}}},
    }


def install(
    cluster: Cluster,
    say: Callable[[str], None],
    build: str,
    user_password: str = "",
    admin_password: str = "",
    more: Mapping[str, Any] | None = None,
) -> Installed:
    """Install the chart or bring its release to these values, and wait until hub and proxy are ready."""
    say(f"installing the chart in namespace {NAMESPACE} …")
    told = merged(values(build, user_password, admin_password), more or {})
    cluster.helm(
        *("upgrade", "--install", NAMESPACE, str(ROOT / "helm/kfhub"), "--namespace", NAMESPACE),
        # Tests of single parts may have made its roles before.
        *("--create-namespace", "--take-ownership", "--values", "-"),
        input=json.dumps(told),
    )
    for deployment in DEPLOYMENTS:
        cluster.kubectl("rollout", "status", "-n", NAMESPACE, deployment, "--timeout=180s", timeout=200)
    return found(cluster)


def found(cluster: Cluster) -> Installed:
    """The release that is there."""
    secret = cluster.get("secret", "hub", namespace=NAMESPACE)["data"]
    return Installed(
        url=address(cluster),
        namespace=NAMESPACE,
        user_password=_password(secret, "user"),
        admin_password=_password(secret, "admin"),
    )


def _password(secret: Mapping[str, str], whose: str) -> str:
    return base64.b64decode(secret[f"hub.config.SharedPasswordAuthenticator.{whose}_password"]).decode()


def address(cluster: Cluster) -> str:
    if cluster.own:
        return f"http://127.0.0.1:{PORT}/"
    node = cluster.get("nodes")["items"][0]["status"]["addresses"]
    return f"http://{next(a['address'] for a in node if a['type'] == 'InternalIP')}:{PORT}/"
