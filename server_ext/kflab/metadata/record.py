"""Record a batch: merge it into what is stored, put it in one call, bring the index along."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kflab.metadata.catchup import catch_up
from kflab.metadata.errors import BadBatch, BatchConflict
from kflab.metadata.exact import Exact, event_row, load, row, save
from kflab.metadata.index import Index
from kflab.metadata.lock import Lock
from kflab.metadata.mlmd import MARKER, Mlmd, NodeKind
from kflab.metadata.models import (
    ArtifactPut,
    Batch,
    BatchResult,
    ContextPut,
    EventPut,
    ExecutionPut,
)
from kflab.metadata.rows import Changes, EventRow
from kflab.metadata.values import MAX_BYTES, dumps

__all__ = ["Recorder"]

BY_CONTENT = frozenset({"system.Dataset", "system.Split"})  # one artifact each for the same sha256
NodePut = ArtifactPut | ExecutionPut


@dataclass
class _Node:
    """A node on its way into the store; several puts may mean the same one."""

    proto: Any
    exact: Exact


@dataclass
class _Plan:
    """The nodes of one kind, and which of them each `ref` and each `id` of the batch means."""

    nodes: list[_Node]
    by_ref: dict[str, int]
    by_id: dict[int, int]


class Recorder:
    """Writes one store and its index. One batch at a time."""

    def __init__(self, store: Mlmd, index: Index, lock: Lock) -> None:
        self._store = store
        self._index = index
        self._lock = lock

    def record(self, batch: Batch) -> BatchResult:
        """Record the batch, or recognise that it has been.

        Raises BadBatch for ids and refs that do not exist, BatchConflict if the key was used for another body.
        """
        body = hashlib.sha256(
            json.dumps(batch.model_dump(mode="json", exclude={"key"}), sort_keys=True).encode()
        ).hexdigest()
        with self._lock.hold():
            catch_up(self._store, self._index)
            marker = self._store.context(MARKER, batch.key)
            if marker is not None:
                if marker.custom_properties["body"].string_value != body:
                    raise BatchConflict(
                        f"The key {batch.key} was used before for another batch; "
                        "send this one with a new key, or the same content again."
                    )
                return BatchResult(ids=self._ids(batch), replayed=True)
            return BatchResult(ids=self._put(batch, body), replayed=False)

    def _ids(self, batch: Batch) -> dict[str, int]:
        """The ids of all refs of a batch that is in the store."""
        ids: dict[str, int] = {}
        for ref, (type_name, name) in _identities(batch.contexts).items():
            context = self._store.context(type_name, name)
            if context is not None:
                ids[ref] = context.id
        for kind, puts in _puts(batch):
            named = {put.ref: _external_id(put, batch.key) for put in puts if put.ref is not None}
            found = self._store.by_external_id(kind, list(dict.fromkeys(named.values())))
            ids |= {ref: found[external].id for ref, external in named.items() if external in found}
        return ids

    def _put(self, batch: Batch, body: str) -> dict[str, int]:
        store = self._store
        plans = {kind: self._plan(kind, puts, batch.key) for kind, puts in _puts(batch)}
        edges, outside = self._edges(batch.events, plans["execution"], plans["artifact"])
        contexts = self._contexts(batch.contexts)
        marker = store.pb.Context(type_id=store.type_id("context", MARKER), name=batch.key)
        for name, value in (
            ("body", body),
            ("contexts", json.dumps(sorted(context.id for context in contexts.values()))),
            ("executions", json.dumps(outside)),
        ):
            marker.custom_properties[name].string_value = value
        for plan in plans.values():
            for node in plan.nodes:
                save(node.proto, node.exact)
        executions, artifacts, context_ids = store.store.put_lineage_subgraph(
            [node.proto for node in plans["execution"].nodes],
            [node.proto for node in plans["artifact"].nodes],
            [*contexts.values(), marker],
            edges,
        )
        ids = {ref: context.id for ref, context in contexts.items()}
        ids |= {ref: executions[at] for ref, at in plans["execution"].by_ref.items()}
        ids |= {ref: artifacts[at] for ref, at in plans["artifact"].by_ref.items()}
        events = {
            found
            for execution, artifact, event in edges
            if (found := _edge_row(event, execution, artifact, executions, artifacts, store.pb))
        }
        self._follow(list(contexts.values()), executions, artifacts, events, context_ids[-1])
        return ids

    def _follow(
        self,
        contexts: Sequence[Any],
        executions: Sequence[int],
        artifacts: Sequence[int],
        events: set[EventRow],
        marker: int,
    ) -> None:
        """Take what was put into the index, as the store has it now."""
        store, pb = self._store, self._store.pb
        context_ids = [context.id for context in contexts]
        changes = Changes(
            contexts=[row("context", c, pb, store.parent(c.id)) for c in store.by_id("context", context_ids)],
            executions=[row("execution", e, pb) for e in store.by_id("execution", executions)],
            artifacts=[row("artifact", a, pb) for a in store.by_id("artifact", artifacts)],
            members={
                (kind, node, context)
                for kind, nodes in (("execution", executions), ("artifact", artifacts))
                for node in nodes
                for context in context_ids
            },
            events=events,
        )
        seen = self._index.seen() or {}
        highest = {
            "context": marker,
            "execution": max([*executions, seen.get("execution", 0)]),
            "artifact": max([*artifacts, seen.get("artifact", 0)]),
        }
        with self._index.engine.begin() as connection:
            self._index.apply(connection, changes, highest)

    def _contexts(self, puts: Sequence[ContextPut]) -> dict[str, Any]:
        """The contexts by ref, parents and properties ensured; doing it twice changes nothing."""
        store = self._store
        found: dict[str, Any] = {}
        for put, (type_name, name) in zip(puts, _identities(puts).values(), strict=True):
            context = store.context(type_name, name)
            exact = load(context) if context is not None else Exact(name=put.name)
            merged = exact.properties | put.properties
            _fits(merged, "contexts")
            if context is None or merged != exact.properties:
                if context is None:
                    context = store.pb.Context(type_id=store.type_id("context", type_name), name=name)
                exact.properties = merged
                save(context, exact)
                context.id = store.store.put_contexts([context])[0]
            found[put.ref] = context
        for put in puts:
            if put.parent is not None and store.parent(found[put.ref].id) is None:
                link = store.pb.ParentContext(child_id=found[put.ref].id, parent_id=found[put.parent].id)
                store.store.put_parent_contexts([link])
        return found

    def _plan(self, kind: NodeKind, puts: Sequence[NodePut], key: str) -> _Plan:
        store = self._store
        named = [_external_id(put, key) for put in puts if put.ref is not None]
        stored = store.by_external_id(kind, list(dict.fromkeys(named)))
        known = {
            proto.id: proto for proto in store.by_id(kind, [put.id for put in puts if put.id is not None])
        }
        plan = _Plan([], {}, {})
        at: dict[str, int] = {}  # external id -> place, for two refs to the same content
        for number, put in enumerate(puts):
            where = f"{kind}s.{number}"
            if put.id is not None:
                if put.id not in known:
                    raise BadBatch(f"{where}.id", f"there is no {kind} {put.id} in the store.")
                proto, external = known[put.id], None
                place = plan.by_id.get(put.id)
            else:
                external = _external_id(put, key)
                proto = stored.get(external)
                place = plan.by_id.get(proto.id) if proto is not None else at.get(external)
            if place is None:
                place = len(plan.nodes)
                plan.nodes.append(self._node(kind, put, proto, external))
            node = plan.nodes[place]
            if node.proto.id:
                plan.by_id[node.proto.id] = place
            if external is not None:
                at[external] = place
            if put.ref is not None:
                plan.by_ref[put.ref] = place
            self._merge(kind, node, put, where)
        return plan

    def _node(self, kind: NodeKind, put: NodePut, proto: Any, external: str | None) -> _Node:
        if proto is not None:
            return _Node(proto, load(proto))
        pb = self._store.pb
        type_id = self._store.type_id(kind, put.type or "")
        if kind == "artifact":
            fresh = pb.Artifact(type_id=type_id, external_id=external, state=pb.Artifact.LIVE)
        else:
            fresh = pb.Execution(type_id=type_id, external_id=external, last_known_state=pb.Execution.NEW)
        fresh.type = put.type
        return _Node(fresh, Exact())

    def _merge(self, kind: NodeKind, node: _Node, put: NodePut, where: str) -> None:
        pb, proto, exact = self._store.pb, node.proto, node.exact
        if put.type is not None and proto.type != put.type:
            raise BadBatch(
                f"{where}.type",
                f"{kind} {proto.id} is a {proto.type}; a type can't be changed. Leave it out.",
            )
        if put.name is not None:
            exact.name = put.name
        exact.properties = {k: v for k, v in (exact.properties | put.set).items() if k not in put.unset}
        _fits(exact.properties, where)
        if isinstance(put, ArtifactPut):
            if put.version is not None:
                exact.version = put.version
            if put.sha256 is not None:
                exact.sha256 = put.sha256
            if put.uri is not None:
                proto.uri = put.uri
            if put.state is not None:
                proto.state = pb.Artifact.State.Value(put.state)
        elif put.state is not None:
            proto.last_known_state = pb.Execution.State.Value(put.state)

    def _edges(
        self, puts: Sequence[EventPut], executions: _Plan, artifacts: _Plan
    ) -> tuple[list[tuple[int | None, int | None, Any]], list[int]]:
        """The events that are new, and the executions of those whose ends are both outside the batch's nodes."""
        pb = self._store.pb
        for kind, plan in (("execution", executions), ("artifact", artifacts)):
            ends = [getattr(put, kind) for put in puts]
            missing = {e for e in ends if isinstance(e, int)} - set(plan.by_id)
            missing -= {node.id for node in self._store.by_id(kind, sorted(missing))}
            for number, end in enumerate(ends):
                if end in missing or (isinstance(end, str) and end not in plan.by_ref):
                    said = (
                        f"there is no {kind} {end} in the store."
                        if isinstance(end, int)
                        else (f"'{end}' is not the ref of one of this batch's {kind}s.")
                    )
                    raise BadBatch(f"events.{number}.{kind}", said)
        stored = self._stored_events(puts, executions)
        edges: list[tuple[int | None, int | None, Any]] = []
        outside: set[int] = set()
        done = set()
        for put in puts:
            execution, execution_id = _end(put.execution, executions)
            artifact, artifact_id = _end(put.artifact, artifacts)
            identity = (execution, execution_id, artifact, artifact_id, put.type)
            if identity in done or (execution_id, artifact_id, put.type) in stored:
                continue
            done.add(identity)
            event = pb.Event(type=pb.Event.Type.Value(put.type))
            if execution is None:
                event.execution_id = execution_id
            if artifact is None:
                event.artifact_id = artifact_id
            if execution is None and artifact is None:
                outside.add(execution_id or 0)
            for step in put.path:
                if isinstance(step, int):
                    event.path.steps.add(index=step)
                else:
                    event.path.steps.add(key=step)
            edges.append((execution, artifact, event))
        return edges, sorted(outside)

    def _stored_events(self, puts: Sequence[EventPut], executions: _Plan) -> set[tuple[int, int, str]]:
        known = {id_ for put in puts if (id_ := _end(put.execution, executions)[1])}
        types = self._store.pb.Event.Type
        return {
            (e.execution_id, e.artifact_id, types.Name(e.type)) for e in self._store.events(sorted(known))
        }


def _puts(batch: Batch) -> list[tuple[NodeKind, Sequence[NodePut]]]:
    return [("execution", batch.executions), ("artifact", batch.artifacts)]


def _external_id(put: NodePut, key: str) -> str:
    """What a replay is recognised by; for data its content, so that the same data twice is one artifact."""
    if isinstance(put, ArtifactPut) and put.type in BY_CONTENT and put.sha256 is not None:
        return put.sha256
    return f"{key}:{put.ref}"


def _identities(puts: Sequence[ContextPut]) -> dict[str, tuple[str, str]]:
    """For each ref the type and ML Metadata's name: made of type, name and parents, so it is found again.

    The name is in base 32, since MySQL takes `Churn`, `churn` and `churn ` for the same. Raises BadBatch for a
    parent that is not in the batch, or that leads back to its child.
    """
    by_ref = {put.ref: put for put in puts}
    names: dict[str, str] = {}

    def name(put: ContextPut, above: tuple[str, ...]) -> str:
        at = f"contexts.{puts.index(put)}.parent"
        if put.ref in above:
            raise BadBatch(at, f"'{put.ref}' is its own parent; parents may not form a circle.")
        if put.ref not in names:
            parent = ""
            if put.parent is not None:
                if put.parent not in by_ref:
                    raise BadBatch(at, f"'{put.parent}' is not the ref of one of this batch's contexts.")
                parent = name(by_ref[put.parent], (*above, put.ref))
            digest = hashlib.sha256(json.dumps([put.type, put.name, parent]).encode()).digest()
            names[put.ref] = base64.b32encode(digest[:20]).decode()
        return names[put.ref]

    return {put.ref: (put.type, name(put, ())) for put in puts}


def _fits(properties: dict[str, Any], where: str) -> None:
    if len(dumps(properties)) > MAX_BYTES:
        raise BadBatch(
            f"{where}.set",
            f"all properties of a node together may have {MAX_BYTES:,} bytes; store the data as a file.",
        )


def _end(end: str | int, plan: _Plan) -> tuple[int | None, int | None]:
    """One end of an event: its place in the batch, if it has one, and its id, if it has one."""
    if isinstance(end, str):
        place = plan.by_ref[end]
        return place, plan.nodes[place].proto.id or None
    return plan.by_id.get(end), end


def _edge_row(
    event: Any,
    execution: int | None,
    artifact: int | None,
    executions: list[int],
    artifacts: list[int],
    pb: Any,
) -> EventRow | None:
    whole = pb.Event()
    whole.CopyFrom(event)
    if execution is not None:
        whole.execution_id = executions[execution]
    if artifact is not None:
        whole.artifact_id = artifacts[artifact]
    return event_row(whole, pb)
