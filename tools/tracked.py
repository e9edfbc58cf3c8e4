"""Tracked files hold no address of a package registry and no path of one machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Written in pieces, so that this file is not its own first finding.
REGISTRIES = [
    r"py" r"pi\.(org|io)",
    r"python" r"hosted\.org",
    r"npm" r"js\.(org|com)",
    r"yarn" r"pkg\.com",
    r"proxy\.go" r"lang\.org",
    r"static\.cra" r"tes\.io",
    r"repo\d*\.ma" r"ven\.org",
    r"deb\.deb" r"ian\.org",
]
# Home folders and the like; what stands in prose as an example of a mount is not one.
MACHINE = [r"/(?:ro" r"ot|wo" r"rk|fa" r"rm)/[\w.]", r"/ho" r"me/(?!jovyan)[a-z]\w*/", r"/Us" r"ers/\w+/"]
FORBIDDEN = re.compile("|".join(REGISTRIES + MACHINE))


def findings(root: Path) -> list[str]:
    """`file:line: text` for each tracked text line that names a registry or a machine's path."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    found = []
    for name in filter(None, names):
        try:
            text = (root / name).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if FORBIDDEN.search(line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    return found


if __name__ == "__main__":
    lines = findings(ROOT)
    print("\n".join(lines) or "no registry address and no machine path in tracked files")
    sys.exit(bool(lines))
