"""Names, places, rights, lines and refusals: what needs no cluster."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from kflab.cluster.connection import Connection, Gone, _asked, _refusal
from kflab.cluster.errors import (
    BadName,
    ClusterError,
    Conflict,
    Forbidden,
    NoCluster,
    NotFound,
    NotNow,
    Unreachable,
)
from kflab.cluster.kinds import KINDS, check_container, check_name, check_uid, find_kind
from kflab.cluster.location import InPod, KubeConfig, find_cluster
from kflab.cluster.logs import split_line
from kflab.cluster.models import ChangesFrame, FaultFrame, RowsFrame
from kflab.cluster.namespace import Namespace
from kflab.cluster.rights import may
from kflab.cluster.rows import row
from kflab.cluster.watch import Listener


@pytest.mark.parametrize("name", ["a", "web-1", "my.pod.x", "0", "a" * 63, ".".join(["a" * 63] * 3)])
def test_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "a_b",
        "-a",
        "a-",
        "a..b",
        "../x",
        "a/b",
        "a%2fb",
        "a\n",
        "a?x=1",
        "ä",
        "a" * 64,
        "a." * 127 + "a",
    ],
)
def test_no_names(name: str) -> None:
    with pytest.raises(BadName):
        check_name(name)


def test_containers_and_uids() -> None:
    assert check_container("main") == "main"
    assert check_uid("71368f65-7fef-45bc-9424-e7689c9f8d88")
    for bad in ("a.b", "", "a&follow=true"):
        with pytest.raises(BadName):
            check_container(bad)
    for bad in ("", "a b", "x" * 65, '"'):
        with pytest.raises(BadName):
            check_uid(bad)


def test_kinds() -> None:
    assert find_kind("jobs").path("a", "b") == "/apis/batch/v1/namespaces/a/jobs/b"
    assert find_kind("pvcs").path("a") == "/api/v1/namespaces/a/persistentvolumeclaims"
    with pytest.raises(NotFound, match="pods, deployments"):
        find_kind("secrets")


def pod_folder(tmp_path: Path, **files: str) -> Path:
    for name, text in {"token": "t", "namespace": "user-alice\n", "ca.crt": "c", **files}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_pod_knows_its_place(tmp_path: Path) -> None:
    account = pod_folder(tmp_path)
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "jupyter-alice", "KUBECONFIG": "elsewhere"}
    assert find_cluster(environ, account) == InPod(account, "user-alice", "jupyter-alice")
    placed = find_cluster({**environ, "KFLAB_NAMESPACE": "team-vision"}, account)
    assert placed.namespace == "team-vision"


def test_a_kubeconfig_is_the_second_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / ".kube/config"
    config.parent.mkdir()
    config.write_text("{}")
    monkeypatch.setenv("HOME", str(tmp_path))
    nowhere = tmp_path / "none"
    at_home = find_cluster({}, nowhere)
    assert isinstance(at_home, KubeConfig) and at_home.paths == (config,)
    named = find_cluster({"KUBECONFIG": os.pathsep.join([str(nowhere), str(config)])}, nowhere)
    assert isinstance(named, KubeConfig) and named.paths == (config,)
    assert not named.changed()
    config.write_text("{ }")
    assert named.changed()
    config.unlink()
    assert named.changed()


def test_no_cluster_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for environ in ({}, {"KUBECONFIG": str(tmp_path / "gone")}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}):
        with pytest.raises(NoCluster, match="make cluster"):
            find_cluster(environ, tmp_path / "none")


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", "{", "current-context: x\ncontexts: []\nclusters: []\nusers: []", "\x00"]
)
async def test_a_kubeconfig_that_is_none(tmp_path: Path, text: str) -> None:
    config = tmp_path / "config"
    config.write_text(text)
    namespace = Namespace(Connection({"KUBECONFIG": str(config)}, tmp_path / "none"))
    overview = await namespace.overview()
    assert overview.state == "none" and str(config) in overview.message
    with pytest.raises(NoCluster, match="make cluster"):
        await namespace.rows("pods")
    await namespace.close()


async def test_without_a_cluster_everything_says_so(tmp_path: Path) -> None:
    namespace = Namespace(Connection({"KUBECONFIG": str(tmp_path / "gone")}, tmp_path / "none"))
    assert (await namespace.overview()).state == "none"
    for asked in (
        namespace.rows("pods"),
        namespace.details("pods", "x"),
        namespace.delete("pods", "x", "u"),
        namespace.log("x", None, 10, False),
        namespace.present(),
    ):
        with pytest.raises(NoCluster):
            await asked
    async with namespace.listen("pods") as listener:
        [fault] = await listener.frames()
    assert isinstance(fault, FaultFrame) and "make cluster" in fault.message
    await namespace.close()


async def test_a_cluster_that_is_away(tmp_path: Path, free_port: int) -> None:
    config = tmp_path / "config"
    config.write_text(
        json.dumps(
            {
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "n"}}],
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{free_port}"}}],
                "users": [{"name": "u", "user": {"token": "t\n"}}],
            }
        )
    )
    namespace = Namespace(Connection({"KUBECONFIG": str(config)}, tmp_path / "none"))
    overview = await namespace.overview()
    assert (overview.state, overview.namespace) == ("unreachable", "n")
    assert f"127.0.0.1:{free_port}" in overview.message
    with pytest.raises(Unreachable):
        await namespace.rows("pods")
    await namespace.close()


RULES: dict[str, Any] = {
    "status": {
        "incomplete": False,
        "resourceRules": [
            {"verbs": ["get", "delete"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]},
            {"verbs": ["delete"], "apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": ["mine"]},
        ],
    }
}


@pytest.mark.parametrize(
    ("verb", "resource", "group", "allowed"),
    [
        ("delete", "pods", "", True),
        ("create", "pods", "", False),
        ("delete", "services", "", False),
        ("delete", "deployments", "apps", True),
        ("delete", "jobs", "batch", False),
    ],
)
def test_rights(verb: str, resource: str, group: str, allowed: bool) -> None:
    assert may(RULES, verb, resource, group) is allowed


def test_rights_that_are_left_open() -> None:
    assert may({}, "delete", "pods", "")
    assert may({"status": {"incomplete": True, "resourceRules": []}}, "delete", "pods", "")


@pytest.mark.parametrize(
    ("line", "micros", "text"),
    [
        (b"1970-01-01T00:00:02.000001999Z hello there", 2_000_001, "hello there"),
        (b"1970-01-01T01:00:02+01:00 ", 2_000_000, ""),
        (b"1970-01-01T00:00:02Z caf\xc3\xa9 \xff\r", 2_000_000, "café \ufffd"),
        (b"no time here", 0, "no time here"),
        (b"2026-03-01 not with a zone", 0, "2026-03-01 not with a zone"),
        (b"\xff\xfe x", 0, "\ufffd\ufffd x"),
    ],
)
def test_lines_of_a_log(line: bytes, micros: int, text: str) -> None:
    assert split_line(line) == (micros, text)


def test_what_a_request_asks_for() -> None:
    pods = KINDS["pods"]
    assert _asked("GET", pods.path("a"), None) == ("list", "pods", "")
    assert _asked("GET", pods.path("a"), {"watch": "1"}) == ("watch", "pods", "")
    assert _asked("GET", pods.path("a", "x"), None) == ("get", "pods", "")
    assert _asked("GET", pods.path("a", "x") + "/log", None) == ("get", "pods/log", "")
    assert _asked("DELETE", KINDS["jobs"].path("a", "x"), None) == ("delete", "jobs", "batch")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, NotNow),
        (401, Unreachable),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (410, Gone),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_refusals(status: int, error: type[ClusterError]) -> None:
    for raw in (b'{"message": "so"}', b"<html>", b"[]", b""):
        found = _refusal(status, raw, "GET", KINDS["pods"].path("a"), "a", None)
        assert type(found) is error and found.message


def test_what_is_lacking_is_named() -> None:
    rbac = 'pods is forbidden: User "x" cannot list resource "pods" in API group ""'
    assert (
        Forbidden("list", "pods", "", "a", rbac).message == "This account may not list pods in namespace a."
    )
    assert "deployments.apps" in Forbidden("list", "deployments", "apps", "a").message
    assert "policy" in Forbidden("delete", "pods", "", "a", "denied by policy").message


def a_row(name: str, word: str = "Running") -> Any:
    return row("pvcs", {"metadata": {"name": name, "uid": name}, "status": {"phase": word}})


async def test_a_slow_viewer_gets_the_last_of_each() -> None:
    listener = Listener()
    listener.everything({"a": a_row("a")})
    listener.change(a_row("b", "Pending"))
    listener.change(a_row("b", "Bound"))
    listener.remove("a")
    listener.change(a_row("c"))
    listener.remove("c")
    rows, changes = await listener.frames()
    assert isinstance(rows, RowsFrame) and [one.name for one in rows.rows] == ["a"]
    assert isinstance(changes, ChangesFrame)
    assert [(one.name, one.status) for one in changes.changed] == [("b", "Bound")]
    assert changes.removed == ["a", "c"]
    waits = asyncio.ensure_future(listener.frames())
    await asyncio.sleep(0)
    assert not waits.done()
    listener.fault(FaultFrame(message="away"))
    assert [frame.type for frame in await waits] == ["fault"]
    listener.fault(FaultFrame(message="away"))
    listener.change(a_row("b"))
    listener.everything({"a": a_row("a")})
    assert [frame.type for frame in await listener.frames()] == ["rows"], "all rows say it all"
