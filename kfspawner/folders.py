"""Volumes on one machine: a folder each, below one root, linked into the workspace where they are mounted."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .errors import FieldError, quote
from .names import is_label, slug
from .notebook import NotebookSpec, Volume

__all__ = ["Folders"]


@dataclass(frozen=True, slots=True)
class Folders:
    """`<root>/volumes/<namespace>/<volume>`; beside a workspace, `<volume>.json` says whose it is."""

    root: Path

    def volumes(self, namespaces: Iterable[str]) -> tuple[str, ...]:
        """The names of the volumes there are in `namespaces`."""
        places = [self._namespace(namespace) for namespace in namespaces]
        names = {
            entry.name for place in places if place.is_dir() for entry in place.iterdir() if entry.is_dir()
        }
        return tuple(sorted(names))

    def workspace(self, spec: NotebookSpec, owner: str) -> Path:
        """The folder that the notebook has as its home; for a workspace of kind none one that is emptied."""
        if spec.workspace.kind == "none":
            return self.root / "scratch" / _safe(spec.namespace) / slug(owner) / slug(spec.notebook)
        return self._folder(spec.namespace, spec.workspace)

    def faults(self, spec: NotebookSpec, owner: str) -> list[FieldError]:
        """What is wrong with the volumes of a request, looked at but not touched."""
        found = [*self._workspace_faults(spec, owner)]
        links: dict[str, str] = {}
        home = self.workspace(spec, owner)
        for index, volume in enumerate(spec.data_volumes):
            field = f"dataVolumes.{index}"
            if volume.kind == "existing" and not self._folder(spec.namespace, volume).is_dir():
                found.append(FieldError(field=f"{field}.name", message=self._missing(spec, volume)))
            link = PurePosixPath(volume.mount).name
            if link in links:
                message = (
                    f"On this hub a volume is a folder in the workspace named like the end of its mount, and {links[link]}"
                    f" has {quote(link)} already. Choose another mount."
                )
                found.append(FieldError(field=f"{field}.mount", message=message))
            elif os.path.lexists(home / link) and not self._is_ours(home / link):
                message = (
                    f"The workspace has a file or folder named {quote(link)} already. Choose another mount."
                )
                found.append(FieldError(field=f"{field}.mount", message=message))
            links.setdefault(link, f"data volume {index + 1}")
        return found

    def data(self, spec: NotebookSpec) -> list[Path]:
        """The folders of the data volumes, which are linked into the workspace."""
        return [self._folder(spec.namespace, volume) for volume in spec.data_volumes]

    def prepare(self, spec: NotebookSpec, owner: str) -> Path:
        """Makes the folders and links of a request without faults; returns the workspace. Raises OSError."""
        home = self.workspace(spec, owner)
        if spec.workspace.kind == "none":
            shutil.rmtree(home, ignore_errors=True)
        elif spec.workspace.kind == "new":
            home.parent.mkdir(parents=True, exist_ok=True)
            tag = home.with_name(home.name + ".json")
            if not tag.exists():
                tag.write_text(json.dumps({"owner": owner, "notebook": spec.notebook}))
        home.mkdir(parents=True, exist_ok=True)
        for entry in home.iterdir():
            if self._is_ours(entry):
                entry.unlink()
        for volume, folder in zip(spec.data_volumes, self.data(spec), strict=True):
            folder.mkdir(parents=True, exist_ok=True)
            (home / PurePosixPath(volume.mount).name).symlink_to(folder)
        return home

    def _workspace_faults(self, spec: NotebookSpec, owner: str) -> Iterable[FieldError]:
        volume = spec.workspace
        if volume.kind == "none":
            return
        folder = self._folder(spec.namespace, volume)
        if not folder.is_dir():
            if volume.kind == "existing":
                yield FieldError(field="workspace.name", message=self._missing(spec, volume))
            return
        tag = self._tag(folder)
        whose, notebook = tag.get("owner", owner), tag.get("notebook", spec.notebook)
        if whose != owner or (volume.kind == "new" and notebook != spec.notebook):
            of = f"{whose}'s notebook {notebook}" if whose != owner else f"your notebook {notebook}"
            yield FieldError(
                field="workspace.name",
                message=f"Volume {quote(volume.name)} is the workspace of {of}. Choose another name.",
            )

    def _missing(self, spec: NotebookSpec, volume: Volume) -> str:
        there = ", ".join(self.volumes([spec.namespace])) or "none yet"
        return f"There is no volume {quote(volume.name)} in {spec.namespace}. There are: {there}."

    def _tag(self, folder: Path) -> dict[str, str]:
        try:
            tag = json.loads(folder.with_name(folder.name + ".json").read_text())
        except (OSError, ValueError):
            return {}
        return {str(key): str(value) for key, value in tag.items()} if isinstance(tag, dict) else {}

    def _is_ours(self, path: Path) -> bool:
        return path.is_symlink() and path.readlink().is_relative_to(self.root / "volumes")

    def _namespace(self, namespace: str) -> Path:
        return self.root / "volumes" / _safe(namespace)

    def _folder(self, namespace: str, volume: Volume) -> Path:
        return self._namespace(namespace) / _safe(volume.name)


def _safe(name: str) -> str:
    """`name`, which a policy has let through. Raises ValueError for one that could leave its folder."""
    if not is_label(name):
        raise ValueError(f"{quote(name)} can't be the name of a folder")
    return name
