"""What a request adds, put on the pod that KubeSpawner has built from an admin's settings."""

from __future__ import annotations

from typing import Any

from kubernetes_asyncio.client import ApiClient, V1Pod  # its models take plain JSON in their places too
from kubespawner.utils import get_k8s_model

from .manifests import PodParts
from .patches import lay_over

__all__ = ["dress"]


def dress(pod: Any, parts: PodParts) -> Any:
    """`pod`, a V1Pod, with `parts`. A model as before, so that an admin's modify_pod_hook finds what it expects."""
    spec = pod.spec
    notebook = spec.containers[0]
    pod.metadata.labels.update(parts.labels)
    spec.volumes = [*(spec.volumes or ()), *parts.volumes]
    notebook.volume_mounts = [*(notebook.volume_mounts or ()), *parts.mounts]
    if parts.env_from:
        notebook.env_from = [*(notebook.env_from or ()), *parts.env_from]
    notebook.resources.limits.update(parts.devices)
    if parts.affinity:
        spec.affinity = dict(parts.affinity)
    if parts.tolerations:
        spec.tolerations = [*(spec.tolerations or ()), *parts.tolerations]
    return _patched(pod, parts) if any(parts.patches) else pod


def _patched(pod: Any, parts: PodParts) -> Any:
    found: dict[str, Any] = ApiClient().sanitize_for_serialization(pod)
    for patch in parts.patches:
        found = lay_over(found, patch)
    return get_k8s_model(V1Pod, found)
