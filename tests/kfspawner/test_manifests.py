"""What a request becomes in Kubernetes, object by object."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from kfspawner import Owner, Policy, manifests
from kfspawner.manifests import PodParts, Roles
from kfspawner.names import team_namespace
from kfspawner.notebook import Volume
from kfspawner.quantity import size

LoadPolicy = Callable[..., Policy]
PART = {"app.kubernetes.io/part-of": "kfhub"}


def of_namespace(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": "user-alice", "labels": PART}


def content(policy: Policy, room: int = 4) -> dict[str, dict[str, Any]]:
    made = manifests.make_namespace_content("user-alice", policy.rules, Roles(), room)
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in made}


# --- the namespace --------------------------------------------------------------------------------------


def test_a_namespace_says_whose_it_is() -> None:
    found = manifests.make_namespace("user-alice", "user:alice")
    assert found == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "user-alice",
            "labels": {
                **PART,
                "kfhub.io/managed": "true",
                "pod-security.kubernetes.io/enforce": "baseline",
            },
            "annotations": {"kfhub.io/owner": "user:alice"},
        },
    }
    complete = manifests.make_namespace("user-alice", "user:alice", "abc")
    assert complete["metadata"]["annotations"] == {"kfhub.io/owner": "user:alice", "kfhub.io/prepared": "abc"}


@pytest.mark.parametrize(
    ("namespace", "owner"),
    [("user-alice", "user:alice"), ("team-vision", "group:vision"), (team_namespace("A B"), "group:A B")],
)
def test_the_owner_of_a_namespace_is_a_user_or_a_group_by_their_own_names(namespace: str, owner: str) -> None:
    alice = Owner("alice", frozenset({"vision", "A B"}))
    assert manifests.namespace_owner(namespace, alice) == owner


def test_accounts_are_bound_to_their_roles_and_the_hub_comes_first(policy: Policy) -> None:
    found = content(policy)
    assert next(iter(found)) == "RoleBinding/kfhub-hub"
    for account in ("default-editor", "default-viewer"):
        assert found[f"ServiceAccount/{account}"] == {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": of_namespace(account),
        }
    for name, role, account, home in (
        ("kfhub-hub", "kfhub-hub-namespace", "hub", "kfhub"),
        ("default-editor", "kfhub-edit", "default-editor", "user-alice"),
        ("default-viewer", "kfhub-view", "default-viewer", "user-alice"),
    ):
        assert found[f"RoleBinding/{name}"] == {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": of_namespace(name),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": home}],
        }


def test_the_quota_is_room_for_some_notebooks_of_the_largest_size(policy: Policy) -> None:
    found = content(policy, room=3)
    assert found["ResourceQuota/kfhub"] == {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": of_namespace("kfhub"),
        "spec": {
            "hard": {
                "requests.nvidia.com/gpu": "6",
                "requests.cpu": "12000m",
                "limits.cpu": "14400m",
                "requests.memory": str(3 * 8 * 2**30),  # without a factor there is no limit
            }
        },
    }
    assert found["LimitRange/kfhub"] == {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": of_namespace("kfhub"),
        "spec": {
            "limits": [
                {
                    "type": "Container",
                    "max": {"cpu": "4800m"},
                    "default": {"cpu": "600m"},
                    "defaultRequest": {"cpu": "100m", "memory": str(128 * 2**20)},
                }
            ]
        },
    }


def test_what_a_container_gets_unasked_is_within_its_own_limits(load: LoadPolicy) -> None:
    """Kubernetes refuses a LimitRange whose default request is more than its default limit."""
    small = load(
        cpu={"value": "10m", "max": "1", "limitFactor": "1"},
        memory={"value": "16Mi", "max": "1Gi", "limitFactor": "1"},
    )
    [limit] = content(small)["LimitRange/kfhub"]["spec"]["limits"]
    assert limit["defaultRequest"] == limit["default"] == {"cpu": "10m", "memory": str(16 * 2**20)}


def test_without_maxima_nothing_is_bounded_and_what_was_is_let_go(load: LoadPolicy) -> None:
    found = content(load(cpu={"value": "1"}, memory={"value": "1Gi"}, gpus=None))
    assert found["ResourceQuota/kfhub"]["spec"] == {"hard": {}}
    assert found["LimitRange/kfhub"]["spec"] == {"limits": [{"type": "Container", "defaultRequest": {}}]}


def test_the_digest_follows_the_content(policy: Policy, load: LoadPolicy) -> None:
    def digest(policy: Policy, room: int = 4, roles: Roles = Roles()) -> str:  # noqa: B008 - it is frozen
        return manifests.prepared(manifests.make_namespace_content("user-alice", policy.rules, roles, room))

    assert digest(policy) == digest(load())
    others = [
        digest(load(cpu={"value": "0.5", "max": "5", "limitFactor": "1.2"})),
        digest(policy, room=5),
        digest(policy, roles=Roles(hub_namespace="elsewhere")),
    ]
    assert len({digest(policy), *others}) == 4


# --- volumes and the token --------------------------------------------------------------------------------


def test_a_workspace_says_of_which_notebook_it_is(alice: Owner) -> None:
    volume = Volume("new", "vision-workspace", "/home/jovyan", size("5Gi"), "ReadWriteOnce")
    assert manifests.make_claim(volume, "user-alice", alice, "vision") == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "vision-workspace",
            "namespace": "user-alice",
            "labels": {**PART, "kfhub.io/owner": "alice", "kfhub.io/notebook": "vision"},
        },
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}},
    }


def test_a_data_volume_is_of_no_notebook(alice: Owner) -> None:
    volume = Volume("new", "data", "/data/a", size("1.5Gi"), "ReadWriteMany", "fast")
    found = manifests.make_claim(volume, "team-vision", alice, "")
    assert found["metadata"]["labels"] == {**PART, "kfhub.io/owner": "alice"}
    assert found["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "1.5Gi"}},
        "storageClassName": "fast",
    }


def test_labels_are_safe_whatever_the_names_are() -> None:
    found = manifests.labels(Owner("Ada Lovelace@example.org"), "My Notebook!")
    assert all(len(value) <= 63 and value.replace("-", "").isalnum() for value in found.values())


def test_the_token_goes_with_its_pod() -> None:
    found = manifests.make_token_secret("jupyter-alice-1", "user-alice", "s3cret", "jupyter-alice", "uid-1")
    assert base64.b64decode(found.pop("data")["token"]) == b"s3cret"
    assert found == {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            **of_namespace("jupyter-alice-1"),
            "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "jupyter-alice", "uid": "uid-1"}],
        },
        "immutable": True,
    }


# --- what a request adds to the pod -----------------------------------------------------------------------

LABELS = {**PART, "kfhub.io/owner": "alice", "kfhub.io/notebook": "vision"}
WORKSPACE = {"name": "workspace", "persistentVolumeClaim": {"claimName": "vision-workspace"}}
HOME = {"name": "workspace", "mountPath": "/home/jovyan"}
SHM = {"name": "shm", "mountPath": "/dev/shm"}
BASE = PodParts(
    labels=LABELS,
    volumes=[WORKSPACE, {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": str(2**30)}}],
    mounts=[HOME, SHM],
    env_from=[],
)


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({}, {}),
        ({"shm": False}, {"volumes": [WORKSPACE], "mounts": [HOME]}),
        ({"workspace": {"kind": "none"}}, {"volumes": BASE.volumes[1:], "mounts": [SHM]}),
        (
            {"workspace": {"kind": "existing", "name": "old", "mount": "/data/w"}, "shm": False},
            {
                "volumes": [{"name": "workspace", "persistentVolumeClaim": {"claimName": "old"}}],
                "mounts": [{"name": "workspace", "mountPath": "/data/w"}],
            },
        ),
        (
            {
                "dataVolumes": [{"name": "a"}, {"kind": "existing", "name": "b", "mount": "/mnt/b"}],
                "shm": False,
            },
            {
                "volumes": [
                    WORKSPACE,
                    {"name": "data-0", "persistentVolumeClaim": {"claimName": "a"}},
                    {"name": "data-1", "persistentVolumeClaim": {"claimName": "b"}},
                ],
                "mounts": [
                    HOME,
                    {"name": "data-0", "mountPath": "/home/jovyan/a"},
                    {"name": "data-1", "mountPath": "/mnt/b"},
                ],
            },
        ),
        (
            {"memory": "2Gi"},
            {
                "volumes": [
                    WORKSPACE,
                    {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": str(2 * 2**30)}},
                ]
            },
        ),
        (
            {"secrets": ["login", "keys"]},
            {"env_from": [{"secretRef": {"name": "login"}}, {"secretRef": {"name": "keys"}}]},
        ),
        ({"gpu": {"count": 2}}, {"devices": {"nvidia.com/gpu": "2"}}),
        ({"gpu": {"count": 0}}, {}),
        ({"affinity": "own_node"}, {"affinity": {"nodeAffinity": {"x": 1}}}),
        ({"tolerations": "big"}, {"tolerations": ({"key": "size", "value": "big"},)}),
        # in the order of the admin's list, not of the request
        (
            {"configurations": ["license", "proxy"]},
            {"patches": ({"spec": {"hostAliases": []}}, {"metadata": {"labels": {"license": "1"}}})},
        ),
    ],
    ids=lambda value: ",".join(value) or "nothing" if isinstance(value, dict) else None,
)
def test_each_option_reaches_the_pod(
    load: LoadPolicy, alice: Owner, options: dict[str, Any], changed: dict[str, Any]
) -> None:
    policy = load(
        affinityConfig={"options": [{"configKey": "own_node", "affinity": {"nodeAffinity": {"x": 1}}}]},
        tolerationGroup={"options": [{"groupKey": "big", "tolerations": [{"key": "size", "value": "big"}]}]},
        configurations={
            "options": [
                {"name": "proxy", "patch": {"spec": {"hostAliases": []}}},
                {"name": "license", "patch": {"metadata": {"labels": {"license": "1"}}}},
            ]
        },
    )
    spec = policy.resolve(options, alice, notebook="vision")
    expected = {name: changed.get(name, getattr(BASE, name)) for name in PodParts.__slots__}
    assert manifests.pod_parts(spec, policy.rules, alice) == PodParts(**expected)
