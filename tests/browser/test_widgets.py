"""The panels in a notebook's cells: in JupyterLab on the hub, and in Notebook 7 on its own."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

import kflab.widgets
from tests.browser.conftest import AXE, Hub
from tests.browser.steps import LONG, Person
from tests.browser.steps_tune import digits, ended, gain

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CELLS = ("import kflab\nkflab.widgets.Train()", "kflab.widgets.Runs()", "import time\ntime.sleep(5)")
# Of Notebook 7.6 itself, also without any extension.
NOTEBOOKS_OWN = "reading 'schema'"


def write(folder: Path, cells: Sequence[str] = CELLS) -> Path:
    """A notebook with the panels in it, not run yet."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, folder / "panels.ipynb")
    return folder / "panels.ipynb"


class Book:
    """A notebook in a page."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.file = file
        self.cells = len(nbformat.read(file, 4).cells)
        self._known = False
        self._pictured = b""
        page.on("websocket", lambda socket: socket.on("framereceived", self._heard))

    def _heard(self, frame: str | bytes) -> None:
        said = frame.encode() if isinstance(frame, str) else frame
        self._known |= b"kernel_info_reply" in said
        if b"update_display_data" in said:
            self._pictured = said

    def open(self, url: str | None = None) -> None:
        """Opens the notebook, or loads it again, until its kernel has said what it is: before that no cell is run."""
        self._known = False
        if url is None:
            self.page.reload()
        else:
            self.page.goto(url)
        expect(self.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(self.cells, timeout=LONG)
        self._await(lambda: self._known, "there is no kernel")

    def pictured(self, words: str) -> None:
        """Once the kernel has said these words in a still picture: what is saved from then on has them."""
        self._await(lambda: words.encode() in self._pictured, f"no still picture says {words!r}")

    def _await(self, heard: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + LONG / 1000
        while not heard():
            assert time.monotonic() < deadline, otherwise
            self.page.wait_for_timeout(50)

    def run(self, index: int) -> None:
        self.cell(index).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+Enter")
        expect(self.cell(index).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[(\*|\d+)\]"))
        error = self.cell(index).locator('[data-mime-type="application/vnd.jupyter.error"]')
        assert not error.count(), error.inner_text()

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(index)

    def widget(self, index: int) -> Locator:
        return self.cell(index).locator(".kf-Widget")

    def save(self) -> dict[str, Any]:
        """What is in the file once it is saved."""
        with self.page.expect_response(
            lambda r: r.request.method == "PUT" and r.url.split("?")[0].endswith("panels.ipynb")
        ):
            self.page.keyboard.press("Control+s")
        saved: dict[str, Any] = json.loads(self.file.read_text())
        return saved

    def sizes(self) -> list[dict[str, float]]:
        found: list[dict[str, float]] = self.page.evaluate(
            """() => [...document.querySelectorAll('.kf-Cell')].map(cell => ({
                height: cell.getBoundingClientRect().height,
                wider: cell.getBoundingClientRect().width
                    - cell.closest('.jp-OutputArea-output').getBoundingClientRect().width,
                sideways: cell.scrollWidth - cell.clientWidth
            }))"""
        )
        return found


def train_in_a_cell(book: Book) -> Locator:
    """From an empty cell to a model, inside the widget."""
    book.run(0)
    widget = book.widget(0)
    expect(book.cell(0).locator(".jp-InputPrompt")).to_have_text("[1]:", timeout=LONG)
    expect(widget).to_be_visible()
    widget.get_by_role("radio", name=re.compile("Wine")).check(timeout=LONG)
    expect(widget.locator(".kf-Stepper")).to_contain_text("178 rows", timeout=LONG)
    widget.get_by_role("button", name="Start training").click()
    expect(widget.locator(".kf-Chart svg").first).to_be_visible(timeout=LONG)
    expect(widget.get_by_role("article")).to_contain_text("Done", timeout=LONG)
    expect(widget.get_by_role("rowheader", name="accuracy")).to_be_visible()
    return widget


def look_at_runs(book: Book) -> None:
    """The list in the next cell, while a third one keeps the kernel busy, and a run opened in its place."""
    book.run(1)
    runs = book.widget(1)
    name = runs.get_by_role("button", name=re.compile("^RandomForestClassifier on wine"))
    expect(name).to_be_visible(timeout=LONG)
    book.run(2)
    expect(book.cell(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    name.click()
    expect(runs.get_by_role("article")).to_contain_text("Done", timeout=LONG)
    expect(book.cell(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    # What is pressed in the panel does nothing to the notebook.
    expect(runs.get_by_role("region", name="Run")).to_be_focused()
    book.page.keyboard.press("x")
    runs.get_by_role("button", name="Back to Runs").click()
    expect(name).to_be_visible()
    expect(book.page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(book.cells)
    assert [
        size for size in book.sizes() if size["height"] > 600 or size["wider"] > 0 or size["sideways"] > 0
    ] == []


def outputs(saved: dict[str, Any]) -> list[str]:
    """The still tables in a saved notebook."""
    return [
        "".join(output["data"]["text/html"])
        for cell in saved["cells"]
        for output in cell["outputs"]
        if "text/html" in output.get("data", {})
    ]


def test_in_lab_on_the_hub(person: Person, page: Page, hub: Hub) -> None:
    person.log_in("hopper")
    page.wait_for_url("**/hub/spawn**")
    person.start_server()
    person.dismiss_news()
    book = Book(page, write(hub.data / "volumes/user-hopper/default-workspace"))
    book.open(f"{person.hub}/user/hopper/lab/tree/panels.ipynb")
    train_in_a_cell(book)
    person.look("widget-train-light", ".kf-Widget")
    look_at_runs(book)
    person.look("widget-runs-light", ".kf-Widget")

    person.command("Use Theme: JupyterLab Dark")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false", timeout=LONG)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    expect(page.locator('.kf-Cell[data-jp-theme-light="false"]')).to_have_count(2)
    book.widget(0).scroll_into_view_if_needed()
    person.look("widget-train-dark", ".kf-Widget")
    book.widget(1).scroll_into_view_if_needed()
    person.look("widget-runs-dark", ".kf-Widget")

    # The page comes back as it was, for the kernel is still there; what is saved is its last state.
    expect(book.cell(2).locator(".jp-InputPrompt")).to_have_text("[3]:", timeout=LONG)
    train, runs = outputs(book.save())
    assert "Done in" in train
    assert "RandomForestClassifier on wine" in runs
    book.open()
    expect(book.widget(0).get_by_role("article")).to_contain_text("Done", timeout=LONG)

    # Another kernel knows nothing of them: the live panels say so, and after a reload the still tables are there.
    page.locator('.jp-Toolbar [data-command="notebook:restart-kernel"]').first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(book.widget(0)).to_contain_text("The kernel is gone; what you see is the last state", timeout=LONG)
    expect(book.widget(0).get_by_role("article")).to_contain_text("Done")
    person.picture("widget-gone")
    book.open()
    expect(book.cell(0).locator(".kf-Still")).to_contain_text("Done in", timeout=LONG)
    expect(book.cell(1).locator(".kf-Still")).to_contain_text("RandomForestClassifier on wine", timeout=LONG)
    expect(page.locator(".kf-Widget")).to_have_count(0)
    assert person.violations(".jp-Notebook .kf-Still") == []
    person.picture("widget-still")
    # Jupyter writes down each model that it misses.
    person.problems = [p for p in person.problems if "widget model not found" not in p]
    person.log_out()


# A widget in a page without Jupyter: its module, and a kernel that knows two answers.
BARE = """async ([code, styles, answers]) => {
    document.head.append(Object.assign(document.createElement('style'), {textContent: styles}));
    const url = URL.createObjectURL(new Blob([code], {type: 'text/javascript'}));
    const {mount} = await import(url);
    for (const view of ['runs', 'train']) {
        const listeners = [];
        const traits = {view, args: {}, state: null, pages: []};
        const model = {
            get: name => traits[name],
            set: (name, value) => { traits[name] = value; },
            save_changes: () => undefined,
            on: (name, listener) => name === 'msg:custom' && listeners.push(listener),
            off: () => undefined,
            send: ({kind, client, call, path}) => {
                const data = kind === 'request' && answers[path.split('?')[0]];
                if (data) setTimeout(() => listeners.forEach(say => say({kind: 'answer', client, call, data}, [])));
            }
        };
        const place = document.createElement('section');
        place.className = 'kf-Widget';
        place.append(document.createElement('div'));
        document.querySelector('main').append(place);
        mount({model, el: place.firstChild});
    }
}"""
NOTHING: dict[str, Any] = {"items": [], "total": 0}


@pytest.mark.parametrize(
    ("theme", "body"),
    [("light", "<body>"), ("dark", '<body class="vscode-dark" style="background: #1e1e1e; color: #ddd">')],
)
def test_in_a_page_without_jupyters_styles(page: Page, output: Path, theme: str, body: str) -> None:
    person = Person(page, "", output, AXE.read_text())
    page.set_content(f'<html lang="en"><title>A page</title>{body}<main></main></body></html>')
    static = Path(kflab.widgets.__file__).parent / "static"
    code, styles = ((static / name).read_text() for name in ("widget.js", "widget.css"))
    page.evaluate(BARE, [code, styles, {"runs": NOTHING, "datasets": NOTHING, "models": NOTHING}])
    expect(page.get_by_text("No runs yet")).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    expect(
        page.locator(f'.kf-Cell.kf-mod-bare[data-jp-theme-light="{str(theme == "light").lower()}"]')
    ).to_have_count(2)
    person.look(f"widget-bare-{theme}", ".kf-Widget")
    assert person.problems == []


@dataclass(frozen=True)
class Alone:
    """A Notebook 7 that somebody has started for themselves."""

    url: str
    token: str
    workspace: Path


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    workspace = tmp_path / "work"
    workspace.mkdir()
    token = secrets.token_hex(16)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("KFLAB_", "JUPYTER", "KUBERNETES_"))},
        "HOME": str(tmp_path),
        "KUBECONFIG": str(tmp_path / "no-kubeconfig"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "JUPYTER_TOKEN": token,
    }
    command = [
        *(sys.executable, "-m", "jupyter", "notebook", "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={workspace}"),
    ]
    with (tmp_path / "notebook.log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=workspace, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while not (tmp_path / f"runtime/kflab-{process.pid}.json").exists():
            assert process.poll() is None and time.monotonic() < deadline, (
                tmp_path / "notebook.log"
            ).read_text()
            time.sleep(0.1)
        yield Alone(f"http://127.0.0.1:{port}", token, workspace)
    finally:
        process.terminate()
        process.wait(30)


def test_in_notebook_7(page: Page, alone: Alone, output: Path) -> None:
    person = Person(page, alone.url, output, AXE.read_text())
    book = Book(page, write(alone.workspace))
    book.open(f"{alone.url}/notebooks/panels.ipynb?token={alone.token}")
    train_in_a_cell(book)
    person.look("widget-notebook-train", ".kf-Widget")
    look_at_runs(book)
    person.look("widget-notebook-runs", ".kf-Widget")
    saved = book.save()
    assert len(outputs(saved)) == 2
    assert alone.token not in json.dumps(saved)
    assert [p for p in person.problems if NOTEBOOKS_OWN not in p] == []


def test_a_tree_is_tuned_in_a_cell(page: Page, alone: Alone, output: Path) -> None:
    person = Person(page, alone.url, output, AXE.read_text())
    cells = ("import kflab\npanel = kflab.widgets.Tune()\npanel", "panel.run.best()")
    book = Book(page, write(alone.workspace, cells))
    book.open(f"{alone.url}/notebooks/panels.ipynb?token={alone.token}")
    book.run(0)
    widget = book.widget(0)
    expect(widget).to_be_visible(timeout=LONG)
    digits(widget, "1")
    widget.get_by_label("Trials", exact=True).fill("8")
    mark = widget.locator(".kf-Tune-preview .kf-tag", has_text="searched").first
    assert mark.evaluate("mark => mark.getClientRects().length") == 1, "a word is broken into lines"
    person.look("widget-tune-form", ".kf-Widget")
    for method in ("Random Draws", "TPE"):
        widget.get_by_role("radio", name=re.compile(f"^{method}")).check()
        widget.get_by_role("button", name="Start tuning").click()
        assert gain(ended(widget), 8) >= 0.05
        if method != "TPE":
            widget.get_by_role("button", name="Prepare another search").click()
    person.look("widget-tune-ended", ".kf-Widget")

    # What is saved has the trials, and the kernel knows the search that was started in the panel.
    book.pictured("best of 8")
    (still,) = outputs(book.save())
    assert "best of 8" in still and "max_depth=" in still
    book.run(1)
    expect(book.cell(1).locator(".jp-OutputArea-output")).to_contain_text("max_depth", timeout=LONG)

    # What the panel leads to is shown in its place: the run that trains the best, then the model it made.
    widget.get_by_role("button", name=re.compile("^Train the best")).click()
    expect(widget.get_by_role("article", name=re.compile("best$"))).to_contain_text("Done", timeout=LONG)
    widget.get_by_role("button", name="Back to Tune").click()
    widget.get_by_role("button", name="Open the model in the metadata").click(timeout=LONG)
    widget.get_by_role("tab", name="Lineage").click(timeout=LONG)
    trials = widget.locator(".kf-Lineage .kf-Lineage-node", has_text="trial")
    expect(trials.first).to_be_visible(timeout=LONG)
    person.look("widget-tune-lineage", ".kf-Widget")
    assert [p for p in person.problems if NOTEBOOKS_OWN not in p] == []
