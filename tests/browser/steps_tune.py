"""Searching for better hyperparameters in the Tune panel, wherever it is: steps that tests of this folder share."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import LONG

DEPTH = re.compile("Depth, 0 for no limit")


def digits(panel: Page | Locator, depth: str) -> None:
    """A decision tree on digits whose baseline has this depth."""
    panel.get_by_role("radio", name=re.compile("digits", re.I)).check()
    panel.get_by_role("button", name=re.compile("^Model and baseline")).click()
    tree = panel.get_by_role("radio", name=re.compile("^Decision tree"))
    expect(tree).to_have_count(1, timeout=LONG)  # of the two the one for classes, once the target is known
    tree.check()
    field = panel.get_by_role("spinbutton", name=DEPTH)
    field.fill(depth)
    expect(field).to_have_value(depth)


def ended(panel: Page | Locator) -> Locator:
    """The page of the search in sight, once it has ended."""
    run = panel.locator("article.kf-TuneRun:visible")
    expect(run.locator(".kf-Run-header")).to_contain_text("Done", timeout=LONG)
    return run


def gain(run: Locator, trials: int) -> float:
    """By how much the best is above the baseline, as the panel says it."""
    said = run.locator(".kf-headline")
    words = re.compile(rf"Best of {trials}: accuracy 0\.\d+, (0\.\d+) above the baseline\.")
    expect(said).to_have_text(words)
    found = words.fullmatch(said.inner_text())
    assert found is not None
    return float(found[1])
