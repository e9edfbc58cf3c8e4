"""What can go wrong between here and the cluster; each has a sentence for the person who looks."""

from __future__ import annotations

__all__ = [
    "BadName",
    "ClusterError",
    "Conflict",
    "Forbidden",
    "NoCluster",
    "NotFound",
    "NotNow",
    "Unreachable",
]


class ClusterError(Exception):
    """Base of all errors of this room, with the HTTP status that says the same."""

    status = 502

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NoCluster(ClusterError):
    """Nothing says where a cluster is, or what says it cannot be read: `reason`, and how to get one."""

    status = 503

    def __init__(self, reason: str, how: str = "") -> None:
        super().__init__(f"{reason} {how}".strip())
        self.reason = reason


class Unreachable(ClusterError):
    """The cluster does not answer, or answers that it cannot."""

    status = 503


class NotFound(ClusterError):
    status = 404


class BadName(ClusterError):
    """A name that no object can have."""

    status = 400

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotNow(ClusterError):
    """The cluster understood and refused: a container that has not started has no log, for instance."""

    status = 409


class Conflict(ClusterError):
    """The object is no longer the one that was meant."""

    status = 409


class Forbidden(ClusterError):
    """The account may not. `verb`, `resource` and `namespace` are what it lacks."""

    status = 403

    def __init__(self, verb: str, resource: str, group: str, namespace: str, said: str = "") -> None:
        self.verb, self.resource, self.group, self.namespace = verb, resource, group, namespace
        what = f"{resource}.{group}" if group else resource
        lacks = f"This account may not {verb} {what} in namespace {namespace}."
        # RBAC's own sentence says the same in longer words; one of an admission policy says why.
        why = "" if not said or " cannot " in said else f" {said}"
        super().__init__(lacks + why)
