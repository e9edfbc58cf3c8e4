"""The namespace as the panel asks for it: an overview, rows, details, logs, removal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from kflab.cluster.connection import Connection, Link
from kflab.cluster.errors import ClusterError, Conflict, NoCluster, NotFound, Unreachable
from kflab.cluster.kinds import KINDS, Kind, check_container, check_name, check_uid, find_kind
from kflab.cluster.logs import follow_log, read_log
from kflab.cluster.models import (
    AnyRow,
    Details,
    EventRow,
    KindCount,
    LogFrame,
    LogText,
    Lost,
    Overview,
    Ref,
    Removed,
)
from kflab.cluster.rights import may
from kflab.cluster.rows import claims, conditions, containers, row, sort_key
from kflab.cluster.watch import Listener, Watch, list_rows, missing, safe_row
from kflab.cluster.yaml_text import as_yaml

__all__ = ["Namespace"]

_COUNT_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_REVIEW_SECONDS = 60.0


class Namespace:
    """Everything that is asked of the cluster goes through here. Nothing is asked before the first look."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._watches = {name: Watch(connection, kind) for name, kind in KINDS.items()}
        self._reviewed: tuple[Link, float, tuple[dict[str, Any], str]] | None = None

    async def close(self) -> None:
        await asyncio.gather(*(watch.close() for watch in self._watches.values()))
        await self._connection.close()

    async def overview(self) -> Overview:
        """What there is and what may be seen. It raises nothing: that there is no cluster is an answer too."""
        try:
            link = await self._connection.link()
        except NoCluster as error:
            return Overview(state="none", message=error.reason, kinds=[])
        about = {"namespace": link.namespace, "server": link.server, "own_pod": link.place.pod}
        try:
            review, account = await self._review(link)
        except ClusterError as error:
            if isinstance(error, Unreachable | NoCluster):
                return Overview(state="unreachable", message=error.message, kinds=[], **about)
            review, account = {}, ""
        counts = await asyncio.gather(*(self._count(kind, link, review) for kind in KINDS.values()))
        return Overview(state="connected", account=account, kinds=counts, **about)

    async def _count(self, kind: Kind, link: Link, review: Mapping[str, Any]) -> KindCount:
        deletable = kind.deletable and may(review, "delete", kind.resource, kind.group)
        rows = self._watches[kind.name].rows
        if rows is not None:
            return KindCount(name=kind.name, count=len(rows), deletable=deletable)
        try:
            page = await self._connection.json(
                "GET", kind.path(link.namespace), query={"limit": 1}, accept=_COUNT_ONLY
            )
        except ClusterError as error:
            return KindCount(
                name=kind.name,
                count=None,
                missing=missing(error),
                message=error.message,
                deletable=deletable,
            )
        count = len(page.get("items") or []) + page["metadata"].get("remainingItemCount", 0)
        return KindCount(name=kind.name, count=count, deletable=deletable)

    async def _review(self, link: Link) -> tuple[dict[str, Any], str]:
        """What this account may do and who it is; asked again after a while, for rights may be given and taken."""
        now = asyncio.get_running_loop().time()
        known = self._reviewed
        if known is not None and known[0] is link and now < known[1]:
            return known[2]
        try:
            found = await self._ask_review(link)
        except ClusterError:
            if known is not None and known[0] is link:
                return known[2]
            raise
        self._reviewed = (link, now + _REVIEW_SECONDS, found)
        return found

    async def _ask_review(self, link: Link) -> tuple[dict[str, Any], str]:
        review = await self._connection.json(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            body={
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectRulesReview",
                "spec": {"namespace": link.namespace},
            },
        )
        account = ""
        # Clusters before 1.28 do not say who one is.
        with contextlib.suppress(ClusterError):
            who = await self._connection.json(
                "POST",
                "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                body={"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
            )
            account = who.get("status", {}).get("userInfo", {}).get("username", "")
        return review, account

    async def rows(self, kind: str) -> list[AnyRow]:
        """All rows of a kind, by name; events by time."""
        found = find_kind(kind)
        rows = self._watches[found.name].rows
        if rows is None:
            rows, _ = await list_rows(self._connection, found)
        return sorted(rows.values(), key=sort_key)

    def listen(self, kind: str) -> contextlib.AbstractAsyncContextManager[Listener]:
        """Follow the rows of a kind. Raises NotFound for a kind that is not shown."""
        return self._watches[find_kind(kind).name].listen()

    async def details(self, kind: str, name: str) -> Details:
        found_kind, name = find_kind(kind), check_name(name)
        link = await self._connection.link()
        found = await self._connection.json("GET", found_kind.path(link.namespace, name))
        found.get("metadata", {}).pop("managedFields", None)
        lacks: list[str] = []
        review: Mapping[str, Any] = {}
        with contextlib.suppress(ClusterError):
            review, _ = await self._review(link)
        uid = found["metadata"]["uid"]
        events, related = await asyncio.gather(
            self._or_lack(self._events(link, uid), lacks),
            self._or_lack(self._related(link, found_kind, found), lacks),
        )
        return Details(
            row=row(found_kind.name, found),
            labels=found["metadata"].get("labels") or {},
            conditions=conditions(found),
            containers=containers(found) if kind == "pods" else [],
            events=events,
            related=related,
            lacks=lacks,
            deletable=found_kind.deletable and may(review, "delete", found_kind.resource, found_kind.group),
            deletes_data=await self._deletes_data(found) if kind == "pvcs" else None,
            yaml=as_yaml(found),
        )

    @staticmethod
    async def _or_lack(asked: Any, lacks: list[str]) -> Any:
        """What was asked for, or nothing and the reason among `lacks`."""
        try:
            return await asked
        except ClusterError as error:
            lacks.append(error.message)
            return []

    async def _events(self, link: Link, uid: str) -> list[EventRow]:
        page = await self._connection.json(
            "GET",
            KINDS["events"].path(link.namespace),
            query={"fieldSelector": f"involvedObject.uid={uid}", "limit": 500},
        )
        made = [safe_row(KINDS["events"], found) for found in page.get("items") or []]
        return sorted((one for one in made if isinstance(one, EventRow)), key=sort_key)

    async def _related(self, link: Link, kind: Kind, found: Mapping[str, Any]) -> list[Ref]:
        """What belongs to an object and is worth a step: see `Details.related`."""
        if kind.name == "pods":
            return [Ref(kind="PersistentVolumeClaim", name=name) for name in claims(found)]
        query: dict[str, Any] = {"limit": 500}
        if kind.name != "pvcs":
            selector = found.get("spec", {}).get("selector") or {}
            labels = selector if kind.name == "services" else selector.get("matchLabels") or {}
            if not labels or selector.get("matchExpressions"):
                return []
            query["labelSelector"] = ",".join(f"{key}={value}" for key, value in labels.items())
        page = await self._connection.json("GET", KINDS["pods"].path(link.namespace), query=query)
        name = found["metadata"]["name"]
        return [
            Ref(kind="Pod", name=pod["metadata"]["name"])
            for pod in page.get("items") or []
            if kind.name != "pvcs" or name in claims(pod)
        ]

    async def _deletes_data(self, claim: Mapping[str, Any]) -> bool | None:
        volume = claim.get("spec", {}).get("volumeName")
        if not volume:
            return None
        try:
            found = await self._connection.json("GET", f"/api/v1/persistentvolumes/{volume}")
        except ClusterError:
            # Volumes belong to the whole cluster; a notebook's account may seldom read them.
            return None
        policy = found.get("spec", {}).get("persistentVolumeReclaimPolicy")
        return {"Delete": True, "Retain": False}.get(policy)

    async def delete(self, kind: str, name: str, uid: str) -> Removed:
        """Remove the object with this uid. Raises Conflict where the name is another object's by now."""
        found, name, uid = find_kind(kind), check_name(name), check_uid(uid)
        if not found.deletable:
            raise Conflict("Events are not deleted by hand; Kubernetes forgets them after about an hour.")
        link = await self._connection.link()
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            # As kubectl: what belongs to it goes too, after it.
            "propagationPolicy": "Background",
        }
        try:
            await self._connection.json("DELETE", found.path(link.namespace, name), body=body)
        except NotFound as error:
            raise NotFound(f"{found.singular} {name} is gone already.") from error
        except Conflict as error:
            raise Conflict(
                f"Nothing was deleted: {found.singular} {name} was made anew since it was read. Look at it again."
            ) from error
        return Removed(kind=found.name, name=name, uid=uid)

    async def log(self, pod: str, container: str | None, tail: int, previous: bool) -> LogText:
        check_name(pod)
        if container is not None:
            check_container(container)
        return await read_log(self._connection, pod, container, tail, previous)

    def follow(
        self, pod: str, container: str | None, tail: int, since: int
    ) -> AsyncIterator[LogFrame | Lost]:
        """Raises BadName at once; all else is told in the frames."""
        check_name(pod)
        if container is not None:
            check_container(container)
        return follow_log(self._connection, self._watches["pods"], pod, container, tail, since)

    async def present(self) -> None:
        """Raises NoCluster where there is nothing to follow."""
        await self._connection.link()
