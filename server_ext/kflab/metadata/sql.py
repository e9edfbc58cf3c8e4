"""A filter's tree as a condition on the index, with every value a bound parameter."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    and_,
    bindparam,
    column,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from kflab.metadata import schema
from kflab.metadata.errors import BadQuery
from kflab.metadata.filters import And, Cmp, Expr, Field, IsNull, Literal, Not, Or
from kflab.metadata.rows import fold, indexed
from kflab.metadata.schema import Tables

__all__ = [
    "CORE",
    "Condition",
    "KeyOf",
    "among",
    "core_column",
    "excluded_by",
    "ids_of",
    "ids_of_word",
    "milliseconds",
    "needs_node",
    "rfc3339",
    "sets_of",
    "where",
    "word",
    "words_of",
]

CORE = {
    "artifact": frozenset(
        [
            "id",
            "type",
            "name",
            "version",
            "uri",
            "state",
            "sha256",
            "created",
            "updated",
            "workspace",
            "run",
            "producer",
            "parent_run",
        ]
    ),
    "execution": frozenset(
        ["id", "type", "name", "state", "created", "updated", "workspace", "run", "parent_run"]
    ),
    "context": frozenset(["id", "type", "name", "created", "updated", "parent"]),
}
_TIMES = ("created", "updated")
_INTEGERS = ("id", "parent")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_TRIGRAM = 3
_INT64 = 2**63
_CONTEXTS = {"workspace": "system.Pipeline", "run": "system.PipelineRun"}
Condition = ColumnElement[bool]
KeyOf = Callable[[str], int | None]


def among(column: ColumnElement[int]) -> Condition:
    """Whether a column is one of `ids`, given as a JSON array: one parameter, so that a statement is made once."""
    return column.in_(select(func.json_each(bindparam("ids")).table_valued("value").c.value))


def core_column(tables: Tables, name: str) -> Column[Any]:
    """The column behind a core field's name."""
    return tables.node.c["parent_id" if name == "parent" else name]


@dataclass(frozen=True)
class _Scope:
    """What a condition is about. `key_of` gives the number that stands for a property's name."""

    tables: Tables
    key_of: KeyOf
    probe: bool  # ask row by row, for when most rows fit; else find the rows that fit first
    id: ColumnElement[int]  # of the row that is asked about


def where(
    expr: Expr, tables: Tables, key_of: KeyOf, probe: bool, id_: ColumnElement[int] | None = None
) -> Condition:
    """The tree as a condition on `tables.node`, or on an id alone where `needs_node` says so.

    Raises BadQuery where a literal does not suit its field.
    """
    return _expr(expr, _Scope(tables, key_of, probe, tables.node.c.id if id_ is None else id_))


def needs_node(expr: Expr) -> bool:
    """Whether the condition reads columns of the node itself, so that its id is not enough."""
    if isinstance(expr, And | Or):
        return any(needs_node(item) for item in expr.items)
    if isinstance(expr, Not):
        return needs_node(expr.item)
    return not expr.field.prop


def _expr(expr: Expr, scope: _Scope) -> Condition:
    if isinstance(expr, And):
        return and_(*[_expr(item, scope) for item in expr.items])
    if isinstance(expr, Or):
        return or_(*[_expr(item, scope) for item in expr.items])
    if isinstance(expr, Not):
        return not_(_expr(expr.item, scope))
    if isinstance(expr, IsNull):
        return _is_null(expr.field, scope)
    if expr.field.prop:
        return _prop(expr, scope)
    if expr.field.name in _CONTEXTS and scope.tables.kind != "context":
        return _in_context(expr, scope)
    return _core(expr, scope)


def _is_null(field: Field, scope: _Scope) -> Condition:
    if not field.prop:
        return core_column(scope.tables, field.name).is_(None)
    return not_(_has(field.name, scope, lambda value: value.is_not(None)))


def _has(name: str, scope: _Scope, test: Callable[[ColumnElement[Any]], ColumnElement[bool]]) -> Condition:
    """Whether a node has a property with a value that passes the test."""
    key = scope.key_of(name)
    if key is None:
        return false()
    # An alias: the list may be sorted by another row of the same table.
    prop = scope.tables.prop.alias()
    fits = and_(prop.c.key == key, test(prop.c.val))
    if scope.probe:
        return exists().where(prop.c.id == scope.id, fits)
    return scope.id.in_(select(prop.c.id).where(fits))


def ids_of(expr: Expr, tables: Tables, key_of: KeyOf) -> Select[tuple[int]] | None:
    """The ids of the nodes that fit, one after the other out of an index; None where there is no such index."""
    if expr == IsNull(Field("parent_run", False)):
        return select(tables.node.c.id).where(tables.node.c.parent_run.is_(None))
    prop = tables.prop.alias()
    test: Condition
    if isinstance(expr, Not) and isinstance(expr.item, IsNull) and expr.item.field.prop:
        name, test = expr.item.field.name, prop.c.val.is_not(None)
    elif isinstance(expr, Cmp) and expr.field.prop and expr.op != "~":
        name, test = expr.field.name, _compared(prop.c.val, expr.op, [indexed(v.value) for v in expr.values])
    else:
        return None
    key = key_of(name)
    return select(prop.c.id).where(false() if key is None else and_(prop.c.key == key, test))


def excluded_by(expr: Expr, tables: Tables, key_of: KeyOf) -> Select[tuple[int]] | None:
    """The ids of the nodes that do not fit, where these can be had one after the other."""
    return ids_of(expr.item if isinstance(expr, Not) else Not(expr), tables, key_of)


def sets_of(expr: Expr, tables: Tables, key_of: KeyOf) -> list[Select[tuple[int]]]:
    """The sets of ids out of indexes by which nodes are found or left out; none if text is looked into as well."""
    found: list[Select[tuple[int]]] = []
    for leaf in _leaves(expr):
        if isinstance(leaf, Cmp) and leaf.op == "~":
            return []
        ids = ids_of(Not(leaf) if isinstance(leaf, IsNull) else leaf, tables, key_of)
        if ids is not None:
            found.append(ids)
    return found


def _leaves(expr: Expr) -> Iterator[Cmp | IsNull]:
    if isinstance(expr, And | Or):
        for item in expr.items:
            yield from _leaves(item)
    elif isinstance(expr, Not):
        yield from _leaves(expr.item)
    else:
        yield expr


def _prop(cmp: Cmp, scope: _Scope) -> Condition:
    if cmp.op == "~":
        needle = fold(str(indexed(cmp.values[0].value)))
        found = _has(
            cmp.field.name,
            scope,
            lambda v: and_(func.typeof(v) == "text", func.instr(func.fold(v), needle) > 0),
        )
        return and_(_contains(needle, ("props",), scope), found)
    values = [indexed(value.value) for value in cmp.values]
    return _has(cmp.field.name, scope, lambda v: _compared(v, cmp.op, values))


def _compared(held: ColumnElement[Any], op: str, values: list[Any]) -> ColumnElement[bool]:
    """A comparison within one class of values: SQLite orders all numbers before all text."""
    if op == "in":
        return held.in_([literal(value, held.type) for value in values])
    value = values[0]
    if op == "=":
        return held == literal(value, held.type)
    tested: ColumnElement[bool] = held.op(op, is_comparison=True)(literal(value, held.type))
    # One bound more only where it is needed: SQLite takes the first one for its index.
    if isinstance(value, str):
        return tested if op in (">", ">=") else and_(tested, held >= literal("", held.type))
    return tested if op in ("<", "<=") else and_(tested, held < literal("", held.type))


def _core(cmp: Cmp, scope: _Scope) -> Condition:
    name = cmp.field.name
    held = core_column(scope.tables, name)
    if name in (*_TIMES, *_INTEGERS):
        if cmp.op == "~":
            raise BadQuery("filter", f"~ looks into text; '{name}' is not text. Use =, <, <=, > or >=.")
        read = milliseconds if name in _TIMES else _integer
        values: list[Any] = [read(value, name) for value in cmp.values]
    else:
        values = [_text(value, name) for value in cmp.values]
    if cmp.op == "~":
        return _text_contains(name, held, fold(values[0]), scope)
    if cmp.op == "in":
        tested: ColumnElement[bool] = held.in_(values)
    else:
        tested = held.op(cmp.op, is_comparison=True)(values[0])
    return and_(held.is_not(None), tested) if held.nullable else tested


def _text_contains(name: str, held: ColumnElement[Any], needle: str, scope: _Scope) -> Condition:
    exact = and_(held.is_not(None), func.instr(func.fold(held), needle) > 0)
    if name not in schema.TEXT_COLUMNS:
        return exact
    return and_(_contains(needle, (name,), scope), exact)


def _in_context(cmp: Cmp, scope: _Scope) -> Condition:
    """A node may be in several workspaces and runs: one of them has to fit."""
    context, member = schema.CONTEXT.node, schema.member
    named = Cmp(Field("name", False), cmp.op, cmp.values)
    fits = _core(named, _Scope(schema.CONTEXT, scope.key_of, False, context.c.id))
    ids = select(context.c.id).where(context.c.type == _CONTEXTS[cmp.field.name], fits)
    inside = and_(member.c.kind == scope.tables.kind, member.c.context.in_(ids))
    if scope.probe:
        return exists().where(member.c.id == scope.id, inside)
    return scope.id.in_(select(member.c.id).where(inside))


def _contains(needle: str, columns: tuple[str, ...], scope: _Scope) -> Condition:
    """Whether one of the searched columns has the folded text in it: a first sieve, exact for all but `props`."""
    searched_text = scope.tables.text
    if len(needle) < _TRIGRAM:
        if columns == ("props",):
            return true()
        hits = [func.instr(searched_text.c[name], needle) > 0 for name in columns]
        return exists().where(searched_text.c.rowid == scope.id, or_(*hits))
    if scope.probe:
        hits = [func.instr(searched_text.c[name], needle) > 0 for name in columns]
        return exists().where(searched_text.c.rowid == scope.id, or_(*hits))
    return scope.id.in_(_matches(needle, columns, scope.tables))


def _matches(needle: str, columns: tuple[str, ...], tables: Tables) -> Select[tuple[int]]:
    """The ids of the nodes that have the folded text in one of the columns, out of the trigrams."""
    phrase = '"' + needle.replace('"', '""') + '"'
    # Within a virtual table, the column of the table's own name stands for a match in any column.
    whole: ColumnElement[Any] = column(tables.text.name)
    match = whole.op("MATCH", is_comparison=True)(f"{{{' '.join(columns)}}} : {phrase}")
    return select(tables.text.c.rowid).where(match)


def words_of(q: str) -> list[str]:
    """What is searched for: every word has to be part of a node's name, version, uri or properties.

    Raises BadQuery.
    """
    if len(q) > 200 or "\0" in q:
        raise BadQuery("q", "may have 200 characters, and no NUL.")
    return fold(q).split()[:10]


def word(text: str, tables: Tables, probe: bool, id_: ColumnElement[int] | None = None) -> Condition:
    """Whether a node has the word; one of one or two characters is looked for in its name only."""
    if len(text) < _TRIGRAM:
        return func.instr(func.fold(tables.node.c.name), text) > 0
    return _contains(
        text,
        schema.TEXT_COLUMNS,
        _Scope(tables, lambda _: None, probe, tables.node.c.id if id_ is None else id_),
    )


def ids_of_word(text: str, tables: Tables) -> Select[tuple[int]] | None:
    """As `ids_of`, for a word."""
    return _matches(text, schema.TEXT_COLUMNS, tables) if len(text) >= _TRIGRAM else None


def milliseconds(value: Literal, name: str) -> int:
    """A time in RFC 3339, or a date, as ms since 1970."""
    try:
        if not isinstance(value.value, str):
            raise ValueError
        moment = datetime.datetime.fromisoformat(value.value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return (moment - _EPOCH) // datetime.timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise BadQuery(
            "filter",
            f'\'{name}\' is a time; compare it with one such as "2026-01-31" or "2026-01-31T12:00:00Z".',
        ) from None


def rfc3339(ms: int) -> str:
    """Ms since 1970 as a time in UTC, to the millisecond."""
    moment = _EPOCH + datetime.timedelta(milliseconds=ms)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _integer(value: Literal, name: str) -> int:
    if isinstance(value.value, bool) or not isinstance(value.value, int) or abs(value.value) >= _INT64:
        raise BadQuery("filter", f"'{name}' is an integer; compare it with one.")
    return value.value


def _text(value: Literal, name: str) -> str:
    if isinstance(value.value, bool):
        raise BadQuery("filter", f"'{name}' is text; compare it with text in quotes.")
    return value.value if isinstance(value.value, str) else value.source
