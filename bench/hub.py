"""The hub: a request checked, the form drawn, and a hub started, each beside JupyterHub's own way."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from bench import Row
from kfspawner import Owner, Policy, form
from kfspawner.hub import PACKAGE, node

IMAGES = [f"registry.example/team/notebook-{n:03}:1.0" for n in range(100)]
DESCRIPTION = "JupyterLab with pandas and scikit-learn, built every week."
POLICY: dict[str, Any] = {
    "image": {
        "value": IMAGES[0],
        "options": [
            {"image": image, "displayName": f"Notebook {n}", "description": DESCRIPTION}
            for n, image in enumerate(IMAGES)
        ],
    },
    "cpu": {"value": "0.5", "max": "8", "limitFactor": "2"},
    "memory": {"value": "1Gi", "max": "16Gi", "limitFactor": "1.5"},
    "gpus": {"max": 2, "value": {"vendors": [{"limitsKey": "nvidia.com/gpu", "uiName": "NVIDIA"}]}},
    "workspaceVolume": {
        "value": {
            "mount": "/home/jovyan",
            "newPvc": {
                "metadata": {"name": "{notebook-name}-workspace"},
                "spec": {"resources": {"requests": {"storage": "5Gi"}}, "accessModes": ["ReadWriteOnce"]},
            },
        }
    },
}
OPTIONS: dict[str, Any] = {
    "image": IMAGES[42],
    "cpu": "2",
    "memory": "4Gi",
    "gpu": {"vendor": "nvidia.com/gpu", "count": 1},
    "workspace": {"kind": "new", "size": "10Gi"},
    "dataVolumes": [{"kind": "new", "name": "photos", "size": "20Gi", "mount": "/data/photos"}],
    "environment": {"STAGE": "test"},
}
# One profile that offers the same: a hundred images to choose from, a size, and one of the user's own.
PROFILES = [
    {
        "display_name": "Notebook",
        "slug": "notebook",
        "profile_options": {
            "image": {
                "display_name": "Image",
                "unlisted_choice": {"enabled": True, "display_name": "Own image"},
                "choices": {
                    f"image-{n}": {"display_name": f"Notebook {n}", "kubespawner_override": {"image": image}}
                    for n, image in enumerate(IMAGES)
                },
            },
            "cpu": {
                "display_name": "CPU",
                "choices": {
                    str(cores): {"display_name": str(cores), "kubespawner_override": {"cpu_guarantee": cores}}
                    for cores in (1, 2, 4, 8)
                },
            },
        },
    }
]
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "current-context": "none",
}
PLAIN = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_port = {hub}
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = "correct-horse"
c.SharedPasswordAuthenticator.allow_all = True
c.ConfigurableHTTPProxy.command = {command!r}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
"""


def _milliseconds(call: Callable[[], object], times: int = 300) -> list[float]:
    """How long each of `times` calls took, after some that fill caches."""
    took = []
    for number in range(times + 20):
        began = time.perf_counter()
        call()
        if number >= 20:
            took.append((time.perf_counter() - began) * 1000)
    return took


def _row(what: str, ours: list[float], peer: list[float], peer_name: str, most: float) -> Row:
    middle = statistics.median(ours)
    return {
        "what": what,
        "ours": f"{middle:.2f} ms",
        "peer": f"{peer_name} {statistics.median(peer):.2f} ms",
        "goal": f"≤ {most:g} ms",
        "met": middle <= most,
    }


async def _stock(folder: Path) -> tuple[list[float], list[float]]:
    """KubeSpawner's pod manifest and options form. No cluster is asked for either."""
    config = folder / "kubeconfig"
    config.write_text(yaml.safe_dump(KUBECONFIG))
    os.environ["KUBECONFIG"] = str(config)  # read when kubernetes_asyncio is imported
    from kubespawner import KubeSpawner

    spawner = KubeSpawner(
        _mock=True,
        image=IMAGES[42],
        cpu_guarantee=2,
        mem_guarantee="4G",
        extra_resource_limits={"nvidia.com/gpu": "1"},
        volumes=[{"name": "photos", "persistentVolumeClaim": {"claimName": "photos"}}],
        volume_mounts=[{"name": "photos", "mountPath": "/data/photos"}],
        environment={"STAGE": "test"},
    )
    manifests = []
    for number in range(320):
        began = time.perf_counter()
        await spawner.get_pod_manifest()
        if number >= 20:
            manifests.append((time.perf_counter() - began) * 1000)
    return manifests, _milliseconds(lambda: spawner._render_options_form(PROFILES), 50)


def requests(folder: Path) -> list[Row]:
    """What one request costs the hub: checked against a policy of 100 images, and the form that offers them."""
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump({"spawnerFormDefaults": POLICY}))
    policy, owner = Policy.load(path), Owner("ada")
    view = form.FormView(spawn_url="/hub/spawn/ada")
    manifest, stock_form = asyncio.run(_stock(folder))
    return [
        _row(
            "policy for one spawn: the request checked and resolved",
            _milliseconds(lambda: policy.resolve(OPTIONS, owner)),
            manifest,
            "stock get_pod_manifest (unchecked)",
            0.5,
        ),
        _row(
            "options form with 100 images, rendered",
            _milliseconds(lambda: form.render(policy, owner, OPTIONS, [], view)),
            stock_form,
            "stock KubeSpawner",
            2,
        ),
    ]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/hub/health")
        return connection.getresponse().status == 200
    return False


def _seconds(command: list[str], folder: Path, port: int) -> float:
    """From the start of `command` until a hub answers through its proxy on `port`. It is stopped again."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("KFHUB_")}
    environ |= {"KFHUB_PORT": str(port), "KFHUB_DATA": str(folder), "KFHUB_PASSWORD": "correct-horse"}
    began = time.perf_counter()
    with (folder / "bench.log").open("w") as log:
        hub = subprocess.Popen(command, cwd=folder, env=environ, stdout=log, stderr=subprocess.STDOUT)
    while not _answers(port):
        if hub.poll() is not None:
            raise RuntimeError((folder / "bench.log").read_text()[-2000:])
        time.sleep(0.02)
    took = time.perf_counter() - began
    hub.send_signal(signal.SIGTERM)
    hub.wait(60)
    return took


def second_start(folder: Path, times: int = 3) -> Row:
    """A hub that has run before, started again; arms take turns, and each has its own database and port."""
    kfhub, plain = folder / "kfhub", folder / "plain"
    for place in (kfhub, plain):
        place.mkdir()
    port, plain_port = _free_port(), _free_port()
    proxy = [str(node()), str(PACKAGE / "proxy/bin/proxy.mjs")]
    (plain / "config.py").write_text(
        PLAIN.format(port=plain_port, hub=_free_port(), api=_free_port(), command=proxy)
    )
    ours, peer = [], []
    for number in range(times + 1):
        started = _seconds([sys.executable, "-m", "kfspawner", "start"], kfhub, port)
        bare = _seconds([sys.executable, "-m", "jupyterhub", "-f", "config.py"], plain, plain_port)
        if number:
            ours.append(started)
            peer.append(bare)
    middle = statistics.median(ours)
    return {
        "what": "second `kfhub start` until the hub answers",
        "ours": f"{middle:.1f} s",
        "peer": f"plain jupyterhub {statistics.median(peer):.1f} s",
        "goal": "≤ 10 s",
        "met": middle <= 10,
    }


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [*requests(Path(folder)), second_start(Path(folder))]
