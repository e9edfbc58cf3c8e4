"""The Jupyter server: what its own machinery adds to a metadata list, and what `import kflab` costs a notebook."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import Row
from bench.metadata import fill, lists, p95

SIZE = 100_000


def imports(times: int = 5) -> Row:
    """Seconds of a fresh interpreter with one import, less those of an empty one."""

    def median(code: str) -> float:
        took = []
        for _ in range(times):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
            took.append(time.perf_counter() - begun)
        return statistics.median(took)

    bare = median("pass")
    ours, peer = median("import kflab") - bare, median("import ml_metadata") - bare
    return {
        "what": "import kflab",
        "ours": f"{ours:.2f} s",
        "peer": f"import ml_metadata {peer:.2f} s",
        "goal": "≤ 0.3 s",
        "met": ours <= 0.3,
    }


@contextmanager
def _jupyter(folder: Path, store: Path) -> Iterator[tuple[int, str]]:
    """Port and token of a Jupyter server with the extension on this store."""
    token = secrets.token_hex(16)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.jpserver_extensions={'kflab': True}",
    ]
    env = {**os.environ, "JUPYTER_TOKEN": token, "KFLAB_METADATA_URL": f"sqlite:///{store}"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
    try:
        while not _answers(port, token):
            if process.poll() is not None:
                raise RuntimeError((folder / "server.log").read_text()[-2000:])
            time.sleep(0.05)
        yield port, token
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _answers(port: int, token: str) -> bool:
    """Whether the list is there: the first request waits until the index is made."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request(
            "GET", "/kflab/api/metadata/artifacts", headers={"Authorization": f"token {token}"}
        )
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _status(port: int, token: str, times: int = 250) -> list[float]:
    """Seconds of Jupyter's own lightest answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        connection.request("GET", "/api/status", headers={"Authorization": f"token {token}"})
        connection.getresponse().read()
        took.append(time.perf_counter() - begun)
    return took


def served(folder: Path, size: int) -> Row:
    store = folder / "metadata.sqlite"
    fill(store, size)
    with _jupyter(folder, store) as (port, token):
        ours = p95(lists(port, "/kflab/api/metadata/artifacts", {"Authorization": f"token {token}"}))
        peer = p95(_status(port, token))
    return {
        "what": f"list, {size:,} artifacts, by the Jupyter server, p95",
        "ours": f"{ours:.1f} ms",
        "peer": f"its own /api/status {peer:.1f} ms",
        "goal": "≤ 10 ms",
        "met": ours <= 10,
    }


def rows(size: int = SIZE) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [imports(), served(Path(folder), size)]
