"""What a node is connected with, edge by edge: a breadth-first walk over the events in the index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from kflab.metadata import schema
from kflab.metadata.errors import BadQuery
from kflab.metadata.schema import KINDS

__all__ = ["lineage"]

MAX_HOPS = 100
MAX_NODES = 5_000
Event = tuple[int, int, str]  # artifact, execution, type
Node = tuple[str, int]


def lineage(connection: Connection, start: int, hops: int, limit: int, kind: str) -> str:
    """The nodes within `hops` edges of the start, nearest first and `limit` of them at most, as JSON."""
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
                break
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


def _events(connection: Connection, side: str, nodes: Iterable[int], most: int) -> Iterator[Event | None]:
    """The events of these nodes, newest partner first; None instead of those beyond `most` of one question."""
    e = schema.event
    own, partner = (e.c.artifact, e.c.execution) if side == "artifact" else (e.c.execution, e.c.artifact)
    for some in _chunks(list(nodes)):
        query = select(e.c.artifact, e.c.execution, e.c.type).where(own.in_(some))
        rows = connection.execute(query.order_by(partner.desc()).limit(most + 1)).all()
        yield from rows[:most]
        if len(rows) > most:
            yield None


def _goes_on(connection: Connection, side: str, nodes: list[int], seen: dict[Node, None]) -> bool:
    """Whether something beyond the last hop is connected."""
    other = "execution" if side == "artifact" else "artifact"
    for event in _events(connection, side, nodes, MAX_NODES):
        if event is None or (other, event[1] if other == "execution" else event[0]) not in seen:
            return True
    return False


def _json(connection: Connection, seen: dict[Node, None], edges: dict[Event, None], truncated: bool) -> str:
    known: dict[Node, tuple[str, str]] = {}
    for kind in ("artifact", "execution"):
        node = KINDS[kind].node
        for some in _chunks([id_ for its, id_ in seen if its == kind]):
            rows = connection.execute(select(node.c.id, node.c.type, node.c.name).where(node.c.id.in_(some)))
            known.update({(kind, id_): (type_, name) for id_, type_, name in rows})
    nodes = [{"id": n[1], "kind": n[0], "type": known[n][0], "name": known[n][1]} for n in seen if n in known]
    drawn = [
        {"source": artifact, "target": execution, "type": type_}
        if type_ == "INPUT"
        else {"source": execution, "target": artifact, "type": type_}
        for artifact, execution, type_ in edges
    ]
    return json.dumps({"nodes": nodes, "edges": drawn, "truncated": truncated})


def _chunks(ids: list[int], size: int = 900) -> list[list[int]]:
    return [ids[i : i + size] for i in range(0, len(ids), size)]
