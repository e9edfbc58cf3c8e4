"""What a request adds, put on the pod that KubeSpawner has built from an admin's settings."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from kubernetes_asyncio.client import ApiClient

from .manifests import PodParts
from .patches import lay_over

__all__ = ["dress"]


def dress(pod: Any, parts: PodParts, client: ApiClient) -> Any:
    """`pod`, a V1Pod, with `parts`. A model as before, so that an admin's modify_pod_hook finds what it expects.

    The client's models take plain JSON in the place of other models, so the parts go in as they are.
    """
    spec = pod.spec
    notebook = spec.containers[0]
    pod.metadata.labels.update(parts.labels)
    # the end of its log goes into its status: the hub tells why it stopped without a right to read logs
    notebook.termination_message_policy = notebook.termination_message_policy or "FallbackToLogsOnError"
    spec.volumes = [*(spec.volumes or ()), *parts.volumes]
    notebook.volume_mounts = [*(notebook.volume_mounts or ()), *parts.mounts]
    if parts.env_from:
        notebook.env_from = [*(notebook.env_from or ()), *parts.env_from]
    notebook.resources.limits.update(parts.devices)
    if parts.affinity:
        spec.affinity = dict(parts.affinity)
    if parts.tolerations:
        spec.tolerations = [*(spec.tolerations or ()), *parts.tolerations]
    return _patched(pod, parts, client) if any(parts.patches) else pod


def _patched(pod: Any, parts: PodParts, client: ApiClient) -> Any:
    found: dict[str, Any] = client.sanitize_for_serialization(pod)
    for patch in parts.patches:
        found = lay_over(found, patch)
    return client.deserialize(SimpleNamespace(data=json.dumps(found)), "V1Pod")  # type: ignore[arg-type]
