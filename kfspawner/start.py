"""`kfhub start`: a hub on this machine, from its first file to its last process."""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from .guard import TRAINING
from .settings import Settings, StartError, hub_config

__all__ = ["start"]

PACKAGE = Path(__file__).parent
_ANSWERS_WITHIN = 120.0  # seconds
_STOPS_WITHIN = 60.0
Say = Callable[[str], None]


def start(say: Say) -> int:
    """Runs a hub until SIGINT or SIGTERM; returns the exit status. `say` is told each step.

    Raises StartError, before anything runs, if it can't start.
    """
    settings = Settings.from_environment()
    umask = os.umask(0o077)  # what is made here is for this account
    with _only_one(settings.data) as lock:
        copy_config(settings.data)
        settings.check()
        for part in ("proxy/bin/proxy.mjs", "static/form.js", "static/progress.js"):
            if not (PACKAGE / part).is_file():
                raise StartError(
                    f"{PACKAGE / part} is missing. In a checkout run `make start`, which builds it."
                )
        return _run(settings, say, lock, umask)


def copy_config(data: Path) -> None:
    """Copies what an admin may edit to `data`, where it is not there yet."""
    source = hub_config()
    for path in sorted(source.rglob("*")):
        target = data / path.relative_to(source)
        if path.is_file() and not target.exists() and "__pycache__" not in path.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


@contextmanager
def _only_one(data: Path) -> Iterator[int]:
    """Yields the open lock of `data`. The hub inherits it: were this process killed, the hub that is still
    ending would keep a second one off its database."""
    with (data / "kfhub.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(
                f"A hub is running on the folder {data} already. Stop it, or set KFHUB_DATA to another folder."
            ) from None
        yield lock.fileno()


def _run(settings: Settings, say: Say, lock: int, umask: int) -> int:
    told: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: told.append(number))
    (settings.data / "logs").mkdir(exist_ok=True)
    log = settings.data / "logs/hub.log"
    say("starting the hub …")
    with log.open("w") as output:
        hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(settings.data / "jupyterhub_config.py")],
            cwd=settings.data,
            env={**os.environ, **_environment(settings)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            umask=umask,  # the hub sets its own, and gives notebooks this one
            start_new_session=True,  # Ctrl-C comes here first
        )
    if _wait_until_ready(settings, hub, told, say):
        say(f"kfhub is ready at {settings.url}")
        password = settings.password if settings.made else "the one in KFHUB_PASSWORD"
        say(f"Log in with any user name and the password: {password}")
        if settings.made:
            say(f"Administer it as user admin, with the password in {settings.data / 'admin_password'}")
        say("Ctrl-C stops the hub, its proxy and the notebooks.")
        while not told and hub.poll() is None:
            time.sleep(0.1)
    if not told:
        say(f"The hub ended by itself (exit status {hub.wait()}). Its log says why: {log}")
        return 1
    say("stopping the hub, its proxy and the notebooks …")
    _stop(hub)
    runs = _training(settings.data)
    if runs:
        many = "1 training run goes on" if len(runs) == 1 else f"{len(runs)} training runs go on"
        say(f"{many} until done. To stop one, start kfhub again and cancel it in the Runs panel.")
    say("stopped.")
    return 0


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "KFHUB_PARENT": str(os.getpid()),
        "KFHUB_PORT": str(settings.port),
        "KFHUB_DATA": str(settings.data),
        "KFHUB_POLICY": str(settings.policy),
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_ready(settings: Settings, hub: subprocess.Popen[bytes], told: list[int], say: Say) -> bool:
    """Whether the hub answers through its proxy. False: it ended, or was told to stop."""
    began = shown = time.monotonic()
    while not told and hub.poll() is None:
        if _answers(settings.port):
            return True
        now = time.monotonic()
        if now - began > _ANSWERS_WITHIN:
            _stop(hub)
        elif now - shown > 5:
            shown = now
            say(f"  waiting for the hub to answer, {now - began:.0f} s")
        time.sleep(0.1)
    return False


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/hub/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(hub: subprocess.Popen[bytes]) -> None:
    if hub.poll() is None:
        hub.terminate()
    try:
        hub.wait(_STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        hub.kill()  # proxy and notebooks see that it is gone, and end
        hub.wait()


def _training(data: Path) -> list[psutil.Process]:
    """The supervisors of training runs whose folder is below `data`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = process.cmdline()
            if TRAINING in command and any(Path(part).is_relative_to(data) for part in command):
                found.append(process)
    return found
