"""Tuning from a baseline through the real pages: watched, said in words, registered, and found in the lineage."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Hub
from tests.browser.steps import LONG, Person
from tests.browser.steps_tune import DEPTH, digits, ended, gain

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]


def enter(person: Person, name: str) -> None:
    person.log_in(name)
    person.page.wait_for_url("**/hub/spawn**")
    person.start_server()
    person.dismiss_news()


def test_a_tree_on_digits_is_tuned_registered_and_found_in_the_lineage(person: Person, page: Page) -> None:
    enter(person, "tycho")
    person.open_from_launcher("Tune")
    person.look("tune-empty", ".kf-Tune")
    digits(page, "1")
    space = page.get_by_role("region", name="Search space")
    expect(space.get_by_label("High of max_depth")).to_have_value("32")
    # What is wrong is said at its cell, and nothing is sent.
    space.get_by_label("High of max_depth").fill("0")
    page.get_by_role("button", name="Start tuning").click()
    expect(page.locator(".kf-Summary")).to_be_visible()
    expect(
        page.locator("[data-field^='tuning.space.0']:focus, [data-field^='tuning.space.0'] :focus")
    ).to_have_count(1)
    person.look("tune-error", ".kf-Tune")
    space.get_by_label("High of max_depth").fill("32")
    page.get_by_role("radio", name=re.compile("^Random Draws")).check()
    page.get_by_label("Trials", exact=True).fill("8")
    expect(page.get_by_role("region", name="What will happen")).to_contain_text("8 trials")
    person.look("tune-form", ".kf-Tune")
    page.get_by_role("button", name="Start tuning").click()

    run = page.locator("article.kf-TuneRun:visible")
    table = run.get_by_role("group", name="Trials", exact=True).locator("table")
    expect(table.get_by_role("row", name=re.compile("Baseline"))).to_be_visible(timeout=LONG)
    person.picture("tune-live")
    assert gain(ended(page), 8) >= 0.05
    expect(table.locator("tbody tr")).to_have_count(9)
    table.locator("tbody tr", has_text=re.compile("best", re.I)).get_by_role("button").first.click()
    expect(
        run.get_by_role("region", name=re.compile(r"^Trial \d")).or_(
            run.get_by_role("complementary", name=re.compile(r"^Trial \d"))
        )
    ).to_contain_text("max_depth")
    person.look("tune-ended", ".kf-TuneRun")

    # The best is trained on all but the test part, recorded, and its lineage leads back over the trials to the data.
    run.get_by_role("button", name=re.compile("^Train the best")).click()
    trained = page.get_by_role("article", name=re.compile("best$"))
    expect(trained).to_contain_text("Done", timeout=LONG)
    person.command("Tune the hyperparameters")
    run.get_by_role("button", name="Open the model in the metadata").click(timeout=LONG)
    details = page.get_by_role("region", name=re.compile("Details"))
    expect(details).to_contain_text("max_depth", timeout=LONG)
    page.get_by_role("tab", name="Lineage").click()
    lineage = page.locator(".kf-Lineage")
    expect(lineage.locator(".kf-Lineage-node", has_text="trial").first).to_be_visible(timeout=LONG)
    person.look("tune-lineage", ".kf-Metadata")

    # TPE from the same baseline; then from a baseline that shallow trees cannot beat.
    person.command("Tune the hyperparameters")
    page.get_by_role("button", name="Prepare another search").click()
    page.get_by_role("radio", name=re.compile("^TPE")).check()
    page.get_by_role("button", name="Start tuning").click()
    assert gain(ended(page), 8) >= 0.05
    page.get_by_role("button", name="More trials…").click()
    person.look("tune-more", ".kf-TuneRun")
    page.get_by_label("Trials in all").fill("10")
    page.get_by_role("button", name="Search on").click()
    gain(run, 10)
    expect(table.locator("tbody tr")).to_have_count(11)
    page.get_by_role("button", name="Prepare another search").click()
    page.get_by_role("button", name=re.compile("^Model and baseline")).click()
    page.get_by_role("spinbutton", name=DEPTH).fill("0")
    space.get_by_label("High of max_depth").fill("2")
    for name in ("min_samples_leaf", "criterion"):
        space.get_by_role("button", name=f"Remove {name}").click()
    page.get_by_label("Trials", exact=True).fill("2")
    page.get_by_role("button", name="Start tuning").click()
    expect(ended(page).locator(".kf-headline")).to_have_text(
        re.compile(r"None of 2 trials beats the baseline: best 0\.\d+, baseline 0\.\d+\.")
    )
    person.command("Use Theme: JupyterLab Dark")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false", timeout=LONG)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    person.look("tune-none-beats-dark", ".kf-TuneRun")
    page.set_viewport_size({"width": 420, "height": 800})
    person.look("tune-narrow", ".kf-TuneRun")
    page.set_viewport_size({"width": 1400, "height": 900})
    person.log_out()


def test_a_network_on_a_csv_is_tuned(person: Person, page: Page, hub: Hub) -> None:
    from sklearn.datasets import load_wine

    enter(person, "vera")
    wine = load_wine(as_frame=True).frame.rename(columns={"target": "cultivar"})
    wine["cultivar"] = wine["cultivar"].map({0: "barolo", 1: "grignolino", 2: "barbera"})
    wine.to_csv(hub.data / "volumes/user-vera/default-workspace/wine.csv", index=False)
    person.open_from_launcher("Tune")
    path = page.get_by_label(re.compile("path of a file"))
    path.fill("wine.csv")
    path.press("Enter")
    expect(page.get_by_role("region", name="What will happen")).to_contain_text("cultivar", timeout=LONG)
    page.get_by_role("button", name=re.compile("^Model and baseline")).click()
    page.get_by_role("radio", name=re.compile("Neural network")).check()
    page.get_by_role("spinbutton", name="Units of a layer").fill("1")
    page.get_by_label("Epochs", exact=False).first.fill("5")
    page.get_by_label("Trials", exact=True).fill("3")
    page.get_by_role("button", name="Start tuning").click()
    run = ended(page)
    expect(run.locator(".kf-headline")).to_contain_text("baseline")
    rows = run.get_by_role("group", name="Trials", exact=True).locator("tbody tr")
    expect(rows).to_have_count(4)
    person.look("tune-network", ".kf-TuneRun")
    person.log_out()
