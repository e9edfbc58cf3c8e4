"""The side index: what lists, filters, sorts and searches read. It can be rebuilt from the store at any time.

One wide table for each kind of node, with its properties in two forms: as JSON text to show, and one row for each
value to filter and sort by. Text is searched by its trigrams, so that any part of a word is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text
from sqlalchemy.types import UserDefinedType

__all__ = [
    "ARTIFACT",
    "CONTEXT",
    "EXECUTION",
    "KINDS",
    "TEXT_COLUMNS",
    "TEXT_DDL",
    "VERSION",
    "Tables",
    "event",
    "member",
    "meta",
    "metadata",
]

VERSION = "2"  # of this schema; another one found means: rebuild

metadata = MetaData()


class AnyValue(UserDefinedType[Any]):
    """Numbers and text in one column, kept as they are: SQLite orders all numbers before all text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "BLOB"  # the name that means 'convert nothing' to SQLite


@dataclass(frozen=True)
class Tables:
    """The tables of one kind of node. All share the node's id, which is SQLite's rowid in `node`."""

    kind: str
    node: Table
    body: Table  # properties as written, as JSON; apart, so that scans of `node` stay short
    prop: Table  # one row for each value; a name stands for `key` in `name`
    name: Table
    text: Table  # FTS5, everything in lower case


# Columns of text that every kind has in its search table.
TEXT_COLUMNS = ("name", "uri", "version", "props")


def _tables(kind: str) -> Tables:
    node = Table(
        kind,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("type", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("version", Text),
        Column("uri", Text, nullable=False),
        Column("state", Text),
        Column("sha256", Text),
        Column("created", Integer, nullable=False),  # ms since 1970
        Column("updated", Integer, nullable=False),
        Column("workspace", Text),  # name of the first one, for sorting; membership is in `member`
        Column("run", Text),
        Column("producer", Text),  # name of the execution
        Column("producer_id", Integer),
        Column("parent_id", Integer),
        Column("parent_run", Text),  # the property of that name: what belongs to a trial of a run has it
    )
    for column in ("type", "name", "version", "uri", "state", "sha256", "created", "updated", "workspace"):
        Index(f"ix_{kind}_{column}", node.c[column])
    for column in ("run", "producer", "producer_id"):
        Index(f"ix_{kind}_{column}", node.c[column])
    for column in ("name", "created", "updated", "state"):
        Index(f"ix_{kind}_type_{column}", node.c.type, node.c[column])
    # Trials may be nearly all there is: what is none of them is found without going through them.
    for columns in (("created",), ("type", "created"), ("name",)):
        Index(f"ix_{kind}_own_{'_'.join(columns)}", node.c.parent_run, *[node.c[c] for c in columns])
    body = Table(
        f"{kind}_body",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("properties", Text, nullable=False),
    )
    name = Table(
        f"{kind}_name",
        metadata,
        Column("key", Integer, primary_key=True),
        Column("name", Text, nullable=False, unique=True),
    )
    prop = Table(
        f"{kind}_prop",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("key", Integer, primary_key=True),
        Column("val", AnyValue()),
        sqlite_with_rowid=False,
    )
    Index(f"ix_{kind}_prop_value", prop.c.key, prop.c.val, prop.c.id)
    # Made by hand below: SQLAlchemy has no word for virtual tables.
    text = Table(
        f"{kind}_text",
        MetaData(),
        Column("rowid", Integer, primary_key=True),
        *[Column(c, Text) for c in TEXT_COLUMNS],
    )
    return Tables(kind, node, body, prop, name, text)


ARTIFACT = _tables("artifact")
EXECUTION = _tables("execution")
CONTEXT = _tables("context")
KINDS = {"artifact": ARTIFACT, "execution": EXECUTION, "context": CONTEXT}

member = Table(
    "member",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("context", Integer, primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_member_context", member.c.context, member.c.kind, member.c.id)

event = Table(
    "event",
    metadata,
    Column("artifact", Integer, primary_key=True),
    Column("execution", Integer, primary_key=True),
    Column("type", Text, primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_event_execution", event.c.execution, event.c.type, event.c.artifact)

# What the index has seen of the store: 'version', 'store', and the highest ids 'context', 'artifact', 'execution'.
meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

TEXT_DDL = [
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {t.text.name} USING fts5"
    f"({', '.join(TEXT_COLUMNS)}, tokenize='trigram case_sensitive 1')"
    for t in KINDS.values()
]
