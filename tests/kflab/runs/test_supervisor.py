"""A run under its supervisor: what it logs, and how it ends, whoever is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kflab.runs.manager import RunConflict, RunManager
from kflab.runs.spec import RunSpec
from kflab.runs.supervisor import ending

from .conftest import PREAMBLE, SPEC, Lab, processes_of, supervisor_of, until

STUBBORN = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleeper = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
nested = f"import subprocess,sys; subprocess.Popen([sys.executable, '-c', {sleeper!r}]).wait()"
subprocess.Popen([sys.executable, "-c", nested])
subprocess.Popen([sys.executable, "-c", nested], start_new_session=True)
emit("stage", name="fit", state="begin")
time.sleep(600)
"""


def test_what_a_run_says_and_prints_is_logged_in_order_and_done_comes_last(lab: Lab) -> None:
    manager, run_id = lab.start("""
emit("stage", name="fit", state="begin")
print("hällo"); print("oh", file=sys.stderr)
wait_for("log.txt")
emit("epoch", step=1, of=1, unit="epoch", train={"loss": float("nan")}, validation={}, seconds=0.1)
emit("done", best={"metric": "accuracy", "value": 0.5})
emit("metric", name="accuracy", value=0.5, part="validation")
""")
    run = lab.ended(manager, run_id)
    events = manager.events(run_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [e["type"] for e in events if e["type"] != "log"] == ["stage", "epoch", "metric", "done"]
    epoch = next(e for e in events if e["type"] == "epoch")
    assert epoch["train"] == {"loss": {"$float": "NaN"}}
    printed = {e["stream"]: e["text"] for e in events if e["type"] == "log"}
    assert printed == {"stdout": "hällo\n", "stderr": "oh\n"}
    assert sorted(manager.folder(run_id).text.read_text().split()) == ["hällo", "oh"]
    assert events[-1]["peak_memory"] > 1 << 20
    assert run.state == "done" and run.best is not None and run.best.value == 0.5
    assert run.started == events[0]["time"] and run.ended == events[-1]["time"]
    assert not manager.folder(run_id).reserve.exists()


def test_long_prints_come_in_pieces_that_join_to_what_was_printed(lab: Lab) -> None:
    manager, run_id = lab.start("print('ä' * 50_000, flush=True); emit('done')")
    lab.ended(manager, run_id)
    texts = [event["text"] for event in manager.events(run_id) if event["type"] == "log"]
    assert "".join(texts) == "ä" * 50_000 + "\n"
    assert max(len(text.encode()) for text in texts) <= 8192


def test_events_that_are_none_become_warnings_and_the_run_goes_on(lab: Lab) -> None:
    manager, run_id = lab.start("""
emit("stage", name="cook", state="begin")
emit("metric", name="accuracy", value=0.5, part="validation", seq=7)
emit("prediction", step=1, n=1, rows=[{"row": 1, "truth": 1, "pred": 1}] * 201)
os.write(emit._fd, b"no json\\n[]\\n" + b"x" * 900_000 + b"\\n")
emit("log", stream="stdout", text="x" * 9000)
emit("done")
""")
    lab.ended(manager, run_id)
    events = manager.events(run_id)
    assert {e["type"] for e in events} == {"warning", "done"}
    texts = "\n".join(e.get("text", "") for e in events)
    for said in ("name", "seq", "rows", "no JSON", "256 KiB", "text"):
        assert said in texts


def test_the_runner_killed_is_failed_by_signal_and_its_events_are_kept(lab: Lab) -> None:
    manager, run_id = lab.start(
        'emit("metric", name="accuracy", value=0.5, part="validation")\ntime.sleep(600)'
    )
    until(lambda: manager.events(run_id))
    os.kill(processes_of(manager.folder(run_id).path)[0].pid, signal.SIGKILL)
    run = lab.ended(manager, run_id)
    assert (run.state, run.cause) == ("failed", "signal")
    assert "SIGKILL" in (run.text or "")
    assert lab.types(manager, run_id) == ["metric", "failed"]
    assert manager.events(run_id)[-1]["signal"] == "SIGKILL"


@pytest.mark.parametrize(
    ("program", "cause", "said"),
    [
        ("sys.exit(3)", "error", "exit code 3"),
        ("emit('done'); sys.stdout.flush(); os._exit(4)", "error", "exit code 4"),
        ("emit('failed', cause='nan', text='The loss is NaN.'); sys.exit(1)", "nan", "NaN"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal", "SIGSEGV"),
    ],
)
def test_how_a_run_failed_is_said(lab: Lab, program: str, cause: str, said: str) -> None:
    manager, run_id = lab.start(program)
    run = lab.ended(manager, run_id)
    assert (run.state, run.cause) == ("failed", cause)
    assert said in (run.text or "")


def test_killed_while_memory_ran_out_is_oom() -> None:
    end = ending(-signal.SIGKILL, None, None, peak=5 << 30, out_of_memory=True)
    assert end["cause"] == "oom" and "5,120 MiB" in end["text"]
    assert ending(-signal.SIGSEGV, None, None, peak=1, out_of_memory=True)["cause"] == "signal"


def test_work_that_was_done_before_the_cancel_came_is_done() -> None:
    cancelled = {"type": "cancelled", "by": "ada"}
    assert ending(0, {"type": "done"}, cancelled, peak=1, out_of_memory=False)["type"] == "done"
    assert ending(-15, {"type": "done"}, cancelled, peak=1, out_of_memory=False)["type"] == "cancelled"


def test_cancel_ends_a_run_that_ignores_signals_with_all_that_it_started(lab: Lab) -> None:
    manager, run_id = lab.start(STUBBORN)
    folder = manager.folder(run_id).path
    until(lambda: len(processes_of(folder)) == 5)
    manager.cancel(run_id, by="ada")
    run = lab.ended(manager, run_id)
    assert run.state == "cancelled"
    assert manager.events(run_id)[-1]["by"] == "ada"
    assert processes_of(folder) == []
    assert manager.cancel(run_id, by="bob").state == "cancelled"


def test_a_cancel_before_the_supervisor_is_up_is_not_lost(lab: Lab) -> None:
    manager, run_id = lab.start("time.sleep(600)")
    manager.cancel(run_id, by="ada")
    assert lab.ended(manager, run_id).state == "cancelled"


def test_what_a_run_leaves_running_ends_with_it(lab: Lab) -> None:
    manager, run_id = lab.start("""
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
emit("done")
""")
    assert lab.ended(manager, run_id).state == "done"
    assert processes_of(manager.folder(run_id).path) == []


def test_the_time_limit_ends_a_run_and_names_its_field(lab: Lab) -> None:
    manager, run_id = lab.start("time.sleep(600)", engine={"seconds": 0.2})
    run = lab.ended(manager, run_id)
    assert (run.state, run.cause) == ("failed", "error")
    assert manager.events(run_id)[-1]["field"] == "engine.seconds"


def test_threads_and_backend_stand_in_the_environment_before_the_first_import(lab: Lab) -> None:
    names = [
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "KERAS_BACKEND",
        "XLA_FLAGS",
    ]
    manager, run_id = lab.start(
        f"print([os.environ[n] for n in {names}]); emit('done')", engine={"threads": 3}
    )
    lab.ended(manager, run_id)
    printed = manager.folder(run_id).text.read_text()
    assert printed.startswith("['3', '3', '3', 'jax', ") and "multi_thread_eigen=true" in printed


def test_the_supervisor_killed_is_found_as_lost_and_leaves_nothing_running(lab: Lab) -> None:
    manager, run_id = lab.start(STUBBORN)
    folder = manager.folder(run_id).path
    until(lambda: manager.events(run_id) and len(processes_of(folder)) == 5)
    assert manager.recover() == []
    supervisor = supervisor_of(folder)
    supervisor.kill()
    until(lambda: manager.recover() == [run_id])
    run = manager.get(run_id)
    assert (run.state, run.cause) == ("failed", "lost")
    assert lab.types(manager, run_id) == ["stage", "failed"]
    until(lambda: processes_of(folder) == [])
    assert manager.recover() == []


def test_a_run_outlives_the_server_that_started_it_and_its_whole_session(lab: Lab) -> None:
    program = 'emit("stage", name="fit", state="begin"); wait_for("go"); emit("done")'
    manager = lab.manager(program)
    code = f"""
import os, signal
from kflab.runs.manager import RunManager
from kflab.runs.spec import RunSpec
from pathlib import Path
manager = RunManager(Path({str(lab.workspace)!r}), command={[sys.executable, "-c", PREAMBLE + program]!r})
print(manager.create(RunSpec.model_validate({SPEC!r})), flush=True)
os.killpg(0, signal.SIGKILL)
"""
    server = subprocess.run(
        [sys.executable, "-c", code], start_new_session=True, capture_output=True, text=True
    )
    assert server.returncode == -signal.SIGKILL
    run_id = server.stdout.strip()
    until(lambda: manager.events(run_id))
    assert manager.recover() == []
    assert manager.get(run_id).state == "running"
    (manager.folder(run_id).path / "go").touch()
    assert lab.ended(manager, run_id).state == "done"


def test_a_terminated_supervisor_says_interrupted(lab: Lab) -> None:
    manager, run_id = lab.start('emit("stage", name="fit", state="begin"); time.sleep(600)')
    until(lambda: manager.events(run_id))
    supervisor_of(manager.folder(run_id).path).terminate()
    assert lab.ended(manager, run_id).state == "interrupted"
    assert manager.events(run_id)[-1]["by"] == "SIGTERM"


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """Starts a shell in which `$1` is a disk of 400 KB: a tmpfs, in a mount namespace of its own."""
    unshare = ["unshare", "--mount", *(["--user", "--map-root-user"] if os.getuid() else [])]
    disk = tmp_path / "disk"
    disk.mkdir()
    script = tmp_path / "small_disk"
    script.write_text(
        '#!/bin/sh\nset -e\nmount -t tmpfs -o size=400k tmpfs "$1"\ndisk="$1"\nshift\n'
        '"$@"\ncp -r "$disk" "$disk.kept"\n'
    )
    tried = [*unshare, "sh", str(script), str(disk), "true"]
    if shutil.which("unshare") is None or subprocess.run(tried, capture_output=True).returncode:
        pytest.skip("this needs a mount namespace; the kernel or the container does not allow one")
    shutil.rmtree(tmp_path / "disk.kept")
    return script


@pytest.mark.parametrize("what", ["events", "prints"])
def test_a_disk_that_fills_while_logging_ends_the_run_with_what_was_kept(
    small_disk: Path, lab: Lab, what: str
) -> None:
    fill = {
        "events": 'emit("metric", name=str(n), value=0.5, part="train")',
        "prints": 'print(n, "x" * 80)',
    }[what]
    program = f'emit("stage", name="fit", state="begin")\nfor n in range(10**9): {fill}'
    disk = small_disk.parent / "disk"
    folder = disk / "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    spec = RunSpec.model_validate(SPEC).model_dump_json(by_alias=True)
    inner = (
        f"import pathlib, sys; from kflab.runs.supervisor import main; p = pathlib.Path({str(folder)!r}); "
        f"p.mkdir(); (p / 'spec.json').write_text({spec!r}); "
        f"sys.exit(main([str(p), '--workspace', str(p), '--', sys.executable, '-c', {PREAMBLE + program!r}]))"
    )
    unshare = ["unshare", "--mount", *(["--user", "--map-root-user"] if os.getuid() else [])]
    done = subprocess.run(
        [*unshare, "sh", str(small_disk), str(disk), sys.executable, "-c", inner],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    kept = disk.with_name("disk.kept") / folder.name
    events = [json.loads(line) for line in (kept / "events.jsonl").read_text().splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "stage" and len(events) > 10
    assert events[-1]["type"] == "failed" and events[-1]["cause"] == "disk"
    assert "disk is full" in events[-1]["text"]


def test_two_supervisors_of_one_run_are_one(lab: Lab) -> None:
    manager, run_id = lab.start('emit("stage", name="fit", state="begin"); wait_for("go"); emit("done")')
    folder = manager.folder(run_id).path
    until(lambda: manager.events(run_id))
    again = [sys.executable, "-m", "kflab.runs.supervisor", str(folder), "--", sys.executable, "-c", "1"]
    assert subprocess.run(again).returncode == 0
    (folder / "go").touch()
    assert lab.ended(manager, run_id).state == "done"
    assert subprocess.run(again).returncode == 0
    assert lab.types(manager, run_id) == ["stage", "done"]


def test_an_ended_run_cannot_be_cancelled(lab: Lab) -> None:
    manager, run_id = lab.start("emit('done')")
    lab.ended(manager, run_id)
    with pytest.raises(RunConflict, match="done"):
        manager.cancel(run_id, by="ada")
    assert isinstance(manager, RunManager)
