"""The steps of a start, for the progress page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .model import Diagnosis
from .reading import event_time, items, line, mapping, of_kind, text, when
from .storage import claims_of

__all__ = ["Step", "steps"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `seconds` is how long it took, or has taken so far; None where Kubernetes doesn't say."""

    name: Literal["volumes", "scheduled", "image", "started", "ready"]
    state: Literal["waiting", "now", "done", "failed"]
    seconds: float | None
    text: str


@dataclass(frozen=True, slots=True)
class _Seen:
    name: Literal["volumes", "scheduled", "image", "started", "ready"]
    done: bool
    at: float | None  # when it was done
    todo: str
    result: str


def steps(
    pod: Mapping[str, Any] | None,
    events: Sequence[Mapping[str, Any]],
    *,
    pvcs: Mapping[str, Mapping[str, Any]] | None = None,
    found: Diagnosis | None = None,
    now: float | None = None,
) -> list[Step]:
    """The steps of `pod` from its volumes to ready. `found` is what keeps it from the present step, `now`
    the time in seconds since 1970."""
    pod = pod or {}
    seen = [
        *_volumes(pod, events, pvcs or {}),
        _scheduled(pod),
        _image(pod, events),
        _started(pod),
        _ready(pod),
    ]
    # a later step includes those before it: Kubernetes forgets its events after an hour
    last = max((index for index, one in enumerate(seen) if one.done), default=-1)
    before = when(mapping(pod, "metadata").get("creationTimestamp"))
    made: list[Step] = []
    for index, one in enumerate(seen):
        if index <= last:
            seconds = max(0.0, one.at - before) if one.at is not None and before is not None else None
            made.append(Step(one.name, "done", seconds, one.result))
            before = one.at if one.at is not None else before
        elif index == last + 1:
            so_far = max(0.0, now - before) if now is not None and before is not None else None
            failed = found is not None and found.failed
            made.append(
                Step(one.name, "failed" if failed else "now", so_far, found.sentence if found else one.todo)
            )
        else:
            made.append(Step(one.name, "waiting", None, one.todo))
    return made


def _volumes(pod: Mapping[str, Any], events: Sequence[object], pvcs: Mapping[str, object]) -> list[_Seen]:
    names = claims_of(pod)
    if not names:
        return []
    done = all(text(mapping(pvcs, name), "status", "phase") == "Bound" for name in names)
    made = [
        event_time(event)
        for event in of_kind(events, "PersistentVolumeClaim", *names)
        if text(event, "reason") == "ProvisioningSucceeded"
    ]
    what = f"volume {line(names[0])}" if len(names) == 1 else f"{len(names)} volumes"
    bound = what[0].upper() + what[1:] + " bound"
    return [_Seen("volumes", done, max((at for at in made if at), default=None), f"Binding {what}", bound)]


def _condition(pod: Mapping[str, Any], kind: str) -> tuple[bool, float | None]:
    for one in items(pod, "status", "conditions"):
        if text(one, "type") == kind:
            return text(one, "status") == "True", when(one.get("lastTransitionTime"))
    return False, None


def _scheduled(pod: Mapping[str, Any]) -> _Seen:
    done, at = _condition(pod, "PodScheduled")
    node = line(text(pod, "spec", "nodeName"))
    return _Seen("scheduled", done, at, "Looking for a node", f"Scheduled on {node}" if node else "Scheduled")


def _image(pod: Mapping[str, Any], events: Sequence[object]) -> _Seen:
    main = _main(pod)
    image = line(text(main, "image"))
    done, at, result = False, None, "Image is there"
    about = f"spec.containers{{{text(main, 'name')}}}"
    for event in of_kind(events, "Pod"):
        if text(event, "reason") != "Pulled" or text(event, "involvedObject", "fieldPath") not in ("", about):
            continue
        took = re.search(r"Successfully pulled image .* in (\S+)", text(event, "message"))
        result = f"Image pulled in {line(took[1])}" if took else "Image was there already"
        # a container that is started again finds its image each time
        done, at = True, when(event.get("firstTimestamp")) or event_time(event)
        break
    return _Seen("image", done, at, f"Pulling image {image}" if image else "Pulling the image", result)


def _main(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """The notebook's container."""
    there = items(pod, "spec", "containers")
    return next((one for one in there if text(one, "name") == "notebook"), there[0] if there else {})


def _started(pod: Mapping[str, Any]) -> _Seen:
    name = text(_main(pod), "name")
    for status in items(pod, "status", "containerStatuses"):
        running = mapping(status, "state", "running")
        if text(status, "name") == name and running:
            return _Seen("started", True, when(running.get("startedAt")), "", "Started")
    return _Seen("started", False, None, "Starting", "Started")


def _ready(pod: Mapping[str, Any]) -> _Seen:
    done, at = _condition(pod, "Ready")
    return _Seen("ready", done, at, "Waiting for Jupyter to answer", "Ready")
