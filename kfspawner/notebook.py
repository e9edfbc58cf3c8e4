"""One validated request for a notebook, and the form fields it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .quantity import Quantity

__all__ = ["VERSION", "Gpu", "NotebookSpec", "Owner", "Volume", "parse_form"]

VERSION = 1  # of user_options

Kind = Literal["new", "existing", "none"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose notebook it is: a hub user, their hub groups, and whether they administer the hub."""

    name: str
    groups: frozenset[str] = frozenset()
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Gpu:
    """Devices: the resource's name as Kubernetes knows it (`nvidia.com/gpu`), and how many (0: none)."""

    vendor: str | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume claim and where it is mounted.

    `existing` has a name and a mount; `new` has size and mode too, and is created if absent; `none` (the
    workspace only) has nothing. `storage_class` None: the cluster's default.
    """

    kind: Kind
    name: str = ""
    mount: str = ""
    size: Quantity | None = None
    mode: str = ""
    storage_class: str | None = None

    def to_options(self) -> dict[str, Any]:
        """This volume as JSON, in the shape of `workspace` and of the items of `dataVolumes`."""
        if self.kind == "none":
            return {"kind": "none"}
        options: dict[str, Any] = {"kind": self.kind, "name": self.name, "mount": self.mount}
        if self.kind == "new":
            options |= {"size": str(self.size), "mode": self.mode, "storageClass": self.storage_class}
        return options


@dataclass(frozen=True, slots=True)
class NotebookSpec:
    """A request that a policy allows. Made by `Policy.resolve` alone.

    `cpu` and `memory` are what is reserved, the limits what may be used at most (None: no limit).
    `image_group` is the policy's list the image comes from, or `customImage`. `affinity` and
    `tolerations` name an entry of the policy or are `none`. `fixed` names the options that the admin has
    set, `notices` what was dropped from stored options and why.
    """

    notebook: str
    namespace: str
    image: str
    image_group: Literal["image", "imageGroupOne", "imageGroupTwo", "customImage"]
    image_pull_policy: str
    cpu: Quantity
    memory: Quantity
    cpu_limit: Quantity | None
    memory_limit: Quantity | None
    gpu: Gpu
    workspace: Volume
    data_volumes: tuple[Volume, ...] = ()
    configurations: tuple[str, ...] = ()
    affinity: str = "none"
    tolerations: str = "none"
    shm: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    fixed: frozenset[str] = frozenset()
    notices: tuple[str, ...] = ()

    @property
    def cpu_cores(self) -> float:
        """Reserved CPU, in cores."""
        return self.cpu.amount / 1000

    @property
    def memory_bytes(self) -> int:
        """Reserved memory, in bytes."""
        return self.memory.amount

    def to_options(self) -> dict[str, Any]:
        """This request as `user_options` to store: plain JSON that resolves to the same request again.

        What the admin has fixed is no choice of the user's and is left out, so that a stored request
        follows the policy when the admin changes it.
        """
        custom = self.image_group == "customImage"
        options: dict[str, Any] = {
            "v": VERSION,
            "namespace": self.namespace,
            "customImage" if custom else "image": self.image,
            "cpu": str(self.cpu),
            "memory": str(self.memory),
            "gpu": {"vendor": self.gpu.vendor, "count": self.gpu.count},
            "workspace": self.workspace.to_options(),
            "dataVolumes": [volume.to_options() for volume in self.data_volumes],
            "configurations": list(self.configurations),
            "affinity": self.affinity,
            "tolerations": self.tolerations,
            "shm": self.shm,
            "environment": dict(self.environment),
            "secrets": list(self.secrets),
        }
        return {key: value for key, value in options.items() if key not in self.fixed}


# What JupyterHub puts beside the fields of a form.
_NOT_OPTIONS = frozenset({"_xsrf", "next"})
_LISTS = frozenset({"configurations", "secrets"})
_DEEPEST = 3
_LINE = re.compile(r"\s*([^=\s]+)=(.*)")


def parse_form(form: Mapping[str, list[str]]) -> dict[str, Any]:
    """Form or query fields, named by their JSON path, as options for `Policy.resolve`. Never raises.

    `dataVolumes.0.mount` is a key of the first item of a list, `shm` is `on` or `off` (the last one sent
    counts, so that a hidden `off` can stand before a checkbox), a list repeats its name, `environment`
    takes lines of `NAME=value`. An empty field is not given; an empty list field is an empty list; a data
    volume of empty fields is no volume. What makes no sense is kept as it came, for `resolve` to name.
    """
    options: dict[str, Any] = {}
    for name, values in form.items():
        if name not in _NOT_OPTIONS and values:
            _put(options, name, _value(name, values))
    if "dataVolumes" in options:
        options["dataVolumes"] = _rows(options["dataVolumes"])
    return options


_ABSENT = object()


def _value(name: str, values: list[str]) -> Any:
    if name in _LISTS:
        return [value for value in values if value]
    if name == "shm":
        return {"on": True, "off": False}.get(values[-1], values[-1])
    if len(values) > 1:
        return values
    value = values[0]
    if name == "environment":
        return _environment(value)
    if name == "v" or name == "gpu.count":
        return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else value or _ABSENT
    # an environment variable may well be empty; any other empty field is one that was not filled in
    return value if value or name.startswith("environment.") else _ABSENT


def _put(options: dict[str, Any], name: str, value: Any) -> None:
    *parents, leaf = name.split(".", _DEEPEST - 1)
    place = options
    for parent in parents:
        inner = place.setdefault(parent, {})
        if not isinstance(inner, dict):  # `a=1&a.b=2`: both stay, and neither is known
            inner = place[parent] = {"": inner}
        place = inner
    if value is _ABSENT:
        return
    if leaf in place and isinstance(place[leaf], dict) and isinstance(value, dict):
        place[leaf] |= value  # lines in `environment` and a field `environment.NAME`
    elif leaf in place:
        place[leaf] = {"": value}
    else:
        place[leaf] = value


def _rows(rows: Any) -> Any:
    """The items of a list in the order of their numbers, without the empty ones."""
    if not isinstance(rows, dict) or not all(re.fullmatch(r"[0-9]{1,6}", number) for number in rows):
        return rows
    kept = (rows[number] for number in sorted(rows, key=int))
    return [row for row in kept if not isinstance(row, dict) or row.keys() & {"name", "size", "mount"}]


def _environment(text: str) -> dict[str, str] | str:
    """The variables in lines of `NAME=value`, or the text itself if a line isn't one or a name repeats."""
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    found = {match[1]: match[2] for match in map(_LINE.fullmatch, lines) if match}
    return found if len(found) == len(lines) else text
