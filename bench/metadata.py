"""Metadata beside the plain ML Metadata client, on the same store in the same run.

`python -m bench.metadata --size 100000`: 20 published queries, lineages, what a busy store does to an event loop,
and four writers at once. Lists are timed over HTTP on loopback, with a server that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from bench import Row
from kflab.metadata.exact import Exact, save
from kflab.metadata.location import Sqlite
from kflab.metadata.mlmd import Mlmd, connect
from kflab.metadata.models import Batch
from kflab.metadata.store import Store

ROUNDS = 10
WORDS = ["churn", "fraud", "price", "image", "speech", "click", "rank", "route", "demand", "credit"]
# The published queries; # stands for a number that is another one in each round.
QUERIES: list[dict[str, Any]] = [
    {},
    {"sort": "name"},
    {"sort": "-updated", "limit": 200},
    {"sort": "-prop.accuracy"},
    {"sort": "prop.note"},
    {"type": "system.Model"},
    {"type": "system.Metrics", "sort": "-created", "limit": 100},
    {"state": "DELETED"},
    {"filter": "prop.accuracy > 0.9#"},
    {"filter": "accuracy > 0.5 and epochs < 2#"},
    {"filter": 'name = "fraud-#"'},
    {"filter": 'name ~ "ud-1#"', "sort": "name"},
    {"filter": 'workspace = "space #"', "sort": "-accuracy"},
    {"filter": 'type = "system.Model" and (accuracy >= 0.99 or epochs in (1, #))'},
    {"filter": "not (accuracy < 0.99#)"},
    {"filter": "note is not null and accuracy > 0.2#"},
    {"filter": "created > '202#-01-01'", "type": "system.Dataset"},
    {"q": "speech-1#"},
    {"q": "churn"},
    {"q": "rare note #", "sort": "name"},
]


def p95(seconds: list[float]) -> float:
    """In milliseconds."""
    return statistics.quantiles(seconds, n=20)[-1] * 1000


def row(what: str, ours: str, peer: str, goal: str, met: bool | None) -> Row:
    return {"what": what, "ours": ours, "peer": peer, "goal": goal, "met": met}


def fill(path: Path, size: int) -> None:
    """Write the store with the plain client, in big batches; the index is built from it afterwards."""
    store = connect(Sqlite(path))
    pb, pick = store.pb, random.Random(1)
    types = [store.type_id("artifact", f"system.{name}") for name in ("Model", "Dataset", "Metrics")]
    spaces = []
    for n in range(10):
        space = pb.Context(type_id=store.type_id("context", "system.Pipeline"), name=f"s{n}")
        save(space, Exact(f"space {n}"))
        space.id = store.store.put_contexts([space])[0]
        spaces.append(space)
    step = 2_000
    for first in range(0, size, step):
        artifacts = [_artifact(pb, n, types[n % 3], pick) for n in range(first, min(first + step, size))]
        execution = pb.Execution(type_id=store.type_id("execution", "system.ContainerExecution"))
        save(execution, Exact(f"step {first}"))
        # Each execution has few outputs, as real ones do; the rest is only in the workspace.
        edges = [(0, n, pb.Event(type=pb.Event.OUTPUT)) for n in range(20)]
        store.store.put_lineage_subgraph([execution], artifacts, [spaces[first // step % 10]], edges)


def _artifact(pb: Any, n: int, type_id: int, pick: random.Random) -> Any:
    state = pb.Artifact.DELETED if n % 50 == 0 else pb.Artifact.LIVE
    artifact = pb.Artifact(type_id=type_id, uri=f"file:///data/{WORDS[n % 10]}/{n}.parquet", state=state)
    properties: dict[str, Any] = {"accuracy": pick.random(), "epochs": pick.randrange(1, 200)}
    if n % 3 == 0:
        properties["note"] = f"a rare note {n}" if n % 999 == 0 else f"trained on {WORDS[n * 7 % 10]}"
    save(artifact, Exact(f"{WORDS[n % 10]}-{n}", f"v{n % 7}", None, properties))
    return artifact


class Loop:
    """An event loop in a thread, where the store lives as it does in a server; it notes its longest stall."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.stall = 0.0
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._watch(), self.loop)

    async def _watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.stall = max(self.stall, time.perf_counter() - before - 0.001)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


def serve(store: Store, loop: Loop) -> ThreadingHTTPServer:
    """The list over HTTP/1.1, kept alive."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet

        def do_GET(self) -> None:
            query: dict[str, Any] = dict(parse_qsl(urlsplit(self.path).query))
            body: bytes = loop.run(store.list_json("artifacts", **query))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def lists(port: int, path: str = "/", headers: Mapping[str, str] = MappingProxyType({})) -> list[float]:
    """Seconds of each query in each round, with its deep page: the fifth of 50 times 50."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(query: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        begun = time.perf_counter()
        connection.request("GET", f"{path}?{urlencode(query)}", headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{query}: {body[:300]!r}")
        return time.perf_counter() - begun, json.loads(body)

    took: list[float] = []
    slow: dict[int, float] = {}
    for turn in range(ROUNDS):
        for number, query in enumerate(QUERIES):
            asked = {k: v.replace("#", str(turn)) if isinstance(v, str) else v for k, v in query.items()}
            seconds, page = ask(asked)
            took.append(seconds)
            slow[number] = max(slow.get(number, 0), seconds)
            if number < 5:  # deep: walk on, and time the last step
                for _ in range(4):
                    seconds, page = ask({**asked, "page_token": page["next_page_token"]})
                took.append(seconds)
    for number, seconds in sorted(slow.items(), key=lambda s: -s[1])[:6]:
        print(f"  slowest: {seconds * 1000:6.1f} ms  {QUERIES[number]}", file=sys.stderr)
    return took


def plain_lists(store: Mlmd) -> list[float]:
    """What the plain client can do of the same: newest first, by type, and all of them to filter by hand."""
    options, order = store._options, store._order
    took = []
    for work in (
        lambda: store.store.get_artifacts(options(limit=50, order_by=order.CREATE_TIME, is_asc=False)),
        lambda: store.store.get_artifacts_by_type("system.Model"),
        lambda: [
            a for a in store.store.get_artifacts() if a.custom_properties["accuracy"].double_value > 0.9
        ],
    ):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return took


def tree(store: Mlmd, nodes: int) -> int:
    """A lineage of so many nodes: chains of a dataset, a step, a model and the next step. Returns its root."""
    pb = store.pb
    count = nodes // 2
    kind, step = (
        store.type_id("artifact", "system.Model"),
        store.type_id("execution", "system.ContainerExecution"),
    )
    artifacts = []
    executions = []
    edges = []
    for n in range(count):
        artifact, execution = pb.Artifact(type_id=kind), pb.Execution(type_id=step)
        save(artifact, Exact(f"node {n}"))
        save(execution, Exact(f"step {n}"))
        artifacts.append(artifact)
        executions.append(execution)
        edges.append((n, n, pb.Event(type=pb.Event.OUTPUT)))
        if n:  # each artifact feeds ten steps
            edges.append((n, (n - 1) // 10, pb.Event(type=pb.Event.INPUT)))
    marker = pb.Context(type_id=store.type_id("context", "bench"), name=f"tree {nodes}")
    root: int = store.store.put_lineage_subgraph(executions, artifacts, [marker], edges)[1][0]
    return root


def timed(work: Callable[[], Any], times: int = 7) -> float:
    """The median in milliseconds."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return statistics.median(took) * 1000


def group(key: int) -> Batch:
    return Batch.model_validate(
        {
            "key": f"{key:026d}",
            "contexts": [{"ref": "w", "type": "system.Pipeline", "name": "writers"}],
            "executions": [
                {"ref": "e", "type": "system.ContainerExecution", "name": "step", "state": "COMPLETE"}
            ],
            "artifacts": [
                {"ref": "m", "type": "system.Model", "name": "churn", "set": {"accuracy": 0.9, "n": key}}
            ],
            "events": [{"execution": "e", "artifact": "m", "type": "OUTPUT"}],
        }
    )


async def writers(batch: Callable[[Batch], Awaitable[Any]], each: int) -> list[float]:
    """Seconds of every write of four that write as fast as they can."""

    async def one(number: int) -> list[float]:
        took = []
        for n in range(each):
            begun = time.perf_counter()
            await batch(group(number * 10_000 + n + 1))
            took.append(time.perf_counter() - begun)
        return took

    return [seconds for took in await asyncio.gather(*[one(n) for n in range(4)]) for seconds in took]


def plain_writer(path: str, each: int, answers: Any) -> None:
    """One of four plain clients: the same nodes and links."""
    took: list[float] = []
    failed = 0
    try:
        store = connect(Sqlite(Path(path)))
        pb = store.pb
        for n in range(each):
            begun = time.perf_counter()
            try:
                kind = store.store.put_artifact_type(pb.ArtifactType(name="system.Model"))
                step = store.store.put_execution_type(pb.ExecutionType(name="system.ContainerExecution"))
                space = store.store.put_context_type(pb.ContextType(name="system.Pipeline"))
                artifact = pb.Artifact(type_id=kind, uri=str(n))
                artifact.custom_properties["accuracy"].double_value = 0.9
                context = pb.Context(type_id=space, name="plain writers")
                event = pb.Event(type=pb.Event.OUTPUT)
                store.store.put_lineage_subgraph(
                    [pb.Execution(type_id=step)],
                    [artifact],
                    [context],
                    [(0, 0, event)],
                    reuse_context_if_already_exist=True,
                )
            except Exception:  # noqa: BLE001 - what a plain client gets to see is counted
                failed += 1
            took.append(time.perf_counter() - begun)
    except Exception:  # noqa: BLE001
        failed += each
    answers.put((took, failed))


def plain_writers(path: Path, each: int) -> tuple[float, int]:
    """The worst write in ms, and how many failed, of four processes with a plain client each."""
    spawn = multiprocessing.get_context("spawn")
    answers: Any = spawn.Queue()
    processes = [spawn.Process(target=plain_writer, args=(str(path), each, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return max((s for took, _ in found for s in took), default=0.0) * 1000, sum(failed for _, failed in found)


def stall_of_plain(store: Mlmd) -> float:
    """The longest stall in ms of a loop whose process lists with the plain client in a thread."""
    loop = Loop()
    time.sleep(0.1)
    loop.stall = 0.0
    store.store.get_artifacts_by_type("system.Model")
    time.sleep(0.1)
    return loop.stall * 1000


def rows(size: int = 100_000) -> list[Row]:
    """All lines of the table for a store of so many artifacts."""
    with tempfile.TemporaryDirectory() as folder:
        return _rows(Path(folder) / "metadata.sqlite", size)


def _rows(path: Path, size: int) -> list[Row]:
    begun = time.perf_counter()
    fill(path, size)
    plain = connect(Sqlite(path))
    roots = {nodes: tree(plain, nodes) for nodes in (200, 1_000, 5_000)}
    del plain
    print(f"  filled in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    loop = Loop()

    async def opened() -> Store:
        made = Store(f"sqlite:///{path}")
        await made.start()
        return made

    begun = time.perf_counter()
    store: Store = loop.run(opened())
    print(f"  indexed in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    server = serve(store, loop)
    loop.stall = 0.0
    # All of ours first: the plain client in this process would stall the loop that is watched.
    listed = p95(lists(server.server_port))
    lineages = {n: timed(lambda n=n: loop.run(store.lineage_json(roots[n], 20, 5_000))) for n in roots}  # type: ignore[misc]
    wrote = max(loop.run(writers(store.batch, 50))) * 1000
    stalled = loop.stall * 1000
    loop.run(store.close())
    server.shutdown()
    plain = connect(Sqlite(path))
    plain_ms = " / ".join(f"{seconds * 1000:,.0f}" for seconds in plain_lists(plain))
    worst, failed = plain_writers(path, 50)
    found = [
        row(
            f"list, {size:,} artifacts, {len(QUERIES)} queries over HTTP, p95",
            f"{listed:.1f} ms",
            f"MLMD client, newest / by type / filter: {plain_ms} ms",
            "≤ 10 ms",
            listed <= 10,
        ),
        row(
            "loop stall, longest, in lists, lineages, writes",
            f"{stalled:.1f} ms",
            f"MLMD in process {stall_of_plain(plain):,.0f} ms",
            "≤ 10 ms",
            stalled <= 10,
        ),
        row(
            "4 writers at once, worst write",
            f"{wrote:.0f} ms, 0 errors",
            f"4 MLMD clients {worst:,.0f} ms, {failed} errors",
            "≤ 200 ms",
            wrote <= 200,
        ),
    ]
    for nodes, goal in ((200, 15), (1_000, 50), (5_000, 40)):
        ours = lineages[nodes]
        peer = timed(lambda n=nodes: _plain_lineage(plain, roots[n]), 3)  # type: ignore[misc]
        found.append(
            row(
                f"lineage of {nodes:,} nodes",
                f"{ours:.1f} ms",
                f"MLMD {peer:.0f} ms",
                f"≤ {goal} ms",
                ours <= goal,
            )
        )
    return found


def _plain_lineage(store: Mlmd, root: int) -> None:
    from ml_metadata.proto import metadata_store_pb2 as pb

    options = pb.LineageSubgraphQueryOptions(
        max_num_hops=20, direction=pb.LineageSubgraphQueryOptions.BIDIRECTIONAL
    )
    options.starting_artifacts.filter_query = f"id = {root}"
    store.store.get_lineage_subgraph(options)


if __name__ == "__main__":
    from bench.__main__ import table

    arguments = argparse.ArgumentParser()
    arguments.add_argument("--size", type=int, default=100_000)
    print(table(rows(arguments.parse_args().size)))
