"""The starter notebook comes into a new workspace once, and into the place of nothing else."""

from __future__ import annotations

import errno
import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from kflab.server.app import KFLabApp
from kflab.starter import NAME, put, tour, welcome, workspace


def test_a_new_workspace_gets_it_and_an_old_one_does_not(tmp_path: Path) -> None:
    assert welcome(tmp_path)
    assert json.loads((tmp_path / NAME).read_text("utf-8")) == tour()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".kflab", NAME]
    (tmp_path / NAME).unlink()
    assert not welcome(tmp_path)
    assert not (tmp_path / NAME).exists()


def test_what_has_its_name_stays(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("mine")
    assert welcome(tmp_path) and put(tmp_path) == NAME
    assert (tmp_path / NAME).read_text() == "mine"


def test_a_link_to_nothing_stays_as_well(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    put(tmp_path)
    assert (tmp_path / NAME).is_symlink() and not (tmp_path / "elsewhere").exists()


def test_it_comes_back_when_somebody_asks(tmp_path: Path) -> None:
    assert put(tmp_path) == put(tmp_path) == NAME
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_of_many_servers_that_start_at_once_one_puts_it(tmp_path: Path) -> None:
    at_once = Barrier(16)

    def start(_: int) -> bool:
        at_once.wait()
        return welcome(tmp_path)

    with ThreadPoolExecutor(16) as servers:
        assert sum(servers.map(start, range(16))) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".kflab", NAME]


def test_many_who_ask_at_once_find_it_whole(tmp_path: Path) -> None:
    at_once = Barrier(16)

    def ask(_: int) -> Any:
        at_once.wait()
        return json.loads((tmp_path / put(tmp_path)).read_text("utf-8"))

    with ThreadPoolExecutor(16) as people:
        assert all(found == tour() for found in people.map(ask, range(16)))
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.fixture(params=["links", "no links"])
def share(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A workspace whose file system knows hard links, and one that does not."""

    def refused(self: Path, target: Path) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    if request.param == "no links":
        monkeypatch.setattr(Path, "hardlink_to", refused)
    return tmp_path


def test_it_is_whole_on_any_file_system(share: Path) -> None:
    put(share)
    assert json.loads((share / NAME).read_text("utf-8")) == tour()
    assert [path.name for path in share.iterdir()] == [NAME]


def test_somebody_who_was_quicker_keeps_theirs(share: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made_meanwhile() -> dict[str, Any]:
        (share / NAME).write_text("mine")
        return {}

    monkeypatch.setattr(workspace, "tour", made_meanwhile)
    put(share)
    assert (share / NAME).read_text() == "mine"
    assert [path.name for path in share.iterdir()] == [NAME]


def test_where_nothing_can_be_written_the_server_starts_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = KFLabApp()
    app.log.addHandler(caplog.handler)
    with caplog.at_level(logging.WARNING):
        app._welcome(tmp_path / "gone")
    assert f"could not be put into {tmp_path / 'gone'}: No such file" in caplog.text


@pytest.mark.parametrize(
    ("given", "there"), [("off", False), ("OFF", False), ("0", False), ("on", True), ("", True), (None, True)]
)
def test_the_environment_switches_it_off(
    monkeypatch: pytest.MonkeyPatch, given: str | None, there: bool
) -> None:
    monkeypatch.delenv("KFLAB_STARTER", raising=False)
    if given is not None:
        monkeypatch.setenv("KFLAB_STARTER", given)
    assert KFLabApp().starter is there
