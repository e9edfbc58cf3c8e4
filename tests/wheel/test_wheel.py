"""The wheel alone is enough: an empty environment, no source tree, no npm on the PATH."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.wheel, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(out),
            str(ROOT),
        ],
        check=True,
    )
    return next(out.glob("kfhub-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment of nothing but the wheel and what it asks for, in locked versions."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(folder, with_pip=True)
    constraints = folder / "constraints.txt"
    # A lock's hashes would make pip ask for one of the wheel just built, too.
    lock = (ROOT / "requirements/start.txt").read_text()
    constraints.write_text(
        "\n".join(re.sub(r"\s*\\$", "", line) for line in lock.splitlines() if "==" in line)
    )
    pip = (folder / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile")
    subprocess.run(
        [*pip, "-c", str(constraints), f"{wheel}[all]"],
        check=True,
        cwd=folder,
    )
    return folder / "bin"


def test_wheel_holds_the_browser_parts_and_no_sources_of_them(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "kfspawner/proxy/bin/proxy.mjs",
        "kfspawner/proxy/package.json",
        "kfspawner/static/form.js",
        "kfspawner/hub_config/jupyterhub_config.py",
        "kfspawner/hub_config/spawner_ui_config.yaml",
        "kflab/__init__.py",
        "kflab/starter/tour.md",
        "kflab/widgets/static/loader.js",
        "kflab/widgets/static/widget.js",
        "kflab/widgets/static/widget.css",
    ):
        assert wanted in names
    assert any(n.endswith("labextensions/@kfhub/labextension/package.json") for n in names)
    assert any(n.endswith("jupyter_server_config.d/kflab.json") for n in names)
    assert not [
        n for n in names if "node_modules" in n or n.startswith(("tests/", "bench/")) or n.endswith(".ts")
    ]


def test_start_from_the_wheel_alone(installed: Path, tmp_path: Path, free_port: int) -> None:
    env = {
        "PATH": f"{installed}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "KFHUB_DATA": str(tmp_path / "data"),
        "KFHUB_PORT": str(free_port),
        "KFHUB_PASSWORD": "correct-horse",
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
    hub = subprocess.Popen(
        [installed / "kfhub", "start"],
        cwd=tmp_path,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert hub.stdout is not None
        said = []
        for line in hub.stdout:
            said.append(line)
            if "kfhub is ready at" in line:
                break
        assert f"kfhub is ready at http://127.0.0.1:{free_port}/" in "".join(said)
        base = f"http://127.0.0.1:{free_port}"
        with httpx.Client(base_url=base, follow_redirects=True, timeout=60) as client:
            client.get("/hub/login")
            xsrf = client.cookies["_xsrf"]
            answer = client.post(
                "/hub/login?next=%2Fhub%2Fspawn",
                data={"username": "ada", "password": "correct-horse", "_xsrf": xsrf},
            )
            assert answer.status_code == 200, answer.text[:500]
            assert "correct-horse" not in answer.text
            script = re.search(r'src="([^"]*form\.js[^"]*)"', answer.text)
            assert script, "the form has no script"
            assert client.get(script[1]).status_code == 200
    finally:
        hub.send_signal(signal.SIGINT)
        code = hub.wait(60)
    assert code == 0
