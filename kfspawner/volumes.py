"""The rules for volumes: names, sizes, access modes and mounts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from .errors import quote
from .names import is_label, is_subdomain
from .notebook import Kind, Volume
from .policy_file import AccessMode
from .quantity import Quantity, size

__all__ = ["FALLBACK_SIZE", "MODES", "clashes", "default_mount", "mount_fault", "read"]

MODES: tuple[str, ...] = get_args(AccessMode)
_PATH = re.compile(r"(?:/[A-Za-z0-9._-]+)+")
_LONGEST_MOUNT = 255

FALLBACK_SIZE = size("5Gi")  # where neither the request nor the policy names one

Report = Callable[[str, str], None]


def read(
    given: Mapping[str, Any],
    default: Volume,
    kinds: tuple[Kind, ...],
    prefixes: tuple[str, ...],
    report: Report,
) -> Volume:
    """A volume from one object of user_options; what it leaves out comes from `default`.

    `report(key, message)` is told of each fault; the volume returned is then of no use.
    """
    kind = _one_of("kind", given.get("kind"), default.kind, kinds, report)
    if kind == "none":
        return Volume("none")
    name = _name(given.get("name"), default.name, report)
    mount = _mount(given.get("mount"), default.mount, name, prefixes, report)
    amount = _size(given.get("size"), default.size, report)
    mode = _one_of("mode", given.get("mode"), default.mode or MODES[0], MODES, report)
    storage_class = given.get("storageClass")
    if storage_class is None:
        storage_class = default.storage_class
    elif not (isinstance(storage_class, str) and is_subdomain(storage_class)):
        report(
            "storageClass",
            f"Storage class {quote(storage_class)} isn't a name that Kubernetes allows. Leave it empty for"
            " the cluster's default.",
        )
    if kind == "existing":
        return Volume("existing", name, mount)
    return Volume("new", name, mount, amount or FALLBACK_SIZE, mode, storage_class)


def default_mount(name: str) -> str:
    """Where a volume is mounted if nobody says where."""
    return f"/home/jovyan/{name}"


def mount_fault(mount: object, prefixes: Iterable[str]) -> str:
    """What is wrong with a mount, as a sentence; empty if nothing is."""
    allowed = f"Use a path under {', '.join(prefixes)}, such as /home/jovyan/data."
    if not isinstance(mount, str):
        return f"A mount is a text. {allowed}"
    if len(mount) > _LONGEST_MOUNT:
        return f"Mount {quote(mount)} is longer than {_LONGEST_MOUNT} characters. {allowed}"
    if not _PATH.fullmatch(mount):
        return (
            f"Mount {quote(mount)} isn't an absolute path of letters, digits, '.', '_' and '-', without a /"
            f" at its end. {allowed}"
        )
    if any(part in (".", "..") for part in mount.split("/")):
        return f"Mount {quote(mount)} has '.' or '..' in it. {allowed}"
    if not any(mount == prefix or mount.startswith(prefix + "/") for prefix in prefixes):
        return f"Mount {quote(mount)} is outside what is allowed here. {allowed}"
    return ""


def clashes(volumes: list[tuple[str, Volume]], report: Report) -> None:
    """Reports two volumes of one name or on one mount. `volumes` pairs each with its field."""
    for key in ("name", "mount"):
        seen: dict[str, str] = {}
        for field, volume in volumes:
            value = getattr(volume, key)
            if volume.kind == "none" or not value:
                continue
            if value in seen:
                report(
                    f"{field}.{key}", f"{quote(value)} is already the {key} of {seen[value]}. Choose another."
                )
            seen.setdefault(value, _human(field))


def _human(field: str) -> str:
    return "the workspace" if field == "workspace" else f"data volume {int(field.rsplit('.', 1)[1]) + 1}"


def _one_of(key: str, given: object, default: str, allowed: tuple[str, ...], report: Report) -> str:
    if given is None:
        return default
    if not isinstance(given, str) or given not in allowed:
        report(key, f"{quote(given)} is no {key} of a volume. Use one of: {', '.join(allowed)}.")
        return default
    return given


def _name(given: object, default: str, report: Report) -> str:
    if given is None and not default:
        report("name", "A volume needs a name: lower-case letters, digits and '-', such as my-data.")
        return ""
    if given is None:
        return default
    if not isinstance(given, str) or not is_label(given):
        report(
            "name",
            f"Volume name {quote(given)} isn't one that Kubernetes allows. Use at most 63 lower-case letters,"
            " digits and '-', with a letter or digit at both ends, such as my-data.",
        )
        return ""
    return given


def _mount(given: object, default: str, name: str, prefixes: tuple[str, ...], report: Report) -> str:
    if given is None and not default and not name:
        return ""  # the missing name is the fault
    mount = given if given is not None else default or default_mount(name)
    fault = mount_fault(mount, prefixes)
    if fault:
        report("mount", fault)
    return mount if isinstance(mount, str) else ""


def _size(given: object, default: Quantity | None, report: Report) -> Quantity | None:
    if given is None:
        return default
    try:
        return size(given)
    except ValueError as fault:
        report("size", f"Size {quote(given)} {fault}.")
        return default
