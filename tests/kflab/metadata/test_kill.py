"""kill -9 of the worker at any point: nothing half-written, nothing twice, nothing lost."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from kflab.metadata import process, worker
from kflab.metadata.errors import StoreUnavailable
from kflab.metadata.index import Index
from kflab.metadata.location import Sqlite
from kflab.metadata.lock import FileLock
from kflab.metadata.mlmd import connect
from kflab.metadata.record import Recorder
from kflab.metadata.store import Store

from .conftest import batch, model, step

W = {"ref": "w", "type": "system.Pipeline", "name": "w"}


def group(n: int) -> dict[str, Any]:
    """Two artifacts and their execution: all three or none."""
    return {
        "contexts": [W],
        "executions": [step("e", f"step {n}")],
        "artifacts": [model("a", f"{n}"), model("b", f"{n}")],
        "events": [{"execution": "e", "artifact": ref, "type": "OUTPUT"} for ref in ("a", "b")],
    }


async def test_killed_at_random_points_each_batch_is_there_once(store: Store) -> None:
    pick = random.Random(3)
    await store.start()
    pids = set()

    async def kill() -> None:
        while len(pids) < 7:
            await asyncio.sleep(pick.random() * 0.05)
            if store.worker_pid is not None and store.worker_pid not in pids and answered:
                pids.add(store.worker_pid)
                os.kill(store.worker_pid, signal.SIGKILL)

    answered: list[int] = []
    killer = asyncio.create_task(kill())
    n = 0
    while not killer.done() or n < 10:
        sent = batch(**group(n))
        while True:
            try:
                await store.batch(sent)
                break
            except StoreUnavailable as error:
                assert "try again" in error.message
        answered.append(n)
        n += 1
    await killer
    assert len(pids) == 7
    for _ in range(2):
        for kind, each in (("artifacts", 2), ("executions", 1)):
            names: list[str] = []
            token = None
            while True:
                page = await store.list(kind, limit=500, page_token=token)  # type: ignore[arg-type]
                names += [item.name.removeprefix("step ") for item in page.items]
                token = page.next_page_token
                if token is None:
                    break
            assert sorted(names) == sorted(str(n) for n in answered for _ in range(each))
        assert (await store.list("contexts")).total == 1
        # The store itself says the same as the index, which has only followed it so far.
        await store.rebuild()


async def test_the_worker_ends_with_its_server(store: Store) -> None:
    await store.start()
    pid = store.worker_pid
    assert pid is not None
    await store.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_worker_that_can_not_live_is_a_sentence(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(StoreUnavailable, match="died several times"):
        await store.list("artifacts")


async def test_a_worker_that_stands_still_is_replaced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.batch(batch(**group(0)))
    monkeypatch.setattr(process, "LIMIT", 0.5)
    monkeypatch.setitem(process.LIMITS, "rebuild", 0.5)
    for act in (store.rebuild, lambda: store.batch(batch(**group(1)))):
        pid = store.worker_pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        await asyncio.wait_for(act(), 60)
        assert store.worker_pid != pid and not psutil.pid_exists(pid)
    assert (await store.list("artifacts")).total == 4


async def test_a_server_does_not_wait_for_a_worker_that_stands_still(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "CLOSING", 0.5)
    await store.start()
    pid = store.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    waiting = asyncio.create_task(store.rebuild())
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    await asyncio.wait_for(store.close(), 60)
    assert not psutil.pid_exists(pid)
    with pytest.raises(StoreUnavailable, match="the server is stopping"):
        await waiting


async def test_no_other_account_can_read_the_password(tmp_path: Path, free_port: int) -> None:
    store = Store(f"mysql://ann:p%40ss@127.0.0.1:{free_port}/team", tmp_path / "index")
    with pytest.raises(StoreUnavailable, match=f"{free_port}"):
        await store.list("artifacts")
    shown = psutil.Process(store.worker_pid).cmdline()
    assert "kflab.metadata.worker" in shown and "p%40ss" not in " ".join(shown)
    await store.close()


async def test_modules_of_the_workspace_are_not_the_worker_s(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert (await store.list("artifacts")).total == 0


def test_what_the_store_has_and_the_index_missed_is_caught_up(
    tmp_path: Path, make_store: Callable[[], Store]
) -> None:
    """Killed between the two commits: made here by an index whose transaction never comes to its end."""
    place = Sqlite(tmp_path / "metadata.sqlite")
    (tmp_path / "lock").touch()
    mlmd = connect(place)
    index = Index(place.index, worker.identity(place))
    recorder = Recorder(mlmd, index, FileLock(place))
    recorder.record(batch(**group(0)))
    sent = batch(**group(1))

    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "apply", die)
        with pytest.raises(Killed):
            recorder.record(sent)
        linked = batch(events=[{"execution": 1, "artifact": 3, "type": "INPUT"}])
    assert index.seen() == {"context": 2, "execution": 1, "artifact": 2}
    again = recorder.record(sent)
    assert again.replayed
    assert set(again.ids) == {"w", "e", "a", "b"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "apply", die)
        with pytest.raises(Killed):
            recorder.record(linked)
    index.close()
    del mlmd, recorder

    async def look() -> None:
        store = make_store()
        assert (await store.list("artifacts", filter="workspace = 'w'")).total == 4
        lineage = await store.lineage(again.ids["a"], hops=1)
        assert {(e.source, e.type) for e in lineage.edges} == {(2, "OUTPUT"), (again.ids["a"], "INPUT")}
        found = await store.get("artifacts", again.ids["a"])
        assert found.producer.name == "step 1"  # type: ignore[union-attr]
        await store.close()

    asyncio.run(look())
