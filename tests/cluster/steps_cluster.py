"""What a person does in the Cluster panel; each step looks with axe and takes a picture."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.steps import Person

PANEL = ".kf-Cluster"


def open_panel(person: Person) -> Locator:
    """The panel, from the palette: it stays usable whatever else is open."""
    person.command("Cluster: pods, deployments")
    panel = person.page.locator(PANEL)
    expect(panel).to_be_visible()
    return panel


def show(person: Person, kind: str) -> Locator:
    """A kind's list; `kind` as the panel calls it, such as Pods."""
    person.page.locator(PANEL).get_by_role("button", name=re.compile(rf"^{kind}\b")).click()
    rows = person.page.locator(f"{PANEL} tbody")
    expect(rows).to_be_visible()
    return rows


def row(person: Person, name: str) -> Locator:
    """The row of an object whose name begins so."""
    found = person.page.locator(f"{PANEL} tbody tr").filter(
        has=person.page.get_by_role("button", name=re.compile(rf"^{re.escape(name)}"))
    )
    return found.first


def sees(person: Person, kind: str, name: str, status: str) -> None:
    """An object in its list with a status, however long it takes to get there."""
    show(person, kind)
    expect(row(person, name)).to_contain_text(status)


def open_details(person: Person, name: str) -> Locator:
    row(person, name).get_by_role("button").first.click()
    drawer = person.page.locator(f"{PANEL} .kf-Object")
    expect(drawer.get_by_role("tab").first).to_be_visible()
    return drawer


def tab(person: Person, name: str) -> None:
    person.page.locator(f"{PANEL} .kf-Object").get_by_role("tab", name=re.compile(rf"^{name}")).click()


def reads_log(person: Person, text: str) -> None:
    tab(person, "Log")
    expect(person.page.get_by_role("log", name="Log")).to_contain_text(text)


def delete(person: Person, kind: str, name: str) -> None:
    """Delete with the question answered; its row goes, or says so where it is looked at."""
    show(person, kind)
    there = row(person, name)
    open_details(person, name).get_by_role("button", name="Delete", exact=True).click()
    question = person.page.get_by_role("alertdialog")
    expect(question).to_contain_text(name)
    person.look("cluster-delete", within=".kf-Confirm")
    question.get_by_role("button", name=re.compile("^Delete")).click()
    person.page.mouse.move(0, 0)
    person.page.keyboard.press("Escape")
    expect(there.filter(has_not_text="Gone")).to_have_count(0)


def walk(person: Person, pod: str) -> None:
    """The lists and one pod's details, in light, in dark and in a narrow window."""
    for kind in ("Pods", "Deployments", "Services", "Jobs", "Volume claims", "Events"):
        show(person, kind)
        person.look(f"cluster-{kind.lower().replace(' ', '-')}", within=PANEL)
    show(person, "Pods")
    open_details(person, pod)
    for name in ("Overview", "Log", "Events", "YAML"):
        tab(person, name)
        person.look(f"cluster-pod-{name.lower()}", within=PANEL)
    person.command("JupyterLab Dark")
    expect(person.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    person.look("cluster-dark", within=PANEL)
    person.command("JupyterLab Light")
    expect(person.page.locator("body")).to_have_attribute("data-jp-theme-light", "true")
    size = person.page.viewport_size
    person.page.set_viewport_size({"width": 640, "height": 900})
    person.look("cluster-narrow", within=PANEL)
    if size:
        person.page.set_viewport_size(size)
