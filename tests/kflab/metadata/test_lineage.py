"""Lineages around a node that is connected with very many."""

from __future__ import annotations

from typing import Any

from kflab.metadata.lineage import FAN
from kflab.metadata.store import Store

from .conftest import batch, model, step

MANY = 3 * FAN


def hub(many: int) -> dict[str, Any]:
    """A model that was chosen among the scores of many steps, which all read the same rows."""
    rows = {"ref": "rows", "type": "system.Split", "name": "rows"}
    data = {"ref": "data", "type": "system.Dataset", "name": "data"}
    scores = [{"ref": f"s{n}", "type": "system.Metrics", "name": f"score {n}"} for n in range(many)]
    events = [
        ("divide", "data", "INPUT"),
        ("divide", "rows", "OUTPUT"),
        ("train", "data", "INPUT"),
        ("train", "m", "OUTPUT"),
    ]
    for n in range(many):
        events += [(f"t{n}", "rows", "INPUT"), (f"t{n}", f"s{n}", "OUTPUT"), ("train", f"s{n}", "INPUT")]
    return {
        "executions": [
            step("divide", "divide"),
            step("train", "train"),
            *(step(f"t{n}", f"step {n}") for n in range(many)),
        ],
        "artifacts": [data, rows, model(), *scores],
        "events": [{"execution": e, "artifact": a, "type": t} for e, a, t in events],
    }


async def test_of_very_many_neighbours_some_are_shown_and_what_stands_beside_them(store: Store) -> None:
    ids = (await store.batch(batch(**hub(MANY)))).ids
    near = await store.lineage(ids["m"], hops=2)
    names = [node.name for node in near.nodes]
    assert near.truncated and {"churn", "train", "data"} <= set(names), "older than the scores, and there"
    assert sum(name.startswith("score ") for name in names) == FAN
    whole = await store.lineage(ids["m"], hops=20)
    names = [node.name for node in whole.nodes]
    assert whole.truncated and {"data", "rows", "divide"} <= set(names) and len(names) < 4 * FAN
    shown = {(edge.source, edge.target, edge.type) for edge in whole.edges}
    for n in range(MANY):
        if f"score {n}" in names:
            assert {
                (ids["rows"], ids[f"t{n}"], "INPUT"),
                (ids[f"t{n}"], ids[f"s{n}"], "OUTPUT"),
                (ids[f"s{n}"], ids["train"], "INPUT"),
            } <= shown
    from_old = await store.lineage(ids["s0"], hops=2)
    assert {"step 0", "rows", "train", "churn"} <= {node.name for node in from_old.nodes}


async def test_those_that_changed_last_are_shown(store: Store) -> None:
    ids = (await store.batch(batch(**hub(MANY)))).ids
    assert "score 1" not in [node.name for node in (await store.lineage(ids["m"])).nodes]
    await store.batch(batch(artifacts=[{"id": ids["s1"], "set": {"chosen": True}}]))
    names = [node.name for node in (await store.lineage(ids["m"])).nodes]
    assert "score 1" in names and sum(name.startswith("score ") for name in names) == FAN


async def test_as_many_as_are_shown_are_no_more_than_are_shown(store: Store) -> None:
    ids = (await store.batch(batch(**hub(FAN)))).ids
    near = await store.lineage(ids["m"], hops=20)
    assert not near.truncated and len(near.nodes) == 2 * FAN + 5
