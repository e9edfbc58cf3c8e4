"""Objects of the Kubernetes API -> rows of the panel. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kflab.cluster.kinds import KindName
from kflab.cluster.models import (
    AnyRow,
    ClaimRow,
    Condition,
    Container,
    DeploymentRow,
    EventRow,
    JobRow,
    PodRow,
    Ref,
    ServiceRow,
    StatefulSetRow,
)
from kflab.cluster.pods import container_state, pod_state

__all__ = ["claims", "conditions", "containers", "row", "sort_key"]

Json = Mapping[str, Any]

_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def row(kind: KindName, found: Json) -> AnyRow:
    """The row of an object as the API gave it."""
    meta = found.get("metadata", {})
    common = {
        "name": meta.get("name", ""),
        "uid": meta.get("uid", ""),
        "version": meta.get("resourceVersion", ""),
        "created": meta.get("creationTimestamp"),
    }
    made: AnyRow = _MAKERS[kind](found, common)
    if meta.get("deletionTimestamp") and kind != "pods":
        made.status, made.mood = "Terminating", "busy"
    return made


def sort_key(row: AnyRow) -> tuple[str, ...]:
    """By name; events by when they were last seen, so that the newest are the last."""
    return (row.last or "", row.uid) if isinstance(row, EventRow) else (row.name, row.uid)


def _pod(pod: Json, common: Json) -> PodRow:
    spec, status = pod.get("spec", {}), pod.get("status", {})
    state = pod_state(pod)
    return PodRow(
        **common,
        status=state.status,
        mood=state.mood,
        text=state.text,
        ready=state.ready,
        restarts=state.restarts,
        images=_images(spec),
        node=spec.get("nodeName", ""),
        ip=status.get("podIP", ""),
        owner=_owner(pod),
    )


def _deployment(found: Json, common: Json) -> DeploymentRow:
    spec, status = found.get("spec", {}), found.get("status", {})
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    by_type = {c.get("type"): c for c in status.get("conditions", [])}
    refused = by_type.get("ReplicaFailure", {})
    late = by_type.get("Progressing", {})
    text = ""
    if refused.get("status") == "True":
        word, mood, text = "Failing", "bad", refused.get("message", "")
    elif late.get("status") == "False":
        word, mood, text = "Stuck", "bad", late.get("message", "")
    elif wanted == 0:
        word, mood = "Scaled to 0", "plain"
    elif spec.get("paused"):
        word, mood = "Paused", "plain"
    else:
        settled = ready == wanted == updated == available == status.get("replicas", 0)
        word, mood = ("Available", "good") if settled else ("Progressing", "busy")
    return DeploymentRow(
        **common,
        status=word,
        mood=mood,
        text=text,
        ready=f"{ready}/{wanted}",
        up_to_date=updated,
        available=available,
        images=_images(_template(spec)),
    )


def _stateful_set(found: Json, common: Json) -> StatefulSetRow:
    spec, status = found.get("spec", {}), found.get("status", {})
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    settled = ready == wanted and status.get("updatedReplicas", wanted) in (0, wanted)
    word, mood = ("Ready", "good") if settled else ("Progressing", "busy")
    if wanted == 0:
        word, mood = "Scaled to 0", "plain"
    return StatefulSetRow(
        **common,
        status=word,
        mood=mood,
        ready=f"{ready}/{wanted}",
        images=_images(_template(spec)),
    )


def _service(found: Json, common: Json) -> ServiceRow:
    spec = found.get("spec", {})
    kind = spec.get("type", "ClusterIP")
    given = found.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    outside = [i.get("hostname") or i.get("ip", "") for i in given] + list(spec.get("externalIPs", []))
    waits = kind == "LoadBalancer" and not outside
    inside = spec.get("externalName", "") if kind == "ExternalName" else spec.get("clusterIP", "")
    return ServiceRow(
        **common,
        status="Pending" if waits else "Active",
        mood="busy" if waits else "good",
        text="No load balancer has given it an address yet." if waits else "",
        type=kind,
        address=", ".join(filter(None, [inside, *outside])),
        ports=",".join(_port(port) for port in spec.get("ports", [])),
    )


def _port(port: Json) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}"


def _job(found: Json, common: Json) -> JobRow:
    spec, status = found.get("spec", {}), found.get("status", {})
    by_type = {c.get("type"): c for c in status.get("conditions", []) if c.get("status") == "True"}
    text = ""
    ended = status.get("completionTime")
    # The order of kubectl: an end counts more than the way there.
    if "Complete" in by_type:
        word, mood = "Complete", "done"
    elif "Failed" in by_type:
        word, mood, text = "Failed", "bad", by_type["Failed"].get("message", "")
        ended = by_type["Failed"].get("lastTransitionTime")
    elif "Suspended" in by_type:
        word, mood = "Suspended", "plain"
    elif "FailureTarget" in by_type:
        word, mood, text = "FailureTarget", "bad", by_type["FailureTarget"].get("message", "")
    else:
        word, mood = "Running", "busy"
    wanted = spec.get("completions")
    if wanted is None:
        many = spec.get("parallelism", 1)
        total = f"1 of {many}" if many > 1 else "1"
    else:
        total = str(wanted)
    return JobRow(
        **common,
        status=word,
        mood=mood,
        text=text,
        completions=f"{status.get('succeeded', 0)}/{total}",
        started=status.get("startTime"),
        ended=ended,
        images=_images(_template(spec)),
    )


def _claim(found: Json, common: Json) -> ClaimRow:
    spec, status = found.get("spec", {}), found.get("status", {})
    phase = status.get("phase", "Pending")
    bound = phase == "Bound"
    capacity = status.get("capacity", {}).get("storage", "")
    wanted = spec.get("resources", {}).get("requests", {}).get("storage", "")
    growing: Json = next((c for c in status.get("conditions", []) if c.get("status") == "True"), {})
    return ClaimRow(
        **common,
        status=phase,
        mood="good" if bound else "bad" if phase == "Lost" else "busy",
        text=growing.get("message", "") or ("" if bound else f"It asks for {wanted}." if wanted else ""),
        volume=spec.get("volumeName", ""),
        capacity=capacity,
        modes=",".join(
            _MODES.get(mode, mode) for mode in status.get("accessModes") or spec.get("accessModes", [])
        ),
        storage_class=spec.get("storageClassName") or "",
    )


def _event(found: Json, common: Json) -> EventRow:
    about = found.get("involvedObject") or found.get("regarding") or {}
    series = found.get("series") or {}
    first = found.get("firstTimestamp") or found.get("eventTime") or common["created"]
    last = series.get("lastObservedTime") or found.get("lastTimestamp") or first
    kind = found.get("type", "Normal")
    return EventRow(
        **{**common, "created": first},
        status=kind,
        mood="bad" if kind == "Warning" else "plain",
        text=(found.get("message") or found.get("note") or "").strip(),
        reason=found.get("reason") or "",
        object=Ref(kind=about.get("kind", ""), name=about.get("name", "")),
        object_uid=about.get("uid", ""),
        count=series.get("count") or found.get("count") or 1,
        last=last,
    )


_MAKERS: dict[KindName, Callable[[Json, Json], Any]] = {
    "pods": _pod,
    "deployments": _deployment,
    "statefulsets": _stateful_set,
    "services": _service,
    "jobs": _job,
    "pvcs": _claim,
    "events": _event,
}


def _template(spec: Json) -> Json:
    template: Json = spec.get("template", {}).get("spec", {})
    return template


def _images(spec: Json) -> list[str]:
    """Each image once, in the order of the containers."""
    return list(dict.fromkeys(c.get("image", "") for c in spec.get("containers", [])))


def _owner(found: Json) -> Ref | None:
    for owner in found.get("metadata", {}).get("ownerReferences", []):
        if owner.get("controller"):
            return Ref(kind=owner.get("kind", ""), name=owner.get("name", ""))
    return None


def conditions(found: Json) -> list[Condition]:
    """An object's conditions in its own order."""
    return [
        Condition(
            type=c.get("type", ""),
            status=c.get("status", ""),
            reason=c.get("reason") or "",
            message=c.get("message") or "",
            since=c.get("lastTransitionTime"),
        )
        for c in found.get("status", {}).get("conditions", [])
    ]


def containers(pod: Json) -> list[Container]:
    """A pod's containers: those whose log one wants first, then the init containers."""
    spec, status = pod.get("spec", {}), pod.get("status", {})
    return [
        *_containers(spec.get("containers", []), status.get("containerStatuses", []), False),
        *_containers(spec.get("initContainers", []), status.get("initContainerStatuses", []), True),
    ]


def _containers(specs: Sequence[Json], statuses: Sequence[Json], init: bool) -> list[Container]:
    by_name = {status.get("name"): status for status in statuses}
    made = []
    for spec in specs:
        status = by_name.get(spec["name"], {})
        made.append(
            Container(
                name=spec["name"],
                image=spec.get("image", ""),
                state=container_state(status),
                init=init,
                restarts=status.get("restartCount", 0),
                previous=bool(status.get("lastState")),
            )
        )
    return made


def claims(pod: Json) -> list[str]:
    """The names of the volume claims that a pod mounts."""
    volumes = pod.get("spec", {}).get("volumes", [])
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]
