"""Create, list, follow and stop runs: what the server asks, answered from the folders of the runs.

All state is in `<root>/<id>/`; nothing is held here but a cache. So a server may be restarted, or stand
beside another one, without a run noticing.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from kflab.ml.tuning import BudgetChange
from kflab.runs import process
from kflab.runs.events import ENDS
from kflab.runs.folder import RunFolder, try_lock
from kflab.runs.log import EventLog, LogFull, Record, Tail, is_full, read, summary
from kflab.runs.reached import Course
from kflab.runs.spec import From, Run, RunKind, RunSpec, RunState, new_ulid, read_spec
from kflab.runs.trials.history import read_history
from kflab.runs.trials.register import best_of
from kflab.runs.trials.stops import ask_to_stop

__all__ = ["RunConflict", "RunError", "RunManager", "RunNotFound", "RunRefused"]

logger = logging.getLogger(__name__)

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_ABANDONED = 60.0  # seconds after which a half-made folder is nobody's


class RunError(Exception):
    """What a user asked of a run cannot be done; the text says why and what can be."""


class RunNotFound(RunError):
    """There is no run with this id."""


class RunConflict(RunError):
    """The run is not in a state for this."""


class RunRefused(RunError):
    """The spec cannot be run. `field` is its field at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class _Known:
    """What was read of a run, and how long its log was then (-1: there was none)."""

    run: Run
    size: int
    ended: bool
    course: Course


class RunManager:
    """The runs under `root`; their data and their own code are relative to `workspace`.

    `root` is $KFLAB_RUNS, or `.kflab/runs` in the workspace. `command` replaces the runner; it gets no
    argument but finds the run's folder in KFLAB_RUN. All methods are quick and may be called from threads.
    """

    def __init__(
        self, workspace: Path, root: Path | None = None, *, command: Sequence[str] | None = None
    ) -> None:
        self.workspace = workspace.absolute()
        given = os.environ.get("KFLAB_RUNS")
        self.root = self.workspace / (root or given or ".kflab/runs")
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._command = list(command or ())
        self._known: dict[str, _Known] = {}
        self._told: set[tuple[str, int]] = set()
        self._children: list[subprocess.Popen[bytes]] = []

    def create(self, spec: RunSpec) -> str:
        """Start a run and return its id. The same `key` again returns the same run.

        Raises RunConflict if the key was used for another spec, RunRefused if the run to evaluate is not
        there or has no model, OSError if the disk is full.
        """
        self._reap()
        if spec.from_ is not None:
            self._source(spec.from_.run, spec.kind)
        run_id = spec.key or new_ulid()
        body = spec.model_dump_json(by_alias=True, exclude_none=True, indent=1).encode()
        making = RunFolder(self.root / f".{new_ulid()}")
        making.path.mkdir(mode=0o700)
        lock = None
        try:
            # The lock is taken before anybody can see the folder, and handed to the supervisor, so there
            # is no moment in which the run looks lost.
            lock = try_lock(making.lock)
            making.spec.write_bytes(body)
            folder = RunFolder(self.root / run_id)
            try:
                making.path.rename(folder.path)
            except OSError:
                if not folder.spec.is_file():
                    raise
                return self._repeated(folder, spec)
            self._supervise(folder, lock)
        finally:
            if lock is not None:
                os.close(lock)
            shutil.rmtree(making.path, ignore_errors=True)
        return run_id

    def _repeated(self, folder: RunFolder, spec: RunSpec) -> str:
        if RunSpec.model_validate_json(folder.spec.read_bytes()) != spec:
            raise RunConflict(
                f"The key {folder.id} was used for a run with another spec. Send a new key, or none."
            )
        return folder.id

    def _supervise(self, folder: RunFolder, lock: int | None) -> None:
        argv = [sys.executable, "-P", "-m", "kflab.runs.supervisor", str(folder.path)]
        argv += ["--workspace", str(self.workspace)]
        if lock is not None:
            argv += ["--lock", str(lock)]
        if self._command:
            argv += ["--", *self._command]
        with folder.text.open("ab") as text:
            child = subprocess.Popen(
                argv,
                cwd=folder.path,
                stdin=subprocess.DEVNULL,
                stdout=text,
                stderr=text,
                pass_fds=() if lock is None else (lock,),
                start_new_session=True,
            )
        self._children.append(child)

    def list(self, state: RunState | None = None, kind: RunKind | None = None) -> Sequence[Run]:
        """All runs, the newest first. A run that cannot be read is left out and logged once."""
        runs = []
        for entry in os.scandir(self.root):
            if _ULID.fullmatch(entry.name):
                with contextlib.suppress(RunNotFound):
                    runs.append(self.get(entry.name))
        runs.sort(key=lambda run: (run.created, run.id), reverse=True)
        return [run for run in runs if state in (None, run.state) and kind in (None, run.kind)]

    def get(self, run_id: str) -> Run:
        """Raises RunNotFound."""
        known = self._known.get(run_id)
        folder = self._folder(run_id)
        try:
            size = folder.events.stat().st_size
        except FileNotFoundError:
            size = -1
        if known is None or known.size != size or not folder.spec.exists():
            known = self._read(folder, known, size)
            self._known[run_id] = known
        return known.run

    def _read(self, folder: RunFolder, before: _Known | None, size: int) -> _Known:
        try:
            created = folder.spec.stat().st_mtime
            # Only a run that has ended may go on with another budget.
            spec = before.run.spec if before and not before.ended else read_spec(folder)
        except FileNotFoundError:
            self._known.pop(folder.id, None)
            raise RunNotFound(f"There is no run {folder.id}. It may have been deleted.") from None
        except (ValidationError, OSError) as error:
            raise self._unreadable(folder.id, -1, error) from None
        try:
            return self._summed_up(folder, spec, created, size, before.course if before else Course())
        except (ValidationError, KeyError, OSError) as error:
            raise self._unreadable(folder.id, size, error) from None

    def _unreadable(self, run_id: str, size: int, error: Exception) -> RunNotFound:
        """What to raise for a run of another version, or a damaged one; logged once as long as it stays so."""
        if (run_id, size) not in self._told:
            self._told.add((run_id, size))
            logger.warning("Run %s cannot be read: %s", run_id, error)
        return RunNotFound(f"The files of run {run_id} are of another version or damaged.")

    def _summed_up(
        self, folder: RunFolder, spec: RunSpec, created: float, size: int, course: Course
    ) -> _Known:
        first, last = summary(folder.events)
        ended = last is not None and last["type"] in ENDS
        end = last if ended and last is not None else {}
        state = end["type"] if ended else "running" if last else "queued"
        # The end of a run that is done says it all; of the others only what came since it was last asked for is read.
        if state == "running" or (spec.kind == "tune" and ended and "best" not in end):
            tail = Tail(folder.events, course.seq)
            while found := tail.read():
                course = course.after(found)
        run = Run.model_validate(
            {
                "id": folder.id,
                "kind": spec.kind,
                "name": spec.name or _default_name(spec),
                "state": state,
                "cause": end.get("cause"),
                "text": end.get("text"),
                "created": _rfc3339(created),
                "started": first["time"] if first else None,
                "ended": end.get("time"),
                "spec": spec,
                "reached": course.reached(spec) if state != "done" else None,
                "best": end.get("best") or course.best(),
            }
        )
        return _Known(run, size, ended, course)

    def events(self, run_id: str, since: int = 0, limit: int = 1000) -> Sequence[Record]:
        """Up to `limit` events with seq > since. Raises RunNotFound."""
        return read(self._existing(run_id).events, since, limit)

    def tail(self, run_id: str, since: int = 0) -> Tail:
        """A follower of the run's log: each of its `read()` gives what is new. Raises RunNotFound."""
        return Tail(self._existing(run_id).events, since)

    def folder(self, run_id: str) -> RunFolder:
        """Where the run's files lie. Raises RunNotFound."""
        return self._existing(run_id)

    def cancel(self, run_id: str, by: str) -> Run:
        """Ask the run to stop; within a second its processes are gone and the log ends with `cancelled`.

        Raises RunNotFound, and RunConflict if it ended otherwise.
        """
        run = self.get(run_id)
        if run.state == "cancelled":
            return run
        if run.ended:
            raise RunConflict(f"Run {run_id} has ended ({run.state}); there is nothing to cancel.")
        folder = self._folder(run_id)
        making = folder.path / f".cancel-{new_ulid()}"
        try:
            making.write_text(json.dumps({"by": by}))
            making.replace(folder.cancel)
        except OSError as error:
            if not is_full(error):
                raise
            making.unlink(missing_ok=True)
            folder.cancel.touch()
        return run

    def stop_trial(self, run_id: str, trial: int) -> Run:
        """Ask a search to end one of its running trials, 0 for the baseline; it goes on with the others.

        Raises RunNotFound if there is no such run or trial, RunConflict if it does not run.
        """
        run = self.get(run_id)
        if run.kind != "tune":
            raise RunConflict(f"Run {run_id} is of kind {run.kind} and has no trials; cancel the run.")
        folder = self._existing(run_id)
        event = read_history(folder).trials.get(trial)
        if event is None:
            raise RunNotFound(f"Run {run_id} has no trial {trial}.")
        if event["state"] == "pruned":
            return run
        if event["state"] != "running" or run.ended:
            state = run.state if event["state"] == "running" else event["state"]
            raise RunConflict(f"Trial {trial} of run {run_id} has ended ({state}); there is nothing to stop.")
        ask_to_stop(folder, trial)
        return run

    def delete(self, run_id: str) -> None:
        """Remove an ended run with its log, its parts of the data and its model.

        Raises RunNotFound, and RunConflict while it runs.
        """
        run = self.get(run_id)
        lock = self._lock_of_ended(run_id) if run.ended else None
        if lock is None:
            raise RunConflict(f"Run {run_id} is {run.state}. Cancel it first, or wait until it ends.")
        try:
            gone = self.root / f".{new_ulid()}"
            self._folder(run_id).path.rename(gone)
            self._known.pop(run_id, None)
            shutil.rmtree(gone)
        finally:
            os.close(lock)

    def _lock_of_ended(self, run_id: str) -> int | None:
        for _ in range(40):  # the supervisor ends just after its last event
            if (lock := try_lock(self._folder(run_id).lock)) is not None:
                return lock
            time.sleep(0.05)
        return None

    def evaluate(self, run_id: str, key: str | None = None) -> str:
        """Start the run that scores this one's model on the test set; returns its id.

        The same `key` again returns the same run.
        Raises RunNotFound, RunRefused if the run has no model.
        """
        source = self._source(run_id, "evaluate")
        values = {
            "kind": "evaluate",
            "key": key,
            "name": f"{source.name}, evaluated"[:200],
            "workspace": source.spec.workspace,
            "from": From(run=run_id),
            "task": source.spec.task,
            "metrics": source.spec.metrics,
            "engine": source.spec.engine,
        }
        return self.create(RunSpec.model_validate(values))

    def register(self, run_id: str, key: str | None = None) -> str:
        """Start the run that trains the best trial of a tuning run on train and validation; returns its id.

        The same `key` again returns the same run.
        Raises RunNotFound, RunConflict while it runs or before any of its trials is done, RunRefused if it is no tuning.
        """
        run = self.get(run_id)
        if run.kind != "tune":
            raise RunRefused(
                "from.run", f"Run {run_id} is of kind {run.kind}; only one of kind tune has trials."
            )
        if run.ended is None:
            raise RunConflict(f"Run {run_id} is still {run.state}. Wait until it ends, or cancel it.")
        folder = self._existing(run_id)
        split = json.loads(folder.split.read_bytes()) if folder.split.exists() else {}
        spec = best_of(run, read_history(folder).trials.values(), split)
        if spec is None:
            raise RunConflict(
                f"No trial of run {run_id} is done, so there is nothing to train. Resume it first."
            )
        return self.create(spec.model_copy(update={"key": key}))

    def resume(self, run_id: str, by: str, change: BudgetChange | None = None) -> Run:
        """Let a tuning run that has ended go on: its finished trials stay, what was cut off runs again.

        One that is done goes on if `change` gives it more trials than it has had. A limit of seconds begins anew.
        Raises RunNotFound, RunRefused if there are no more, and RunConflict for a run that goes on or is of another kind.
        """
        run = self.get(run_id)
        if run.kind != "tune" or run.spec.tuning is None:
            raise RunConflict(f"A run of kind {run.kind} cannot go on where it stopped; start it again.")
        before = run.spec.tuning.budget
        budget = change.apply(before) if change else before
        if run.state == "done":
            self._check_more(run_id, budget.trials)
        lock = self._lock_of_ended(run_id) if run.ended else None
        if lock is None:
            raise RunConflict(f"Run {run_id} is {run.state}; there is nothing to resume.")
        folder = self._existing(run_id)
        try:
            folder.cancel.unlink(missing_ok=True)
            if budget != before:
                making = folder.path / f".budget-{new_ulid()}"
                making.write_text(budget.model_dump_json())
                making.replace(folder.budget)
            with EventLog(folder.events) as log:
                # Seen by all as going on from here; should nobody come to do the work, it is lost as any other.
                log.append("resumed", by=by)
            self._supervise(folder, lock)
        finally:
            os.close(lock)
        return self.get(run_id)

    def _check_more(self, run_id: str, trials: int) -> None:
        tried = max(read_history(self._existing(run_id)).trials, default=0)
        if trials <= tried:
            raise RunRefused(
                "budget.trials",
                f"Run {run_id} is done and has had {tried} trials. Give it more than {tried} to search further.",
            )

    def _source(self, run_id: str, kind: RunKind) -> Run:
        """The run that one of `kind` builds on. Raises RunRefused if it does not serve."""
        try:
            source = self.get(run_id)
        except RunNotFound as error:
            raise RunRefused("from.run", str(error)) from None
        wanted = "tune" if kind == "train" else "train"
        if source.kind != wanted or (kind != "train" and source.state != "done"):
            needs = "of kind tune" if kind == "train" else "of kind train that is done"
            raise RunRefused(
                "from.run",
                f"Run {run_id} is of kind {source.kind} and {source.state}; a run of kind {kind} needs one {needs}.",
            )
        return source

    def recover(self) -> Sequence[str]:
        """End the runs whose supervisor is gone, as `failed`, cause `lost`; returns their ids.

        To be called every few seconds. What such a run left running is killed.
        """
        self._reap()
        lost = []
        for entry in list(os.scandir(self.root)):
            if not _ULID.fullmatch(entry.name):
                self._sweep(Path(entry.path))
            elif not ((known := self._known.get(entry.name)) and known.ended) and self._end_lost(entry.name):
                lost.append(entry.name)
        return lost

    def _end_lost(self, run_id: str) -> bool:
        try:
            if self.get(run_id).ended:
                return False
            folder = self._folder(run_id)
            lock = try_lock(folder.lock)
        except (RunNotFound, FileNotFoundError):
            return False
        if lock is None:
            return False
        try:
            process.kill_marked(folder.path)
            with EventLog(folder.events) as log:
                if log.last and log.last["type"] in ENDS:  # it ended while we looked
                    return False
                folder.release_reserve()
                text = (
                    "The process that watched over the run is gone: it was killed, or the machine stopped. "
                    "What was logged until then is kept; start the run again."
                )
                log.append("failed", cause="lost", text=text)
                log.sync()
        except LogFull:
            logger.warning("Run %s is lost, and the disk is too full to write it down.", run_id)
            return False
        finally:
            os.close(lock)
        return True

    def _sweep(self, path: Path) -> None:
        """Remove what a crash left of a run that was being made or deleted."""
        if path.name.startswith(".") and _ULID.fullmatch(path.name[1:]):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(path, ignore_errors=True)

    def _reap(self) -> None:
        self._children = [child for child in self._children if child.poll() is None]

    def _folder(self, run_id: str) -> RunFolder:
        if not _ULID.fullmatch(run_id):
            raise RunNotFound("A run's id is a ULID: 26 characters, digits and capital letters.")
        return RunFolder(self.root / run_id)

    def _existing(self, run_id: str) -> RunFolder:
        folder = self._folder(run_id)
        if not folder.spec.is_file():
            raise RunNotFound(f"There is no run {run_id}. It may have been deleted.")
        return folder


def _default_name(spec: RunSpec) -> str:
    if spec.model is None or spec.dataset is None:
        return spec.kind
    family = spec.model.family.removeprefix("sklearn:")
    return f"{family} on {Path(spec.dataset.uri.removeprefix('sklearn:')).name}"


def _rfc3339(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
