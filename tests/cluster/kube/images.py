"""kfhub's own images, built by the project's Dockerfiles in a store of the harness, and put into the node."""

from __future__ import annotations

import fcntl
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tools import images

from . import node
from .places import Places


def builder(places: Places) -> images.Builder:
    """buildah with a store of its own: its base image is made here and must not pass for the one of the registry."""
    store = places.cache / "buildah"
    return images.buildah(
        "--root", str(store), "--runroot", str(store / "run"), "--storage-driver", "overlay"
    )


def load(places: Places, say: Callable[[str], None], names: Iterable[str] = ()) -> list[str]:
    """Build the images (all if none is named) and have containerd hold them; returns their references."""
    places.cache.mkdir(parents=True, exist_ok=True)
    with (places.cache / "images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build = builder(places)
        wanted = images.build(build, names, say, pull=False)
        held = node.ctr(places, "images", "list").splitlines()
        for image, inputs in wanted.items():
            name = images.reference(image)
            if any(line.startswith(f"{name} ") and f"kfhub.inputs={inputs}" in line for line in held):
                continue
            say(f"loading {name} into the node …")
            _load(places, build, name)
            node.ctr(places, "images", "label", name, f"kfhub.inputs={inputs}")
    return [images.reference(image) for image in wanted]


def _load(places: Places, build: images.Builder, name: str) -> None:
    with tempfile.TemporaryDirectory(dir=places.cache) as folder:
        archive = Path(folder, "image.tar")
        subprocess.run(
            build.command("push", "-q", name, f"docker-archive:{archive}:{name}"),
            check=True,
            capture_output=True,
        )
        node.ctr(places, "images", "import", str(archive))


def names() -> list[str]:
    return [images.reference(image) for image in images.IMAGES]
