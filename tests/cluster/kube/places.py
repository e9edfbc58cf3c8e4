"""Where the built parts and a running cluster's state lie, and the addresses the cluster uses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

BRIDGE = "kfhub0"
HOST_IP = "10.77.0.1"
POD_CIDR = "10.77.0.0/16"
SERVICE_CIDR = "10.96.0.0/16"
SERVICE_IP = "10.96.0.1"
API_PORT = 16443
ETCD_PORT = 12379
NODE = "node0"
CGROUP = "kfhub"
NETWORK = "kfhub"
# Fixed in Kubernetes: where the host-path provisioner puts volumes, kubelet its sockets and links to logs.
VOLUMES_LINK = Path("/tmp/hostpath_pv")
KUBELET_FOLDER = Path("/var/lib/kubelet")
LOG_LINKS = Path("/var/log/containers")
# And where containerd has its shims' sockets, and CNI what it did.
FIXED_FOLDERS = (Path("/run/containerd"), Path("/var/lib/cni"), LOG_LINKS)


@dataclass(frozen=True)
class Places:
    """`cache` outlives clusters: binaries, images. `state` belongs to one cluster and goes with it."""

    cache: Path
    state: Path

    @property
    def bin(self) -> Path:
        return self.cache / "bin"

    @property
    def store(self) -> Path:
        """containerd's images, kept between clusters so that none is unpacked twice."""
        return self.cache / "containerd"

    @property
    def socket(self) -> Path:
        return self.state / "containerd.sock"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def records(self) -> Path:
        return self.state / "processes"

    @property
    def volumes(self) -> Path:
        return self.state / "volumes"

    @property
    def audit(self) -> Path:
        """One JSON line for each write that the API server was asked for."""
        return self.state / "audit.log"


def places() -> Places:
    base = os.environ.get("KFHUB_CACHE")
    cache = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kfhub"
    state = os.environ.get("KFHUB_CLUSTER_STATE")
    return Places(cache.absolute(), Path(state).absolute() if state else cache.absolute() / "cluster")
