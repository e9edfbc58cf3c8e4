"""ULIDs, the keys of batches (https://github.com/ulid/spec)."""

from __future__ import annotations

import secrets
import time

__all__ = ["new"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new() -> str:
    """48 bits of Unix time in ms and 80 random bits, in Crockford's base 32: 26 characters that sort by time."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
