"""The cluster keeps what the other tests lean on."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.kube import busybox, host, images, node, processes
from tests.cluster.kube.client import Cluster, CommandError

SPACE = "harness-check"


def pod(name: str, command: str = "sleep inf", **spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "main",
        "image": busybox.NAME,
        "command": ["sh", "-c", command],
        "imagePullPolicy": "Never",
    }
    for key in ("image", "volumeMounts", "resources", "securityContext"):
        if key in spec:
            container[key] = spec.pop(key)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0, **spec},
    }


@pytest.fixture(scope="module")
def space(cluster: Cluster) -> Iterator[str]:
    if not cluster.own:
        pytest.skip("about the harness's own node")
    cluster.kubectl("create", "namespace", SPACE)
    cluster.wait_for("create", "serviceaccount/default", namespace=SPACE)
    yield SPACE
    cluster.kubectl("delete", "namespace", SPACE)


@pytest.fixture(scope="module")
def shell(cluster: Cluster, space: str) -> str:
    """A pod that answers on port 80 and has a volume."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "files"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    server = pod(
        "shell",
        "echo served > /tmp/index.html; echo started; exec httpd -f -p 8080 -h /tmp",
        volumeMounts=[{"name": "files", "mountPath": "/files"}],
        volumes=[{"name": "files", "persistentVolumeClaim": {"claimName": "files"}}],
        securityContext={"runAsUser": 1000, "runAsGroup": 100},
    )
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shell"},
        "spec": {"selector": {"app": "shell"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    cluster.apply([claim, server, service], space)
    cluster.wait_for("condition=Ready", "pod/shell", namespace=space)
    return "shell"


def test_node_is_ready_and_says_its_version(cluster: Cluster, space: str) -> None:
    info = cluster.get("node", "node0")["status"]["nodeInfo"]
    assert info["kubeletVersion"].startswith("v1.34.")
    cluster.wait_for("condition=Ready", "node/node0")


def test_volume_is_bound_and_written_by_a_user(cluster: Cluster, shell: str, space: str) -> None:
    assert cluster.get("pvc", "files", namespace=space)["status"]["phase"] == "Bound"
    cluster.kubectl("exec", "-n", space, shell, "--", "sh", "-c", "echo kept > /files/a")
    cluster.apply(
        pod(
            "second",
            volumeMounts=[{"name": "files", "mountPath": "/files"}],
            volumes=[{"name": "files", "persistentVolumeClaim": {"claimName": "files"}}],
        ),
        space,
    )
    cluster.wait_for("condition=Ready", "pod/second", namespace=space)
    assert cluster.kubectl("exec", "-n", space, "second", "--", "cat", "/files/a") == "kept\n"


def test_exec_and_logs(cluster: Cluster, shell: str, space: str) -> None:
    assert cluster.kubectl("logs", "-n", space, shell) == "started\n"
    assert cluster.kubectl("exec", "-n", space, shell, "--", "id", "-u") == "1000\n"


def test_services_are_reached_by_name(
    cluster: Cluster, loaded: dict[str, str], shell: str, space: str
) -> None:
    """From another pod of the node, where the bridge could let the answer go round the service."""
    image = next(name for name in loaded if "/notebook-minimal:" in name)
    cluster.apply(pod("client", image=image), space)
    cluster.wait_for("condition=Ready", "pod/client", namespace=space)
    for url in (f"http://shell.{space}.svc.cluster.local", "http://shell"):
        got = cluster.kubectl("exec", "-n", space, "client", "--", "curl", "-sS", "--max-time", "20", url)
        assert got == "served\n"
    code = ("exec", "-n", space, "client", "--", "curl", "-sSk", "-o", "/dev/null", "-w", "%{http_code}")
    assert cluster.kubectl(*code, "https://kubernetes.default/api") == "403"


def test_roles_deny_what_they_do_not_grant(cluster: Cluster, space: str) -> None:
    cluster.kubectl("create", "serviceaccount", "nobody", "-n", space)
    account = f"--as=system:serviceaccount:{space}:nobody"
    with pytest.raises(CommandError, match="forbidden"):
        cluster.kubectl("get", "pods", "-n", space, account)
    cluster.kubectl(
        "create", "rolebinding", "view", "--clusterrole=view", f"--serviceaccount={space}:nobody", "-n", space
    )
    cluster.kubectl("get", "pods", "-n", space, account)
    with pytest.raises(CommandError, match="forbidden"):
        cluster.kubectl("get", "pods", "-n", "default", account)


def test_admission_policies_are_enforced(cluster: Cluster, space: str) -> None:
    kinds = cluster.kubectl("api-resources", "--api-group=admissionregistration.k8s.io", "-o", "name").split()
    assert "validatingadmissionpolicies.admissionregistration.k8s.io" in kinds
    cluster.kubectl("label", "namespace", space, "pod-security.kubernetes.io/enforce=baseline", "--overwrite")
    with pytest.raises(CommandError, match="violates PodSecurity"):
        cluster.apply(pod("root", hostNetwork=True), space)


def test_gpus_of_a_hollow_node_are_scheduled_and_run_out(cluster: Cluster, space: str) -> None:
    cluster.hollow_node("hollow-check", gpus=2)
    try:
        on_hollow: dict[str, Any] = {
            "nodeSelector": {"kubernetes.io/hostname": "hollow-check"},
            "tolerations": [{"key": "kfhub.io/hollow", "operator": "Exists"}],
            "resources": {"limits": {"nvidia.com/gpu": "2"}},
        }
        cluster.apply(pod("first-gpu", **on_hollow), space)
        cluster.wait_for("condition=Ready", "pod/first-gpu", namespace=space)
        cluster.apply(pod("second-gpu", **on_hollow), space)
        cluster.wait_for("condition=PodScheduled=false", "pod/second-gpu", namespace=space)
        message = cluster.get("pod", "second-gpu", namespace=space)["status"]["conditions"][0]["message"]
        assert "Insufficient nvidia.com/gpu" in message
    finally:
        cluster.kubectl("delete", "pod", "-n", space, "--ignore-not-found", "first-gpu", "second-gpu")
        cluster.remove_hollow_node("hollow-check")


def test_writes_are_on_record(cluster: Cluster, space: str) -> None:
    before = len(cluster.writes())
    cluster.kubectl("create", "configmap", "counted", "-n", space)
    cluster.kubectl("get", "configmap", "counted", "-n", space)
    found = [w for w in cluster.writes()[before:] if w["objectRef"].get("name") == "counted"]
    assert [(w["verb"], w["objectRef"]["namespace"]) for w in found] == [("create", space)]


def test_what_runs_is_all_known(cluster: Cluster, shell: str) -> None:
    """`remains` sees each kind of thing a cluster leaves on a host: so that it is empty after `down` says something."""
    there = node.remains(cluster.places)
    for kind in (
        "process etcd",
        "process kubelet",
        "shim",
        "contained process",
        "mount",
        "the bridge",
        "chain iptables KUBE-",
        "cgroup",
        "link",
        "folder",
    ):
        assert any(line.startswith(kind) for line in there), kind


SAVED = """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:MINE - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -s 10.0.0.1/32 -j MINE
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE
COMMIT
"""


def test_only_the_chains_of_kubernetes_are_taken_away() -> None:
    assert host.without_chains(SAVED) == (
        "*filter\n"
        '-D FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD\n'
        "-F KUBE-FORWARD\n"
        "-X KUBE-FORWARD\n"
        "COMMIT\n"
    )
    assert host.without_chains("*nat\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n") == ""


def test_mounts_are_found_by_folder_and_not_by_prefix() -> None:
    lines = [
        f"1 0 0:1 / {point} rw - tmpfs tmpfs rw"
        for point in ("/a/state", "/a/state/x\\040y", "/a/state2", "/b")
    ]
    assert host.mounts_under((Path("/a/state"),), "\n".join(lines)) == [
        Path("/a/state/x y"),
        Path("/a/state"),
    ]


def started(tmp_path: Path) -> processes.Record:
    processes.start(tmp_path / "records", tmp_path / "logs", "sleeper", ["sleep", "inf"])
    (record,) = processes.recorded(tmp_path / "records")
    assert processes.alive(record)
    return record


def test_a_daemon_is_found_by_its_record_and_stopped(tmp_path: Path) -> None:
    record = started(tmp_path)
    assert Path(f"/proc/{record.pid}/cmdline").read_bytes() == b"sleep\0inf\0"
    assert processes.stop([record]) == []
    assert not processes.alive(record)


@pytest.mark.parametrize("changed", [{"started": 1}, {"boot": "another"}])
def test_a_stranger_under_a_recorded_pid_is_left_alone(tmp_path: Path, changed: dict[str, Any]) -> None:
    record = started(tmp_path)
    try:
        processes.stop([dataclasses.replace(record, **changed)])
        assert processes.alive(record)
    finally:
        processes.stop([record])


def test_a_daemon_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1000; done"]
    processes.start(tmp_path / "records", tmp_path / "logs", "deaf", deaf)
    (record,) = processes.recorded(tmp_path / "records")
    while "deaf" not in (tmp_path / "logs/deaf.log").read_text():
        os.sched_yield()
    child = int(Path(f"/proc/{record.pid}/task/{record.pid}/children").read_text() or 0)
    assert processes.stop([record], patience=0.2) == ["deaf"]
    assert not processes.alive(record)
    if child:
        os.kill(child, signal.SIGKILL)


def test_names_with_brackets_do_not_confuse_a_record() -> None:
    fields = " ".join(str(n) for n in range(4, 40))
    assert processes.parse_stat(f"7 (a) b (c) S {fields}") == (7, "S", 22)


def layout(tmp_path: Path) -> Path:
    blobs = tmp_path / "blobs/sha256"
    blobs.mkdir(parents=True)
    manifest = {
        "config": {"digest": "sha256:c"},
        "layers": [{"digest": "sha256:l1"}, {"digest": "sha256:l2"}],
    }
    for name, text in {"c": "{}", "l1": "one", "l2": "two", "m": json.dumps(manifest), "old": "{}"}.items():
        (blobs / name).write_text(text)
    key = "org.opencontainers.image.ref.name"
    index = {
        "manifests": [
            {"digest": "sha256:old"},
            {"digest": "sha256:m", "annotations": {key: "docker.io/a/b:1"}},
        ]
    }
    (tmp_path / "index.json").write_text(json.dumps(index))
    return tmp_path


def test_only_layers_that_the_node_lacks_are_sent(tmp_path: Path) -> None:
    sent = io.BytesIO()
    with tarfile.open(fileobj=sent, mode="w") as tar:
        images.pack(layout(tmp_path), "docker.io/a/b:1", {"sha256:l1", "sha256:m"}, tar)
    with tarfile.open(fileobj=io.BytesIO(sent.getvalue())) as tar:
        assert [Path(name).name for name in tar.getnames()] == ["oci-layout", "index.json", "m", "c", "l2"]
