"""Make the environment that `make start` and `make test` run in: .venv from the lock, and the browser parts.

Needs only the standard library, since it runs before anything is installed. Each step leaves a stamp with the
hash of what went into it, so that a second call does no work that is already done.

    python tools/setup.py start|dev
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import runpy
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LABEXTENSION = ROOT / "labextension"
BUILT = (
    ROOT / "server_ext/kflab_labextension/package.json",
    ROOT / "kfspawner/proxy/bin/proxy.mjs",
    ROOT / "kfspawner/static/form.js",
    ROOT / "kfspawner/static/progress.js",
    *(ROOT / "server_ext/kflab/widgets/static" / name for name in ("loader.js", "widget.js", "widget.css")),
)
# Python compiles a module when it is first imported; of most it never is, and pip takes a minute to compile them all.
PIP_INSTALL = (
    *(str(VENV / "bin/python"), "-m", "pip", "install"),
    *("--disable-pip-version-check", "--no-input", "--no-compile"),
)
# A file that does not compile is one that is never imported, such as a template.
COMPILE = f"""
import compileall, re
compileall.compile_dir({str(VENV / "lib")!r}, quiet=2, workers=0, rx=re.compile("/tests?/"))
"""


class SetupError(Exception):
    """A step failed; the message says which and what to do."""


def say(text: str) -> None:
    print(f"kfhub: {text}", flush=True)


def digest(paths: Iterable[Path], *more: str) -> str:
    """SHA-256 over names and contents of the files, folders walked in order."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            total.update(str(file.relative_to(ROOT)).encode() + b"\0")
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def once(stamp: Path, wanted: str, step: Callable[[], None]) -> None:
    """Run the step unless its stamp says that it was done with the same input."""
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    step()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)


def run(title: str, command: list[str], cwd: Path = ROOT, count: tuple[str, int] | None = None) -> None:
    """Run a command, showing how far it is; its whole output is shown only if it fails.

    `count` is a pattern that marks one unit of work in the output, and how many there are.
    """
    say(f"{title} …")
    env = {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
    began = shown = time.monotonic()
    lines: list[str] = []
    done = 0
    with subprocess.Popen(
        command, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if count and re.match(count[0], line):
                done += 1
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                far = f"{min(done, count[1])} of {count[1]}, " if count else ""
                say(f"  {far}{shown - began:.0f} s")
    if process.returncode:
        sys.stdout.writelines(lines[-60:])
        raise SetupError(f"{title} failed (exit code {process.returncode}); the reason stands above.")


def make_venv() -> None:
    version = "{}.{}".format(*sys.version_info)
    config = VENV / "pyvenv.cfg"
    if config.is_file() and (VENV / "bin/python").exists():
        match = re.search(r"^version\s*=\s*(\d+\.\d+)", config.read_text(), re.M)
        if match and match[1] == version:
            return
    say(f"making .venv with Python {version} …")
    venv.create(VENV, with_pip=True, clear=VENV.exists())


def fitting(lock: str, python: tuple[int, ...], libc: tuple[str, str]) -> str:
    """The lock, less ML Metadata where none of its packages runs: markers cannot tell which glibc there is."""
    name, version = libc
    if python < (3, 12) or name != "glibc" or tuple(map(int, version.split(".")[:2])) >= (2, 39):
        return lock
    say(
        f"ML Metadata has no package for Python {python[0]}.{python[1]} with glibc {version} (2.39 is needed), so the"
        " metadata will not be there. With Python 3.11 it will: PYTHON=python3.11 make start."
    )
    return re.sub(r"^ml-metadata==(?:.*\\\n)*.*\n?", "", lock, flags=re.M)


def install(lock: Path) -> None:
    wanted = fitting(lock.read_text(), sys.version_info[:2], platform.libc_ver())
    chosen = VENV / lock.name
    chosen.write_text(wanted)
    run(
        f"installing the packages of {lock.relative_to(ROOT)} (a few minutes the first time)",
        # The lock is whole: there is nothing to find out, and an older pip would ask for the newest of some of it.
        [*PIP_INSTALL, "--require-hashes", "--no-deps", "-r", str(chosen)],
        count=(
            r"Collecting |Requirement already satisfied",
            len(re.findall(r"^[\w.\[\]-]+==", wanted, re.M)),
        ),
    )
    if (
        sys.dont_write_bytecode
    ):  # then no import keeps what it compiles, and each process would compile it all again
        run("compiling them, as PYTHONDONTWRITEBYTECODE is set", [str(VENV / "bin/python"), "-c", COMPILE])


def build_browser_parts() -> None:
    """The Lab extension, the proxy bundle and the form's script, by the Node that came from PyPI."""
    modules = digest([LABEXTENSION / name for name in ("package.json", "yarn.lock", ".yarnrc.yml")])
    once(
        LABEXTENSION / "node_modules/.kfhub-stamp",
        modules,
        lambda: run(
            "installing the npm packages of yarn.lock", ["jlpm", "install", "--immutable"], LABEXTENSION
        ),
    )
    sources = digest(
        [
            LABEXTENSION / name
            for name in ("src", "style", "schema", "scripts", "tsconfig.json")
            if (LABEXTENSION / name).exists()
        ]
        + [ROOT / "kfspawner/form_src"],
        modules,
    )
    stamp = ROOT / "server_ext/kflab_labextension/.kfhub-stamp"
    if not all(path.is_file() for path in BUILT):
        stamp.unlink(missing_ok=True)
    once(
        stamp,
        sources,
        lambda: run("building the Lab extension and the proxy", ["jlpm", "build"], LABEXTENSION),
    )
    for path in BUILT:
        path.touch()  # whoever builds the wheel goes by times, and would build anew what is current


def install_kfhub() -> None:
    wanted = digest(
        [ROOT / "pyproject.toml", ROOT / "tools/hatch_build.py", ROOT / "jupyter-config"],
        (ROOT / "server_ext/kflab_labextension/.kfhub-stamp").read_text(),
    )
    once(
        VENV / ".kfhub-stamp",
        wanted,
        lambda: run(
            "installing kfhub into .venv",
            [*PIP_INSTALL, "--no-deps", "--no-build-isolation", "--force-reinstall", "-e", str(ROOT)],
        ),
    )


def setup(kind: str) -> None:
    """Bring .venv to the state of the lock `requirements/KIND.txt`, and build what is not built yet."""
    make_venv()
    lock = ROOT / f"requirements/{kind}.txt"
    stamp = VENV / f".lock-{kind}"
    # What `make test` installed is a superset of what `make start` needs.
    wider = VENV / ".lock-dev"
    start = digest([ROOT / "requirements/start.txt", ROOT / "requirements/dev.txt"])
    if not (wider.is_file() and wider.read_text() == start):
        once(stamp, start, lambda: install(lock))
    build_browser_parts()
    install_kfhub()


def check_variables() -> None:
    """A port or password that can't be used is told before minutes are spent on the set-up."""
    fault = runpy.run_path(str(ROOT / "kfspawner/variables.py"))["fault"](os.environ)
    if fault:
        raise SetupError(fault)


def main(arguments: list[str]) -> int:
    if arguments not in (["start"], ["dev"]):
        print(__doc__)
        return 2
    try:
        if arguments == ["start"]:
            check_variables()
        setup(arguments[0])
    except SetupError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
