"""What a start makes in the cluster, and what stays of it; with the hub's rights and no more."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from kubernetes_asyncio.client import ApiException
from tornado.web import HTTPError

from kfspawner import claims, manifests
from kfspawner.check import ClusterView
from tests.cluster.kube.client import Cluster, CommandError
from tests.cluster.spawning import HUB, TOKEN, Hub, connected, requests, writes

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLACE = "user-spawner-ada"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    async with connected(cluster, tmp_path_factory.mktemp("hub")) as found:
        async with found.running(found.spawner()):
            pass  # makes the namespace
        yield found


# --- the namespace --------------------------------------------------------------------------------------


CONTENT = [
    "rolebindings/kfhub-hub",
    "serviceaccounts/default-editor",
    "serviceaccounts/default-viewer",
    "rolebindings/default-editor",
    "rolebindings/default-viewer",
    "resourcequotas/kfhub",
    "limitranges/kfhub",
    "networkpolicies/kfhub-notebooks",
]


async def test_a_first_start_makes_each_thing_once(hub: Hub) -> None:
    spawner = hub.spawner("spawner-first")
    with requests() as sent:
        async with hub.running(spawner) as pod:
            place = spawner.namespace
            made = Counter(one.resource for one in writes(sent))
            assert set(made) == {
                *CONTENT,
                *("namespaces", f"namespaces/{place}", "persistentvolumeclaims", "pods", "secrets"),
            }
            # a right that was just given is not known at once: what is refused then is sent again
            assert {made[name] for name in ("persistentvolumeclaims", "pods", "secrets", CONTENT[0])} == {1}
            for kind, names in {
                "serviceaccount": ["default", "default-editor", "default-viewer"],
                "rolebinding": ["default-editor", "default-viewer", "kfhub-hub"],
                "resourcequota": ["kfhub"],
                "limitrange": ["kfhub"],
                "pvc": ["default-workspace"],
                "secret": [spawner._token_secret],
                "pod": ["jupyter-spawner-first"],
            }.items():
                assert hub.names(kind, place) == names
            found = hub.cluster.get("namespace", place)["metadata"]
            assert found["labels"]["kfhub.io/managed"] == "true"
            assert found["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"
            assert found["annotations"]["kfhub.io/owner"] == "user:spawner-first"
            assert pod["spec"]["serviceAccountName"] == "default-editor"
            assert pod["metadata"]["labels"]["app.kubernetes.io/part-of"] == "kfhub"


async def test_a_warm_start_writes_at_most_thrice(hub: Hub) -> None:
    spawner = hub.spawner(server="warm")
    async with hub.running(spawner):
        pass
    before = len(hub.cluster.writes()) if hub.cluster.own else 0
    with requests() as sent:
        await hub.start(spawner)
        made = [(one.verb, one.resource) for one in writes(sent)]
    try:
        assert made == [("POST", "pods"), ("POST", "secrets")]
        if hub.cluster.own:  # the API server's own count
            recorded = [one for one in hub.cluster.writes()[before:] if one["user"]["username"] == HUB]
            assert [one["objectRef"]["resource"] for one in recorded] == ["pods", "secrets"]
    finally:
        await spawner.stop(now=True)


@pytest.mark.parametrize(
    "lost",
    [
        ["limitrange/kfhub"],
        [
            "serviceaccount/default-viewer",
            "rolebinding/default-viewer",
            "resourcequota/kfhub",
            "limitrange/kfhub",
        ],
        ["rolebinding/kfhub-hub", "serviceaccount/default-editor", "rolebinding/default-editor"],
    ],
    ids=["last", "half", "first"],
)
async def test_what_a_killed_hub_did_not_make_is_made_by_the_next_start(hub: Hub, lost: list[str]) -> None:
    spawner = hub.spawner()
    async with hub.running(spawner):
        pass
    hub.cluster.kubectl("delete", "-n", PLACE, *lost)
    hub.cluster.kubectl("annotate", "namespace", PLACE, f"{manifests.PREPARED}-")
    await spawner._watched("namespaces").until(  # type: ignore[union-attr]
        PLACE,
        lambda: (
            None
            if manifests.PREPARED in spawner._all("namespaces")[PLACE]["metadata"]["annotations"]
            else True
        ),
    )
    async with hub.running(spawner):
        hub.cluster.kubectl("get", "-n", PLACE, *lost)
        assert manifests.PREPARED in hub.cluster.get("namespace", PLACE)["metadata"]["annotations"]


async def test_a_deleted_default_editor_is_mended_once(hub: Hub) -> None:
    spawner = hub.spawner()
    async with hub.running(spawner):
        pass
    hub.cluster.kubectl("delete", "serviceaccount", "default-editor", "-n", PLACE)
    with requests() as sent:
        async with hub.running(spawner):
            made = [one.resource for one in writes(sent)]
    assert made.count("serviceaccounts/default-editor") == 1
    assert made.count("pods") == 2


# --- the token ------------------------------------------------------------------------------------------


async def test_a_viewer_cannot_get_the_token(hub: Hub) -> None:
    spawner = hub.spawner(server="viewed")
    async with hub.running(spawner) as pod:
        place, name = spawner.namespace, pod["metadata"]["name"]
        assert hub.cluster.kubectl(
            "exec", "-n", place, name, "--", "sh", "-c", "echo $JUPYTERHUB_API_TOKEN"
        ).strip() == (TOKEN)
        [variable] = [
            one for one in pod["spec"]["containers"][0]["env"] if one["name"] == "JUPYTERHUB_API_TOKEN"
        ]
        assert variable == {
            "name": "JUPYTERHUB_API_TOKEN",
            "valueFrom": {"secretKeyRef": {"name": spawner._token_secret, "key": "token"}},
        }
        viewer = hub.cluster.kubectl("create", "token", "default-viewer", "-n", place).strip()
        refused = {
            ("get", "secrets"),
            ("get", "secret", spawner._token_secret, "-o", "yaml"),
            ("exec", name, "--", "env"),
            ("attach", name),
            ("port-forward", name, "18888:8888"),
            ("debug", name, "--image=busybox", "--target=notebook"),
            ("cp", f"{name}:/proc/1/environ", "/dev/null"),
            ("get", "--raw", f"/api/v1/namespaces/{place}/pods/{name}:8888/proxy/"),
            ("create", "token", "default-editor"),
            ("run", "thief", "--image=busybox"),
        }
        for arguments in refused:
            done = as_account(hub.cluster, viewer, place, *arguments)
            assert done.returncode != 0 and "orbidden" in done.stderr, (arguments, done)
            assert TOKEN not in done.stdout + done.stderr
        for arguments in (
            ("get", "pods", "-o", "yaml", "--show-managed-fields"),
            ("describe", "pod", name),
            ("logs", name),
            ("get", "events", "-o", "yaml"),
            ("get", "all,pvc,cm,sa", "-o", "yaml"),
        ):
            done = as_account(hub.cluster, viewer, place, *arguments)
            assert name in done.stdout or "started" in done.stdout, done.stderr
            assert TOKEN not in done.stdout + done.stderr


def as_account(
    cluster: Cluster, token: str, namespace: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """kubectl with nothing but a token."""
    view = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    server = view["clusters"][0]["cluster"]["server"]
    return subprocess.run(
        [
            str(cluster.places.bin / "kubectl"),
            *(
                "--kubeconfig=/dev/null",
                f"--server={server}",
                "--insecure-skip-tls-verify",
                f"--token={token}",
            ),
            *("-n", namespace, *arguments),
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )


# --- volumes ----------------------------------------------------------------------------------------------


def shell(hub: Hub, pod: dict[str, Any], command: str) -> str:
    metadata = pod["metadata"]
    return hub.cluster.kubectl(
        "exec", "-n", metadata["namespace"], metadata["name"], "--", "sh", "-c", command
    ).strip()


async def test_files_are_there_after_stop_start_rename_and_delete(hub: Hub) -> None:
    first = hub.spawner(server="first-name")
    async with hub.running(first) as pod:
        shell(hub, pod, "echo kept > /home/jovyan/file")
    async with hub.running(first) as pod:
        assert shell(hub, pod, "cat /home/jovyan/file") == "kept"
    stored = first.user_options
    assert stored["workspace"]["name"] == "first-name-workspace"
    await first.delete_forever()
    assert "first-name-workspace" in hub.names("pvc", PLACE)
    # under another name: what was stored names the volume; it is another notebook's now, so it is `existing`
    renamed = hub.spawner(server="second-name")
    async with hub.running(
        renamed, **stored | {"workspace": {"kind": "existing", "name": "first-name-workspace"}}
    ) as pod:
        assert shell(hub, pod, "cat /home/jovyan/file") == "kept"
    assert "second-name-workspace" not in hub.names("pvc", PLACE)


async def test_no_workspace_makes_no_volume(hub: Hub) -> None:
    spawner = hub.spawner(server="none")
    async with hub.running(spawner, workspace={"kind": "none"}) as pod:
        assert not [v for v in pod["spec"]["volumes"] if "persistentVolumeClaim" in v]
    assert "none-workspace" not in hub.names("pvc", PLACE)


async def test_any_number_of_data_volumes_each_with_its_mode_and_mount(hub: Hub) -> None:
    spawner = hub.spawner(server="many")
    hub.apply(PLACE, claim("mine-already", mode="ReadWriteMany"))
    there = spawner._watched("claims")
    assert there is not None
    await there.until(f"{PLACE}/mine-already", lambda: there.of(PLACE).get("mine-already"))
    rows = [
        {"kind": "new", "name": "one", "size": "1Gi", "mount": "/data/one"},
        {"kind": "new", "name": "two", "size": "2Gi", "mode": "ReadWriteMany"},
        {"kind": "new", "name": "three", "size": "3Gi", "mode": "ReadOnlyMany", "mount": "/mnt/three"},
        {"kind": "existing", "name": "mine-already", "mount": "/data/there"},
    ]
    async with hub.running(spawner, dataVolumes=rows) as pod:
        mounts = {one["mountPath"] for one in pod["spec"]["containers"][0]["volumeMounts"]}
        assert mounts >= {"/home/jovyan", "/data/one", "/home/jovyan/two", "/mnt/three", "/data/there"}
        assert (
            shell(hub, pod, "echo x > /data/one/f; echo $KFLAB_VOLUMES")
            == "/data/one:/home/jovyan/two:/mnt/three:/data/there"
        )
        for name, size, mode in (
            ("one", "1Gi", "ReadWriteOnce"),
            ("two", "2Gi", "ReadWriteMany"),
            ("three", "3Gi", "ReadOnlyMany"),
        ):
            found = hub.cluster.get("pvc", name, namespace=PLACE)
            assert found["spec"]["accessModes"] == [mode]
            assert found["spec"]["resources"]["requests"]["storage"] == size
            assert found["metadata"]["labels"] == {
                "app.kubernetes.io/part-of": "kfhub",
                "kfhub.io/owner": "spawner-ada",
            }


def claim(name: str, mode: str = "ReadWriteOnce", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}, **spec},
    }


async def test_a_size_that_shrinks_is_refused_and_one_that_grows_is_asked_for(hub: Hub) -> None:
    """The host-path class can't grow a volume: what is seen here is that the cluster was asked to."""
    spawner = hub.spawner(server="sizes")
    async with hub.running(spawner, workspace={"size": "2Gi"}):
        pass
    with pytest.raises(HTTPError, match="can't shrink") as refusal:
        await hub.ask(spawner, workspace={"size": "1Gi"})
    assert refusal.value.status_code == 400
    await wait_bound(hub, spawner, "sizes-workspace")
    with requests() as sent:
        async with hub.running(spawner, workspace={"size": "3Gi"}):
            assert [one.verb for one in sent if one.resource.startswith("persistentvolumeclaims")] == [
                "PATCH"
            ]
    found = hub.cluster.get("pvc", "sizes-workspace", namespace=PLACE)
    assert found["spec"]["resources"]["requests"]["storage"] == "3Gi"


async def wait_bound(hub: Hub, spawner: Any, name: str) -> None:
    await asyncio.to_thread(
        hub.cluster.wait_for, "jsonpath={.status.phase}=Bound", f"pvc/{name}", namespace=spawner.namespace
    )


async def test_a_volume_whose_class_cannot_grow_is_refused(hub: Hub) -> None:
    hub.apply("", storage_class("spawner-rigid", allowVolumeExpansion=False))
    spawner = hub.spawner(server="rigid")
    try:
        async with hub.running(spawner, workspace={"size": "1Gi", "storageClass": "spawner-rigid"}):
            pass
        with pytest.raises(HTTPError, match="can't make it larger"):
            await hub.ask(spawner, workspace={"size": "2Gi", "storageClass": "spawner-rigid"})
    finally:
        hub.cluster.kubectl("delete", "storageclass", "spawner-rigid")


def storage_class(name: str, **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "kubernetes.io/host-path",
        **more,
    }


async def test_a_volume_that_no_watch_has_told_of_yet_is_its_owners(hub: Hub) -> None:
    ada, bob = hub.spawner(server="blind"), hub.spawner("spawner-bob", "blind")
    await hub.ask(ada, dataVolumes=[{"name": "blind-data"}])
    spec = ada.notebook_spec
    assert spec is not None
    seen = ClusterView()  # nothing
    for owner in (ada.owner, ada.owner):
        await claims.prepare(ada.api.api_client, PLACE, spec, owner, seen, 5)
    with pytest.raises(ApiException) as refusal:
        await claims.prepare(ada.api.api_client, PLACE, spec, bob.owner, seen, 5)
    assert refusal.value.status == 409


# --- what else may be chosen ----------------------------------------------------------------------------


async def test_every_choice_reaches_the_pod(hub: Hub) -> None:
    hub.apply(
        PLACE,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "login"},
            "stringData": {"PASSWORD": "x y"},
        },
    )
    spawner = hub.spawner(server="chosen")
    async with hub.running(
        spawner,
        cpu="0.06",
        memory="32Mi",
        shm=True,
        affinity="this_node",
        tolerations="odd",
        configurations=["marked"],
        environment={"GREETING": "{username} $(HOME) {unclosed"},
        secrets=["login"],
    ) as pod:
        notebook = pod["spec"]["containers"][0]
        assert notebook["resources"] == {
            "requests": {"cpu": "60m", "memory": str(32 * 2**20)},
            "limits": {"cpu": "120m", "memory": str(32 * 2**20)},
        }
        assert shell(hub, pod, "echo $PASSWORD $MARK") == "x y 1"
        assert shell(hub, pod, 'echo "$GREETING"').startswith("{username} ")
        assert shell(hub, pod, 'echo "$GREETING"').endswith(" {unclosed")
        assert shell(hub, pod, "df -m /dev/shm | tail -1 | awk '{print $2}'") == "32"
        assert pod["metadata"]["labels"]["kfhub-test/marked"] == "yes"
        assert {"key": "kfhub-test/odd", "operator": "Exists"} in pod["spec"]["tolerations"]
        assert "nodeAffinity" in pod["spec"]["affinity"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gpu_node(hub: Hub) -> AsyncIterator[str]:
    name = "hollow-spawner"
    await asyncio.to_thread(hub.cluster.hollow_node, name, 2)
    try:
        yield name
    finally:
        hub.cluster.remove_hollow_node(name)


async def test_gpus_of_a_vendor_are_given_and_run_out(hub: Hub, gpu_node: str) -> None:
    options = {"gpu": {"vendor": "nvidia.com/gpu", "count": 2}, "tolerations": "hollow"}
    there = {"node_selector": {"kubernetes.io/hostname": gpu_node}}
    first = hub.spawner(server="gpu-one", **there)
    answers_nothing(first)
    async with hub.running(first, **options) as pod:
        assert pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"
        assert pod["spec"]["nodeName"] == gpu_node
        second = hub.spawner(server="gpu-two", start_timeout=20, fail_after=1, **there)
        failure = await hub.fails(second, **options)
        assert failure.diagnosis.code == "unschedulable"
        assert "GPU" in failure.jupyterhub_message or "nvidia.com/gpu" in failure.jupyterhub_message
        assert " 0 " in failure.jupyterhub_message


def answers_nothing(spawner: Any) -> None:
    """On a hollow node nothing runs: the hub's look at the port is left out."""

    async def at_once(url: str) -> None:
        return None

    spawner._until_it_answers = at_once


# --- teams ------------------------------------------------------------------------------------------------


async def test_members_share_a_namespace_and_take_nothing_of_each_other(hub: Hub) -> None:
    team = "team-spawner-vision"
    ada = hub.spawner("spawner-ada", "plan", groups=("spawner-vision",))
    bob = hub.spawner("spawner-bob", "plan", groups=("spawner-vision",))
    async with hub.running(ada, namespace=team):
        assert (
            hub.cluster.get("namespace", team)["metadata"]["annotations"]["kfhub.io/owner"]
            == "group:spawner-vision"
        )
        with pytest.raises(HTTPError, match="notebook of spawner-ada"):
            await hub.ask(bob, namespace=team)
        other = hub.spawner("spawner-bob", "other", groups=("spawner-vision",))
        with pytest.raises(HTTPError, match="belongs to spawner-ada"):
            await hub.ask(other, namespace=team, workspace={"kind": "existing", "name": "plan-workspace"})
        with pytest.raises(HTTPError, match="workspace of spawner-ada"):
            await hub.ask(
                other,
                namespace=team,
                dataVolumes=[{"kind": "existing", "name": "plan-workspace", "mount": "/data/x"}],
            )
        async with hub.running(other, namespace=team):
            assert len(hub.names("pods", team)) == 2
    eve = hub.spawner("spawner-eve")
    for place in (team, "user-spawner-ada", "team-nobody"):
        with pytest.raises(HTTPError) as refusal:
            await hub.ask(eve, namespace=place)
        assert refusal.value.status_code == 403
    with pytest.raises(HTTPError) as refusal:
        await hub.ask(eve, namespace="kube-system")
    assert refusal.value.status_code == 400
    with pytest.raises(CommandError):
        hub.cluster.get("namespace", "user-spawner-eve")


# --- ready ------------------------------------------------------------------------------------------------


async def test_nothing_is_listed_while_a_notebook_starts(hub: Hub) -> None:
    spawner = hub.spawner(server="quiet")
    await spawner.look()
    with requests() as sent:
        async with hub.running(spawner):
            assert [one for one in sent if one.verb in ("LIST", "WATCH", "GET")] == []


async def test_progress_tells_the_steps_and_ends(hub: Hub) -> None:
    spawner = hub.spawner(server="told")
    await hub.ask(spawner)
    start = spawner.start()
    told = [step async for step in spawner.progress()]
    await start
    await spawner.stop(now=True)
    assert [step["progress"] for step in told] == sorted(step["progress"] for step in told)
    assert all(one != following for one, following in pairwise(told))
    assert told[-1]["message"] == "Ready"


# --- last, since it takes away a rule that holds for the others --------------------------------------------


async def test_a_namespace_that_nobody_gave_the_hub_is_not_taken(hub: Hub) -> None:
    """Also where no admission policy says so: its rights alone would let it."""
    place = "user-spawner-foreign"
    hub.cluster.kubectl("create", "namespace", place)
    hub.namespaces.add(place)
    hub.cluster.kubectl(
        "delete", "validatingadmissionpolicybinding", "spawner-test-kfhub-hub", "--ignore-not-found"
    )
    failure = await hub.fails(hub.spawner("spawner-foreign"))
    assert place in failure.jupyterhub_message
    found = hub.cluster.get("namespace", place)["metadata"]
    assert "kfhub.io/owner" not in found.get("annotations", {})
    assert "kfhub.io/managed" not in found["labels"]
