"""From Kubernetes objects and events to one sentence for people: what is wrong, why, and what to do.

All of it is pure. Objects are JSON of the API, as watch caches hold them, and nothing is expected of them.

When a failure is final (`Diagnosis.failed`):
- at once: an image that doesn't exist, isn't given out or has no usable name, any other pull that Kubernetes
  backs off from, an image without the notebook's program, a crash loop, a lack of memory, an eviction, a
  missing Secret, ConfigMap or storage class, and whatever the API refuses;
- after `grace` seconds of waiting: no node takes the pod (never while an autoscaler adds one), a registry, a
  volume or a node that doesn't answer;
- never: a first crash that Kubernetes will try again, and an API server that doesn't answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import containers
from .model import Code, Diagnosis
from .reading import items, mapping, text
from .refusals import from_api_error
from .scheduling import scheduling
from .storage import storage
from .timeline import Step
from .timeline import steps as _steps

__all__ = ["GRACE", "Code", "Diagnosis", "Step", "diagnose", "from_api_error", "steps"]

GRACE = 60.0


def diagnose(
    pod: Mapping[str, Any] | None,
    events: Sequence[Mapping[str, Any]],
    *,
    pvcs: Mapping[str, Mapping[str, Any]] | None = None,
    nodes: Sequence[Mapping[str, Any]] = (),
    pods: Sequence[Mapping[str, Any]] = (),
    log: str = "",
    waited: float = 0.0,
    grace: float = GRACE,
) -> Diagnosis | None:
    """What keeps `pod` from being ready; None while nothing does.

    `events` are those of the pod and of its claims, `pvcs` the claims of its namespace by name, `nodes` and
    `pods` those of the cluster (for what is free), `log` the end of the notebook's log. `waited`: seconds
    since the pod was made.
    """
    if pod is None or _ready(pod):
        return None
    patient = waited < grace
    events = _its_own(pod, events)
    return (
        containers.ended(pod, log)
        or containers.node(pod, nodes, patient)
        or containers.containers(pod, events, log, patient)
        or storage(pod, events, pvcs or {}, patient)
        or scheduling(pod, events, nodes, pods, patient)
        or containers.mounts(pod, events, patient)
    )


def steps(
    pod: Mapping[str, Any] | None,
    events: Sequence[Mapping[str, Any]],
    *,
    pvcs: Mapping[str, Mapping[str, Any]] | None = None,
    found: Diagnosis | None = None,
    now: float | None = None,
) -> list[Step]:
    """The steps of `pod` on its way to ready, for a timeline: volumes, scheduled, image, started, ready.

    `found` is what `diagnose` says of it: the step it stands at shows it. `now` (seconds since 1970) gives
    that step the time it has taken so far.
    """
    return _steps(pod, _its_own(pod, events), pvcs=pvcs, found=found, now=now)


def _its_own(pod: Mapping[str, Any] | None, events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without the events of an earlier pod that had the same name."""
    uid = text(pod, "metadata", "uid")
    return [
        event
        for event in events
        if not uid
        or text(event, "involvedObject", "kind") != "Pod"
        or text(event, "involvedObject", "uid") in ("", uid)
    ]


def _ready(pod: Mapping[str, Any]) -> bool:
    return not mapping(pod, "metadata").get("deletionTimestamp") and any(
        text(one, "type") == "Ready" and text(one, "status") == "True"
        for one in items(pod, "status", "conditions")
    )
