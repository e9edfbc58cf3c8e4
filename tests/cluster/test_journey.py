"""The main job on a real Kubernetes, through the real pages: two users and an admin, by the chart's own hub."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import AXE, QUIET, output  # noqa: F401 - a fixture
from tests.browser.steps import LONG, Person
from tests.cluster import steps_cluster as panel
from tests.cluster.kube import install
from tests.cluster.kube.client import Cluster, CommandError

pytestmark = pytest.mark.timeout(900, func_only=True)

SKLEARN = "kfhub/notebook-sklearn:0.1.0"
POLICY = {
    "cpu": {"value": "0.5", "max": "2", "limitFactor": "none"},
    "memory": {"value": "1Gi", "max": "4Gi", "limitFactor": "2"},
    "gpus": {"max": 2, "value": {"vendors": [{"limitsKey": "nvidia.com/gpu", "uiName": "NVIDIA"}]}},
    "configurations": {
        "options": [
            {
                "name": "greeting",
                "displayName": "A greeting",
                "patch": {
                    "spec": {
                        "containers": [{"name": "notebook", "env": [{"name": "GREETING", "value": "hello"}]}]
                    }
                },
            }
        ]
    },
}
# New people each time: what those of an earlier run left is theirs.
RUN = secrets.token_hex(3)
ADA, GRACE = f"ada{RUN}", f"grace{RUN}"
SPACE = {"capacity": {"nvidia.com/gpu": "2"}, "allocatable": {"nvidia.com/gpu": "2"}}


@pytest.fixture(scope="module")
def kfhub(
    cluster: Cluster, loaded: dict[str, str], say: Callable[[str], None]
) -> Iterator[install.Installed]:
    cluster.kubectl(
        "patch", "node", "node0", "--subresource=status", "--type=merge", "-p", json.dumps({"status": SPACE})
    )
    more = {"policy": {"spawnerFormDefaults": POLICY}}
    yield install.install(cluster, say, install.build_of(loaded), more=more)
    # the notebooks that hold GPUs, and the GPUs, for the tests of a cluster without
    cluster.kubectl("delete", "namespace", f"user-{ADA}", f"user-{GRACE}", "--ignore-not-found")
    gone = [{"op": "remove", "path": f"/status/{place}/nvidia.com~1gpu"} for place in SPACE]
    cluster.kubectl("patch", "node", "node0", "--subresource=status", "--type=json", "-p", json.dumps(gone))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """For these tests only: while it runs, no test that awaits something could."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("KFHUB_CHROMIUM", "/usr/bin/chromium"), args=list(QUIET)
        )
        yield browser
        browser.close()


@pytest.fixture
def someone(
    chromium: Browser,
    kfhub: install.Installed,
    output: Path,  # noqa: F811
) -> Iterator[Callable[[], Person]]:
    """Makes people, each with a browser of their own, and looks at what their pages complained of."""
    people: list[Person] = []

    def arrive() -> Person:
        context = chromium.new_context(viewport={"width": 1400, "height": 900}, locale="en-US")
        context.set_default_timeout(60_000)
        person = Person(context.new_page(), kfhub.url.rstrip("/"), output, AXE.read_text())
        people.append(person)
        return person

    yield arrive
    for person in people:
        person.page.context.close()
    assert [problem for person in people for problem in person.problems] == []


def contents(page: Page, user: str, path: str) -> str:
    """A file of the workspace, by the notebook's own API; empty if there is none."""
    base = page.url.split("/user/")[0]
    answer = page.request.get(f"{base}/user/{user}/api/contents/{path}?content=1")
    return str(answer.json()["content"]) if answer.ok else ""


def in_terminal(page: Page, user: str, command: str, name: str) -> str:
    """What `command` prints, typed into Lab's terminal."""
    screen = page.locator(".jp-Terminal:not(.lm-mod-hidden) .xterm-helper-textarea").first
    screen.focus()
    page.keyboard.type(f"({command}) > {name}.txt 2>&1; echo ended $? >> {name}.txt\n")
    for _ in range(240):
        said = contents(page, user, f"{name}.txt")
        if "ended " in said:
            return said
        page.wait_for_timeout(250)
    raise AssertionError(f"{command}: {said}")


def open_terminal(person: Person) -> None:
    page = person.page
    person.command("New Terminal")
    expect(page.locator(".jp-Terminal .xterm-screen").first).to_be_visible(timeout=LONG)


def stop_server(person: Person) -> None:
    page = person.page
    page.goto(f"{person.hub}/hub/home")
    page.locator("#stop").click()
    expect(page.locator("#stop")).to_be_hidden(timeout=LONG)


def test_users_and_admin(cluster: Cluster, kfhub: install.Installed, someone: Callable[[], Person]) -> None:
    ada, page = (person := someone()), person.page
    ada.log_in(ADA, kfhub.user_password)
    page.wait_for_url("**/hub/spawn**")

    # A form with a new workspace, a data volume, GPUs and a configuration; a wrong value comes back first.
    page.get_by_role("radio", name=re.compile("scikit-learn")).check()
    page.locator("#kf-memory").fill("64Gi")
    page.locator("form#spawn_form [type=submit]").click()
    expect(page.locator("#kf-errors")).to_contain_text("at most 4Gi")
    page.locator("#kf-memory").fill("1Gi")
    for section in ("gpu", "dataVolumes", "configurations"):
        page.locator(f'[data-section="{section}"] summary').first.click()
    page.locator("#kf-gpu-vendor").select_option("nvidia.com/gpu")
    page.locator("#kf-gpu-count").fill("2")
    page.get_by_role("button", name="Add a volume").click()
    row = page.locator("#kf-volumes [data-row]").last
    row.locator('input[name$=".name"]').fill("customers")
    row.locator('input[name$=".size"]').fill("1Gi")
    row.locator('input[name$=".mount"]').fill("/data/customers")
    page.get_by_role("checkbox", name=re.compile("A greeting")).check()
    ada.look("cluster-form")
    page.locator("form#spawn_form [type=submit]").click()
    expect(page.locator("#kf-steps")).to_be_visible(timeout=LONG)
    ada.look("cluster-progress")
    page.wait_for_url(f"**/user/{ADA}/lab**", timeout=LONG)
    ada.launcher()
    ada.dismiss_news()

    pod = cluster.get("pod", f"jupyter-{ADA}", namespace=f"user-{ADA}")
    notebook = pod["spec"]["containers"][0]
    assert pod["spec"]["serviceAccountName"] == "default-editor"
    assert notebook["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert {"name": "GREETING", "value": "hello"} in notebook["env"]

    # kubectl in Lab's terminal: everything in the own namespace, nothing in another's.
    open_terminal(ada)
    assert f"jupyter-{ADA}" in in_terminal(page, ADA, "kubectl get pods", "pods")
    assert "hello" in in_terminal(page, ADA, "echo $GREETING; ls -d /data/customers", "greeting")
    made = in_terminal(
        page,
        ADA,
        f"kubectl create deployment web --image={SKLEARN} --replicas=1 -- sleep 600"
        " && kubectl expose deployment web --port=80"
        f" && kubectl create job once --image={SKLEARN} -- true",
        "made",
    )
    assert "ended 0" in made, made
    refused = in_terminal(
        page, ADA, "kubectl get pods -n kfhub; kubectl get secrets -n user-grace", "refused"
    )
    assert refused.count("forbidden") == 2, refused
    other = in_terminal(page, ADA, "kubectl run x --image=docker.io/library/nginx:1", "other")
    assert "nginx" in other and "ended 1" in other, other
    saved = "kept over a stop"
    in_terminal(page, ADA, f"echo {saved} > kept.md", "save")

    # The Cluster panel shows what was made.
    panel.open_panel(ada)
    panel.sees(ada, "Deployments", "web", "1/1")
    panel.sees(ada, "Jobs", "once", "Complete")
    panel.sees(ada, "Services", "web", "80")
    panel.show(ada, "Pods")
    ada.look("cluster-panel", within=panel.PANEL)

    # Training, and its record.
    ada.command("Train a model step by step")
    train(ada)

    # Another user has a namespace of her own and sees nothing of it; the admin sees both.
    grace = someone()
    grace.log_in(GRACE, kfhub.user_password)
    grace.page.wait_for_url("**/hub/spawn**")
    grace.start_server()
    grace.dismiss_news()
    open_terminal(grace)
    said = in_terminal(grace.page, GRACE, f"kubectl get pods; kubectl get pods -n user-{ADA}", "pods")
    assert f"jupyter-{GRACE}" in said and "forbidden" in said and f"jupyter-{ADA}" not in said
    admin = someone()
    admin.log_in("admin", kfhub.admin_password)
    admin.page.goto(f"{admin.hub}/hub/admin")
    for name in (ADA, GRACE):
        expect(admin.page.get_by_text(name, exact=True).first).to_be_visible()

    # Stopped and started: the file, the volumes and the metadata are there.
    stop_server(ada)
    with pytest.raises(CommandError, match="not found"):
        cluster.kubectl("get", "pod", f"jupyter-{ADA}", "-n", f"user-{ADA}")
    claims = {item["metadata"]["name"] for item in cluster.get("pvc", namespace=f"user-{ADA}")["items"]}
    assert claims == {"default-workspace", "customers"}
    page.goto(f"{ada.hub}/hub/spawn/{ADA}")
    page.locator("form#spawn_form [type=submit]").click()
    page.wait_for_url(f"**/user/{ADA}/lab**", timeout=LONG)
    # Lab comes back with what was open, so there is no launcher to wait for.
    expect(page.locator(f"{panel.PANEL}, .kf-Train").first).to_be_attached(timeout=LONG)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0, timeout=LONG)
    assert saved in contents(page, ADA, "kept.md")
    answer = page.request.get(f"{ada.hub}/user/{ADA}/kflab/api/metadata/artifacts?limit=50")
    recorded = {item["type"] for item in answer.json()["items"]}
    assert {"system.Dataset", "system.Model", "system.Metrics"} <= recorded, answer.text()
    ada.log_out()


def train(person: Person) -> None:
    page = person.page
    page.get_by_role("radio", name=re.compile("Breast cancer")).check()
    expect(page.locator(".kf-Stepper")).to_contain_text("569 rows", timeout=LONG)
    person.step("Model")
    page.get_by_role("radio", name=re.compile("Random forest")).check()
    page.get_by_role("button", name="Start training").click()
    run = page.get_by_role("article", name=re.compile("RandomForestClassifier on breast_cancer"))
    expect(run).to_contain_text("Done", timeout=LONG)
    expect(run).to_contain_text("accuracy")
    person.look("cluster-train", ".kf-Train")
