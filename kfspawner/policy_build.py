"""From the shape of a policy file to its rules, every contradiction inside it reported with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeVar

from . import quantity, sections, volumes
from .errors import FieldError, PolicyError, quote
from .image_pattern import Pattern, parse
from .names import NOTEBOOK, expand, is_label
from .notebook import Gpu, Volume
from .policy_file import Amount, FormDefaults, Gpus, ImageOption, Images, VolumeValue
from .policy_yaml import Lines
from .quantity import Quantity
from .rules import AmountRule, Choice, GroupKey, Image, ImageGroup, Rules

__all__ = ["build"]

T = TypeVar("T")
V = TypeVar("V")
Where = tuple[str | int, ...]
Fault = Callable[[Where, str], None]

_MOST_GPUS = 8  # the largest number that Kubeflow's form offers
_LONGEST_TEMPLATE = 40

# Kubeflow's three lists, by the kind of editor that it starts from them
_TITLES: dict[GroupKey, str] = {
    "image": "JupyterLab",
    "imageGroupOne": "VS Code",
    "imageGroupTwo": "RStudio",
}

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
        if (group := _group(key, getattr(file, key), file, fault)).images
    )
    group_of: dict[str, GroupKey] = {}
    for group in groups:
        for image in group.images:
            group_of.setdefault(image.reference, group.key)
    prefixes = tuple(file.mountPrefixes)
    for index, prefix in enumerate(prefixes):
        _tell(fault, ("mountPrefixes", index), volumes.mount_fault(prefix, (prefix,)))
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
        image=_default_image(file, group_of, fault),
        image_pull_policy=file.imagePullPolicy.value,
        custom_images=file.allowCustomImage,
        custom_patterns=_patterns(file, fault),
        trusted_images=_trusted(file, fault),
        group_of=group_of,
        cpu=_amount("cpu", file.cpu, quantity.cpu, fault),
        memory=_amount("memory", file.memory, quantity.size, fault),
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


def _tell(fault: Fault, where: Where, message: str) -> None:
    if message:
        fault(where, message)


def _attempt(read: Callable[[V], T], value: V, where: Where, fault: Fault) -> T | None:
    """What `read` makes of `value`, or None and a fault if it raises ValueError."""
    try:
        return read(value)
    except ValueError as wrong:
        fault(where, f"{quote(value)} {wrong}.")
        return None


def _group(key: GroupKey, images: Images, file: FormDefaults, fault: Fault) -> ImageGroup:
    options = list(images.options)
    if images.value and all(option.image != images.value for option in options):
        if options:
            fault((key, "value"), f"{quote(images.value)} isn't one of the options of {key}. Add it to them.")
        options = [ImageOption(image=images.value)]
    for index, option in enumerate(options):
        _tell(fault, (key, "options", index), sections.image_fault(option.image))
    if images.readOnly:
        options = [option for option in options if option.image == images.value]
    return ImageGroup(
        key, images.displayName or _TITLES[key], tuple(_image(option, file) for option in options)
    )


def _image(option: ImageOption, file: FormDefaults) -> Image:
    deprecated = "Deprecated: it will be removed." if option.deprecated is True else option.deprecated or ""
    return Image(
        option.image, option.displayName or _shown(option.image, file), option.description, deprecated
    )


def _shown(reference: str, file: FormDefaults) -> str:
    """The reference without its registry or tag, where the admin hides them."""
    first, slash, rest = reference.partition("/")
    if file.hideRegistry and slash and ("." in first or ":" in first or first == "localhost"):
        reference = rest
    if file.hideTag:
        path, at, _ = reference.partition("@")
        head, colon, tag = path.rpartition(":")
        reference = head if colon and "/" not in tag else path if at else reference
    return reference


def _default_image(file: FormDefaults, group_of: dict[str, GroupKey], fault: Fault) -> str:
    if file.image.readOnly and not file.image.value:
        fault(("image",), "an image that is readOnly needs a value.")
    if file.image.value or not group_of:
        if not group_of:
            fault(("image",), "there is no image to choose. Give image a value or options.")
        return file.image.value
    return next(iter(group_of))


def _patterns(file: FormDefaults, fault: Fault) -> tuple[Pattern, ...]:
    if file.customImagePatterns and not file.allowCustomImage:
        fault(
            ("customImagePatterns",),
            "patterns have no effect while allowCustomImage is false. Set it to true.",
        )
    found = []
    for index, text in enumerate(file.customImagePatterns):
        pattern = _attempt(parse, text, ("customImagePatterns", index), fault)
        found += [pattern] if pattern else []
    return tuple(found)


def _trusted(file: FormDefaults, fault: Fault) -> tuple[str, ...]:
    for index, reference in enumerate(file.trustedImages):
        _tell(fault, ("trustedImages", index), sections.image_fault(reference))
    return tuple(file.trustedImages)


def _amount(key: str, section: Amount, read: Callable[[object], Quantity], fault: Fault) -> AmountRule:
    default = _attempt(read, section.value, (key, "value"), fault)
    most = None if section.max is None else _attempt(read, section.max, (key, "max"), fault)
    factor = None
    if section.limitFactor != "none":
        factor = _attempt(_factor, section.limitFactor, (key, "limitFactor"), fault)
    if default and most and default.amount > most.amount:
        fault(
            (key, "value"),
            f"{default} is more than {key}.max, which is {most}. Lower the one or raise the other.",
        )
    return AmountRule(default or read("1Gi"), most, factor)


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
        else _attempt(_count, gpus.value.num, ("gpus", "value", "num"), fault) or 0
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
    _tell(fault, (*where, "mount"), volumes.mount_fault(mount or volumes.default_mount("x"), prefixes))
    if value.newPvc is None:
        name = value.existingSource.persistentVolumeClaim.claimName if value.existingSource else ""
        _check_template(name, (*where, "existingSource"), fault)
        return Volume("existing", name, mount)
    claim = value.newPvc
    _check_template(claim.metadata.name, (*where, "newPvc", "metadata", "name"), fault)
    storage = (*where, "newPvc", "spec", "resources", "requests", "storage")
    size = _attempt(quantity.size, claim.spec.resources.requests.storage, storage, fault)
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
