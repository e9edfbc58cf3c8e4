"""Run every check of the project but the cluster's, show how each ended, and say what was left out.

    python tools/check.py            all
    python tools/check.py jest mypy  some of them, by name
    python tools/check.py cluster    what needs a real Kubernetes, which is run when it is named only

With CI=true a check that had to be skipped counts as failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv/bin"
sys.path[:0] = [str(ROOT)]

from tools import browser  # noqa: E402
from tools.skips import skips  # noqa: E402


@dataclass(frozen=True)
class Check:
    name: str
    command: tuple[str, ...]
    folder: str = "."


@dataclass(frozen=True)
class Outcome:
    name: str
    state: str  # passed, failed, skipped
    seconds: float
    note: str = ""
    left_out: tuple[str, ...] = ()  # single tests


# A file's tests share a server or a hub, so they stay together.
TWO_AT_ONCE = ("pytest", "-q", "-n", "2", "--dist", "loadfile")
STATIC = (
    Check("ruff", ("ruff", "check", ".")),
    Check("format", ("ruff", "format", "--check", ".")),
    Check("mypy", ("mypy",)),
    Check("imports", ("lint-imports",)),
    Check("tracked files", ("python", "-m", "tools.tracked")),
    Check("generated types", ("python", "-m", "tools.generated")),
    Check("tsc", ("node_modules/.bin/tsc", "--noEmit"), "labextension"),
    Check("eslint", ("jlpm", "lint:eslint"), "labextension"),
    Check("prettier", ("jlpm", "lint:prettier"), "labextension"),
)
JEST = Check("jest", ("jlpm", "test"), "labextension")
UNIT = Check("pytest", (*TWO_AT_ONCE, "-m", "not browser and not wheel and not cluster"))
# Apart from the others: Playwright keeps an event loop running in its process. The wheel is built and tried beside it.
BROWSER = Check("browser", (*TWO_AT_ONCE, "-m", "browser or wheel", "tests/browser", "tests/wheel"))
WHEEL = Check("wheel", ("pytest", "-q", "-m", "wheel", "tests/wheel"))
# Takes minutes and root, so it is not among those that run when none is named.
CLUSTER = Check("cluster", ("pytest", "-q", "-m", "cluster", "tests/cluster"))


def no_cluster() -> str:
    """Why there is no Kubernetes to test on, after installing what can be installed; or ""."""
    from tests.cluster.kube import places, ready

    if os.environ.get("KFHUB_TEST_KUBECONFIG"):
        return ""
    return ready.missing(places.places(), lambda text: print(f"kfhub: {text}", flush=True), with_images=True)


def run(check: Check, env: dict[str, str], reports: Path) -> Outcome:
    print(_title(check), flush=True)
    report = reports / f"{check.name}.xml"
    told = [f"--junitxml={report}"] if check.command[0] == "pytest" else []
    began = time.monotonic()
    code = subprocess.run([*check.command, *told], cwd=ROOT / check.folder, env=env).returncode
    left_out = tuple(skips(report))
    return Outcome(check.name, "failed" if code else "passed", time.monotonic() - began, left_out=left_out)


def run_static(check: Check, env: dict[str, str]) -> Outcome:
    """The same for one of several that run at once: its output comes whole, when it is done."""
    began = time.monotonic()
    command = {"cwd": ROOT / check.folder, "env": env, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(check.command, **command, text=True)
    print(f"{_title(check)}\n{done.stdout}".rstrip(), flush=True)
    return Outcome(check.name, "failed" if done.returncode else "passed", time.monotonic() - began)


def _title(check: Check) -> str:
    return f"\n=== {check.name}: {' '.join(check.command)}"


def verdict(outcomes: list[Outcome], strict: bool) -> int:
    """Prints how each check ended and what was left out; the exit status. `strict`: a skip is a failure."""
    print("\n=== summary")
    for o in outcomes:
        print(f"{o.state:8} {o.name:16} {o.seconds:6.1f} s  {o.note}".rstrip())
    failed = [o.name for o in outcomes if o.state == "failed"]
    skipped = [o.name for o in outcomes if o.state == "skipped"]
    skipped += [test for o in outcomes for test in o.left_out]
    if failed:
        print(f"failed: {', '.join(failed)}")
    if skipped:
        print("skipped" + (" (a failure, as CI=true)" if strict else "") + ":")
        print("\n".join(f"  {what}" for what in skipped))
    return 1 if failed or (skipped and strict) else 0


def main(names: list[str]) -> int:
    named = {check.name for check in (*STATIC, JEST, UNIT, BROWSER, CLUSTER)}
    if unknown := set(names) - named:
        print(f"no check named {', '.join(sorted(unknown))}; there are: {', '.join(sorted(named))}")
        return 2
    wanted = set(names) or named - {CLUSTER.name}
    env = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'server_ext'}",
    }
    # The tests start hundreds of processes: each would compile all that it imports.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    reports = Path(tempfile.mkdtemp(prefix="kfhub-reports-"))
    with ThreadPoolExecutor(2) as threads:
        some = [check for check in STATIC if check.name in wanted]
        outcomes = list(threads.map(lambda check: run_static(check, env), some))
    outcomes += [run(check, env, reports) for check in (JEST, UNIT) if check.name in wanted]
    if BROWSER.name in wanted:
        path, problem = browser.find_or_install()
        if path is None:
            outcomes.append(Outcome(BROWSER.name, "skipped", 0.0, problem))
        outcomes.append(run(BROWSER if path else WHEEL, env | _chromium(path), reports))
    if CLUSTER.name in wanted:
        path, problem = None, no_cluster()
        if not problem:
            path, problem = browser.find_or_install()
        if path is None:
            outcomes.append(Outcome(CLUSTER.name, "skipped", 0.0, problem))
        else:
            outcomes.append(run(CLUSTER, env | _chromium(path), reports))
    return verdict(outcomes, os.environ.get("CI") == "true")


def _chromium(path: str | None) -> dict[str, str]:
    return {"KFHUB_CHROMIUM": path} if path else {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
