"""Build the images of images/ with what there is to build with, and print their sizes.

    python tools/images.py            all
    python tools/images.py hub        some of them, by name

docker, podman or buildah, in this order. Where the base image can't be fetched but mmdebstrap is there (and root),
the base is made from Debian's packages, which give the same. An image whose inputs did not change is not built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tools.setup import digest  # noqa: E402

BASE = "docker.io/library/debian:trixie-slim"
DIST = ROOT / "dist"
# What the wheel is made of.
WHEEL_INPUTS = (
    "pyproject.toml",
    "README.md",
    "kfspawner",
    "server_ext/kflab",
    "server_ext/kflab_labextension",
    "hub_config",
    "jupyter-config",
    "labextension/package.json",
    "labextension/install.json",
    "tools/hatch_build.py",
)
LABEL = "io.kfhub.inputs"
# What Debian leaves out of its slim images, too.
SLIM = (
    *(
        f"path-exclude=/usr/share/{folder}/*"
        for folder in ("doc", "groff", "info", "lintian", "locale", "man")
    ),
    "path-include=/usr/share/doc/*/copyright",
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Image:
    name: str  # without the tag
    dockerfile: str
    target: str
    locks: tuple[str, ...]


IMAGES = (
    Image("kfhub/hub", "images/hub/Dockerfile", "", ("hub-image.txt",)),
    *(
        Image(
            f"kfhub/notebook-{target}",
            "images/notebook/Dockerfile",
            target,
            tuple(f"notebook-{t}-image.txt" for t in ("minimal", "sklearn", "keras")[: number + 1]),
        )
        for number, target in enumerate(("minimal", "sklearn", "keras"))
    ),
)


class ImageError(Exception):
    """An image could not be built; the message says which and why."""


def say(text: str) -> None:
    print(f"kfhub: {text}", flush=True)


def version() -> str:
    return str(json.loads((ROOT / "labextension/package.json").read_text())["version"])


def reference(image: Image) -> str:
    """Written out, since podman and buildah would call it localhost/… else."""
    return f"docker.io/{image.name}:{version()}"


# The wheel -----------------------------------------------------------------------------------------------------------


def wheel(tell: Say = say) -> Path:
    """The wheel in dist/, built anew when what goes into it has changed."""
    inputs = _digest(WHEEL_INPUTS)
    stamp = DIST / ".inputs"
    found = sorted(DIST.glob("kfhub-*.whl"))
    if len(found) == 1 and stamp.is_file() and stamp.read_text() == inputs:
        return found[0]
    tell("building kfhub's wheel …")
    for old in found:
        old.unlink()
    python = ROOT / ".venv/bin/python"
    _run(
        [
            str(python),
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(DIST),
            str(ROOT),
        ]
    )
    stamp.write_text(inputs)
    return next(DIST.glob("kfhub-*.whl"))


def _digest(names: Iterable[str]) -> str:
    """Over files and folders of the project, without what Python or the build leave there."""
    files: list[Path] = []
    for name in names:
        path = ROOT / name
        if path.is_file():
            files.append(path)
        elif path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return digest(files)


def inputs(image: Image, wheel: Path) -> str:
    """What an image is made of: two with the same are the same."""
    total = hashlib.sha256(digest([ROOT / image.dockerfile]).encode())
    for lock in image.locks:
        total.update((ROOT / "requirements" / lock).read_bytes())
    total.update(wheel.read_bytes())
    return total.hexdigest()


# Builders ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Builder:
    """A program that builds images and keeps them, and the options that go before its command."""

    program: str
    options: tuple[str, ...] = ()
    build_options: tuple[str, ...] = ()

    @property
    def build_command(self) -> str:
        return "bud" if self.program == "buildah" else "build"

    def command(self, *arguments: str) -> list[str]:
        return [self.program, *self.options, *arguments]

    def label(self, name: str) -> str | None:
        """What an image in the store says it was made of ("" if it says nothing), or None where there is none."""
        kind, config = (
            (["inspect", "--type", "image"], "OCIv1.Config")
            if self.program == "buildah"
            else (["image", "inspect"], "Config")
        )
        form = f'{{{{index .{config}.Labels "{LABEL}"}}}}'
        done = subprocess.run(self.command(*kind, "--format", form, name), capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else None

    def size(self, name: str) -> str:
        listing = self.command("images", "--format", "{{.Size}}", name)
        return subprocess.run(listing, check=True, capture_output=True, text=True).stdout.strip()


def _run(command: list[str]) -> None:
    """Run it; what it printed is shown only if it fails."""
    env = {**os.environ, "PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise ImageError(f"`{' '.join(command[:6])} …` failed:\n{done.stdout[-4000:]}")


def buildah(*options: str) -> Builder:
    """Without privileges beyond root's, as a container or a plain machine has them."""
    return Builder("buildah", options, ("--isolation", "chroot", "--layers", "--format", "docker"))


def find_builder() -> Builder:
    for program in ("docker", "podman"):
        if shutil.which(program) and subprocess.run([program, "info"], capture_output=True).returncode == 0:
            return Builder(program)
    if shutil.which("buildah"):
        return buildah()
    raise ImageError("docker, podman or buildah is needed to build images, and none is here")


def host_authority(folder: Path) -> list[str]:
    """Options that let pip use the host's certificate authority during the build, where the host names one for it.

    The files are mounted, never copied, and not where Debian's own would be made.
    """
    config = Path("/etc/pip.conf")
    found = re.search(r"^\s*cert\s*=\s*(\S+)", config.read_text(), re.M) if config.is_file() else None
    if not found:
        return []
    inside = "/run/authority.crt"
    ours = folder / "pip.conf"
    ours.write_text(config.read_text().replace(found[1], inside))
    return ["-v", f"{found[1]}:{inside}:ro", "-v", f"{ours}:/etc/pip.conf:ro"]


def ensure_base(builder: Builder, tell: Say = say, pull: bool = True) -> None:
    """Have the base image in the builder's store: it is there, or is pulled, or is made of Debian's packages."""
    if builder.label(BASE) is not None:
        return
    if pull and subprocess.run(builder.command("pull", BASE), capture_output=True).returncode == 0:
        return
    if not (shutil.which("mmdebstrap") and os.geteuid() == 0):
        raise ImageError(f"{BASE} can't be fetched; as root and with mmdebstrap it could be made here")
    tell("making the base image from Debian's packages …")
    with tempfile.TemporaryDirectory() as folder:
        tar = f"{folder}/base.tar"
        options = [f"--dpkgopt={option}" for option in SLIM]
        _run(["mmdebstrap", "--quiet", "--variant=minbase", *options, "trixie", tar])
        if builder.program != "buildah":
            _run(builder.command("import", tar, BASE))
            return
        made = subprocess.run(builder.command("from", "scratch"), check=True, capture_output=True, text=True)
        container = made.stdout.strip()
        _run(builder.command("add", "-q", container, tar, "/"))
        _run(builder.command("config", "--cmd", "bash", container))
        _run(builder.command("commit", "-q", "--rm", "--format", "docker", container, BASE))


def build(
    builder: Builder, names: Iterable[str] = (), tell: Say = say, pull: bool = True
) -> dict[Image, str]:
    """Build the images that are named (or all) unless they are there with the same inputs; returns their inputs."""
    images = chosen(names)
    made = wheel(tell)
    wanted = {image: inputs(image, made) for image in images}
    missing = [image for image in images if builder.label(reference(image)) != wanted[image]]
    if missing:
        ensure_base(builder, tell, pull)
    for image in missing:
        tell(f"building {reference(image)} …")
        with tempfile.TemporaryDirectory() as folder:
            mounts = host_authority(Path(folder)) if builder.program != "docker" else []
            target = ["--target", image.target] if image.target else []
            label = ["--label", f"{LABEL}={wanted[image]}"]
            command = ["-f", image.dockerfile, "-t", reference(image), *target, *label, *mounts, "."]
            _run(builder.command(builder.build_command, *builder.build_options, *command))
    return wanted


def chosen(names: Iterable[str]) -> list[Image]:
    """The images of these names: the whole one, or what comes after kfhub/ or kfhub/notebook-."""
    asked = list(names)
    known = {
        short: image for image in IMAGES for short in (image.name, image.name.split("/")[1], image.target)
    }
    if unknown := [n for n in asked if n not in known or not n]:
        raise ImageError(
            f"no image named {', '.join(unknown)}; there are: {', '.join(i.name for i in IMAGES)}"
        )
    return [i for i in IMAGES if not asked or i in [known[n] for n in asked]]


def main(arguments: list[str]) -> int:
    try:
        builder = find_builder()
        for image in build(builder, arguments):
            print(f"{builder.size(reference(image)):>10}  {reference(image)}")
    except ImageError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
