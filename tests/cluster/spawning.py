"""KFSpawner in the test's own process, with the rights and under the rules that the chart gives its hub.

The hub's account here is `hub` in a namespace of these tests, bound as the chart binds it. What the spawner does
goes over the network with that account's token.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import kubernetes_asyncio.config
import kubespawner.spawner
import pytest
import yaml
from kubernetes_asyncio.client.rest import RESTClientObject
from traitlets.config import Config

import kfspawner.spawner
from kfspawner.admission import CONFIG_MAP, parameters
from kfspawner.manifests import MANAGED
from kfspawner.policy import Policy
from kfspawner.spawner import KFSpawner, NotStarted
from tests.cluster.kube.busybox import NAME as BUSYBOX
from tests.cluster.kube.client import Cluster, CommandError

CHART = Path(__file__).parents[2] / "helm" / "kfhub"
HOME = "spawner-hub"
HUB = f"system:serviceaccount:{HOME}:hub"
ROLES = ("kfhub-edit", "kfhub-view", "kfhub-hub", "kfhub-hub-namespace")
TOKEN = "the-token-of-the-hub-for-this-notebook"
SERVE = "echo started; exec httpd -f -p 8888 -h /tmp"
MISSING = "127.0.0.1:9/missing:1"  # nothing listens there


def policy(**changed: Any) -> dict[str, Any]:
    return {
        "image": {"value": BUSYBOX, "options": [BUSYBOX, MISSING]},
        "imagePullPolicy": {"value": "IfNotPresent"},
        "cpu": {"value": "0.05", "max": "64", "limitFactor": "2"},
        "memory": {"value": "16Mi", "max": "64Gi", "limitFactor": "1"},
        "gpus": {"max": 2, "value": {"vendors": [{"limitsKey": "nvidia.com/gpu", "uiName": "NVIDIA"}]}},
        "workspaceVolume": {
            "value": {
                "mount": "/home/jovyan",
                "newPvc": {
                    "metadata": {"name": "{notebook-name}-workspace"},
                    "spec": {
                        "resources": {"requests": {"storage": "1Gi"}},
                        "accessModes": ["ReadWriteOnce"],
                    },
                },
            }
        },
        "affinityConfig": {
            "options": [
                {
                    "configKey": "this_node",
                    "displayName": "The node",
                    "affinity": {
                        "nodeAffinity": {
                            "requiredDuringSchedulingIgnoredDuringExecution": {
                                "nodeSelectorTerms": [
                                    {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "Exists"}]}
                                ]
                            }
                        }
                    },
                }
            ]
        },
        "tolerationGroup": {
            "options": [
                {
                    "groupKey": "hollow",
                    "displayName": "Hollow nodes",
                    "tolerations": [{"key": "kfhub.io/hollow", "operator": "Exists"}],
                },
                {
                    "groupKey": "odd",
                    "displayName": "Odd nodes",
                    "tolerations": [{"key": "kfhub-test/odd", "operator": "Exists"}],
                },
            ]
        },
        "configurations": {
            "options": [
                {
                    "name": "marked",
                    "patch": {
                        "metadata": {"labels": {"kfhub-test/marked": "yes"}},
                        "spec": {
                            "containers": [{"name": "notebook", "env": [{"name": "MARK", "value": "1"}]}]
                        },
                    },
                },
            ]
        },
        "shm": {"value": False},
        **changed,
    }


class Spawner(KFSpawner):
    """Where the hub's namespace is told by a file in its pod, these tests say it."""

    def _namespace_default(self) -> str:
        return HOME


class Database:
    """JupyterHub's, of which a spawner needs only this."""

    def commit(self) -> None: ...


def hub_account(cluster: Cluster) -> list[dict[str, Any]]:
    """What the chart makes for its hub's account, for one in HOME and under names of these tests."""
    text = cluster.helm(
        *("template", "kfhub", str(CHART), "-n", HOME, "--kube-version", "1.34.0"),
        *("-s", "templates/rbac/roles.yaml", "-s", "templates/hub/admission.yaml"),
    )
    found = [one for one in yaml.safe_load_all(text) if one]
    for one in found:
        if one["kind"] == "ClusterRole":
            # as Helm marks its own, so that the chart can be installed beside
            one["metadata"]["annotations"] = {
                "meta.helm.sh/release-name": "kfhub",
                "meta.helm.sh/release-namespace": "kfhub",
            }
            continue
        one["metadata"]["name"] = f"spawner-test-{one['metadata']['name']}"
        if "policyName" in one.get("spec", {}):
            one["spec"]["policyName"] = f"spawner-test-{one['spec']['policyName']}"
    return found


@contextmanager
def hub(cluster: Cluster, folder: Path) -> Iterator[Path]:
    """The hub's kubeconfig."""
    there = cluster.kubectl("get", "clusterroles", "-o", "name").split()
    objects = [
        one
        for one in hub_account(cluster)
        if f"clusterrole.rbac.authorization.k8s.io/{one['metadata']['name']}" not in there
    ]
    cluster.apply(_namespace(HOME))
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "hub"}}, HOME)
    cluster.apply(objects)
    config = yaml.safe_load(cluster.kubectl("config", "view", "--raw", "--minify", "-o", "yaml"))
    token = cluster.kubectl("create", "token", "hub", "-n", HOME, "--duration=4h").strip()
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    try:
        yield path
    finally:
        cluster.kubectl(
            "delete", "--wait=false", "--ignore-not-found", "-f", "-", input=json.dumps(_list(objects))
        )
        cluster.kubectl("delete", "namespace", HOME, "--wait=false")


@contextmanager
def allowed(cluster: Cluster, rules: Policy) -> Iterator[None]:
    """Where the chart is installed its rule for images holds here too: these tests' images are put on its list, and
    its hub, which would write its own policy there again at each start, rests meanwhile."""
    try:
        before = cluster.get("configmap", CONFIG_MAP, namespace="kfhub")
    except CommandError:
        yield
        return
    rest = ("scale", "deployment/hub", "-n", "kfhub")
    cluster.kubectl(*rest, "--replicas=0")
    cluster.kubectl("rollout", "status", "-n", "kfhub", "deployment/hub", "--timeout=60s", timeout=90)
    mine = parameters(rules.rules)["data"]
    cluster.kubectl("patch", "configmap", CONFIG_MAP, "-n", "kfhub", "-p", json.dumps({"data": mine}))
    try:
        _wait_until_allowed(cluster)
        yield
    finally:
        data = json.dumps({"data": before["data"]})
        cluster.kubectl("patch", "configmap", CONFIG_MAP, "-n", "kfhub", "-p", data)
        cluster.kubectl(*rest, "--replicas=1")
        cluster.kubectl("rollout", "status", "-n", "kfhub", "deployment/hub", "--timeout=120s", timeout=150)


def _wait_until_allowed(cluster: Cluster) -> None:
    """The API server reads the list from a cache that tells nobody when it is up to date."""
    trial = "user-spawner-trial"
    cluster.apply(_namespace(trial) | {"metadata": {"name": trial, "labels": {MANAGED: "true"}}})
    run = ("run", "trial", f"--image={BUSYBOX}", "-n", trial, "--dry-run=server")
    end = time.monotonic() + 30
    try:
        while True:
            try:
                cluster.kubectl(*run)
                return
            except CommandError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
    finally:
        cluster.kubectl("delete", "namespace", trial, "--wait=false")


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _list(objects: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": objects}


class Hub:
    """Makes spawners as JupyterHub does, and sends requests to them."""

    def __init__(self, cluster: Cluster, policy_file: Path) -> None:
        self.cluster = cluster
        self.policy_file = policy_file
        self.namespaces: set[str] = set()

    def spawner(
        self, user: str = "spawner-ada", server: str = "", groups: tuple[str, ...] = (), **traits: Any
    ) -> Spawner:
        found: Spawner = Spawner(
            config=Config(
                {
                    "KFSpawner": {
                        "policy_file": str(self.policy_file),
                        "cmd": ["sh", "-c", SERVE],
                        "start_timeout": 60,
                        **traits,
                    }
                }
            ),
            user=SimpleNamespace(
                name=user,
                id=1,
                url=f"/user/{user}",
                groups=[SimpleNamespace(name=group) for group in groups],
                admin=False,
                escaped_name=user,
                settings={},
            ),
            hub=SimpleNamespace(
                public_host="",
                url="http://10.77.0.1:8081",
                base_url="/hub/",
                api_url="http://10.77.0.1:8081/hub/api",
            ),
            orm_spawner=SimpleNamespace(name=server, user_options=None, state=None, server=None),
            db=Database(),
        )
        found.api_token = TOKEN
        return found

    async def ask(self, spawner: Spawner, **options: Any) -> None:
        """A request by the REST API, up to the start. Raises what JupyterHub answers with."""
        spawner._spawn_future = asyncio.get_running_loop().create_future()
        await spawner.apply_user_options(spawner, options)
        self.namespaces.add(spawner.namespace)

    async def start(self, spawner: Spawner, **options: Any) -> str:
        await self.ask(spawner, **options)
        try:
            return str(await asyncio.wait_for(spawner.start(), spawner.start_timeout))
        except TimeoutError:
            await spawner.stop()
            raise

    async def fails(self, spawner: Spawner, **options: Any) -> NotStarted:
        """How a start fails that leaves nothing behind but volumes."""
        await self.ask(spawner, **options)
        return await self.fails_now(spawner)

    async def fails_now(self, spawner: Spawner) -> NotStarted:
        """The same after `ask`."""
        place = spawner.namespace
        with pytest.raises(NotStarted) as caught:
            await asyncio.wait_for(spawner.start(), spawner.start_timeout)
        found = caught.value
        assert found.diagnosis.failed, found
        assert found.jupyterhub_message == f"{found.diagnosis.sentence} {found.diagnosis.next_step}"
        assert spawner.pod_name not in self.names("pods", place)
        # its owner is gone: the cluster takes the Secret away
        self.cluster.wait_for("delete", f"secret/{spawner._token_secret}", namespace=place, seconds=30)
        assert await spawner.poll() is not None
        return found

    def names(self, kind: str, namespace: str, selector: str = "") -> list[str]:
        picked = ["-l", selector] if selector else []
        found = self.cluster.get(kind, *picked, namespace=namespace)
        return sorted(item["metadata"]["name"] for item in found["items"])

    def apply(self, namespace: str, *manifests: Mapping[str, Any]) -> None:
        self.cluster.apply(list(manifests), namespace)

    @asynccontextmanager
    async def running(self, spawner: Spawner, **options: Any) -> AsyncIterator[dict[str, Any]]:
        """The pod of a started notebook."""
        await self.start(spawner, **options)
        try:
            yield self.cluster.get("pod", spawner.pod_name, namespace=spawner.namespace)
        finally:
            await spawner.stop(now=True)


@dataclass(frozen=True)
class Sent:
    """One request to the API server."""

    verb: str
    path: str

    @property
    def resource(self) -> str:
        """`namespaces`, `pods`, `rolebindings`, …, with the name where there is one."""
        parts = self.path.partition("v1/")[2].split("/")
        if parts[0] == "namespaces" and len(parts) > 2:
            parts = parts[2:]
        return "/".join(parts)


@contextmanager
def requests() -> Iterator[list[Sent]]:
    """What is sent meanwhile; the verb of a list is LIST, of a watch WATCH."""
    sent: list[Sent] = []
    plain = RESTClientObject.request

    async def request(
        self: Any, method: str, url: str, query_params: Any = None, *rest: Any, **more: Any
    ) -> Any:
        query = dict(query_params or ())
        path = urlsplit(url).path
        verb = method
        if method == "GET":
            verb = "WATCH" if str(query.get("watch")).lower() == "true" else "GET"
            verb = "LIST" if verb == "GET" and "resourceVersion" in query else verb
        sent.append(Sent(verb, path))
        return await plain(self, method, url, query_params, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RESTClientObject, "request", request)
        yield sent


def writes(sent: list[Sent]) -> list[Sent]:
    return [one for one in sent if one.verb not in ("GET", "LIST", "WATCH")]


async def connect(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What KubeSpawner's load_config does in a hub, for this kubeconfig."""
    await kubernetes_asyncio.config.load_kube_config(config_file=str(kubeconfig))
    for module in (kubespawner.spawner, kfspawner.spawner):
        monkeypatch.setattr(module, "load_config", lambda **_: None)


@asynccontextmanager
async def connected(cluster: Cluster, folder: Path) -> AsyncIterator[Hub]:
    """A hub that is gone afterwards, with the namespaces that it made."""
    there = cluster.kubectl("get", "namespaces", "-o", "name").split()
    left = [name for name in there if "-spawner-" in name or name == f"namespace/{HOME}"]
    if left:  # of a session before this one, perhaps on their way out already; waits until they are gone
        cluster.kubectl("delete", "--ignore-not-found", *left)
    file = folder / "spawner_ui_config.yaml"
    file.write_text(yaml.safe_dump({"spawnerFormDefaults": policy()}))
    with (
        hub(cluster, folder) as kubeconfig,
        pytest.MonkeyPatch.context() as patch,
        allowed(cluster, Policy.load(file)),
    ):
        await connect(kubeconfig, patch)
        made = Hub(cluster, file)
        try:
            yield made
        finally:
            await Spawner._stop_all_reflectors()
            cluster.kubectl("delete", "namespace", "--wait=false", "--ignore-not-found", *made.namespaces)
