"""Hollow nodes: real kubelets with a fake runtime, for scheduling, quota and rate; nothing answers in their pods."""

from __future__ import annotations

import socket
from pathlib import Path

from . import processes
from .places import Places

TAINT = "kfhub.io/hollow=true:NoSchedule"
LABEL = "kfhub.io/hollow=true"


def command(
    places: Places, kubeconfig: Path, name: str, gpus: int, ports: tuple[int, int]
) -> list[str | Path]:
    return [
        places.bin / "kubemark",
        "--morph=kubelet",
        f"--name={name}",
        f"--kubeconfig={kubeconfig}",
        f"--kubelet-port={ports[0]}",
        f"--kubelet-read-only-port={ports[1]}",
        "--max-pods=300",
        "--use-host-image-service=false",
        f"--register-with-taints={TAINT}",
        f"--node-labels={LABEL}",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        *([f"--extended-resources=nvidia.com/gpu={gpus}"] if gpus else []),
    ]


def start(places: Places, kubeconfig: Path, name: str, gpus: int = 0) -> None:
    """Start one; wait for it with `kubectl wait --for=condition=Ready node/NAME`."""
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("", 0))
        ports = one.getsockname()[1], other.getsockname()[1]
    processes.start(
        places.records, places.logs, f"hollow-{name}", command(places, kubeconfig, name, gpus, ports)
    )


def stop(places: Places, name: str) -> None:
    processes.stop(r for r in processes.recorded(places.records) if r.name == f"hollow-{name}")
