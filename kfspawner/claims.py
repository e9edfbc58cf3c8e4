"""The volume claims of a request, made where they are missing and grown where it asks for more."""

from __future__ import annotations

from functools import partial

from kubernetes_asyncio.client import ApiClient, ApiException

from . import api, manifests
from .check import ClusterView, growths, missing_claims
from .notebook import NotebookSpec, Owner

__all__ = ["prepare"]


async def prepare(
    client: ApiClient, namespace: str, spec: NotebookSpec, owner: Owner, view: ClusterView, seconds: float
) -> None:
    """Makes what `view` does not show. For `seconds` it waits for an API server that does not answer.

    Raises ApiException: status 409 if somebody else has just made a volume of that name, 403 for a quota.
    """
    for volume, own in missing_claims(spec, view):
        claim = manifests.make_claim(volume, namespace, owner, spec.notebook if own else "")
        await api.persistently(partial(_make, client, claim), seconds)
    for growth in growths(spec, view):
        larger = {
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": growth.name, "namespace": namespace},
            "spec": {"resources": {"requests": {"storage": str(growth.size)}}},
        }
        await api.persistently(partial(api.patch, client, larger), seconds)


async def _make(client: ApiClient, claim: manifests.Object) -> None:
    try:
        await api.create(client, claim)
    except ApiException as error:
        # asked for a moment ago, by a call whose answer was lost or that no watch has told of yet
        if error.status != 409 or not _is_the_same(await api.read(client, claim), claim):
            raise


def _is_the_same(there: manifests.Object, wanted: manifests.Object) -> bool:
    marks, ours = there["metadata"].get("labels") or {}, wanted["metadata"]["labels"]
    if manifests.NOTEBOOK not in ours:  # a data volume is anyone's in its namespace
        return manifests.NOTEBOOK not in marks
    return all(marks.get(key) == ours[key] for key in (manifests.OWNER, manifests.NOTEBOOK))
