"""Bring the index up to the store: after a kill between the two commits, after another server's batches, or anew.

Each batch leaves a context in the store, written in the same transaction as its nodes and named by its key. These
are the store's log: what has a higher id than the last one seen is missing in the index.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kflab.metadata.exact import event_row, row
from kflab.metadata.index import Index
from kflab.metadata.mlmd import MARKER, Mlmd, NodeKind
from kflab.metadata.rows import Changes

__all__ = ["catch_up", "catch_up_all", "rebuild"]

STEP = 1_000
NODES: tuple[NodeKind, NodeKind] = ("execution", "artifact")


def catch_up(store: Mlmd, index: Index) -> None:
    """Take in the batches that the index has not seen. Cheap if there are none: one read by id."""
    seen = index.seen()
    highest = store.highest("context")
    if seen is None or highest < seen["context"]:
        rebuild(store, index)
    elif highest > seen["context"]:
        with index.engine.begin() as connection:
            for changes in _batches(store, seen["context"], highest):
                index.apply(connection, changes, _seen(changes, seen))
            index.apply(connection, Changes(), {"context": highest})


def catch_up_all(store: Mlmd, index: Index) -> None:
    """As `catch_up`, and take in nodes that another client than this one has made."""
    catch_up(store, index)
    seen = index.seen()
    highest: dict[str, int] = {kind: store.highest(kind) for kind in NODES}
    if seen is None or any(highest[kind] < seen[kind] for kind in NODES):
        rebuild(store, index)
        return
    with index.engine.begin() as connection:
        for kind in NODES:
            for changes in _nodes(store, kind, seen[kind], highest[kind], None):
                index.apply(connection, changes, {})
        index.apply(connection, Changes(), highest)


def rebuild(store: Mlmd, index: Index) -> None:
    """Fill the index anew in one transaction: readers see the old one until it is done."""
    highest = {kind: store.highest(kind) for kind in ("context", *NODES)}
    with index.engine.begin() as connection:
        index.clear(connection)
        members: dict[NodeKind, dict[int, list[int]]] = {kind: defaultdict(list) for kind in NODES}
        for contexts in _by_id(store, "context", 0, highest["context"]):
            shown = [context for context in contexts if context.type != MARKER]
            rows = [row("context", context, store.pb, store.parent(context.id)) for context in shown]
            index.apply(connection, Changes(contexts=rows), {})
            for context in shown:
                for kind in NODES:
                    for node in store.members(kind, context.id):
                        members[kind][node.id].append(context.id)
        for kind in NODES:
            for changes in _nodes(store, kind, 0, highest[kind], members[kind]):
                index.apply(connection, changes, {})
        index.apply(connection, Changes(), highest)


def _by_id(store: Mlmd, kind: str, above: int, highest: int) -> Iterator[list[Any]]:
    for first in range(above + 1, highest + 1, STEP):
        yield store.by_id(kind, range(first, min(first + STEP, highest + 1)))


def _nodes(
    store: Mlmd, kind: NodeKind, above: int, highest: int, members: dict[int, list[int]] | None
) -> Iterator[Changes]:
    """The nodes of an interval of ids, with their events; `members` None: ask for each node's contexts."""
    for protos in _by_id(store, kind, above, highest):
        changes = Changes()
        _add(changes, kind, protos, store)
        for proto in protos:
            contexts = members.get(proto.id, []) if members is not None else _contexts(store, kind, proto.id)
            changes.members |= {(kind, proto.id, context) for context in contexts}
        if kind == "artifact":  # executions come first, so both ends of each event are there
            changes.events = _events(store, artifacts=[proto.id for proto in protos])
        yield changes


def _contexts(store: Mlmd, kind: NodeKind, node: int) -> list[int]:
    ids = store.contexts_of(kind, node)
    return [context.id for context in store.by_id("context", ids) if context.type != MARKER]


def _batches(store: Mlmd, above: int, highest: int) -> Iterator[Changes]:
    """What each batch has changed, oldest first; and contexts that another client has made."""
    for contexts in _by_id(store, "context", above, highest):
        for context in sorted(contexts, key=lambda c: int(c.id)):
            if context.type == MARKER:
                yield _batch(store, context)
            else:
                yield Changes(contexts=[row("context", context, store.pb, store.parent(context.id))])


def _batch(store: Mlmd, marker: Any) -> Changes:
    contexts: list[int] = json.loads(marker.custom_properties["contexts"].string_value)
    touched: list[int] = json.loads(marker.custom_properties["executions"].string_value)
    changes = Changes()
    found = store.by_id("context", contexts)
    changes.contexts = [row("context", context, store.pb, store.parent(context.id)) for context in found]
    for kind in NODES:
        protos = store.members(kind, marker.id)
        _add(changes, kind, protos, store)
        changes.members |= {(kind, proto.id, context) for proto in protos for context in contexts}
    changes.events = _events(
        store,
        executions={*touched, *(execution.id for execution in changes.executions)},
        artifacts={artifact.id for artifact in changes.artifacts},
    )
    return changes


def _add(changes: Changes, kind: NodeKind, protos: list[Any], store: Mlmd) -> None:
    rows = changes.artifacts if kind == "artifact" else changes.executions
    rows += [row(kind, proto, store.pb) for proto in protos]


def _events(store: Mlmd, executions: Any = (), artifacts: Any = ()) -> Any:
    return {found for event in store.events(executions, artifacts) if (found := event_row(event, store.pb))}


def _seen(changes: Changes, seen: dict[str, int]) -> dict[str, int]:
    """Ids of nodes grow with the batches, so the highest of a batch has been seen with it."""
    seen["execution"] = max([seen["execution"], *(node.id for node in changes.executions)])
    seen["artifact"] = max([seen["artifact"], *(node.id for node in changes.artifacts)])
    return {kind: seen[kind] for kind in NODES}
