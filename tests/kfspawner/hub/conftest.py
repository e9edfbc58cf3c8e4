"""One real hub for the tests of this folder, started by `kfhub start`, and people who log in to it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

PASSWORD = "correct-horse"
ADMIN_PASSWORD = "correct-horse-battery-staple-100%"

POLICY: dict[str, Any] = {
    "image": {
        "value": "acme.io/lab:1",
        "options": ["acme.io/lab:1", {"image": "acme.io/lab:0", "deprecated": "Use lab:1."}],
    },
    "allowCustomImage": True,
    "customImagePatterns": [r"acme\.io/own/[a-z]+:[0-9]+"],
    "cpu": {"value": "0.5", "max": "4", "limitFactor": "1"},
    "memory": {"value": "2Gi", "max": "4Gi", "limitFactor": "1"},
    "gpus": {"max": 2, "value": {"vendors": [{"limitsKey": "nvidia.com/gpu", "uiName": "NVIDIA"}]}},
    "workspaceVolume": {
        "value": {
            "mount": "/home/jovyan",
            "newPvc": {
                "metadata": {"name": "{notebook-name}-workspace"},
                "spec": {
                    "resources": {"requests": {"storage": "5Gi"}},
                    "accessModes": ["ReadWriteOnce"],
                },
            },
        }
    },
    "affinityConfig": {"options": [{"configKey": "own_node", "displayName": "A node of its own"}]},
    "tolerationGroup": {"options": [{"groupKey": "big", "displayName": "Big machines"}]},
    "configurations": {"readOnly": True, "options": [{"name": "proxy"}]},
    "shm": {"value": True},
}


@dataclass
class Person:
    """Someone who logged in by the form, with the cookies of a browser."""

    name: str
    web: httpx.Client
    data: Path

    @property
    def xsrf(self) -> str:
        return next(c.value or "" for c in self.web.cookies.jar if c.name == "_xsrf" and c.path == "/hub/")

    def form(self, fields: dict[str, Any], server: str = "") -> httpx.Response:
        path = f"/hub/spawn/{self.name}/{server}".rstrip("/")
        return self.web.post(path, data={**fields, "_xsrf": self.xsrf}, follow_redirects=False)

    def link(self, fields: dict[str, Any], server: str = "") -> httpx.Response:
        path = f"/hub/spawn/{self.name}/{server}".rstrip("/")
        return self.web.get(path, params={f"opt-{key}": value for key, value in fields.items()})

    def api(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"X-XSRFToken": self.xsrf, "Referer": str(self.web.base_url) + "/hub/home"}
        return self.web.request(method, f"/hub/api/{path}", json=body, headers=headers)

    def rest(self, method: str, server: str = "", body: Any = None) -> httpx.Response:
        path = f"users/{self.name}/servers/{server}" if server else f"users/{self.name}/server"
        return self.api(method, path, body)

    def servers(self) -> dict[str, Any]:
        """All servers of this person, stopped ones too."""
        answer = self.api("GET", f"users/{self.name}?include_stopped_servers=1")
        return dict(answer.raise_for_status().json()["servers"])

    def stored(self, server: str = "") -> Any:
        """The options that the hub's database holds for a server."""
        query = (
            "select spawners.user_options from spawners join users on users.id = spawners.user_id"
            " where users.name = ? and spawners.name = ?"
        )
        with closing(sqlite3.connect(self.data / "jupyterhub.sqlite", timeout=10)) as database:
            found = database.execute(query, (self.name, server)).fetchone()
        return json.loads(found[0]) if found and found[0] else None

    def tokens(self) -> list[str]:
        """Notes of the tokens that servers hold."""
        answer = self.api("GET", f"users/{self.name}/tokens").raise_for_status().json()
        notes = [token["note"] for token in answer["api_tokens"]]
        return [note for note in notes if note.startswith("Server at")]

    def wait_ready(self, server: str = "", seconds: float = 60) -> dict[str, Any]:
        def ready() -> Any:
            found = self.servers().get(server, {})
            return found if found.get("ready") else None

        return dict(wait_for(ready, seconds))

    def inside(self, method: str, server: str, path: str, body: Any = None) -> httpx.Response:
        """A request to the person's running notebook, through its own login."""
        base = f"/user/{self.name}/{server}".rstrip("/")
        self.web.get(f"{base}/lab", follow_redirects=True)
        token = next(
            (c.value for c in self.web.cookies.jar if c.name == "_xsrf" and c.path == f"{base}/"), ""
        )
        return self.web.request(method, f"{base}/{path}", json=body, headers={"X-XSRFToken": token or ""})


@dataclass
class RunningHub:
    """A hub under `kfhub start`, and the lines it has said."""

    process: subprocess.Popen[str]
    url: str
    data: Path
    policy: Path
    said: list[str] = field(default_factory=list)
    browsers: list[httpx.Client] = field(default_factory=list)

    def person(self, name: str, password: str = PASSWORD) -> Person:
        web = httpx.Client(base_url=self.url, follow_redirects=True, timeout=60)
        self.browsers.append(web)
        web.get("/hub/login")
        person = Person(name, web, self.data)
        answer = web.post(
            "/hub/login?next=%2Fhub%2Fhome",
            data={"username": name, "password": password, "_xsrf": person.xsrf},
        )
        assert answer.status_code == 200 and answer.url.path == "/hub/home", answer.text[:300]
        return person

    def stop(self, number: int = signal.SIGINT) -> int:
        for web in self.browsers:
            web.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        if self.process.stdout:
            self.said += self.process.stdout.read().splitlines()
        return self.process.wait(60)


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """What `condition` returns once it is true; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data: Path, port: int, **more: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("KFHUB_", "JUPYTER"))}
    return {**clean, "KFHUB_DATA": str(data), "KFHUB_PORT": str(port), "KFHUB_PASSWORD": PASSWORD, **more}


def launch(folder: Path, **more: str) -> RunningHub:
    """A hub that is ready. `more` are further environment variables."""
    policy = folder / "policy.yaml"
    policy.write_text(yaml.safe_dump({"spawnerFormDefaults": POLICY}))
    data, port = folder / "data", free_port()
    more = {"KFHUB_ADMIN_PASSWORD": ADMIN_PASSWORD, "KFHUB_POLICY": str(policy), **more}
    process = subprocess.Popen(
        [sys.executable, "-m", "kfspawner", "start"],
        cwd=folder,
        env=environment(data, port, **more),
        text=True,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    hub = RunningHub(process, f"http://127.0.0.1:{port}", data, policy)
    assert process.stdout is not None
    for line in process.stdout:
        hub.said.append(line.rstrip("\n"))
        if line.startswith("Ctrl-C"):
            return hub
    raise AssertionError("\n".join([*hub.said, (data / "logs/hub.log").read_text()[-2000:]]))


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    running = launch(tmp_path_factory.mktemp("hub"), KFHUB_SECRET_OF_THE_HUB="hands-off")
    yield running
    assert running.stop() == 0, running.said


@pytest.fixture(scope="session")
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningHub]]:
    """Starts a hub of a test's own, which is gone at the end in any case."""
    started: list[RunningHub] = []

    def start(**more: str) -> RunningHub:
        started.append(launch(tmp_path_factory.mktemp("hub"), **more))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.stop()


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    return wait_for


@pytest.fixture(scope="session")
def kfhub() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `kfhub start` where it is expected to refuse."""

    def run(data: Path, port: int, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kfspawner", "start"],
            cwd=data.parent,
            env=environment(data, port, **more),
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def as_fields() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """user_options as the fields of the form."""

    def flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
        if path == "environment" and isinstance(value, dict):
            yield path, "\n".join(f"{key}={text}" for key, text in value.items())
        elif path == "shm" and isinstance(value, bool):
            yield path, "on" if value else "off"
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield from flat(inner, f"{path}.{key}" if path else key)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for index, inner in enumerate(value):
                yield from flat(inner, f"{path}.{index}")
        elif value is not None:
            yield path, [str(item) for item in value] if isinstance(value, list) else str(value)

    return lambda options: dict(flat(options, ""))


@pytest.fixture(scope="session")
def action_of() -> Callable[[str], str]:
    return lambda page: re.findall(r'action="([^"]+)"', page)[0].replace("&amp;", "&")
