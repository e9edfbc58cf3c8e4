"""The parts of Kubernetes, Helm and CoreDNS, built from the Go module in go/ and cached by what went into them.

One module for all: what they share, most of all Kubernetes' client, is then compiled once.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from .places import Places

SOURCES = Path(__file__).resolve().parent / "go"
# What is built, and the names each binary is called by.
PACKAGES = {
    "./kubernetes": (
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "kubelet",
        "kubemark",
        "kubectl",
    ),
    "./coredns": ("coredns",),
    "helm.sh/helm/v3/cmd/helm": ("helm",),
}


class BuildError(Exception):
    """The parts could not be built; the message says why."""


def version_of(module: str, go_mod: str) -> tuple[str, ...]:
    found = re.search(rf"^\s*{re.escape(module)} v(\d+)\.(\d+)\.(\S+)", go_mod, re.M)
    if not found:
        raise BuildError(f"{module} is not in go.mod")
    return tuple(found.groups())


def link_flags(go_mod: str) -> str:
    """Without its version Kubernetes calls itself v0.0.0-master, which Helm refuses."""
    kubernetes, helm = version_of("k8s.io/kubernetes", go_mod), version_of("helm.sh/helm/v3", go_mod)
    where = "k8s.io/component-base/version"
    variables = {
        f"{where}.gitVersion": f"v{'.'.join(kubernetes)}",
        f"{where}.gitMajor": kubernetes[0],
        f"{where}.gitMinor": kubernetes[1],
        "helm.sh/helm/v3/internal/version.version": f"v{'.'.join(helm)}",
    }
    return " ".join(["-s -w", *(f"-X {name}={value}" for name, value in variables.items())])


def key(sources: Path = SOURCES) -> str:
    """A short hash of the module's files and of how it is built."""
    total = hashlib.sha256(repr((PACKAGES, link_flags((sources / "go.mod").read_text()))).encode())
    for file in sorted(p for p in sources.rglob("*") if p.is_file()):
        total.update(str(file.relative_to(sources)).encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:12]


def built(places: Places) -> Path:
    """The folder of the binaries, whole or not there at all."""
    return places.bin / key()


def unbuildable(places: Places) -> str:
    """What building what is not there would need and is missing, or ""."""
    if built(places).is_dir() or shutil.which("go"):
        return ""
    return "missing: Go (1.24 or newer) to build Kubernetes from its modules"


def build(places: Places, say: Callable[[str], None]) -> None:
    """Build what is not there yet, and let each name in `places.bin` point to its binary."""
    folder = built(places)
    if not folder.is_dir():
        say("building Kubernetes, CoreDNS and Helm from Go modules (some minutes, once) …")
        _compile(folder)
    for package, names in PACKAGES.items():
        for name in names:
            _link(places.bin / name, f"{folder.name}/{package.rsplit('/', 1)[1]}")
    for old in places.bin.iterdir():
        if old.is_dir() and not old.is_symlink() and old != folder:
            shutil.rmtree(old)


def _compile(folder: Path) -> None:
    new = folder.with_name(f"{folder.name}.{os.getpid()}")
    new.mkdir(parents=True)
    flags = link_flags((SOURCES / "go.mod").read_text())
    command = ["go", "build", "-p", "2", "-trimpath", "-ldflags", flags, "-o", f"{new}/", *PACKAGES]
    env = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run(command, cwd=SOURCES, env=env, capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(new)
        raise BuildError(f"building from Go modules failed:\n{done.stderr[-3000:]}")
    new.rename(folder)


def _link(link: Path, target: str) -> None:
    if link.is_symlink() and link.readlink() == Path(target):
        return
    fresh = link.with_name(link.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.rename(link)
