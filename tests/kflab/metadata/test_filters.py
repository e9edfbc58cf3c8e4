"""The filter language, sorting and paging on the index, beside a model of them in plain Python."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kflab.metadata import plan
from kflab.metadata.errors import BadQuery
from kflab.metadata.filters import And, Cmp, Expr, Field, IsNull, Literal, Not, Or, parse
from kflab.metadata.index import Index
from kflab.metadata.query import Query
from kflab.metadata.reader import Reader
from kflab.metadata.rows import Changes, NodeRow, flat, fold
from kflab.metadata.sql import CORE, milliseconds

TEXTS = [
    "",
    "a",
    "ab",
    "ABC",
    "abc def",
    "Äpfel",
    "äpfel",
    'say "x"',
    "100%",
    "a_b",
    "ß",
    "SS",
    "日本語",
    "2",
]
NUMBERS = [-1, 0, 1, 2, 0.5, 1.0, 2**53 + 1, 2**60, 2**80, -(2**80), 1e308, float("inf"), float("nan")]
VALUES = [*TEXTS, *NUMBERS, True, False, None, [1, "abc"], {"in": "abc", "n": 3}]
PROPS = ["p", "q", "with space", "a.b", "name", "`tick`"]
CORE_TEXT = ["name", "version", "uri", "state", "type", "parent_run"]


def rows() -> list[NodeRow]:
    pick = random.Random(5)
    from kflab.metadata.values import encode

    return [
        NodeRow(
            id=n + 1,
            type=pick.choice(["system.Model", "system.Dataset"]),
            name=pick.choice(TEXTS) or "x",
            created=1_700_000_000_000 + pick.randrange(5),
            updated=1_700_000_000_000 + n,
            properties={p: encode(pick.choice(VALUES)) for p in PROPS if pick.random() < 0.6}
            | ({"parent_run": pick.choice(TEXTS)} if pick.random() < 0.5 else {}),
            state=pick.choice(["LIVE", "DELETED"]),
            version=pick.choice([None, *TEXTS]),
            uri=pick.choice(TEXTS),
        )
        for n in range(150)
    ]


ROWS = rows()
FLAT = {row.id: flat(row.properties) for row in ROWS}


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Reader]]:
    index = Index(tmp_path_factory.mktemp("index") / "i", "test")
    with index.engine.begin() as connection:
        index.clear(connection)
        index.apply(connection, Changes(artifacts=ROWS), {"artifact": len(ROWS)})
    few, many = Reader(index.path), Reader(index.path, counted=-1)
    # Rows are found in another way when there are many; the answers have to be the same.
    yield {False: few, True: many}
    few.close()
    many.close()
    index.close()


@pytest.fixture
def reader(readers: dict[bool, Reader]) -> Reader:
    return readers[False]


def listed(reader: Reader, **query: Any) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(reader.list(Query.checked("artifact", **query)))
    return page


# The model


def value_of(row: NodeRow, field: Field) -> Any:
    if field.prop or field.name == "parent_run":
        return FLAT[row.id].get(field.name)
    return getattr(row, field.name)


def fits(row: NodeRow, expr: Expr) -> bool:
    if isinstance(expr, And):
        return all(fits(row, item) for item in expr.items)
    if isinstance(expr, Or):
        return any(fits(row, item) for item in expr.items)
    if isinstance(expr, Not):
        return not fits(row, expr.item)
    value = value_of(row, expr.field)
    if isinstance(expr, IsNull):
        return value is None
    if value is None:
        return False
    return any(compared(value, "=" if expr.op == "in" else expr.op, lit, expr.field) for lit in expr.values)


def compared(value: Any, op: str, literal: Literal, field: Field) -> bool:
    other: Any = literal.value
    if not field.prop:
        other = milliseconds(literal, "") if field.name == "created" else other
        other = literal.source if isinstance(value, str) and not isinstance(other, str) else other
    else:
        other = flat({"v": {"$int": str(other)} if type(other) is int and abs(other) > 2**53 else other})["v"]
    if op == "~":
        return isinstance(value, str) and fold(str(literal.value)) in fold(value)
    if isinstance(value, str) != isinstance(other, str):
        return False
    return {
        "=": value == other,
        "!=": value != other,
        "<": value < other,
        "<=": value <= other,
        ">": value > other,
        ">=": value >= other,
    }[op]


# Filters, written


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(expr: Expr) -> str:
    if isinstance(expr, And | Or):
        word = " and " if isinstance(expr, And) else " OR "
        return "(" + word.join(written(item) for item in expr.items) + ")"
    if isinstance(expr, Not):
        return f"not ({written(expr.item)})"
    name = f"prop.`{expr.field.name.replace('`', '``')}`" if expr.field.prop else expr.field.name
    if isinstance(expr, IsNull):
        return f"{name} is null"
    if expr.op == "in":
        return f"{name} in ({', '.join(lit.source for lit in expr.values)})"
    return f"{name} {expr.op} {expr.values[0].source}"


def text_literal(text: str) -> Literal:
    return Literal(text, quoted(text))


def number_literal(number: Any) -> Literal:
    return Literal(number, repr(number))


texts = st.sampled_from(TEXTS).map(text_literal) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4
).map(text_literal)
numbers = st.sampled_from([n for n in NUMBERS if n == n and abs(n) < float("inf")]).map(number_literal)
bools = st.sampled_from([Literal(True, "true"), Literal(False, "FALSE")])
ordering = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
prop = st.sampled_from([*PROPS, "p.in", "q.n", "never"]).map(lambda n: Field(n, True))
core = st.sampled_from(CORE_TEXT).map(lambda n: Field(n, False))
times = st.sampled_from(["2023-11-14T22:13:20.002Z", "2023-11-14", "2023-11-14T23:13:20.001+01:00"]).map(
    text_literal
)


def compare(field: Any, ops: Any, values: Any) -> Any:
    one = st.builds(lambda f, o, v: Cmp(f, o, (v,)), field, ops, values)
    several = st.builds(lambda f, v: Cmp(f, "in", tuple(v)), field, st.lists(values, min_size=1, max_size=3))
    return one | several


terms = (
    compare(prop, ordering, texts | numbers | bools)
    | compare(core, ordering, texts)
    | compare(st.just(Field("created", False)), ordering, times)
    | st.builds(lambda f, v: Cmp(f, "~", (v,)), prop | core, texts)
    | st.builds(IsNull, prop | core)
)
filters = st.recursive(
    terms,
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=2, max_size=3).map(lambda i: And(tuple(i)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda i: Or(tuple(i)))
    ),
    max_leaves=5,
)
shared = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@shared
@given(filters, st.booleans(), st.sampled_from([0, 30, plan.GATHERED]))
def test_a_filter_finds_what_the_model_finds(
    readers: dict[bool, Reader], expr: Expr, many: bool, gathered: int
) -> None:
    wanted = {row.id for row in ROWS if fits(row, expr)}
    # Sets of ids are gathered where they are small; where they are not, each row is asked.
    with patch.object(plan, "GATHERED", gathered):
        readers[many]._matches.clear()
        page = listed(readers[many], filter=written(expr), limit=500)
    assert {item["id"] for item in page["items"]} == wanted
    if not many:
        assert (page["total"], page["total_exact"]) == (len(wanted), True)


sorts = st.sampled_from(
    ["id", "name", "version", "created", "state", "prop.p", "prop.never", "prop.a.b", "producer"]
)


def sort_key(row: NodeRow, name: str) -> Any:
    value = FLAT[row.id].get(name[5:]) if name.startswith("prop.") else getattr(row, name, None)
    return value, (isinstance(value, str), value)


@shared
@given(sorts, st.booleans(), st.integers(1, 60), st.none() | terms, st.booleans())
def test_walking_the_pages_meets_each_row_once_in_order(
    readers: dict[bool, Reader], name: str, descending: bool, limit: int, expr: Expr | None, many: bool
) -> None:
    rows = [row for row in ROWS if expr is None or fits(row, expr)]
    have = [row for row in rows if sort_key(row, name)[0] is not None]
    have.sort(key=lambda row: (sort_key(row, name)[1], row.id), reverse=descending)
    have_ids = {row.id for row in have}
    rest = sorted((row.id for row in rows if row.id not in have_ids), reverse=descending)
    met: list[int] = []
    token = None
    while True:
        page = listed(
            readers[many],
            sort=("-" if descending else "") + name,
            limit=limit,
            filter=written(expr) if expr else None,
            page_token=token,
        )
        met += [item["id"] for item in page["items"]]
        token = page["next_page_token"]
        if token is None:
            break
        assert len(page["items"]) == limit
    assert met == [row.id for row in have] + rest


@shared
@given(
    st.text(max_size=40)
    | filters.map(written).flatmap(lambda t: st.text(max_size=3).map(lambda x: t[:-2] + x))
)
def test_any_text_is_a_filter_or_a_bad_query(reader: Reader, text: str) -> None:
    try:
        listed(reader, filter=text)
    except BadQuery as error:
        assert error.fields[0]["field"] == "filter"
        assert len(error.message) > 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name =", "expected a value"),
        ("name ? 1", "at character 6"),
        ('name = "abc', "It has no end"),
        ("= 1", "expected a column"),
        ("name = 1 name = 2", "expected 'and', 'or'"),
        ("(name = 1", "expected '\\)'"),
        ("name in 3", "expected '\\('"),
        ("name is 3", "expected 'null'"),
        ("created > 5", "is a time"),
        ('created > "yesterday"', "2026-01-31"),
        ('id = "x"', "an integer"),
        ("id = 99999999999999999999", "an integer"),
        ("created ~ 5", "looks into text"),
        ("name = true", "text in quotes"),
        ("prop. = 1", "prop.NAME"),
        ("(" * 30 + "a=1" + ")" * 30, "parentheses"),
        (" or ".join(["a=1"] * 100), "60 comparisons"),
        ("a in (" + ",".join(["1"] * 300) + ")", "200 values"),
        ("a = " + "1" * 5000, "4,000 characters"),
        ('name = "\0"', "NUL"),
        ("   ", "is empty"),
    ],
)
def test_a_wrong_filter_is_told_where_and_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(BadQuery, match=said):
        _compile(text)


def _compile(text: str) -> None:
    from kflab.metadata.schema import ARTIFACT
    from kflab.metadata.sql import where

    where(parse(text, CORE["artifact"]), ARTIFACT, lambda _: 1, False)


def test_bare_names_are_core_first_then_properties() -> None:
    core = CORE["artifact"]
    assert (
        parse("name = 'a'", core)
        == parse("`name` = 'a'", core)
        == Cmp(Field("name", False), "=", (Literal("a", "'a'"),))
    )
    assert parse("accuracy > 1", core) == parse("prop.accuracy > 1", core)
    assert parse("prop.name > 1", core) == parse("prop.`name` > 1", core)


def test_and_binds_closer_than_or_and_words_may_be_capitals() -> None:
    core = CORE["artifact"]
    assert parse("a=1 OR b=2 AND NOT c=3", core) == parse("a=1 or (b=2 and (not c=3))", core)


def test_search_finds_parts_of_words_in_any_case_and_all_words(readers: dict[bool, Reader]) -> None:
    for q, parts in [
        ("ÄPF", ["äpf"]),
        ("bc def", ["bc", "def"]),
        ("日本語", ["日本語"]),
        ('y "x', ["y", '"x']),
    ]:
        wanted = set()
        for row in ROWS:
            props = "\n".join(v for v in FLAT[row.id].values() if isinstance(v, str))
            everything = [row.name, row.uri, row.version or "", props]
            long_enough = all(any(p in fold(t) for t in everything) for p in parts if len(p) > 2)
            if long_enough and all(p in fold(row.name) for p in parts if len(p) < 3):
                wanted.add(row.id)
        for reader in readers.values():
            assert {item["id"] for item in listed(reader, q=q, limit=500)["items"]} == wanted


def test_the_count_is_exact_up_to_a_bound(reader: Reader, tmp_path: Path) -> None:
    page = listed(reader)
    assert (page["total"], page["total_exact"]) == (150, True)
    index = Index(tmp_path / "i", "test")
    with index.engine.begin() as connection:
        index.apply(connection, Changes(artifacts=ROWS), {})
    for bound, said in ((150, (150, True)), (149, (149, False))):
        bounded = Reader(index.path, counted=bound)
        page = listed(bounded)
        assert (page["total"], page["total_exact"]) == said
        bounded.close()
    index.close()


def token(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def test_a_token_is_bound_to_its_query(reader: Reader) -> None:
    ours = listed(reader, sort="name", limit=2)["next_page_token"]
    assert listed(reader, sort="name", limit=7, page_token=ours)["items"]
    for other in ({"sort": "-name"}, {"sort": "name", "q": "abc"}, {"sort": "name", "filter": "p=1"}):
        with pytest.raises(BadQuery, match="another filter or order"):
            listed(reader, **other, page_token=ours)


@pytest.mark.parametrize(
    "bad",
    ["x", "ä", "a" * 20_000, token(1, 2), token("x", {}, 3), token("x", None, True), token("x", 2**70, 1)],
)
def test_what_is_no_token_is_refused(reader: Reader, bad: str) -> None:
    with pytest.raises(BadQuery, match="page_token"):
        listed(reader, page_token=bad)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"limit": 501}, "limit"),
        ({"limit": 0}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"sort": "-"}, "sort"),
        ({"sort": "a b"}, "sort"),
        ({"q": "x" * 300}, "q"),
        ({"type": "\0"}, "type"),
    ],
)
def test_a_wrong_parameter_is_named(reader: Reader, query: dict[str, Any], name: str) -> None:
    with pytest.raises(BadQuery) as caught:
        listed(reader, **query)
    assert caught.value.fields[0]["field"] == name


def test_big_properties_make_short_pages_that_miss_nothing(tmp_path: Path) -> None:
    index = Index(tmp_path / "i", "test")
    big = [NodeRow(n, "t", "n", 0, 0, {"text": "x" * 900_000}) for n in range(1, 6)]
    with index.engine.begin() as connection:
        index.clear(connection)
        index.apply(connection, Changes(artifacts=big), {})
    reader = Reader(index.path)
    met: list[int] = []
    after = None
    while True:
        page = listed(reader, sort="id", page_token=after)
        met += [item["id"] for item in page["items"]]
        after = page["next_page_token"]
        if after is None:
            break
        assert len(page["items"]) == 2
    assert met == [1, 2, 3, 4, 5]
    reader.close()
    index.close()
