"""What a node is connected with, edge by edge: a breadth-first walk over the events in the index."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from kflab.metadata import schema
from kflab.metadata.errors import BadQuery
from kflab.metadata.schema import KINDS
from kflab.metadata.sql import among

__all__ = ["lineage"]

MAX_HOPS = 100
MAX_NODES = 5_000
FAN = 20  # neighbours of one type that are shown of a node: of a thousand trials some, and what stands beside them
Event = tuple[int, int, str]  # artifact, execution, type
Node = tuple[str, int]


def lineage(connection: Connection, start: int, hops: int, limit: int, kind: str) -> str:
    """The nodes within `hops` edges of the start, nearest first and `limit` of them at most, as JSON.

    Of many neighbours of one type that a node has, those that changed last are followed, FAN of them.
    """
    if not 0 <= hops <= MAX_HOPS:
        raise BadQuery("hops", f"is a number from 0 to {MAX_HOPS}.")
    if not 1 <= limit <= MAX_NODES:
        raise BadQuery("limit", f"is a number from 1 to {MAX_NODES:,} for a lineage.")
    seen: dict[Node, None] = {(kind, start): None}
    edges: dict[Event, None] = {}
    frontier, side, truncated = [start], kind, False
    for _ in range(hops):
        other = "execution" if side == "artifact" else "artifact"
        fresh: list[int] = []
        for event in _events(connection, side, frontier, limit * 2):
            if event is None:
                truncated = True
                continue
            artifact, execution, _type = event
            node = (other, execution if other == "execution" else artifact)
            if node not in seen:
                if len(seen) >= limit:
                    truncated = True
                    continue
                seen[node] = None
                fresh.append(node[1])
            edges[event] = None
        frontier, side = fresh, other
        if not frontier:
            break
    if frontier and not truncated and hops:
        truncated = _goes_on(connection, side, frontier, seen)
    elif not hops:
        truncated = _goes_on(connection, kind, [start], seen)
    return _json(connection, seen, edges, truncated)


def _events(connection: Connection, side: str, nodes: Sequence[int], most: int) -> Iterator[Event | None]:
    """The events of these nodes, newest partner first; None where there are more than FAN or `most` of one question."""
    for some in _chunks(nodes):
        ids = {"ids": json.dumps(some)}
        hubs = set(connection.scalars(_hubs_of(side), ids))
        plain = {"ids": json.dumps([node for node in some if node not in hubs]), "most": most + 1}
        rows = connection.execute(_events_of(side), plain).all()
        yield from map(tuple, rows[:most])
        if len(rows) > most:
            yield None
        if hubs:
            for *found, rank in connection.execute(_few_of(side), {"ids": json.dumps(list(hubs))}):
                yield tuple(found) if rank <= FAN else None


def _ends(side: str) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """The column of a node's own id in the events, and that of its partner."""
    e = schema.event
    return (e.c.artifact, e.c.execution) if side == "artifact" else (e.c.execution, e.c.artifact)


@cache
def _events_of(side: str) -> Select[Any]:
    e, (own, partner) = schema.event, _ends(side)
    found = select(e.c.artifact, e.c.execution, e.c.type).where(among(own))
    return found.order_by(partner.desc()).limit(bindparam("most"))


@cache
def _hubs_of(side: str) -> Select[Any]:
    """Those of the nodes that have more than FAN neighbours."""
    own, _ = _ends(side)
    return select(own).where(among(own)).group_by(own).having(func.count() > FAN)


@cache
def _few_of(side: str) -> Select[Any]:
    """The events of each node with the FAN neighbours of each type that changed last, and with one more if there is."""
    e, (own, partner) = schema.event, _ends(side)
    node = KINDS["execution" if side == "artifact" else "artifact"].node
    order = (node.c.updated.desc(), partner.desc())
    rank = func.row_number().over(partition_by=[own, e.c.type, node.c.type], order_by=order)
    ranked = (
        select(e.c.artifact, e.c.execution, e.c.type, rank.label("rank"))
        .join(node, node.c.id == partner)
        .where(among(own))
        .subquery()
    )
    return select(ranked).where(ranked.c.rank <= FAN + 1).order_by(ranked.c.rank)


def _goes_on(connection: Connection, side: str, nodes: list[int], seen: dict[Node, None]) -> bool:
    """Whether something beyond the last hop is connected."""
    other = "execution" if side == "artifact" else "artifact"
    for event in _events(connection, side, nodes, MAX_NODES):
        if event is None or (other, event[1] if other == "execution" else event[0]) not in seen:
            return True
    return False


@cache
def _nodes_of(kind: str) -> Select[Any]:
    """The id, and the node as it is sent."""
    node = KINDS[kind].node
    sent = func.json_object("id", node.c.id, "kind", kind, "type", node.c.type, "name", node.c.name)
    return select(node.c.id, sent).where(among(node.c.id))


def _json(connection: Connection, seen: dict[Node, None], edges: dict[Event, None], truncated: bool) -> str:
    known: dict[Node, str] = {}
    for kind in ("artifact", "execution"):
        ids = json.dumps([id_ for its, id_ in seen if its == kind])
        for id_, sent in connection.execute(_nodes_of(kind), {"ids": ids}).all():
            known[kind, id_] = sent
    nodes = ",".join([known[n] for n in seen if n in known])
    types = {type_: json.dumps(type_) for type_ in {event[2] for event in edges}}
    drawn = ",".join(
        [
            f'{{"source":{artifact},"target":{execution},"type":{types[type_]}}}'
            if type_ == "INPUT"
            else f'{{"source":{execution},"target":{artifact},"type":{types[type_]}}}'
            for artifact, execution, type_ in edges
        ]
    )
    return f'{{"nodes":[{nodes}],"edges":[{drawn}],"truncated":{json.dumps(truncated)}}}'


def _chunks(ids: Sequence[int], size: int = 900) -> list[Sequence[int]]:
    return [ids[i : i + size] for i in range(0, len(ids), size)]
