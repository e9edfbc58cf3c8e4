"""What the trials of a tuning run leave in the metadata, batch by batch."""

from __future__ import annotations

from typing import Any

import pytest

from kflab.metadata.models import MAX_NODES, Batch
from kflab.runs import plan as planning
from kflab.runs import plan_trials
from kflab.runs.plan import Recorded, Source, plan, step
from kflab.runs.plan_trials import Scored, Stored, best
from kflab.runs.spec import Run

from .tuned import DONE, FAILED, RESUMED, SPLIT_END, end, log, params, running, split

RUN, FROM = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ"
SPEC = {"dataset": {"uri": "sklearn:wine"}, "model": {"family": "sklearn:Ridge"}, "workspace": "churn"}
BEGUN = Recorded(41, 1)


def a_run(**spec: Any) -> Run:
    full = {**SPEC, "kind": "tune", **spec}
    if full["kind"] == "tune":
        full["tuning"] = {"objective": {"metric": "accuracy"}}
    values = {"id": RUN, "kind": full["kind"], "name": "ridge", "state": "running", "created": "x"}
    return Run.model_validate({**values, "started": "2026-01-01T00:00:00.000Z", "spec": full})


def planned(*events: dict[str, Any], run: Run | None = None, **given: Any) -> Batch:
    given = {"recorded": BEGUN, "split": split(), **given}
    batch = plan(run or a_run(), log(events), **given)
    assert batch is not None
    return Batch.model_validate_json(batch.model_dump_json())


def nodes(batch: Batch) -> dict[str, dict[str, Any]]:
    puts = [*batch.contexts, *batch.executions, *batch.artifacts]
    return {str(put.ref or put.model_dump().get("id")): put.model_dump() for put in puts}


def links(batch: Batch) -> set[tuple[str | int, str | int, str]]:
    return {(link.execution, link.artifact, link.type) for link in batch.events}


def test_it_begins_with_its_dataset_and_split_and_without_trials() -> None:
    batch = planned(SPLIT_END, running(0), end(0), DONE, recorded=Recorded())
    found = nodes(batch)
    assert set(found) == {"workspace", "run", "execution", "dataset", "split"}
    assert found["execution"]["state"] == "RUNNING" and found["execution"]["set"]["last_seq"] == 1
    assert links(batch) == {("execution", "dataset", "INPUT"), ("execution", "split", "OUTPUT")}
    made = found["split"]
    assert (made["type"], made["name"], made["state"]) == ("system.Split", "wine, split", "LIVE")
    assert made["set"] == {
        "method": "random",
        "parts": [0.8, 0.2],
        "seed": 7,
        "sizes": {"train": 106, "validation": 36, "test": 36},
        "split_sha256": "b" * 64,
        "dataset_sha256": "a" * 64,
    }


def test_a_split_is_known_by_its_rows_and_the_data_they_are_of() -> None:
    def sha256(**of: str) -> str:
        batch = planned(SPLIT_END, recorded=Recorded(), split=split(**of))
        return str(nodes(batch)["split"]["sha256"])

    assert sha256() == sha256()
    assert len({sha256(), sha256(rows="d" * 64), sha256(sha256="d" * 64)}) == 3


def test_a_run_whose_split_is_older_begins_with_its_first_trial() -> None:
    """One that was cut off just after its split has no event of its end, as it keeps it when it goes on."""
    batch = planned(FAILED, RESUMED, running(0), end(0), recorded=Recorded())
    assert nodes(batch)["execution"]["set"]["last_seq"] == 3
    assert "split" in nodes(batch)


def test_each_ended_trial_is_an_execution_with_its_metrics() -> None:
    batch = planned(SPLIT_END, running(0), end(0), running(1), end(1, value=0.9, resource=3), running(2))
    found = nodes(batch)
    assert "trial-2" not in found and found["41"]["set"]["last_seq"] == 5, "what still runs waits"
    trial = found["trial-1"]
    assert (trial["type"], trial["name"]) == ("system.ContainerExecution", "Trial 1 of ridge")
    assert trial["state"] == "COMPLETE"
    assert trial["set"] == {
        "kind": "trial",
        "parent_run": RUN,
        "parent_execution": 41,
        "trial": 1,
        "baseline": False,
        "outcome": "done",
        "params": params(1),
        "seconds": 0.25,
        "resource": 3,
        "ended": "2026-01-01T00:00:05.000Z",
    }
    metrics = found["metrics-1"]
    assert (metrics["type"], metrics["name"], metrics["state"]) == (
        "system.Metrics",
        "Trial 1 of ridge",
        "LIVE",
    )
    assert metrics["set"]["values"] == {"accuracy": 0.9, "loss": {"$float": "NaN"}}
    assert (metrics["set"]["objective"], metrics["set"]["value"], metrics["set"]["std"]) == (
        "accuracy",
        0.9,
        0.01,
    )
    assert "run_id" not in trial["set"] and "run_id" not in metrics["set"], "they are not found as the run"
    assert found["trial-0"]["name"] == "Baseline of ridge" and found["trial-0"]["set"]["baseline"] is True
    assert links(batch) >= {("trial-1", "split", "INPUT"), ("trial-1", "metrics-1", "OUTPUT")}
    assert [context.name for context in batch.contexts] == ["churn", RUN]


def test_a_trial_that_failed_says_why_and_has_no_metrics() -> None:
    batch = planned(SPLIT_END, running(1), end(1, "failed"), running(2), end(2, "pruned", text="Time over."))
    found = nodes(batch)
    failed, pruned = found["trial-1"], found["trial-2"]
    assert (failed["state"], failed["set"]["cause"]) == ("FAILED", "nan")
    assert failed["set"]["text"] == "accuracy is not a number." and "traceback" not in failed["set"]
    assert (pruned["state"], pruned["set"]["outcome"], pruned["set"]["text"]) == (
        "CANCELED",
        "pruned",
        "Time over.",
    )
    assert not [name for name in found if name.startswith("metrics")]


def test_of_a_trial_that_ends_twice_the_last_end_counts() -> None:
    once = nodes(planned(SPLIT_END, end(1, "failed"), running(1), end(1, value=0.7)))
    assert once["trial-1"]["state"] == "COMPLETE" and "cause" not in once["trial-1"]["set"]
    assert once["metrics-1"]["set"]["value"] == 0.7
    later = nodes(planned(SPLIT_END, end(1, value=0.7), stored={1: Stored(50)}))
    assert later["50"]["state"] == "COMPLETE" and {"cause", "text"} <= set(later["50"]["unset"])
    assert "trial-1" not in later and later["metrics-1"]["state"] == "LIVE"
    better = planned(SPLIT_END, end(1, value=0.8), stored={1: Stored(50, 60)})
    assert nodes(better)["60"]["set"]["value"] == 0.8 and "metrics-1" not in nodes(better)
    assert links(better) >= {(50, "split", "INPUT"), (50, 60, "OUTPUT")}


@pytest.mark.parametrize("stored", [{}, {1: Stored(50, 60)}])
def test_scores_of_an_attempt_before_the_last_are_abandoned(stored: dict[int, Stored]) -> None:
    events = [end(1, "failed")] if stored else [end(1), running(1), end(1, "failed")]
    found = nodes(planned(SPLIT_END, *events, stored=stored))
    assert found["60" if stored else "metrics-1"]["state"] == "ABANDONED"
    assert found["50" if stored else "trial-1"]["state"] == "FAILED"


def test_a_run_that_goes_on_and_ends_again_has_nothing_left_of_its_first_end() -> None:
    first = nodes(planned(SPLIT_END, FAILED))["41"]
    assert (first["state"], first["set"]["cause"]) == ("FAILED", "lost")
    on = nodes(planned(SPLIT_END, FAILED, RESUMED, recorded=Recorded(41, 2)))["41"]
    assert on["state"] == "RUNNING" and {"cause", "text", "ended"} <= set(on["unset"])
    done = nodes(planned(SPLIT_END, FAILED, RESUMED, DONE))["41"]
    assert done["state"] == "COMPLETE" and {"cause", "text", "by"} <= set(done["unset"])
    assert done["set"]["best"] == {"metric": "accuracy", "value": 0.9, "trial": 1}


def test_many_trials_make_batches_that_the_store_takes_with_keys_that_differ() -> None:
    run, recorded, seen, keys = a_run(), Recorded(), 0, []
    events = log([SPLIT_END, *(e for n in range(501) for e in (running(n), end(n))), DONE])
    while batch := plan(run, events, recorded=recorded, split=split()):
        trials = [put for put in batch.executions if (put.ref or "").startswith("trial-")]
        assert len(trials) <= plan_trials.TRIALS
        assert len(batch.contexts) + len(batch.executions) + len(batch.artifacts) <= MAX_NODES
        seen += len(trials)
        keys.append(batch.key)
        own = batch.executions[0]
        assert own.set["last_seq"] > recorded.seq
        recorded = Recorded(41, own.set["last_seq"])
    assert seen == 501 and len(set(keys)) == len(keys) == 2 + 501 // plan_trials.TRIALS
    assert own.state == "COMPLETE" and recorded.seq == len(events)


def test_a_run_that_goes_on_is_looked_at_for_ended_trials_only() -> None:
    assert not step(a_run(), log([SPLIT_END, running(0)]), BEGUN)
    assert len(step(a_run(), log([SPLIT_END, running(0), end(0), running(1)]), BEGUN)) == 2
    assert plan(a_run(), log([SPLIT_END, running(0)]), recorded=BEGUN, split=split()) is None


def test_a_tuning_of_a_trained_model_reads_that_model() -> None:
    run = a_run(**{"from": {"run": FROM}})
    batch = planned(SPLIT_END, run=run, recorded=Recorded(), source=Source(model=8, dataset=9))
    assert nodes(batch)["execution"]["set"]["from_run"] == FROM
    assert nodes(batch)["run"]["name"] == RUN, "it is a run of its own"
    assert ("execution", 8, "INPUT") in links(batch)
    unknown = planned(SPLIT_END, run=run, recorded=Recorded(), source=Source())
    assert len(links(unknown)) == 2


def scored(*numbers: int, first: int = 100) -> list[Scored]:
    return [Scored(first + n, n, params(n)) for n in numbers]


def trained(number: int) -> Run:
    model = {"family": "sklearn:Ridge", "params": {"tol": 0.1, **params(number)}}
    return a_run(kind="train", model=model, **{"from": {"run": FROM}})


TRAINED = [SPLIT_END, {"type": "artifact", "uri": "m", "sha256": "c" * 64}, {"type": "done"}]


def test_the_training_of_the_best_is_linked_with_all_done_trials_before_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(planning, "LINKS", 2)
    source = Source(execution=7, trials=scored(3, 0, 1, 4, 5), best=4)
    first = planned(*TRAINED, run=trained(4), recorded=Recorded(), source=source)
    assert set(nodes(first)) == {"workspace", "run", "execution", "dataset"}
    assert nodes(first)["execution"]["set"]["from_run"] == FROM
    recorded, keys, read = BEGUN, {first.key}, set[str | int]()
    for _ in range(3):
        batch = planned(*TRAINED, run=trained(4), recorded=recorded, source=source)
        own = nodes(batch)["41"]
        assert own["state"] is None and "last_seq" not in own["set"] and own["set"]["from_trial"] == 4
        if (41, 104, "INPUT") in links(batch):
            assert nodes(batch)["104"]["set"] == {"chosen_by": RUN}
        read |= {artifact for _, artifact, _ in links(batch)}
        keys.add(batch.key)
        recorded = Recorded(41, 1, own["set"]["trials_linked"])
    assert read == {100, 101, 103, 104, 105}
    last = planned(*TRAINED, run=trained(4), recorded=recorded, source=source)
    assert nodes(last)["41"]["state"] == "COMPLETE" and "model" in nodes(last)
    assert len(keys | {last.key}) == 5
    assert plan(trained(4), log(TRAINED), recorded=Recorded(41, 3, 5), split=split(), source=source) is None


def test_the_training_of_the_best_of_an_unknown_run_is_recorded_without_it() -> None:
    batch = planned(*TRAINED, run=trained(4), source=Source())
    assert nodes(batch)["41"]["state"] == "COMPLETE"
    assert links(batch) == {(41, "model", "OUTPUT")}


def test_the_best_is_the_trial_whose_parameters_the_model_has() -> None:
    trials = [*scored(1, 2, 3), Scored(200, 4, {"alpha": 2 / 7}), Scored(201, 5, params(2), resource=9)]
    assert best(trials, {"tol": 1, **params(3)}, None) == trials[2]
    assert best(trials, params(2), None) == trials[4], "of equals the one with the most of the resource"
    assert best(trials, params(2), 2) == trials[1], "unless the run says which"
    assert best(trials, params(9), 2) is None


def test_parameters_with_names_that_the_store_keeps_for_itself_are_kept_as_text() -> None:
    strange = {**end(1), "params": {"$float": "x"}}
    found = nodes(planned(SPLIT_END, strange))
    assert found["trial-1"]["set"]["params"] == '{"$float": "x"}'
