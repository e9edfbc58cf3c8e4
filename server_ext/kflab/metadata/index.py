"""The writing side of the index: one transaction for each state change, with how far the store has been seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.pool import QueuePool

from kflab.metadata import schema
from kflab.metadata.rows import Changes, NodeRow, flat, fold
from kflab.metadata.schema import ARTIFACT, KINDS, VERSION, Tables
from kflab.metadata.values import dumps

__all__ = ["CHANGES", "Index", "open_engine"]

T = TypeVar("T")
CHANGES = "changes"  # in `meta`: how often the index has changed
RUN_TYPE = "system.PipelineRun"
WORKSPACE_TYPE = "system.Pipeline"


def open_engine(path: Path, reader: bool) -> Engine:
    """An engine on the index file; a reader's connections can change nothing. Transactions are begun by hand."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA cache_size=-65536")
        connection.execute("PRAGMA mmap_size=1073741824")
        if reader:
            connection.execute("PRAGMA query_only=1")
        connection.create_function(
            "fold", 1, lambda t: None if t is None else fold(str(t)), deterministic=True
        )
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=2, max_overflow=0)
    begin = "BEGIN" if reader else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


class Index:
    """The index file of one store. Every change goes through `apply`."""

    def __init__(self, path: Path, store: str) -> None:
        """Open or make the file; `store` tells stores apart, so that a replaced one is noticed.

        Raises sqlite3.DatabaseError or sqlalchemy.exc.DatabaseError if the file is damaged.
        """
        self.path = path
        self._store = store
        path.parent.mkdir(parents=True, exist_ok=True)
        self.engine = open_engine(path, reader=False)
        with self.engine.begin() as connection:
            if _version(connection) not in (None, VERSION):
                _drop(connection)
            schema.metadata.create_all(connection)
            for ddl in schema.TEXT_DDL:
                connection.execute(text(ddl))

    def close(self) -> None:
        self.engine.dispose()

    def seen(self) -> dict[str, int] | None:
        """The highest id seen of each kind; None if the index is of another store, version, or new."""
        with self.engine.connect() as connection:
            found = dict(connection.execute(select(schema.meta.c.name, schema.meta.c.value)).all())
        if found.get("version") != VERSION or found.get("store") != self._store:
            return None
        return {kind: int(found.get(kind, 0)) for kind in KINDS}

    def clear(self, connection: Connection) -> None:
        """Forget everything; the caller fills it again in the same transaction, so readers never see it empty."""
        for table in schema.metadata.sorted_tables:
            if table is not schema.meta:
                connection.execute(delete(table))
        connection.execute(delete(schema.meta).where(schema.meta.c.name != CHANGES))
        for tables in KINDS.values():
            connection.execute(delete(tables.text))
        connection.execute(
            insert(schema.meta),
            [{"name": "version", "value": VERSION}, {"name": "store", "value": self._store}],
        )

    def apply(self, connection: Connection, changes: Changes, seen: dict[str, int]) -> None:
        """Take the changes in, and note that the store has been seen up to the ids in `seen`."""
        for kind, nodes in changes.nodes():
            if nodes:
                _put_nodes(connection, KINDS[kind], nodes)
        if changes.members:
            rows = [{"kind": kind, "id": node, "context": context} for kind, node, context in changes.members]
            connection.execute(upsert(schema.member).on_conflict_do_nothing(), rows)
        if changes.events:
            rows = [
                {"artifact": e.artifact, "execution": e.execution, "type": e.type} for e in changes.events
            ]
            connection.execute(upsert(schema.event).on_conflict_do_nothing(), rows)
        _derive(connection, changes)
        changed = select(func.coalesce(func.max(schema.meta.c.value.cast(Integer)), 0) + 1)
        number = connection.scalar(changed.where(schema.meta.c.name == CHANGES))
        for kind, highest in {**seen, CHANGES: number}.items():
            put = upsert(schema.meta).values(name=kind, value=str(highest))
            connection.execute(
                put.on_conflict_do_update(index_elements=["name"], set_={"value": put.excluded.value})
            )


def _version(connection: Connection) -> str | None:
    """Of the schema that the file was made with; None if it is new, or was never filled."""
    if not inspect(connection).has_table(schema.meta.name):
        return None
    return connection.scalar(select(schema.meta.c.value).where(schema.meta.c.name == "version"))


def _drop(connection: Connection) -> None:
    schema.metadata.drop_all(connection)
    for tables in KINDS.values():
        tables.text.drop(connection)


def _put_nodes(connection: Connection, tables: Tables, nodes: list[NodeRow]) -> None:
    nodes = list({node.id: node for node in nodes}.values())
    ids = [node.id for node in nodes]
    for some in _chunks(ids):
        connection.execute(delete(tables.text).where(tables.text.c.rowid.in_(some)))
        connection.execute(delete(tables.prop).where(tables.prop.c.id.in_(some)))
        connection.execute(delete(tables.body).where(tables.body.c.id.in_(some)))
    flats = {node.id: flat(node.properties) for node in nodes}
    core = [_node(node, flats[node.id]) for node in nodes]
    put = upsert(tables.node)
    own = {name: put.excluded[name] for name in core[0] if name != "id"}
    connection.execute(put.on_conflict_do_update(index_elements=["id"], set_=own), core)
    connection.execute(insert(tables.body), [{"id": n.id, "properties": dumps(n.properties)} for n in nodes])
    keys = _keys(connection, tables, {name for values in flats.values() for name in values})
    rows = [
        {"id": node, "key": keys[name], "val": value}
        for node, values in flats.items()
        for name, value in values.items()
    ]
    if rows:
        connection.execute(insert(tables.prop), rows)
    connection.execute(insert(tables.text), [_text(node, flats[node.id]) for node in nodes])


def _node(node: NodeRow, values: dict[str, Any]) -> dict[str, Any]:
    parent_run = values.get("parent_run")
    return {
        "id": node.id,
        "type": node.type,
        "name": node.name,
        "version": node.version,
        "uri": node.uri,
        "state": node.state,
        "sha256": node.sha256,
        "created": node.created,
        "updated": node.updated,
        "parent_id": node.parent,
        "parent_run": None if parent_run is None else str(parent_run),
    }


def _text(node: NodeRow, values: dict[str, Any]) -> dict[str, Any]:
    props = "\n".join(value for value in values.values() if isinstance(value, str))
    return {
        "rowid": node.id,
        "name": fold(node.name),
        "uri": fold(node.uri),
        "version": fold(node.version or ""),
        "props": fold(props),
    }


def _keys(connection: Connection, tables: Tables, names: set[str]) -> dict[str, int]:
    """The numbers that stand for the names of properties, new ones made."""
    if not names:
        return {}
    found: dict[str, int] = {}
    for some in _chunks(sorted(names)):
        connection.execute(upsert(tables.name).on_conflict_do_nothing(), [{"name": name} for name in some])
        query = select(tables.name.c.name, tables.name.c.key).where(tables.name.c.name.in_(some))
        found.update(connection.execute(query).all())
    return found


def _derive(connection: Connection, changes: Changes) -> None:
    """Fill the columns that come from other nodes: workspace and run out of contexts, producer out of events."""
    for kind in ("artifact", "execution"):
        node = KINDS[kind].node
        touched = {node_id for member_kind, node_id, _ in changes.members if member_kind == kind}
        for column, context_type in (("workspace", WORKSPACE_TYPE), ("run", RUN_TYPE)):
            first = _first_context(kind, node, context_type)
            for some in _chunks(sorted(touched)):
                connection.execute(update(node).where(node.c.id.in_(some)).values({column: first}))
    made = {e.artifact for e in changes.events if e.type == "OUTPUT"}
    execution, artifact, e = schema.EXECUTION.node, ARTIFACT.node, schema.event
    maker = (
        select(func.min(e.c.execution))
        .where(e.c.artifact == artifact.c.id, e.c.type == "OUTPUT")
        .correlate(artifact)
        .scalar_subquery()
    )
    for some in _chunks(sorted(made)):
        connection.execute(update(artifact).where(artifact.c.id.in_(some)).values(producer_id=maker))
    name = select(execution.c.name).where(execution.c.id == artifact.c.producer_id).scalar_subquery()
    for some in _chunks(sorted(made)):
        connection.execute(update(artifact).where(artifact.c.id.in_(some)).values(producer=name))
    for some in _chunks([row.id for row in changes.executions]):
        # A maker that has been renamed.
        renamed = artifact.c.producer_id.in_(some) & (artifact.c.producer != name)
        connection.execute(update(artifact).where(renamed).values(producer=name))


def _first_context(kind: str, node: Any, context_type: str) -> Any:
    context, member = schema.CONTEXT.node, schema.member
    return (
        select(context.c.name)
        .join(member, member.c.context == context.c.id)
        .where(member.c.kind == kind, member.c.id == node.c.id, context.c.type == context_type)
        .order_by(context.c.id)
        .limit(1)
        .correlate(node)
        .scalar_subquery()
    )


def _chunks(items: Iterable[T], size: int = 500) -> list[list[T]]:
    every = list(items)
    return [every[i : i + size] for i in range(0, len(every), size)]
