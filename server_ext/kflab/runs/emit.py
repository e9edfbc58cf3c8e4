"""The runner's end of the event pipe."""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Mapping
from typing import Any

__all__ = ["Emitter", "plain"]


def plain(value: Any) -> Any:
    """The value as JSON: numpy's numbers and arrays as Python's, NaN and infinities as `{"$float": …}`."""
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        return {"$float": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(entry) for entry in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


class Emitter:
    """`emit("epoch", step=1, …)`: one event, one line, to the supervisor. Safe to call from threads."""

    def __init__(self, fd: int) -> None:
        os.set_inheritable(fd, False)
        self._fd = fd
        self._lock = threading.Lock()

    @classmethod
    def from_environment(cls) -> Emitter:
        """The pipe that the supervisor opened. Raises KeyError outside a run."""
        return cls(int(os.environ.pop("KFLAB_EVENTS_FD")))

    def __call__(self, type: str, /, **fields: Any) -> None:
        """Send an event. Ends the process if the supervisor is gone, as nobody keeps what it does."""
        text = json.dumps({**plain(fields), "type": type}, ensure_ascii=False, separators=(",", ":"))
        line = memoryview(text.encode("utf-8", "replace") + b"\n")
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._fd, line) :]
            except BrokenPipeError:
                os._exit(1)
