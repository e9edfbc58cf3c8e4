"""What a run leaves in the metadata: its dataset, execution, model and metrics, each once.

`plan` is pure: from a run, its events and what the store has of it, to the next batch. A run makes two at
most: one when its data is split (or the test set is opened), one when it has ended. A run that tunes makes more, as
its trials end, and so does the training of its best, which depends on them all.

The seq of the last event that is in the store stands on the run's execution, written in the same batch, and the
batch's key is made of the one before: of all batches that begin at the same place the store takes one, so that nothing
is recorded twice, whoever is killed in between. Epochs stay in the log.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Any

from kflab.metadata.models import ArtifactPut, Batch, ContextPut, ExecutionPut, ExecutionState
from kflab.runs.events import ENDS
from kflab.runs.log import Record
from kflab.runs.nodes import DATASET, EXECUTION, METRICS, MODEL, Puts, changes, name, storable
from kflab.runs.plan_trials import LINKS, Scored, Stored, best, split_of, trials, up_to
from kflab.runs.spec import Run

__all__ = ["Recorded", "Source", "plan", "step"]

_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_STATES: dict[str, ExecutionState] = {
    "done": "COMPLETE",
    "failed": "FAILED",
    "cancelled": "CANCELED",
    "interrupted": "CANCELED",
    "resumed": "RUNNING",
}
_ENDING = ("cause", "text", "by", "best", "peak_memory")


@dataclass(frozen=True)
class Recorded:
    """What the store has of a run: the id of its execution, None if there is none, and its last seq.

    `linked` is the number of the last trial that it is linked with, of those that its model was chosen from.
    """

    execution: int | None = None
    seq: int = 0
    linked: int = -1


@dataclass(frozen=True)
class Source:
    """What the store has of the run that this one evaluates, tunes the model of, or trains the best of.

    `trials` are the done ones among which that best was, `best` the number that their run calls the best.
    """

    execution: int | None = None
    model: int | None = None
    dataset: int | None = None
    unlocked: bool = False
    trials: Sequence[Scored] = ()
    best: int | None = None


def step(run: Run, events: Sequence[Record], recorded: Recorded) -> Sequence[Record]:
    """The events, of those up to the last, that the next batch is about; none if there is nothing to record yet."""
    fresh = events[bisect_right(events, recorded.seq, key=itemgetter("seq")) :]
    ended = bool(fresh) and fresh[-1]["type"] in ENDS
    if recorded.execution is None:
        # Up to the first event that is worth a record and no further, so that what follows knows the execution's id.
        first = next((n for n, event in enumerate(fresh) if _opens(run, event)), None)
        if first is not None and not (ended and _in_one(run)):
            return fresh[: first + 1]
    elif run.kind == "tune":
        return up_to(fresh, _STATES)
    return fresh if ended else []


def plan(
    run: Run,
    events: Sequence[Record],
    *,
    recorded: Recorded,
    split: Mapping[str, Any] | None = None,
    source: Source | None = None,
    stored: Mapping[int, Stored] | None = None,
    workspace: Path | None = None,
) -> Batch | None:
    """The next batch for a run, or None if there is nothing to record yet.

    `events` are those with a seq beyond `recorded.seq`, up to the last; `split` is split.json, for a run that trains or
    tunes; `source` is for one that has `from`; `stored` is what the store has of the trials that end in this `step`;
    `workspace` is the folder that paths become relative to.
    """
    part = step(run, events, recorded)
    if not part:
        return None
    waiting = _unlinked(recorded, source)
    if waiting and recorded.execution is not None:
        part = []  # the trials that a model comes from are linked before its end is recorded
    own: str | int = "execution" if recorded.execution is None else recorded.execution
    puts = Puts()
    values: dict[str, Any] = {"last_seq": part[-1]["seq"]} if part else {}
    if recorded.execution is None:
        values |= {
            "run_id": run.id,
            "kind": run.kind,
            "spec": storable(run.spec.model_dump(mode="json", by_alias=True)),
            **_begin(run, part, own, source, puts),
        }
    elif not part:
        values |= _link(run, own, waiting[:LINKS], source, puts)
    if split is not None and (run.kind == "tune" or (recorded.execution is None and run.kind == "train")):
        values |= _data(run, own, split, puts)
    if run.kind == "tune":
        if recorded.execution is not None:
            puts.add(trials(run, part, recorded.execution, stored or {}))
    elif part and part[-1]["type"] in ENDS:
        made = [*_models(run, part, workspace), *_metrics(run, part, source)]
        puts.artifacts += made
        puts.made(own, *[put.ref for put in made])
    turn = next((event for event in reversed(part) if event["type"] in _STATES), None)
    if turn is not None:
        values |= {key: turn.get(key) for key in _ENDING}
        values |= {"started": run.started, "ended": turn["time"] if turn["type"] in ENDS else None}
    execution = ExecutionPut(
        ref="execution" if recorded.execution is None else None,
        id=recorded.execution,
        type=EXECUTION if recorded.execution is None else None,
        name=name(run.name) if recorded.execution is None else None,
        state=_STATES[turn["type"]] if turn else "RUNNING" if recorded.execution is None else None,
        **changes(values),
    )
    return Batch(
        key=_key(run.id, recorded),
        contexts=_contexts(run),
        executions=[execution, *puts.executions],
        artifacts=puts.artifacts,
        events=puts.events,
    )


def _opens(run: Run, event: Record) -> bool:
    """Whether the run's execution is recorded at this event, while it still runs."""
    if run.kind == "evaluate":
        return True
    if event["type"] == "trial":  # a run that was cut off at the very end of its split says no more of it
        return True
    return event["type"] == "stage" and (event["name"], event["state"]) == ("split", "end")


def _in_one(run: Run) -> bool:
    """Whether one batch is enough for a run that has ended before any of it was recorded."""
    return run.kind == "evaluate" or (run.kind == "train" and run.spec.from_ is None)


def _contexts(run: Run) -> list[ContextPut]:
    """An evaluation is part of the run whose model it scores."""
    group = run.spec.from_.run if run.kind == "evaluate" and run.spec.from_ else run.id
    workspace = ContextPut(ref="workspace", type="system.Pipeline", name=name(run.spec.workspace))
    return [workspace, ContextPut(ref="run", type="system.PipelineRun", name=group, parent="workspace")]


def _begin(
    run: Run, part: Sequence[Record], own: str | int, source: Source | None, puts: Puts
) -> dict[str, Any]:
    """Link a new execution with what the run is about; returns the properties that say so."""
    if run.kind == "evaluate":
        if source is None:
            return {}
        puts.executions += _unlock(run, part[0], source)
        puts.read(own, source.dataset, source.model)
        return {"test_unlocked": part[0]["time"]}
    if run.kind == "tune" and source is not None:
        puts.read(own, source.model)
    return {"from_run": run.spec.from_.run if run.spec.from_ else None}


def _unlock(run: Run, first: Record, source: Source) -> list[ExecutionPut]:
    """Mark on the training's execution that its test set has been seen, the first time it is."""
    if source.execution is None or source.unlocked:
        return []
    seen = {"test_unlocked": first["time"], "test_unlocked_by": run.id}
    return [ExecutionPut(id=source.execution, set=seen)]


def _unlinked(recorded: Recorded, source: Source | None) -> Sequence[Scored]:
    found = source.trials if source is not None else ()
    return sorted((one for one in found if one.trial > recorded.linked), key=lambda one: one.trial)


def _link(
    run: Run, own: str | int, some: Sequence[Scored], source: Source | None, puts: Puts
) -> dict[str, Any]:
    """Link the training of a tuning run's best with these of its trials; returns the properties that say so."""
    puts.read(own, *[one.metrics for one in some])
    params = run.spec.model.params if run.spec.model else {}
    chosen = best(source.trials, params, source.best) if source else None
    if chosen in some and chosen is not None:
        # It is marked as well, as a lineage shows what has changed last of many.
        puts.artifacts.append(ArtifactPut(id=chosen.metrics, set={"chosen_by": run.id}))
    return {"trials_linked": some[-1].trial, "from_trial": chosen.trial if chosen else None}


def _data(run: Run, own: str | int, split: Mapping[str, Any], puts: Puts) -> dict[str, Any]:
    """The dataset that the run reads and, where trials share it, the split that it makes; returns its properties.

    Both are known by their content, and links are there once, so it does no harm to put them again.
    """
    puts.artifacts.append(_dataset(split))
    puts.read(own, "dataset")
    if run.kind == "tune":
        puts.artifacts.append(split_of(run.spec, split))
        puts.made(own, "split")
    values = {key: split[key] for key in ("task", "target", "columns", "classes", "sizes")}
    return {**values, "split_sha256": split["sha256"]}


def _dataset(split: Mapping[str, Any]) -> ArtifactPut:
    uri, sha256 = split["dataset"]["uri"], split["dataset"]["sha256"]
    return ArtifactPut(
        ref="dataset",
        type=DATASET,
        name=name(PurePosixPath(uri.removeprefix("sklearn:")).name),
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
            name=name(run.name),
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
    return name(uri, 2048)


def _metrics(run: Run, events: Sequence[Record], source: Source | None) -> list[ArtifactPut]:
    """One artifact for each part that was scored; of a metric that came twice the last counts."""
    parts: dict[str, dict[str, Any]] = {}
    for event in events:
        if event["type"] == "metric":
            parts.setdefault(event["part"], {})[event["name"]] = event["value"]
    about: dict[str, int | None] = {}
    if run.kind == "evaluate" and source is not None:
        about = {"model_id": source.model, "data_set_id": source.dataset}
    return [
        ArtifactPut(
            ref=f"metrics-{part}",
            type=METRICS,
            name=name(f"{run.name}, {part}"),
            state="LIVE",
            set={
                "run_id": run.id,
                "part": part,
                "values": values,
                **{key: known for key, known in about.items() if known is not None},
            },
        )
        for part, values in parts.items()
    ]


def _key(run_id: str, recorded: Recorded) -> str:
    """The batch's key, a ULID made of where it begins: a repeat is known as one, and no two batches overlap."""
    digest = hashlib.sha256(f"{run_id}:after:{recorded.seq}:{recorded.linked}".encode()).digest()
    return run_id[:10] + "".join(_BASE32[byte & 31] for byte in digest[:16])
