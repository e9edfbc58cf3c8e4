"""What a pod reserves, and which nodes would have it: the scheduler's rules, as far as they can be read off."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .reading import amount, items, mapping, text

__all__ = ["fits_labels", "requests", "untolerated"]


def requests(pod: object) -> dict[str, Fraction]:
    """What the scheduler reserves for a pod: its containers and sidecars together, or its largest init
    container with the sidecars started before it, and the overhead."""
    total: dict[str, Fraction] = {}
    for container in items(pod, "spec", "containers"):
        _add(total, _requests(container))
    sidecars: dict[str, Fraction] = {}
    peak: dict[str, Fraction] = {}
    for container in items(pod, "spec", "initContainers"):
        own = _requests(container)
        if text(container, "restartPolicy") == "Always":
            _add(sidecars, own)
            own = {}
        here = dict(sidecars)
        _add(here, own)
        peak = {key: max(peak.get(key, Fraction(0)), here.get(key, Fraction(0))) for key in {**peak, **here}}
    _add(total, sidecars)
    for key, value in peak.items():
        total[key] = max(total.get(key, Fraction(0)), value)
    _add(total, {key: amount(value) for key, value in mapping(pod, "spec", "overhead").items()})
    return total


def _requests(container: object) -> dict[str, Fraction]:
    # a limit without a request is one
    asked = {
        **mapping(container, "resources", "limits"),
        **mapping(container, "resources", "requests"),
    }
    return {str(key): amount(value) for key, value in asked.items()}


def _add(total: dict[str, Fraction], more: Mapping[str, Fraction]) -> None:
    for key, value in more.items():
        total[key] = total.get(key, Fraction(0)) + value


def untolerated(pod: object, node: object) -> str:
    """The first taint that keeps the pod off the node, `key=value:effect`; empty if there is none."""
    for taint in items(node, "spec", "taints"):
        key, value, effect = text(taint, "key"), text(taint, "value"), text(taint, "effect")
        if effect == "PreferNoSchedule":
            continue
        if not any(_tolerates(one, key, value, effect) for one in items(pod, "spec", "tolerations")):
            return f"{key}{'=' if value else ''}{value}:{effect}"
    return ""


def _tolerates(toleration: Mapping[str, Any], key: str, value: str, effect: str) -> bool:
    if text(toleration, "effect") not in ("", effect):
        return False
    if text(toleration, "operator") == "Exists":
        return text(toleration, "key") in ("", key)
    return text(toleration, "key") == key and text(toleration, "value") == value


def fits_labels(pod: object, node: object) -> bool:
    """Whether the node has the labels that the pod asks for, by node selector or required affinity."""
    labels = mapping(node, "metadata", "labels")
    if any(labels.get(key) != value for key, value in mapping(pod, "spec", "nodeSelector").items()):
        return False
    required = mapping(
        pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    terms = items(required, "nodeSelectorTerms")
    fields = {"metadata.name": text(node, "metadata", "name")}
    return not terms or any(
        all(_matches(one, labels) for one in items(term, "matchExpressions"))
        and all(_matches(one, fields) for one in items(term, "matchFields"))
        for term in terms
    )


def _matches(requirement: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    key, operator = text(requirement, "key"), text(requirement, "operator")
    values = requirement.get("values")
    values = values if isinstance(values, list) else []
    there = labels.get(key)
    match operator:
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "In":
            return there in values
        case "NotIn":
            return there not in values
        case "Gt" | "Lt":
            try:
                have, bound = int(str(there)), int(str(values[0]))
            except (ValueError, IndexError):
                return False
            return have > bound if operator == "Gt" else have < bound
    return True
