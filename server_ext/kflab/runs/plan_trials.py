"""What the trials of a tuning run leave in the metadata: the split they share, and an execution and metrics of each.

Pure, as `plan`. A trial that ended twice, before a crash and after it, is one execution: the last end counts, in whatever
batches the two ends come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from kflab.metadata.models import ArtifactPut, ExecutionPut, ExecutionState
from kflab.runs.log import Record
from kflab.runs.nodes import EXECUTION, METRICS, SPLIT, Puts, changes, name, storable
from kflab.runs.spec import Run, RunSpec

__all__ = ["LINKS", "TRIALS", "Scored", "Stored", "best", "ends", "split_of", "trials", "up_to"]

# Trials that end in one batch: enough to be quick, and few enough that other writers need not wait long.
TRIALS = 50
# Links of one batch, from a model's training to the trials that it was chosen from.
LINKS = 500
_STATES: dict[str, ExecutionState] = {"done": "COMPLETE", "pruned": "CANCELED", "failed": "FAILED"}


@dataclass(frozen=True)
class Stored:
    """What the store has of a trial: the ids of its execution and, if it ever was done, of its metrics."""

    execution: int
    metrics: int | None = None


@dataclass(frozen=True)
class Scored:
    """A done trial as the store has it: the id of its metrics, its number, and what it was."""

    metrics: int
    trial: int
    params: Mapping[str, Any]
    resource: int | None = None


def ends(events: Iterable[Record]) -> dict[int, list[Record]]:
    """The ends of each trial in these events, in order."""
    found: dict[int, list[Record]] = {}
    for event in events:
        if _is_end(event):
            found.setdefault(event["trial"], []).append(event)
    return found


def _is_end(event: Record) -> bool:
    return event["type"] == "trial" and event["state"] in _STATES


def up_to(events: Sequence[Record], marks: Iterable[str]) -> Sequence[Record]:
    """The events that make one batch: up to the last that is worth a record, and not beyond so many trials.

    `marks` are the types of events that are, beside the ends of trials.
    """
    worth, trial_ends = 0, 0
    for place, event in enumerate(events, 1):
        if _is_end(event):
            trial_ends += 1
        elif event["type"] not in marks:
            continue
        worth = place
        if trial_ends == TRIALS:
            break
    return events[:worth]


def split_of(spec: RunSpec, split: Mapping[str, Any]) -> ArtifactPut:
    """The division of a dataset into parts. The same rows in the same parts of the same data are one artifact."""
    of, rows = split["dataset"]["sha256"], split["sha256"]
    sha256 = hashlib.sha256(f"{of}:{rows}".encode()).hexdigest()
    dataset = PurePosixPath(split["dataset"]["uri"].removeprefix("sklearn:")).name
    given = spec.split
    return ArtifactPut(
        ref="split",
        type=SPLIT,
        name=name(f"{dataset}, split"),
        version=sha256[:12],
        sha256=sha256,
        state="LIVE",
        set={
            "method": given.method,
            "parts": given.parts,
            "seed": given.seed,
            "sizes": split["sizes"],
            "split_sha256": rows,
            "dataset_sha256": of,
            **({"by": given.by} if given.by is not None else {}),
        },
    )


def trials(run: Run, events: Sequence[Record], parent: int, stored: Mapping[int, Stored]) -> Puts:
    """The trials that end in these events, children of the execution `parent`, which read the artifact with ref `split`.

    `stored` is what the store has of those trials already.
    """
    puts = Puts()
    for number, said in ends(events).items():
        _trial(puts, run, said, parent, stored.get(number))
    return puts


def _trial(puts: Puts, run: Run, said: Sequence[Record], parent: int, known: Stored | None) -> None:
    last = said[-1]
    number = last["trial"]
    done = next((event for event in reversed(said) if event["state"] == "done"), None)
    about = {"parent_run": run.id, "trial": number, "baseline": last.get("baseline", number == 0)}
    execution: str | int = known.execution if known else f"trial-{number}"
    puts.executions.append(
        ExecutionPut(
            **_new_or_known(execution, EXECUTION, _title(run, number)),
            state=_STATES[last["state"]],
            **changes(
                {
                    "kind": "trial",
                    "parent_execution": parent,
                    **about,
                    "outcome": last["state"],
                    "params": storable(last["params"]),
                    "ended": last["time"],
                    **{key: last.get(key) for key in ("resource", "seconds", "cause", "text")},
                }
            ),
        )
    )
    puts.read(execution, "split")
    metrics: str | int | None = known.metrics if known else None
    if metrics is None and done is None:
        return
    if metrics is None:
        metrics = f"metrics-{number}"
    puts.artifacts.append(
        ArtifactPut(
            **_new_or_known(metrics, METRICS, _title(run, number)),
            # Scores of an earlier attempt are no longer what the trial came to.
            state="LIVE" if last["state"] == "done" else "ABANDONED",
            **(changes({**about, **_scores(run, done)}) if done else {}),
        )
    )
    puts.made(execution, metrics)


def _scores(run: Run, done: Record) -> dict[str, Any]:
    return {
        "part": "validation",
        "objective": _objective(run, done),
        "value": done.get("value"),
        "std": done.get("std"),
        "values": storable(done.get("metrics") or {}),
        "params": storable(done["params"]),
        "resource": done.get("resource"),
        "ended": done["time"],
    }


def _objective(run: Run, done: Record) -> str | None:
    """The metric that `value` is of: where none was asked for, the first of those that were measured."""
    tuning = run.spec.tuning
    if tuning and tuning.objective:
        return tuning.objective.metric
    return next(iter(done.get("metrics") or ()), None)


def _title(run: Run, number: int) -> str:
    """The number first, as it is what tells the trials of a run apart."""
    return name(f"Trial {number} of {run.name}" if number else f"Baseline of {run.name}")


def _new_or_known(node: str | int, type: str, title: str) -> dict[str, Any]:
    return {"id": node} if isinstance(node, int) else {"ref": node, "type": type, "name": title}


def best(scored: Iterable[Scored], params: Mapping[str, Any], said: int | None) -> Scored | None:
    """The trial that a model with these parameters comes from; `said` is the one that its run calls the best.

    Others may have parameters that are part of these: the one with the most is meant, given the most of the resource.
    """
    given = {key: storable(value) for key, value in params.items()}
    fit = [one for one in scored if one.params.items() <= given.items()]
    return max(
        fit,
        key=lambda one: (one.trial == said, len(one.params), one.resource or 0, -one.trial),
        default=None,
    )
