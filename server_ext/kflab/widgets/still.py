"""The last state of a panel as text and as HTML: what a notebook shows where there is no kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

__all__ = ["Picture", "html", "text"]

# Joiners belong to words and emoji; all else that can't be printed could turn or hide what is around it.
_JOINERS = "\u200c\u200d"
_LONGEST = 200


@dataclass(frozen=True)
class Picture:
    """A heading, a sentence and a table, in words; `note` says what the table leaves out.

    `final` is one of a run that has ended: it stays as it is, unless somebody has the run go on.
    """

    title: str
    sentence: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    final: bool = False

    def wire(self) -> dict[str, Any]:
        """As JSON, each text clean and of a bearable length."""
        found = asdict(self)
        return {
            **{key: clean(found[key]) for key in ("title", "sentence", "note")},
            "columns": [clean(column) for column in self.columns],
            "rows": [[clean(cell) for cell in row] for row in self.rows],
        }


def clean(value: object) -> str:
    """The text in one line, without signs that can't be printed."""
    given = " ".join(str(value).split())
    printable = "".join(c if c.isprintable() or c in _JOINERS else "\ufffd" for c in given)
    return printable if len(printable) <= _LONGEST else printable[: _LONGEST - 1] + "…"


def html(picture: Picture) -> str:
    """A piece of HTML that needs nothing else, is never wider than its place and at most 600 px high."""
    parts = [
        f'<div class="kf-Still" role="group" aria-label="{_safe(picture.title)}" tabindex="0"'
        ' style="max-width: 100%; max-height: 600px; overflow: auto; font-size: 13px">',
        f"<p><strong>{_bdi(picture.title)}</strong></p><p>{_bdi(picture.sentence)}</p>",
    ]
    if picture.columns:
        style = (
            ' style="padding: 3px 8px; text-align: left; border-bottom: 1px solid rgba(128, 128, 128, 0.4)"'
        )
        head = "".join(f'<th scope="col"{style}>{_bdi(column)}</th>' for column in picture.columns)
        body = "".join(
            f"<tr>{''.join(f'<td{style}>{_bdi(cell)}</td>' for cell in row)}</tr>" for row in picture.rows
        )
        parts.append(
            '<table style="border-collapse: collapse; font-size: 13px; margin: 0 0 8px">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
    if picture.note:
        parts.append(f"<p>{_bdi(picture.note)}</p>")
    return "".join([*parts, "</div>"])


def text(picture: Picture) -> str:
    """The same for a terminal, in columns."""
    lines = [clean(picture.title), clean(picture.sentence)]
    if picture.columns:
        lines += _columns([[clean(cell) for cell in row] for row in (picture.columns, *picture.rows)])
    if picture.note:
        lines.append(clean(picture.note))
    return "\n".join(lines)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _safe(value: str) -> str:
    return escape(clean(value), quote=True)


def _bdi(value: str) -> str:
    """A name may be written from right to left: what is around it stays as it is."""
    return f"<bdi>{_safe(value)}</bdi>"
