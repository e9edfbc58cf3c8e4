"""The built views: the loader that each widget carries, and what the loader asks the kernel for."""

from __future__ import annotations

import functools
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Code", "NotBuilt", "code"]

_STATIC = Path(__file__).parent / "static"


class NotBuilt(ImportError):
    """The checkout lacks what the build makes."""


@dataclass(frozen=True)
class Code:
    """`loader` is an ES module; `parts` are the views and their styles, each as gzip; `hash` names the parts."""

    loader: str
    parts: tuple[bytes, bytes]
    hash: str


@functools.cache
def code() -> Code:
    """Raises NotBuilt in a checkout whose browser parts are not built."""
    try:
        loader = (_STATIC / "loader.js").read_text("utf-8")
        script, style = ((_STATIC / name).read_bytes() for name in ("widget.js", "widget.css"))
    except FileNotFoundError as error:
        raise NotBuilt(
            "The panels are not built yet. `make start` builds them; in labextension, `jlpm build:widget` does."
        ) from error
    return Code(
        loader=loader,
        parts=(gzip.compress(script, 6, mtime=0), gzip.compress(style, 6, mtime=0)),
        hash=hashlib.sha256(script + style).hexdigest()[:16],
    )
