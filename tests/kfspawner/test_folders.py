"""Volumes as folders: never outside their root, never over a person's own files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfspawner import NotebookSpec, Owner, Policy
from kfspawner.folders import Folders


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "data")


def spec_of(policy: Policy, notebook: str = "default", **options: Any) -> NotebookSpec:
    return policy.resolve(options, Owner("alice"), notebook=notebook)


def test_volumes_of_a_notebook(policy: Policy, folders: Folders) -> None:
    spec = spec_of(policy, "vision", dataVolumes=[{"name": "a", "mount": "/data/x"}])
    home = folders.prepare(spec, "alice")
    assert home == folders.root / "volumes/user-alice/vision-workspace"
    assert (home / "x").resolve() == (folders.root / "volumes/user-alice/a").resolve()
    assert folders.volumes(["user-alice"]) == ("a", "vision-workspace")
    assert folders.faults(spec, "alice") == []


def test_links_follow_the_request(policy: Policy, folders: Folders) -> None:
    home = folders.prepare(spec_of(policy, dataVolumes=[{"name": "a", "mount": "/data/x"}]), "alice")
    (home / "mine").write_text("kept")
    (home / "elsewhere").symlink_to("/")
    folders.prepare(spec_of(policy, dataVolumes=[{"name": "a", "mount": "/data/y"}]), "alice")
    assert {entry.name for entry in home.iterdir()} == {"y", "mine", "elsewhere"}


def test_no_workspace_is_an_empty_folder_each_time(policy: Policy, folders: Folders) -> None:
    spec = spec_of(policy, workspace={"kind": "none"})
    home = folders.prepare(spec, "alice")
    (home / "left").write_text("")
    assert list(folders.prepare(spec, "alice").iterdir()) == []
    assert folders.volumes(["user-alice"]) == ()


def test_workspace_of_someone_else_of_the_team(policy: Policy, folders: Folders) -> None:
    spec = replace(spec_of(policy), namespace="team-vision")
    folders.prepare(spec, "alice")
    assert folders.faults(spec, "alice") == []
    (fault,) = folders.faults(spec, "bob")
    assert fault["field"] == "workspace.name" and "alice's notebook default" in fault["message"]


def test_looking_for_faults_changes_nothing(policy: Policy, folders: Folders) -> None:
    folders.faults(spec_of(policy, dataVolumes=[{"name": "a", "mount": "/data/x"}]), "alice")
    assert not folders.root.exists()


@given(
    st.one_of(st.text(), st.sampled_from(["..", "../x", "/etc", ".", "a/b", "a\0b", "", "A", "-a"])),
    st.sampled_from(["workspace", "namespace"]),
)
def test_hostile_names_never_leave_the_root(name: str, place: str) -> None:
    spec = Policy.load(DEFAULT).resolve({}, Owner("alice"))
    workspace = replace(spec.workspace, name=name)
    changed = replace(spec, namespace=name) if place == "namespace" else replace(spec, workspace=workspace)
    folders = Folders(Path("/root-of-volumes"))
    try:
        home = folders.workspace(changed, "alice")
    except ValueError:
        return
    assert home.parent.parent == folders.root / "volumes"
    assert ".." not in home.parts


DEFAULT = Path(__file__).parents[2] / "hub_config/spawner_ui_config.yaml"
