"""What a run leaves in the metadata: its dataset, execution, model and metrics, each once.

`plan` is pure: from a run, its events and what the store has of it, to the next batch. A run makes two at
most: one when its data is split (or the test set is opened), one when it has ended. The seq of the last event
that is in the store stands on the run's execution, written in the same batch, so that nothing is recorded
twice, whoever is killed in between. Epochs stay in the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kflab.metadata.models import ArtifactPut, Batch, ContextPut, EventPut, ExecutionPut, ExecutionState
from kflab.runs.events import ENDS
from kflab.runs.log import Record
from kflab.runs.spec import Run

__all__ = ["DATASET", "EXECUTION", "METRICS", "MODEL", "Recorded", "Source", "plan"]

DATASET, MODEL, METRICS, EXECUTION = (
    "system.Dataset",
    "system.Model",
    "system.Metrics",
    "system.ContainerExecution",
)
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_STATES: dict[str, ExecutionState] = {
    "done": "COMPLETE",
    "failed": "FAILED",
    "cancelled": "CANCELED",
    "interrupted": "CANCELED",
}


@dataclass(frozen=True)
class Recorded:
    """What the store has of a run: the id of its execution, None if there is none, and its last seq."""

    execution: int | None = None
    seq: int = 0


@dataclass(frozen=True)
class Source:
    """What the store has of the run that an evaluation is about."""

    execution: int | None = None
    model: int | None = None
    dataset: int | None = None
    unlocked: bool = False


def plan(
    run: Run,
    events: Sequence[Record],
    *,
    recorded: Recorded,
    split: Mapping[str, Any] | None = None,
    source: Source | None = None,
    workspace: Path | None = None,
) -> Batch | None:
    """The next batch for a run, or None if there is nothing to record yet.

    `events` are those with a seq beyond `recorded.seq`, up to the last; `split` is split.json, for a run
    that trains; `source` is for one that evaluates; `workspace` is the folder that paths become relative to.
    """
    fresh = [event for event in events if event["seq"] > recorded.seq]
    ended = bool(fresh) and fresh[-1]["type"] in ENDS
    if not ended:
        # Up to the first event that is worth a record and no further: the rest is for the last batch.
        first = next((n for n, event in enumerate(fresh) if _opens(run, event)), None)
        if recorded.execution is not None or first is None:
            return None
        fresh = fresh[: first + 1]
    last = fresh[-1]
    begins = recorded.execution is None
    own: str | int = "execution" if recorded.execution is None else recorded.execution
    properties: dict[str, Any] = {"last_seq": last["seq"]}
    artifacts: list[ArtifactPut] = []
    links: list[EventPut] = []
    others: list[ExecutionPut] = []
    if begins:
        properties |= {
            "run_id": run.id,
            "kind": run.kind,
            "spec": run.spec.model_dump(mode="json", by_alias=True),
        }
        if source is not None:
            others = _unlock(run, fresh[0], source)
            properties |= {"test_unlocked": fresh[0]["time"]}
            links = [
                EventPut(execution=own, artifact=known, type="INPUT")
                for known in (source.dataset, source.model)
                if known is not None
            ]
        elif split is not None:
            artifacts.append(_dataset(split))
            links.append(EventPut(execution=own, artifact="dataset", type="INPUT"))
            properties |= {name: split[name] for name in ("task", "target", "columns", "classes", "sizes")}
            properties["split_sha256"] = split["sha256"]
    if ended:
        made = [*_models(run, fresh, workspace), *_metrics(run, fresh, source)]
        artifacts += made
        links += [EventPut(execution=own, artifact=put.ref or "", type="OUTPUT") for put in made]
        kept = ("cause", "text", "by", "best", "peak_memory")
        properties |= {name: last[name] for name in kept if last.get(name) is not None}
        properties |= {"started": run.started, "ended": last["time"]}
    execution = ExecutionPut(
        ref="execution" if begins else None,
        id=recorded.execution,
        type=EXECUTION if begins else None,
        name=_name(run.name) if begins else None,
        state=_STATES[last["type"]] if ended else "RUNNING",
        set=properties,
    )
    return Batch(
        key=_key(run.id, last["seq"]),
        contexts=_contexts(run),
        executions=[execution, *others],
        artifacts=artifacts,
        events=links,
    )


def _opens(run: Run, event: Record) -> bool:
    """Whether the run's execution is recorded at this event, while it still runs."""
    if run.kind == "evaluate":
        return True
    return event["type"] == "stage" and (event["name"], event["state"]) == ("split", "end")


def _contexts(run: Run) -> list[ContextPut]:
    """An evaluation is part of the run whose model it scores."""
    group = run.spec.from_.run if run.spec.from_ else run.id
    workspace = ContextPut(ref="workspace", type="system.Pipeline", name=_name(run.spec.workspace))
    return [workspace, ContextPut(ref="run", type="system.PipelineRun", name=group, parent="workspace")]


def _unlock(run: Run, first: Record, source: Source) -> list[ExecutionPut]:
    """Mark on the training's execution that its test set has been seen, the first time it is."""
    if source.execution is None or source.unlocked:
        return []
    seen = {"test_unlocked": first["time"], "test_unlocked_by": run.id}
    return [ExecutionPut(id=source.execution, set=seen)]


def _dataset(split: Mapping[str, Any]) -> ArtifactPut:
    uri, sha256 = split["dataset"]["uri"], split["dataset"]["sha256"]
    return ArtifactPut(
        ref="dataset",
        type=DATASET,
        name=_name(PurePosixPath(uri.removeprefix("sklearn:")).name),
        version=sha256[:12],
        uri=_uri(uri, None),
        sha256=sha256,
        state="LIVE",
        set={"rows": split["rows"]},
    )


def _models(run: Run, events: Sequence[Record], workspace: Path | None) -> list[ArtifactPut]:
    family = run.spec.model.family if run.spec.model else ""
    return [
        ArtifactPut(
            ref=f"model{number or ''}",
            type=MODEL,
            name=_name(run.name),
            version=run.id,
            uri=_uri(event["uri"], workspace),
            sha256=event["sha256"],
            state="LIVE",
            set={"run_id": run.id, "family": family, **(events[-1].get("model") or {})},
        )
        for number, event in enumerate(event for event in events if event["type"] == "artifact")
    ]


def _uri(uri: str, workspace: Path | None) -> str:
    """A path in the workspace is relative to it, so that it holds where the workspace is mounted elsewhere."""
    if workspace is not None and Path(uri).is_relative_to(workspace):
        uri = Path(uri).relative_to(workspace).as_posix()
    return _name(uri, 2048)


def _metrics(run: Run, events: Sequence[Record], source: Source | None) -> list[ArtifactPut]:
    """One artifact for each part that was scored; of a metric that came twice the last counts."""
    parts: dict[str, dict[str, Any]] = {}
    for event in events:
        if event["type"] == "metric":
            parts.setdefault(event["part"], {})[event["name"]] = event["value"]
    about = {"model_id": source.model, "data_set_id": source.dataset} if source else {}
    return [
        ArtifactPut(
            ref=f"metrics-{part}",
            type=METRICS,
            name=_name(f"{run.name}, {part}"),
            state="LIVE",
            set={
                "run_id": run.id,
                "part": part,
                "values": values,
                **{name: known for name, known in about.items() if known is not None},
            },
        )
        for part, values in parts.items()
    ]


def _name(text: str, limit: int = 255) -> str:
    """The text as a name: without control characters, and not too long."""
    clean = "".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in text)
    return clean.encode("utf-8", "replace").decode()[:limit] or "unnamed"


def _key(run_id: str, seq: int) -> str:
    """The batch's key, a ULID: the same for the same part of the same run, so that a repeat is known as one."""
    digest = hashlib.sha256(f"{run_id}:{seq}".encode()).digest()
    return run_id[:10] + "".join(_BASE32[byte & 31] for byte in digest[:16])
