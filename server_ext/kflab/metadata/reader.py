"""Answers out of the index as JSON, put together as text: properties are JSON already and are not parsed again.

Every method may be called from any thread.
"""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Select, select

from kflab.metadata import schema
from kflab.metadata.errors import BadQuery, NotFound
from kflab.metadata.index import CHANGES, open_engine
from kflab.metadata.lineage import lineage
from kflab.metadata.page import page
from kflab.metadata.plan import Match, match
from kflab.metadata.query import Query
from kflab.metadata.rows import flat
from kflab.metadata.schema import KINDS
from kflab.metadata.sql import among, rfc3339

__all__ = ["Reader"]

PAGE_BYTES = 2_000_000  # a page ends early beyond this, so that big properties do not make huge answers
_REMEMBERED = 100
COMPARED = 20
COUNTED = 10_000


class Reader:
    """The reading side of the index."""

    def __init__(self, index: Path, counted: int = COUNTED) -> None:
        """Totals are exact up to `counted`."""
        self._counted = counted
        self._engine = open_engine(index, reader=True)
        self._matches: OrderedDict[tuple[str, int], tuple[int, Match]] = OrderedDict()
        self._lock = Lock()

    def close(self) -> None:
        self._engine.dispose()

    def list(self, query: Query) -> bytes:
        """A Page as JSON. Raises BadQuery."""
        with self._engine.begin() as connection:
            matched = self._match(connection, query)
            found = page(connection, query, matched)
            items: list[str] = []
            taken = 0
            for item in _items(connection, query.kind, found.ids):
                if items and taken + len(item) > PAGE_BYTES:
                    break
                items.append(item)
                taken += len(item)
        token = found.token(len(items)) if items else None
        total = matched.total
        exact = total <= self._counted
        tail = f'"total":{min(total, self._counted)},"total_exact":{json.dumps(exact)},"next_page_token":{json.dumps(token)}'
        return f'{{"items":[{",".join(items)}],{tail}}}'.encode()

    def get(self, kind: str, node: int) -> bytes:
        """One node as JSON. Raises NotFound."""
        with self._engine.begin() as connection:
            return self._one(connection, kind, node).encode()

    def lineage(self, node: int, hops: int, limit: int, kind: str) -> bytes:
        """A Lineage as JSON. Raises NotFound and BadQuery."""
        with self._engine.begin() as connection:
            self._one(connection, kind, node)
            return lineage(connection, node, hops, limit, kind).encode()

    def compare(self, ids: Sequence[int]) -> bytes:
        """A Comparison as JSON. Raises NotFound and BadQuery."""
        if not 1 <= len(ids) <= COMPARED:
            raise BadQuery("ids", f"name 1 to {COMPARED} artifacts, as in ids=3,5.")
        with self._engine.begin() as connection:
            items = [self._one(connection, "artifact", node) for node in ids]
        values = [flat(json.loads(item)["properties"]) for item in items]
        # An object is there for its parts only; what it holds is compared by their names.
        names = list(dict.fromkeys(name for found in values for name in found))
        names = [name for name in names if not any(other.startswith(name + ".") for other in names)]
        differ = [
            name
            for name in names
            if len({json.dumps([name in found, found.get(name)]) for found in values}) > 1
        ]
        return f'{{"items":[{",".join(items)}],"names":{json.dumps(names)},"differ":{json.dumps(differ)}}}'.encode()

    def _one(self, connection: Connection, kind: str, node: int) -> str:
        items = _items(connection, kind, [node]) if abs(node) < 2**63 else []
        if not items:
            raise NotFound(f"There is no {kind} {node}.")
        return items[0]

    def _match(self, connection: Connection, query: Query) -> Match:
        """What fits, remembered while the index stays as it is: paging asks for the same again and again."""
        state = int(connection.scalar(_CHANGED) or 0)
        asked = (query.identity, query.limit)
        with self._lock:
            known = self._matches.get(asked)
        if known is not None and known[0] == state:
            return known[1]
        found = match(connection, query, self._counted)
        with self._lock:
            self._matches[asked] = (state, found)
            while len(self._matches) > _REMEMBERED:
                self._matches.popitem(last=False)
        return found


@cache
def _nodes_of(kind: str) -> Select[Any]:
    node, body = KINDS[kind].node, KINDS[kind].body
    return select(node, body.c.properties).join(body, body.c.id == node.c.id).where(among(node.c.id))


@cache
def _refs_of(kind: str) -> Select[Any]:
    node = KINDS[kind].node
    return select(node.c.id, node.c.type, node.c.name).where(among(node.c.id))


@cache
def _members_of(kind: str) -> Select[Any]:
    member = schema.member
    found = select(member.c.id, member.c.context).where(member.c.kind == kind, among(member.c.id))
    return found.order_by(member.c.id, member.c.context)


_CHANGED = select(schema.meta.c.value).where(schema.meta.c.name == CHANGES)


def _items(connection: Connection, kind: str, ids: Sequence[int]) -> list[str]:
    """The nodes as JSON texts, in the order of `ids`; those that are gone are left out."""
    found = connection.execute(_nodes_of(kind), {"ids": json.dumps(ids)})
    rows = {row.id: row for row in found}
    contexts = _contexts(connection, kind, ids) if kind != "context" else {}
    producers: dict[int, dict[str, Any]] = {}
    if kind == "artifact":
        producers = _refs(connection, "execution", {row.producer_id for row in rows.values()} - {None})
    elif kind == "context":
        producers = _refs(connection, "context", {row.parent_id for row in rows.values()} - {None})
    return [_item(kind, rows[id_], contexts.get(id_, []), producers) for id_ in ids if id_ in rows]


def _item(kind: str, row: Any, contexts: list[dict[str, Any]], refs: dict[int, dict[str, Any]]) -> str:
    shown: dict[str, Any] = {"id": row.id, "type": row.type, "name": row.name}
    if kind == "artifact":
        shown |= {"version": row.version, "uri": row.uri, "sha256": row.sha256}
        shown["producer"] = refs.get(row.producer_id)
    if kind == "context":
        shown["parent"] = refs.get(row.parent_id)
    else:
        shown |= {"state": row.state, "contexts": contexts}
    shown |= {"created": rfc3339(row.created), "updated": rfc3339(row.updated)}
    return f'{json.dumps(shown)[:-1]}, "properties": {row.properties}}}'


def _refs(connection: Connection, kind: str, ids: set[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    found = connection.execute(_refs_of(kind), {"ids": json.dumps(sorted(ids))})
    return {id_: {"id": id_, "type": type_, "name": name} for id_, type_, name in found}


def _contexts(connection: Connection, kind: str, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    pairs = connection.execute(_members_of(kind), {"ids": json.dumps(ids)}).all()
    refs = _refs(connection, "context", {context for _, context in pairs})
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for node, context in pairs:
        if context in refs:
            found[node].append(refs[context])
    return found
