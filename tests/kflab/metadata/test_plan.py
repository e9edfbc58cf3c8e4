"""What a list costs, in steps of SQLite's machine: the same on every computer, however busy it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kflab.metadata import plan
from kflab.metadata.index import Index
from kflab.metadata.query import Query
from kflab.metadata.reader import Reader
from kflab.metadata.rows import Changes, NodeRow

COUNT = 30_000
OWN = 900  # nodes that are no trials
STEP = 100


def row(n: int) -> NodeRow:
    return NodeRow(
        id=n + 1,
        type=f"system.{('Model', 'Dataset', 'Metrics')[n % 3]}",
        name=f"node {n}",
        created=1_700_000_000_000 + n,
        updated=1_700_000_000_000 + n,
        properties={"score": (n * 7919 % COUNT) / COUNT, "epochs": n % 200}
        # All but the oldest are trials, which is the worst for finding what is none.
        | ({"parent_run": f"run {n // 100}"} if n >= OWN else {}),
        state="LIVE",
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    index = Index(tmp_path_factory.mktemp("index") / "i", "test")
    with index.engine.begin() as connection:
        index.clear(connection)
        index.apply(connection, Changes(artifacts=[row(n) for n in range(COUNT)]), {"artifact": COUNT})
    index.close()
    return index.path


@pytest.fixture(scope="module")
def reader(path: Path) -> Iterator[Reader]:
    reader = Reader(path)
    yield reader
    reader.close()


def asked(reader: Reader, **query: Any) -> tuple[int, dict[str, Any]]:
    """Steps for each row of the store, and the page."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += STEP
        return 0

    raw = reader._engine.raw_connection()
    raw.driver_connection.set_progress_handler(count, STEP)  # type: ignore[union-attr]
    raw.close()  # back into the pool, from where the list takes it
    page: dict[str, Any] = json.loads(reader.list(Query.checked("artifact", **query)))
    return taken / COUNT, page


@pytest.mark.parametrize(
    ("filter", "total", "most"),
    [
        # All rows but a few percent: neither gathered nor asked one by one.
        ("not (score < 0.9)", 3_000, 6),
        ("epochs != 3", 10_000, 6),
        ("score is null", 0, 6),
        # Either of two small sets: nothing but these is looked at.
        ('type = "system.Model" and (score >= 0.99 or epochs in (1, 3))', 198, 2),
        # The smaller of two is gone through.
        ("score > 0.5 and epochs < 2", 149, 3),
    ],
)
def test_steps_for_each_row(reader: Reader, filter: str, total: int, most: float) -> None:
    steps, page = asked(reader, filter=filter)
    print(f"{steps:.2f} steps a row: {filter}")
    assert page["total"] == total
    assert steps < most


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({}, OWN),
        ({"sort": "name"}, OWN),
        ({"type": "system.Model"}, OWN // 3),
        ({"filter": "(score > 0.5 and epochs < 100) and parent_run is null"}, 248),
    ],
)
def test_steps_where_most_are_trials(reader: Reader, query: dict[str, str], total: int) -> None:
    steps, page = asked(reader, **{"filter": "parent_run is null", **query})
    print(f"{steps:.2f} steps a row: {query}")
    assert page["total"] == total
    assert steps < 2.5


def test_sets_of_nearly_all_rows_are_not_gathered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "GATHERED", 100)
    bounded = Reader(path, counted=100)
    try:
        steps, page = asked(bounded, filter="score > 0.01 or epochs > 5")
        assert (page["total"], page["total_exact"]) == (100, False)
        assert steps < 1
    finally:
        bounded.close()


def test_a_page_takes_no_more_than_its_rows(reader: Reader) -> None:
    first, page = asked(reader)
    again, _ = asked(reader, page_token=page["next_page_token"])
    assert first < 6  # counts up to 10,000
    assert again < 0.2  # and does not count again
