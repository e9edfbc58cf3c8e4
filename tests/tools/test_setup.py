"""What `make start` and `make test` do before anything is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import browser, check, hatch_build, setup

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


LOCK = """kfone==1.0 \\
    --hash=sha256:aa
ml-metadata==1.17.1 ; python_full_version < '3.12' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
ml-metadata==1.21.0 ; python_full_version >= '3.12' \\
    --hash=sha256:dd
kftwo==2.0 \\
    --hash=sha256:ee
"""


@pytest.mark.parametrize(
    ("python", "libc", "there"),
    [
        ((3, 11), ("glibc", "2.36"), True),
        ((3, 12), ("glibc", "2.36"), False),
        ((3, 13), ("glibc", "2.39"), True),
        ((3, 13), ("", ""), True),
    ],
)
def test_what_has_no_package_for_the_system_is_left_out_and_said(
    python: tuple[int, int], libc: tuple[str, str], there: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = setup.fitting(LOCK, python, libc)
    assert ("ml-metadata" in wanted) == there
    assert "kfone==1.0" in wanted and wanted.endswith("kftwo==2.0 \\\n    --hash=sha256:ee\n")
    assert ("sha256:cc" in wanted) == ("sha256:dd" in wanted) == there
    assert ("Python 3.11" in capsys.readouterr().out) == (not there)


@pytest.mark.parametrize("dont", [True, False])
def test_packages_are_compiled_where_no_import_would_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dont: bool
) -> None:
    ran: list[list[str]] = []
    (tmp_path / "dev.txt").write_text(LOCK)
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "run", lambda title, command, **_: ran.append(command))
    monkeypatch.setattr(sys, "dont_write_bytecode", dont)
    setup.install(tmp_path / "dev.txt")
    assert [command[-1] == setup.COMPILE for command in ran] == [False, True][: 1 + dont]


def test_what_is_compiled_is_kept_also_beside_what_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/good.py").write_text("x = 1\n")
    (tmp_path / "lib/template.py").write_text("{{ x }} = 1 +\n")
    code = setup.COMPILE.replace(str(setup.VENV), str(tmp_path))
    subprocess.run([sys.executable, "-c", code], check=True)
    assert [path.name.split(".")[0] for path in tmp_path.rglob("*.pyc")] == ["good"]


def test_checks_keep_what_they_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    seen: list[dict[str, str]] = []

    def passed(one: check.Check, env: dict[str, str]) -> check.Outcome:
        seen.append(env)
        return check.Outcome(one.name, "passed", 0.0)

    monkeypatch.setattr(check, "run_static", passed)
    assert check.main(["ruff"]) == 0
    assert "PYTHONDONTWRITEBYTECODE" not in seen[0] and "PATH" in seen[0]


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


def test_a_wheel_has_the_browser_parts_of_its_sources(tmp_path: Path) -> None:
    assert not hatch_build.current(tmp_path)
    source = tmp_path / "labextension/src/index.ts"
    for path in (source, *(tmp_path / name for name in hatch_build.BUILT)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (100, 100))
    assert hatch_build.current(tmp_path)
    os.utime(source, (200, 200))
    assert not hatch_build.current(tmp_path)


def test_a_second_set_up_does_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    lock = tmp_path / "requirements"
    lock.mkdir()
    for name in ("start.txt", "dev.txt"):
        (lock / name).write_text("kfone==1.0\n")
    extension = tmp_path / "labextension"
    extension.mkdir()
    for name in ("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json"):
        (extension / name).write_text("{}")
    (tmp_path / "kfspawner/form_src").mkdir(parents=True)
    (tmp_path / "jupyter-config").mkdir()
    (tmp_path / "tools").mkdir()
    for name in ("pyproject.toml", "tools/hatch_build.py"):
        (tmp_path / name).write_text("")
    built = tmp_path / "server_ext/kflab_labextension/package.json"
    venv = tmp_path / ".venv"
    venv.mkdir()

    def run(title: str, command: list[str], *_: object, **__: object) -> None:
        done.append(title.split(" (")[0])
        if "node_modules" not in title and "building" in title:
            built.parent.mkdir(parents=True, exist_ok=True)
            built.write_text("{}")

    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", venv)
    monkeypatch.setattr(setup, "LABEXTENSION", extension)
    monkeypatch.setattr(setup, "BUILT", (built,))
    monkeypatch.setattr(setup, "make_venv", lambda: None)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(setup, "run", run)
    setup.setup("start")
    assert len(done) == 4, done
    setup.setup("start")
    assert len(done) == 4, done
    # Sources that are as they were, and newer: whoever goes by times must not build anew.
    os.utime(built, (100, 100))
    setup.setup("start")
    assert len(done) == 4 and built.stat().st_mtime > 100
    (extension / "yarn.lock").write_text("{'new': 1}")
    setup.setup("start")
    assert len(done) > 4


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("KFHUB_PORT", "eighty", "no port"), ("KFHUB_PASSWORD", "short", "at least 8")],
)
def test_a_wrong_variable_is_told_before_anything_is_installed(name: str, value: str, words: str) -> None:
    answer = subprocess.run(
        [sys.executable, "tools/setup.py", "start"],
        cwd=ROOT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 1
    assert words in answer.stdout and len(answer.stdout.strip().splitlines()) == 1


def test_with_ci_a_skip_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = tmp_path / "test_one.py"
    test.write_text("import pytest\n\ndef test_a(): pytest.skip('no disk to fill')\n\ndef test_b(): pass\n")
    one = check.Check("one", ("pytest", "-q", "-p", "no:cacheprovider", str(test)))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    outcome = check.run(one, {**os.environ, "PATH": path}, tmp_path)
    assert outcome.state == "passed" and len(outcome.left_out) == 1
    assert check.verdict([outcome], strict=False) == 0
    assert check.verdict([outcome], strict=True) == 1
    assert check.verdict([check.Outcome("browser", "skipped", 0.0)], strict=True) == 1
    assert check.verdict([check.Outcome("ruff", "failed", 0.0)], strict=False) == 1
    assert check.verdict([check.Outcome("ruff", "passed", 0.0)], strict=True) == 0
    assert "test_a: no disk to fill" in capsys.readouterr().out


def test_without_a_browser_the_wheel_is_tried_alone_and_the_browser_s_tests_are_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(browser, "find_or_install", lambda: (None, "there is none"))
    monkeypatch.setattr(
        check, "run", lambda one, *_: (ran.append(one.name), check.Outcome(one.name, "passed", 0.0))[1]
    )
    monkeypatch.delenv("CI", raising=False)
    assert check.main(["browser"]) == 0
    assert ran == ["wheel"] and "there is none" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    assert check.main(["browser"]) == 1


def test_a_static_check_that_fails_shows_why(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = check.run_static(check.Check("one", ("sh", "-c", "echo the reason; exit 1")), dict(os.environ))
    assert outcome.state == "failed" and "the reason" in capsys.readouterr().out
