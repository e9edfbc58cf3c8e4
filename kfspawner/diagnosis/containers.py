"""What is wrong inside a pod that has a node: its image, its containers, what they mount."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kfspawner.quantity import human

from .images import PULLING, pull
from .model import Diagnosis
from .reading import amount, items, line, mapping, of_kind, text, whole

__all__ = ["containers", "ended", "mounts", "node"]

_NO_PROGRAM = re.compile(
    r"executable file [^ ]* ?not found|exec: .*(?:not found|no such file or directory)|no command specified"
)
_NO_SINGLEUSER = re.compile(r"jupyterhub-singleuser\b.{0,40}?(?:not found|no such file)", re.IGNORECASE)
_MISSING = re.compile(r"\b(secret|configmap) \"?([^\"\s]+)\"? not found", re.IGNORECASE)
_MISSING_KEY = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) (\S+)", re.IGNORECASE)
_OOM = re.compile(r"OOMKilled|OOM[- ]killed", re.IGNORECASE)
# the reasons for which a container can't be made, besides its image
_UNMADE = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PostStartHookError"}
)


def containers(pod: Mapping[str, Any], events: Sequence[object], log: str, patient: bool) -> Diagnosis | None:
    """The first container that can't start, or stopped."""
    for status in [
        *items(pod, "status", "initContainerStatuses"),
        *items(pod, "status", "containerStatuses"),
    ]:
        found = _container(pod, status, events, log, patient)
        if found:
            return found
    return None


def _container(
    pod: Mapping[str, Any], status: Mapping[str, Any], events: Sequence[object], log: str, patient: bool
) -> Diagnosis | None:
    waiting = mapping(status, "state", "waiting")
    reason, message = text(waiting, "reason"), text(waiting, "message")
    if reason in PULLING:
        if reason == "ImagePullBackOff" and "Err" not in message:
            # older kubelets leave the cause out here
            message = _last_message(events, "Failed", "Failed to pull") or message
        return pull(reason, message, text(status, "image"), patient)
    if reason in _UNMADE:
        return _unmade(reason, message, patient)
    stopped = mapping(status, "state", "terminated") or mapping(status, "lastState", "terminated")
    if not stopped or mapping(status, "state", "running"):
        return None
    if reason not in ("", "CrashLoopBackOff"):
        return None  # it is being started again
    if text(stopped, "reason") == "Completed" and _is_init(pod, status):
        return None
    return _stopped(pod, status, stopped, log, again=reason == "CrashLoopBackOff")


def _is_init(pod: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    return any(one is status for one in items(pod, "status", "initContainerStatuses"))


def _last_message(events: Sequence[object], reason: str, start: str) -> str:
    for event in reversed(of_kind(events, "Pod")):
        if text(event, "reason") == reason and text(event, "message").startswith(start):
            return text(event, "message")
    return ""


def _unmade(reason: str, message: str, patient: bool) -> Diagnosis:
    missing = _missing(message)
    if missing:
        return missing
    if _NO_PROGRAM.search(message):
        return _no_program(message)
    return Diagnosis(
        "The notebook's container can't be made.",
        line(f"{reason}: {message}"),
        "Change what the cause names, or show it to your admin.",
        "container_start",
        # a kubelet that has not heard of a Secret or ConfigMap in time asks again
        reason != "PostStartHookError" and not (patient and "failed to sync" in message),
    )


def _missing(message: str) -> Diagnosis | None:
    key = _MISSING_KEY.search(message)
    if key:
        name, kind, holder = key.groups()
        holder = holder.rpartition("/")[2]
        sentence = f"{kind} {line(holder)} has no key {line(name)}, which the notebook needs."
        todo = f"Add the key to {kind} {line(holder)}, or take it out of the notebook."
    else:
        found = _MISSING.search(message)
        if not found:
            return None
        kind = "Secret" if found[1].lower() == "secret" else "ConfigMap"
        holder = found[2].rpartition("/")[2]
        sentence = f"{kind} {line(holder)}, which the notebook needs, isn't there."
        todo = f"Create {kind} {line(holder)} in this namespace, or take it out of the notebook."
    return Diagnosis(sentence, line(message), todo, "missing_reference", True)


def _no_program(message: str) -> Diagnosis:
    if "jupyterhub-singleuser" in message:
        return Diagnosis(
            "This image has no jupyterhub-singleuser, the program that a notebook is started with.",
            line(message),
            "Choose another image, or install the Python package jupyterhub in this one.",
            "no_singleuser",
            True,
        )
    return Diagnosis(
        "The program that the notebook is started with isn't in its image.",
        line(message),
        "Choose another image, or install the program in this one.",
        "container_start",
        True,
    )


def _stopped(
    pod: Mapping[str, Any], status: Mapping[str, Any], stopped: Mapping[str, Any], log: str, again: bool
) -> Diagnosis | None:
    reason, message, code = (
        text(stopped, "reason"),
        text(stopped, "message"),
        whole(stopped, "exitCode"),
    )
    if _OOM.search(reason) or _OOM.search(message):
        return _out_of_memory(pod, text(status, "name"), line(f"{reason} (exit code {code})"))
    said = message or log
    if reason in ("StartError", "ContainerCannotRun") or code in (127, 128):
        if _NO_PROGRAM.search(said) or _NO_SINGLEUSER.search(said):
            return _no_program(said)
        if reason in ("StartError", "ContainerCannotRun"):
            return _unmade(reason, message, False)
    times = (whole(status, "restartCount") or 0) + 1
    final = again or text(pod, "spec", "restartPolicy") == "Never"
    name = text(status, "name")
    who = "The notebook" if name in ("", "notebook") else f"Container {line(name)}"
    end = " ".join(said.strip().splitlines()[-3:])
    cause = line(f"{reason or 'stopped'}, exit code {code}") + (f": {line(end)}" if end else "")
    if not again and times == 1:
        return Diagnosis(
            f"{who} stopped right after its start.", cause, "Read the end of its log.", "crashed", final
        )
    return Diagnosis(
        f"{who} stopped right after each of {times} starts."
        if times > 1
        else f"{who} stopped right after its start.",
        cause,
        "Read the end of its log. If the image is your own, try it with an image of the list.",
        "crash_loop",
        final,
    )


def _out_of_memory(pod: Mapping[str, Any], name: str, cause: str) -> Diagnosis:
    limit = next(
        (
            amount(mapping(one, "resources", "limits").get("memory"))
            for one in [*items(pod, "spec", "containers"), *items(pod, "spec", "initContainers")]
            if text(one, "name") == name
        ),
        0,
    )
    much = f": it used more than its {human(int(limit))}" if limit else ""
    return Diagnosis(
        f"The notebook ran out of memory{much}.",
        cause,
        "Start it with more memory, or load less data at once.",
        "out_of_memory",
        True,
    )


def ended(pod: Mapping[str, Any], log: str) -> Diagnosis | None:
    """A pod that is over as a whole."""
    phase, reason = text(pod, "status", "phase"), text(pod, "status", "reason")
    message = text(pod, "status", "message")
    disruption = next(
        (
            one
            for one in items(pod, "status", "conditions")
            if text(one, "type") == "DisruptionTarget" and text(one, "status") == "True"
        ),
        {},
    )
    why = text(disruption, "reason")
    words = line(message or text(disruption, "message") or why or reason)
    if reason == "NodeLost" or why == "DeletionByTaintManager":
        return _node_lost(pod, words, True)
    if reason in ("Preempting", "Preempted") or why == "PreemptionByScheduler":
        return Diagnosis(
            "The notebook had to make room for something more important.",
            words,
            "Start it again; it gets a place when there is one.",
            "preempted",
            True,
        )
    if reason == "Evicted" or why in ("EvictionByEvictionAPI", "TerminationByKubelet"):
        low = re.search(r"low on resource: (\S+?)[.,]", message)
        what = f"its node ran low on {low[1]}" if low else "its node needed the room"
        return Diagnosis(
            f"The notebook was evicted: {line(what)}.",
            words,
            "Start it again; if it uses much more than it reserves, ask for more memory.",
            "evicted",
            True,
        )
    if phase not in ("Failed", "Succeeded"):
        return None
    if phase == "Failed":
        found = containers(pod, (), log, False)
        if found:
            return Diagnosis(found.sentence, found.cause, found.next_step, found.code, True)
    return Diagnosis(
        "The notebook has ended.",
        words or f"The pod's phase is {phase}.",
        "Start it again.",
        "ended",
        True,
    )


def node(pod: Mapping[str, Any], nodes: Sequence[object], patient: bool) -> Diagnosis | None:
    """A pod whose node no longer answers."""
    name = text(pod, "spec", "nodeName")
    if not name:
        return None
    if text(pod, "status", "phase") == "Unknown":
        return _node_lost(pod, line(text(pod, "status", "message") or "The pod's phase is Unknown."), False)
    for one in nodes:
        if text(one, "metadata", "name") != name:
            continue
        for condition in items(one, "status", "conditions"):
            if text(condition, "type") == "Ready" and text(condition, "status") in ("False", "Unknown"):
                words = line(f"{text(condition, 'reason')}: {text(condition, 'message')}")
                return _node_lost(pod, words, not patient)
    return None


def _node_lost(pod: Mapping[str, Any], cause: str, failed: bool) -> Diagnosis:
    name = line(text(pod, "spec", "nodeName"))
    return Diagnosis(
        f"Node {name}, where the notebook is, no longer answers."
        if name
        else "The notebook's node no longer answers.",
        cause,
        "Start it again to get another node; its volumes keep what was saved."
        if failed
        else "Wait a little: the node may come back.",
        "node_lost",
        failed,
    )


def mounts(pod: Mapping[str, Any], events: Sequence[object], patient: bool) -> Diagnosis | None:
    """A pod that has a node but whose volumes, or network, don't get there."""
    if not text(pod, "spec", "nodeName") or text(pod, "status", "phase") != "Pending":
        return None
    for event in reversed(of_kind(events, "Pod")):
        reason, message = text(event, "reason"), text(event, "message")
        if reason in ("Pulling", "Pulled", "Created", "Started", "SuccessfulAttachVolume"):
            return None  # it got further since
        if reason in ("FailedMount", "FailedAttachVolume", "FailedMapVolume"):
            return _missing(message) or _unmounted(message, patient)
        if reason == "FailedCreatePodSandBox":
            return Diagnosis(
                "The notebook's node can't give it a network or a place to run.",
                line(message),
                "Wait a little; if it stays so, show your admin the cause.",
                "sandbox",
                not patient,
            )
    return None


def _unmounted(message: str, patient: bool) -> Diagnosis:
    name = re.search(r"for volume \"([^\"]+)\"", message) or re.search(
        r"unmounted volumes=\[([^\]]+)\]", message
    )
    volume = f"Volume {line(name[1])}" if name else "A volume"
    if "Multi-Attach" in message:
        return Diagnosis(
            f"{volume} is in use on another node.",
            line(message),
            "Stop what uses it there; the notebook starts by itself once the volume is free.",
            "volume_mount",
            not patient,
        )
    return Diagnosis(
        f"{volume} can't be mounted.",
        line(message),
        "Wait a little; if it stays so, show your admin the cause.",
        "volume_mount",
        not patient,
    )
