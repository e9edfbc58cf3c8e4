"""The one way a batch goes out: what waits first, then itself; into the outbox when no server answers."""

from __future__ import annotations

import threading
import warnings
from typing import Any

from kflab.sdk import ulid
from kflab.sdk.connection import Connection, Unreachable, find
from kflab.sdk.outbox import Batch, Outbox, default_folder, pending

__all__ = ["Recorder", "recorder"]


class Recorder:
    """Sends batches to the server found at the time of each, and keeps their order."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self._warned = False
        self._lock = threading.Lock()

    def record(self, batch: Batch) -> dict[str, Any]:
        """Send a batch (without its key); return `{ref: id}`, the ids pending if the server is away.

        Raises ApiError if the server refuses it.
        """
        key = ulid.new()
        batch = {"key": key, **batch}
        with self._lock:
            try:
                connection = find()
                send = self._sender(connection)
                self.outbox.replay(send)
                ids: dict[str, Any] = send(self.outbox.resolve(batch))["ids"]
                return ids
            except Unreachable as error:
                self.outbox.add(batch)
                self._warn(error)
        refs = (
            node["ref"]
            for kind in ("contexts", "executions", "artifacts")
            for node in batch.get(kind, ())
            if "ref" in node
        )
        return {ref: pending(key, ref) for ref in refs}

    def replay(self) -> int:
        """Send what waits; return how many batches went. Raises Unreachable if no server answers."""
        with self._lock:
            return self.outbox.replay(self._sender(find()))

    @staticmethod
    def _sender(connection: Connection) -> Any:
        return lambda batch: connection.request("POST", "metadata/batch", batch)

    def _warn(self, error: Unreachable) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"kflab: {error}. What you record is kept in {self.outbox.folder} and sent when a server answers.",
                stacklevel=4,
            )


_recorder: Recorder | None = None
_making = threading.Lock()


def recorder() -> Recorder:
    """The recorder of this process."""
    global _recorder
    with _making:
        if _recorder is None:
            _recorder = Recorder(Outbox(default_folder(), ulid.new()))
        return _recorder
