"""Check that the committed TypeScript types are those of the pydantic models; `--write` makes them so."""

from __future__ import annotations

import difflib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TYPES = ROOT / "labextension/src/api/types.ts"


def generate() -> str:
    """TypeScript for the components of the server's OpenAPI document."""
    document = subprocess.run(
        [sys.executable, "-m", "kflab.server.openapi"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return subprocess.run(
        ["node", "scripts/types.mjs"],
        cwd=ROOT / "labextension",
        check=True,
        capture_output=True,
        text=True,
        input=document,
    ).stdout


def main() -> int:
    wanted = generate()
    if "--write" in sys.argv:
        TYPES.write_text(wanted)
        return 0
    present = TYPES.read_text() if TYPES.is_file() else ""
    if present == wanted:
        print(f"{TYPES.relative_to(ROOT)} is current")
        return 0
    changes = difflib.unified_diff(
        present.splitlines(), wanted.splitlines(), "committed", "generated", lineterm=""
    )
    print("\n".join(list(changes)[:60]))
    print("run: .venv/bin/python -m tools.generated --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
