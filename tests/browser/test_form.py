"""What the form's script adds to the plain page: rows to add and remove, a name to choose, a way to the first fault."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import LONG, Person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_rows_names_and_the_first_fault(person: Person, page: Page) -> None:
    person.log_in("lin")
    page.wait_for_url("**/hub/spawn**")
    page.locator('[data-section="dataVolumes"] summary').first.click()
    rows = page.locator("#kf-volumes [data-row]")
    there = rows.count()
    add = page.get_by_role("button", name="Add a volume")
    add.click()
    add.click()
    expect(rows).to_have_count(there + 2)
    expect(rows.last.locator("input").first).to_be_focused()
    rows.last.locator('input[name$=".name"]').fill("orders")
    expect(page.locator("[data-summary=dataVolumes]")).to_have_text("orders")
    rows.last.get_by_role("button", name=re.compile("Remove")).click()
    expect(rows).to_have_count(there + 1)
    expect(page.locator("[data-summary=dataVolumes]")).to_have_text("none")
    rows.last.locator('input[name$=".name"]').fill("customers")

    # The first field at fault has the focus, and each error leads to its field, folded or not.
    page.locator("#kf-cpu").fill("lots")
    page.locator('[data-section="environment"] summary').first.click()
    page.locator("#kf-environment").fill("1X=y")
    page.locator("form#spawn_form [type=submit]").click()
    expect(page.locator("#kf-errors li")).to_have_count(2)
    expect(page.locator("#kf-cpu")).to_be_focused()
    page.locator("#kf-errors a", has_text="1X").click()
    expect(page.locator("#kf-environment")).to_be_focused()
    person.look("form-script")
    page.locator("#kf-environment").fill("")
    page.locator("#kf-cpu").fill("1")

    # Another name is another notebook, with a volume named after it.
    page.get_by_label("Name", exact=True).first.fill("second")
    expect(page.locator("#kf-workspace-name")).to_have_value("second-workspace")
    page.locator("form#spawn_form [type=submit]").click()
    page.wait_for_url("**/user/lin/second/lab**", timeout=LONG)

    # The name of a notebook that runs is refused where it is typed.
    page.goto(f"{person.hub}/hub/spawn/lin")
    name = page.get_by_label("Name", exact=True).first
    name.fill("second")
    expect(page.locator("#kf-notebook-error")).to_contain_text("running already")
    page.emulate_media(color_scheme="dark")
    person.look("form-dark")
    person.log_out()
