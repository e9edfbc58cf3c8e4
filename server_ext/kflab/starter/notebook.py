"""The tour as a notebook. Its source is Markdown, which reads well where it is reviewed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from typing import Any

__all__ = ["notebook", "tour"]

_CODE = "```python"
_END = "```"


def tour() -> dict[str, Any]:
    """The starter notebook, without outputs, in the format of Jupyter."""
    return notebook(resources.files(__package__).joinpath("tour.md").read_text("utf-8"))


def notebook(text: str) -> dict[str, Any]:
    """A notebook (nbformat 4.5) of Markdown: each block of Python becomes a code cell, what is between them Markdown.

    A heading begins a new cell. The cells' ids are made of the last heading, so that those of a section stay the same
    when another one changes. Raises ValueError for a block without an end.
    """
    cells = []
    section = "start"
    counts = Counter[str]()
    for kind, lines in _parts(text):
        if kind == "markdown" and lines[0].startswith("#"):
            section = _slug(lines[0])
        counts[section] += 1
        cell: dict[str, Any] = {"cell_type": kind, "id": f"{section}-{counts[section]}", "metadata": {}}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        ended = [line + "\n" for line in lines[:-1]]
        cells.append({**cell, "source": [*ended, lines[-1]]})
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _parts(text: str) -> Iterator[tuple[str, list[str]]]:
    """(kind, lines) of each cell, without empty lines at its ends."""
    kind, lines = "markdown", list[str]()
    for line in [*text.splitlines(), None]:
        begins = kind == "markdown" and (line is None or line == _CODE or re.match("#+ ", line))
        if begins or (kind == "code" and line == _END):
            if whole := "\n".join(lines).strip("\n"):
                yield kind, whole.split("\n")
            kind, lines = "code" if line == _CODE else "markdown", []
            if line in (_CODE, _END):
                continue
        if line is not None:
            lines.append(line)
    if kind == "code":
        raise ValueError("the last block of Python has no end")


def _slug(heading: str) -> str:
    return "-".join(re.findall("[a-z0-9]+", heading.lower()))[:50]
