"""What a run of pytest left out, from the JUnit report that it wrote."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

__all__ = ["skips"]


def skips(report: Path) -> list[str]:
    """`test: why` for each test that was skipped; empty if there is no report."""
    if not report.is_file():
        return []
    found = []
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - written by pytest just now
        skipped = case.find("skipped")
        if skipped is not None:
            found.append(f"{case.get('classname')}.{case.get('name')}: {skipped.get('message')}")
    return found
