"""Which rows a list has: found by the part that has the fewest, counted, and kept by id where they are few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, true, union, union_all

from kflab.metadata.filters import And, Expr, Or
from kflab.metadata.query import Query
from kflab.metadata.schema import KINDS, Tables
from kflab.metadata.sql import (
    Condition,
    KeyOf,
    excluded_by,
    ids_of,
    ids_of_word,
    needs_node,
    sets_of,
    where,
    word,
    words_of,
)

__all__ = ["Match", "match"]

SIZED = (
    1_000,
    20_000,
)  # rows up to which parts are compared in size, the second only if all have more than the first
GATHERED = 10_000  # ids up to which a set of them is put together; beyond it each row is asked instead


@dataclass(frozen=True)
class Match:
    """How many rows fit, counted up to one more than asked; their ids as a JSON array, None where they are many."""

    total: int
    ids: str | None
    fits: Condition  # whether a row is one of them, asked row by row


Asked = Callable[[bool, ColumnElement[int] | None], Condition]
Ids = Select[tuple[int]]


@dataclass(frozen=True, eq=False)
class _Part:
    """One of the conditions that all have to hold."""

    condition: Asked  # takes `probe` and, where the node is not needed, the column of the id to ask about
    needs_node: bool
    ids: Ids | None = None  # of the rows that fit, one after the other
    sets: Sequence[Ids] = ()  # that have to be gathered before a row can be found or left out
    excluded: Ids | None = None  # all rows fit but these


def match(connection: Connection, query: Query, most: int) -> Match:
    """Count the rows of a list, up to `most` and one."""
    tables = KINDS[query.kind]
    node = tables.node
    parts = _parts(query, tables, _key_of(connection, tables))
    fits = and_(true(), *[part.condition(True, None) for part in parts])
    rows = connection.scalar(select(func.count()).select_from(node)) or 0
    if len(parts) == 1 and (excluded := parts[0].excluded) is not None:
        left = rows - _size(connection, [excluded], None)
        if left == 0 or not _few(left, most, query, rows):
            return Match(left, None if left else "[]", fits)
    wide = [part for part in parts if part.sets and _size(connection, part.sets, GATHERED) >= GATHERED]
    source = _source(connection, [part for part in parts if part not in wide])
    if source is None or source.ids is None:
        found = select(node.c.id).where(and_(true(), *[part.condition(part in wide, None) for part in parts]))
    else:
        found = _held(source.ids, [part for part in parts if part is not source], tables)
    some = found.limit(most + 1).subquery()
    total, ids_json = connection.execute(select(func.count(), func.json_group_array(some.c[0]))).one()
    return Match(total, ids_json if _few(total, most, query, rows) else None, fits)


def _few(total: int, most: int, query: Query, rows: int) -> bool:
    """Whether putting them in order is less work than walking the order until a page is full."""
    return total <= most and total * total <= query.limit * rows


def _source(connection: Connection, parts: Sequence[_Part]) -> _Part | None:
    """The part to begin with: the one with the fewest rows, of those whose ids can be had without much work."""
    ready = [(part, part.sets or [part.ids]) for part in parts if part.ids is not None]
    if len(ready) < 2:
        return ready[0][0] if ready else None
    for bound in SIZED:
        counts = [_counted(sets, bound).scalar_subquery() for _, sets in ready]
        sizes = connection.execute(select(*counts)).one()
        if min(sizes) < bound:
            return ready[sizes.index(min(sizes))][0]
    return ready[0][0]


def _held(ids: Select[tuple[int]], rest: list[_Part], tables: Tables) -> Select[tuple[int]]:
    """Those of the ids for which the rest holds."""
    id_ = ids.selected_columns[0]
    if id_ is tables.node.c.id or not any(part.needs_node for part in rest):
        return ids.where(and_(true(), *[part.condition(True, id_) for part in rest]))
    node, known = tables.node, ids.subquery()
    held = and_(*[part.condition(True, None) for part in rest])
    return select(node.c.id).join(known, node.c.id == known.c[0]).where(held)


def _counted(sets: Sequence[Ids], bound: int | None) -> Select[int]:
    return select(func.count()).select_from(union_all(*sets).limit(bound).subquery())


def _size(connection: Connection, sets: Sequence[Ids], bound: int | None) -> int:
    """How many ids there are in all the sets, counted up to the bound."""
    return connection.scalar(_counted(sets, bound)) or 0


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
        for item in _conjuncts(query.filter):
            parts.append(_part(item, tables, key_of))
    for text in words_of(query.q) if query.q is not None else ():
        ids = ids_of_word(text, tables)
        parts.append(_Part(_word(text, tables), ids is None, ids))
    return parts


def _conjuncts(expr: Expr) -> Iterator[Expr]:
    """What has to hold together, out of whatever parentheses."""
    if isinstance(expr, And):
        for item in expr.items:
            yield from _conjuncts(item)
    else:
        yield expr


def _part(item: Expr, tables: Tables, key_of: KeyOf) -> _Part:
    asked, node = _filter(item, tables, key_of), needs_node(item)
    ids = ids_of(item, tables, key_of)
    if ids is not None:
        return _Part(asked, node, ids)
    sets = sets_of(item, tables, key_of)
    if isinstance(item, Or):
        each = [ids_of(one, tables, key_of) for one in item.items]
        if all(one is not None for one in each):
            both = union(*sets).subquery()
            return _Part(asked, node, select(both.c[0]), sets)
    return _Part(asked, node, sets=sets, excluded=excluded_by(item, tables, key_of))


def _always(condition: Condition) -> Asked:
    return lambda _probe, _id: condition


def _filter(item: Expr, tables: Tables, key_of: KeyOf) -> Asked:
    return lambda probe, id_: where(item, tables, key_of, probe, id_)


def _word(text: str, tables: Tables) -> Asked:
    return lambda probe, id_: word(text, tables, probe, id_)
