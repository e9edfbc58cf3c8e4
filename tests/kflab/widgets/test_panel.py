"""Panels in a real kernel: with a page in front of it, with nobody there, and in what is saved."""

from __future__ import annotations

import gc
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbconvert
import nbformat
import pytest
from bs4 import BeautifulSoup
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

import kflab.widgets
from kflab.widgets.panel import MARK
from tests.kflab.server.conftest import QUICK, Lab

VIEW = "application/vnd.jupyter.widget-view+json"
HOSTILE = "<img src=x onerror=alert(1)>"


class Page:
    """What Lab does for a widget: runs cells, keeps models and outputs, speaks over the comm."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.heard: list[dict[str, Any]] = []
        self.models: dict[str, dict[str, Any]] = {}
        self.outputs: dict[str, dict[str, Any]] = {}

    def run(self, code: str, **options: Any) -> str:
        started: str = self.client.execute(code, **options)
        return started

    def until(self, condition: Callable[[], Any], seconds: float = 60) -> Any:
        """Takes what the kernel publishes until the condition is true; returns that."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            self._take(self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic())))
        return found

    def _take(self, message: dict[str, Any]) -> None:
        content, kind = message["content"], message["msg_type"]
        self.heard.append(message)
        assert kind != "error", "\n".join(content["traceback"])
        if kind == "comm_open":
            self.models[content["comm_id"]] = content["data"]["state"]
        elif kind == "comm_msg" and content["data"].get("method") == "update":
            self.models[content["comm_id"]].update(content["data"]["state"])
        elif kind in ("display_data", "update_display_data"):
            self.outputs[content["transient"]["display_id"]] = content["data"]

    def idle(self, request: str) -> bool:
        return any(
            m["msg_type"] == "status"
            and m["content"]["execution_state"] == "idle"
            and m["parent_header"].get("msg_id") == request
            for m in self.heard
        )

    def cell(self, code: str) -> None:
        request = self.run(code)
        self.until(lambda: self.idle(request))

    def printed(self, code: str) -> str:
        request = self.run(code)
        self.until(lambda: self.idle(request))
        return "".join(
            m["content"]["text"]
            for m in self.heard
            if m["msg_type"] == "stream" and m["parent_header"].get("msg_id") == request
        )

    def send(self, model: str, data: dict[str, Any], subshell: str | None = None) -> None:
        message = self.client.session.msg("comm_msg", {"comm_id": model, "data": data})
        message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def say(self, model: str, kind: str, subshell: str | None = None, **more: Any) -> None:
        content = {"kind": kind, "client": "page", **more}
        self.send(model, {"method": "custom", "content": content}, subshell)

    def said(self, kind: str) -> list[dict[str, Any]]:
        """What the panel has told its views."""
        contents = [
            m["content"]["data"]["content"]
            for m in self.heard
            if m["msg_type"] == "comm_msg" and m["content"]["data"].get("method") == "custom"
        ]
        return [c for c in contents if c["kind"] == kind]

    def events(self) -> list[dict[str, Any]]:
        """What was streamed."""
        found: list[dict[str, Any]] = []
        for message in self.heard:
            content = message["content"].get("data", {}).get("content", {})
            if message["msg_type"] == "comm_msg" and content.get("kind") == "frame":
                found += content.get("data") or json.loads(gzip.decompress(message["buffers"][0]))
        return found

    def subshell(self) -> str:
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        reply = self.client.get_control_msg(timeout=60)
        assert reply["msg_type"] == "create_subshell_reply"
        made: str = reply["content"]["subshell_id"]
        return made

    @property
    def panel(self) -> str:
        """The model of the one panel."""
        [found] = [key for key, state in self.models.items() if state.get("_model_module") == "anywidget"]
        return found


@pytest.fixture
def front(lab: Lab, tmp_path: Path) -> Iterator[Page]:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path), env=dict(os.environ))
    try:
        opened = Page(client)
        opened.cell("import kflab")
        yield opened
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def execute(*cells: str) -> nbformat.NotebookNode:
    """A notebook whose cells were run with nobody looking on."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return nbclient.NotebookClient(book, kernel_name="python3", timeout=120).execute()


def as_html(book: nbformat.NotebookNode) -> BeautifulSoup:
    body, _ = nbconvert.HTMLExporter(embed_images=True).from_notebook_node(book)
    return BeautifulSoup(body, "html.parser")


def test_a_person_gets_the_live_panel_with_the_still_one_beside_it(front: Page, lab: Lab) -> None:
    front.cell("w = kflab.widgets.Runs(); w")
    [output] = front.outputs.values()
    assert set(output) == {VIEW, MARK, "text/html", "text/plain"}
    assert output[VIEW]["model_id"] == front.panel
    state = front.models[front.panel]
    assert state["view"] == "runs"
    # Each model goes over the wire again after a reload, and into notebooks that keep widgets.
    assert len(json.dumps(state)) < 20_000
    assert lab.token not in json.dumps(front.heard, default=str)


def test_it_is_answered_while_a_cell_runs(front: Page, lab: Lab) -> None:
    front.cell("w = kflab.widgets.Runs(); w")
    other = front.subshell()
    busy = front.run("import threading; e = threading.Event(); print('running', flush=True); e.wait(60)")
    front.until(lambda: any(m["content"].get("text") == "running\n" for m in front.heard))
    front.say(front.panel, "request", other, call=1, method="GET", path="runs?limit=1")
    [answer] = front.until(lambda: front.said("answer"))
    assert "items" in answer["data"]
    assert not front.idle(busy)
    # And what is streamed comes, too.
    run = lab.run()
    front.say(front.panel, "follow", other, call=2, path=f"runs/{run}/stream?since=0")
    front.until(lambda: any(event["type"] == "done" for event in front.events()))
    assert not front.idle(busy)
    front.client.session.send(front.client.shell_channel.socket, release(front, other))
    front.until(lambda: front.idle(busy))
    assert lab.token not in json.dumps(front.heard, default=str)


def release(front: Page, subshell: str) -> dict[str, Any]:
    message: dict[str, Any] = front.client.session.msg(
        "execute_request",
        {"code": "e.set()", "silent": True, "store_history": False, "allow_stdin": False},
    )
    message["header"]["subshell_id"] = subshell
    return message


def test_what_the_view_keeps_is_the_widgets_state_and_the_output_follows(front: Page, lab: Lab) -> None:
    front.cell("w = kflab.widgets.Train(); w")
    [(key, first)] = front.outputs.items()
    assert "No dataset is chosen yet." in first["text/plain"]
    # A page that can't renew the still part without the live one is left alone.
    front.say(front.panel, "alive", ping=1, updates=False)
    front.send(
        front.panel, {"method": "update", "state": {"state": {"uri": "sklearn:wine"}}, "buffer_paths": []}
    )
    front.until(lambda: "wine" in json.dumps(front.models[front.panel].get("picture")))
    assert front.outputs[key] == first
    front.say(front.panel, "alive", ping=2, updates=True)
    run = lab.run({**QUICK, "name": HOSTILE})
    lab.ended(run)
    state = {"state": {"uri": "sklearn:wine", "run": run}}
    front.send(front.panel, {"method": "update", "state": state, "buffer_paths": []})
    front.until(lambda: "Done in" in front.outputs[key]["text/plain"])
    assert HOSTILE in front.outputs[key]["text/plain"]
    assert HOSTILE not in front.outputs[key]["text/html"]
    assert front.outputs[key][VIEW] == first[VIEW]
    assert front.printed("print(w.state['uri'], w.run.state)") == "sklearn:wine done\n"


def test_a_page_opened_in_a_panel_is_in_its_still_picture(front: Page, lab: Lab) -> None:
    run = lab.run({**QUICK, "name": "opened here"})
    lab.ended(run)
    front.cell("w = kflab.widgets.Runs(); w")
    front.say(front.panel, "alive", ping=1, updates=True)
    pages = [{"view": "run", "args": {"id": run}, "state": None}]
    front.send(front.panel, {"method": "update", "state": {"pages": pages}, "buffer_paths": []})
    [key] = front.outputs
    front.until(lambda: front.outputs[key]["text/plain"].startswith("opened here"))


def test_closing_stops_what_goes_on(front: Page, lab: Lab) -> None:
    run = lab.waiting_run()
    front.cell("import threading; w = kflab.widgets.Runs(); w")
    count = "print(sum(t.name.startswith('kflab stream') for t in threading.enumerate()))"
    front.say(front.panel, "follow", call=1, path=f"runs/{run}/stream?since=0")
    front.until(lambda: front.said("frame"))
    assert front.printed(count) == "1\n"
    front.cell(
        "w.close()\nfor t in threading.enumerate():\n    if t.name.startswith('kflab stream'): t.join(30)"
    )
    assert front.printed(count) == "0\n"
    lab.go()
    lab.ended(run)


def test_a_notebook_that_ran_alone_shows_the_last_state(lab: Lab) -> None:
    book = execute(
        "import kflab\nruns = kflab.widgets.Runs()\nruns",
        f"run = kflab.train({ ({**QUICK, 'name': HOSTILE})!r}).wait(progress=False)",
        "kflab.widgets.Run(run)",
        "kflab.widgets.Metadata()",
    )
    text = nbformat.writes(book)
    assert lab.token not in text
    # No model that nobody could bring to life again.
    assert "widgets" not in book.metadata
    assert VIEW not in text
    # The first output was renewed after the run.
    assert HOSTILE in book.cells[0].outputs[0].data["text/plain"]
    page = as_html(book)
    tables = page.select(".kf-Still table")
    assert len(tables) == 3
    assert HOSTILE in [td.get_text() for td in tables[0].find_all("td")]
    assert [th.get_text() for th in tables[1].find_all("th")] == ["Metric", "Validation"]
    assert page.select("img") == []
    assert lab.token not in str(page)


def test_cells_wait_only_for_panels_that_may_change(lab: Lab) -> None:
    """Nobody looks on, so each is looked at anew when a cell ends."""
    book = execute(
        "import kflab\nruns = kflab.widgets.Runs()\n"
        "def looks(): return len(get_ipython().events.callbacks['post_run_cell'])\nbefore = looks()",
        f"run = kflab.train({QUICK!r})\nkflab.widgets.Run(run)",
        "train = kflab.widgets.Train({'uri': 'sklearn:wine'})\ntrain",
        "runs",
        "run.wait(progress=False)",
        "print(looks() - before)",
        "runs.close()\nprint(looks() - before)",
        # What is chosen later may change again.
        "train.state = {'run': run.id}\ntrain._renew()\nprint(looks() - before)",
        "train.state = {'uri': 'sklearn:wine'}\ntrain._renew()\nprint(looks() - before)",
    )
    assert "Done in" in book.cells[1].outputs[0].data["text/plain"]
    assert [cell.outputs[0].text for cell in book.cells[5:]] == ["2\n", "1\n", "0\n", "1\n"]


def test_an_output_is_never_that_of_a_panel_that_is_gone() -> None:
    found = set()
    for _ in range(5):
        panel = kflab.widgets.Runs()
        found.add(panel._output_id)
        panel.close()
        del panel
        gc.collect()
    assert len(found) == 5


def test_a_notebook_saved_by_a_person_shows_the_table_without_a_kernel(front: Page, lab: Lab) -> None:
    """As Lab saves it: with the live view's id, whose model is gone."""
    lab.ended(lab.run({**QUICK, "name": "seen"}))
    front.cell("w = kflab.widgets.Runs(); w")
    [data] = front.outputs.values()
    cell = nbformat.v4.new_code_cell("w", outputs=[nbformat.v4.new_output("display_data", data=data)])
    book = nbformat.v4.new_notebook(cells=[cell])
    nbformat.validate(book)
    assert "seen" in as_html(book).select_one(".kf-Still table").get_text()


def test_without_a_server_the_cell_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KFLAB_URL", raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    book = execute("import kflab\nkflab.widgets.Runs()")
    assert "The server could not be asked" in book.cells[0].outputs[0].data["text/plain"]


def test_the_widgets_and_what_they_are_made_with() -> None:
    run = kflab.widgets.Run("01JZZZZZZZZZZZZZZZZZZZZZZZ")
    assert (run.view, run.run.id) == ("run", "01JZZZZZZZZZZZZZZZZZZZZZZZ")
    assert repr(run) == "kflab.widgets.Run('01JZZZZZZZZZZZZZZZZZZZZZZZ')"
    assert kflab.widgets.Run(run.run).args == {"id": run.run.id}
    assert kflab.widgets.Train().run is None
    assert kflab.widgets.Runs({"group": "failed"}).state == {"group": "failed"}
    assert kflab.widgets.Tune(run.run).state == {"source": "run", "from": run.run.id}
    assert kflab.widgets.Tune().run is None
    assert [c.__name__ for c in (kflab.widgets.Metadata, kflab.widgets.Cluster)] == ["Metadata", "Cluster"]


def test_kflab_does_not_load_them_until_they_are_used() -> None:
    code = (
        "import sys, kflab; assert not {'anywidget', 'kflab.widgets'} & set(sys.modules);"
        "kflab.widgets.Train; assert 'anywidget' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
