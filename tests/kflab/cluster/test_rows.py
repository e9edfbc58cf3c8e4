"""Objects as rows."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from kflab.cluster.kinds import KINDS, KindName
from kflab.cluster.rows import claims, conditions, containers, row, sort_key
from kflab.cluster.yaml_text import as_yaml


def made(kind: KindName, spec: Any = None, status: Any = None, **more: Any) -> Any:
    return row(
        kind, {"metadata": {"name": "x", "uid": "u"}, "spec": spec or {}, "status": status or {}, **more}
    )


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_object_that_says_nothing_is_a_row(kind: KindName) -> None:
    found = row(kind, {"metadata": {"name": "x", "uid": "u"}})
    assert (found.kind, found.name, found.uid) == (kind, "x", "u")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("pods", "events")])
def test_what_is_being_deleted_says_so(kind: KindName) -> None:
    found = row(kind, {"metadata": {"name": "x", "uid": "u", "deletionTimestamp": "2026-03-01T10:00:00Z"}})
    assert (found.status, found.mood) == ("Terminating", "busy")


SETTLED = {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("spec", "status", "word", "ready"),
    [
        ({"replicas": 2}, SETTLED, "Available", "2/2"),
        ({"replicas": 2}, {**SETTLED, "readyReplicas": 1}, "Progressing", "1/2"),
        ({"replicas": 2}, {**SETTLED, "replicas": 3}, "Progressing", "2/2"),
        ({"replicas": 0}, {}, "Scaled to 0", "0/0"),
        ({"replicas": 2, "paused": True}, SETTLED, "Paused", "2/2"),
        (
            {"replicas": 1},
            {"conditions": [{"type": "Progressing", "status": "False", "message": "late"}]},
            "Stuck",
            "0/1",
        ),
        (
            {"replicas": 1},
            {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "quota"}]},
            "Failing",
            "0/1",
        ),
    ],
)
def test_deployments(spec: Any, status: Any, word: str, ready: str) -> None:
    found = made("deployments", spec, status)
    assert (found.status, found.ready) == (word, ready)
    assert (found.text != "") == (word in ("Stuck", "Failing"))


def test_images_come_once_each() -> None:
    template = {"spec": {"containers": [{"image": "a"}, {"image": "b"}, {"image": "a"}]}}
    assert made("deployments", {"template": template}).images == ["a", "b"]


@pytest.mark.parametrize(
    ("spec", "status", "word"),
    [
        ({"replicas": 1}, {"readyReplicas": 1, "updatedReplicas": 1}, "Ready"),
        ({"replicas": 2}, {"readyReplicas": 1, "updatedReplicas": 2}, "Progressing"),
        ({"replicas": 2}, {"readyReplicas": 2, "updatedReplicas": 1}, "Progressing"),
        ({"replicas": 0}, {}, "Scaled to 0"),
    ],
)
def test_stateful_sets(spec: Any, status: Any, word: str) -> None:
    assert made("statefulsets", spec, status).status == word


def test_services() -> None:
    found = made(
        "services",
        {
            "clusterIP": "10.0.0.1",
            "ports": [{"port": 80}, {"port": 443, "nodePort": 30443}, {"port": 53, "protocol": "UDP"}],
        },
    )
    assert (found.type, found.address, found.ports) == (
        "ClusterIP",
        "10.0.0.1",
        "80/TCP,443:30443/TCP,53/UDP",
    )
    assert found.status == "Active"
    waits = made("services", {"type": "LoadBalancer", "clusterIP": "10.0.0.1"})
    assert waits.status == "Pending"
    outside = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"hostname": "x.example"}]}}
    given = made("services", {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, outside)
    assert (given.status, given.address) == ("Active", "10.0.0.1, 1.2.3.4, x.example")
    assert made("services", {"type": "ExternalName", "externalName": "x.example"}).address == "x.example"


def holds(kind: str, **more: Any) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": "True", **more}]}


@pytest.mark.parametrize(
    ("spec", "status", "word", "completions", "mood"),
    [
        ({"completions": 1}, {}, "Running", "0/1", "busy"),
        ({"completions": 3}, {"succeeded": 3, **holds("Complete")}, "Complete", "3/3", "done"),
        ({"completions": 1}, holds("Failed", message="limit"), "Failed", "0/1", "bad"),
        ({"completions": 1}, holds("Suspended"), "Suspended", "0/1", "plain"),
        ({"completions": 1}, holds("FailureTarget"), "FailureTarget", "0/1", "bad"),
        ({"parallelism": 4}, {"succeeded": 1}, "Running", "1/1 of 4", "busy"),
        ({}, {}, "Running", "0/1", "busy"),
    ],
)
def test_jobs(spec: Any, status: Any, word: str, completions: str, mood: str) -> None:
    found = made("jobs", spec, status)
    assert (found.status, found.completions, found.mood) == (word, completions, mood)


def test_a_failed_job_has_an_end() -> None:
    failed = holds("Failed", lastTransitionTime="2026-03-01T10:00:00Z")
    assert made("jobs", {}, failed).ended == "2026-03-01T10:00:00Z"


def test_claims_of_storage() -> None:
    bound = made(
        "pvcs",
        {"volumeName": "pv-1", "storageClassName": "fast"},
        {"phase": "Bound", "capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteOnce", "ReadOnlyMany"]},
    )
    assert (bound.status, bound.capacity, bound.modes, bound.storage_class, bound.volume) == (
        "Bound",
        "5Gi",
        "RWO,ROX",
        "fast",
        "pv-1",
    )
    wanted = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    pending = made("pvcs", wanted, {"phase": "Pending"})
    assert (pending.modes, pending.text, pending.mood) == ("RWX", "It asks for 1Gi.", "busy")
    assert made("pvcs", {}, {"phase": "Lost"}).mood == "bad"


def test_events_of_both_kinds() -> None:
    old = made(
        "events",
        type="Warning",
        reason="BackOff",
        message="again \n",
        count=7,
        firstTimestamp="2026-03-01T10:00:00Z",
        lastTimestamp="2026-03-01T10:05:00Z",
        involvedObject={"kind": "Pod", "name": "web", "uid": "u1"},
    )
    assert (old.status, old.mood, old.reason, old.text, old.count) == (
        "Warning",
        "bad",
        "BackOff",
        "again",
        7,
    )
    assert (old.object.name, old.object_uid, old.last) == ("web", "u1", "2026-03-01T10:05:00Z")
    new = made(
        "events",
        eventTime="2026-03-01T10:06:00.5Z",
        series={"count": 3, "lastObservedTime": "2026-03-01T10:07:00Z"},
        firstTimestamp=None,
        lastTimestamp=None,
        message=None,
        reason=None,
        involvedObject={},
    )
    assert (new.created, new.last, new.count) == ("2026-03-01T10:06:00.5Z", "2026-03-01T10:07:00Z", 3)
    assert sorted([new, old], key=sort_key) == [old, new]


def test_what_details_tell() -> None:
    pod = {
        "metadata": {"ownerReferences": [{"kind": "Node", "name": "n"}]},
        "spec": {
            "containers": [{"name": "main", "image": "web"}],
            "initContainers": [{"name": "fetch", "image": "curl"}],
            "volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "files"}}, {"name": "b"}],
        },
        "status": {
            "containerStatuses": [
                {"name": "main", "restartCount": 2, "lastState": {"terminated": {}}, "state": {"running": {}}}
            ],
            "conditions": [{"type": "Ready", "status": "False", "message": None}],
        },
    }
    main, fetch = containers(pod)
    assert (main.name, main.state, main.restarts, main.previous, main.init) == (
        "main",
        "Running",
        2,
        True,
        False,
    )
    assert (fetch.name, fetch.init, fetch.previous) == ("fetch", True, False)
    assert claims(pod) == ["files"]
    assert conditions(pod)[0].message == ""
    assert made("pods", pod["spec"]).owner is None


def test_yaml_is_in_its_own_order_and_unfolded() -> None:
    long = "word " * 100
    found = {"kind": "Pod", "apiVersion": "v1", "data": {"script": "a\nb\n", "long": long, "é": "7"}}
    text = as_yaml(found)
    assert text.startswith("kind: Pod\napiVersion: v1\n")
    assert "script: |\n    a\n    b\n" in text
    assert long.strip() in text and "é: '7'" in text
    assert yaml.safe_load(text) == found
