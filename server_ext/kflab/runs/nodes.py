"""What the batches of a run are put together from: the types of its nodes, their names, and values that the store takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kflab.metadata.models import ArtifactPut, EventPut, ExecutionPut
from kflab.metadata.values import ValueRefused, normal

__all__ = [
    "DATASET",
    "EXECUTION",
    "METRICS",
    "MODEL",
    "SPLIT",
    "Puts",
    "changes",
    "name",
    "storable",
]

DATASET = "system.Dataset"
SPLIT = "system.Split"
MODEL = "system.Model"
METRICS = "system.Metrics"
EXECUTION = "system.ContainerExecution"


@dataclass
class Puts:
    """Nodes and links on their way into one batch."""

    executions: list[ExecutionPut] = field(default_factory=list)
    artifacts: list[ArtifactPut] = field(default_factory=list)
    events: list[EventPut] = field(default_factory=list)

    def read(self, execution: str | int, *artifacts: str | int | None) -> None:
        """The execution read these; None is one that is not in the store."""
        self._link(execution, artifacts, "INPUT")

    def made(self, execution: str | int, *artifacts: str | int | None) -> None:
        """The execution wrote these."""
        self._link(execution, artifacts, "OUTPUT")

    def add(self, others: Puts) -> None:
        self.executions += others.executions
        self.artifacts += others.artifacts
        self.events += others.events

    def _link(self, execution: str | int, artifacts: tuple[str | int | None, ...], type: Any) -> None:
        self.events += [
            EventPut(execution=execution, artifact=artifact, type=type)
            for artifact in artifacts
            if artifact is not None
        ]


def changes(values: Mapping[str, Any]) -> dict[str, Any]:
    """`set` and `unset` of a put, after which a node has these values and none of those that are None."""
    return {
        "set": {key: value for key, value in values.items() if value is not None},
        "unset": [key for key, value in values.items() if value is None],
    }


def name(text: str, limit: int = 255) -> str:
    """The text as a name: without control characters, and not too long."""
    clean = "".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in text)
    return clean.encode("utf-8", "replace").decode()[:limit] or "unnamed"


def storable(value: Any) -> Any:
    """The value as a property can hold it: as JSON text where its own code uses names that are kept for the store."""
    try:
        return normal(value)
    except ValueRefused:
        return json.dumps(value)
