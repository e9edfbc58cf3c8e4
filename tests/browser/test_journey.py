"""The main job, from the login page to the metadata list, through the real pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import Hub
from tests.browser.steps import LONG, Person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]


def kept(*words: str) -> Callable[[Response], bool]:
    """Whether a response is to Lab's saving of a state with all these words in it."""

    def saved(response: Response) -> bool:
        request = response.request
        return (
            request.method == "PUT"
            and "/lab/api/workspaces/" in request.url
            and all(word in (request.post_data or "") for word in words)
        )

    return saved


RECORD = """
import os, kflab
kflab.Execution(name="from a cell").log_output(kflab.Model(name="of a cell"))
print(os.environ["KFLAB_TOKEN"] == os.environ["JUPYTERHUB_API_TOKEN"])
print("of a cell" in list(kflab.Workspace().list(kflab.Model)["name"]))
"""


def cell(page: Page, code: str) -> str:
    """What a notebook's cell prints: a kernel started and spoken to as Lab's own pages do it."""
    said: str = page.evaluate(
        """async code => {
            const {baseUrl} = JSON.parse(document.getElementById('jupyter-config-data').textContent);
            const token = document.cookie.match(/_xsrf=([^;]+)/)[1];
            const started = await fetch(`${baseUrl}api/kernels`, {
                method: 'POST', headers: {'X-XSRFToken': token}, body: JSON.stringify({name: 'python3'})
            });
            const {id} = await started.json();
            const socket = new WebSocket(`${baseUrl.replace(/^/, location.origin.replace('http', 'ws'))}api/kernels/${id}/channels`);
            const header = {msg_id: 'cell', msg_type: 'execute_request', session: 'test', username: '', version: '5.3'};
            let said = '';
            await new Promise((resolve, reject) => {
                socket.onerror = reject;
                socket.onopen = () => socket.send(JSON.stringify({
                    channel: 'shell', header, parent_header: {}, metadata: {}, buffers: [],
                    content: {code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false}
                }));
                socket.onmessage = ({data}) => {
                    const {msg_type, parent_header, content} = JSON.parse(data);
                    if (parent_header.msg_id !== 'cell') return;
                    if (msg_type === 'stream') said += content.text;
                    if (msg_type === 'error') said += content.traceback.join(' ');
                    if (msg_type === 'status' && content.execution_state === 'idle') resolve();
                };
            });
            socket.close();
            return said;
        }""",
        code,
    )
    return said


def look_at_tabs(person: Person, page: Page, theme: str) -> None:
    """The lineage of what is chosen, with the test metrics in view as well, and the executions."""
    page.get_by_role("tab", name="Lineage").click()
    chosen = page.locator(".kf-Lineage-node[aria-current=true]")
    expect(chosen).to_be_in_viewport(ratio=1)
    page.get_by_role("region", name=re.compile("Details")).get_by_role(
        "button", name=re.compile(", test")
    ).first.click()
    expect(chosen).to_contain_text("test")
    expect(chosen).to_be_in_viewport(ratio=1)
    person.look(f"metadata-lineage-{theme}", ".kf-Metadata")
    page.get_by_role("tab", name="Executions").click()
    table = page.locator(".kf-Metadata table").first
    expect(table).to_contain_text(re.compile(r"memory \d+ [KMG]iB"))
    expect(table).not_to_contain_text("last_seq")
    person.look(f"metadata-executions-{theme}", ".kf-Metadata")
    page.get_by_role("tab", name="Artifacts").click()
    expect(table).to_contain_text("Dataset")


def test_from_login_to_metadata(person: Person, page: Page) -> None:
    page.goto(f"{person.hub}/hub/login")
    expect(page.get_by_text("share one account")).to_be_visible()
    person.look("login")
    person.log_in("ada", "wrong-password")
    expect(page.get_by_role("alert").or_(page.locator(".login_error"))).to_contain_text(
        re.compile("invalid", re.I)
    )
    expect(page.get_by_label("Username")).to_have_value("ada")
    person.problems.clear()  # the browser notes that the wrong password was refused
    person.log_in("ada")

    # A rejected value comes back beside its field, with all that was typed.
    page.wait_for_url("**/hub/spawn**")
    expect(page.locator("[data-summary=gpu]")).to_have_text("not available here")
    expect(page.locator("[data-summary=size]")).to_contain_text("CPU")
    person.look("form")
    name = page.get_by_label("Name", exact=True).first
    name.fill("My Server!")
    page.locator("form#spawn_form [type=submit]").click()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#kf-notebook-error")).to_contain_text("such as my-notebook")
    expect(name).to_have_value("My Server!")
    name.fill("default")
    page.locator("#kf-memory").fill("2 giga")
    page.locator("#kf-cpu").fill("1")
    page.locator("form#spawn_form [type=submit]").click()
    expect(page.locator("#kf-errors")).to_contain_text("2 giga")
    memory = page.locator("#kf-memory")
    expect(memory).to_have_value("2 giga")
    expect(memory).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#kf-cpu")).to_have_value("1")
    person.look("form-error")
    memory.fill("2Gi")
    person.start_server()
    person.dismiss_news()
    person.picture("launcher")

    # Train on breast cancer, 60/20/20, with a random forest.
    person.open_from_launcher("Train")
    page.get_by_role("radio", name=re.compile("Breast cancer")).check()
    expect(page.locator(".kf-Stepper")).to_contain_text("569 rows", timeout=LONG)
    person.look("train-data", ".kf-Train")
    person.step("Explore")
    expect(page.get_by_role("rowheader", name="mean radius")).to_be_visible()
    person.look("train-explore", ".kf-Train")
    person.step("Prepare")
    person.look("train-prepare", ".kf-Train")
    person.step("Split")
    page.get_by_role("radio", name=re.compile("60")).check()
    expect(page.get_by_role("list", name="Parts of the data")).to_contain_text("Test")
    person.look("train-split", ".kf-Train")
    person.step("Model")
    page.get_by_role("radio", name=re.compile("Random forest")).check()
    expect(page.get_by_role("spinbutton", name="Trees")).to_be_visible()
    person.look("train-model", ".kf-Train")
    page.get_by_role("button", name="Start training").click()

    run = page.get_by_role("article", name=re.compile("RandomForestClassifier on breast_cancer"))
    expect(run.get_by_role("heading", level=2)).to_be_visible()
    expect(run.locator("canvas, svg.kf-Chart, [role=img]").first).to_be_visible(timeout=LONG)
    expect(run).to_contain_text("Done", timeout=LONG)
    expect(run).to_contain_text("accuracy")
    expect(run.get_by_text("benign").first).to_be_visible()
    person.look("train-live", ".kf-Train")

    # The test part is locked until it is asked for, and the panel says what that means.
    person.step("Evaluate")
    page.get_by_role("button", name="Evaluate on the test part").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("recorded")
    expect(dialog.get_by_role("button", name="Keep it locked")).to_be_focused()
    person.look("train-unlock", "dialog")
    dialog.get_by_role("button", name="Unlock and evaluate").click()
    test = page.get_by_role("region", name="Test part")
    expect(test).to_contain_text("Done", timeout=LONG)
    expect(page.locator(".kf-Stepper")).to_contain_text("test part unlocked")
    person.look("train-evaluate", ".kf-Train")

    # All of it is in the metadata, and the model leads to its metrics and its dataset.
    person.command("Browse datasets")
    table = page.locator(".kf-Metadata table").first
    for kind in ("Dataset", "Model", "Metrics"):
        expect(table.get_by_role("cell", name=kind, exact=True).first).to_be_visible(timeout=LONG)
    page.get_by_role("group", name="Type").get_by_role("button", name="Model").click()
    expect(table.get_by_role("row")).to_have_count(2)
    # Lab saves what is open a moment after it has changed; a reload before that would find the state before.
    with page.expect_response(kept("kfhub-metadata-one", '"selected":{')):
        table.get_by_role("row").nth(1).get_by_role("button").first.click()
    details = page.get_by_role("complementary", name=re.compile("Details")).or_(
        page.get_by_role("region", name=re.compile("Details"))
    )
    expect(details).to_contain_text("breast_cancer")
    expect(details).to_contain_text("n_estimators")
    expect(details.get_by_role("button", name=re.compile("validation"))).to_be_visible()
    expect(details.get_by_role("button", name=re.compile("test"))).to_be_visible()
    person.look("metadata", ".kf-Metadata")

    # The runs, and a page that comes back as it was after a reload.
    person.command("All runs, live")
    runs = page.get_by_role("region", name="Runs")
    expect(runs).to_contain_text("RandomForestClassifier on breast_cancer")
    person.look("runs", "#kfhub-runs")
    page.reload()
    expect(page.locator(".kf-Metadata table").first).to_be_visible(timeout=LONG)
    expect(page.locator(".kf-Details")).to_contain_text("n_estimators", timeout=LONG)
    look_at_tabs(person, page, "light")

    page.goto(f"{person.hub}/hub/home")
    person.look("home")
    person.log_out()


def test_a_csv_and_the_network(person: Person, page: Page, hub: Hub) -> None:
    from sklearn.datasets import load_wine

    person.log_in("grace")
    page.wait_for_url("**/hub/spawn**")
    person.start_server()
    person.dismiss_news()
    workspace = hub.data / "volumes/user-grace/default-workspace"
    assert workspace.is_dir()
    wine = load_wine(as_frame=True).frame.rename(columns={"target": "cultivar"})
    wine["cultivar"] = wine["cultivar"].map({0: "barolo", 1: "grignolino", 2: "barbera"})
    wine.to_csv(workspace / "wine.csv", index=False)
    (workspace / "ragged.csv").write_text("a,b\n1,2\n1,2,3\n")

    person.open_from_launcher("Train")
    path = page.get_by_label(re.compile("path of a file"))
    path.fill("ragged.csv")
    path.press("Enter")
    expect(page.get_by_text("line 3 has 3 values").first).to_be_visible(timeout=LONG)
    expect(path).to_have_value("ragged.csv")
    person.look("train-error", ".kf-Train")
    path.fill("wine.csv")
    path.press("Enter")
    expect(page.locator(".kf-Stepper")).to_contain_text("178 rows", timeout=LONG)
    person.step("Model")
    page.get_by_role("radio", name=re.compile("Neural network")).check()
    page.get_by_role("button", name="Start training").click()
    run = page.get_by_role("article", name=re.compile("wine.csv"))
    expect(run).to_contain_text("Done", timeout=LONG)
    expect(run.get_by_text("barolo").first).to_be_visible()
    person.command("Use Theme: JupyterLab Dark")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false", timeout=LONG)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    person.look("train-network", ".kf-Train")
    person.step("Evaluate")
    page.get_by_role("button", name="Evaluate on the test part").click()
    page.get_by_role("button", name="Unlock and evaluate").click()
    expect(page.get_by_role("region", name="Test part")).to_contain_text("Done", timeout=LONG)
    person.command("Browse datasets")
    table = page.locator(".kf-Metadata table").first
    expect(table).to_contain_text("wine.csv", timeout=LONG)
    expect(table).to_contain_text("Model")
    person.look("metadata-dark", ".kf-Metadata")
    table.get_by_role("row", name=re.compile(" Model ")).first.get_by_role("button").first.click()
    look_at_tabs(person, page, "dark")
    # The examples in the empty filters are filters that find something.
    for tab in ("Executions", "Artifacts"):
        page.get_by_role("tab", name=tab).click()
        expression = page.get_by_label("Filter expression")
        example = (expression.get_attribute("placeholder") or "").removeprefix("Filter, such as ")
        with page.expect_response(lambda r: "filter=" in r.url) as answered:
            expression.fill(example)
            expression.press("Enter")
        assert answered.value.json()["total"] > 0, example
        expect(table.get_by_role("row").nth(1)).to_be_visible()
    # In a cell of the notebook, the token of the hub opens the server.
    assert cell(page, RECORD).split() == ["True", "True"]
    page.set_viewport_size({"width": 420, "height": 800})
    person.look("metadata-narrow", ".kf-Metadata")
    page.set_viewport_size({"width": 1400, "height": 900})
    person.log_out()
