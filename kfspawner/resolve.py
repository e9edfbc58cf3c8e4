"""Rules and a request to a NotebookSpec, or every fault of the request. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from . import quantity, sections, volumes
from .errors import FieldError, PolicyError, quote
from .names import OF_USERS, expand, team_namespace, user_namespace
from .notebook import VERSION, NotebookSpec, Owner, Volume
from .quantity import Quantity
from .rules import AmountRule, Rules

__all__ = ["namespaces", "resolve", "volume_defaults"]

T = TypeVar("T")
Report = Callable[[str, str], None]

_KEYS = frozenset(
    {
        *("v", "namespace", "image", "customImage", "cpu", "memory", "gpu", "workspace", "dataVolumes"),
        *("configurations", "affinity", "tolerations", "shm", "environment", "secrets"),
    }
)
_GPU_KEYS = frozenset({"vendor", "count"})
_VOLUME_KEYS = frozenset({"kind", "name", "size", "mode", "storageClass", "mount"})
_MOST_VOLUMES = 32


def namespaces(rules: Rules, owner: Owner) -> tuple[str, ...]:
    """The namespaces `owner` may use: their own first, then one for each of their teams."""
    return (user_namespace(owner.name), *(team_namespace(group) for group in rules.team_groups(owner)))


def volume_defaults(rules: Rules, notebook: str) -> tuple[Volume, tuple[Volume, ...]]:
    """The policy's workspace and data volumes for a notebook: its name put into their templates."""
    named = [replace(v, name=expand(v.name, notebook)) for v in (rules.workspace, *rules.data_volumes)]
    mounted = [replace(v, mount=v.mount or volumes.default_mount(v.name)) for v in named]
    return mounted[0], tuple(mounted[1:])


def resolve(rules: Rules, options: object, owner: Owner, stored: bool, notebook: str) -> NotebookSpec:
    """See `Policy.resolve`."""
    errors: list[FieldError] = []
    notices: list[str] = []

    def report(field: str, message: str) -> None:
        errors.append(FieldError(field=field, message=message))

    if not isinstance(options, Mapping):
        report("", f"The options must be an object with keys such as image and cpu, not {quote(options)}.")
        raise PolicyError(errors)
    given = _known(options, stored, report, notices.append)

    def section(key: str, default: T, read: Callable[[Any, Report], T]) -> T:
        """One option: the policy's value where nothing is given, or where the admin has fixed it."""
        value = given.get(key)
        if value is None:
            return default
        if key not in rules.fixed:
            return read(value, report)
        faults: list[str] = []
        found = read(value, lambda *fault: faults.extend(fault))
        if faults or found != default:
            report(key, f"This is set by your admin and can't be changed here. Leave {key} out.")
        return default

    image, group = _image(rules, given, report)
    workspace_default, volumes_default = volume_defaults(rules, notebook)
    workspace = section(
        "workspace",
        workspace_default if workspace_default.kind != "none" else Volume("none"),
        lambda v, r: _workspace(rules, v, workspace_default, r),
    )
    data = section("dataVolumes", volumes_default, lambda v, r: _data_volumes(rules, v, r))
    if not errors:  # a wrong name or mount would only be reported twice
        volumes.clashes(
            [("workspace", workspace), *((f"dataVolumes.{i}", v) for i, v in enumerate(data))], report
        )
    cpu = section(
        "cpu", rules.cpu.default, lambda v, r: sections.amount("cpu", rules.cpu, quantity.cpu, v, r)
    )
    memory = section(
        "memory",
        rules.memory.default,
        lambda v, r: sections.amount("memory", rules.memory, quantity.size, v, r),
    )
    spec = NotebookSpec(
        notebook=notebook,
        namespace=_namespace(rules, owner, given.get("namespace"), report),
        image=image,
        image_group=group,
        image_pull_policy=rules.image_pull_policy,
        cpu=cpu,
        memory=memory,
        cpu_limit=_limit(cpu, rules.cpu, "m"),
        memory_limit=_limit(memory, rules.memory, ""),
        gpu=section("gpu", rules.gpu, lambda v, r: sections.gpu(rules, v, r)),
        workspace=workspace,
        data_volumes=data,
        configurations=section(
            "configurations",
            rules.configurations,
            lambda v, r: sections.choices(rules.configuration_choices, v, r),
        ),
        affinity=section(
            "affinity",
            rules.affinity,
            lambda v, r: sections.choice("affinity", "Affinity", rules.affinities, v, r),
        ),
        tolerations=section(
            "tolerations",
            rules.tolerations,
            lambda v, r: sections.choice("tolerations", "Toleration group", rules.toleration_groups, v, r),
        ),
        shm=section("shm", rules.shm, lambda v, r: sections.switch("shm", v, r)),
        environment=section("environment", rules.environment, sections.environment),
        secrets=section("secrets", (), sections.secrets),
        fixed=rules.fixed,
        notices=tuple(notices),
    )
    if errors:
        raise PolicyError(errors, forbidden=_is_others(given.get("namespace"), namespaces(rules, owner)))
    return spec


def _known(
    options: Mapping[Any, Any], stored: bool, report: Report, notice: Callable[[str], None]
) -> dict[str, Any]:
    """The options without keys that don't exist: an error each, or in old stored options a notice each."""
    version = options.get("v")
    current = version is None or (version == VERSION and type(version) is int)
    old = stored and type(version) is int and 0 <= version < VERSION
    if not current and not old:
        report("v", f"Version {quote(version)} isn't known. Use {VERSION}, or leave v out.")

    def kept(place: Mapping[Any, Any], keys: frozenset[str], prefix: str) -> dict[str, Any]:
        unknown = [key for key in place if key not in keys]
        for key in unknown:
            plain = isinstance(key, str) and 0 < len(key) <= 60 and key.isprintable()
            name = prefix + (key if plain else quote(key))
            if old:
                notice(f"{name} was dropped: this version of the hub doesn't know it any more.")
            else:
                report(name, f"The key {quote(key)} isn't known. Known here: {', '.join(sorted(keys))}.")
        return {key: place[key] for key in place if key in keys}

    known = kept(options, _KEYS, "")
    for key, keys in (("gpu", _GPU_KEYS), ("workspace", _VOLUME_KEYS)):
        if isinstance(known.get(key), Mapping):
            known[key] = kept(known[key], keys, f"{key}.")
    if isinstance(known.get("dataVolumes"), list):
        known["dataVolumes"] = [
            kept(row, _VOLUME_KEYS, f"dataVolumes.{index}.") if isinstance(row, Mapping) else row
            for index, row in enumerate(known["dataVolumes"][: _MOST_VOLUMES + 1])
        ]
    return known


def _image(rules: Rules, given: Mapping[str, Any], report: Report) -> tuple[str, Any]:
    listed, custom = given.get("image"), given.get("customImage")
    if "image" not in rules.fixed:
        return sections.image(rules, listed, custom, report)
    for key, value in (("image", listed), ("customImage", custom)):
        if value is not None and value != rules.image:
            report(key, f"The image is set by your admin to {rules.image}. Leave {key} out.")
    return rules.image, rules.group_of[rules.image]


def _namespace(rules: Rules, owner: Owner, given: object, report: Report) -> str:
    allowed = namespaces(rules, owner)
    if given is None:
        return allowed[0]
    if not isinstance(given, str) or given not in allowed:
        report("namespace", f"Namespace {quote(given)} isn't yours. Choose one of: {', '.join(allowed)}.")
        return allowed[0]
    return given


def _is_others(namespace: object, allowed: tuple[str, ...]) -> bool:
    """Whether a namespace is of the kind that the hub makes, but for somebody else."""
    return isinstance(namespace, str) and namespace.startswith(OF_USERS) and namespace not in allowed


def _workspace(rules: Rules, given: object, default: Volume, report: Report) -> Volume:
    if not isinstance(given, Mapping):
        report("workspace", f'The workspace is an object such as {{"kind": "new"}}, not {quote(given)}.')
        return default
    return volumes.read(
        given,
        default,
        ("new", "existing", "none"),
        rules.mount_prefixes,
        lambda key, message: report(f"workspace.{key}", message),
    )


def _data_volumes(rules: Rules, given: object, report: Report) -> tuple[Volume, ...]:
    if not isinstance(given, list):
        report("dataVolumes", f"Data volumes are a list of objects, not {quote(given)}.")
        return ()
    if len(given) > _MOST_VOLUMES:
        report("dataVolumes", f"Too many data volumes. Use at most {_MOST_VOLUMES}.")
        return ()
    return tuple(_data_volume(rules, f"dataVolumes.{index}", row, report) for index, row in enumerate(given))


def _data_volume(rules: Rules, field: str, given: object, report: Report) -> Volume:
    default = Volume("new")
    if not isinstance(given, Mapping):
        report(field, f'A data volume is an object such as {{"name": "my-data"}}, not {quote(given)}.')
        return default
    return volumes.read(
        given,
        default,
        ("new", "existing"),
        rules.mount_prefixes,
        lambda key, message: report(f"{field}.{key}", message),
    )


def _limit(reserved: Quantity, rule: AmountRule, unit: str) -> Quantity | None:
    if rule.factor is None:
        return None
    most = math.ceil(reserved.amount * rule.factor)
    return Quantity(f"{most}{unit}", most)
