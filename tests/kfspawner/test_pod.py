"""What a request adds to KubeSpawner's pod, without loss of what an admin has set for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.client.models import V1Container, V1Pod
from kubespawner.objects import make_pod

from kfspawner.manifests import PodParts
from kfspawner.pod import dress

AFFINITY = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "kubernetes.io/hostname"}]
    }
}
NOTHING = PodParts(labels={}, volumes=[], mounts=[])
ALL = PodParts(
    labels={"kfhub.io/owner": "ada"},
    volumes=[{"name": "workspace", "persistentVolumeClaim": {"claimName": "w"}}],
    mounts=[{"name": "workspace", "mountPath": "/home/jovyan"}],
    env_from=[{"secretRef": {"name": "login"}}],
    devices={"nvidia.com/gpu": "1"},
    affinity=AFFINITY,
    tolerations=[{"key": "a"}],
)
PATCH = {
    "metadata": {"annotations": {"patched": "yes"}},
    "spec": {"containers": [{"name": "notebook", "env": [{"name": "B", "value": "2"}]}]},
}


@pytest.fixture
async def client() -> AsyncIterator[ApiClient]:
    async with ApiClient(Configuration(host="https://127.0.0.1:9")) as client:
        yield client


def stock() -> V1Pod:
    """A pod with something of an admin's in each place that a request adds to."""
    return make_pod(
        name="jupyter-ada",
        cmd=["jupyterhub-singleuser"],
        port=8888,
        image="acme.io/lab:1",
        image_pull_policy="IfNotPresent",
        env={"A": "1"},
        labels={"theirs": "1"},
        volumes=[{"name": "admin", "emptyDir": {}}],
        volume_mounts=[{"name": "admin", "mountPath": "/admin"}],
        tolerations=[{"key": "admin"}],
        extra_containers=[{"name": "side", "image": "acme.io/side:1"}],
        extra_resource_limits={"example.com/device": "1"},
        extra_container_config={"envFrom": [{"configMapRef": {"name": "admin"}}]},
        mem_limit=2**30,
    )


def plain(client: ApiClient, pod: V1Pod) -> dict[str, Any]:
    found: dict[str, Any] = client.sanitize_for_serialization(pod)
    return found


async def test_what_a_request_adds_stands_beside_what_an_admin_has_set(client: ApiClient) -> None:
    pod = plain(client, dress(stock(), ALL, client))
    notebook, side = pod["spec"]["containers"]
    assert pod["metadata"]["labels"] == {"theirs": "1", "kfhub.io/owner": "ada"}
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["admin", "workspace"]
    assert [mount["mountPath"] for mount in notebook["volumeMounts"]] == ["/admin", "/home/jovyan"]
    assert [toleration["key"] for toleration in pod["spec"]["tolerations"]] == ["admin", "a"]
    assert notebook["resources"]["limits"] == {
        "example.com/device": "1",
        "memory": 2**30,
        "nvidia.com/gpu": "1",
    }
    assert notebook["envFrom"] == [{"configMapRef": {"name": "admin"}}, {"secretRef": {"name": "login"}}]
    assert notebook["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert pod["spec"]["affinity"] == AFFINITY
    assert side == {"name": "side", "image": "acme.io/side:1"}


async def test_a_request_that_asks_for_nothing_changes_nothing(client: ApiClient) -> None:
    pod, before = dress(stock(), NOTHING, client), plain(client, stock())
    before["spec"]["containers"][0]["terminationMessagePolicy"] = "FallbackToLogsOnError"
    assert plain(client, pod) == before


@pytest.mark.parametrize("patches", [(), (PATCH,), (PATCH, {"spec": {"priorityClassName": "high"}})])
async def test_it_stays_a_model_for_the_admins_hook(client: ApiClient, patches: Any) -> None:
    pod = dress(stock(), replace(ALL, patches=patches), client)
    assert isinstance(pod, V1Pod) and isinstance(pod.spec.containers[0], V1Container)
    pod.spec.containers[0].image = "acme.io/other:1"
    assert plain(client, pod)["spec"]["containers"][0]["image"] == "acme.io/other:1"


async def test_patches_come_last_and_keep_the_rest(client: ApiClient) -> None:
    without = plain(client, dress(stock(), ALL, client))
    patched = plain(client, dress(stock(), replace(ALL, patches=(PATCH,)), client))
    assert patched["spec"]["containers"][0].pop("env") == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "2"},
    ]
    assert patched["metadata"].pop("annotations") == {"patched": "yes"}
    without["spec"]["containers"][0].pop("env")
    without["metadata"].pop("annotations", None)
    # numbers and texts of an amount are the same to Kubernetes
    assert patched["spec"]["containers"][0].pop("resources")["limits"]["nvidia.com/gpu"] == "1"
    without["spec"]["containers"][0].pop("resources")
    assert patched == without
