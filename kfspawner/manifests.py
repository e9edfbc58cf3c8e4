"""Pure builders of what a notebook needs in its namespace, as Kubernetes' JSON.

The pod itself is KubeSpawner's; what a NotebookSpec adds to it is a PodParts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .names import slug, team_namespace, user_namespace
from .notebook import NotebookSpec, Owner, Volume
from .rules import Rules

__all__ = [
    "EDITOR",
    "MANAGED",
    "NOTEBOOK",
    "OWNER",
    "PREPARED",
    "VIEWER",
    "PodParts",
    "Roles",
    "labels",
    "make_claim",
    "make_namespace",
    "make_namespace_content",
    "make_token_secret",
    "namespace_owner",
    "pod_parts",
    "prepared",
]

Object = dict[str, Any]

MANAGED = "kfhub.io/managed"
OWNER = "kfhub.io/owner"
NOTEBOOK = "kfhub.io/notebook"
PREPARED = "kfhub.io/prepared"
EDITOR, VIEWER = "default-editor", "default-viewer"
_PART_OF = {"app.kubernetes.io/part-of": "kfhub"}
# Reserved for containers that ask for nothing themselves, so that a quota does not refuse them: thousandths of a
# core, and bytes.
_LITTLE = {"cpu": 100, "memory": 128 * 2**20}


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of the ClusterRoles that are bound in each namespace, and whose the hub's own rights are."""

    editor: str = "kfhub-edit"
    viewer: str = "kfhub-view"
    hub: str = "kfhub-hub-namespace"
    hub_account: str = "hub"
    hub_namespace: str = "kfhub"


def labels(owner: Owner, notebook: str) -> dict[str, str]:
    """Whose something is and of which notebook, as labels."""
    return {**_PART_OF, OWNER: slug(owner.name), NOTEBOOK: slug(notebook)}


def namespace_owner(namespace: str, owner: Owner) -> str:
    """What the annotation of a namespace says when it is for `owner`: `user:ada`, or `group:` and a hub group."""
    if namespace == user_namespace(owner.name):
        return f"user:{owner.name}"
    return next(f"group:{group}" for group in sorted(owner.groups) if team_namespace(group) == namespace)


def make_namespace(name: str, owner: str, digest: str = "") -> Object:
    """The namespace of a user or a team. `digest` says that all of its content is there, see `prepared`."""
    annotations = {OWNER: owner} | ({PREPARED: digest} if digest else {})
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {**_PART_OF, MANAGED: "true", "pod-security.kubernetes.io/enforce": "baseline"},
            "annotations": annotations,
        },
    }


def make_namespace_content(namespace: str, rules: Rules, roles: Roles, room: int) -> list[Object]:
    """What every managed namespace has, in the order in which it is made: the hub's own rights come first.

    The bounds follow from the policy: a container may have what one notebook may, a namespace what `room`
    notebooks may, so that kubectl can't go round the form.
    """
    return [
        _binding("kfhub-hub", namespace, roles.hub, roles.hub_account, roles.hub_namespace),
        _account(EDITOR, namespace),
        _account(VIEWER, namespace),
        _binding(EDITOR, namespace, roles.editor, EDITOR, namespace),
        _binding(VIEWER, namespace, roles.viewer, VIEWER, namespace),
        *_bounds(namespace, rules, room),
        _fence(namespace, roles.hub_namespace),
    ]


def prepared(content: Sequence[Object]) -> str:
    """A digest of a namespace's content: while its annotation says the same, nothing need be written."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _account(name: str, namespace: str) -> Object:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(name, namespace)}


def _binding(name: str, namespace: str, role: str, account: str, account_namespace: str) -> Object:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": _metadata(name, namespace),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": account_namespace}],
    }


def _metadata(name: str, namespace: str) -> Object:
    return {"name": name, "namespace": namespace, "labels": dict(_PART_OF)}


def _bounds(namespace: str, rules: Rules, room: int) -> Iterable[Object]:
    """Both are made where nothing is bounded too: so they let go of what an earlier policy had bounded."""
    hard = {f"requests.{vendor}": str(rules.gpu_most * room) for vendor in rules.gpu_vendors}
    most: dict[str, str] = {}
    usual: dict[str, str] = {}
    little: dict[str, str] = {}
    for resource, rule, unit in (("cpu", rules.cpu, "m"), ("memory", rules.memory, "")):
        if rule.most is None:
            continue
        hard[f"requests.{resource}"] = f"{rule.most.amount * room}{unit}"
        little[resource] = f"{min(_LITTLE[resource], rule.default.amount)}{unit}"
        if rule.factor is not None:
            limit = math.ceil(rule.most.amount * rule.factor)
            hard[f"limits.{resource}"] = f"{limit * room}{unit}"
            most[resource] = f"{limit}{unit}"
            usual[resource] = f"{math.ceil(rule.default.amount * rule.factor)}{unit}"
    yield {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": _metadata("kfhub", namespace),
        "spec": {"hard": hard},
    }
    # No bound on GPUs here: it would refuse each container that says nothing of them. The quota bounds them.
    container: Object = {"type": "Container", "defaultRequest": little}
    if most:
        container |= {"max": most, "default": usual}
    yield {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": _metadata("kfhub", namespace),
        "spec": {"limits": [container]},
    }


def _fence(namespace: str, hub_namespace: str) -> Object:
    """Who may open a connection to a notebook: the hub and its proxy, and pods of the same namespace."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata("kfhub-notebooks", namespace),
        "spec": {
            "podSelector": {"matchLabels": {"component": "singleuser-server"}},
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [
                        {
                            "namespaceSelector": {
                                "matchLabels": {"kubernetes.io/metadata.name": hub_namespace}
                            }
                        },
                        {"podSelector": {}},
                    ]
                }
            ],
        },
    }


def make_claim(volume: Volume, namespace: str, owner: Owner, notebook: str) -> Object:
    """The claim of a `new` volume. `notebook` empty: a data volume, of no notebook in particular."""
    marks = labels(owner, notebook)
    if not notebook:
        del marks[NOTEBOOK]
    spec: Object = {
        "accessModes": [volume.mode],
        "resources": {"requests": {"storage": str(volume.size)}},
    }
    if volume.storage_class:
        spec["storageClassName"] = volume.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": volume.name, "namespace": namespace, "labels": marks},
        "spec": spec,
    }


def make_token_secret(name: str, namespace: str, token: str, pod: str, uid: str) -> Object:
    """The Secret with a notebook's hub token. It goes with the pod that owns it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": _metadata(name, namespace)
        | {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": pod, "uid": uid}]},
        "data": {"token": base64.b64encode(token.encode()).decode()},
        "immutable": True,
    }


@dataclass(frozen=True, slots=True)
class PodParts:
    """What one request adds to the pod, each part as Kubernetes' JSON. `patches` come last, in order."""

    labels: Mapping[str, str]
    volumes: Sequence[Object]
    mounts: Sequence[Object]
    env_from: Sequence[Object] = ()
    devices: Mapping[str, str] = field(default_factory=dict)
    affinity: Object | None = None
    tolerations: Sequence[Object] = ()
    patches: Sequence[Object] = ()


def pod_parts(spec: NotebookSpec, rules: Rules, owner: Owner) -> PodParts:
    """See PodParts. Names in `spec` are those of the policy: it has resolved them."""
    named = [("workspace", spec.workspace), *((f"data-{i}", v) for i, v in enumerate(spec.data_volumes))]
    mounted = [(name, volume) for name, volume in named if volume.kind != "none"]
    volumes: list[Object] = [
        {"name": name, "persistentVolumeClaim": {"claimName": volume.name}} for name, volume in mounted
    ]
    mounts: list[Object] = [{"name": name, "mountPath": volume.mount} for name, volume in mounted]
    if spec.shm:
        # pages in it count as the container's memory; without a size it could take half of the node's
        size = spec.memory_limit or spec.memory
        volumes.append({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": str(size.amount)}})
        mounts.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108 - where POSIX has it
    return PodParts(
        labels=labels(owner, spec.notebook),
        volumes=volumes,
        mounts=mounts,
        env_from=[{"secretRef": {"name": name}} for name in spec.secrets],
        devices={spec.gpu.vendor: str(spec.gpu.count)} if spec.gpu.vendor and spec.gpu.count else {},
        affinity=None if spec.affinity == "none" else rules.affinities[spec.affinity].content or None,
        tolerations=()
        if spec.tolerations == "none"
        else tuple(rules.toleration_groups[spec.tolerations].content),
        patches=tuple(rules.configuration_choices[name].content for name in spec.configurations),
    )
