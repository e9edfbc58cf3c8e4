"""A configuration's patch laid over a pod, as kubectl's strategic merge does it. Pure.

Lists of named things are merged by their names, other lists are joined, and a null takes a key away.
Source: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["lay_over"]

# The patch merge keys of a pod's lists (the API's x-kubernetes-patch-merge-key).
_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
}


def lay_over(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`target` with `patch` over it; neither is changed."""
    merged = dict(target)
    for key, value in patch.items():
        there = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = lay_over(there if isinstance(there, Mapping) else {}, value)
        elif isinstance(value, list) and isinstance(there, list):
            merged[key] = _lists(there, value, _MERGE_KEYS.get(key))
        else:
            merged[key] = value
    return merged


def _lists(target: Sequence[Any], patch: Sequence[Any], key: str | None) -> list[Any]:
    if key is None or not all(isinstance(item, Mapping) for item in [*target, *patch]):
        return [*target, *(item for item in patch if item not in target)]
    merged = list(target)
    for item in patch:
        at = next((i for i, there in enumerate(merged) if key in item and there.get(key) == item[key]), None)
        if at is None:
            merged.append(dict(item))
        else:
            merged[at] = lay_over(merged[at], item)
    return merged
