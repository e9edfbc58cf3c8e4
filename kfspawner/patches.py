"""A configuration's patch laid over a pod, as kubectl's strategic merge does it. Pure.

Lists of named things are merged by their names, other lists are replaced, and a null takes a key away. Two lists
are joined, since a configuration adds to what is there: tolerations and sources of environment.
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


_JOINED = frozenset({"tolerations", "envFrom"})


def lay_over(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`target` with `patch` over it; neither is changed."""
    merged = dict(target)
    for key, value in patch.items():
        there = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = lay_over(there if isinstance(there, Mapping) else {}, value)
        elif isinstance(value, list):
            merged[key] = _lists(key, there if isinstance(there, list) else [], value)
        else:
            merged[key] = value
    return merged


def _lists(name: str, target: Sequence[Any], patch: Sequence[Any]) -> list[Any]:
    if name in _JOINED:
        return [*target, *(item for item in patch if item not in target)]
    key = _MERGE_KEYS.get(name)
    if key is None or not all(isinstance(item, Mapping) for item in [*target, *patch]):
        return list(patch)
    merged = list(target)
    for item in patch:
        wanted = item.get(key)
        at = next((i for i, there in enumerate(merged) if there.get(key) == wanted), None)
        if at is not None and wanted is not None:
            merged[at] = lay_over(merged[at], item)
        elif (fresh := lay_over({}, item)) not in merged:
            merged.append(fresh)
    return merged
