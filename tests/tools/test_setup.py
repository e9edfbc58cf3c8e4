"""What `make start` and `make test` do before anything is installed."""

import os
import subprocess
from pathlib import Path

import pytest

from tools import browser, setup

ROOT = Path(__file__).resolve().parents[2]


def choose(path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools/python.sh")],
        env={"PATH": f"{path}:/usr/bin:/bin" if env.pop("system", "") else str(path), **env},
        capture_output=True,
        text=True,
    )


def fake(path: Path, name: str, fits: int, has_venv: int = 0) -> None:
    script = path / name
    script.write_text(f'#!/bin/sh\ncase "$2" in *ensurepip*) exit {has_venv};; *) exit {fits};; esac\n')
    script.chmod(0o755)


def test_a_shim_without_a_python_behind_it_is_passed_over(tmp_path: Path) -> None:
    fake(tmp_path, "python3.11", 1)
    fake(tmp_path, "python3.12", 0)
    assert choose(tmp_path).stdout.strip() == str(tmp_path / "python3.12")


def test_no_python_that_fits_is_one_sentence(tmp_path: Path) -> None:
    fake(tmp_path, "python3", 1)
    answer = choose(tmp_path)
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "no Python 3.11, 3.12 or 3.13" in answer.stderr and "PYTHON=" in answer.stderr


def test_a_python_without_venv_names_the_package(tmp_path: Path) -> None:
    fake(tmp_path, "python3.11", 0, has_venv=1)
    answer = choose(tmp_path, system="yes", PYTHON="python3.11")
    assert answer.returncode == 1
    assert "python3.11-venv" in answer.stderr


def test_a_step_is_done_once_per_input(tmp_path: Path) -> None:
    done: list[str] = []
    stamp = tmp_path / "stamp"
    for wanted in ("a", "a", "b", "b", "a"):
        setup.once(stamp, wanted, lambda wanted=wanted: done.append(wanted))  # type: ignore[misc]
    assert done == ["a", "b", "a"]


def test_a_step_that_failed_is_done_again(tmp_path: Path) -> None:
    stamp = tmp_path / "stamp"
    stamp.write_text("old")

    def fails() -> None:
        raise setup.SetupError("no")

    with pytest.raises(setup.SetupError):
        setup.once(stamp, "new", fails)
    assert not stamp.exists()


def test_a_failing_command_shows_its_output_and_says_which(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(setup.SetupError, match="frobnicating failed"):
        setup.run("frobnicating", ["sh", "-c", "echo the reason; exit 3"])
    assert "the reason" in capfd.readouterr().out


def test_without_a_browser_the_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KFHUB_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(browser, "_of_playwright", lambda: None)
    path, problem = browser.find_or_install()
    assert path is None
    assert "apt-get install chromium" in problem
