"""Run every check of the project but the cluster's, show how each ended, and say what was left out.

    python tools/check.py            all
    python tools/check.py jest types some of them, by name
    python tools/check.py cluster    what needs a real Kubernetes, which is run when it is named only

With CI=true a check that had to be skipped counts as failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
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
CHECKS = (
    Check("ruff", ("ruff", "check", ".")),
    Check("format", ("ruff", "format", "--check", ".")),
    Check("mypy", ("mypy",)),
    Check("imports", ("lint-imports",)),
    Check("tracked files", ("python", "-m", "tools.tracked")),
    Check("generated types", ("python", "-m", "tools.generated")),
    Check("tsc", ("node_modules/.bin/tsc", "--noEmit"), "labextension"),
    Check("eslint", ("jlpm", "lint:eslint"), "labextension"),
    Check("prettier", ("jlpm", "lint:prettier"), "labextension"),
    Check("jest", ("jlpm", "test"), "labextension"),
    Check("pytest", (*TWO_AT_ONCE, "-m", "not browser and not wheel and not cluster")),
    Check("wheel", ("pytest", "-q", "-m", "wheel", "tests/wheel")),
    Check("browser", (*TWO_AT_ONCE, "-m", "browser", "tests/browser")),
)
# Takes minutes and root, so it is not among those that run when none is named.
CLUSTER = Check("cluster", ("pytest", "-q", "-m", "cluster", "tests/cluster"))


def no_cluster() -> str:
    """Why there is no Kubernetes to test on, after installing what can be installed; or ""."""
    from tests.cluster.kube import places, ready

    if os.environ.get("KFHUB_TEST_KUBECONFIG"):
        return ""
    return ready.missing(places.places(), lambda text: print(f"kfhub: {text}", flush=True), with_images=True)


def run(check: Check, env: dict[str, str], reports: Path) -> Outcome:
    print(f"\n=== {check.name}: {' '.join(check.command)}", flush=True)
    report = reports / f"{check.name}.xml"
    told = [f"--junitxml={report}"] if check.command[0] == "pytest" else []
    began = time.monotonic()
    code = subprocess.run([*check.command, *told], cwd=ROOT / check.folder, env=env).returncode
    left_out = tuple(skips(report))
    return Outcome(check.name, "failed" if code else "passed", time.monotonic() - began, left_out=left_out)


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
    known = [*CHECKS, CLUSTER]
    unknown = set(names) - {c.name for c in known}
    if unknown:
        print(f"no check named {', '.join(sorted(unknown))}; there are: {', '.join(c.name for c in known)}")
        return 2
    env = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'server_ext'}",
    }
    reports = Path(tempfile.mkdtemp(prefix="kfhub-reports-"))
    outcomes: list[Outcome] = []
    for check in known if names else CHECKS:
        if names and check.name not in names:
            continue
        if check is CLUSTER and (problem := no_cluster()):
            outcomes.append(Outcome(check.name, "skipped", 0.0, problem))
            continue
        if check.name in ("browser", "cluster"):
            path, problem = browser.find_or_install()
            if path is None:
                outcomes.append(Outcome(check.name, "skipped", 0.0, problem))
                continue
            env["KFHUB_CHROMIUM"] = path
        outcomes.append(run(check, env, reports))
    return verdict(outcomes, os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
