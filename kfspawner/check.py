"""What only the cluster knows to be wrong with a request that the policy allows. Pure, over live copies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import manifests, quantity
from .diagnosis.reading import items, mapping, text
from .errors import FieldError, quote
from .manifests import NOTEBOOK, OWNER
from .names import slug
from .notebook import NotebookSpec, Owner, Volume
from .quantity import Quantity

__all__ = ["ClusterView", "Growth", "check", "growths", "missing_claims"]

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClusterView:
    """One namespace as the hub's live copies show it, objects as the API's JSON, by name.

    `namespace` None: it is not there yet. `managed` False: nobody made the namespace for a user or a team, as
    where all notebooks share the hub's own. `own_pod` is the name of the notebook's pod: what it uses is free
    again at its next start.
    """

    namespace: Object | None = None
    managed: bool = True
    claims: Mapping[str, Object] = field(default_factory=dict)
    pods: Mapping[str, Object] = field(default_factory=dict)
    quotas: Mapping[str, Object] = field(default_factory=dict)
    classes: Mapping[str, Object] = field(default_factory=dict)
    own_pod: str = ""


@dataclass(frozen=True, slots=True)
class Growth:
    """A claim that is to become larger."""

    name: str
    size: Quantity


def check(spec: NotebookSpec, view: ClusterView, owner: Owner) -> list[FieldError]:
    """Every fault of `spec` in this namespace: whose it is, whose the notebook's name and the volumes are, sizes
    that differ from what exists, and what no quota leaves room for."""
    found = [_namespace(spec, view, owner), _name(spec, view, owner)]
    found += [_workspace(spec, view, owner)]
    found += [
        _data(f"dataVolumes.{index}", volume, view, "dataVolumes" in spec.fixed)
        for index, volume in enumerate(spec.data_volumes)
    ]
    return [*filter(None, found), *_quotas(spec, view)]


def missing_claims(spec: NotebookSpec, view: ClusterView) -> list[tuple[Volume, bool]]:
    """The `new` volumes that are not there yet, each with whether it is the workspace."""
    volumes = [(spec.workspace, True), *((volume, False) for volume in spec.data_volumes)]
    return [(v, own) for v, own in volumes if v.kind == "new" and v.name not in view.claims]


def growths(spec: NotebookSpec, view: ClusterView) -> list[Growth]:
    """The claims that are smaller than the request says, and can grow."""
    volumes = [v for v in (spec.workspace, *spec.data_volumes) if v.kind == "new" and v.name in view.claims]
    return [
        Growth(v.name, v.size)
        for v in volumes
        if v.size
        and v.size.amount > _size(view.claims[v.name]).amount
        and _expands(view.claims[v.name], view)
    ]


def _namespace(spec: NotebookSpec, view: ClusterView, owner: Owner) -> FieldError | None:
    if not view.managed or view.namespace is None:
        return None
    metadata = mapping(view.namespace, "metadata")
    wanted = manifests.namespace_owner(spec.namespace, owner)
    if text(metadata, "annotations", OWNER) == wanted and not metadata.get("deletionTimestamp"):
        return None
    if metadata.get("deletionTimestamp"):
        return _error("namespace", f"Namespace {spec.namespace} is being deleted. Try again once it is gone.")
    return _error(
        "namespace",
        f"Namespace {spec.namespace} was not made for {wanted.replace(':', ' ')}, so the hub does not use it. Ask an"
        " admin of the cluster.",
    )


def _name(spec: NotebookSpec, view: ClusterView, owner: Owner) -> FieldError | None:
    """A notebook's name is unique in its namespace: its volume and its pod are named after it."""
    for thing in [*view.pods.values(), *view.claims.values()]:
        marks = _labels(thing)
        if marks.get(NOTEBOOK) == slug(spec.notebook) and _is_others(marks, owner):
            return _error(
                "name",
                f"{quote(spec.notebook)} is a notebook of {_owner(thing)} in {spec.namespace}. Choose another name.",
            )
    return None


def _workspace(spec: NotebookSpec, view: ClusterView, owner: Owner) -> FieldError | None:
    volume = spec.workspace
    if volume.kind == "none":
        return None
    claim = view.claims.get(volume.name)
    if claim is None:
        return _absent("workspace", volume, view, owner) if volume.kind == "existing" else None
    marks = _labels(claim)
    if _is_others(marks, owner) or not {OWNER, NOTEBOOK} <= marks.keys():
        whose = (
            f"belongs to {_owner(claim)}"
            if OWNER in marks and _is_others(marks, owner)
            else "is no workspace"
        )
        return _error(
            "workspace.name",
            f"Volume {volume.name} {whose}. {_choose(_workspaces(view, owner), 'workspaces')}",
        )
    if volume.kind == "new" and marks[NOTEBOOK] != slug(spec.notebook):
        return _error(
            "workspace.name",
            f"Volume {volume.name} is the workspace of your notebook {marks[NOTEBOOK]}. Choose another name, or"
            " kind existing to use it here.",
        )
    return _usable("workspace", volume, claim, view, "workspace" in spec.fixed)


def _data(field: str, volume: Volume, view: ClusterView, fixed: bool) -> FieldError | None:
    claim = view.claims.get(volume.name)
    if claim is None:
        if volume.kind == "existing":
            offers = [name for name, found in view.claims.items() if NOTEBOOK not in _labels(found)]
            return _error(
                f"{field}.name",
                f"There is no volume {volume.name} in this namespace. {_choose(offers, 'volumes')}",
            )
        return None
    if NOTEBOOK in _labels(claim):
        return _error(
            f"{field}.name",
            f"Volume {volume.name} is the workspace of {_owner(claim)}'s notebook {_labels(claim)[NOTEBOOK]}. Choose"
            " another volume.",
        )
    return _usable(field, volume, claim, view, fixed)


def _usable(field: str, volume: Volume, claim: Object, view: ClusterView, fixed: bool) -> FieldError | None:
    if text(claim, "metadata", "deletionTimestamp"):
        return _error(f"{field}.name", f"Volume {volume.name} is being deleted. Choose another name.")
    if volume.kind == "existing" or volume.size is None or fixed:
        return (
            None  # a size that the admin has changed for all is not theirs to mend who have a volume already
        )
    there = _size(claim)
    if volume.size.amount < there.amount:
        return _error(
            f"{field}.size",
            f"Volume {volume.name} exists with {quantity.human(there.amount)}; a volume can't shrink. Use {there}, or"
            " another name.",
        )
    if volume.size.amount > there.amount and not _expands(claim, view):
        return _error(
            f"{field}.size",
            f"Volume {volume.name} exists with {quantity.human(there.amount)}, and its storage class can't make it"
            f" larger. Use {there}, or another name.",
        )
    return None


def _absent(field: str, volume: Volume, view: ClusterView, owner: Owner) -> FieldError:
    return _error(
        f"{field}.name",
        f"There is no volume {volume.name} in this namespace. {_choose(_workspaces(view, owner), 'workspaces')}",
    )


def _workspaces(view: ClusterView, owner: Owner) -> list[str]:
    return [
        name
        for name, claim in view.claims.items()
        if {OWNER, NOTEBOOK} <= _labels(claim).keys() and not _is_others(_labels(claim), owner)
    ]


def _choose(offers: Iterable[str], what: str) -> str:
    names = sorted(offers)
    return (
        f"Your {what} here: {', '.join(names[:12])}."
        if names
        else f"You have no {what} here yet: use kind new."
    )


def _expands(claim: Object, view: ClusterView) -> bool:
    return mapping(view.classes, text(claim, "spec", "storageClassName")).get("allowVolumeExpansion") is True


def _size(claim: Object) -> Quantity:
    stated = text(claim, "spec", "resources", "requests", "storage")
    return Quantity(stated, _amount("storage", stated) or 0)


# --- quotas -------------------------------------------------------------------------------------------


def _quotas(spec: NotebookSpec, view: ClusterView) -> Iterable[FieldError]:
    wanted: dict[str, tuple[str, int]] = {
        "requests.cpu": ("cpu", spec.cpu.amount),
        "requests.memory": ("memory", spec.memory.amount),
    }
    if spec.cpu_limit:
        wanted["limits.cpu"] = ("cpu", spec.cpu_limit.amount)
    if spec.memory_limit:
        wanted["limits.memory"] = ("memory", spec.memory_limit.amount)
    if spec.gpu.count:
        wanted[f"requests.{spec.gpu.vendor}"] = ("gpu.count", spec.gpu.count)
    freed = _freed(view)
    told: set[str] = set()
    for quota in view.quotas.values():
        for resource, hard in mapping(quota, "status", "hard").items():
            name = {"cpu": "requests.cpu", "memory": "requests.memory"}.get(resource, resource)
            most = _amount(name, hard)
            if name not in wanted or wanted[name][0] in told or most is None:
                continue
            field, amount = wanted[name]
            used = (_amount(name, mapping(quota, "status", "used").get(resource)) or 0) - freed.get(name, 0)
            free = most - max(0, used)
            if amount > free:
                told.add(field)
                yield _error(field, _no_room(name, amount, max(0, free), most, spec.namespace))


def _freed(view: ClusterView) -> dict[str, int]:
    pod = view.pods.get(view.own_pod)
    if text(pod, "status", "phase") in ("Succeeded", "Failed"):
        return {}  # a quota doesn't count it any more
    freed: dict[str, int] = {}
    for container in items(pod, "spec", "containers"):
        for side in ("requests", "limits"):
            for resource, stated in mapping(container, "resources", side).items():
                name = f"{side}.{resource}"
                freed[name] = freed.get(name, 0) + (_amount(name, stated) or 0)
    return freed


def _amount(resource: str, stated: object) -> int | None:
    """In thousandths of a core, bytes, or pieces; None if it is no quantity."""
    exact = quantity.exact(stated)
    return exact if exact is None else math.ceil(exact * (1000 if resource.endswith(".cpu") else 1))


def _no_room(resource: str, wanted: int, free: int, most: int, namespace: str) -> str:
    def words(amount: int) -> str:
        if resource.endswith(".cpu"):
            return f"{amount / 1000:g} CPU"
        return quantity.human(amount) if resource.endswith(".memory") else f"{amount}"

    limit = " as a limit" if resource.startswith("limits.") else ""
    return (
        f"{words(wanted)}{limit} is more than the quota of {namespace} leaves: {words(free)} of {words(most)} free."
        " Ask for less, or stop another notebook."
    )


# --- whose ----------------------------------------------------------------------------------------------


def _labels(thing: Object) -> Mapping[str, str]:
    return mapping(thing, "metadata", "labels")


def _is_others(marks: Mapping[str, str], owner: Owner) -> bool:
    return marks.get(OWNER, slug(owner.name)) != slug(owner.name)


def _owner(thing: Object) -> str:
    return text(thing, "metadata", "annotations", "hub.jupyter.org/username") or str(
        _labels(thing).get(OWNER, "somebody")
    )


def _error(field: str, message: str) -> FieldError:
    return FieldError(field=field, message=message)
