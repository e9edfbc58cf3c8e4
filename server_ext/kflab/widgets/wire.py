"""What goes over the comm, and how what is large is packed. The other end is labextension/src/widget/wire.ts."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Pace", "pack"]

# What is larger goes as a compressed buffer: Jupyter's server drops what a kernel says beyond 1 MB/s.
_LARGE = 16_000


def pack(content: dict[str, Any], data: Any) -> tuple[dict[str, Any], list[bytes]]:
    """A message with `data` in it, or in its one buffer, as gzip of JSON, where it is large."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).encode()
    if len(text) <= _LARGE:
        return {**content, "data": data}, []
    return {**content, "packed": True}, [gzip.compress(text, 5)]


class Pace:
    """Spreads what is sent over time: at most `rate` bytes a second, and `burst` bytes at once."""

    def __init__(
        self,
        rate: float = 500_000,
        burst: float = 1_000_000,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at = now() - burst / rate

    def wait(self, size: int) -> None:
        """Return once `size` more bytes may be sent."""
        with self._lock:
            now = self._now()
            start = max(self._free_at, now - self._burst / self._rate)
            self._free_at = start + size / self._rate
            pause = self._free_at - now
        if pause > 0:
            self._sleep(pause)
