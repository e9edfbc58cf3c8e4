"""Which rows a list has: found by the part that has the fewest, counted, and kept by id where they are few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, true

from kflab.metadata.filters import And, Expr
from kflab.metadata.query import Query
from kflab.metadata.schema import KINDS, Tables
from kflab.metadata.sql import Condition, KeyOf, ids_of, ids_of_word, needs_node, where, word, words_of

__all__ = ["Match", "fits", "match"]

SIZED = 30_000  # rows up to which parts are compared in size


@dataclass(frozen=True)
class Match:
    """How many rows fit, counted up to one more than asked; their ids as a JSON array, None where they are many."""

    total: int
    ids: str | None


Asked = Callable[[bool, ColumnElement[int] | None], Condition]


@dataclass(frozen=True)
class _Part:
    """One of the conditions that all have to hold."""

    condition: Asked  # takes `probe` and, where the node is not needed, the column of the id to ask about
    needs_node: bool
    ids: Select[tuple[int]] | None = None


def match(connection: Connection, query: Query, most: int) -> Match:
    """Count the rows of a list, up to `most` and one."""
    tables = KINDS[query.kind]
    node = tables.node
    parts = _parts(query, tables, _key_of(connection, tables))
    sources = [part for part in parts if part.ids is not None]
    if len(sources) > 1:
        sources.sort(key=lambda part: _size(connection, part))
    found = select(node.c.id)
    if not sources:
        found = found.where(and_(true(), *[part.condition(False, None) for part in parts]))
    elif (ids := sources[0].ids) is not None:
        found = _held(ids, [part for part in parts if part is not sources[0]], tables)
    some = found.limit(most + 1).subquery()
    total, ids_json = connection.execute(select(func.count(), func.json_group_array(some.c[0]))).one()
    # Few: putting them in order is less work than walking the order until a page is full.
    rows = connection.scalar(select(func.max(node.c.id))) or 0
    few = total <= most and total * total <= query.limit * rows
    return Match(total, ids_json if few else None)


def _held(ids: Select[tuple[int]], rest: list[_Part], tables: Tables) -> Select[tuple[int]]:
    """Those of the ids for which the rest holds."""
    if not any(part.needs_node for part in rest):
        id_ = ids.selected_columns[0]
        return ids.where(and_(true(), *[part.condition(True, id_) for part in rest]))
    node, known = tables.node, ids.subquery()
    held = and_(*[part.condition(True, None) for part in rest])
    return select(node.c.id).join(known, node.c.id == known.c[0]).where(held)


def fits(connection: Connection, query: Query) -> Condition:
    """Whether a row fits, asked row by row."""
    tables = KINDS[query.kind]
    parts = _parts(query, tables, _key_of(connection, tables))
    return and_(true(), *[part.condition(True, None) for part in parts])


def _size(connection: Connection, part: _Part) -> int:
    if part.ids is None:
        return SIZED
    return connection.scalar(select(func.count()).select_from(part.ids.limit(SIZED).subquery())) or 0


def _key_of(connection: Connection, tables: Tables) -> KeyOf:
    keys: dict[str, int | None] = {}

    def key_of(name: str) -> int | None:
        if name not in keys:
            keys[name] = connection.scalar(select(tables.name.c.key).where(tables.name.c.name == name))
        return keys[name]

    return key_of


def _parts(query: Query, tables: Tables, key_of: KeyOf) -> list[_Part]:
    parts: list[_Part] = []
    for column, value in ((tables.node.c.type, query.type), (tables.node.c.state, query.state)):
        if value is not None:
            parts.append(_Part(_always(column == value), True))
    if query.filter is not None:
        for item in query.filter.items if isinstance(query.filter, And) else (query.filter,):
            parts.append(_Part(_filter(item, tables, key_of), needs_node(item), ids_of(item, tables, key_of)))
    for text in words_of(query.q) if query.q is not None else ():
        ids = ids_of_word(text, tables)
        parts.append(_Part(_word(text, tables), ids is None, ids))
    return parts


def _always(condition: Condition) -> Asked:
    return lambda _probe, _id: condition


def _filter(item: Expr, tables: Tables, key_of: KeyOf) -> Asked:
    return lambda probe, id_: where(item, tables, key_of, probe, id_)


def _word(text: str, tables: Tables) -> Asked:
    return lambda probe, id_: word(text, tables, probe, id_)
