"""The still picture as text and HTML: complete in itself, and safe whatever is in it."""

from __future__ import annotations

from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from kflab.widgets.still import Picture, clean, html, text

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">"\'>&'
SOUP = st.text(max_size=40) | st.just(HOSTILE)


@given(SOUP, SOUP, st.lists(st.tuples(SOUP, SOUP), max_size=4), SOUP)
def test_nothing_in_it_becomes_html(
    title: str, sentence: str, rows: list[tuple[str, str]], note: str
) -> None:
    picture = Picture(title, sentence, ("Name", title), tuple(rows), note)
    page = BeautifulSoup(html(picture), "html.parser")
    allowed = {"div", "p", "strong", "bdi", "table", "thead", "tbody", "tr", "th", "td"}
    assert {tag.name for tag in page.find_all(True)} <= allowed
    assert {name for tag in page.find_all(True) for name in tag.attrs} <= {
        "class", "role", "aria-label", "tabindex", "style", "scope",
    }  # fmt: skip
    assert [[td.get_text() for td in tr.find_all("td")] for tr in page.tbody.find_all("tr")] == [
        [clean(cell) for cell in row] for row in rows
    ]


def test_it_needs_no_more_room_than_there_is() -> None:
    box = BeautifulSoup(html(Picture("A", "b")), "html.parser").div
    assert "max-width: 100%" in box["style"]
    assert "max-height: 600px" in box["style"]
    assert "overflow: auto" in box["style"]
    assert box["tabindex"] == "0"  # so that the keyboard can scroll it


def test_signs_that_hide_or_turn_what_is_around_them_are_shown_as_such() -> None:
    assert clean("a\u202egnp.exe\x1b[31m\x00") == "a\ufffdgnp.exe\ufffd[31m\ufffd"
    assert clean("two\nlines\tand  more") == "two lines and more"
    assert clean("👩\u200d🔬 می\u200cشود") == "👩\u200d🔬 می\u200cشود"
    assert len(clean("x" * 10_000)) == 200


def test_text_has_columns() -> None:
    picture = Picture("Runs", "2 runs.", ("Name", "State"), (("a", "Done"), ("longer", "Failed")), "All.")
    assert text(picture).splitlines() == [
        "Runs",
        "2 runs.",
        "Name    State",
        "a       Done",
        "longer  Failed",
        "All.",
    ]
