"""What comes from Debian: install it where that can be done, else name what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

# A package and the program it is known by.
CLUSTER = {
    "containerd": "/usr/bin/containerd",
    "runc": "/usr/sbin/runc",
    "etcd-server": "/usr/bin/etcd",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "conntrack": "/usr/sbin/conntrack",
    "iptables": "/usr/sbin/iptables",
    "iproute2": "/usr/bin/ip",
    "mount": "/usr/bin/mount",
    "socat": "/usr/bin/socat",
    "ca-certificates": "/usr/sbin/update-ca-certificates",
}
IMAGES = {"buildah": "/usr/bin/buildah", "mmdebstrap": "/usr/bin/mmdebstrap"}
SEARCH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def absent(wanted: dict[str, str]) -> list[str]:
    """The packages whose program is neither at its place in Debian nor on the PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *SEARCH])
    return [
        package
        for package, program in wanted.items()
        if not Path(program).exists() and shutil.which(Path(program).name, path=path) is None
    ]


def like_debian(release: str) -> bool:
    fields = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    return fields.get("ID", "").strip('"') in ("debian", "ubuntu")


def ensure(wanted: dict[str, str], say: Callable[[str], None]) -> str:
    """Install what is absent; return "" or a sentence that says what is missing and how to get it."""
    packages = absent(wanted)
    if not packages:
        return ""
    release = Path("/etc/os-release")
    command = f"apt-get install {' '.join(packages)}"
    if not (release.is_file() and like_debian(release.read_text()) and shutil.which("apt-get")):
        return f"missing: {', '.join(packages)} (names of Debian's packages)"
    if os.geteuid() != 0:
        return f"missing: {', '.join(packages)}; as root: {command}"
    say(f"installing with apt-get: {' '.join(packages)} …")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(step, env=env, capture_output=True, text=True)
        if done.returncode:
            return f"`{' '.join(step)}` failed: {done.stderr[-800:].strip()}"
    left = absent(wanted)
    return f"apt-get installed no program for: {', '.join(left)}" if left else ""


def unpacked(package: str, file: str, into: Path) -> Path:
    """One file of a Debian package, taken out without installing the package (it may replace another)."""
    target = into / Path(file).name
    if target.is_file():
        return target
    into.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["apt-get", "download", "-qq", package], cwd=into, check=True, capture_output=True, text=True
    )
    archive = next(into.glob(f"{package}_*.deb"))
    content = subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], check=True, capture_output=True).stdout
    data = subprocess.run(["tar", "-xO", f".{file}"], input=content, check=True, capture_output=True).stdout
    archive.unlink()
    target.write_bytes(data)
    target.chmod(0o755)
    return target
