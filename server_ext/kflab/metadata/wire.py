"""How server and worker talk: JSON after its length in four bytes, over the worker's two pipes."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

__all__ = ["HEAD", "MAX_BYTES", "pack", "read", "size"]

HEAD = 4
MAX_BYTES = 512 * 1024 * 1024
_LENGTH = struct.Struct(">I")


def pack(message: dict[str, Any], body: bytes = b"") -> bytes:
    """One message; `body` is JSON that is passed on as it is, after the message itself."""
    head = json.dumps(message, allow_nan=False).encode()
    return b"".join([_LENGTH.pack(len(head)), head, _LENGTH.pack(len(body)), body])


def size(prefix: bytes) -> int:
    """The length that four bytes announce. Raises ValueError beyond 512 MB: the stream is not ours."""
    length: int = _LENGTH.unpack(prefix)[0]
    if length > MAX_BYTES:
        raise ValueError(f"a message of {length} bytes")
    return length


def read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next message and its body; None at the end of the stream, also within a message."""
    parts = []
    for _ in range(2):
        prefix = stream.read(HEAD)
        if len(prefix) < HEAD:
            return None
        length = size(prefix)
        part = stream.read(length)
        if len(part) < length:
            return None
        parts.append(part)
    return json.loads(parts[0]), parts[1]
