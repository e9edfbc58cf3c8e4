"""A pod's state in kubectl's words."""

from __future__ import annotations

from typing import Any

import pytest

from kflab.cluster.pods import container_state, pod_state

READY = {"type": "Ready", "status": "True"}
RUNS: dict[str, Any] = {"ready": True, "state": {"running": {}}}


def status(name: str = "main", restarts: int = 0, **fields: Any) -> dict[str, Any]:
    return {"name": name, "restartCount": restarts, "ready": False, **fields}


def waits(reason: str, message: str = "") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def ended(code: int, reason: str = "", **more: Any) -> dict[str, Any]:
    return {"state": {"terminated": {"exitCode": code, "reason": reason, **more}}}


def pod(
    *mains: dict[str, Any],
    inits: tuple[dict[str, Any], ...] = (),
    sidecars: tuple[str, ...] = (),
    phase: str = "Running",
    deleted: bool = False,
    **more: Any,
) -> dict[str, Any]:
    init_specs = [
        {"name": one["name"], **({"restartPolicy": "Always"} if one["name"] in sidecars else {})}
        for one in inits
    ]
    return {
        "metadata": {"name": "p", **({"deletionTimestamp": "2026-03-01T10:00:00Z"} if deleted else {})},
        "spec": {
            "containers": [{"name": one["name"]} for one in mains] or [{"name": "main"}],
            "initContainers": init_specs,
        },
        "status": {
            "phase": phase,
            "containerStatuses": list(mains),
            "initContainerStatuses": list(inits),
            **more,
        },
    }


# What `kubectl get pods` prints for each: STATUS, READY, RESTARTS, and whether that is good news.
SEEN: list[tuple[str, dict[str, Any], str, str, int, str]] = [
    ("runs", pod(status(**RUNS)), "Running", "1/1", 0, "good"),
    ("half ready", pod(status(**RUNS), status("b", state={"running": {}})), "Running", "1/2", 0, "busy"),
    ("new", pod(phase="Pending"), "Pending", "0/1", 0, "busy"),
    (
        "made",
        pod(status(**waits("ContainerCreating")), phase="Pending"),
        "ContainerCreating",
        "0/1",
        0,
        "busy",
    ),
    ("crashes", pod(status(restarts=5, **waits("CrashLoopBackOff"))), "CrashLoopBackOff", "0/1", 5, "bad"),
    (
        "no image",
        pod(status(**waits("ImagePullBackOff")), phase="Pending"),
        "ImagePullBackOff",
        "0/1",
        0,
        "bad",
    ),
    ("done", pod(status(**ended(0, "Completed")), phase="Succeeded"), "Completed", "0/1", 0, "done"),
    ("failed", pod(status(**ended(3, "Error")), phase="Failed"), "Error", "0/1", 0, "bad"),
    ("out of memory", pod(status(**ended(137, "OOMKilled")), phase="Failed"), "OOMKilled", "0/1", 0, "bad"),
    ("by signal", pod(status(**ended(0, signal=9)), phase="Failed"), "Signal:9", "0/1", 0, "bad"),
    ("by code", pod(status(**ended(4)), phase="Failed"), "ExitCode:4", "0/1", 0, "bad"),
    ("evicted", pod(phase="Failed", reason="Evicted"), "Evicted", "0/1", 0, "bad"),
    (
        "one of two done, ready",
        pod(status("a", **ended(0, "Completed")), status("b", **RUNS), conditions=[READY]),
        "Running",
        "1/2",
        0,
        "busy",
    ),
    (
        "one of two done, not ready",
        pod(status("a", **ended(0, "Completed")), status("b", **RUNS)),
        "NotReady",
        "1/2",
        0,
        "busy",
    ),
    (
        "first init",
        pod(
            status(**waits("PodInitializing")),
            inits=(status("i", state={"running": {}}), status("j", **waits("PodInitializing"))),
            phase="Pending",
        ),
        "Init:0/2",
        "0/1",
        0,
        "busy",
    ),
    (
        "second init",
        pod(
            status(**waits("PodInitializing")),
            inits=(status("i", **ended(0, "Completed")), status("j", state={"running": {}}, restarts=2)),
            phase="Pending",
        ),
        "Init:1/2",
        "0/1",
        2,
        "busy",
    ),
    (
        "init fails",
        pod(
            status(**waits("PodInitializing")),
            inits=(status("i", 3, **waits("CrashLoopBackOff")),),
            phase="Pending",
        ),
        "Init:CrashLoopBackOff",
        "0/1",
        3,
        "bad",
    ),
    (
        "init ended badly",
        pod(status(**waits("PodInitializing")), inits=(status("i", **ended(1)),), phase="Pending"),
        "Init:ExitCode:1",
        "0/1",
        0,
        "bad",
    ),
    (
        "after init",
        pod(status(**waits("PodInitializing")), inits=(status("i", 4, **ended(0)),), phase="Pending"),
        "PodInitializing",
        "0/1",
        0,
        "busy",
    ),
    (
        "with a sidecar",
        pod(
            status(**RUNS),
            inits=(status("s", 1, **{**RUNS, "started": True}),),
            sidecars=("s",),
        ),
        "Running",
        "2/2",
        1,
        "good",
    ),
    (
        "sidecar not started",
        pod(
            status(**waits("PodInitializing")),
            inits=(status("s", state={"running": {}}),),
            sidecars=("s",),
            phase="Pending",
        ),
        "Init:0/1",
        "0/2",
        0,
        "busy",
    ),
    (
        "sidecar started anew",
        pod(
            status(**RUNS),
            inits=(status("s", 3, **waits("CrashLoopBackOff")),),
            sidecars=("s",),
            conditions=[{"type": "Initialized", "status": "True"}],
        ),
        "Init:CrashLoopBackOff",
        "1/2",
        3,
        "bad",
    ),
    ("goes", pod(status(**RUNS), deleted=True), "Terminating", "1/1", 0, "busy"),
    (
        "goes, done",
        pod(status(**ended(0, "Completed")), phase="Succeeded", deleted=True),
        "Completed",
        "0/1",
        0,
        "done",
    ),
    (
        "node lost",
        pod(status(**RUNS), deleted=True, reason="NodeLost"),
        "Unknown",
        "1/1",
        0,
        "bad",
    ),
    (
        "gated",
        pod(
            phase="Pending",
            conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
        ),
        "SchedulingGated",
        "0/1",
        0,
        "busy",
    ),
]


@pytest.mark.parametrize(
    ("found", "word", "ready", "restarts", "mood"), [one[1:] for one in SEEN], ids=[one[0] for one in SEEN]
)
def test_state(found: dict[str, Any], word: str, ready: str, restarts: int, mood: str) -> None:
    state = pod_state(found)
    assert (state.status, state.ready, state.restarts, state.mood) == (word, ready, restarts, mood)


def test_nothing_is_known_of_it() -> None:
    assert pod_state({}).status == "Unknown"


def test_why_it_waits() -> None:
    unschedulable = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available."}
    assert pod_state(pod(phase="Pending", conditions=[unschedulable])).text == "0/1 nodes are available."
    assert pod_state(pod(status(**waits("ErrImagePull", "not found")))).text == "not found"
    crash = status(
        **waits("CrashLoopBackOff", "back-off 10s"),
        lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
    )
    assert pod_state(pod(crash)).text == "It ended with exit code 137 (OOMKilled). back-off 10s"
    assert pod_state(pod(status(**ended(2, "Error")))).text == "It ended with exit code 2 (Error)."
    assert pod_state(pod(status(**ended(1, "Error", message="no such table")))).text == "no such table"
    assert pod_state(pod(phase="Failed", reason="Evicted", message="disk pressure")).text == "disk pressure"
    assert pod_state(pod(status(**RUNS))).text == ""


def test_containers() -> None:
    assert container_state(None) == "Waiting"
    assert container_state(RUNS) == "Running"
    assert container_state(ended(0, "Completed")) == "Completed"
    assert container_state(waits("ErrImagePull")) == "ErrImagePull"
