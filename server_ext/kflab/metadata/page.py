"""One page of a list, in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, literal, or_, select

from kflab.metadata.plan import Match
from kflab.metadata.query import Query, pack
from kflab.metadata.schema import KINDS, Tables
from kflab.metadata.sql import core_column

__all__ = ["Found", "page"]


@dataclass(frozen=True)
class Found:
    """One page's ids in order, with the token for the next page."""

    ids: list[int]
    token: Callable[[int], str | None]
    """The token for after the n-th row; None if that was the last of all."""


@dataclass(frozen=True)
class _Rows:
    """The rows to choose from: a few known ones, or all of which each is asked whether it fits."""

    tables: Tables
    few: str | None
    condition: ColumnElement[bool]

    def among(self, statement: Select[Any], id_: ColumnElement[int]) -> Select[Any]:
        if self.few is None:
            return statement.where(self.condition)
        known = func.json_each(self.few).table_valued("value")
        return statement.join(known, id_ == known.c.value)


def page(connection: Connection, query: Query, match: Match) -> Found:
    """The ids of one page. Rows without a value to sort by come last; ties go by id, in the same direction."""
    tables = KINDS[query.kind]
    rows = _Rows(tables, match.ids, match.fits)
    wanted = query.limit + 1
    found: list[tuple[int, Any]] = []
    key = None
    if query.sort.prop:
        key = connection.scalar(select(tables.name.c.key).where(tables.name.c.name == query.sort.name))
    if query.after is None or query.after[0] is not None:
        found = [(id_, value) for id_, value in connection.execute(_valued(query, rows, key).limit(wanted))]
    if len(found) < wanted:
        missing = _unvalued(query, rows, key)
        if missing is not None:
            found += [(row.id, None) for row in connection.execute(missing.limit(wanted - len(found)))]

    def token(n: int) -> str | None:
        if n >= len(found):
            return None
        last, value = found[n - 1]
        return pack(query.identity, value, last)

    return Found([id_ for id_, _ in found[: query.limit]], token)


def _valued(query: Query, rows: _Rows, key: int | None) -> Any:
    """The rows that have a value to sort by, in order."""
    node, prop = rows.tables.node, rows.tables.prop
    value: ColumnElement[Any]
    tie: ColumnElement[int]
    if query.sort.prop:
        value, tie = prop.c.val, prop.c.id
        base = (
            select(tie, value).select_from(prop.join(node, node.c.id == prop.c.id)).where(prop.c.key == key)
        )
    else:
        value, tie = core_column(rows.tables, query.sort.name), node.c.id
        base = select(tie.label("id"), value.label("value")).select_from(node)
    base = base.where(value.is_not(None))
    if query.after is not None:
        last, last_id = literal(query.after[0], value.type), query.after[1]
        # The first half alone is what an index can use.
        ahead = value <= last if query.descending else value >= last
        beyond = value < last if query.descending else value > last
        tied = tie < last_id if query.descending else tie > last_id
        base = base.where(ahead, or_(beyond, tied))
    base = rows.among(base, tie)
    # Hidden from SQLite, so that it does not walk the order's index where the rows are known already.
    order = [value, tie] if rows.few is None else [func.iif(True, value, None), tie]
    return base.order_by(*_directed(query, order))


def _unvalued(query: Query, rows: _Rows, key: int | None) -> Select[Any] | None:
    """The rows without such a value; None where every row has one."""
    node, prop = rows.tables.node, rows.tables.prop
    if query.sort.prop:
        has = exists().where(prop.c.id == node.c.id, prop.c.key == key, prop.c.val.is_not(None))
        base = select(node.c.id).where(~has)
    else:
        value = core_column(rows.tables, query.sort.name)
        if not value.nullable:
            return None
        base = select(node.c.id).where(value.is_(None))
    if query.after is not None and query.after[0] is None:
        base = base.where(node.c.id < query.after[1] if query.descending else node.c.id > query.after[1])
    base = rows.among(base, node.c.id)
    return base.order_by(*_directed(query, [node.c.id]))


def _directed(query: Query, order: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [column.desc() if query.descending else column.asc() for column in order]
