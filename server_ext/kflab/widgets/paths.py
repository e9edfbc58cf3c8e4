"""Which requests a view may ask of the kernel: those to the kflab API, and no others."""

from __future__ import annotations

import re
from urllib.parse import unquote

__all__ = ["VERBS", "Refused", "check"]

VERBS = frozenset({"GET", "POST", "PATCH", "DELETE"})
_LONGEST = 8000
# A path below the API, as a URL has it: no scheme, host or fragment, nothing that is not ASCII. Nor `;`, before which some
# proxies read a name and leave out the rest: `..;` is `..` to them.
_PATH = re.compile(r"[A-Za-z0-9][\w.~%!$&'()*+,=@/-]*(\?[\w.~%!$&'()*+,;=@/:?-]+)?", re.ASCII)


class Refused(ValueError):
    """The request is none that a view may ask for."""


def check(verb: str, path: str) -> None:
    """Raises Refused for another verb than VERBS, or a path that could lead out of the kflab API."""
    if verb not in VERBS:
        raise Refused(f"A panel may ask with {', '.join(sorted(VERBS))}, not with {verb!r}.")
    if len(path) > _LONGEST or not _PATH.fullmatch(path):
        raise Refused(f"{path[:80]!r} is no path of the kflab API; it is one such as runs or runs?limit=5.")
    segments = [unquote(segment) for segment in path.partition("?")[0].split("/")]
    # A proxy may read what is encoded, and once more what was encoded twice.
    if any(s in ("", ".", "..") or re.search(r"[/\\%;\x00-\x1f]", s) for s in segments):
        raise Refused(f"{path[:80]!r} leads out of the kflab API; its parts are names, without dots alone.")
