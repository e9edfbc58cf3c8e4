"""The process that alone writes the store: `python -m kflab.metadata.worker`.

ML Metadata's core holds the interpreter's lock during each call, so in the server it would stop everything else.
Requests come on standard input, answers go to standard output; the end of input ends the process. Before the
requests comes a message with the URL of the store and the path of its index.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from kflab.faults import faults
from kflab.metadata import wire
from kflab.metadata.catchup import catch_up, catch_up_all, rebuild
from kflab.metadata.errors import BadBatch, Fault, MetadataError, StoreUnavailable
from kflab.metadata.index import Index
from kflab.metadata.location import MySql, Sqlite, locate
from kflab.metadata.lock import lock_for
from kflab.metadata.mlmd import connect
from kflab.metadata.models import Batch
from kflab.metadata.record import Recorder

__all__ = ["Worker", "identity", "main"]


class Worker:
    """An open store and what can be asked of it."""

    def __init__(self, url: str, index: Path) -> None:
        place = locate(url)
        self._lock = lock_for(place)
        self._store = connect(place)
        with self._lock.hold():
            self._index = self._open(index, identity(place))
        self._recorder = Recorder(self._store, self._index, self._lock)

    def _open(self, path: Path, identity: str) -> Index:
        try:
            index = Index(path, identity)
            catch_up_all(self._store, index)
        except (sqlite3.DatabaseError, DatabaseError) as error:
            if "malformed" not in str(error) and "not a database" not in str(error):
                raise
            # Damaged: it holds nothing of its own, so a new one takes its place.
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            index = Index(path, identity)
            catch_up_all(self._store, index)
        return index

    def answer(self, op: str, body: bytes) -> dict[str, Any]:
        """Do one thing. Raises MetadataError."""
        operations: dict[str, Callable[[bytes], dict[str, Any]]] = {
            "batch": self._batch,
            "hello": lambda _: {"ml_metadata": version("ml-metadata")},
            "refresh": lambda _: self._held(catch_up),
            "rebuild": lambda _: self._held(rebuild),
        }
        return operations[op](body)

    def _batch(self, body: bytes) -> dict[str, Any]:
        try:
            batch = Batch.model_validate_json(body)
        except ValidationError as error:
            raise refused(error) from None
        return self._recorder.record(batch).model_dump()

    def _held(self, act: Callable[..., None]) -> dict[str, Any]:
        with self._lock.hold():
            act(self._store, self._index)
        return {}


def identity(place: Sqlite | MySql) -> str:
    """What tells a store from another one that took its place."""
    if isinstance(place, Sqlite):
        return f"sqlite:{place.path.stat().st_ino}"
    return f"mysql:{place.host}:{place.port}/{place.database}"


def refused(error: ValidationError) -> BadBatch:
    """What pydantic found, in words for the caller."""
    found = [Fault(field=one["field"] or "body", message=one["message"]) for one in faults(error)]
    bad = BadBatch(found[0]["field"], found[0]["message"])
    bad.fields = found
    return bad


def explained(error: Exception) -> MetadataError:
    """Any failure as one that has a sentence for the caller."""
    if isinstance(error, MetadataError):
        return error
    said = str(getattr(error, "orig", None) or error).partition("\n")[0][:300]
    return StoreUnavailable(
        f"The metadata store could not do this: {said or type(error).__name__}. Nothing was half-written; try again, "
        "and look at disk space and the server's log if it stays."
    )


def _error(error: Exception) -> dict[str, Any]:
    known = explained(error)
    if known is not error:
        sys.excepthook(type(error), error, error.__traceback__)  # for the server's log
    return {"error": type(known).__name__, "message": known.message, "fields": known.fields}


def main(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the requests end. A store that can't be opened is the answer to each."""
    if (opening := wire.read(requests)) is None:
        return
    place, _ = opening
    worker: Worker | None = None
    while (request := wire.read(requests)) is not None:
        message, body = request
        try:
            worker = worker or Worker(place["url"], Path(place["index"]))
            answer = {"result": worker.answer(message["op"], body)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is waiting for an answer
            answer = _error(error)
        answers.write(wire.pack({"id": message["id"], **answer}))
        answers.flush()


if __name__ == "__main__":
    # What libraries print must not get between the answers.
    stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    main(sys.stdin.buffer, stdout)
