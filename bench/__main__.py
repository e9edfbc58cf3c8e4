"""Print the table of all benchmarks, or of those named: `python -m bench hub metadata`."""

from __future__ import annotations

import importlib
import os
import platform
import sys

from bench import Row

MODULES = ("hub", "spawn", "server", "runs", "search", "tuning", "metadata")
HEAD: Row = {"what": "what", "ours": "kfhub", "peer": "peer", "goal": "goal", "met": None}
COLUMNS = ("what", "ours", "peer", "goal")


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table, so that it can go into the README as it is."""
    cells = [
        [*(str(row[c]) for c in COLUMNS), {True: "met", False: "missed", None: ""}[row["met"]]]
        for row in rows
    ]
    cells.insert(0, [*(str(HEAD[c]) for c in COLUMNS), ""])
    widths = [max(len(line[i]) for line in cells) for i in range(5)]
    lines = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def main(names: list[str]) -> int:
    unknown = set(names) - set(MODULES)
    if unknown:
        print(f"no benchmark named {', '.join(sorted(unknown))}; there are: {', '.join(MODULES)}")
        return 2
    # Processes that compile all that they import, each time, are not what is compared.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    rows: list[Row] = []
    for name in names or MODULES:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"bench.{name}").rows()
    print(table(rows))
    print(
        f"\n{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
