"""From the shape of a policy file to its rules, every contradiction inside it reported with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from . import policy_images, quantity, sections, volumes
from .errors import FieldError, PolicyError, quote
from .names import NOTEBOOK, expand, is_label
from .notebook import Gpu, Volume
from .policy_fault import Fault, Where, attempt, tell
from .policy_file import Amount, FormDefaults, Gpus, VolumeValue
from .policy_yaml import Lines
from .quantity import Quantity
from .rules import AmountRule, Choice, GroupKey, Rules

__all__ = ["build"]

_MOST_GPUS = 8  # the largest number that Kubeflow's form offers
_LONGEST_TEMPLATE = 40

# section of the file -> the keys of user_options that it fixes when it is readOnly
_FIXES = {
    "image": ("image", "customImage"),
    "cpu": ("cpu",),
    "memory": ("memory",),
    "gpus": ("gpu",),
    "workspaceVolume": ("workspace",),
    "dataVolumes": ("dataVolumes",),
    "affinityConfig": ("affinity",),
    "tolerationGroup": ("tolerations",),
    "shm": ("shm",),
    "configurations": ("configurations",),
    "environment": ("environment",),
}


def build(file: FormDefaults, lines: Lines) -> Rules:
    """The rules of `file`. Raises PolicyError: a default that its own list or bound forbids, a pattern
    outside the subset, a name or quantity that isn't one.
    """
    errors: list[FieldError] = []

    def fault(where: Where, message: str) -> None:
        errors.append(lines.error(("spawnerFormDefaults", *where), message))

    groups = tuple(
        group
        for key in ("image", "imageGroupOne", "imageGroupTwo")
        if (group := policy_images.group(key, getattr(file, key), file, fault)).images
    )
    group_of: dict[str, GroupKey] = {}
    for group in groups:
        for image in group.images:
            group_of.setdefault(image.reference, group.key)
    prefixes = tuple(file.mountPrefixes)
    for index, prefix in enumerate(prefixes):
        tell(fault, ("mountPrefixes", index), volumes.mount_fault(prefix, (prefix,)))
    affinities = {
        o.configKey: Choice(o.configKey, o.displayName or o.configKey, o.affinity)
        for o in file.affinityConfig.options
    }
    tolerations = {
        o.groupKey: Choice(o.groupKey, o.displayName or o.groupKey, o.tolerations)
        for o in file.tolerationGroup.options
    }
    configurations = {
        o.name: Choice(o.name, o.displayName or o.name, o.patch, o.description)
        for o in file.configurations.options
    }
    rules = Rules(
        groups=groups,
        image=policy_images.default(file, group_of, fault),
        image_pull_policy=file.imagePullPolicy.value,
        custom_images=file.allowCustomImage,
        custom_patterns=policy_images.patterns(file, fault),
        trusted_images=policy_images.trusted(file, fault),
        group_of=group_of,
        cpu=_amount("cpu", file.cpu, "0.5", quantity.cpu, fault),
        memory=_amount("memory", file.memory, "1Gi", quantity.size, fault),
        gpu=_gpu(file.gpus, fault),
        gpu_vendors={
            vendor.limitsKey: vendor.uiName or vendor.limitsKey for vendor in file.gpus.value.vendors
        },
        gpu_most=_MOST_GPUS if file.gpus.max is None else file.gpus.max,
        workspace=_workspace(file, prefixes, fault),
        data_volumes=_data_volumes(file, prefixes, fault),
        affinities=affinities,
        affinity=_listed(("affinityConfig", "value"), file.affinityConfig.value, affinities, fault),
        toleration_groups=tolerations,
        tolerations=_listed(("tolerationGroup", "value"), file.tolerationGroup.value, tolerations, fault),
        shm=file.shm.value,
        configuration_choices=configurations,
        configurations=_configurations(file, configurations, fault),
        environment=sections.environment(
            file.environment.value, lambda _, message: fault(("environment", "value"), message)
        ),
        teams=None
        if file.teams is None
        else {team.group: team.displayName or team.group for team in file.teams.options},
        mount_prefixes=prefixes,
        fixed=frozenset(
            option for key, options in _FIXES.items() if getattr(file, key).readOnly for option in options
        ),
    )
    _check_repeats(file, fault)
    if errors:
        raise PolicyError(errors)
    return rules


def _amount(
    key: str, section: Amount, fallback: str, read: Callable[[object], Quantity], fault: Fault
) -> AmountRule:
    value = fallback if section.value is None else section.value
    default = attempt(read, value, (key, "value"), fault)
    most = None if section.max is None else attempt(read, section.max, (key, "max"), fault)
    factor = None
    if section.limitFactor != "none":
        factor = attempt(_factor, section.limitFactor, (key, "limitFactor"), fault)
    if default and most and default.amount > most.amount:
        fault(
            (key, "value"),
            f"{default} is more than {key}.max, which is {most}. Lower the one or raise the other.",
        )
    return AmountRule(default or read(fallback), most, factor)


def _factor(value: object) -> Fraction:
    try:
        factor = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        factor = Fraction(0)
    if not 1 <= factor <= 1000:
        raise ValueError('isn\'t a limit factor. Use a number from 1 to 1000, such as 1.2, or "none"')
    return factor


def _gpu(gpus: Gpus, fault: Fault) -> Gpu:
    known = [vendor.limitsKey for vendor in gpus.value.vendors]
    most = _MOST_GPUS if gpus.max is None else gpus.max
    count = (
        0
        if gpus.value.num in ("none", "")
        else attempt(_count, gpus.value.num, ("gpus", "value", "num"), fault) or 0
    )
    vendor = gpus.value.vendor
    if vendor and vendor not in known:
        fault(
            ("gpus", "value", "vendor"),
            f"{quote(vendor)} isn't one of the vendors: {', '.join(known) or 'none'}.",
        )
    if not 0 <= count <= most:
        fault(("gpus", "value", "num"), f"{count} isn't from 0 to {most}.")
    if count and not vendor:
        fault(("gpus", "value", "num"), "GPUs by default need a vendor too.")
    return Gpu(vendor, count) if vendor and count else Gpu()


def _count(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise ValueError('isn\'t a number of GPUs. Use "none" or a whole number') from None


def _volume(value: VolumeValue, where: Where, mount: str, prefixes: tuple[str, ...], fault: Fault) -> Volume:
    if (value.newPvc is None) == (value.existingSource is None):
        fault(where, "a volume has either newPvc or existingSource.")
        return Volume("none")
    tell(fault, (*where, "mount"), volumes.mount_fault(mount or volumes.default_mount("x"), prefixes))
    if value.newPvc is None:
        name = value.existingSource.persistentVolumeClaim.claimName if value.existingSource else ""
        _check_template(name, (*where, "existingSource"), fault)
        return Volume("existing", name, mount)
    claim = value.newPvc
    _check_template(claim.metadata.name, (*where, "newPvc", "metadata", "name"), fault)
    storage = (*where, "newPvc", "spec", "resources", "requests", "storage")
    size = attempt(quantity.size, claim.spec.resources.requests.storage, storage, fault)
    return Volume(
        "new", claim.metadata.name, mount, size, claim.spec.accessModes[0], claim.spec.storageClassName
    )


def _check_template(template: str, where: Where, fault: Fault) -> None:
    if not is_label(expand(template, "x")) or len(template.replace(NOTEBOOK, "")) > _LONGEST_TEMPLATE:
        fault(
            where,
            f"{quote(template)} doesn't make a name that Kubernetes allows. Use at most {_LONGEST_TEMPLATE}"
            f" lower-case letters, digits and '-', and {NOTEBOOK} once where the notebook's name goes.",
        )


def _workspace(file: FormDefaults, prefixes: tuple[str, ...], fault: Fault) -> Volume:
    value = file.workspaceVolume.value
    if value is None:
        return Volume("none", f"{NOTEBOOK}-workspace", "/home/jovyan")
    return _volume(value, ("workspaceVolume", "value"), value.mount or "/home/jovyan", prefixes, fault)


def _data_volumes(file: FormDefaults, prefixes: tuple[str, ...], fault: Fault) -> tuple[Volume, ...]:
    return tuple(
        _volume(value, ("dataVolumes", "value", index), value.mount, prefixes, fault)
        for index, value in enumerate(file.dataVolumes.value)
    )


def _listed(where: Where, value: str, known: Iterable[str], fault: Fault) -> str:
    if value and value != "none" and value not in known:
        fault(where, f"{quote(value)} isn't one of the options: {', '.join(known) or 'there are none'}.")
    return value or "none"


def _configurations(file: FormDefaults, known: dict[str, Choice], fault: Fault) -> tuple[str, ...]:
    for index, name in enumerate(file.configurations.value):
        _listed(("configurations", "value", index), name, known, fault)
    return tuple(name for name in known if name in file.configurations.value)


def _check_repeats(file: FormDefaults, fault: Fault) -> None:
    """A name that stands twice in a list: one of the two would never be seen."""
    lists = {
        ("affinityConfig", "options"): [option.configKey for option in file.affinityConfig.options],
        ("tolerationGroup", "options"): [option.groupKey for option in file.tolerationGroup.options],
        ("configurations", "options"): [option.name for option in file.configurations.options],
        ("gpus", "value", "vendors"): [vendor.limitsKey for vendor in file.gpus.value.vendors],
    }
    for where, names in lists.items():
        for index, name in enumerate(names):
            if name in names[:index]:
                fault((*where, index), f"{quote(name)} is there twice; keep one.")
            if not name or name == "none":
                fault((*where, index), f"{quote(name)} can't be a name here. Choose another.")
