"""Why a pod finds no node: how much it wants, how much is free, and what else keeps it away."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from .model import Diagnosis
from .placing import fits_labels, requests, untolerated
from .reading import amount, items, line, mapping, of_kind, text
from .refusals import less, resource_name, shown

__all__ = ["scheduling"]

# events that say a node is on its way: cluster-autoscaler's, and Karpenter's
_GROWING = frozenset({"TriggeredScaleUp", "Nominated"})
_ENDED = ("Succeeded", "Failed")


def scheduling(
    pod: Mapping[str, Any],
    events: Sequence[object],
    nodes: Sequence[object],
    pods: Sequence[object],
    patient: bool,
) -> Diagnosis | None:
    """The diagnosis for a pod that the scheduler can't place. A node on its way holds it open."""
    if text(pod, "spec", "nodeName"):
        return None
    message = _refusal(pod, events)
    if message is None:
        return None
    growing = any(text(event, "reason") in _GROWING for event in of_kind(events, "Pod"))
    failed = not patient and not growing
    wanted = requests(pod)
    known = [node for node in nodes if isinstance(node, Mapping)]
    able = [node for node in known if not _keeps_away(pod, node)]
    free = _free(able, pods)
    for key in _short(wanted, able, free, message):
        return _lacking(key, wanted[key], able, free, pods, message, growing, failed)
    reasons = Counter(_keeps_away(pod, node) for node in known)
    said = "; ".join(
        f"{count} {'node' if count == 1 else 'nodes'} {why}" for why, count in sorted(reasons.items())
    )
    why = ("" if able else said) or _in_words(message)
    return Diagnosis(
        f"No node takes the notebook{f': {why}' if why else ''}.",
        line(message),
        "A node is being added: wait." if growing else "Choose another placement or size, or ask your admin.",
        "unschedulable",
        failed,
    )


def _refusal(pod: Mapping[str, Any], events: Sequence[object]) -> str | None:
    """What the scheduler said of the pod, None if it has not refused it."""
    for condition in items(pod, "status", "conditions"):
        if text(condition, "type") == "PodScheduled":
            if text(condition, "status") != "False":
                return None
            return text(condition, "message") or text(condition, "reason")
    for event in reversed(of_kind(events, "Pod")):
        if text(event, "reason") == "FailedScheduling":
            return text(event, "message")
    return None


def _keeps_away(pod: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """What keeps the pod off the node besides its size, in words; empty if nothing does."""
    for condition in items(node, "status", "conditions"):
        if text(condition, "type") == "Ready" and text(condition, "status") != "True":
            return "not ready"
    if mapping(node, "spec").get("unschedulable") is True:
        return "closed for maintenance"
    taint = untolerated(pod, node)
    if taint:
        return f"reserved ({line(taint)})"
    return "" if fits_labels(pod, node) else "not of the chosen kind (node selector or affinity)"


def _in_words(message: str) -> str:
    """The scheduler's reasons other than a lack of resources, shortened."""
    reasons = message.partition("are available:")[2].partition("preemption:")[0]
    parts = [re.sub(r"^\d+ ", "", part.strip(" .")) for part in re.split(r", (?=\d)", reasons)]
    return line("; ".join(part for part in parts if part and not part.startswith("Insufficient")))


Free = dict[str, dict[str, Fraction]]


def _free(nodes: Iterable[Mapping[str, Any]], pods: Sequence[object]) -> Free:
    """What is left on each node."""
    left: Free = {
        text(node, "metadata", "name"): {
            str(key): amount(value) for key, value in mapping(node, "status", "allocatable").items()
        }
        for node in nodes
    }
    for pod in pods:
        there = left.get(text(pod, "spec", "nodeName"))
        if there is not None and text(pod, "status", "phase") not in _ENDED:
            for key, value in requests(pod).items():
                there[key] = there.get(key, Fraction(0)) - value
            there["pods"] = there.get("pods", Fraction(0)) - 1
    return left


def _short(
    wanted: Mapping[str, Fraction], able: Sequence[Mapping[str, Any]], free: Free, message: str
) -> list[str]:
    """The resources there isn't enough of on any node, GPUs first; from the numbers, else from the message."""
    named = re.findall(r"Insufficient ([A-Za-z0-9./-]+)", message)
    if able:
        found = [
            key
            for key, value in wanted.items()
            if value and all(left.get(key, Fraction(0)) < value for left in free.values())
        ]
        # each by itself is somewhere, but not together
        found = found or [key.rstrip(".,") for key in named]
    else:
        found = [key.rstrip(".,") for key in named]
    found = [key for key in dict.fromkeys(found) if key in wanted]
    return sorted(found, key=lambda key: ("/" not in key, key))


def _lacking(
    key: str,
    wanted: Fraction,
    able: Sequence[Mapping[str, Any]],
    free: Free,
    pods: Sequence[object],
    message: str,
    growing: bool,
    failed: bool,
) -> Diagnosis:
    name = resource_name(key)
    what = "a GPU" if name == "GPUs" else name
    said = f"Waiting for {what}: {shown(key, wanted)} wanted"
    todo = f"Ask for {less(name)}, or wait until some is free."
    if able:
        room = [max(left.get(key, Fraction(0)), Fraction(0)) for left in free.values()]
        most = max((amount(mapping(node, "status", "allocatable").get(key)) for node in able), default=0)
        if not most:
            said += f", and no node here has {line(key)}"
            todo = f"Start it without {name}, or ask your admin for a node that has some."
        elif most < wanted:
            said += f", and the largest node here has {shown(key, Fraction(most))}"
            todo = f"Ask for {less(name)}: other things need some of that too."
        else:
            best, total = max(room), sum(room, Fraction(0))
            said += f", {shown(key, best)} free"
            if len(room) > 1 and total > best:
                said += f" on the best node ({shown(key, total)} in all)"
            users = _users(key, pods, free)
            said += f"; {users}" if users else ""
    if growing:
        todo = "A node is being added for it: wait."
    return Diagnosis(f"{said}.", line(message), todo, "unschedulable", failed)


def _users(key: str, pods: Sequence[object], free: Free) -> str:
    """Which namespaces use it, where it is something that is counted (a GPU)."""
    if "/" not in key:
        return ""
    used: dict[str, Fraction] = defaultdict(Fraction)
    for pod in pods:
        if text(pod, "spec", "nodeName") in free and text(pod, "status", "phase") not in _ENDED:
            used[text(pod, "metadata", "namespace")] += requests(pod).get(key, Fraction(0))
    first = sorted(((n, space) for space, n in used.items() if n), reverse=True)[:3]
    return ", ".join(f"{shown(key, n)} in use by {line(space)}" for n, space in first)
