"""Find a Chromium for the browser tests, or install Debian's where that can be done."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _like_debian() -> str | None:
    """The distribution's id if apt-get can install chromium: debian or ubuntu."""
    release = Path("/etc/os-release")
    if not release.is_file() or shutil.which("apt-get") is None:
        return None
    fields = dict(line.split("=", 1) for line in release.read_text().splitlines() if "=" in line)
    name = fields.get("ID", "").strip('"')
    return name if name in ("debian", "ubuntu") else None


def _of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if path and Path(path).exists() else None


def find_or_install() -> tuple[str | None, str]:
    """Return (path of a browser, ""), or (None, what is missing and the command for it)."""
    chosen = os.environ.get("KFHUB_CHROMIUM")
    if chosen:
        return (
            (chosen, "")
            if Path(chosen).exists()
            else (None, f"KFHUB_CHROMIUM names {chosen}, which does not exist")
        )
    found = next((path for name in NAMES if (path := shutil.which(name))), None) or _of_playwright()
    if found:
        return found, ""
    if _like_debian() and os.geteuid() == 0:
        print(
            "kfhub: no browser found; installing Debian's chromium with apt-get for the browser tests …",
            flush=True,
        )
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
        ):
            if subprocess.run(command, env=env, stdout=subprocess.DEVNULL).returncode:
                return None, f"`{' '.join(command)}` failed; run it by hand to see why"
        found = next((path for name in NAMES if (path := shutil.which(name))), None)
        return found, "" if found else "apt-get installed chromium, but it is not on the PATH"
    return None, (
        "no browser: install chromium (on Debian and Ubuntu: apt-get install chromium; elsewhere: "
        ".venv/bin/playwright install chromium), or name one with KFHUB_CHROMIUM"
    )
