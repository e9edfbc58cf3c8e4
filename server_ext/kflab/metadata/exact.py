"""A node's own fields and properties inside an ML Metadata message, exactly, and as a row for the index."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kflab.metadata.rows import EventRow, NodeRow
from kflab.metadata.values import decode, dumps, encode, loads

__all__ = ["Exact", "event_row", "load", "row", "save"]

PROPERTY = "kflab"
DISPLAY_NAME = "display_name"  # where Kubeflow Pipelines puts the name that people see
_OURS = frozenset({PROPERTY, DISPLAY_NAME, "kflab.version", "kflab.sha256"})
_NULL = "__MLMD_NULL__"  # ML Metadata's own word, which breaks its listings
_READS = {"INPUT": "INPUT", "DECLARED_INPUT": "INPUT", "INTERNAL_INPUT": "INPUT"}
_WRITES = {
    "OUTPUT": "OUTPUT",
    "DECLARED_OUTPUT": "OUTPUT",
    "INTERNAL_OUTPUT": "OUTPUT",
    "PENDING_OUTPUT": "OUTPUT",
}


@dataclass
class Exact:
    """What ML Metadata has no exact place for. `properties` are in their written form."""

    name: str = ""
    version: str | None = None
    sha256: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


def load(proto: Any) -> Exact:
    """What was saved in the message; for one that another client made, what can be read from its properties."""
    custom = proto.custom_properties
    if PROPERTY in custom and custom[PROPERTY].string_value.startswith("{"):
        kept = loads(custom[PROPERTY].string_value)
        return Exact(kept["name"], kept.get("version"), kept.get("sha256"), kept["properties"])
    found: dict[str, Any] = {}
    for values in (proto.properties, custom):
        for name, value in values.items():
            held = value.WhichOneof("value")
            if held in ("int_value", "double_value", "string_value", "bool_value"):
                found[name] = encode(getattr(value, held))
    shown = found.pop(DISPLAY_NAME, None)
    return Exact(shown if isinstance(shown, str) and shown else proto.name, properties=found)


def save(proto: Any, exact: Exact) -> None:
    """Put it into the message, with copies for other clients in place of the former ones."""
    custom = proto.custom_properties
    for name in set(load(proto).properties) | _OURS:
        if name in custom:
            del custom[name]
    for name, written in exact.properties.items():
        if name not in _OURS:
            _copy(custom, name, decode(written))
    for name, text in (
        (DISPLAY_NAME, exact.name),
        ("kflab.version", exact.version),
        ("kflab.sha256", exact.sha256),
    ):
        if text is not None:
            _copy(custom, name, text)
    kept = {
        "name": exact.name,
        "version": exact.version,
        "sha256": exact.sha256,
        "properties": exact.properties,
    }
    custom[PROPERTY].string_value = dumps(kept)


def _copy(custom: Any, name: str, value: Any) -> None:
    """A copy, where ML Metadata can hold the value. Doubles are cut to six digits there."""
    if isinstance(value, bool):
        custom[name].bool_value = value
    elif isinstance(value, int) and -(2**63) <= value < 2**63:
        custom[name].int_value = value
    elif isinstance(value, float) and value - value == 0:
        custom[name].double_value = value
    elif isinstance(value, str) and "\0" not in value and _NULL not in value:
        custom[name].string_value = value


def row(kind: str, proto: Any, pb: Any, parent: int | None = None) -> NodeRow:
    """The message as the index takes it."""
    exact = load(proto)
    state = None
    if kind == "artifact":
        state = pb.Artifact.State.Name(proto.state)
    elif kind == "execution":
        state = pb.Execution.State.Name(proto.last_known_state)
    return NodeRow(
        id=proto.id,
        type=proto.type,
        name=exact.name,
        created=proto.create_time_since_epoch,
        updated=proto.last_update_time_since_epoch,
        properties=exact.properties,
        state=state,
        version=exact.version,
        uri=proto.uri if kind == "artifact" else "",
        sha256=exact.sha256,
        parent=parent,
    )


def event_row(event: Any, pb: Any) -> EventRow | None:
    """The event as an edge; None for a kind that says neither read nor written."""
    name = pb.Event.Type.Name(event.type)
    kind = _READS.get(name) or _WRITES.get(name)
    return EventRow(event.execution_id, event.artifact_id, kind) if kind else None
