"""The starter notebook as somebody new meets it: a card of the launcher, and a notebook that runs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from kflab.starter import NAME
from tests.browser.steps import LONG, Person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_the_launcher_opens_it_and_brings_it_back(person: Person, page: Page) -> None:
    person.log_in("newcomer")
    page.wait_for_url("**/hub/spawn**")
    person.start_server()
    person.dismiss_news()
    file = page.get_by_role("listitem", name=re.compile(NAME))
    expect(file).to_be_visible()
    person.picture("launcher-starter")

    # Deleted by its user, and asked for again.
    file.click()
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Delete|Move to Trash")).click()
    expect(file).to_have_count(0)
    person.open_from_launcher("Starter notebook")
    expect(page.get_by_role("tab", name=re.compile(NAME))).to_be_visible()
    notebook = page.locator(".jp-NotebookPanel")
    expect(notebook.get_by_role("heading", name="A tour of kfhub")).to_be_visible(timeout=LONG)
    expect(file).to_be_visible()

    # Its first cell, in the kernel that Lab starts for it; before there is one, no cell runs.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Python 3 (ipykernel) | Idle", timeout=LONG)
    notebook.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
    page.keyboard.press("Shift+Enter")
    expect(notebook.locator(".jp-CodeCell .jp-InputPrompt").first).to_have_text("[1]:", timeout=LONG)
    assert notebook.locator(".jp-CodeCell").first.locator(".jp-OutputArea-output").count() == 0
    person.picture("starter-notebook")
