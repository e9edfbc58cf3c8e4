"""Lists out of the index: conditions, the count, one page in any order, and the token for the next."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal, or_, select, true

from kflab.metadata.errors import BadQuery
from kflab.metadata.filters import Expr, Field, field, parse
from kflab.metadata.rows import MAX_TEXT
from kflab.metadata.schema import KINDS, Tables
from kflab.metadata.sql import CORE, Condition, core_column, searched, where

__all__ = ["Found", "Query", "count", "page"]

MAX_LIMIT = 500


@dataclass(frozen=True)
class Query:
    """A list that was asked for, checked. `kind` is artifact, execution or context."""

    kind: str
    type: str | None
    state: str | None
    q: str | None
    filter: Expr | None
    sort: Field
    descending: bool
    limit: int
    identity: str  # the same for all pages of a list
    after: tuple[Any, int] | None  # value and id of the last row of the page before

    @classmethod
    def checked(
        cls,
        kind: str,
        *,
        type: str | None = None,
        state: str | None = None,
        q: str | None = None,
        filter: str | None = None,
        sort: str | None = None,
        limit: int | str | None = None,
        page_token: str | None = None,
    ) -> Query:
        """Raises BadQuery, naming the parameter at fault; an empty parameter is one that was not given."""
        core = CORE[kind]
        order = sort or "-created"
        named = field(order.removeprefix("-"), core, "sort")
        identity = hashlib.sha256(json.dumps([kind, type, state, q, filter, order]).encode()).hexdigest()[:16]
        for name, value in (("type", type), ("state", state)):
            if value and (len(value) > 255 or "\0" in value):
                raise BadQuery(name, "may have 255 characters, and no NUL.")
        if state and kind == "context":
            raise BadQuery("state", "a context has no state; leave it out.")
        return cls(
            kind=kind,
            type=type or None,
            state=state or None,
            q=q or None,
            filter=parse(filter, core) if filter else None,
            sort=named,
            descending=order.startswith("-"),
            limit=_limit(limit),
            identity=identity,
            after=_unpack(page_token, identity) if page_token else None,
        )


@dataclass(frozen=True)
class Found:
    """One page's ids in order, with the token for the next page."""

    ids: list[int]
    token: Callable[[int], str | None]
    """The token for after the n-th row; None if that was the last of all."""


def _limit(limit: int | str | None) -> int:
    if limit is None or limit == "":
        return 50
    try:
        number = int(limit)
    except ValueError:
        number = 0
    if not 1 <= number <= MAX_LIMIT:
        raise BadQuery("limit", f"is a number from 1 to {MAX_LIMIT}.")
    return number


def _pack(identity: str, value: Any, last: int) -> str:
    token = json.dumps([identity, value, last], separators=(",", ":"))
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def _unpack(token: str, identity: str) -> tuple[Any, int]:
    wrong = "is not the token of a page; ask for the list without it to begin at the start."
    try:
        if len(token) > 10 * MAX_TEXT:
            raise ValueError
        parts = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        owner, value, last = parts
    except (ValueError, binascii.Error, TypeError, RecursionError):
        raise BadQuery("page_token", wrong) from None
    ok = value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))
    fits = isinstance(last, int) and not isinstance(last, bool) and abs(last) < 2**63
    if not ok or not fits or (isinstance(value, int) and abs(value) > 2**63):
        raise BadQuery("page_token", wrong)
    if owner != identity:
        raise BadQuery("page_token", "belongs to another filter or order; ask for the list without it.")
    return value, last


def _condition(query: Query, connection: Connection, probe: bool) -> Condition:
    tables = KINDS[query.kind]
    keys: dict[str, int | None] = {}

    def key_of(name: str) -> int | None:
        if name not in keys:
            keys[name] = connection.scalar(select(tables.name.c.key).where(tables.name.c.name == name))
        return keys[name]

    parts: list[Condition] = []
    if query.type is not None:
        parts.append(tables.node.c.type == query.type)
    if query.state is not None:
        parts.append(tables.node.c.state == query.state)
    if query.filter is not None:
        parts.append(where(query.filter, tables, key_of, probe))
    if query.q is not None:
        parts.append(searched(query.q, tables, probe))
    return and_(true(), *parts)


def count(connection: Connection, query: Query, most: int) -> int:
    """How many rows the list has, counted up to one more than `most`."""
    tables = KINDS[query.kind]
    some = select(literal(1)).select_from(tables.node).where(_condition(query, connection, False))
    return connection.scalar(select(func.count()).select_from(some.limit(most + 1).subquery())) or 0


def page(connection: Connection, query: Query, many: bool) -> Found:
    """The ids of one page. Rows without a value to sort by come last; ties go by id, in the same direction.

    `many` chooses between two ways to the same rows: walk the order and ask of each row whether it fits, or find
    those that fit and put them in order.
    """
    tables = KINDS[query.kind]
    fits = _condition(query, connection, probe=many)
    wanted = query.limit + 1
    rows: list[tuple[int, Any]] = []
    if query.after is None or query.after[0] is not None:
        rows = [
            tuple(row)
            for row in connection.execute(_valued(query, tables, fits, connection, many).limit(wanted))
        ]
    if len(rows) < wanted:
        missing = _unvalued(query, tables, fits, connection)
        if missing is not None:
            rows += [(row.id, None) for row in connection.execute(missing.limit(wanted - len(rows)))]

    def token(n: int) -> str | None:
        if n >= len(rows):
            return None
        last, value = rows[n - 1]
        return _pack(query.identity, value, last)

    return Found([id_ for id_, _ in rows[: query.limit]], token)


def _key(query: Query, tables: Tables, connection: Connection) -> int | None:
    return connection.scalar(select(tables.name.c.key).where(tables.name.c.name == query.sort.name))


def _valued(
    query: Query, tables: Tables, fits: Condition, connection: Connection, many: bool
) -> Select[tuple[int, Any]]:
    """The rows that have a value to sort by, in order."""
    node, prop = tables.node, tables.prop
    value: ColumnElement[Any]
    tie: ColumnElement[Any]
    if query.sort.prop:
        value, tie = prop.c.val, prop.c.id
        base = select(node.c.id, value).join(prop, prop.c.id == node.c.id)
        base = base.where(prop.c.key == _key(query, tables, connection), value.is_not(None))
    else:
        value, tie = core_column(tables, query.sort.name), node.c.id
        base = select(node.c.id, value).where(value.is_not(None))
    if query.after is not None:
        last, last_id = literal(query.after[0], value.type), query.after[1]
        # The first half alone is what an index can use.
        ahead = value <= last if query.descending else value >= last
        beyond = value < last if query.descending else value > last
        tied = tie < last_id if query.descending else tie > last_id
        base = base.where(ahead, or_(beyond, tied))
    order: list[ColumnElement[Any]] = [value, tie]
    if not many and not query.sort.prop:
        order = [_hidden(value), tie]
    return base.where(fits).order_by(*[o.desc() if query.descending else o.asc() for o in order])


def _hidden(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The value, so that SQLite does not walk its index: when few rows fit, finding those first is faster."""
    return func.iif(True, value, None)


def _unvalued(
    query: Query, tables: Tables, fits: Condition, connection: Connection
) -> Select[tuple[int]] | None:
    """The rows without such a value; None where every row has one."""
    node, prop = tables.node, tables.prop
    if query.sort.prop:
        key = _key(query, tables, connection)
        has = exists().where(prop.c.id == node.c.id, prop.c.key == key, prop.c.val.is_not(None))
        base = select(node.c.id).where(~has)
    else:
        value = core_column(tables, query.sort.name)
        if query.sort.name == "id" or not value.nullable:
            return None
        base = select(node.c.id).where(value.is_(None))
    if query.after is not None and query.after[0] is None:
        base = base.where(node.c.id < query.after[1] if query.descending else node.c.id > query.after[1])
    return base.where(fits).order_by(node.c.id.desc() if query.descending else node.c.id.asc())
