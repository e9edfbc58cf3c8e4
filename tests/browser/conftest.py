"""A real hub as `make start` runs it, and a real Chromium in front of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.steps import PASSWORD, Person

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "labextension/node_modules/axe-core/axe.min.js"
# Chromium's own calls home would fail here, and slow the tests down.
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
)

# A busy machine may take its time; what is awaited is an event each time.
expect.set_options(timeout=30_000)


@dataclass(frozen=True)
class Hub:
    url: str
    data: Path


@pytest.fixture(scope="session")
def output() -> Path:
    """Where screenshots go: KFHUB_SCREENSHOTS, or tests/browser/output."""
    folder = Path(os.environ.get("KFHUB_SCREENSHOTS") or ROOT / "tests/browser/output")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    data = tmp_path_factory.mktemp("hub") / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "KFHUB_PORT": str(port),
        "KFHUB_DATA": str(data),
        "KFHUB_PASSWORD": PASSWORD,
        "HOME": str(tmp_path_factory.mktemp("home")),
    }
    command = [str(Path(sys.executable).with_name("kfhub")), "start"]
    process = subprocess.Popen(
        command,
        env=env,
        cwd=tmp_path_factory.mktemp("cwd"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        for line in process.stdout or ():
            said.append(line)
            if "kfhub is ready at" in line:
                ready.set()
        ready.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        assert ready.wait(90), "".join(said)
        assert process.poll() is None, "".join(said)
        yield Hub(f"http://127.0.0.1:{port}", data)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("KFHUB_CHROMIUM", "/usr/bin/chromium"), args=list(QUIET)
        )
        yield browser
        browser.close()


@pytest.fixture
def person(page: Page, hub: Hub, output: Path) -> Iterator[Person]:
    someone = Person(page, hub.url, output, AXE.read_text())
    yield someone
    assert someone.problems == []


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, locale="en-US")
    context.set_default_timeout(30_000)
    page = context.new_page()
    yield page
    context.close()
