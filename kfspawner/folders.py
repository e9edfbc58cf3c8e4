"""Volumes on one machine: a folder each, below one root, linked into the workspace where they are mounted."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .errors import FieldError, quote
from .names import is_label, slug
from .notebook import NotebookSpec, Volume

__all__ = ["Folders"]

_linking = threading.Lock()  # notebooks start side by side, and several may share a workspace


@dataclass(frozen=True, slots=True)
class Folders:
    """`<root>/volumes/<namespace>/<volume>`; beside a workspace, `<volume>.json` says whose it is, and which
    links each notebook made in it."""

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
        made = _links(self._tag(home)).get(_who(spec, owner), {})
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
            elif (
                spec.workspace.kind != "none"  # emptied first
                and os.path.lexists(home / link)
                and _target(home / link)
                not in (made.get(link, ""), str(self._folder(spec.namespace, volume)))
            ):
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
        wanted = {}
        for volume, folder in zip(spec.data_volumes, self.data(spec), strict=True):
            folder.mkdir(parents=True, exist_ok=True)
            wanted[PurePosixPath(volume.mount).name] = str(folder)
        if spec.workspace.kind == "none":
            shutil.rmtree(home, ignore_errors=True)
            _link(home, wanted)
        else:
            with _linking:
                self._prepare_kept(home, spec, owner, wanted)
        return home

    def _prepare_kept(self, home: Path, spec: NotebookSpec, owner: str, wanted: Mapping[str, str]) -> None:
        """Replaces the links that this notebook made before. Those of others, and people's own, stay."""
        before = self._tag(home)
        new = spec.workspace.kind == "new" and not home.is_dir()
        tag = {"owner": owner, "notebook": spec.notebook} if new else before
        links = _links(tag)
        mine = links.pop(_who(spec, owner), {})
        shared = {link for made in links.values() for link in made.items()}
        for name, target in mine.items():
            if (name, target) not in shared and _target(home / name) == target:
                (home / name).unlink()
        missing = {name: target for name, target in wanted.items() if _target(home / name) != target}
        if made := missing | dict(shared & wanted.items()):
            links[_who(spec, owner)] = made
        tag = {key: value for key, value in tag.items() if key != "links"} | (
            {"links": links} if links else {}
        )
        if tag != before:  # written first: a link that nobody noted would stay for ever
            home.parent.mkdir(parents=True, exist_ok=True)
            draft = home.with_name(home.name + ".json.new")
            draft.write_text(json.dumps(tag))
            draft.replace(_tag_path(home))
        _link(home, missing)

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
        if volume.kind == "new" and "owner" not in tag:
            yield FieldError(
                field="workspace.name",
                message=f"Volume {quote(volume.name)} is there already, and is not the workspace of this notebook."
                " A new workspace takes a name that no volume has. Choose another name, or kind existing to use"
                " this volume.",
            )
        whose, notebook = str(tag.get("owner", owner)), str(tag.get("notebook", spec.notebook))
        if whose != owner or (volume.kind == "new" and notebook != spec.notebook):
            of = f"{whose}'s notebook {notebook}" if whose != owner else f"your notebook {notebook}"
            yield FieldError(
                field="workspace.name",
                message=f"Volume {quote(volume.name)} is the workspace of {of}. Choose another name.",
            )

    def _missing(self, spec: NotebookSpec, volume: Volume) -> str:
        there = ", ".join(self.volumes([spec.namespace])) or "none yet"
        return f"There is no volume {quote(volume.name)} in {spec.namespace}. There are: {there}."

    def _tag(self, folder: Path) -> dict[str, Any]:
        try:
            tag = json.loads(_tag_path(folder).read_text())
        except (OSError, ValueError):
            return {}
        return tag if isinstance(tag, dict) else {}

    def _namespace(self, namespace: str) -> Path:
        return self.root / "volumes" / _safe(namespace)

    def _folder(self, namespace: str, volume: Volume) -> Path:
        return self._namespace(namespace) / _safe(volume.name)


def _tag_path(folder: Path) -> Path:
    return folder.with_name(folder.name + ".json")


def _who(spec: NotebookSpec, owner: str) -> str:
    return f"{owner}/{spec.notebook}"


def _links(tag: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The links that each notebook made, by name, with where they lead; of a tag that anyone may have edited."""
    links = tag.get("links")
    return {
        who: {
            name: target
            for name, target in made.items()
            if isinstance(target, str) and name == PurePosixPath(name).name
        }
        for who, made in (links.items() if isinstance(links, dict) else ())
        if isinstance(made, dict)
    }


def _target(path: Path) -> str | None:
    """Where a link leads; None for all else."""
    return str(path.readlink()) if path.is_symlink() else None


def _link(home: Path, links: Mapping[str, str]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    for name, target in links.items():
        (home / name).symlink_to(target)


def _safe(name: str) -> str:
    """`name`, which a policy has let through. Raises ValueError for one that could leave its folder."""
    if not is_label(name):
        raise ValueError(f"{quote(name)} can't be the name of a folder")
    return name
