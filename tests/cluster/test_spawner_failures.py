"""A start that can't succeed ends at once, in a sentence that says why, and leaves nothing but volumes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio
from tornado.web import HTTPError

from tests.cluster.kube import hollow
from tests.cluster.kube.busybox import NAME as BUSYBOX
from tests.cluster.kube.client import Cluster, CommandError
from tests.cluster.spawning import MISSING, Hub, Spawner, connected

pytestmark = pytest.mark.asyncio(loop_scope="module")

USER = "spawner-eve"
PLACE = f"user-{USER}"
SOON = {"start_timeout": 20, "fail_after": 1}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    async with (
        connected(cluster, tmp_path_factory.mktemp("hub")) as found,
        found.running(found.spawner(USER, "works")),
    ):
        yield found


def eve(hub: Hub, server: str = "fails", **traits: Any) -> Spawner:
    return hub.spawner(USER, server, **SOON | traits)


async def test_an_image_that_is_not_there(hub: Hub) -> None:
    def never(_: object, pod: Any) -> Any:
        pod.spec.containers[0].image_pull_policy = "Never"
        return pod

    failure = await hub.fails(eve(hub, modify_pod_hook=never), image=MISSING)
    assert failure.diagnosis.code == "image_not_found"
    assert MISSING in failure.jupyterhub_message
    assert "fails-workspace" in hub.names("pvc", PLACE)


async def test_a_registry_that_does_not_answer(hub: Hub) -> None:
    failure = await hub.fails(eve(hub), image=MISSING)
    assert failure.diagnosis.code == "image_unreachable"
    assert MISSING in failure.jupyterhub_message


async def test_a_notebook_that_crashes_again_and_again(hub: Hub) -> None:
    crash = ["sh", "-c", "echo no such table >&2; exit 3"]
    failure = await hub.fails(eve(hub, cmd=crash))
    assert failure.diagnosis.code == "crash_loop"
    assert "no such table" in failure.diagnosis.cause and "exit code 3" in failure.diagnosis.cause


async def test_more_cpu_than_any_node_has(hub: Hub) -> None:
    failure = await hub.fails(eve(hub), cpu="32")
    assert failure.diagnosis.code == "unschedulable"
    assert "CPU" in failure.diagnosis.sentence


async def test_a_gpu_where_there_is_none(hub: Hub) -> None:
    failure = await hub.fails(eve(hub), gpu={"vendor": "nvidia.com/gpu", "count": 1})
    assert failure.diagnosis.code == "unschedulable"
    assert "nvidia.com/gpu" in failure.diagnosis.sentence


async def test_a_quota_that_was_filled_between_check_and_start(hub: Hub) -> None:
    spawner = eve(hub)
    await hub.ask(spawner)
    hub.apply(
        PLACE, *(reserving(f"greedy-{number}", "125") for number in (1, 2)), reserving("greedy-3", "5950m")
    )
    try:
        failure = await hub.fails_now(spawner)
        assert failure.diagnosis.code == "quota"
        assert "CPU" in failure.jupyterhub_message
        # and the next request is refused before anything is made
        quotas = spawner._watched("quotas")
        assert quotas is not None
        await quotas.until(
            f"{PLACE}/kfhub",
            lambda: (quotas.resources[f"{PLACE}/kfhub"]["status"]["used"]["requests.cpu"] == "256") or None,
        )
        with pytest.raises(HTTPError, match="quota of user-spawner-eve leaves: 0 CPU of 256 CPU free"):
            await hub.ask(eve(hub, "another"))
        # what the notebook itself uses is no obstacle to starting it again
        await hub.ask(eve(hub, "works"))
    finally:
        hub.cluster.kubectl(
            "delete", "pod", "-n", PLACE, "--grace-period=0", "greedy-1", "greedy-2", "greedy-3"
        )


def reserving(name: str, cpu: str) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": BUSYBOX,
        "resources": {"requests": {"cpu": cpu}, "limits": {"cpu": cpu}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [container], "nodeSelector": {"no": "node"}},
    }


async def test_a_limit_of_the_namespace(hub: Hub) -> None:
    tight = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "tight"},
        "spec": {"limits": [{"type": "Container", "max": {"cpu": "10m"}}]},
    }
    hub.apply(PLACE, tight)
    try:
        failure = await hub.fails(eve(hub))
    finally:
        hub.cluster.kubectl("delete", "limitrange", "tight", "-n", PLACE)
    assert failure.diagnosis.code == "limit_range"


async def test_a_volume_that_nobody_makes(hub: Hub) -> None:
    nobody = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "spawner-nobody"},
        "provisioner": "kubernetes.io/no-provisioner",
    }
    hub.cluster.apply(nobody)
    try:
        failure = await hub.fails(eve(hub, "pending"), workspace={"storageClass": "spawner-nobody"})
    finally:
        hub.cluster.kubectl("delete", "storageclass", "spawner-nobody")
    assert failure.diagnosis.code == "volume_pending"
    assert "pending-workspace" in failure.jupyterhub_message
    assert "pending-workspace" in hub.names("pvc", PLACE)


async def test_a_class_that_does_not_exist(hub: Hub) -> None:
    failure = await hub.fails(eve(hub, "classless"), workspace={"storageClass": "spawner-absent"})
    assert failure.diagnosis.code == "volume_class"
    assert "spawner-absent" in failure.jupyterhub_message
    assert "classless-workspace" in hub.names("pvc", PLACE)


async def test_a_notebook_that_runs_out_of_memory(hub: Hub) -> None:
    failure = await hub.fails(eve(hub, cmd=["sh", "-c", "tail /dev/zero"]), memory="16Mi")
    assert failure.diagnosis.code == "out_of_memory"
    assert "16 MiB" in failure.jupyterhub_message


async def test_an_image_without_the_program(hub: Hub) -> None:
    failure = await hub.fails(eve(hub, cmd=["jupyterhub-singleuser"]))
    assert failure.diagnosis.code == "no_singleuser"


async def test_a_program_that_never_answers(hub: Hub) -> None:
    failure = await hub.fails(eve(hub, cmd=["sleep", "inf"], http_timeout=1))
    assert "port 8888" in failure.jupyterhub_message


async def test_a_secret_that_is_missing(hub: Hub) -> None:
    failure = await hub.fails(eve(hub), secrets=["spawner-absent"])
    assert failure.diagnosis.code == "missing_reference"
    assert "spawner-absent" in failure.jupyterhub_message


async def test_a_pod_that_a_rule_of_the_cluster_refuses(hub: Hub) -> None:
    with refusing(hub):
        failure = await hub.fails(eve(hub))
    assert failure.diagnosis.code == "admission"
    assert "not on a Tuesday" in failure.jupyterhub_message + failure.diagnosis.cause


@contextmanager
def refusing(hub: Hub) -> Iterator[None]:
    name = "spawner-test-tuesday"
    group = "admissionregistration.k8s.io/v1"
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": PLACE}}}
    policy = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": rules},
            "validations": [{"expression": "false", "message": "not on a Tuesday"}],
        },
    }
    binding = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"], "matchResources": here},
    }
    hub.cluster.apply([policy, binding])
    try:
        until_refused(hub.cluster, True)
        yield
    finally:
        hub.cluster.kubectl(
            "delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", name, "--wait=false"
        )
        until_refused(hub.cluster, False)


def until_refused(cluster: Cluster, refused: bool) -> None:
    """The API server reads policies from a cache that tells nobody when it is up to date."""
    trial = json.dumps(reserving("trial", "1m"))
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            cluster.kubectl("create", "--dry-run=server", "-n", PLACE, "-f", "-", input=trial)
            now = False
        except CommandError as error:
            now = "Tuesday" in str(error)
        if now is refused:
            return
        time.sleep(0.2)
    pytest.fail(f"the policy is {'not yet' if refused else 'still'} in force")


async def meanwhile(start: asyncio.Future[Any], event: Coroutine[Any, Any, Any]) -> None:
    """Waits for the event, or raises what ends the start before it."""
    waited = asyncio.ensure_future(event)
    await asyncio.wait({start, waited}, return_when=asyncio.FIRST_COMPLETED)
    if not waited.done():
        waited.cancel()
        await start
        pytest.fail("the start ended before")


async def test_a_pod_that_is_deleted_while_it_starts(hub: Hub) -> None:
    spawner = eve(hub, cmd=["sleep", "inf"])
    await hub.ask(spawner)
    pods = await spawner._start_watching_pods()
    start = asyncio.ensure_future(hub.fails_now(spawner))
    await meanwhile(start, pods.until(spawner._key, lambda: pods.resources.get(spawner._key)))
    await asyncio.to_thread(
        hub.cluster.kubectl, "delete", "pod", spawner.pod_name, "-n", PLACE, "--grace-period=0", "--force"
    )
    assert "deleted" in (await start).jupyterhub_message


async def test_a_node_that_is_lost(hub: Hub) -> None:
    cluster = hub.cluster
    name = "hollow-spawner-lost"
    await asyncio.to_thread(cluster.hollow_node, name)
    try:
        hollow.stop(cluster.places, name)  # the cluster doesn't know yet, and gives it the pod
        # which hears of it from the node's controller, after its 50 s
        spawner = eve(hub, node_selector={"kubernetes.io/hostname": name}, start_timeout=120)
        await hub.ask(spawner, tolerations="hollow")
        failure = await hub.fails_now(spawner)
    finally:
        cluster.remove_hollow_node(name)
    assert failure.diagnosis.code == "node_lost"
    assert name in failure.jupyterhub_message


async def test_the_next_start_works(hub: Hub) -> None:
    """After all of that, with the same volume."""
    async with hub.running(eve(hub)) as pod:
        assert pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] == "fails-workspace"
