"""What an admin allows, checked and ready to look up: the data behind a Policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from .image_pattern import Pattern
from .notebook import Gpu, Owner, Volume
from .quantity import Quantity

__all__ = ["AmountRule", "Choice", "Image", "ImageGroup", "Rules"]

GroupKey = Literal["image", "imageGroupOne", "imageGroupTwo"]


@dataclass(frozen=True, slots=True)
class Image:
    """An image of the list. `deprecated` is empty, or says so in a sentence."""

    reference: str
    title: str
    description: str = ""
    deprecated: str = ""


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """A list of images under one headline."""

    key: GroupKey
    title: str
    images: tuple[Image, ...]


@dataclass(frozen=True, slots=True)
class AmountRule:
    """CPU or memory: the value without a choice, the most one may ask for, and limit / reserved."""

    default: Quantity
    most: Quantity | None = None
    factor: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A named entry of a list: an affinity, a toleration group, or a configuration.

    `content` is what Kubernetes gets: an affinity, a list of tolerations, or a patch of the pod.
    """

    name: str
    title: str
    content: Any
    description: str = ""


@dataclass(frozen=True, slots=True, eq=False)  # one policy file is one object, and hashable as that
class Rules:
    """The whole policy as data.

    Names of volumes in `workspace` and `data_volumes` are templates. `fixed` holds the keys of
    user_options that the admin has set for all. `teams` None: every hub group has a shared namespace.
    """

    groups: tuple[ImageGroup, ...]
    image: str
    image_pull_policy: str
    custom_images: bool
    custom_patterns: tuple[Pattern, ...]
    trusted_images: tuple[str, ...]
    group_of: Mapping[str, GroupKey]
    cpu: AmountRule
    memory: AmountRule
    gpu: Gpu
    gpu_vendors: Mapping[str, str]
    gpu_most: int
    workspace: Volume
    data_volumes: tuple[Volume, ...]
    affinities: Mapping[str, Choice]
    affinity: str
    toleration_groups: Mapping[str, Choice]
    tolerations: str
    shm: bool
    configuration_choices: Mapping[str, Choice]
    configurations: tuple[str, ...]
    environment: Mapping[str, str]
    teams: Mapping[str, str] | None
    mount_prefixes: tuple[str, ...]
    fixed: frozenset[str]

    def team_groups(self, owner: Owner) -> tuple[str, ...]:
        """The hub groups of `owner` that have a shared namespace, by name."""
        return tuple(sorted(owner.groups if self.teams is None else owner.groups & self.teams.keys()))
