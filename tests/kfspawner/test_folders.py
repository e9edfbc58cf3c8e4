"""Volumes as folders: where they are, what is refused, and that nothing leaves the root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfspawner import NotebookSpec, Owner, Policy, Volume
from kfspawner.folders import Folders

ADA = Owner("ada")
Ask = Callable[..., NotebookSpec]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "hub")


@pytest.fixture
def ask(policy: Policy) -> Ask:
    def ask(notebook: str = "default", **options: Any) -> NotebookSpec:
        return policy.resolve(options, ADA, notebook=notebook)

    return ask


def faults(folders: Folders, spec: NotebookSpec, owner: str = "ada") -> dict[str, str]:
    return {fault["field"]: fault["message"] for fault in folders.faults(spec, owner)}


def test_volumes_outlive_the_notebook_and_are_linked_into_it(folders: Folders, ask: Ask) -> None:
    spec = ask(dataVolumes=[{"kind": "new", "name": "photos", "size": "1Gi", "mount": "/data/cats"}])
    assert faults(folders, spec) == {}
    home = folders.prepare(spec, "ada")
    assert home == folders.root / "volumes/user-ada/default-workspace"
    (home / "cats/tom.txt").write_text("meow")
    assert (folders.root / "volumes/user-ada/photos/tom.txt").read_text() == "meow"
    assert folders.data(spec) == [(home / "cats").resolve()]
    assert folders.volumes(["user-ada"]) == ("default-workspace", "photos")

    assert folders.prepare(ask(), "ada") == home  # the next start, without the volume
    assert not (home / "cats").exists()
    assert (folders.root / "volumes/user-ada/photos/tom.txt").is_file()


def test_looking_for_faults_makes_nothing(folders: Folders, ask: Ask) -> None:
    folders.faults(ask(dataVolumes=[{"kind": "new", "name": "a", "size": "1Gi"}]), "ada")
    assert not folders.root.exists()


def test_existing_means_existing(folders: Folders, ask: Ask) -> None:
    spec = ask(
        workspace={"kind": "existing", "name": "gone"},
        dataVolumes=[{"kind": "existing", "name": "lost", "mount": "/data/x"}],
    )
    found = faults(folders, spec)
    assert found.keys() == {"workspace.name", "dataVolumes.0.name"}
    assert "There are: none yet." in found["workspace.name"]


def test_a_workspace_belongs_to_one_notebook_of_one_owner(folders: Folders, ask: Ask) -> None:
    folders.prepare(ask("first"), "ada")
    same = {"kind": "new", "name": "first-workspace"}
    assert faults(folders, ask("first", workspace=same)) == {}
    assert "your notebook first" in faults(folders, ask("second", workspace=same))["workspace.name"]
    assert "ada's notebook first" in faults(folders, ask("first", workspace=same), "eve")["workspace.name"]
    assert faults(folders, ask("second", workspace={"kind": "existing", "name": "first-workspace"})) == {}


def test_a_file_of_the_workspace_is_not_replaced_by_a_volume(folders: Folders, ask: Ask) -> None:
    home = folders.prepare(ask(), "ada")
    (home / "x").write_text("mine")
    (home / "y").symlink_to(folders.root.parent)  # the person's own link
    spec = ask(
        dataVolumes=[
            {"kind": "new", "name": "a", "size": "1Gi", "mount": "/data/x"},
            {"kind": "new", "name": "b", "size": "1Gi", "mount": "/data/y"},
        ]
    )
    assert faults(folders, spec).keys() == {"dataVolumes.0.mount", "dataVolumes.1.mount"}


def test_a_new_mount_moves_the_link_and_nothing_else(folders: Folders, ask: Ask) -> None:
    volume = {"kind": "new", "name": "a", "size": "1Gi"}
    home = folders.prepare(ask(dataVolumes=[{**volume, "mount": "/data/x"}]), "ada")
    (home / "mine").write_text("kept")
    (home / "elsewhere").symlink_to("/")
    folders.prepare(ask(dataVolumes=[{**volume, "mount": "/data/y"}]), "ada")
    assert {entry.name for entry in home.iterdir()} == {"y", "mine", "elsewhere"}


def test_notebooks_on_one_workspace_leave_each_others_links_alone(folders: Folders, ask: Ask) -> None:
    def volume(name: str, end: str) -> dict[str, str]:
        return {"kind": "new", "name": name, "size": "1Gi", "mount": f"/data/{end}"}

    home = folders.prepare(ask("a", dataVolumes=[volume("photos", "x"), volume("songs", "both")]), "ada")
    (home / "own").symlink_to(folders.root / "volumes/user-ada/photos")
    there = {"kind": "existing", "name": home.name}
    second = ask("b", workspace=there, dataVolumes=[volume("films", "y"), volume("songs", "both")])
    assert faults(folders, second) == {}
    for spec, left in (
        (second, {"x", "y", "both", "own"}),
        (ask("b", workspace=there), {"x", "both", "own"}),
        (second, {"x", "y", "both", "own"}),
        (ask("a"), {"y", "both", "own"}),
        (ask("b", workspace=there), {"own"}),
    ):
        folders.prepare(spec, "ada")
        assert {entry.name for entry in home.iterdir()} == left
    folders.prepare(second, "ada")
    taken = ask("a", dataVolumes=[volume("photos", "y")])
    assert faults(folders, taken).keys() == {"dataVolumes.0.mount"}


def test_a_link_that_someone_replaced_is_theirs(folders: Folders, ask: Ask) -> None:
    spec = ask(dataVolumes=[{"kind": "new", "name": "a", "size": "1Gi", "mount": "/data/x"}])
    home = folders.prepare(spec, "ada")
    (home / "x").unlink()
    (home / "x").symlink_to(home.parent)
    assert faults(folders, spec).keys() == {"dataVolumes.0.mount"}
    folders.prepare(ask(), "ada")
    assert (home / "x").is_symlink()


def test_a_volume_that_is_no_workspace_is_not_made_one_by_kind_new(folders: Folders, ask: Ask) -> None:
    folders.prepare(ask("first", dataVolumes=[{"kind": "new", "name": "photos", "size": "1Gi"}]), "ada")
    folders.prepare(ask("second", workspace={"kind": "existing", "name": "photos"}), "ada")
    for notebook in ("second", "third"):
        found = faults(folders, ask(notebook, workspace={"kind": "new", "name": "photos"}))
        assert found.keys() == {"workspace.name"}
        assert '"photos" is there already' in found["workspace.name"]
        assert "kind existing" in found["workspace.name"]
    assert faults(folders, ask("second", workspace={"kind": "existing", "name": "photos"})) == {}


def test_a_workspace_made_anew_has_the_owner_who_made_it(folders: Folders, ask: Ask) -> None:
    home = folders.prepare(ask(), "eve")
    home.rmdir()
    folders.prepare(ask(), "ada")
    assert faults(folders, ask()) == {}


def test_a_workspace_of_kind_none_is_empty_each_time(folders: Folders, ask: Ask) -> None:
    spec = ask(
        workspace={"kind": "none"},
        dataVolumes=[{"kind": "new", "name": "a", "size": "1Gi", "mount": "/data/x"}],
    )
    (folders.prepare(spec, "ada") / "left").write_text("x")
    (folders.workspace(spec, "ada") / "x").unlink()
    (folders.workspace(spec, "ada") / "x").mkdir()
    assert faults(folders, spec) == {}
    home = folders.prepare(spec, "ada")
    assert [entry.name for entry in home.iterdir()] == ["x"]
    assert (home / "x").is_symlink()
    assert home.is_relative_to(folders.root)


def test_a_tag_that_was_tampered_with_is_no_crash(folders: Folders, ask: Ask) -> None:
    home = folders.prepare(ask(), "ada")
    tags = ("", "[]", "{", '{"owner": 3}', "\x00", '{"links": 3}', '{"links": {"ada/default": 3}}')
    for text in (*tags, '{"links": {"ada/default": {"../x": "/", "..": "/", "y": 3}}}'):
        home.with_name(home.name + ".json").write_text(text)
        folders.faults(ask(), "ada")
        folders.prepare(ask(), "ada")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # a policy never changes
@given(
    name=st.sampled_from(["..", "../..", "/etc", "a/b", "", ".", "A", "a\0b", "-a", "a" * 64]) | st.text(),
    namespace=st.sampled_from(["..", "user-ada", "/", ""]) | st.text(),
)
def test_no_name_leads_out_of_the_root(policy: Policy, name: str, namespace: str) -> None:
    # These never pass a policy; the folders hold on their own too.
    folders = Folders(Path("/nowhere/hub"))
    spec = replace(
        policy.resolve({}, ADA), namespace=namespace, workspace=Volume("new", name, "/home/jovyan")
    )
    try:
        home = folders.workspace(spec, "ada")
    except ValueError:
        return
    assert home.parent == folders.root / "volumes" / namespace
    assert home.resolve().is_relative_to(folders.root)
