"""A tiny image made without any tool: Debian's static busybox, for pods that need no more, and as their sandbox."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

from . import debian
from .places import Places

NAME = "docker.io/kfhub-test/busybox:1"


def _add(tar: tarfile.TarFile, name: str, data: bytes = b"", mode: int = 0o644, link: str = "") -> None:
    info = tarfile.TarInfo(name)
    info.mode, info.size = mode, len(data)
    if link:
        info.type, info.linkname = tarfile.SYMTYPE, link
    elif name.endswith("/"):
        info.type = tarfile.DIRTYPE
    tar.addfile(info, io.BytesIO(data))


def layer(binary: bytes, applets: list[str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder, mode in (("bin/", 0o755), ("etc/", 0o755), ("tmp/", 0o1777)):
            _add(tar, folder, mode=mode)
        _add(tar, "etc/passwd", b"root:x:0:0:root:/:/bin/sh\nuser:x:1000:100:user:/tmp:/bin/sh\n")
        _add(tar, "bin/busybox", binary, 0o755)
        for applet in applets:
            if applet != "busybox":
                _add(tar, f"bin/{applet}", link="busybox")
    return out.getvalue()


def archive(layer: bytes, architecture: str) -> bytes:
    """What `docker load` and `ctr images import` read."""
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["sleep", "inf"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in (("config.json", config), ("layer.tar", layer), ("manifest.json", manifest)):
            _add(tar, name, data)
    return out.getvalue()


def make(places: Places) -> Path:
    """The archive's path; made once."""
    target = places.cache / "busybox.tar"
    if not target.is_file():
        binary = debian.unpacked("busybox-static", "/bin/busybox", places.cache / "debian")
        applets = subprocess.run(
            [binary, "--list"], check=True, capture_output=True, text=True
        ).stdout.split()
        machine = subprocess.run(
            ["dpkg", "--print-architecture"], check=True, capture_output=True, text=True
        ).stdout.strip()
        new = target.with_suffix(".new")
        new.write_bytes(archive(layer(binary.read_bytes(), applets), machine))
        new.rename(target)
    return target
