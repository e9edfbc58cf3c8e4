"""What could not be sent waits here: one JSON line for each batch, sent later exactly once.

A batch carries its own key, so the server recognises one that it has seen. Nodes recorded while the server was
away have no id yet; they are named `pending:KEY:ref` until the batch that makes them was sent, and later
batches that name them are completed then. The order within a file is the order of recording.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from kflab.sdk.connection import ApiError, Unreachable

__all__ = ["Outbox", "pending"]

Batch = dict[str, Any]
Send = Callable[[Batch], dict[str, Any]]
# What the server will never take, whenever it is asked: the batch itself is at fault.
_FINAL = (400, 409, 413, 422)
_KEEP_IDS = 30 * 24 * 3600.0


def pending(key: str, ref: str) -> str:
    """The stand-in for the id of a node that has been recorded but not sent."""
    return f"pending:{key}:{ref}"


def _filled(value: Any, ids: dict[str, Any]) -> Any:
    if isinstance(value, str):
        return ids.get(value, value)
    if isinstance(value, dict):
        return {k: _filled(v, ids) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, ids) for v in value]
    return value


def default_folder() -> Path:
    """KFLAB_OUTBOX, or `.kflab/outbox` where the kernel was started."""
    return Path(os.environ.get("KFLAB_OUTBOX") or Path.cwd() / ".kflab/outbox")


class Outbox:
    """The waiting batches of this process, and the way to send those of every process in the folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self._file = folder / f"{name}.jsonl"
        self._ids: dict[str, Any] = {}
        self._ids_seen: tuple[int, int] | None = None

    def resolve(self, value: Any) -> Any:
        """The value with each pending id that has become known replaced by the real one."""
        self._learn()
        return _filled(value, self._ids)

    def _learn(self) -> None:
        """Take in the ids that were given since, whoever has sent the batches: this process or another one."""
        known = self._ids_file(self._file)
        try:
            state = known.stat()
            if (seen := (state.st_ino, state.st_mtime_ns)) != self._ids_seen:
                self._ids |= json.loads(known.read_text("utf-8"))
                self._ids_seen = seen
        except FileNotFoundError:
            pass  # none were given, or so long ago that they are forgotten there

    def add(self, batch: Batch) -> None:
        """Append the batch; it is on the disk when this returns."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps(batch, allow_nan=False).encode() + b"\n"
        while True:
            with self._file.open("ab+") as out:
                fcntl.flock(out, fcntl.LOCK_EX)
                # Another process may have sent and removed the file between open and lock.
                if not _same(out.fileno(), self._file):
                    continue
                _cut_torn_line(out)
                out.write(line)
                out.flush()
                os.fsync(out.fileno())
                return

    def waiting(self) -> bool:
        return self.folder.is_dir() and any(self.folder.glob("*.jsonl"))

    def replay(self, send: Send) -> int:
        """Send what waits, oldest file first; return how many batches were sent.

        What `send` raises ends it: that batch and those after it stay. Only a batch that the server will never take
        is put aside, and the next one goes. Any other refusal but 401 and 403 is raised as Unreachable.
        """
        if not self.folder.is_dir():
            return 0
        sent = 0
        for file in sorted(self.folder.glob("*.jsonl")):
            with _locked(file) as lines:
                sent += self._replay(file, lines, send)
        self._forget_old()
        return sent

    def _replay(self, file: Path, lines: list[Batch], send: Send) -> int:
        known = self._ids_file(file)
        ids: dict[str, Any] = json.loads(known.read_text("utf-8")) if known.is_file() else {}
        done = 0
        try:
            for batch in lines:
                try:
                    answer = send(_filled(batch, ids))
                except ApiError as error:
                    if error.status in (401, 403):
                        raise
                    if error.status not in _FINAL:
                        raise Unreachable(f"the server can't take what waits: {error}") from error
                    _put_aside(file, batch, error)
                else:
                    ids |= {pending(batch["key"], ref): node for ref, node in answer["ids"].items()}
                done += 1
        finally:
            if done:
                # The ids first: what is sent a second time gets the same ones.
                _write(known, json.dumps(ids))
                self._leave(file, lines[done:])
        return done

    @staticmethod
    def _leave(file: Path, lines: list[Batch]) -> None:
        """Keep these batches only, while the lock is held; who waits for it notices that the file is another one."""
        if lines:
            _write(file, "".join(json.dumps(batch, allow_nan=False) + "\n" for batch in lines))
        else:
            file.unlink()

    @staticmethod
    def _ids_file(file: Path) -> Path:
        return file.with_suffix(".ids.json")

    def _forget_old(self) -> None:
        for known in self.folder.glob("*.ids.json"):
            if time.time() - known.stat().st_mtime > _KEEP_IDS:
                known.unlink(missing_ok=True)


def _put_aside(file: Path, batch: Batch, error: ApiError) -> None:
    """The server will never take it: it must not hold up the rest, nor be lost."""
    rejected = file.with_suffix(".rejected")
    with rejected.open("a") as out:
        out.write(json.dumps({"error": str(error), "batch": batch}) + "\n")
    warnings.warn(f"kflab: a waiting record was refused: {error} It is kept in {rejected}.", stacklevel=3)


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole; it is on the disk when this returns."""
    scratch = path.with_name(path.name + ".tmp")
    with scratch.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    scratch.replace(path)


def _cut_torn_line(out: BinaryIO) -> None:
    """Remove what a crash left of a line, so that the next one starts at its own beginning."""
    size = out.seek(0, os.SEEK_END)
    if size == 0:
        return
    out.seek(0)
    end = out.read().rfind(b"\n") + 1
    if end != size:
        out.truncate(end)


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def _locked(file: Path) -> Iterator[list[Batch]]:
    """The batches of a file while no one else adds or sends; none if another process sent them meanwhile."""
    while True:
        try:
            handle = file.open("rb")
        except FileNotFoundError:
            yield []
            return
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _same(handle.fileno(), file):
            break
        # Sent meanwhile, or in part: then what is left is in another file of this name.
        handle.close()
    with handle:
        # A line without its end was cut off by a crash before the caller was told that it is kept.
        complete = [line for line in handle.read().splitlines(keepends=True) if line.endswith(b"\n")]
        yield [json.loads(line) for line in complete if line.strip()]
