"""The hub: what a request and the form cost, and how long a start takes, beside stock JupyterHub."""

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
from pathlib import Path
from typing import Any

import yaml
from kubespawner import KubeSpawner

from bench import Row, spawners
from kfspawner import KFSpawner, Owner, Policy, form
from kfspawner.chp import node

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "correct-horse"
ADMIN_PASSWORD = "correct-horse-battery-staple-100"
REQUEST: dict[str, Any] = {
    "cpu": "1",
    "memory": "2Gi",
    "dataVolumes": [{"name": "customers", "mount": "/data/customers"}],
    "environment": {"GREETING": "hello"},
}
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "none",
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
}
# JupyterHub itself with the same authenticator and the same proxy, and nothing of ours.
PLAIN = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = "{password}"
c.SharedPasswordAuthenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.ConfigurableHTTPProxy.command = ["{node}", "{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
"""


def _milliseconds(action: Callable[[], object], times: int = 300) -> float:
    action()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


async def _spawners(folder: Path) -> tuple[Any, Any]:
    """A KFSpawner and a stock KubeSpawner that talk to no cluster. They want a running loop."""
    config = folder / "kubeconfig"
    config.write_text(yaml.safe_dump(KUBECONFIG))
    await spawners.connect(config)
    policy = ROOT / "hub_config/spawner_ui_config.yaml"
    return spawners.make(KFSpawner, "ada", policy_file=str(policy)), spawners.make(KubeSpawner, "ada")


def manifest(ours: Any, stock: Any, loop: asyncio.AbstractEventLoop) -> Row:
    """From the request as JSON to the pod as it is sent, less what a cluster would be asked."""

    async def spawn() -> None:
        ours.accept(ours._resolve(REQUEST, False))
        await ours.get_pod_manifest()

    def milliseconds(make: Callable[[], Any]) -> float:
        return _milliseconds(lambda: loop.run_until_complete(make()))

    mine = milliseconds(spawn)
    peer = milliseconds(stock.get_pod_manifest)
    return {
        "what": "policy and pod for one spawn",
        "ours": f"{mine:.2f} ms",
        "peer": f"stock get_pod_manifest {peer:.2f} ms",
        "goal": "≤ 0.5 ms",
        "met": mine <= 0.5,
    }


def draw(stock: Any, folder: Path, images: int = 100) -> Row:
    document = yaml.safe_load((ROOT / "hub_config/spawner_ui_config.yaml").read_text())
    options = [
        {"image": f"acme.io/lab-{n}:1", "displayName": f"Lab {n}", "description": "A notebook."}
        for n in range(images)
    ]
    document["spawnerFormDefaults"]["image"] = {"value": "acme.io/lab-0:1", "options": options}
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(document))
    policy, owner, view = Policy.load(path), Owner("ada"), form.FormView(spawn_url="/hub/spawn/ada")
    ours = _milliseconds(lambda: form.render(policy, owner, REQUEST, [], view), 100)
    profiles = [
        {
            "display_name": f"Lab {n}",
            "description": "A notebook.",
            "kubespawner_override": {"image": f"lab:{n}"},
        }
        for n in range(images)
    ]
    peer = _milliseconds(lambda: stock._render_options_form(profiles), 100)
    return {
        "what": f"options form with {images} images",
        "ours": f"{ours:.1f} ms",
        "peer": f"stock profile list {peer:.1f} ms",
        "goal": "≤ 2 ms",
        "met": ours <= 2,
    }


def ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _ready(command: list[str], port: int, folder: Path, env: dict[str, str]) -> float:
    """Seconds from the command until the hub answers through its proxy."""
    began = time.perf_counter()
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        while process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            try:
                connection.request("GET", "/hub/health")
                if connection.getresponse().status == 200:
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.02)
            finally:
                connection.close()
        raise RuntimeError((folder / "output.txt").read_text()[-2000:])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def start(folder: Path, times: int = 3) -> Row:
    env = {key: value for key, value in os.environ.items() if not key.startswith("KFHUB_")}
    ours, peer = [], []
    for _ in range(times + 1):  # the first makes databases and caches
        port, hub, api = ports(3)
        given = {
            "KFHUB_PORT": str(port),
            "KFHUB_DATA": str(folder / "data"),
            "KFHUB_PASSWORD": PASSWORD,
            "KFHUB_ADMIN_PASSWORD": ADMIN_PASSWORD,
        }
        ours.append(_ready([sys.executable, "-m", "kfspawner", "start"], port, folder, env | given))
        plain = folder / "plain"
        plain.mkdir(exist_ok=True)
        values = {"node": node(), "proxy": ROOT / "kfspawner/proxy/bin/proxy.mjs", "password": PASSWORD}
        config = PLAIN.format(port=port, hub=hub, api=api, **values)
        (plain / "jupyterhub_config.py").write_text(config)
        peer.append(_ready([sys.executable, "-m", "jupyterhub"], port, plain, env))
    median = statistics.median(ours[1:])
    return {
        "what": "second kfhub start until the hub answers",
        "ours": f"{median:.1f} s",
        "peer": f"plain jupyterhub {statistics.median(peer[1:]):.1f} s",
        "goal": "≤ 10 s",
        "met": median <= 10,
    }


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loop = asyncio.new_event_loop()
        ours, stock = loop.run_until_complete(_spawners(folder))
        return [manifest(ours, stock, loop), draw(stock, folder), start(folder)]
