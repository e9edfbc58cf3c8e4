"""The Cluster panel's server side on a real cluster, as a notebook's account."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from schemathesis import openapi

from kflab.cluster import watch
from kflab.cluster.connection import Connection
from kflab.cluster.errors import Conflict, Forbidden, NotFound, NotNow, Unreachable
from kflab.cluster.models import ChangesFrame, EventRow, FaultFrame, LogFrame, Lost, PodRow, RowsFrame
from kflab.cluster.namespace import Namespace
from kflab.cluster.watch import Frame, Listener
from kflab.server.openapi import document
from tests.cluster.kube import busybox
from tests.cluster.kube.client import Cluster
from tests.kflab.server.conftest import Lab, Stream
from tests.kflab.server.test_openapi import CHECKS

SPACE = "panel-test"
NO_RIGHTS = {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods", "services"]}
CONTAINER: dict[str, Any] = {"name": "main", "image": busybox.NAME, "imagePullPolicy": "Never"}


def shell(command: str, **more: Any) -> dict[str, Any]:
    return {**CONTAINER, "command": ["sh", "-c", command], **more}


def pod(name: str, command: str = "sleep inf", **spec: Any) -> dict[str, Any]:
    containers = spec.pop("containers", None) or [shell(command)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": containers, **spec},
    }


def workload(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    template = pod(name)
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": template["spec"]},
            **spec,
        },
    }


def job(name: str, command: str) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "backoffLimit": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [shell(command)]}},
        },
    }


OBJECTS: list[dict[str, Any]] = [
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "files"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    },
    workload("Deployment", "web", replicas=2),
    workload("StatefulSet", "db", serviceName="db"),
    job("done", "echo row 1; echo row 2"),
    job("fails", "exit 3"),
    pod(
        "runs",
        volumes=[{"name": "files", "persistentVolumeClaim": {"claimName": "files"}}],
        initContainers=[shell("true") | {"name": "first"}],
    ),
    pod("no-image", containers=[{"name": "main", "image": "kfhub-test.invalid/none:1"}]),
    pod("too-large", containers=[shell("true", resources={"requests": {"cpu": "5000"}})]),
]


@pytest.fixture(scope="module")
def space(cluster: Cluster) -> Iterator[str]:
    """A namespace with something of each kind, a full account and one that may read pods and services only."""
    cluster.kubectl("create", "namespace", SPACE)
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
        for name in ("default-editor", "restricted")
    ]
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    group = "rbac.authorization.k8s.io"
    cluster.apply(
        [
            *accounts,
            {**rbac, "kind": "Role", "metadata": {"name": "restricted"}, "rules": [NO_RIGHTS]},
            *(
                {
                    **rbac,
                    "kind": "RoleBinding",
                    "metadata": {"name": name},
                    "roleRef": {"apiGroup": group, "kind": kind, "name": role},
                    "subjects": [{"kind": "ServiceAccount", "name": name}],
                }
                for name, kind, role in [
                    ("default-editor", "ClusterRole", "edit"),
                    ("restricted", "Role", "restricted"),
                ]
            ),
        ],
        SPACE,
    )
    cluster.apply(OBJECTS, SPACE)
    for what, condition in [
        ("deployment/web", "condition=Available"),
        ("pod/runs", "condition=Ready"),
        ("pod/db-0", "create"),
        ("pod/db-0", "condition=Ready"),
        ("job/done", "condition=Complete"),
        ("job/fails", "condition=Failed"),
        ("pvc/files", "jsonpath={.status.phase}=Bound"),
    ]:
        cluster.wait_for(condition, what, namespace=SPACE)
    yield SPACE
    cluster.kubectl("delete", "namespace", SPACE)


class Access:
    """Kubeconfigs for accounts of the namespace."""

    def __init__(self, cluster: Cluster, space: str, folder: Path) -> None:
        self.cluster, self.space, self.folder = cluster, space, folder
        given = yaml.safe_load(cluster.kubectl("config", "view", "--raw", "--minify", "--flatten"))
        self.target: dict[str, Any] = given["clusters"][0]["cluster"]

    def token(self, account: str, *more: str) -> str:
        return self.cluster.kubectl("create", "token", account, "-n", self.space, *more).strip()

    def kubeconfig(self, account: str = "default-editor", server: str | None = None) -> Path:
        target = dict(self.target)
        if server:
            target["tls-server-name"] = urlsplit(target["server"]).hostname
            target["server"] = server
        config = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": self.space}}],
            "clusters": [{"name": "c", "cluster": target}],
            "users": [{"name": "u", "user": {"token": self.token(account)}}],
        }
        path = self.folder / f"{account}-{'direct' if server is None else 'relayed'}"
        path.write_text(json.dumps(config))
        return path


@pytest.fixture
def access(cluster: Cluster, space: str, tmp_path: Path) -> Access:
    return Access(cluster, space, tmp_path)


@pytest.fixture
async def look(access: Access, tmp_path: Path) -> AsyncIterator[Callable[..., Namespace]]:
    """`look(account)` is the namespace as that account sees it."""
    opened: list[Namespace] = []

    def make(account: str = "default-editor", server: str | None = None) -> Namespace:
        config = access.kubeconfig(account, server)
        opened.append(Namespace(Connection({"KUBECONFIG": str(config)}, tmp_path / "none")))
        return opened[-1]

    yield make
    for namespace in opened:
        await namespace.close()


Look = Callable[..., Namespace]


async def rows_until(listener: Listener, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The rows by name, as a viewer has them, as soon as they are so."""
    rows: dict[str, Any] = {}
    async with asyncio.timeout(60):
        while True:
            for frame in await listener.frames():
                rows = taken(rows, frame)
            if condition({row.name: row for row in rows.values()}):
                return {row.name: row for row in rows.values()}


def taken(rows: dict[str, Any], frame: Frame) -> dict[str, Any]:
    if isinstance(frame, RowsFrame):
        return {row.uid: row for row in frame.rows}
    if isinstance(frame, ChangesFrame):
        left = {uid: row for uid, row in rows.items() if uid not in frame.removed}
        return left | {row.uid: row for row in frame.changed}
    return rows


async def stands(cluster: Cluster, listener: Listener) -> None:
    """Until a change of the service `web` has come by watch."""
    before = (await rows_until(listener, lambda rows: "web" in rows))["web"].version
    await kubectl(cluster, "annotate", "--overwrite", "service", "web", f"seen={before}")
    async with asyncio.timeout(60):
        while not any(isinstance(frame, ChangesFrame) for frame in await listener.frames()):
            continue


async def fault_of(listener: Listener) -> FaultFrame:
    async with asyncio.timeout(60):
        while True:
            for frame in await listener.frames():
                if isinstance(frame, FaultFrame):
                    return frame


async def kubectl(cluster: Cluster, *arguments: str) -> str:
    return await asyncio.to_thread(cluster.kubectl, *arguments, "-n", SPACE)


async def test_the_overview_counts_and_says_who_looks(look: Look) -> None:
    found = await look().overview()
    assert (found.state, found.namespace) == ("connected", SPACE)
    assert found.account == f"system:serviceaccount:{SPACE}:default-editor"
    counts = {kind.name: kind.count for kind in found.kinds}
    assert counts.pop("events")
    assert counts.pop("pods") >= 8  # type: ignore[operator]
    assert counts == {"deployments": 1, "statefulsets": 1, "services": 1, "jobs": 2, "pvcs": 1}
    assert {kind.name for kind in found.kinds if kind.deletable} == set(counts) | {"pods"}


@pytest.mark.parametrize(
    ("kind", "resource", "words"),
    [
        ("pods", "pods", {"READY": "ready", "STATUS": "status", "RESTARTS": "restarts"}),
        (
            "deployments",
            "deployments",
            {"READY": "ready", "UP-TO-DATE": "up_to_date", "AVAILABLE": "available"},
        ),
        ("statefulsets", "statefulsets", {"READY": "ready"}),
        ("services", "services", {"TYPE": "type", "CLUSTER-IP": "address", "PORT(S)": "ports"}),
        ("jobs", "jobs", {"STATUS": "status", "COMPLETIONS": "completions"}),
        (
            "pvcs",
            "pvc",
            {
                "STATUS": "status",
                "CAPACITY": "capacity",
                "ACCESS MODES": "modes",
                "STORAGECLASS": "storage_class",
                "VOLUME": "volume",
            },
        ),
    ],
)
async def test_rows_say_what_kubectl_prints(
    cluster: Cluster, look: Look, kind: str, resource: str, words: dict[str, str]
) -> None:
    namespace = look()
    async with asyncio.timeout(60), namespace.listen(kind) as listener:
        while True:
            table = printed(await kubectl(cluster, "get", resource))
            ours = {
                row.name: {head: str(getattr(row, name)) for head, name in words.items()}
                for row in await namespace.rows(kind)
            }
            theirs = {name: {head: cells[head] for head in words} for name, cells in table.items()}
            if ours == theirs:
                break
            # One was a moment later than the other, unless they do not agree in the end.
            await asyncio.wait_for(listener.frames(), 20)
    assert ours


def printed(text: str) -> dict[str, dict[str, str]]:
    """kubectl's table by the names in it; columns begin where their heads do."""
    head, *lines = text.splitlines()
    starts = [found.start() for found in re.finditer(r"\S+(?: \S+)*", head)]
    ends = [*starts[1:], None]
    heads = [head[a:b].strip() for a, b in zip(starts, ends, strict=True)]
    cells = [[line[a:b].strip() for a, b in zip(starts, ends, strict=True)] for line in lines]
    table = {row[0]: dict(zip(heads, row, strict=True)) for row in cells}
    for row in table.values():
        if "RESTARTS" in row:
            row["RESTARTS"] = row["RESTARTS"].split(" ")[0]
    return table


async def test_details(look: Look) -> None:
    namespace = look()
    found = await namespace.details("pods", "runs")
    assert [(c.name, c.state, c.init) for c in found.containers] == [
        ("main", "Running", False),
        ("first", "Completed", True),
    ]
    assert [ref.name for ref in found.related] == ["files"]
    assert {"Scheduled", "Started"} <= {event.reason for event in found.events}
    assert {"Ready"} <= {condition.type for condition in found.conditions}
    whole = yaml.safe_load(found.yaml)
    assert whole["kind"] == "Pod" and "managedFields" not in whole["metadata"]
    assert not found.lacks and found.deletable

    claim = await namespace.details("pvcs", "files")
    assert [ref.name for ref in claim.related] == ["runs"]
    assert claim.deletes_data is None, "this account may not read volumes"
    for kind in ("deployments", "services"):
        pods = (await namespace.details(kind, "web")).related
        assert len(pods) == 2 and all(ref.name.startswith("web-") for ref in pods)
    [made] = (await namespace.details("jobs", "done")).related
    owned = (await namespace.details("pods", made.name)).row
    assert isinstance(owned, PodRow) and owned.owner is not None and owned.owner.name == "done"
    event = (await namespace.rows("events"))[-1]
    assert isinstance((await namespace.details("events", event.name)).row, EventRow)
    with pytest.raises(NotFound):
        await namespace.details("pods", "nobody")


async def test_changes_arrive_while_one_looks(cluster: Cluster, look: Look) -> None:
    namespace = look()
    async with namespace.listen("pods") as listener:
        await rows_until(listener, lambda rows: "runs" in rows)
        await asyncio.to_thread(cluster.apply, pod("comes"), SPACE)
        seen = await rows_until(listener, lambda rows: "comes" in rows)
        assert "comes" in seen
        await namespace.delete("pods", "comes", seen["comes"].uid)
        async with asyncio.timeout(60):
            while not any(
                seen["comes"].uid in getattr(frame, "removed", []) for frame in await listener.frames()
            ):
                continue


async def test_two_viewers_share_one_watch_and_it_ends_with_the_last(look: Look) -> None:
    namespace = look()
    shared = namespace._watches["pods"]
    async with namespace.listen("pods") as one:
        await one.frames()
        task = shared._task
        async with namespace.listen("pods") as two:
            assert [frame.type for frame in await two.frames()] == ["rows"], "at once, from what is there"
            assert shared._task is task
        assert task is not None and not task.done()
        kinds = {kind.name: kind.count for kind in (await namespace.overview()).kinds}
        assert kinds["pods"] == len(shared.rows or {})
    assert task.done() and shared.rows is None


class Relay:
    """A way to the API server that can be cut."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._writers: set[asyncio.StreamWriter] = set()
        self.opened = 0
        self.refuses = False

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"https://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        self.opened += 1
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port or 443)
        self._writers |= {writer, back}
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


async def test_a_lost_watch_goes_on_where_it_was(cluster: Cluster, look: Look, access: Access) -> None:
    async with Relay(access.target["server"]) as relay:
        namespace = look(server=relay.url)
        async with namespace.listen("services") as listener:
            await stands(cluster, listener)
            relay.cut()
            await kubectl(cluster, "create", "service", "clusterip", "late", "--tcp=80")
            # No list of everything, and nothing said: only the change.
            async with asyncio.timeout(60):
                frames = await listener.frames()
            assert [frame.type for frame in frames] == ["changes"]
            assert isinstance(frames[0], ChangesFrame)
            assert [row.name for row in frames[0].changed] == ["late"]
    await kubectl(cluster, "delete", "service", "late")


async def test_a_cluster_that_is_away_is_told_and_found_again(
    cluster: Cluster, look: Look, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_LONGEST_WAIT", 0.5)
    async with Relay(access.target["server"]) as relay:
        namespace = look(server=relay.url)
        async with namespace.listen("services") as listener:
            assert (await namespace.overview()).state == "connected"
            await stands(cluster, listener)
            relay.refuses = True
            relay.cut()
            fault = await fault_of(listener)
            assert fault.missing is None and relay.url in fault.message
            with pytest.raises(Unreachable):
                await namespace.rows("pods")
            overview = await namespace.overview()
            assert overview.state == "connected", "what was seen of it stays in view"
            assert all(kind.count is None and kind.message for kind in overview.kinds)
            await kubectl(cluster, "create", "service", "clusterip", "meanwhile", "--tcp=80")
            relay.refuses = False
            rows = await rows_until(listener, lambda rows: "meanwhile" in rows)
            assert "web" in rows
    await kubectl(cluster, "delete", "service", "meanwhile")


async def test_history_that_is_gone_is_listed_anew(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    follow, gone = watch.Watch._follow, [True]

    async def once(self: watch.Watch) -> None:
        # As after hours without a connection; a young cluster still has all of its past.
        if gone:
            gone.pop()
            self._take({"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}})
        await follow(self)

    monkeypatch.setattr(watch.Watch, "_follow", once)
    async with look().listen("services") as listener, asyncio.timeout(60):
        for _ in range(2):
            assert [frame.type for frame in await listener.frames()] == ["rows"]


async def test_what_is_not_allowed_is_named_and_the_rest_works(look: Look) -> None:
    namespace = look("restricted")
    found = await namespace.overview()
    assert found.state == "connected"
    seen = {kind.name for kind in found.kinds if kind.count is not None}
    assert seen == {"pods", "services"}
    lacking = {kind.name: kind.missing for kind in found.kinds if kind.missing}
    jobs = lacking["jobs"]
    assert jobs is not None
    assert (jobs.verb, jobs.resource, jobs.group, jobs.namespace) == ("list", "jobs", "batch", SPACE)
    assert not any(kind.deletable for kind in found.kinds)
    async with namespace.listen("jobs") as listener:
        fault = await fault_of(listener)
        assert fault.missing == jobs
    details = await namespace.details("pods", "runs")
    assert not details.deletable
    assert details.lacks == [f"This account may not list events in namespace {SPACE}."]
    with pytest.raises(Forbidden, match="may not delete pods in namespace panel-test"):
        await namespace.delete("pods", "runs", details.row.uid)
    with pytest.raises(Forbidden, match="get pods/log"):
        await namespace.log("runs", None, 10, False)
    frames = [frame async for frame in namespace.follow("runs", None, 10, 0)]
    assert [type(frame) for frame in frames] == [Lost] and "pods/log" in frames[0].message  # type: ignore[union-attr]


async def test_a_right_that_is_given_is_taken_up(
    cluster: Cluster, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_FORBIDDEN_WAIT", 0.2)
    namespace = look("restricted")
    async with namespace.listen("jobs") as listener:
        await fault_of(listener)
        await kubectl(cluster, "create", "role", "jobs", "--verb=list,watch", "--resource=jobs.batch")
        await kubectl(
            cluster, "create", "rolebinding", "jobs", "--role=jobs", f"--serviceaccount={SPACE}:restricted"
        )
        assert "done" in await rows_until(listener, lambda rows: "done" in rows)
    await kubectl(cluster, "delete", "role,rolebinding", "jobs")


async def test_an_object_made_anew_is_not_deleted_by_mistake(cluster: Cluster, look: Look) -> None:
    namespace = look()
    await asyncio.to_thread(cluster.apply, pod("twice"), SPACE)
    first = (await namespace.details("pods", "twice")).row.uid
    await kubectl(cluster, "delete", "pod", "twice")
    await asyncio.to_thread(cluster.apply, pod("twice"), SPACE)
    with pytest.raises(Conflict, match="made anew"):
        await namespace.delete("pods", "twice", first)
    second = (await namespace.details("pods", "twice")).row
    assert second.uid != first
    assert (await namespace.delete("pods", "twice", second.uid)).uid == second.uid
    await asyncio.to_thread(cluster.wait_for, "delete", "pod/twice", namespace=SPACE)
    with pytest.raises(NotFound, match="gone already"):
        await namespace.delete("pods", "twice", second.uid)
    with pytest.raises(Conflict, match="not deleted by hand"):
        await namespace.delete("events", "x", first)


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("deployments", workload("Deployment", "brief")),
        ("statefulsets", workload("StatefulSet", "brief", serviceName="brief")),
        ("services", {**OBJECTS[1], "metadata": {"name": "brief"}}),
        ("jobs", job("brief", "sleep inf")),
        ("pvcs", {**OBJECTS[0], "metadata": {"name": "brief"}}),
    ],
)
async def test_each_kind_is_deleted_with_what_belongs_to_it(
    cluster: Cluster, look: Look, kind: str, made: dict[str, Any]
) -> None:
    namespace = look()
    await asyncio.to_thread(cluster.apply, made, SPACE)
    found = await namespace.details(kind, "brief")
    await namespace.delete(kind, "brief", found.row.uid)
    async with asyncio.timeout(90), namespace.listen(kind) as listener, namespace.listen("pods") as pods:
        await rows_until(listener, lambda rows: "brief" not in rows)
        await rows_until(pods, lambda rows: not any(name.startswith("brief") for name in rows))


async def test_a_log_is_followed_from_its_end_and_goes_on_after_a_loss(
    cluster: Cluster, look: Look, access: Access
) -> None:
    count = "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; sleep 0.02; done; sleep inf"
    await asyncio.to_thread(cluster.apply, pod("counts", count), SPACE)
    lines: list[str] = []
    async with Relay(access.target["server"]) as relay, asyncio.timeout(120):
        namespace = look(server=relay.url)
        # It is followed from before it runs: that it waits is said, and its first line is not missed.
        async for frame in namespace.follow("counts", "main", 5000, 0):
            if isinstance(frame, LogFrame):
                lines += frame.lines
            if len(lines) in range(50, 60) or len(lines) in range(200, 210):
                relay.cut()
            if len(lines) >= 400:
                break
        numbers = [int(line.split()[1]) for line in lines]
        assert numbers == list(range(1, len(numbers) + 1)), "none twice, none left out"
        assert relay.opened > 2
        # A page that comes back later goes on after the last frame that it has seen.
        assert isinstance(frame, LogFrame)
        async for later in namespace.follow("counts", "main", 10, frame.seq):
            assert isinstance(later, LogFrame)
            assert later.lines[0] == f"line {numbers[-1] + 1}"
            break
    text = (await look().log("counts", None, 3, False)).text
    assert text.count("\n") == 3
    await kubectl(cluster, "delete", "pod", "counts")


def twice(name: str, first: str, second: str) -> dict[str, Any]:
    """A pod whose container fails after `first` and does `second` when it is started again."""
    command = f"if [ -e /kept/f ]; then {second}; fi; touch /kept/f; {first}; exit 1"
    containers = [shell(command, volumeMounts=[{"name": "kept", "mountPath": "/kept"}])]
    volumes = [{"name": "kept", "emptyDir": {}}]
    return pod(name, containers=containers, restartPolicy="OnFailure", volumes=volumes)


async def test_a_log_goes_on_over_a_restart_and_ends_with_the_pod(cluster: Cluster, look: Look) -> None:
    first = "echo first; while [ ! -e /kept/go ]; do sleep 0.1; done"
    restarts = twice("restarts", first, "echo second; exit 0")
    await asyncio.to_thread(cluster.apply, restarts, SPACE)
    namespace = look()
    lines: list[str] = []
    async with asyncio.timeout(120):
        async for end in namespace.follow("restarts", None, 100, 0):
            if isinstance(end, LogFrame):
                lines += end.lines
                if lines == ["first"]:
                    go = ("exec", "-n", SPACE, "restarts", "--", "touch", "/kept/go")
                    await asyncio.to_thread(cluster.kubectl, *go)
    assert lines == ["first", "second"]
    assert isinstance(end, Lost) and end.over and end.message == "The container has ended: Completed."
    await kubectl(cluster, "delete", "pod", "restarts")
    frames = [frame async for frame in namespace.follow("restarts", None, 100, 0)]
    assert [type(frame) for frame in frames] == [Lost] and frames[0].over  # type: ignore[union-attr]


async def test_the_run_before_a_restart_has_its_own_log(cluster: Cluster, look: Look) -> None:
    crashes = twice("crashes", "echo last words", "echo alive; sleep inf")
    await asyncio.to_thread(cluster.apply, crashes, SPACE)
    namespace = look()
    async with namespace.listen("pods") as listener:
        await rows_until(listener, lambda rows: "crashes" in rows and rows["crashes"].restarts > 0)
    assert (await namespace.log("crashes", "main", 10, True)).text == "last words\n"
    with pytest.raises(NotNow, match="previous"):
        await namespace.log("runs", "main", 10, True)
    with pytest.raises(NotNow, match="waiting"):
        await namespace.log("no-image", "main", 10, False)
    await kubectl(cluster, "delete", "pod", "crashes")


async def test_a_pods_own_account_and_its_new_token(
    cluster: Cluster, access: Access, tmp_path: Path, space: str
) -> None:
    """In a pod the token's file is renewed; the old token is worth nothing from some moment on."""
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "life"}}
    await asyncio.to_thread(cluster.apply, secret, space)
    bound = ("--bound-object-kind=Secret", "--bound-object-name=life")
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text(access.token("default-editor", *bound))
    (account / "namespace").write_text(space)
    (account / "ca.crt").write_bytes(base64.b64decode(access.target["certificate-authority-data"]))
    server = urlsplit(access.target["server"])
    environ = {
        "KUBERNETES_SERVICE_HOST": str(server.hostname),
        "KUBERNETES_SERVICE_PORT": str(server.port),
        "HOSTNAME": "jupyter-alice",
    }
    namespace = Namespace(Connection(environ, account))
    try:
        found = await namespace.overview()
        assert (found.state, found.namespace, found.own_pod) == ("connected", space, "jupyter-alice")
        await kubectl(cluster, "delete", "secret", "life")
        (account / "token").write_text(access.token("default-editor"))
        async with asyncio.timeout(60):
            assert await namespace.rows("pods")
    finally:
        await namespace.close()


@pytest.fixture(scope="module")
def lab(cluster: Cluster, space: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("panel")
    config = Access(cluster, space, folder).kubeconfig()
    started = Lab(folder, KUBECONFIG=str(config)).start()
    yield started
    started.close()


def stream(lab: Lab, path: str) -> Stream:
    return Stream(f"{lab.api.replace('http', 'ws', 1)}{path}&token={lab.token}")


def test_each_answer_is_as_documented(lab: Lab, cluster: Cluster) -> None:
    cluster.apply(pod("brief", "echo hello; sleep inf"), SPACE)
    cluster.wait_for("condition=Ready", "pod/brief", namespace=SPACE)
    uid = lab.get("cluster/pods/brief")["row"]["uid"]
    kinds = [kind["name"] for kind in lab.get("cluster")["kinds"]]
    one = {"kind": "pods", "name": "brief"}
    requests: list[tuple[str, str, dict[str, Any], int]] = [
        ("get", "cluster", {}, 200),
        *(("get", "cluster/{kind}", {"path_parameters": {"kind": kind}}, 200) for kind in kinds),
        ("get", "cluster/{kind}", {"path_parameters": {"kind": "secrets"}}, 404),
        ("get", "cluster/{kind}/{name}", {"path_parameters": one}, 200),
        ("get", "cluster/{kind}/{name}", {"path_parameters": {**one, "name": "UP"}}, 400),
        ("get", "cluster/{kind}/{name}", {"path_parameters": {**one, "name": "nobody"}}, 404),
        ("get", "cluster/pods/{name}/log", {"path_parameters": {"name": "brief"}, "query": {"tail": 1}}, 200),
        ("get", "cluster/pods/{name}/log", {"path_parameters": {"name": "no-image"}}, 409),
        ("delete", "cluster/{kind}/{name}", {"path_parameters": one}, 400),
        ("delete", "cluster/{kind}/{name}", {"path_parameters": one, "query": {"uid": "another"}}, 409),
        ("delete", "cluster/{kind}/{name}", {"path_parameters": one, "query": {"uid": uid}}, 202),
    ]
    for method, path, request, status in requests:
        answer = (
            openapi.from_dict(document())[f"/{path}"][method]
            .Case(**request)
            .call_and_validate(
                base_url=lab.api, headers={"Authorization": f"token {lab.token}"}, checks=CHECKS
            )
        )
        assert answer.status_code == status, answer.text


def test_rows_and_lines_over_the_websocket(lab: Lab) -> None:
    rows = stream(lab, "cluster/stream?kind=deployments&since=0")
    frame: Any = next(rows.frames())
    assert frame["type"] == "rows" and [row["name"] for row in frame["rows"]] == ["web"]
    rows.close()
    [done] = lab.get("cluster/jobs/done")["related"]
    log = stream(lab, f"cluster/pods/{done['name']}/log/stream?container=main")
    frames: list[Any] = list(log.frames())
    assert [line for one in frames[:-1] for line in one["lines"]] == ["row 1", "row 2"]
    assert frames[-1]["over"] is True and log.closed == 1000
