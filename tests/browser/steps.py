"""What a person does on the pages, step by step, as the tests of this folder share it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PASSWORD = "a-password-for-tests"
LONG = 120_000


class Person:
    """Someone at a browser, who looks at each page with axe and takes pictures."""

    def __init__(self, page: Page, hub: str, output: Path, axe: str) -> None:
        self.page = page
        self.hub = hub
        self.output = output
        self.axe = axe
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("console", lambda message: self._heard(message.type, message.text))

    def _heard(self, kind: str, text: str) -> None:
        # A refused form is a 400 on purpose, and the browser writes each refusal down.
        if kind == "error" and "status of 400" not in text:
            self.problems.append(f"console: {text}")

    def look(self, name: str, within: str | None = None) -> None:
        """No violations by axe, and a picture in light; `within` leaves out what is not ours."""
        found = self.violations(within)
        self.picture(name)
        assert not found, f"{name}:\n" + "\n".join(found)

    def violations(self, within: str | None = None) -> list[str]:
        # A colour on its way from one theme to the other is none that anybody reads.
        self.page.evaluate(
            "() => Promise.allSettled(document.getAnimations().filter(a => a.effect?.getTiming().iterations !== Infinity).map(a => a.finished))"
        )
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(self.axe)
        result = self.page.evaluate(
            """within => axe.run(within ? {include: [within]} : document, {
                runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})""",
            within,
        )
        return [
            f"{v['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:200]}"
            for v in result["violations"]
            for node in v["nodes"]
        ]

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.output / f"{name}.png")

    # The hub.

    def log_in(self, name: str, password: str = PASSWORD) -> None:
        self.page.goto(f"{self.hub}/hub/login")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name=re.compile("sign in|log in", re.I)).click()

    def start_server(self) -> None:
        self.page.locator("form#spawn_form [type=submit]").click()
        self.page.wait_for_url("**/user/**/lab**", timeout=LONG)
        self.launcher()

    def log_out(self) -> None:
        self.page.goto(f"{self.hub}/hub/home")
        self.page.locator("#logout").click()
        expect(self.page.get_by_label("Password").or_(self.page.get_by_text("logged out"))).to_be_visible()

    # Lab.

    def launcher(self) -> Locator:
        """Lab with its launcher open, and without Jupyter's question whether to fetch news."""
        card = self.page.locator(".jp-LauncherCard[title^='Train']")
        expect(card).to_be_visible(timeout=LONG)
        return card

    def dismiss_news(self) -> None:
        news = self.page.locator(".jp-toast-button", has_text="No")
        if news.count():
            news.first.click()

    def open_from_launcher(self, title: str) -> None:
        self.page.locator(f".jp-LauncherCard[title^='{title}']").click()

    def command(self, name: str) -> None:
        """Run a command of the palette."""
        self.page.keyboard.press("Control+Shift+C")
        search = self.page.locator(".lm-CommandPalette-input")
        search.fill(name)
        self.page.locator(".lm-CommandPalette-item", has_text=name).first.click()

    def step(self, name: str) -> None:
        """A step of the Train panel's stepper."""
        self.page.locator(".kf-Stepper").get_by_role("button", name=re.compile(rf"^{name}")).click()
