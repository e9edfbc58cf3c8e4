"""The recorder and a real store beside tuning runs that stop, go on and end, whoever is killed in between."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kflab.metadata.errors import BatchConflict
from kflab.metadata.models import Batch
from kflab.metadata.store import Store
from kflab.runs import plan as planning
from kflab.runs import plan_trials
from kflab.runs.manager import RunManager
from kflab.runs.recorder import Recorder
from kflab.server.services import all_of

from .tuned import DONE, FAILED, MODEL, RESUMED, SPLIT_END, Logged, end, params, running, training


class Lost(Exception):
    """The server is killed."""


class Shop:
    """One workspace with its store, and recorders that may die at every batch."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.store = Store(f"sqlite:///{workspace}/metadata.sqlite")
        self.now = 0.0
        self.sent: list[Batch] = []

    def recorder(self, send: Callable[[Batch], Any] | None = None) -> Recorder:
        """One of a server that was just started."""
        runs = RunManager(self.workspace)
        return Recorder(runs, send or self.send, self.find, clock=lambda: self.now)

    async def send(self, batch: Batch) -> None:
        self.sent.append(batch)
        await self.store.batch(batch)

    async def find(self, kind: Any, type: str, filter: str) -> Any:
        return await all_of(self.store, kind, type, filter)

    async def executions(self, run: Logged) -> list[dict[str, Any]]:
        """The run's own execution, and those of its trials."""
        filter = f'prop.run_id = "{run.id}" or prop.parent_run = "{run.id}"'
        found: list[dict[str, Any]] = await self.find("executions", "system.ContainerExecution", filter)
        return found

    async def graph(self, run: Logged) -> Any:
        """All that hangs on the run's executions, by names instead of ids."""
        found = {}
        for node in await self.executions(run):
            near = await self.store.lineage(node["id"], hops=1, kind="execution")
            assert not near.truncated or len(near.edges) < 20
            artifacts = {}
            for edge in near.edges:
                artifact = edge.source if edge.type == "INPUT" else edge.target
                shown = (await self.store.get("artifacts", artifact)).model_dump()
                key = f"{edge.type} {shown['type']} {shown['name']}"
                assert key not in artifacts, "each artifact is there once"
                artifacts[key] = _plain(shown, run)
            name = str(node["properties"].get("trial", "run"))
            assert name not in found, "each execution is there once"
            found[name] = {"node": _plain(node, run), "artifacts": artifacts}
        return found


def _plain(node: dict[str, Any], run: Logged) -> dict[str, Any]:
    """What is to be the same of two runs with the same log."""
    kept = {key: node.get(key) for key in ("type", "name", "state", "sha256", "uri")}
    said = {key: value for key, value in node["properties"].items() if key != "parent_execution"}
    told: dict[str, Any] = json.loads(json.dumps({**kept, **said}).replace(run.id, "RUN"))
    return told


@pytest_asyncio.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.delenv("KFLAB_RUNS", raising=False)
    made = Shop(tmp_path)
    yield made
    await made.store.close()


def tuning(shop: Shop, *events: dict[str, Any]) -> Logged:
    run = Logged(shop.workspace)
    run.has_split()
    run.say(*events)
    return run


def trials(*numbers: int) -> list[dict[str, Any]]:
    return [event for number in numbers for event in (running(number), end(number))]


async def test_a_long_tuning_is_recorded_now_and_then_and_whole_at_its_end(shop: Shop) -> None:
    run = tuning(shop, SPLIT_END)
    recorder = shop.recorder()
    assert await recorder.record(run.id) is False
    (own,) = await shop.executions(run)
    assert own["state"] == "RUNNING"
    run.say(*trials(0, 1))
    assert await recorder.record(run.id) is False
    assert len(await shop.executions(run)) == 1, "it is not looked at all the time"
    shop.now += 11
    await recorder.record(run.id)
    assert len(await shop.executions(run)) == 3
    sent = len(shop.sent)
    shop.now += 11
    run.say(running(2))
    await recorder.record(run.id)
    assert len(shop.sent) == sent, "nothing has ended since"
    run.say(end(2, "failed"), DONE)
    assert await recorder.record(run.id) is True
    found = {node["properties"].get("trial"): node for node in await shop.executions(run)}
    assert {trial: node["state"] for trial, node in found.items()} == {
        None: "COMPLETE",
        0: "COMPLETE",
        1: "COMPLETE",
        2: "FAILED",
    }
    assert {found[n]["properties"]["parent_execution"] for n in range(3)} == {own["id"]}
    contexts = [[context["name"] for context in node["contexts"]] for node in found.values()]
    assert contexts == [["churn", run.id]] * 4
    sent = len(shop.sent)
    assert await recorder.record_all() == {} and await shop.recorder().record_all() == {}
    assert len(shop.sent) == sent


@pytest.mark.parametrize("asked", [{}, {"objective": {"metric": "f1"}}])
async def test_the_scores_of_a_search_name_the_metric_that_decides(shop: Shop, asked: dict[str, Any]) -> None:
    run = Logged(shop.workspace, tuning=asked)
    run.has_split()
    run.say(SPLIT_END, running(1), end(1, metrics={"accuracy": 0.5, "f1": 0.4}), DONE)
    assert await shop.recorder().record(run.id) is True
    (scores,) = await shop.find("artifacts", "system.Metrics", f'prop.parent_run = "{run.id}"')
    # Where none was asked for it is the first that was measured.
    assert scores["properties"]["objective"] == ("f1" if asked else "accuracy")
    assert scores["properties"]["value"] == 0.5


async def test_a_run_that_goes_on_is_running_again_and_complete_at_its_second_end(shop: Shop) -> None:
    run = tuning(shop, SPLIT_END, *trials(0), running(1), end(1, "failed"), running(2), FAILED)
    recorder = shop.recorder()
    assert await recorder.record(run.id) is True
    by_trial = {node["properties"].get("trial"): node for node in await shop.executions(run)}
    assert by_trial[None]["state"] == "FAILED" and by_trial[1]["state"] == "FAILED"
    run.say(RESUMED)
    assert await recorder.record(run.id) is False
    own = await shop.store.get("executions", by_trial[None]["id"])
    assert own.state == "RUNNING" and "text" not in own.properties  # type: ignore[union-attr]
    run.say(*trials(1, 2), DONE)
    assert await recorder.record(run.id) is True
    after = {node["properties"].get("trial"): node for node in await shop.executions(run)}
    assert after.keys() == {None, 0, 1, 2} and {node["state"] for node in after.values()} == {"COMPLETE"}
    assert after[1]["id"] == by_trial[1]["id"] and "cause" not in after[1]["properties"]


async def test_a_search_that_goes_on_after_its_result_is_recorded_with_all_of_its_trials(shop: Shop) -> None:
    run = tuning(shop, SPLIT_END, *trials(0, 1), DONE)
    recorder = shop.recorder()
    assert await recorder.record(run.id) is True
    before = {node["properties"].get("trial"): node for node in await shop.executions(run)}
    run.say(RESUMED, *trials(2))
    assert await recorder.record(run.id) is False
    run.say(DONE)
    assert await recorder.record(run.id) is True
    after = {node["properties"].get("trial"): node for node in await shop.executions(run)}
    assert after.keys() == {None, 0, 1, 2} and {node["state"] for node in after.values()} == {"COMPLETE"}
    assert {n: node["id"] for n, node in after.items() if n in before} == {
        n: node["id"] for n, node in before.items()
    }


async def test_two_tunings_on_the_same_rows_share_their_split(shop: Shop) -> None:
    first, second = (tuning(shop, SPLIT_END, *trials(0), DONE) for _ in range(2))
    other = Logged(shop.workspace)
    other.has_split(rows="d" * 64)
    other.say(SPLIT_END, *trials(0), DONE)
    assert await shop.recorder().record_all() == {}
    splits = await shop.store.list("artifacts", type="system.Split")
    assert splits.total == 2 and (await shop.store.list("artifacts", type="system.Dataset")).total == 1
    shared = min(splits.items, key=lambda item: item.id if item.properties["split_sha256"][0] == "b" else 9e9)
    near = await shop.store.lineage(shared.id, hops=1)
    assert len(near.nodes) == 1 + 2 * 2, "both runs and a trial of each"
    assert {first.id, second.id} <= {context["name"] for context in shared.model_dump()["contexts"]}


async def test_the_model_of_the_best_comes_from_data_split_and_trials(shop: Shop) -> None:
    run = tuning(shop, SPLIT_END, *trials(0, 1), running(2), end(2, "failed"), *trials(3), DONE)
    model = training(shop.workspace, run.id, 1)
    assert await shop.recorder().record(model.id) is True
    (made,) = await shop.find("artifacts", "system.Model", f'sha256 = "{MODEL}"')
    lineage = await shop.store.lineage(made["id"], hops=20)
    names = {(node.kind, node.type.partition(".")[2], node.name) for node in lineage.nodes}
    assert names == {
        ("artifact", "Model", "Ridge on wine"),
        ("artifact", "Metrics", "Ridge on wine, validation"),
        ("execution", "ContainerExecution", "Ridge on wine"),
        ("artifact", "Dataset", "wine"),
        ("artifact", "Split", "wine, split"),
        *(
            (kind, type, f"{title} of Ridge on wine")
            for title in ("Baseline", "Trial 1", "Trial 3")
            for kind, type in (("artifact", "Metrics"), ("execution", "ContainerExecution"))
        ),
        ("execution", "ContainerExecution", "Trial 2 of Ridge on wine"),
    }
    assert not lineage.truncated
    (own,) = await shop.executions(model)
    assert (own["properties"]["from_run"], own["properties"]["from_trial"]) == (run.id, 1)
    edges = {(edge.source, edge.target) for edge in lineage.edges}
    metrics = await shop.find("artifacts", "system.Metrics", f'prop.parent_run = "{run.id}"')
    read = {node["properties"]["trial"]: (node["id"], own["id"]) in edges for node in metrics}
    assert read == {0: True, 1: True, 3: True}
    assert [node["properties"].get("chosen_by") for node in sorted(metrics, key=lambda n: n["id"])] == [
        None,
        model.id,
        None,
    ]


async def test_trials_that_ended_after_the_choice_had_no_part_in_it(shop: Shop) -> None:
    run = Logged(shop.workspace, day=1)
    run.has_split()
    run.say(SPLIT_END, *trials(0, 1), FAILED)
    model = training(shop.workspace, run.id, 1, day=0)
    assert await shop.recorder().record(model.id) is True
    (own,) = await shop.executions(model)
    assert "from_trial" not in own["properties"] and own["properties"]["from_run"] == run.id


async def test_without_its_tuning_run_a_model_is_recorded_alone_or_with_what_the_store_has(
    shop: Shop,
) -> None:
    run = tuning(shop, SPLIT_END, *trials(0, 1), DONE)
    lost = training(shop.workspace, run.id, 1)
    RunManager(shop.workspace).root.joinpath(run.id).rename(shop.workspace / "gone")
    assert await shop.recorder().record(lost.id) is True
    (own,) = await shop.executions(lost)
    assert own["state"] == "COMPLETE" and "trials_linked" not in own["properties"]
    known = tuning(shop, SPLIT_END, *trials(0, 1), DONE)
    assert await shop.recorder().record(known.id) is True
    RunManager(shop.workspace).root.joinpath(known.id).rename(shop.workspace / "gone too")
    kept = training(shop.workspace, known.id, 1)
    assert await shop.recorder().record(kept.id) is True
    (own,) = await shop.executions(kept)
    assert (own["properties"]["trials_linked"], own["properties"]["from_trial"]) == (1, 1)


async def test_a_tuning_of_a_trained_model_has_that_model_as_input(shop: Shop) -> None:
    first = Logged(shop.workspace, kind="train")
    first.has_split()
    first.say(SPLIT_END, {"type": "artifact", "uri": "m", "sha256": MODEL}, {"type": "done"})
    run = Logged(shop.workspace, day=1, **{"from": {"run": first.id}})
    run.has_split()
    run.say(SPLIT_END)
    assert await shop.recorder().record(run.id) is False
    found = await shop.graph(run)
    assert set(found["run"]["artifacts"]) == {
        "INPUT system.Dataset wine",
        "INPUT system.Model Ridge on wine",
        "OUTPUT system.Split wine, split",
    }
    assert found["run"]["node"]["from_run"] == first.id


async def test_a_batch_that_comes_late_is_refused_or_known(shop: Shop) -> None:
    """A server dies with a batch on its way; the next one records more of the log before that arrives."""
    held: list[Batch] = []

    async def hold(batch: Batch) -> None:
        held.append(batch)
        raise Lost

    run = tuning(shop, SPLIT_END)
    assert list(await shop.recorder(hold).record_all()) == [run.id]
    run.say(*trials(0))
    assert await shop.recorder().record(run.id) is False
    assert (await shop.store.batch(held.pop())).replayed
    run.say(*trials(1))
    await shop.recorder(hold).record_all()
    run.say(*trials(2), DONE)
    assert await shop.recorder().record(run.id) is True
    before = await shop.graph(run)
    with pytest.raises(BatchConflict):
        await shop.store.batch(held.pop())
    assert await shop.graph(run) == before and before.keys() == {"run", "0", "1", "2"}


async def test_two_recorders_of_one_run_do_not_get_in_each_others_way(shop: Shop) -> None:
    run = tuning(shop, SPLIT_END)
    recorder = shop.recorder(lambda batch: overtaken(batch))
    overtaking = False

    async def overtaken(batch: Batch) -> None:
        nonlocal overtaking
        if overtaking:
            overtaking = False
            run.say(*trials(1), DONE)
            assert await shop.recorder().record(run.id) is True
        await shop.send(batch)

    assert await recorder.record(run.id) is False
    run.say(*trials(0))
    shop.now += 11
    overtaking = True
    assert await recorder.record(run.id) is False, "the log went on while it was recorded"
    assert await recorder.record(run.id) is True
    assert (await shop.graph(run)).keys() == {"run", "0", "1"}


async def test_into_a_store_that_was_replaced_a_run_is_recorded_anew(shop: Shop) -> None:
    run = tuning(shop, SPLIT_END)
    recorder = shop.recorder()
    await recorder.record(run.id)
    await shop.store.close()
    shop.store = Store(f"sqlite:///{shop.workspace}/other.sqlite")
    run.say(*trials(0), DONE)
    assert "no execution" in str((await recorder.record_all())[run.id])
    assert await recorder.record_all() == {}
    assert (await shop.graph(run)).keys() == {"run", "0"}


async def test_the_worker_of_the_store_may_be_killed_at_any_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_trials, "TRIALS", 3)
    monkeypatch.setattr(planning, "LINKS", 5)
    run = tuning(shop, SPLIT_END, *trials(*range(40)), running(3), end(3, "failed"), DONE)
    model = training(shop.workspace, run.id, 5)
    pick, killed = random.Random(5), set[int]()

    async def send(batch: Batch) -> None:
        sending = asyncio.ensure_future(shop.store.batch(batch))
        pid = shop.store.worker_pid
        if len(killed) < 5 and pid not in killed and pid is not None:
            await asyncio.wait([sending], timeout=pick.random() * 0.02)
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        await sending

    recorder, wrong = shop.recorder(send), {"": Exception()}
    while wrong:
        wrong = await recorder.record_all()
        assert all("try again" in str(error) for error in wrong.values())
    assert len(killed) == 5
    for _ in range(2):
        found = await shop.executions(run)
        assert sorted(node["properties"].get("trial", -1) for node in found) == list(range(-1, 40))
        metrics = await shop.find("artifacts", "system.Metrics", f'prop.parent_run = "{run.id}"')
        assert sorted(node["properties"]["trial"] for node in metrics) == list(range(40))
        assert [node["properties"]["trial"] for node in metrics if node["state"] != "LIVE"] == [3]
        (own,) = await shop.executions(model)
        assert (own["state"], own["properties"]["trials_linked"]) == ("COMPLETE", 39)
        await shop.store.rebuild()  # the store itself says the same as the index


# A log: trials begin and end, some twice; the run may stop and go on; at last it is done or failed.
ENDS = st.sampled_from(["done", "done", "failed", "pruned"])
SAID = st.one_of(st.tuples(st.integers(0, 3), ENDS), st.just("stop"))
FAULTS = st.sampled_from(["fine", "fine", "before", "after", "late"])


def events_of(said: list[Any], fails: bool) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [SPLIT_END]
    for place, one in enumerate(said):
        if one == "stop":
            events += [FAILED, RESUMED]
        else:
            number, state = one
            events += [running(number), end(number, state, value=place / 8)]
    return [*events, FAILED if fails else DONE]


async def record_with_faults(
    shop: Shop, run_id: str, faults: list[str], late: list[Batch], whole: bool
) -> None:
    """Record as servers do that are killed at some batches: before it is sent, after, or with it on its way.

    Unless it has to be whole, nobody goes on after the last of these until the log has more.
    """

    async def send(batch: Batch) -> None:
        fault = faults.pop() if faults else "fine"
        if fault == "late":
            late.append(batch)
        if fault in ("before", "late"):
            raise Lost
        await shop.send(batch)
        if fault == "after":
            raise Lost

    while True:
        recorder = shop.recorder(send)
        wrong = {run: error for run, error in (await recorder.record_all()).items() if run == run_id}
        assert all(isinstance(error, Lost) for error in wrong.values()), wrong
        if not wrong or (late and not whole):
            return


async def deliver(shop: Shop, late: list[Batch]) -> None:
    while late:
        with contextlib.suppress(BatchConflict):  # its part has been recorded meanwhile
            await shop.store.batch(late.pop())


def test_whatever_is_killed_and_repeated_the_graph_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KFLAB_RUNS", raising=False)
    monkeypatch.setattr(plan_trials, "TRIALS", 2)
    monkeypatch.setattr(planning, "LINKS", 2)
    loop = asyncio.new_event_loop()
    shop = Shop(tmp_path)

    async def compare(said: list[Any], fails: bool, cuts: list[int], faults: list[str]) -> None:
        events = events_of(said, fails)
        whole, parts = Logged(tmp_path), Logged(tmp_path)
        for run in (whole, parts):
            run.has_split()
        whole.say(*events)
        assert await shop.recorder().record(whole.id) is True
        late: list[Batch] = []
        at = 0
        for cut in [*sorted(cut % len(events) for cut in cuts), len(events)]:
            parts.say(*events[at:cut])
            at = cut
            await record_with_faults(shop, parts.id, faults, late, whole=cut % 2 == 0)
            if cut % 3 == 0:
                await deliver(shop, late)
        await record_with_faults(shop, parts.id, [], late, whole=True)
        await deliver(shop, late)
        assert await shop.recorder().record(parts.id) is True
        assert await shop.graph(parts) == await shop.graph(whole)
        models = [training(tmp_path, run.id, 1) for run in (whole, parts)]
        assert await shop.recorder().record(models[0].id) is True
        await record_with_faults(shop, models[1].id, faults, late, whole=True)
        await deliver(shop, late)
        one, other = [await shop.graph(model) for model in models]
        told = json.dumps(one).replace(whole.id, "TUNED"), json.dumps(other).replace(parts.id, "TUNED")
        assert told[0] == told[1]
        for run in (whole, parts, *models):
            run.path.rename(tmp_path / run.id)

    @settings(
        max_examples=12,
        phases=[Phase.generate],  # each costs most of a second: too much to look for a smaller one
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(
        st.lists(SAID, min_size=5, max_size=10),
        st.booleans(),
        st.lists(st.integers(0, 30), min_size=3, max_size=5),
        st.lists(FAULTS, min_size=6, max_size=20),
    )
    def same(said: list[Any], fails: bool, cuts: list[int], faults: list[str]) -> None:
        loop.run_until_complete(compare(said, fails, cuts, faults))

    try:
        same()
    finally:
        loop.run_until_complete(shop.store.close())
        loop.close()


async def test_the_lineage_of_a_model_from_hundreds_of_trials_is_short_and_has_all_that_matters(
    shop: Shop,
) -> None:
    run = tuning(shop, SPLIT_END, *trials(*range(501)), {**DONE, "best": {**DONE["best"], "trial": 77}})
    model = training(shop.workspace, run.id, 77)
    assert await shop.recorder().record(model.id) is True
    assert len(await shop.executions(run)) == 502
    (made,) = await shop.find("artifacts", "system.Model", f'sha256 = "{MODEL}"')
    lineage = json.loads(await shop.store.lineage_json(made["id"], 6))
    assert lineage["truncated"] and len(lineage["nodes"]) < 60
    names = [node["name"] for node in lineage["nodes"]]
    chosen, trained = "Trial 77 of Ridge on wine", "Ridge on wine"
    assert {"wine", "wine, split", trained} <= set(names)
    assert names.count(chosen) == 2, "the chosen trial is among those shown, with its metrics"
    assert sum(name.startswith("Trial ") for name in names) >= 40
    ids = {(node["kind"], node["name"], node["type"]): node["id"] for node in lineage["nodes"]}
    step, data = "system.ContainerExecution", ids["artifact", "wine, split", "system.Split"]
    path = [
        (data, ids["execution", chosen, step], "INPUT"),
        (ids["execution", chosen, step], ids["artifact", chosen, "system.Metrics"], "OUTPUT"),
    ]
    edges = {(edge["source"], edge["target"], edge["type"]) for edge in lineage["edges"]}
    assert set(path) <= edges
    (own,) = await shop.executions(model)
    assert (ids["artifact", chosen, "system.Metrics"], own["id"], "INPUT") in edges
    whole = await shop.find(
        "artifacts", "system.Metrics", f'prop.parent_run = "{run.id}" and prop.trial >= 0'
    )
    assert len(whole) == 501 and {json.dumps(node["properties"]["params"]) for node in whole} == {
        json.dumps(params(n)) for n in range(501)
    }
