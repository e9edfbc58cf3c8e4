"""A user's or a team's namespace with all that belongs in it, made once and mended when its content changes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from kubernetes_asyncio.client import ApiClient, ApiException

from . import api, manifests

__all__ = ["NotOurs", "is_prepared", "prepare"]

Object = dict[str, Any]


class NotOurs(Exception):
    """A namespace of the name that is wanted belongs to somebody else. The message says so."""


def is_prepared(namespace: Object | None, content: Sequence[Object]) -> bool:
    """Whether `namespace` says that all of `content` is in it."""
    if namespace is None:
        return False
    annotations = namespace["metadata"].get("annotations") or {}
    return annotations.get(manifests.PREPARED) == manifests.prepared(content)


async def prepare(client: ApiClient, name: str, owner: str, content: Sequence[Object]) -> None:
    """Makes the namespace `name` for `owner`, and `content` in it. May be repeated, and broken off anywhere: what
    says that it is complete is written last. Raises NotOurs and ApiException."""
    try:
        await api.create(client, manifests.make_namespace(name, owner))
    except ApiException as error:
        if error.status != 409:
            raise
        _check_owner(await api.read(client, manifests.make_namespace(name, owner)), owner)
    # The hub's rights in a new namespace come from its first RoleBinding, which takes a moment to count.
    for manifest in content:
        await api.persistently(partial(api.apply, client, manifest), api.FRESH_RIGHTS)
    await api.apply(client, manifests.make_namespace(name, owner, manifests.prepared(content)))


def _check_owner(there: Object, owner: str) -> None:
    """A name that fits is not enough: an admin may have made the namespace for something else."""
    metadata = there["metadata"]
    if metadata.get("deletionTimestamp"):
        raise NotOurs(f"Namespace {metadata['name']} is being deleted.")
    marks = (
        (metadata.get("labels") or {}).get(manifests.MANAGED),
        (metadata.get("annotations") or {}).get(manifests.OWNER),
    )
    if marks != ("true", owner):
        raise NotOurs(f"Namespace {metadata['name']} was not made for {owner.replace(':', ' ')}.")
