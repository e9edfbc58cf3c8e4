"""The images of a policy file: lists, titles, the default, and patterns for images of one's own."""

from __future__ import annotations

from . import sections
from .errors import quote
from .image_pattern import Pattern, parse
from .policy_fault import Fault, attempt, tell
from .policy_file import FormDefaults, ImageOption, Images
from .rules import GroupKey, Image, ImageGroup

__all__ = ["default", "group", "patterns", "trusted"]

# Kubeflow's three lists, by the kind of editor that it starts from them
_TITLES: dict[GroupKey, str] = {
    "image": "JupyterLab",
    "imageGroupOne": "VS Code",
    "imageGroupTwo": "RStudio",
}


def group(key: GroupKey, images: Images, file: FormDefaults, fault: Fault) -> ImageGroup:
    """One of Kubeflow's three lists; one that is readOnly offers its value alone."""
    options = list(images.options)
    if images.value and all(option.image != images.value for option in options):
        if options:
            fault((key, "value"), f"{quote(images.value)} isn't one of the options of {key}. Add it to them.")
        options = [ImageOption(image=images.value)]
    for index, option in enumerate(options):
        tell(fault, (key, "options", index), sections.image_fault(option.image))
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


def default(file: FormDefaults, group_of: dict[str, GroupKey], fault: Fault) -> str:
    """The image of those who choose none: the value of `image`, or the first there is."""
    if file.image.readOnly and not file.image.value:
        fault(("image",), "an image that is readOnly needs a value.")
    if file.image.value or not group_of:
        if not group_of:
            fault(("image",), "there is no image to choose. Give image a value or options.")
        return file.image.value
    return next(iter(group_of))


def patterns(file: FormDefaults, fault: Fault) -> tuple[Pattern, ...]:
    """The patterns for images of one's own."""
    if file.customImagePatterns and not file.allowCustomImage:
        fault(
            ("customImagePatterns",),
            "patterns have no effect while allowCustomImage is false. Set it to true.",
        )
    found = []
    for index, text in enumerate(file.customImagePatterns):
        pattern = attempt(parse, text, ("customImagePatterns", index), fault)
        found += [pattern] if pattern else []
    return tuple(found)


def trusted(file: FormDefaults, fault: Fault) -> tuple[str, ...]:
    """Images of the admin's own sidecars, which users can't choose."""
    for index, reference in enumerate(file.trustedImages):
        tell(fault, ("trustedImages", index), sections.image_fault(reference))
    return tuple(file.trustedImages)
