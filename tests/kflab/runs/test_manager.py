"""Creating, listing, evaluating and deleting runs."""

from __future__ import annotations

import builtins
import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kflab.runs.folder import try_lock
from kflab.runs.log import EventLog
from kflab.runs.manager import RunConflict, RunManager, RunNotFound, RunRefused
from kflab.runs.spec import RunSpec, new_ulid

from .conftest import SPEC, Lab, processes_of, until


def spec(**fields: Any) -> RunSpec:
    return RunSpec.model_validate({**SPEC, **fields})


def ended_run(manager: RunManager, **fields: Any) -> str:
    """A run of the past: a folder with a log, and nobody at work in it."""
    run_id = new_ulid()
    folder = manager.root / run_id
    folder.mkdir()
    (folder / "spec.json").write_text(spec(**fields).model_dump_json(by_alias=True))
    with EventLog(folder / "events.jsonl") as log:
        log.append("stage", name="fit", state="begin")
        log.append("done")
    return run_id


def test_the_same_key_again_is_the_same_run_also_at_once_and_from_another_server(lab: Lab) -> None:
    manager = lab.manager('emit("stage", name="fit", state="begin"); wait_for("go"); emit("done")')
    other = lab.manager("emit('done')")
    key = new_ulid()
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda m: m.create(spec(key=key)), [manager, other] * 4))
    assert ids == {key}
    assert [run.id for run in other.list()] == [key]
    assert [path.name for path in manager.root.iterdir()] == [key]
    folder = manager.folder(key).path
    until(lambda: manager.get(key).state == "running" or manager.get(key).ended)
    assert len(processes_of(folder)) <= 1
    (folder / "go").touch()
    lab.ended(manager, key)
    assert manager.create(spec(key=key)) == key
    with pytest.raises(RunConflict, match="another spec"):
        manager.create(spec(key=key, name="another"))


def test_a_run_has_what_the_api_shows(lab: Lab) -> None:
    manager, run_id = lab.start("emit('done')", dataset={"uri": "data/customers.csv", "target": "churn"})
    assert manager.get(run_id).state in ("queued", "running", "done")
    run = lab.ended(manager, run_id)
    assert (run.id, run.kind, run.name) == (run_id, "train", "Ridge on customers.csv")
    assert run.cause is None and run.text is None
    assert run.started is not None and run.ended is not None
    assert run.created <= run.started <= run.ended
    assert run.spec.dataset is not None and run.spec.dataset.target == "churn"
    assert lab.manager().get(run_id) == run, "another server knows the same"


def test_lists_are_newest_first_and_filtered(lab: Lab) -> None:
    manager = lab.manager()
    ids = [ended_run(manager) for _ in range(3)]
    for age, run_id in enumerate(ids):
        os.utime(manager.root / run_id / "spec.json", (1e9 - age, 1e9 - age))
    assert [run.id for run in manager.list()] == ids
    assert [run.id for run in manager.list(state="done", kind="train")] == ids
    assert manager.list(state="running") == [] == manager.list(kind="evaluate")


def test_a_list_of_a_thousand_runs_opens_no_log_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = lab.manager()
    for _ in range(1000):
        ended_run(manager)
    assert len(manager.list()) == 1000
    opened = []
    real = builtins.open

    def counting(file: Any, *args: Any, **kwargs: Any) -> Any:
        opened.append(file)
        return real(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", counting)
    monkeypatch.setattr(io, "open", counting)
    assert len(manager.list()) == 1000
    assert opened == []
    fresh = RunManager(lab.workspace)
    fresh.list()
    assert len(opened) > 1000, "the count works"


def test_events_are_paged_by_seq(lab: Lab) -> None:
    manager, run_id = lab.start(
        'for n in range(30): emit("metric", name=str(n), value=n, part="train")\nemit("done")'
    )
    lab.ended(manager, run_id)
    assert [e["seq"] for e in manager.events(run_id, since=7, limit=3)] == [8, 9, 10]
    assert [e["type"] for e in manager.events(run_id, since=30)] == ["done"]
    assert manager.events(run_id, since=31) == []
    assert [e["seq"] for e in manager.tail(run_id, since=29).read()] == [30, 31]


@pytest.mark.parametrize("run_id", ["", "..", "../x", "x", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "\0" * 26])
def test_an_unknown_id_is_not_found_by_any_method(lab: Lab, run_id: str) -> None:
    manager = lab.manager()
    for call in (manager.get, manager.events, manager.tail, manager.delete, manager.folder):
        with pytest.raises(RunNotFound):
            call(run_id)
    with pytest.raises(RunNotFound):
        manager.cancel(run_id, by="ada")
    with pytest.raises(RunNotFound):
        manager.stop_trial(run_id, 1)
    with pytest.raises(RunRefused):
        manager.evaluate(run_id)


def test_a_training_has_no_trial_to_stop(lab: Lab) -> None:
    manager = lab.manager()
    with pytest.raises(RunConflict, match="has no trials; cancel the run"):
        manager.stop_trial(ended_run(manager), 1)


def test_only_an_ended_run_can_be_deleted(lab: Lab) -> None:
    manager, run_id = lab.start('wait_for("go"); emit("done")')
    with pytest.raises(RunConflict, match="Cancel it first"):
        manager.delete(run_id)
    (manager.folder(run_id).path / "go").touch()
    lab.ended(manager, run_id)
    manager.delete(run_id)
    assert list(manager.root.iterdir()) == [] and manager.list() == []
    with pytest.raises(RunNotFound):
        manager.get(run_id)


def test_a_deleted_run_is_gone_for_another_server_too(lab: Lab) -> None:
    manager, other = lab.manager(), lab.manager()
    run_id = ended_run(manager)
    assert other.get(run_id).state == "done"
    manager.delete(run_id)
    with pytest.raises(RunNotFound):
        other.get(run_id)
    assert other.list() == []


def test_evaluate_starts_a_run_that_refers_to_the_first(lab: Lab) -> None:
    manager = lab.manager("emit('done')")
    trained = ended_run(manager, name="mine", workspace="churn", metrics=["accuracy"])
    run = lab.ended(manager, manager.evaluate(trained))
    assert (run.kind, run.name, run.spec.workspace) == ("evaluate", "mine, evaluated", "churn")
    assert run.spec.from_ is not None and run.spec.from_.run == trained
    assert run.spec.metrics == ["accuracy"] and run.spec.dataset is None
    with pytest.raises(RunRefused, match="kind evaluate"):
        manager.evaluate(run.id)


def test_an_evaluation_that_is_asked_for_again_with_its_key_is_one(lab: Lab) -> None:
    manager = lab.manager("emit('done')")
    trained = ended_run(manager, metrics=["accuracy"])
    key = new_ulid()
    assert manager.evaluate(trained, key) == manager.evaluate(trained, key) == key
    assert manager.evaluate(trained) != key


def test_a_run_without_a_model_is_not_evaluated(lab: Lab) -> None:
    manager, run_id = lab.start("sys.exit(1)")
    lab.ended(manager, run_id)
    with pytest.raises(RunRefused, match="failed") as error:
        manager.create(RunSpec.model_validate({"kind": "evaluate", "from": {"run": run_id}}))
    assert error.value.field == "from.run"


def test_recover_leaves_alone_what_is_alive_or_ended_and_ends_what_never_started(lab: Lab) -> None:
    manager = lab.manager()
    done = ended_run(manager)
    queued = new_ulid()
    (manager.root / queued).mkdir()
    (manager.root / queued / "spec.json").write_text(spec().model_dump_json(by_alias=True))
    lock = try_lock(manager.root / queued / "run.lock")
    assert lock is not None
    assert manager.recover() == []
    os.close(lock)
    assert manager.recover() == [queued]
    assert manager.get(queued).cause == "lost" and manager.get(done).state == "done"


def test_recover_clears_what_a_crash_left_half_made(lab: Lab) -> None:
    manager = lab.manager()
    old, young = manager.root / f".{new_ulid()}", manager.root / f".{new_ulid()}"
    for path in (old, young):
        path.mkdir()
        (path / "spec.json").touch()
    os.utime(old, (1e9, 1e9))
    assert manager.recover() == [] and manager.list() == []
    assert not old.exists() and young.exists()


def test_a_damaged_spec_hides_no_other_run(lab: Lab) -> None:
    manager = lab.manager()
    good, bad = ended_run(manager), ended_run(manager)
    (manager.root / bad / "spec.json").write_text('{"version": 99}')
    assert [run.id for run in manager.list()] == [good]
    manager.recover()


@pytest.mark.parametrize("last", ['"type":"failed","cause":"evicted"', '"type":"done"'])
def test_a_log_of_another_version_hides_no_other_run(
    lab: Lab, last: str, caplog: pytest.LogCaptureFixture
) -> None:
    manager = lab.manager()
    good, bad, odd = ended_run(manager), ended_run(manager), ended_run(manager)
    time = ',"time":"2026-01-01T00:00:00.000Z"' if "evicted" in last else ""
    (manager.root / bad / "events.jsonl").write_text(f'{{"v":1,"seq":1,{last}{time}}}\n')
    (manager.root / odd / "events.jsonl").unlink()
    (manager.root / odd / "events.jsonl").mkdir()
    again = lab.manager()
    for _ in range(3):
        assert [run.id for run in again.list()] == [good]
        again.recover()
    told = [record.getMessage() for record in caplog.records]
    assert len([text for text in told if bad in text]) == 1
    with pytest.raises(RunNotFound, match="another version or damaged"):
        again.get(bad)


def test_the_runs_lie_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFLAB_RUNS", str(tmp_path / "elsewhere"))
    assert RunManager(tmp_path).root == tmp_path / "elsewhere"
    monkeypatch.delenv("KFLAB_RUNS")
    assert RunManager(tmp_path).root == tmp_path / ".kflab/runs"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "tune"}, "tuning"),
        ({"kind": "evaluate"}, "from"),
        ({"dataset": None}, "dataset"),
        ({"model": None}, "model"),
        ({"tuning": {}}, "leave it out"),
        ({"key": "x"}, "key"),
        ({"engine": {"threads": 0}}, "threads"),
        ({"engine": {"where": "cluster"}}, "where"),
        ({"epochs": 3}, "epochs"),
    ],
)
def test_a_spec_that_cannot_run_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        spec(**fields)


def test_ulids_sort_by_time_and_are_valid() -> None:
    made = [new_ulid() for _ in range(100)]
    assert all(RunSpec.model_validate({**SPEC, "key": ulid}) for ulid in made)
    assert [u[:10] for u in made] == sorted(u[:10] for u in made)
