"""LocalSpawner on its own, without a hub: what it does before a notebook runs, and when it did not."""

from __future__ import annotations

import os
import threading
import tracemalloc
from contextvars import Context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm
from jupyterhub.user import User
from traitlets.config import Config

from kfspawner import Owner, Policy
from kfspawner.doors import _ShowForm
from kfspawner.folders import Folders
from kfspawner.local import LocalSpawner, NotStarted


@pytest.fixture
def spawner(tmp_path: Path, policy: Policy) -> LocalSpawner:
    spawner = LocalSpawner(
        user=SimpleNamespace(name="ada"),
        orm_spawner=SimpleNamespace(name="", state={}, server=None),
        data=str(tmp_path),
    )
    spawner.notebook_spec = policy.resolve({}, Owner("ada"))
    return spawner


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "logs/ada/default.log"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


async def test_folders_are_made_while_the_hub_goes_on(
    spawner: LocalSpawner, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[Any] = []

    def prepare(*_: object) -> Path:
        threads.append(threading.current_thread())
        raise OSError("enough")

    monkeypatch.setattr(Folders, "prepare", prepare)
    with pytest.raises(NotStarted, match="can't be made"):
        await spawner.start()
    assert threads and threads[0] is not threading.main_thread()


async def test_a_large_log_is_put_aside_once(
    spawner: LocalSpawner, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawner, "_command", lambda _: ["false"])
    monkeypatch.setattr(spawner, "get_env", lambda: {})
    for size, sizes in ((5, [5]), (11 * 2**20, [0, 11 * 2**20]), (12 * 2**20, [0, 12 * 2**20])):
        os.truncate(log, size)
        with pytest.raises(NotStarted):
            await spawner.start()
        assert [path.stat().st_size for path in sorted(log.parent.glob("*.log"))] == sizes


def test_only_the_end_of_a_log_is_read(spawner: LocalSpawner, log: Path) -> None:
    with log.open("wb") as file:
        file.truncate(100 * 2**20)  # takes no room on the disk
        file.seek(0, os.SEEK_END)
        file.write("\n\nout of tea \N{HOT BEVERAGE}\nbye\n".encode())
    tracemalloc.start()
    try:
        message = spawner._why_ended(3)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert "(exit status 3)" in message and "out of tea \N{HOT BEVERAGE} / bye" in message


def test_a_link_forgets_the_record_that_it_made_and_none_of_before(policy: Policy, tmp_path: Path) -> None:
    sessions = orm.new_session_factory(f"sqlite:///{tmp_path / 'hub.sqlite'}")

    def follow(server: str, db: Any) -> None:
        config = Config(
            {"LocalSpawner": {"policy_file": str(tmp_path / "spawner_ui_config.yaml"), "data": str(tmp_path)}}
        )
        user = User(db.query(orm.User).one(), {"spawner_class": LocalSpawner, "config": config})
        spawner = user.get_or_create_spawner(server, "")
        spawner.handler = SimpleNamespace(log=spawner.log)
        with pytest.raises(_ShowForm):
            spawner.options_from_query({"cpu": ["1"]})

    with sessions() as first:
        first.add(orm.User(name="ada"))
        first.commit()
        user = User(first.query(orm.User).one(), {"spawner_class": LocalSpawner})
        user.get_or_create_spawner("mine", "Mine")
    with sessions() as second:  # the hub was restarted
        for server in ("mine", "fresh"):
            Context().run(follow, server, second)
        assert {record.name for record in second.query(orm.Spawner)} == {"", "mine"}


@pytest.mark.parametrize(("works", "word"), [(True, "enforced"), (False, "advisory")])
def test_limits_are_called_enforced_only_where_they_are(
    spawner: LocalSpawner, monkeypatch: pytest.MonkeyPatch, works: bool, word: str
) -> None:
    monkeypatch.setattr("kfspawner.limits.scopes_work", lambda: works)
    monkeypatch.setattr(LocalSpawner, "policy", Policy.load("hub_config/spawner_ui_config.yaml"))
    monkeypatch.setattr(LocalSpawner, "owner", Owner("ada"))
    monkeypatch.setattr(LocalSpawner, "running", ())
    spawner.hub = SimpleNamespace(base_url="/hub/")
    spawner.user.escaped_name = "ada"
    assert spawner.form_view("default").marks == {"cpu": word, "memory": word}
