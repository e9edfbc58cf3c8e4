"""Names that Kubernetes accepts, made from names that people choose."""

from __future__ import annotations

import hashlib
import re

__all__ = [
    "NOTEBOOK",
    "OF_USERS",
    "expand",
    "is_label",
    "is_subdomain",
    "slug",
    "team_namespace",
    "user_namespace",
]

NOTEBOOK = "{notebook-name}"  # what a name template of the policy holds in place of the notebook's name

OF_USERS = ("user-", "team-")  # how the names of namespaces begin that the hub makes

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_OTHER = re.compile(r"[^a-z0-9]+")
_HASH = 8
_LONGEST = 63
_LONGEST_SLUG = 32


def is_label(text: str) -> bool:
    """Whether Kubernetes takes `text` as the name of a volume claim or a namespace (DNS label)."""
    return _LABEL.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Whether Kubernetes takes `text` as the name of a Secret or a storage class (DNS subdomain)."""
    return len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


def slug(name: str, room: int = _LONGEST) -> str:
    """`name` by JupyterHub's rules for safe names: kept where it is valid, else shortened, with a hash.

    Two names never share a slug: a name that has `--` inside, as hashed ones do, is itself hashed.
    `room` is the number of characters that the place has. Source: `kubespawner.slugs.safe_slug`.
    """
    if "--" not in name and len(name) <= room and is_label(name) and not name[0].isdigit():
        return name
    # JSON may bring lone surrogates, which UTF-8 has no bytes for
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    longest = min(room, _LONGEST_SLUG) - _HASH - 3
    kept = _OTHER.sub("-", name.lower()).lstrip("-")[:longest].rstrip("-")
    if kept and kept[0].isdigit():
        kept = ("x-" + kept[: longest - 2]).rstrip("-")
    return f"{kept or 'x'}---{digest}"


def user_namespace(user: str) -> str:
    """The namespace of one hub user."""
    return "user-" + slug(user, _LONGEST - len("user-"))


def team_namespace(group: str) -> str:
    """The namespace that the members of one hub group share."""
    return "team-" + slug(group, _LONGEST - len("team-"))


def expand(template: str, notebook: str) -> str:
    """A volume's name from the policy's template: `{notebook-name}-workspace` of `vision` is
    `vision-workspace`. The notebook's name is made safe, and shortened where the whole would not fit.
    """
    if NOTEBOOK not in template:
        return template
    room = (_LONGEST - len(template.replace(NOTEBOOK, ""))) // template.count(NOTEBOOK)
    return template.replace(NOTEBOOK, slug(notebook, room))
