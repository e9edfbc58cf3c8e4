"""A notebook as its user has it: a kernel that the server started finds the server by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from jupyter_client import BlockingKernelClient

from kflab.server.app import KFLabApp

from .conftest import Lab, until


class Notebook:
    """A kernel started over Jupyter's own REST API, spoken to by its connection file."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        started = lab.http.post(f"{lab.base}api/kernels", json={"name": "python3"})
        assert started.status_code == 201, started.text
        self._id = started.json()["id"]
        self.displayed: list[str] = []
        self._connect()

    def _connect(self) -> None:
        self._client = BlockingKernelClient()
        self._client.load_connection_file(str(self._lab.runtime / f"kernel-{self._id}.json"))
        self._client.start_channels()
        until(self._answers)

    def _answers(self) -> bool:
        try:
            self._client.wait_for_ready(timeout=60)
        except RuntimeError:  # it takes a slow start for a death
            return False
        return True

    def run(self, code: str) -> str:
        """What the cell prints; its error fails the test."""
        said: list[str] = []

        def output(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                said.append(message["content"]["text"])
            elif message["msg_type"] == "display_data":
                self.displayed.append(message["content"]["data"].get("text/plain", ""))

        reply = self._client.execute_interactive(code, output_hook=output, timeout=90)["content"]
        assert reply["status"] == "ok", "\n".join(reply["traceback"])
        return "".join(said).strip()

    def restart(self) -> None:
        self._client.stop_channels()
        again = self._lab.http.post(f"{self._lab.base}api/kernels/{self._id}/restart")
        assert again.status_code == 200, again.text
        self._connect()

    def close(self) -> None:
        self._client.stop_channels()
        self._lab.http.delete(f"{self._lab.base}api/kernels/{self._id}")


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Iterator[Notebook]:
    opened = Notebook(lab)
    yield opened
    opened.close()


RECORD = """
import kflab
ws = kflab.Workspace("churn")
run = kflab.Run(workspace=ws, name="first try")
exe = kflab.Execution(name="training", workspace=ws, run=run)
ds = exe.log_input(kflab.DataSet(name="customers", uri="file://customers.csv", version="v1"))
model = exe.log_output(kflab.Model(name="churn", uri="models/1", framework={"name": "sklearn"}))
exe.log_output(kflab.Metrics(name="eval", model_id=model.id, values={"accuracy": 0.93}))
"""


def test_what_a_cell_records_is_in_the_store_and_in_a_frame(lab: Lab, notebook: Notebook) -> None:
    notebook.run(RECORD)
    shown = notebook.run(
        "frame = ws.list(kflab.Model)\n"
        "print(type(frame).__name__, frame.to_json(orient='records'), sep='\\n')"
    )
    kind, rows = shown.split("\n")
    assert kind == "DataFrame"
    (row,) = json.loads(rows)
    assert (row["name"], row["uri"], row["framework"]) == ("churn", "models/1", {"name": "sklearn"})
    lineage = lab.get(f"metadata/artifacts/{row['id']}/lineage")
    assert sorted(node["name"] for node in lineage["nodes"]) == ["churn", "customers", "eval", "training"]
    assert notebook.run("print(len(ws.list(kflab.Artifact)))") == "3"


def test_the_workspace_without_a_name(notebook: Notebook) -> None:
    shown = notebook.run(
        "import kflab\n"
        "ws = kflab.Workspace()\n"
        "before = len(ws.list(kflab.Model))\n"
        "kflab.Execution(name='e').log_output(kflab.Model(name='mine', hyperparameters={'depth': 3}))\n"
        "after = ws.list(kflab.Model)\n"
        "print(len(after) - before, after['name'][0], after['hyperparameters'][0])"
    )
    assert shown == "1 mine {'depth': 3}"


def test_a_training_started_from_a_cell(lab: Lab, notebook: Notebook) -> None:
    shown = notebook.run(
        "import kflab\n"
        "run = kflab.train(dataset='sklearn:wine', model='sklearn:LogisticRegression', name='from a cell',\n"
        "                  split=[0.6, 0.2, 0.2])\n"
        "print(run.id, run.wait(progress=False) is run, run.state, run.metrics()['accuracy'] > 0.5)"
    )
    id, *rest = shown.split()
    assert rest == ["True", "done", "True"]
    assert lab.get(f"runs/{id}")["name"] == "from a cell"


def test_a_refusal_names_the_field_in_the_cell(notebook: Notebook) -> None:
    shown = notebook.run(
        "import kflab\n"
        "try:\n"
        "    kflab.train(dataset='sklearn:wine', model='sklearn:Forest')\n"
        "except kflab.ApiError as error:\n"
        "    print(error.status, error.fields[0]['field'], error)"
    )
    assert shown.startswith("400 model.family There is no model")


def test_the_token_is_in_no_output(lab: Lab, notebook: Notebook) -> None:
    shown = notebook.run(
        "import os\n"
        "from kflab.sdk.connection import find\n"
        "print(os.environ['KFLAB_URL'], len(os.environ['KFLAB_TOKEN']), find())"
    )
    url, length, *_ = shown.split()
    assert url.endswith(f":{lab.port}/lab/") and int(length) == len(lab.token)
    assert lab.token not in shown
    assert lab.token not in lab.log


def test_waiting_in_a_cell_shows_a_bar(notebook: Notebook) -> None:
    shown = notebook.run(
        "run = kflab.train(dataset='sklearn:wine', model='sklearn:RandomForestClassifier', split=[0.6, 0.2, 0.2])\n"
        "print(run.wait() is run)"
    )
    assert shown == "True"
    # A widget, whose plain form is what a client without widgets shows.
    assert any("/100" in text for text in notebook.displayed), notebook.displayed


def test_no_other_child_of_the_server_has_the_token(lab: Lab, notebook: Notebook) -> None:
    assert lab.get("datasets")["total"] >= 4
    terminal = lab.http.post(f"{lab.base}api/terminals").json()["name"]
    run = lab.waiting_run()
    try:
        found = {child.pid: child for child in psutil.Process(lab.pid).children(recursive=True)}
        held = {pid: child.environ().get("KFLAB_TOKEN") for pid, child in found.items()}
        kinds = {pid: " ".join(child.cmdline()) for pid, child in found.items()}
        ours = [pid for pid, line in kinds.items() if "kflab." in line]
        assert any("kflab.ml.inspector" in kinds[pid] for pid in ours)
        assert any("kflab.runs.runner" in kinds[pid] for pid in ours), kinds
        assert {held[pid] for pid in ours} == {None}
        kernels = [pid for pid, line in kinds.items() if "ipykernel" in line]
        shells = [pid for pid in found if pid not in ours and pid not in kernels]
        assert kernels and shells
        assert {held[pid] for pid in (*kernels, *shells)} == {lab.token}
    finally:
        lab.go()
        lab.ended(run)
        lab.http.delete(f"{lab.base}api/terminals/{terminal}")


def test_a_kernel_started_again_still_finds_the_server(lab: Lab, notebook: Notebook) -> None:
    notebook.restart()
    assert notebook.run("import kflab; print(len(kflab.Workspace('nothing').list(kflab.Model)))") == "0"
    assert notebook.run("import os; print(len(os.environ['KFLAB_TOKEN']))") == str(len(lab.token))


def test_on_a_hub_the_token_is_that_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    server = SimpleNamespace(
        ip="0.0.0.0",
        certfile="",
        port=8888,
        base_url="/user/ada/",
        identity_provider=SimpleNamespace(token="plain"),
    )
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    assert KFLabApp._address(server) == ("http://127.0.0.1:8888/user/ada/", "plain")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "from the hub")
    assert KFLabApp._address(server)[1] == "from the hub"


def script(lab: Lab, code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Python that the server did not start, such as a scheduled job; it knows Jupyter's runtime folder."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("KFLAB_", "JUPYTER"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=lab.workspace,
        env={
            **given,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "JUPYTER_RUNTIME_DIR": str(lab.runtime),
            **env,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_a_process_beside_the_server_finds_its_file(lab: Lab) -> None:
    (file,) = lab.runtime.glob("kflab-*.json")
    assert file.stat().st_mode & 0o777 == 0o600
    done = script(lab, "import kflab; print(len(kflab.Workspace('nothing').list(kflab.Model)))")
    assert done.stdout.strip() == "0"


WAITS = """
import kflab
exe = kflab.Execution(name="offline", workspace=kflab.Workspace("offline"))
model = exe.log_output(kflab.Model(name="kept"))
exe.log_output(kflab.Metrics(name="eval", model_id=model.id, values={"accuracy": 1.0}))
print(model.id)
"""
SENDS = """
import kflab
frame = kflab.Workspace("offline").list(kflab.Artifact)
print(sorted(frame["name"]), len(frame))
"""


def test_what_was_recorded_without_a_server_is_sent_once(new_lab: Callable[..., Lab]) -> None:
    lab = new_lab()
    waited = script(lab, WAITS)
    assert waited.stdout.startswith("pending:")
    assert "is kept in" in waited.stderr
    outbox = Path(lab.workspace) / ".kflab/outbox"
    assert len(list(outbox.glob("*.jsonl"))) == 1
    lab.start()
    kept = {file: file.read_bytes() for file in outbox.glob("*.jsonl")}
    for _ in range(2):
        assert script(lab, SENDS).stdout.strip() == "['eval', 'kept'] 2"
        assert not list(outbox.glob("*.jsonl"))
    # Killed between the server's answer and the removal of the file, a client would send it again.
    for file, lines in kept.items():
        file.write_bytes(lines)
    assert script(lab, SENDS).stdout.strip() == "['eval', 'kept'] 2"
    steps = lab.get("metadata/executions", filter='workspace = "offline"')["items"]
    assert [step["name"] for step in steps] == ["offline"]
    (model,) = lab.get("metadata/artifacts", type="system.Model")["items"]
    (metrics,) = lab.get("metadata/artifacts", type="system.Metrics")["items"]
    assert metrics["properties"]["model_id"] == model["id"]
    assert metrics["producer"]["id"] == model["producer"]["id"] == steps[0]["id"]
