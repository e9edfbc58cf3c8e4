"""The contract of metadata on a real ML Metadata store behind its worker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kflab.metadata.errors import BadBatch, BadQuery, BatchConflict, NotFound, StoreUnavailable
from kflab.metadata.models import Artifact, Batch, Page
from kflab.metadata.store import Store
from kflab.metadata.values import decode, normal

from .conftest import batch, model, new_key, step

CHURN = {"ref": "w", "type": "system.Pipeline", "name": "churn", "properties": {"description": "who leaves"}}
FIRST = {"ref": "r", "type": "system.PipelineRun", "name": "first try", "parent": "w"}
CUSTOMERS = {
    "ref": "d",
    "type": "system.Dataset",
    "name": "customers",
    "uri": "file://c.csv",
    "sha256": "a" * 64,
}


def training() -> dict[str, Any]:
    return {
        "contexts": [CHURN, FIRST],
        "executions": [step(state="COMPLETE", set={"task": "binary"})],
        "artifacts": [CUSTOMERS, model(version="v1", set={"framework": {"name": "sklearn"}})],
        "events": [
            {"execution": "e", "artifact": "d", "type": "INPUT", "path": ["data", 0]},
            {"execution": "e", "artifact": "m", "type": "OUTPUT"},
        ],
    }


async def artifact(store: Store, node: int) -> Artifact:
    found = await store.get("artifacts", node)
    assert isinstance(found, Artifact)
    return found


async def test_what_is_recorded_is_listed_and_linked(store: Store) -> None:
    ids = (await store.batch(batch(**training()))).ids
    assert set(ids) == {"w", "r", "e", "d", "m"}
    made = await artifact(store, ids["m"])
    assert (made.type, made.name, made.version, made.state) == ("system.Model", "churn", "v1", "LIVE")
    assert made.properties == {"framework": {"name": "sklearn"}}
    assert made.producer is not None and made.producer.name == "training"
    assert [(c.type, c.name) for c in made.contexts] == [
        ("system.Pipeline", "churn"),
        ("system.PipelineRun", "first try"),
    ]
    assert made.created.endswith("Z") and len(made.created) == len("2026-01-01T00:00:00.000Z")
    run = await store.get("contexts", ids["r"])
    assert run.parent.name == "churn"  # type: ignore[union-attr]
    listed: Page[Any] = await store.list(
        "artifacts",
        type="system.Model",
        filter='run = "first try" and workspace = churn'.replace("= churn", '= "churn"'),
    )
    assert [item.id for item in listed.items] == [ids["m"]]
    assert (listed.total, listed.total_exact, listed.next_page_token) == (1, True, None)
    assert [e.state for e in (await store.list("executions", filter="prop.task = 'binary'")).items] == [
        "COMPLETE"
    ]
    lineage = await store.lineage(ids["m"])
    assert [(n.kind, n.name) for n in lineage.nodes] == [
        ("artifact", "churn"),
        ("execution", "training"),
        ("artifact", "customers"),
    ]
    assert {(e.source, e.target, e.type) for e in lineage.edges} == {
        (ids["d"], ids["e"], "INPUT"),
        (ids["e"], ids["m"], "OUTPUT"),
    }
    assert not lineage.truncated


async def test_lineage_says_when_there_is_more(store: Store) -> None:
    ids = (await store.batch(batch(**training()))).ids
    near = await store.lineage(ids["m"], hops=1)
    assert [n.kind for n in near.nodes] == ["artifact", "execution"]
    assert near.truncated
    assert (await store.lineage(ids["m"], hops=5, limit=2)).truncated
    assert (await store.lineage(ids["m"], hops=0)).truncated
    assert not (await store.lineage(ids["e"], hops=1, kind="execution")).truncated
    for wrong in ({"hops": -1}, {"hops": 1000}, {"limit": 0}, {"limit": 10**6}):
        with pytest.raises(BadQuery):
            await store.lineage(ids["m"], **wrong)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="no artifact 99"):
        await store.lineage(99)


async def test_a_replay_changes_nothing_and_another_body_is_a_conflict(store: Store) -> None:
    first = batch(**training())
    one = await store.batch(first)
    again = await store.batch(first)
    assert (one.replayed, again.replayed) == (False, True)
    assert one.ids == again.ids
    assert (await store.list("artifacts")).total == 2
    changed = first.model_copy(deep=True)
    changed.artifacts[1].set["accuracy"] = 1
    with pytest.raises(BatchConflict, match=f"{first.key}.*new key"):
        await store.batch(changed)
    # An update is recognised too, so that an older one that comes late can't undo a newer.
    old = batch(artifacts=[{"id": one.ids["m"], "set": {"stage": "old"}}])
    await store.batch(old)
    await store.batch(batch(artifacts=[{"id": one.ids["m"], "set": {"stage": "new"}}]))
    assert (await store.batch(old)).replayed
    assert (await artifact(store, one.ids["m"])).properties["stage"] == "new"


async def test_the_same_data_is_one_artifact_and_the_same_workspace_one_context(store: Store) -> None:
    one = (await store.batch(batch(**training()))).ids
    two = (await store.batch(batch(**training()))).ids
    assert one["d"] == two["d"]
    assert one["w"] == two["w"] and one["r"] == two["r"]
    assert one["m"] != two["m"]
    other = (
        await store.batch(
            batch(contexts=[{**CHURN, "ref": "x", "name": "Churn"}, {**FIRST, "ref": "y", "parent": "x"}])
        )
    ).ids
    assert not {other["x"], other["y"]} & {one["w"], one["r"]}
    pair = await store.batch(batch(artifacts=[CUSTOMERS, {**CUSTOMERS, "ref": "d2", "set": {"rows": 5}}]))
    assert pair.ids == {"d": one["d"], "d2": one["d"]}
    assert (await artifact(store, one["d"])).properties == {"rows": 5}
    assert (await store.list("contexts")).total == 4


async def test_an_update_changes_what_is_given_and_keeps_the_rest(store: Store) -> None:
    ids = (await store.batch(batch(artifacts=[model(uri="u", version="1", set={"a": 1, "b": 2})]))).ids
    await store.batch(
        batch(artifacts=[{"id": ids["m"], "set": {"c": 3}, "unset": ["a", "never"], "state": "DELETED"}])
    )
    now = await artifact(store, ids["m"])
    assert (now.name, now.uri, now.version, now.state) == ("churn", "u", "1", "DELETED")
    assert now.properties == {"b": 2, "c": 3}
    await store.batch(batch(artifacts=[{"id": ids["m"], "name": "second", "uri": "", "version": "2"}]))
    now = await artifact(store, ids["m"])
    assert (now.name, now.uri, now.version, now.properties) == ("second", "", "2", {"b": 2, "c": 3})
    assert [i.id for i in (await store.list("artifacts", filter="a is null and c = 3")).items] == [ids["m"]]
    # Two changes of one node within a batch come one after the other.
    await store.batch(
        batch(
            artifacts=[{"id": ids["m"], "set": {"c": 4}}, {"id": ids["m"], "set": {"d": 5}, "unset": ["c"]}]
        )
    )
    assert (await artifact(store, ids["m"])).properties == {"b": 2, "d": 5}


async def test_an_event_twice_is_one_and_ids_may_stand_for_refs(store: Store) -> None:
    ids = (await store.batch(batch(**training()))).ids
    link = {"execution": ids["e"], "artifact": ids["m"], "type": "OUTPUT"}
    new = {"execution": "late", "artifact": ids["m"], "type": "INPUT"}
    more = await store.batch(batch(executions=[step("late")], events=[link, link, new, new]))
    later = await store.batch(
        batch(events=[{"execution": more.ids["late"], "artifact": ids["d"], "type": "INPUT"}])
    )
    assert later.ids == {}
    edges = {(e.source, e.target, e.type) for e in (await store.lineage(ids["m"], hops=9)).edges}
    assert edges == {
        (ids["d"], ids["e"], "INPUT"),
        (ids["e"], ids["m"], "OUTPUT"),
        (ids["m"], more.ids["late"], "INPUT"),
        (ids["d"], more.ids["late"], "INPUT"),
    }


VALUES: dict[str, Any] = {
    "third": 1 / 3,
    "tiny": 5e-324,
    "nan": math.nan,
    "inf": -math.inf,
    "beyond": 2**53 + 1,
    "beyond64": -(2**80),
    "nul": "a\0b",
    "null": None,
    "theirs": "__MLMD_NULL__",
    "flag": True,
    "empty": "",
    "nested": {"list": [1, 1.0, {"x": math.inf}], "": "empty name"},
    "unicode": "日本語 🚀 ß",
    "kflab": "the name that we use ourselves",
    "display_name": "and this one",
    "x" * 255: 1,
}


async def test_values_come_back_exactly_and_others_can_read_copies(store: Store, tmp_path: Path) -> None:
    ids = (await store.batch(batch(artifacts=[model(set=VALUES)]))).ids
    for _ in range(2):
        found = (await artifact(store, ids["m"])).properties
        assert list(found) == list(VALUES)
        assert repr(decode(found)) == repr(VALUES)
        # Reading it out of the store again and merging must not change it either.
        await store.batch(batch(artifacts=[{"id": ids["m"], "set": {"flag": True}}]))
        await store.rebuild()
    await store.close()
    with sqlite3.connect(tmp_path / "metadata.sqlite") as file:
        copies = {
            name: next((v for v in values if v is not None), None)
            for name, *values in file.execute(
                "SELECT name, int_value, bool_value, string_value, double_value FROM ArtifactProperty"
            )
        }
    assert copies["beyond"] == 2**53 + 1
    assert copies["display_name"] == "churn"
    assert copies["third"] == pytest.approx(1 / 3, abs=1e-5)
    assert not {"nan", "inf", "nul", "theirs", "beyond64", "nested", "null"} & set(copies)


NOT_THERE: list[tuple[dict[str, Any], str, str]] = [
    ({"artifacts": [{"id": 99, "set": {}}]}, "artifacts.0.id", "no artifact 99"),
    ({"executions": [{"id": 7}]}, "executions.0.id", "no execution 7"),
    (
        {"artifacts": [model()], "events": [{"execution": 5, "artifact": "m", "type": "INPUT"}]},
        "events.0.execution",
        "no execution 5",
    ),
    (
        {
            "artifacts": [model()],
            "executions": [step()],
            "events": [{"execution": "e", "artifact": "x", "type": "INPUT"}],
        },
        "events.0.artifact",
        "'x' is not the ref",
    ),
    ({"contexts": [FIRST]}, "contexts.0.parent", "'w' is not the ref"),
    ({"contexts": [{**CHURN, "parent": "r"}, FIRST]}, "contexts.0.parent", "circle"),
]


async def test_a_batch_that_names_what_is_not_there_leaves_nothing(store: Store) -> None:
    for parts, field, said in NOT_THERE:
        whole = {"contexts": [{**CHURN, "ref": "other", "name": "new"}], **parts}
        with pytest.raises(BadBatch, match=said) as caught:
            await store.batch(batch(**whole))
        assert caught.value.fields[0]["field"] == field
    assert [(await store.list(kind)).total for kind in ("artifacts", "executions", "contexts")] == [0, 0, 0]


async def test_a_type_stays(store: Store) -> None:
    ids = (await store.batch(batch(artifacts=[model()]))).ids
    with pytest.raises(BadBatch, match="can't be changed"):
        await store.batch(batch(artifacts=[{"id": ids["m"], "type": "system.Dataset"}]))


async def test_json_is_checked_by_the_worker_and_every_fault_is_named(store: Store) -> None:
    body = {"key": new_key(), "artifacts": [{**model(), "color": "red"}, {"ref": "x"}], "extra": 1}
    with pytest.raises(BadBatch) as caught:
        await store.batch(json.dumps(body).encode())
    named = {fault["field"] for fault in caught.value.fields}
    assert {"artifacts.0.color", "extra"} < named
    assert any(field.startswith("artifacts.1") for field in named)
    for broken in (b"", b"[]", b"{", b'{"key": "x"}', b"\xff", b"[" * 10_000):
        with pytest.raises(BadBatch):
            await store.batch(broken)
    assert (await store.batch(json.dumps({"key": new_key(), "artifacts": [model()]}).encode())).ids == {
        "m": 1
    }


@pytest.mark.parametrize(
    "parts",
    [
        {"artifacts": [model(name="")]},
        {"artifacts": [model(name="a\0b")]},
        {"artifacts": [model(name="x" * 256)]},
        {"artifacts": [model(name="\ud800")]},
        {"artifacts": [model(uri="a\nb")]},
        {"artifacts": [model(sha256="A" * 64)]},
        {"artifacts": [model(state="BROKEN")]},
        {"artifacts": [model(set={"a": {"$int": "x"}})]},
        {"artifacts": [model(set={"": 1})]},
        {"artifacts": [model(set={"a": 1}, unset=["a"])]},
        {"artifacts": [model(set={"a": "x" * 1_000_001})]},
        {"artifacts": [model(id=3)]},
        {"artifacts": [{"id": "3"}]},
        {"artifacts": [{"id": 0}]},
        {"artifacts": [model(), model()]},
        {"artifacts": [model(f"m{n}") for n in range(1001)]},
        {"artifacts": [{"ref": "m", "type": "a b", "name": "x"}]},
        {"events": [{"execution": 1, "artifact": 1, "type": "SIDEWAYS"}]},
        {"key": "not a ulid"},
    ],
)
def test_what_can_not_be_stored_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Batch.model_validate({"key": new_key(), **parts})


async def test_properties_may_not_grow_beyond_their_bound_by_merging(store: Store) -> None:
    ids = (await store.batch(batch(artifacts=[model(set={"a": "x" * 900_000})]))).ids
    with pytest.raises(BadBatch, match="as a file"):
        await store.batch(batch(artifacts=[{"id": ids["m"], "set": {"b": "x" * 900_000}}]))
    assert list((await artifact(store, ids["m"])).properties) == ["a"]


async def test_a_thousand_nodes_go_in_one_batch(store: Store) -> None:
    made = await store.batch(
        batch(artifacts=[model(f"m{n}", f"model {n}", set={"n": n}) for n in range(1000)])
    )
    assert len(made.ids) == 1000
    page: Page[Any] = await store.list("artifacts", sort="-n", limit=3)
    assert [item.properties["n"] for item in page.items] == [999, 998, 997]


async def test_four_writers_at_once_lose_nothing(store: Store) -> None:
    shared = (await store.batch(batch(artifacts=[model()]))).ids["m"]

    async def writer(number: int) -> None:
        for n in range(10):
            parts: dict[str, Any] = training()
            parts["artifacts"][1]["name"] = f"{number}.{n}"
            parts["artifacts"].append({"id": shared, "set": {f"{number}.{n}": n}})
            await store.batch(batch(**parts))

    await asyncio.gather(*[writer(number) for number in range(4)])
    assert len((await artifact(store, shared)).properties) == 40
    assert (await store.list("artifacts", type="system.Model")).total == 41
    assert (await store.list("artifacts", type="system.Dataset")).total == 1
    assert (await store.list("contexts")).total == 2


async def test_two_servers_share_a_store(make_store: Callable[[], Store]) -> None:
    one, two = make_store(), make_store()
    ids = (await one.batch(batch(**training()))).ids

    async def writer(store: Store, name: str) -> None:
        for n in range(10):
            await store.batch(batch(artifacts=[{"id": ids["m"], "set": {f"{name}{n}": n}}, CUSTOMERS]))

    await asyncio.gather(writer(one, "a"), writer(two, "b"))
    for store in (one, two):
        assert len((await artifact(store, ids["m"])).properties) == 21
        assert (await store.list("artifacts")).total == 2


async def test_artifacts_are_compared(store: Store) -> None:
    made = [model(f"m{n}", set={"params": {"depth": n, "trees": 10}, "same": "x"}) for n in range(2)]
    ids = (await store.batch(batch(artifacts=made))).ids
    found = await store.compare(list(ids.values()))
    assert [item.id for item in found.items] == list(ids.values())
    assert (found.names, found.differ) == (["params.depth", "params.trees", "same"], ["params.depth"])
    with pytest.raises(NotFound):
        await store.compare([1, 99])
    with pytest.raises(BadQuery):
        await store.compare([])


async def test_nodes_of_another_client_are_listed(store: Store, tmp_path: Path) -> None:
    await store.batch(batch(**training()))
    await store.close()
    from kflab.metadata.location import Sqlite
    from kflab.metadata.mlmd import connect

    other = connect(Sqlite(tmp_path / "metadata.sqlite"))
    pb = other.pb
    kind = other.store.put_artifact_type(pb.ArtifactType(name="theirs.Thing", properties={"size": pb.INT}))
    thing = pb.Artifact(type_id=kind, uri="s3://x", name="their name")
    thing.properties["size"].int_value = 5
    thing.custom_properties["note"].string_value = "hello"
    node = other.store.put_artifacts([thing])[0]
    del other
    again = Store(f"sqlite:///{tmp_path}/metadata.sqlite")
    try:
        found = await artifact(again, node)
        assert (found.type, found.name, found.properties) == (
            "theirs.Thing",
            "their name",
            {"size": 5, "note": "hello"},
        )
        await again.batch(batch(artifacts=[{"id": node, "set": {"ours": normal(math.nan)}}]))
        found = await artifact(again, node)
        assert (found.name, found.properties["size"], found.properties["ours"]) == (
            "their name",
            5,
            {"$float": "NaN"},
        )
    finally:
        await again.close()


@pytest.mark.parametrize("damage", ["gone", "text", "header", "of an older version"])
async def test_a_lost_or_damaged_index_is_made_anew(
    make_store: Callable[[], Store], tmp_path: Path, damage: str
) -> None:
    store = make_store()
    ids = (await store.batch(batch(**training()))).ids
    before = (
        await store.list_json("artifacts"),
        await store.lineage_json(ids["m"]),
        await store.list_json("executions"),
    )
    await store.close()
    index = tmp_path / "metadata.sqlite.index"
    if damage == "gone":
        index.unlink()
    elif damage == "text":
        index.write_text("this is no database" * 1000)
    elif damage == "of an older version":
        with contextlib.closing(sqlite3.connect(index, isolation_level=None)) as file:
            file.execute("UPDATE meta SET value = '1' WHERE name = 'version'")
            for (name,) in file.execute(
                "SELECT name FROM sqlite_master WHERE name LIKE 'ix_artifact%'"
            ).fetchall():
                file.execute(f"DROP INDEX {name}")
            file.execute("ALTER TABLE artifact DROP COLUMN parent_run")
    else:
        data = bytearray(index.read_bytes())
        data[:100] = b"x" * 100
        index.write_bytes(data)
    again = make_store()
    after = (
        await again.list_json("artifacts"),
        await again.lineage_json(ids["m"]),
        await again.list_json("executions"),
    )
    assert after == before


async def test_a_store_that_was_replaced_is_noticed(make_store: Callable[[], Store], tmp_path: Path) -> None:
    store = make_store()
    await store.batch(batch(**training()))
    await store.close()
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"metadata.sqlite{suffix}").unlink(missing_ok=True)
    assert (await make_store().list("artifacts")).total == 0


async def test_a_file_that_is_no_store_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("not a database, but text " * 100)
    store = Store(f"sqlite:///{tmp_path}/m")
    with pytest.raises(StoreUnavailable, match=r"can't be opened.*Check"):
        await store.list("artifacts")
    await store.close()
    with pytest.raises(StoreUnavailable, match="is closed"):
        await store.batch(batch(artifacts=[model()]))


async def test_reads_go_on_while_a_write_takes_its_time(store: Store) -> None:
    await store.batch(batch(artifacts=[model()]))
    big = asyncio.create_task(store.batch(batch(artifacts=[model(f"m{n}") for n in range(1000)])))
    while not big.done():
        assert (await store.list("artifacts", limit=1)).total in (1, 1001)
    assert len((await big).ids) == 1000
