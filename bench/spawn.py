"""Starts on a cluster, beside stock KubeSpawner: pods alike, in one namespace, on a hollow node, arms interleaved.

A hollow node starts its containers at once and nothing answers in them, so `get_pod_url` names a server here.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jupyterhub.utils import url_path_join, wait_for_http_server
from kubespawner import KubeSpawner

from bench import Row, kube, opening, spawners
from bench.hub import ports
from kfspawner import KFSpawner, api
from tests.cluster.kube.client import Cluster

PLACE = "bench-spawn"
# A kubelet tells of one pod after the other: with several, the cluster's share of a start is smaller.
NODES = [f"hollow-bench-{n}" for n in range(4)]
IMAGE = "docker.io/kfhub-test/busybox:1"
POLICY = {
    "spawnerFormDefaults": {
        "image": {"value": IMAGE, "options": [IMAGE]},
        "imagePullPolicy": {"value": "IfNotPresent"},
        "cpu": {"value": "0.001", "max": "1"},
        "memory": {"value": "1Mi", "max": "1Gi"},
        "shm": {"value": False},
    }
}
OPTIONS = {"workspace": {"kind": "none"}, "shm": False}
# What an admin would set: the same for both.
COMMON: dict[str, Any] = {
    "node_affinity_required": [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": NODES}]}
    ],
    "tolerations": [{"key": "kfhub.io/hollow", "operator": "Exists"}],
    "service_account": "default",
    "start_timeout": 120,
    "http_timeout": 60,
}
STOCK: dict[str, Any] = {
    "namespace": PLACE,
    "image": IMAGE,
    "image_pull_policy": "IfNotPresent",
    "cpu_guarantee": 0.001,
    "mem_guarantee": "1M",
}
ROUNDS, TOGETHER = 10, 4
MANY, BURSTS = 200, 3

T = TypeVar("T")
names = itertools.count()


class Ours(KFSpawner):
    """In a hub the pod's own file names the namespace."""

    def _namespace_default(self) -> str:
        return PLACE


class Arm:
    """One of the two spawners, in all that differs between them."""

    def __init__(self, kind: type[Any], settings: dict[str, Any]) -> None:
        self.kind = kind
        self.settings = {**COMMON, **settings}

    async def spawner(self, port: int) -> Any:
        """One with a request accepted, as JupyterHub has it just before it calls start()."""
        settings = {**self.settings, "get_pod_url": lambda *_: f"http://127.0.0.1:{port}"}
        found = spawners.make(self.kind, f"bench-{next(names)}", **settings)
        if self.kind is Ours:
            await found.apply_user_options(found, dict(OPTIONS))
        return found

    async def close(self) -> None:
        await self.kind._stop_all_reflectors()


def arms(folder: Path) -> tuple[Arm, Arm]:
    file = folder / "policy.yaml"
    file.write_text(yaml.safe_dump(POLICY))
    return Arm(Ours, {"policy_file": str(file), "single_namespace": True}), Arm(KubeSpawner, STOCK)


async def remove_pods(at: Cluster) -> None:
    await asyncio.to_thread(
        at.kubectl,
        *("delete", "pods", "--all", "-n", PLACE, "--grace-period=0", "--force", "--wait=true"),
        timeout=300,
    )


@contextmanager
def listening() -> Iterator[int]:
    """A port that takes connections, at no cost for this process."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as taken:
        yield int(taken.getsockname()[1])


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


async def returns(arm: Arm, port: int, observer: kube.Observer) -> float:
    """Seconds from the pod's being Ready to the return of start()."""
    spawner = await arm.spawner(port)
    await spawner.start()
    returned = time.perf_counter()
    return returned - await observer.ready(spawner.pod_name)


async def redirects(arm: Arm, delay: float, observer: kube.Observer) -> float:
    """Seconds from when the notebook could answer, `delay` after its pod was Ready, to the end of JupyterHub's wait."""
    port = ports(1)[0]
    spawner = await arm.spawner(port)

    async def spawn() -> None:
        # as User.spawn and User._wait_up do
        url = await spawner.start()
        await wait_for_http_server(url_path_join(url, spawner.user.url, "api"), timeout=spawner.http_timeout)

    async def answers() -> float:
        await observer.ready(spawner.pod_name)
        await asyncio.sleep(delay)
        server = await asyncio.start_server(_answer, "127.0.0.1", port)
        began = time.perf_counter()
        async with server:
            await spawning
            return time.perf_counter() - began

    spawning = asyncio.create_task(spawn())
    return await answers()


async def one_by_one(at: Cluster, folder: Path) -> tuple[list[list[float]], list[list[float]]]:
    """What `returns` and `redirects` say, each for our arm and for the stock one."""
    both = arms(folder)
    returned: list[list[float]] = [[], []]
    redirected: list[list[float]] = [[], []]
    with kube.Observer(PLACE) as observer, listening() as port:
        for arm in both:
            await returns(arm, port, observer)  # the first opens watches and connections
        for _ in range(ROUNDS):
            delays = [random.uniform(0.3, 3) for _ in range(TOGETHER)]
            for index, arm in enumerate(both):
                returned[index] += await asyncio.gather(
                    *(returns(arm, port, observer) for _ in range(TOGETHER))
                )
                redirected[index] += await asyncio.gather(
                    *(redirects(arm, delay, observer) for delay in delays)
                )
            await remove_pods(at)
    for arm in both:
        await arm.close()
    return returned, redirected


class Ticker:
    """How late a task is that wants to run every 5 ms: what a page of the hub would wait."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def __aenter__(self) -> Ticker:
        self._task = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _tick(self) -> None:
        while True:
            due = time.perf_counter() + 0.005
            await asyncio.sleep(0.005)
            self.longest = max(self.longest, time.perf_counter() - due)


async def at_once(at: Cluster, folder: Path, which: int, many: int) -> tuple[list[float], float]:
    """Seconds until each of `many` starts that begin together has returned, and the longest stall of the loop."""
    arm = arms(folder)[which]
    with listening() as port:
        await (await arm.spawner(port)).start()  # opens watches
        waiting = [await arm.spawner(port) for _ in range(many)]
        async with Ticker() as ticker:
            began = time.perf_counter()

            async def timed(spawner: Any) -> float:
                await spawner.start()
                return time.perf_counter() - began

            times = await asyncio.gather(*map(timed, waiting))
    await remove_pods(at)
    await arm.close()
    return times, ticker.longest


async def bare(at: Cluster, folder: Path, many: int) -> list[float]:
    """Seconds until each of `many` pods like the stock arm's is seen to run, with no spawner at all: what is left is
    the cluster's own share of the burst, which no spawner can go below."""
    arm = arms(folder)[1]
    with listening() as port, kube.Observer(PLACE) as observer:
        first = await arm.spawner(port)
        await first.start()
        client = first.api.api_client
        pods = [
            client.sanitize_for_serialization(await (await arm.spawner(port)).get_pod_manifest())
            for _ in range(many)
        ]
        began = time.perf_counter()

        async def timed(pod: dict[str, Any]) -> float:
            await api.create(client, {**pod, "metadata": {**pod["metadata"], "namespace": PLACE}})
            return await observer.ready(pod["metadata"]["name"]) - began

        times = await asyncio.gather(*map(timed, pods))
    await remove_pods(at)
    await arm.close()
    return times


def _bare(at: Cluster, folder: Path, many: int) -> list[float]:
    asyncio.run(spawners.connect(at.kubeconfig))
    return asyncio.run(bare(at, folder, many))


def _at_once(at: Cluster, folder: Path, which: int, many: int) -> tuple[list[float], float]:
    asyncio.run(spawners.connect(at.kubeconfig))
    return asyncio.run(at_once(at, folder, which, many))


def _alone(measure: Callable[..., T], *arguments: Any) -> T:
    """In a process of its own: with its own connections and its own heap."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def _row(what: str, measured: list[list[float]], goal: float) -> Row:
    ours, stock = measured
    return {
        "what": what,
        "ours": f"median {1000 * statistics.median(ours):.0f} ms, p95 {1000 * p95(ours):.0f} ms",
        "peer": f"stock median {1000 * statistics.median(stock):.0f} ms, p95 {1000 * p95(stock):.0f} ms",
        "goal": f"p95 ≤ {1000 * goal:.0f} ms",
        "met": p95(ours) <= goal,
    }


def burst(at: Cluster, folder: Path, many: int = MANY) -> list[Row]:
    """Beside the stock arm, and beside the same pods with no spawner: both arms wait for what the cluster takes, which
    no spawner can change and which is most of it where API server, kubelets and hub share two cores. So the goal is on
    what a spawner adds to it; the whole is told too."""
    ours: list[float] = []
    stock: list[float] = []
    pods: list[float] = []
    stalls: list[list[float]] = [[], []]
    for _ in range(BURSTS):
        for which, all_of_it in enumerate((ours, stock)):
            times, stall = _alone(_at_once, at, folder, which, many)
            all_of_it.append(p95(times))
            stalls[which].append(stall)
        pods.append(p95(_alone(_bare, at, folder, many)))
    mine, its, alone = map(statistics.median, (ours, stock, pods))
    our_stall, stock_stall = map(statistics.median, stalls)
    return [
        {
            "what": f"{many} start() at once, p95 above the same pods without a spawner ({alone:.1f} s)",
            "ours": f"{mine - alone:.1f} s, in all {mine:.1f} s",
            "peer": f"stock {its - alone:.1f} s, in all {its:.1f} s",
            "goal": "≤ 0.5 × stock",
            "met": mine - alone <= 0.5 * (its - alone),
        },
        {
            "what": f"longest stall of the hub at {many} start()",
            "ours": f"{1000 * our_stall:.0f} ms",
            "peer": f"stock {1000 * stock_stall:.0f} ms",
            "goal": "≤ stock",
            "met": our_stall <= stock_stall,
        },
    ]


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            with kube.cluster() as at, kube.namespace(at, PLACE), kube.hollow_nodes(at, NODES):
                asyncio.run(spawners.connect(at.kubeconfig))
                returned, redirected = asyncio.run(one_by_one(at, folder))
                return [
                    _row("pod Ready → start() returns", returned, 0.05),
                    _row("notebook answers → browser redirected", redirected, 0.25),
                    *burst(at, folder),
                    opening.row(at),
                ]
        except kube.NoCluster as error:
            return [
                {
                    "what": "starts on a cluster",
                    "ours": "skipped",
                    "peer": str(error),
                    "goal": "",
                    "met": None,
                }
            ]
