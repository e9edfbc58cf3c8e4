"""A real Jupyter server with the extension, in a process of its own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import websocket

from kflab.runs.process import MARK

# A run of real data that takes about two seconds.
QUICK: dict[str, Any] = {
    "dataset": {"uri": "sklearn:wine"},
    "model": {"family": "sklearn:RandomForestClassifier", "params": {"n_estimators": 10}},
    "split": {"parts": [0.6, 0.2, 0.2]},
}
# One that goes on until the file `go` is in the workspace.
WAITS = """
import os, pathlib, time
from sklearn.linear_model import LogisticRegression

class Waits(LogisticRegression):
    def fit(self, x, y):
        while not pathlib.Path("GO").exists():
            time.sleep(0.05)
        return super().fit(x, y)

def build():
    return Waits()
"""


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What the condition returns as soon as it is true. Fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "this did not become true"
        time.sleep(0.05)
    return value


def children(pid: int, module: str) -> list[psutil.Process]:
    """The processes below `pid` that run a module of ours."""
    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    found = []
    for process in below:
        try:
            if module in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_children(pid: int, module: str) -> list[int]:
    """Kill them, and tell which; one that ends between being seen and being killed is none of them."""
    killed = []
    for process in children(pid, module):
        with suppress(psutil.NoSuchProcess):
            process.kill()
            killed.append(process.pid)
    return killed


class Stream:
    """A websocket as a browser has it: its frames, and the code it was closed with."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(url, timeout=60)
        self.closed: int | None = None

    def frames(self) -> Iterator[list[dict[str, Any]]]:
        while self.closed is None:
            kind, data = self._socket.recv_data()
            if kind == websocket.ABNF.OPCODE_CLOSE:
                self.closed = int.from_bytes(data[:2], "big")
                self._socket.shutdown()  # close() leaves alone what has said goodbye
            else:
                yield json.loads(data)

    def say(self, text: str) -> None:
        self._socket.send(text)

    def close(self) -> None:
        self._socket.close()


class Lab:
    """A Jupyter server that can be killed and started again on the same workspace."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.workspace = folder / "work"
        self.workspace.mkdir(parents=True)
        self.runtime = folder / "runtime"
        self.token = secrets.token_hex(16)
        self._log = folder / "server.log"
        self._env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("KFLAB_", "JUPYTER", "KUBERNETES_"))},
            # Whoever runs the tests may have a cluster; made-up requests are not for that.
            "KUBECONFIG": str(folder / "no-kubeconfig"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_TOKEN": self.token,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            **env,
        }
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}/lab/"
        self.api = self.base + "kflab/api/"
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(
            base_url=self.api, headers={"Authorization": f"token {self.token}"}, timeout=60
        )

    def start(self) -> Lab:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
                    f"--ServerApp.port={self.port}",
                    "--ServerApp.port_retries=0",
                    "--ServerApp.base_url=/lab/",
                    f"--ServerApp.root_dir={self.workspace}",
                    "--ServerApp.jpserver_extensions={'kflab': True}",
                ],
                env=self._env,
                cwd=self.workspace,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._answers)
        return self

    def _answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log
        # The file is the last that the extension does at its start.
        return (self.runtime / f"kflab-{self.process.pid}.json").exists()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """As the kernel does it when memory runs out."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.http.post(path, json=body) if body is not None else self.http.post(path)

    def run(self, spec: dict[str, Any] | None = None, **more: Any) -> str:
        answer = self.post("runs", {**(spec or QUICK), **more})
        assert answer.status_code == 202, answer.text
        run_id: str = answer.json()["id"]
        return run_id

    def waiting_run(self, **more: Any) -> str:
        """A run that has begun to fit and waits for `go`."""
        (self.workspace / "go").unlink(missing_ok=True)
        (self.workspace / "waits.py").write_text(WAITS.replace("GO", str(self.workspace / "go")))
        run_id = self.run({**QUICK, "model": {"family": "waits.py:build"}, **more})
        until(lambda: self._fits(run_id))
        return run_id

    def _fits(self, run_id: str) -> bool:
        events = self.events(run_id)
        assert not events or events[-1]["type"] != "failed", events[-1]["text"]
        return any(e["type"] == "stage" and e["name"] == "fit" for e in events)

    def go(self) -> None:
        (self.workspace / "go").touch()

    def events(self, run_id: str, since: int = 0) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get(f"runs/{run_id}/events", since=since)["items"]
        return items

    def ended(self, run_id: str) -> dict[str, Any]:
        run: dict[str, Any] = until(lambda: (r := self.get(f"runs/{run_id}"))["ended"] and r, 90)
        return run

    def recorded(self, run_id: str, kind: str = "executions") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get(f"metadata/{kind}", filter=f'prop.run_id = "{run_id}"')[
            "items"
        ]
        return items

    def stream(self, run_id: str, since: int = 0) -> Stream:
        return Stream(
            f"{self.api.replace('http', 'ws', 1)}runs/{run_id}/stream?since={since}&token={self.token}"
        )

    def close(self) -> None:
        try:
            self.stop()
        finally:
            self.http.close()
            for process in psutil.process_iter():
                try:
                    if str(self.workspace) in process.environ().get(MARK, ""):
                        process.kill()
                except psutil.Error:
                    continue


@pytest.fixture
def new_lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Makes servers for this test alone: `new_lab(KFLAB_METADATA_URL=…)`, not started yet."""
    made: list[Lab] = []

    def make(**env: str) -> Lab:
        made.append(Lab(tmp_path / f"lab{len(made)}", **env))
        return made[-1]

    yield make
    for lab in made:
        lab.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One server for all tests that do it no harm."""
    folder = tmp_path_factory.mktemp("lab")
    shared = Lab(folder).start()
    yield shared
    shared.close()
    shutil.rmtree(folder, ignore_errors=True)
