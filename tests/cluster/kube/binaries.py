"""The parts of Kubernetes, Helm and CoreDNS, built from the Go modules in go/ and cached by what went into them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .places import Places

SOURCES = Path(__file__).resolve().parent / "go"
KUBERNETES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubelet",
    "kubemark",
    "kubectl",
)


class BuildError(Exception):
    """A part could not be built; the message says which and why."""


@dataclass(frozen=True)
class Part:
    """One Go module that makes one binary, called by each of its names."""

    module: str
    package: str
    names: tuple[str, ...]
    # The module whose version the binary reports, and the variables that hold it.
    versioned: str = ""
    flags: str = "-s -w"


PARTS = (
    Part(
        "kubernetes",
        ".",
        KUBERNETES,
        "k8s.io/kubernetes",
        # Without these it calls itself v0.0.0-master, which Helm refuses.
        "-s -w -X k8s.io/component-base/version.gitVersion=v{version}"
        " -X k8s.io/component-base/version.gitMajor={major} -X k8s.io/component-base/version.gitMinor={minor}",
    ),
    Part(
        "helm",
        "helm.sh/helm/v3/cmd/helm",
        ("helm",),
        "helm.sh/helm/v3",
        "-s -w -X helm.sh/helm/v3/internal/version.version=v{version}",
    ),
    Part("coredns", ".", ("coredns",)),
)


def version_of(module: str, go_mod: str) -> str:
    found = re.search(rf"^\s*(?:require )?{re.escape(module)} v(\S+)", go_mod, re.M)
    if not found:
        raise BuildError(f"{module} is not in go.mod")
    return found[1]


def link_flags(part: Part, go_mod: str) -> str:
    if not part.versioned:
        return part.flags
    version = version_of(part.versioned, go_mod)
    major, minor = version.split(".")[:2]
    return part.flags.format(version=version, major=major, minor=minor)


def key(part: Part, folder: Path) -> str:
    """A short hash of the module's files and of how it is built."""
    total = hashlib.sha256(repr(part).encode())
    for file in sorted(folder.iterdir()):
        total.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:12]


def missing(places: Places, sources: Path = SOURCES) -> list[Part]:
    return [
        part
        for part in PARTS
        if not (places.bin / f"{part.module}-{key(part, sources / part.module)}").is_file()
    ]


def unbuildable(places: Places) -> str:
    """What building what is not there would need and is missing, or ""."""
    if not missing(places) or shutil.which("go"):
        return ""
    return "missing: Go (1.26 or newer, or one that fetches it) to build Kubernetes from its modules"


def build(places: Places, say: Callable[[str], None]) -> None:
    """Build what is not there yet, and let each name in `places.bin` point to its binary."""
    absent = missing(places)
    places.bin.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        folder = SOURCES / part.module
        binary = places.bin / f"{part.module}-{key(part, folder)}"
        if part in absent:
            say(
                f"building {part.module} from Go modules ({'some minutes' if len(part.names) > 1 else 'a minute or two'}) …"
            )
            _compile(part, folder, binary)
        for name in part.names:
            _link(places.bin / name, binary.name)
        for old in places.bin.glob(f"{part.module}-*"):
            if old != binary and not old.name.endswith(".new"):
                old.unlink()


def _compile(part: Part, folder: Path, binary: Path) -> None:
    new = binary.with_name(binary.name + ".new")
    flags = link_flags(part, (folder / "go.mod").read_text())
    command = ["go", "build", "-p", "2", "-trimpath", "-ldflags", flags, "-o", str(new), part.package]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "CGO_ENABLED": "0"}, capture_output=True, text=True
    )
    if done.returncode:
        raise BuildError(f"building {part.module} failed:\n{done.stderr[-3000:]}")
    new.rename(binary)


def _link(link: Path, target: str) -> None:
    if link.is_symlink() and link.readlink() == Path(target):
        return
    fresh = link.with_name(link.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.rename(link)
