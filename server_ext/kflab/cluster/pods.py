"""The state of a pod in the words that `kubectl get pods` has for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["PodState", "container_state", "pod_state"]

Json = Mapping[str, Any]

# Reasons to wait that are no sign of trouble.
_ON_THE_WAY = {
    "ContainerCreating",
    "PodInitializing",
    "Pending",
    "SchedulingGated",
    "Terminating",
    "NotReady",
}


class PodState(NamedTuple):
    status: str
    mood: str
    ready: str
    restarts: int
    text: str


def pod_state(pod: Json) -> PodState:
    """What kubectl prints as STATUS, READY and RESTARTS, and why it is so."""
    meta, spec, status = pod.get("metadata", {}), pod.get("spec", {}), pod.get("status", {})
    phase = status.get("phase", "")
    conditions = {c.get("type"): c for c in status.get("conditions", [])}
    sidecars = {c["name"] for c in spec.get("initContainers", []) if c.get("restartPolicy") == "Always"}
    inits = status.get("initContainerStatuses", [])
    mains = status.get("containerStatuses", [])
    total = len(spec.get("containers", [])) + len(sidecars)
    ready = sum(1 for c in inits if c["name"] in sidecars and c.get("started") and c.get("ready"))

    word = status.get("reason") or phase or "Unknown"
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("reason") == "SchedulingGated":
        word = "SchedulingGated"

    # Until all init containers are done, the first that is not gives the word.
    initialising = _initialising(inits, sidecars, len(spec.get("initContainers", [])))
    restarts = sum(c.get("restartCount", 0) for c in inits)
    if initialising:
        word = initialising
    if not initialising or conditions.get("Initialized", {}).get("status") == "True":
        restarts = sum(c.get("restartCount", 0) for c in inits if c["name"] in sidecars)
        restarts += sum(c.get("restartCount", 0) for c in mains)
        ready += sum(1 for c in mains if c.get("ready") and "running" in c.get("state", {}))
        word = _of_containers(mains) or word
        if word == "Completed" and any(c.get("ready") and "running" in c.get("state", {}) for c in mains):
            word = "Running" if conditions.get("Ready", {}).get("status") == "True" else "NotReady"

    if meta.get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            word = "Unknown"
        elif phase not in ("Succeeded", "Failed"):
            word = "Terminating"
    return PodState(
        word,
        _mood(word, phase, ready, total),
        f"{ready}/{total}",
        restarts,
        _why(status, scheduled, [*inits, *mains]),
    )


def _initialising(inits: Sequence[Json], sidecars: set[str], count: int) -> str:
    for place, container in enumerate(inits):
        state = container.get("state", {})
        ended, waits = state.get("terminated"), state.get("waiting", {})
        if ended is not None and ended.get("exitCode") == 0:
            continue
        if container["name"] in sidecars and container.get("started"):
            continue
        if ended is not None:
            return "Init:" + _ending(ended)
        if waits.get("reason") and waits["reason"] != "PodInitializing":
            return f"Init:{waits['reason']}"
        return f"Init:{place}/{count}"
    return ""


def _of_containers(containers: Sequence[Json]) -> str:
    """The word of the first container that has one."""
    for container in containers:
        state = container.get("state", {})
        if state.get("waiting", {}).get("reason"):
            return str(state["waiting"]["reason"])
        if "terminated" in state:
            return _ending(state["terminated"])
    return ""


def _ending(ended: Json) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _mood(word: str, phase: str, ready: int, total: int) -> str:
    reason = word.removeprefix("Init:")
    if word == "Running":
        return "good" if ready == total else "busy"
    if reason in ("Completed", "Succeeded"):
        return "done"
    if reason in _ON_THE_WAY or reason.replace("/", "").isdigit():
        return "busy"
    return "bad" if phase != "Succeeded" else "done"


def _why(status: Json, scheduled: Json, containers: Sequence[Json]) -> str:
    """The message of whatever holds the pod up."""
    if scheduled.get("status") == "False" and scheduled.get("message"):
        return str(scheduled["message"])
    for container in containers:
        state = container.get("state", {})
        waits, ended = state.get("waiting", {}), state.get("terminated", {})
        before = container.get("lastState", {}).get("terminated", {})
        if waits.get("message"):
            # What a crash loop waits for is not why it crashes.
            crash = f"{_exit(before)} " if waits.get("reason") == "CrashLoopBackOff" and before else ""
            return crash + str(waits["message"])
        if ended and ended.get("exitCode") != 0:
            return str(ended.get("message") or _exit(ended))
    return str(status.get("message", ""))


def _exit(ended: Json) -> str:
    by = f"signal {ended['signal']}" if ended.get("signal") else f"exit code {ended.get('exitCode', 0)}"
    return f"It ended with {by} ({ended['reason']})." if ended.get("reason") else f"It ended with {by}."


def container_state(status: Json | None) -> str:
    """The state of one container in a word or two."""
    state = (status or {}).get("state", {})
    if "running" in state:
        return "Running"
    if "terminated" in state:
        return _ending(state["terminated"])
    return str(state.get("waiting", {}).get("reason") or "Waiting")
