"""The kinds that are shown, and what may be an object's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from kflab.cluster.errors import BadName, NotFound

__all__ = ["KINDS", "Kind", "KindName", "check_container", "check_name", "check_uid", "find_kind"]

KindName = Literal["pods", "deployments", "statefulsets", "services", "jobs", "pvcs", "events"]

# RFC 1123 labels; a subdomain is made of them.
_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_CONTAINER = re.compile(_LABEL)
_UID = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True)
class Kind:
    """A resource of the Kubernetes API under the name that the panel has for it."""

    name: KindName
    singular: str
    resource: str
    group: str = ""
    version: str = "v1"
    deletable: bool = True

    def path(self, namespace: str, name: str = "") -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.resource}" + (f"/{name}" if name else "")


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("pods", "Pod", "pods"),
        Kind("deployments", "Deployment", "deployments", "apps"),
        Kind("statefulsets", "StatefulSet", "statefulsets", "apps"),
        Kind("services", "Service", "services"),
        Kind("jobs", "Job", "jobs", "batch"),
        Kind("pvcs", "PersistentVolumeClaim", "persistentvolumeclaims"),
        Kind("events", "Event", "events", deletable=False),
    )
}


def find_kind(name: str) -> Kind:
    """Raises NotFound for a kind that is not shown."""
    kind = KINDS.get(name)
    if kind is None:
        raise NotFound(f"'{name}' is no kind that is shown here; there are {', '.join(get_args(KindName))}.")
    return kind


def check_name(name: str) -> str:
    """The name, if an object may have it. Raises BadName."""
    if len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        raise BadName("name", "A name has lowercase letters, digits, '-' and '.', such as web-1.")
    return name


def check_container(name: str) -> str:
    if not _CONTAINER.fullmatch(name):
        raise BadName("container", "A container's name has lowercase letters, digits and '-', such as main.")
    return name


def check_uid(uid: str) -> str:
    if not _UID.fullmatch(uid):
        raise BadName("uid", "A uid is the metadata.uid of the object.")
    return uid
