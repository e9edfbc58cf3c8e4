"""`kfhub start`: what it refuses, what it keeps, and that nothing is left when it ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from kflab.runs.manager import RunManager
from kflab.runs.spec import RunSpec
from kfspawner.settings import Settings, StartError

# What a training run does does not matter here, only that it lasts.
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
SPEC: dict[str, Any] = {
    "dataset": {"uri": "sklearn:wine"},
    "split": {"parts": [0.6, 0.2, 0.2]},
    "model": {"family": "sklearn:RandomForestClassifier"},
}


def family(pid: int) -> list[psutil.Process]:
    return list(psutil.Process(pid).children(recursive=True))


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_port_taken(kfhub: Callable[..., Any], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = kfhub(tmp_path / "data", port)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert f"Port {port}" in result.stderr and "KFHUB_PORT" in result.stderr


def test_bad_policy(kfhub: Callable[..., Any], tmp_path: Path, free_port: int) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("spawnerFormDefaults:\n  cpuu: {}\n")
    result = kfhub(tmp_path / "data", free_port, KFHUB_POLICY=str(policy))
    assert result.returncode == 1
    assert "cpuu" in result.stderr and str(policy) in result.stderr and "Traceback" not in result.stderr


def test_second_hub_on_one_folder(kfhub: Callable[..., Any], hub: Any, free_port: int) -> None:
    result = kfhub(hub.data, free_port)
    assert result.returncode == 1 and "running on the folder" in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("KFHUB_PASSWORD", "short", "at least 8"),
        ("KFHUB_ADMIN_PASSWORD", "only-thirty-one-characters-long", "at least 32"),
        ("KFHUB_PORT", "80a", "1 to 65535"),
        ("KFHUB_PORT", "65536", "1 to 65535"),
        ("KFHUB_PORT", "٣٣", "1 to 65535"),
    ],
)
def test_values_that_can_not_be_used(tmp_path: Path, variable: str, value: str, says: str) -> None:
    with pytest.raises(StartError, match=says) as caught:
        Settings.from_environment({"KFHUB_DATA": str(tmp_path / "data"), variable: value})
    assert variable in str(caught.value)


def test_short_password_ends_the_command_with_one_sentence(
    kfhub: Callable[..., Any], tmp_path: Path, free_port: int
) -> None:
    result = kfhub(tmp_path / "data", free_port, KFHUB_PASSWORD="short")
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
    assert "KFHUB_PASSWORD has 5 characters" in result.stderr


def test_same_password_twice(tmp_path: Path) -> None:
    same = "x" * 40
    with pytest.raises(StartError, match="two different"):
        Settings.from_environment(
            {"KFHUB_DATA": str(tmp_path), "KFHUB_PASSWORD": same, "KFHUB_ADMIN_PASSWORD": same}
        )


def test_data_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="KFHUB_DATA"):
        Settings.from_environment({"KFHUB_DATA": str(tmp_path / "file/data")})


def test_passwords_are_made_once_and_kept_private(tmp_path: Path) -> None:
    first = Settings.from_environment({"KFHUB_DATA": str(tmp_path)})
    assert first == Settings.from_environment({"KFHUB_DATA": str(tmp_path)})
    assert first.made and len(first.password) >= 8 and len(first.admin_password) >= 32
    assert first.password != first.admin_password
    for name in ("password", "admin_password"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_data_folder_that_was_there_is_made_private(tmp_path: Path) -> None:
    for before, after in ((0o755, 0o700), (0o700, 0o700), (0o500, 0o500), (0o1777, 0o1777)):
        tmp_path.chmod(before)
        Settings.from_environment(
            {"KFHUB_DATA": str(tmp_path), "KFHUB_PASSWORD": "y" * 8, "KFHUB_ADMIN_PASSWORD": "z" * 32}
        )
        assert stat.S_IMODE(tmp_path.stat().st_mode) == after
    tmp_path.chmod(0o700)


def test_what_the_hub_writes_is_for_its_account(hub: Any) -> None:
    for name in ("jupyterhub.sqlite", "jupyterhub_config.py", "kfhub.lock", "logs/hub.log"):
        assert stat.S_IMODE((hub.data / name).stat().st_mode) == 0o600


def test_given_passwords_are_not_written_down(tmp_path: Path) -> None:
    Settings.from_environment(
        {"KFHUB_DATA": str(tmp_path), "KFHUB_PASSWORD": "y" * 8, "KFHUB_ADMIN_PASSWORD": "z" * 32}
    )
    assert list(tmp_path.iterdir()) == []


def test_says_how_to_log_in(hub: Any) -> None:
    said = "\n".join(hub.said)
    assert f"kfhub is ready at {hub.url}/" in said
    assert "KFHUB_PASSWORD" in said and "correct-horse" not in said
    assert {"jupyterhub_config.py", "spawner_ui_config.yaml", "templates"} <= {
        p.name for p in hub.data.iterdir()
    }


def test_ctrl_c_stops_hub_proxy_and_notebooks_but_training_goes_on(
    start_hub: Callable[..., Any], until: Callable[..., Any]
) -> None:
    own = start_hub()
    ada = own.person("ada")
    assert ada.rest("POST", "", {"user_options": {}}).status_code in (201, 202)
    ada.wait_ready("")
    processes = family(own.process.pid)
    assert len(processes) >= 5  # hub, guard and proxy, guard and notebook
    manager = RunManager(own.data / "volumes/user-ada/default-workspace", command=SLEEP)
    run = manager.create(RunSpec.model_validate(SPEC))
    try:
        assert own.stop(signal.SIGINT) == 0
        assert alive(processes) == []
        assert own.said[-1] == "stopped."
        (told,) = (line for line in own.said if line.startswith("1 training run goes on"))
        assert "cancel it in the Runs panel" in told
        assert not manager.get(run).ended
    finally:
        manager.cancel(run, by="test")
        until(lambda: manager.get(run).ended)


def test_killed_start_leaves_nothing_running(
    start_hub: Callable[..., Any], kfhub: Callable[..., Any], until: Callable[..., Any], free_port: int
) -> None:
    own = start_hub()
    ada = own.person("ada")
    ada.rest("POST", "", {"user_options": {}})
    until(lambda: len(family(own.process.pid)) >= 5)
    processes = family(own.process.pid)
    hub = psutil.Process(own.process.pid).children()[0]
    hub.suspend()  # slow to end, as one with many notebooks is
    try:
        own.process.kill()
        own.process.wait(30)
        second = kfhub(own.data, free_port)
    finally:
        hub.resume()
    assert second.returncode == 1 and "already" in second.stderr  # no two hubs on one database
    until(lambda: not alive(processes), 40)


def test_killed_hub_takes_proxy_and_notebooks_with_it(
    start_hub: Callable[..., Any], until: Callable[..., Any]
) -> None:
    own = start_hub()
    processes = family(own.process.pid)
    hub = psutil.Process(own.process.pid).children()[0]
    os.kill(hub.pid, signal.SIGKILL)
    assert own.process.wait(30) == 1
    until(lambda: not alive(processes))
    assert own.process.stdout is not None and "log says why" in own.process.stdout.read()
