"""What only the cluster knows to be wrong with a request, told beside the field it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfspawner import NotebookSpec, Owner, Policy
from kfspawner.check import ClusterView, Growth, check, growths, missing_claims
from kfspawner.errors import FieldError
from kfspawner.quantity import size

LoadPolicy = Callable[..., Policy]
ALICE = Owner("alice", frozenset({"vision"}))
GONE = {"deletionTimestamp": "2026-11-24T10:00:00Z"}


@pytest.fixture
def ask(policy: Policy) -> Callable[..., NotebookSpec]:
    def ask(**options: Any) -> NotebookSpec:
        return policy.resolve(options, ALICE, notebook="plan")

    return ask


def told(spec: NotebookSpec, view: ClusterView) -> dict[str, str]:
    faults: list[FieldError] = check(spec, view, ALICE)
    assert len({fault["field"] for fault in faults}) == len(faults)
    return {fault["field"]: fault["message"] for fault in faults}


def namespace(owner: str | None = "user:alice", **metadata: Any) -> dict[str, Any]:
    annotations = {"kfhub.io/owner": owner} if owner else None
    return {"metadata": {"name": "user-alice", "annotations": annotations, **metadata}}


def claim(
    owner: str | None = None, notebook: str | None = None, storage: str = "5Gi", **metadata: Any
) -> dict[str, Any]:
    marks = {"kfhub.io/owner": owner, "kfhub.io/notebook": notebook}
    return {
        "metadata": {"labels": {key: value for key, value in marks.items() if value} or None, **metadata},
        "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": storage}}},
    }


def pod(owner: str, notebook: str, cpu: str = "1", phase: str = "Running", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"kfhub.io/owner": owner, "kfhub.io/notebook": notebook}, **more},
        "spec": {
            "containers": [
                {"resources": {"requests": {"cpu": cpu, "nvidia.com/gpu": "1"}, "limits": None}},
                {"resources": None},
            ]
        },
        "status": {"phase": phase},
    }


# --- whose namespace --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "there", "said"),
    [
        ("user-alice", None, ""),
        ("user-alice", namespace(), ""),
        ("user-alice", namespace(None), "not made for user alice"),
        ("user-alice", namespace("user:eve"), "not made for user alice"),
        ("user-alice", namespace("group:alice"), "not made for user alice"),
        ("team-vision", namespace("group:vision"), ""),
        ("team-vision", namespace("user:vision"), "not made for group vision"),
        ("user-alice", namespace(**GONE), "being deleted"),
        ("user-alice", namespace("user:eve", **GONE), "being deleted"),
    ],
)
def test_a_namespace_is_used_by_whom_it_was_made_for(
    ask: Callable[..., NotebookSpec], asked: str, there: Any, said: str
) -> None:
    found = told(ask(namespace=asked), ClusterView(namespace=there))
    assert set(found) == ({"namespace"} if said else set())
    assert said in found.get("namespace", "")


def test_where_all_share_one_namespace_nobody_owns_it(ask: Callable[..., NotebookSpec]) -> None:
    assert told(ask(), ClusterView(namespace=namespace("user:eve"), managed=False)) == {}


# --- whose name -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "view",
    [
        ClusterView(pods={"p": pod("bob", "plan", annotations={"hub.jupyter.org/username": "Bob B."})}),
        ClusterView(claims={"c": claim("bob", "plan", annotations={"hub.jupyter.org/username": "Bob B."})}),
    ],
)
def test_a_name_that_somebody_else_has_is_taken(ask: Callable[..., NotebookSpec], view: ClusterView) -> None:
    assert "notebook of Bob B. in user-alice" in told(ask(), view)["name"]


def test_a_name_is_free_that_is_ones_own_or_another(ask: Callable[..., NotebookSpec]) -> None:
    pods = {"mine": pod("alice", "plan"), "theirs": pod("bob", "other"), "any": {"metadata": {}}}
    assert told(ask(), ClusterView(pods=pods)) == {}


# --- the workspace ----------------------------------------------------------------------------------------

OWN = claim("alice", "plan")


@pytest.mark.parametrize(
    ("workspace", "there", "field", "said"),
    [
        ({}, None, "", ""),
        ({}, OWN, "", ""),
        ({}, claim("alice", "older"), "name", "workspace of your notebook older"),
        ({}, claim("bob", "other"), "name", "belongs to bob"),
        ({}, claim("alice"), "name", "is no workspace"),
        ({}, claim(None, "plan"), "name", "is no workspace"),
        ({}, claim(), "name", "is no workspace"),
        ({}, claim("alice", "plan", **GONE), "name", "being deleted"),
        ({"kind": "existing"}, OWN, "", ""),
        ({"kind": "existing"}, claim("alice", "older"), "", ""),
        ({"kind": "existing"}, claim("alice", "plan", "1Gi"), "", ""),  # its size is no choice
        ({"kind": "existing"}, None, "name", "There is no volume plan-workspace"),
        ({"kind": "existing"}, claim("bob", "other"), "name", "belongs to bob"),
        ({"kind": "existing"}, claim(), "name", "is no workspace"),
        ({"kind": "existing"}, claim("alice", "older", **GONE), "name", "being deleted"),
        ({"kind": "none"}, claim("bob", "other"), "", ""),
        ({"size": "4Gi"}, OWN, "size", "exists with 5 GiB; a volume can't shrink. Use 5Gi"),
        ({"size": "5120Mi"}, OWN, "", ""),
        ({"size": "6Gi"}, OWN, "size", "can't make it larger. Use 5Gi"),
    ],
)
def test_a_workspace_is_ones_own(
    ask: Callable[..., NotebookSpec], workspace: dict[str, Any], there: Any, field: str, said: str
) -> None:
    view = ClusterView(claims={"plan-workspace": there} if there else {})
    found = told(ask(workspace=workspace), view)
    assert set(found) == ({f"workspace.{field}"} if field else set())
    assert said in "".join(found.values())


def test_an_error_names_the_workspaces_that_there_are(ask: Callable[..., NotebookSpec]) -> None:
    spec = ask(workspace={"kind": "existing", "name": "typo"})
    claims = {
        "b": claim("alice", "b"),
        "a": claim("alice", "a"),
        "theirs": claim("bob", "x"),
        "data": claim(),
    }
    assert told(spec, ClusterView(claims=claims))["workspace.name"].endswith("Your workspaces here: a, b.")
    assert told(spec, ClusterView())["workspace.name"].endswith("no workspaces here yet: use kind new.")


# --- data volumes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "there", "field", "said"),
    [
        ({}, None, "", ""),
        ({}, claim(), "", ""),
        ({}, claim("bob"), "", ""),  # a data volume is anyone's in its namespace
        ({}, claim("alice", "plan"), "name", "workspace of alice's notebook plan"),
        ({}, claim("bob", "x"), "name", "workspace of bob's notebook x"),
        ({}, claim(**GONE), "name", "being deleted"),
        ({"kind": "existing"}, claim("bob"), "", ""),
        ({"kind": "existing"}, None, "name", "Your volumes here: other."),
        ({"kind": "existing"}, claim("alice", "plan"), "name", "workspace of alice's"),
        ({"size": "1Gi"}, claim(), "size", "can't shrink"),
        ({"size": "9Gi"}, claim(), "size", "can't make it larger"),
    ],
)
def test_a_data_volume_is_no_ones_workspace(
    ask: Callable[..., NotebookSpec], row: dict[str, Any], there: Any, field: str, said: str
) -> None:
    rows = [{"name": "first"}, {"name": "data", **row}]
    claims = {"other": claim(), "w": claim("alice", "w")} | ({"data": there} if there else {})
    found = told(ask(dataVolumes=rows), ClusterView(claims=claims))
    assert set(found) == ({f"dataVolumes.1.{field}"} if field else set())
    assert said in "".join(found.values())


# --- what is to be made, and to grow ------------------------------------------------------------------------


def test_only_new_volumes_that_are_not_there_are_made(ask: Callable[..., NotebookSpec]) -> None:
    spec = ask(dataVolumes=[{"name": "a"}, {"name": "b"}, {"kind": "existing", "name": "c"}])
    missing = missing_claims(spec, ClusterView(claims={"a": claim()}))
    assert [(volume.name, own) for volume, own in missing] == [("plan-workspace", True), ("b", False)]


@pytest.mark.parametrize("expands", [True, False, None])
def test_a_volume_grows_where_its_class_can(ask: Callable[..., NotebookSpec], expands: bool | None) -> None:
    spec = ask(workspace={"size": "6Gi"})
    view = ClusterView(claims={"plan-workspace": OWN}, classes={"fast": {"allowVolumeExpansion": expands}})
    assert (told(spec, view) == {}) is (expands is True)
    assert growths(spec, view) == ([Growth("plan-workspace", size("6Gi"))] if expands else [])


def test_a_size_that_the_admin_has_set_locks_nobody_out(load: LoadPolicy) -> None:
    for storage in ("1Gi", "5Gi", "50Gi"):
        workspace = {
            "readOnly": True,
            "value": {
                "mount": "/home/jovyan",
                "newPvc": {
                    "metadata": {"name": "{notebook-name}-workspace"},
                    "spec": {
                        "resources": {"requests": {"storage": storage}},
                        "accessModes": ["ReadWriteOnce"],
                    },
                },
            },
        }
        spec = load(workspaceVolume=workspace).resolve({}, ALICE, notebook="plan")
        view = ClusterView(claims={"plan-workspace": OWN})
        assert told(spec, view) == {} and growths(spec, view) == []


# --- quotas -----------------------------------------------------------------------------------------------


def quota(resource: str, hard: Any, used: Any = "0") -> dict[str, Any]:
    return {"status": {"hard": {resource: hard}, "used": {resource: used} if used is not None else None}}


@pytest.mark.parametrize(
    ("resource", "hard", "used", "said"),
    [
        ("requests.cpu", "4", "2", ""),
        (
            "requests.cpu",
            "4",
            "2001m",
            "2 CPU is more than the quota of user-alice leaves: 1.999 CPU of 4 CPU",
        ),
        ("requests.cpu", "4", "2.0001", "1.999 CPU of 4 CPU"),  # never more than there is
        ("cpu", "4", "2500m", "1.5 CPU of 4 CPU free"),
        ("limits.cpu", "4", "1600m", ""),
        ("limits.cpu", "4", "1601m", "2.4 CPU as a limit"),
        ("requests.memory", "4Gi", "2Gi", ""),
        (
            "requests.memory",
            "4Gi",
            "3Gi",
            "2 GiB is more than the quota of user-alice leaves: 1 GiB of 4 GiB",
        ),
        ("memory", "4G", "3000000k", "953.67 MiB"),
        ("requests.nvidia.com/gpu", "2", "1", ""),
        ("requests.nvidia.com/gpu", "2", "2", "1 is more than the quota of user-alice leaves: 0 of 2 free"),
        ("requests.nvidia.com/gpu", "1k", "999", ""),  # as Kubernetes writes a thousand
        ("requests.amd.com/gpu", "0", "0", ""),
        ("requests.cpu", "0", "0", "0 CPU of 0 CPU free"),
        ("requests.cpu", "1", "5", "0 CPU of 1 CPU free"),  # lowered below what is used
        ("requests.cpu", "4", None, ""),
        ("requests.cpu", "lots", "0", ""),
        ("pods", "0", "0", ""),
    ],
)
def test_a_quota_leaves_room_or_says_how_much(
    ask: Callable[..., NotebookSpec], resource: str, hard: str, used: str | None, said: str
) -> None:
    spec = ask(cpu="2", memory="2Gi", gpu={"count": 1})
    found = told(spec, ClusterView(quotas={"q": quota(resource, hard, used)}))
    assert len(found) == bool(said)
    assert said in "".join(found.values())


def test_a_quota_that_has_not_been_counted_yet_refuses_nothing(ask: Callable[..., NotebookSpec]) -> None:
    assert told(ask(), ClusterView(quotas={"q": {"spec": {"hard": {"cpu": "0"}}}})) == {}


def test_the_tightest_of_two_quotas_is_told_once(ask: Callable[..., NotebookSpec]) -> None:
    quotas = {"a": quota("requests.cpu", "1"), "b": quota("limits.cpu", "1"), "c": quota("memory", "1Mi")}
    assert set(told(ask(cpu="2"), ClusterView(quotas=quotas))) == {"cpu", "memory"}


@pytest.mark.parametrize(
    ("phase", "own", "free"),
    [
        ("Running", "p", True),
        ("Pending", "p", True),
        ("Running", "another", False),
        ("Succeeded", "p", False),  # the quota has let go of it already
        ("Failed", "p", False),
    ],
)
def test_what_the_notebooks_own_pod_uses_is_free_again(
    ask: Callable[..., NotebookSpec], phase: str, own: str, free: bool
) -> None:
    view = ClusterView(
        pods={"p": pod("alice", "plan", cpu="2", phase=phase)},
        quotas={"q": quota("requests.cpu", "4", "3")},
        own_pod=own,
    )
    assert (told(ask(cpu="2"), view) == {}) is free


def test_more_is_not_free_than_the_quota_has(ask: Callable[..., NotebookSpec]) -> None:
    """A quota is counted a little later than a pod is seen."""
    view = ClusterView(
        pods={"p": pod("alice", "plan", cpu="2")}, quotas={"q": quota("requests.cpu", "3", "1")}, own_pod="p"
    )
    assert set(told(ask(cpu="4"), view)) == {"cpu"}


# --- anything ---------------------------------------------------------------------------------------------

KEYS = (
    *("metadata", "labels", "annotations", "kfhub.io/owner", "kfhub.io/notebook", "deletionTimestamp"),
    *("spec", "status", "hard", "used", "cpu", "requests.memory", "resources", "requests", "storage"),
    *("containers", "storageClassName", "allowVolumeExpansion", "phase", "limits"),
)
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "alice", "plan", "5Gi", "1k", "-1", "fast"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(
    st.sampled_from(["plan-workspace", "a", "fast"]), st.dictionaries(st.sampled_from(KEYS), JUNK)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(namespace=st.none() | st.dictionaries(st.sampled_from(KEYS), JUNK), places=st.tuples(*[OBJECTS] * 4))
def test_nothing_is_expected_of_an_object(
    ask: Callable[..., NotebookSpec], namespace: Any, places: tuple[dict[str, Any], ...]
) -> None:
    claims, pods, quotas, classes = places
    view = ClusterView(namespace, True, claims, pods, quotas, classes, "a")
    spec = ask(dataVolumes=[{"name": "a", "size": "6Gi"}], workspace={"size": "6Gi"})
    for fault in check(spec, view, ALICE):
        assert fault["field"] and fault["message"].endswith(".")
    growths(spec, view)
    missing_claims(spec, view)
