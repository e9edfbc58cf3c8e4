"""kfhub's own images, built by the project's Dockerfiles in a store of the harness, and put into the node."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tools import images

from . import node
from .places import Places


def builder(places: Places) -> images.Builder:
    """buildah with a store of its own: its base image is made here and must not pass for the one of the registry."""
    store = places.cache / "buildah"
    return images.buildah(
        "--root", str(store), "--runroot", str(store / "run"), "--storage-driver", "overlay"
    )


@contextlib.contextmanager
def _locked(places: Places) -> Iterator[None]:
    places.cache.mkdir(parents=True, exist_ok=True)
    with (places.cache / "images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(places: Places, say: Callable[[str], None]) -> None:
    """Build all of them, for which no node is needed yet."""
    with _locked(places):
        images.build(builder(places), (), say, pull=False)


def load(places: Places, say: Callable[[str], None], names: Iterable[str] = ()) -> dict[str, str]:
    """Build the images (all if none is named) and have containerd hold them; returns their names with what they are made of."""
    with _locked(places):
        build = builder(places)
        wanted = images.build(build, names, say, pull=False)
        held = node.ctr(places, "images", "list").splitlines()
        stale = False
        for image, inputs in wanted.items():
            name = images.reference(image)
            if any(line.startswith(f"{name} ") and f"kfhub.inputs={inputs}" in line for line in held):
                continue
            stale = True
            say(f"loading {name} into the node …")
            _load(places, build, name)
            node.ctr(places, "images", "label", name, f"kfhub.inputs={inputs}")
        if stale:
            prune(places, build)
    return {images.reference(image): inputs for image, inputs in wanted.items()}


def _load(places: Places, build: images.Builder, name: str) -> None:
    """Hand containerd the blobs of the image that it does not hold: most of a rebuilt image is as it was."""
    layout = places.cache / "oci"
    # Uncompressed, so that a layer's name is the hash of what it holds, and what is there is not written again.
    _run(build.command("push", "-q", "--disable-compression", name, f"oci:{layout}:{name}"))
    held = set(node.ctr(places, "content", "list", "-q").split())
    with tempfile.TemporaryDirectory(dir=places.cache) as folder:
        archive = Path(folder, "image.tar")
        with tarfile.open(archive, "w") as tar:
            pack(layout, name, held, tar)
        node.ctr(places, "images", "import", str(archive))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise images.ImageError(f"`{' '.join(command[-4:])}` failed: {done.stderr.strip()}")


def pack(layout: Path, name: str, held: set[str], tar: tarfile.TarFile) -> None:
    """Write one image of an OCI layout as an archive, without the layers whose digests are held already."""
    described = named(layout)[name]
    manifest = json.loads(_blob(layout, described["digest"]).read_text())
    digests = [described["digest"], manifest["config"]["digest"]]
    digests += dict.fromkeys(layer["digest"] for layer in manifest["layers"] if layer["digest"] not in held)
    one = {
        "schemaVersion": 2,
        "manifests": [{**described, "annotations": {"io.containerd.image.name": name}}],
    }
    for path, data in (
        ("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'),
        ("index.json", json.dumps(one).encode()),
    ):
        info = tarfile.TarInfo(path)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    for digest in digests:
        blob = _blob(layout, digest)
        tar.add(blob, f"blobs/sha256/{blob.name}")


def named(layout: Path) -> dict[str, dict[str, Any]]:
    """The images of an OCI layout by name; one that was built anew stays in there without any."""
    found: list[dict[str, Any]] = json.loads((layout / "index.json").read_text())["manifests"]
    key = "org.opencontainers.image.ref.name"
    return {m["annotations"][key]: m for m in found if key in m.get("annotations", {})}


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs/sha256" / digest.removeprefix("sha256:")


def prune(places: Places, build: images.Builder) -> None:
    """Drop what earlier builds left: images without a name, and blobs of the layout that no named image has."""
    subprocess.run(build.command("rmi", "--prune"), capture_output=True)
    layout = places.cache / "oci"
    manifests = list(named(layout).values())
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    keep = {str(m["digest"]) for m in manifests}
    for digest in list(keep):
        manifest = json.loads(_blob(layout, digest).read_text())
        keep |= {part["digest"] for part in (manifest["config"], *manifest["layers"])}
    for blob in (layout / "blobs/sha256").iterdir():
        if f"sha256:{blob.name}" not in keep:
            blob.unlink()


def elsewhere() -> dict[str, str]:
    """The same for a cluster that was given: what its images are made of is not known."""
    return {images.reference(image): "" for image in images.IMAGES}
