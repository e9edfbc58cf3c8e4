"""Where the cluster is, as the environment says it: the pod's own service account, else a kubeconfig."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kflab.cluster.errors import NoCluster

__all__ = ["HOW", "SERVICE_ACCOUNT", "InPod", "KubeConfig", "find_cluster"]

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
HOW = (
    "Start this notebook from a hub on Kubernetes (helm install), or give it a kubeconfig: in a checkout of "
    "kfhub `make cluster` makes a cluster on this machine and prints the KUBECONFIG to set."
)


@dataclass(frozen=True)
class InPod:
    """This server runs in a pod, as its service account."""

    folder: Path
    namespace: str
    # The pod's host name is its name.
    pod: str

    def changed(self) -> bool:
        """Never: the token's file is read anew by itself, and the rest stays for the pod's life."""
        return False


@dataclass(frozen=True)
class KubeConfig:
    """One or more kubeconfig files. Without a `namespace` it is the one of their current context."""

    paths: tuple[Path, ...]
    namespace: str | None
    stamps: tuple[Any, ...] = field(default=())
    pod: str = ""

    def changed(self) -> bool:
        """Whether a file is another one than when it was found."""
        return _stamps(self.paths) != self.stamps


def find_cluster(environ: Mapping[str, str], account: Path = SERVICE_ACCOUNT) -> InPod | KubeConfig:
    """Raises NoCluster with what to do where nothing says where one is."""
    wanted = environ.get("KFLAB_NAMESPACE") or None
    if environ.get("KUBERNETES_SERVICE_HOST") and (account / "token").is_file():
        own = _read(account / "namespace")
        return InPod(account, wanted or own or "default", environ.get("HOSTNAME", ""))
    given = environ.get("KUBECONFIG")
    names = given.split(os.pathsep) if given else [str(Path("~/.kube/config"))]
    paths = tuple(Path(name).expanduser() for name in names if name)
    there = tuple(path for path in paths if path.is_file())
    if not there:
        where = (
            f"KUBECONFIG names no file that is there ({given})."
            if given
            else "There is no kubeconfig, and this is no pod."
        )
        raise NoCluster(where, HOW)
    return KubeConfig(there, wanted, _stamps(there))


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _stamps(paths: tuple[Path, ...]) -> tuple[Any, ...]:
    stamps: list[Any] = []
    for path in paths:
        try:
            stat = path.stat()
            stamps.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except OSError:
            stamps.append(None)
    return tuple(stamps)
