"""What the policy allows holds for kubectl: run in a pod of a managed namespace, with its account default-editor.

The chart's policy is installed here under names and a label of its own, so a kfhub on the same cluster is not in the way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfspawner.admission import CONFIG_MAP, parameters
from kfspawner.policy import Policy
from tests.cluster.kube.busybox import NAME as BUSYBOX
from tests.cluster.kube.client import Cluster

CHART = Path(__file__).parents[2] / "helm" / "kfhub"
HUB, USER = "admission-hub", "admission-user"
LABEL = "kfhub-test/admission"
LISTED, OTHER, TRUSTED, CUSTOM = "acme.io/lab:1", "acme.io/lab:2", "acme.io/sidecar:1", "ghcr.io/acme/own:12"
BIG = {"key": "size", "value": "big", "effect": "NoSchedule"}
POLICY: dict[str, Any] = {
    "image": {"value": LISTED, "options": [LISTED, OTHER, BUSYBOX]},
    "trustedImages": [TRUSTED],
    "allowCustomImage": True,
    "customImagePatterns": [r"ghcr\.io/acme/[a-z]+:\d+", r"quay\.io/.+"],
    "tolerationGroup": {
        "options": [
            {"groupKey": "big", "tolerations": [BIG]},
        ]
    },
}
KUBECTL = "/tmp/kubectl"


def rules(tmp: Path, **changed: Any) -> Path:
    file = tmp / "policy.yaml"
    file.write_text(yaml.safe_dump({"spawnerFormDefaults": {**POLICY, **changed}}))
    return file


# --- what kinds there are, and how each holds a pod -----------------------------------------------------------

SELECTED = {"app": "x"}


def _selecting(version: str, **more: Any) -> Callable[[str, Any], dict[str, Any]]:
    def make(kind: str, spec: Any) -> dict[str, Any]:
        template = {"metadata": {"labels": SELECTED}, "spec": spec}
        content = {"selector": {"matchLabels": SELECTED}, "template": template, **more}
        return {"apiVersion": version, "kind": kind, "spec": content}

    return make


def _job(spec: Any) -> dict[str, Any]:
    return {"template": {"spec": {"restartPolicy": "Never", **spec}}}


KINDS: dict[str, Callable[[str, Any], dict[str, Any]]] = {
    "Pod": lambda kind, spec: {"apiVersion": "v1", "kind": kind, "spec": spec},
    "ReplicationController": lambda kind, spec: {
        "apiVersion": "v1",
        "kind": kind,
        "spec": {"selector": SELECTED, "template": {"metadata": {"labels": SELECTED}, "spec": spec}},
    },
    "Deployment": _selecting("apps/v1"),
    "ReplicaSet": _selecting("apps/v1"),
    "DaemonSet": _selecting("apps/v1"),
    "StatefulSet": _selecting("apps/v1", serviceName="x"),
    "Job": lambda kind, spec: {"apiVersion": "batch/v1", "kind": kind, "spec": _job(spec)},
    "CronJob": lambda kind, spec: {
        "apiVersion": "batch/v1",
        "kind": kind,
        "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": _job(spec)}},
    },
}
EDITOR_MAY_NOT = {"ReplicationController"}  # not among the rights of kfhub-edit; tried as an admin


def containing(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {**KINDS[kind](kind, spec), "metadata": {"name": name}}


def running(image: str, **more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "main", "image": image}], "terminationGracePeriodSeconds": 0, **more}


def beside(image: str) -> dict[str, dict[str, Any]]:
    """Where in a pod an image may stand besides its containers."""
    return {
        "container": running(image),
        "second container": {"containers": [{"name": "a", "image": LISTED}, {"name": "b", "image": image}]},
        "init container": running(LISTED, initContainers=[{"name": "first", "image": image}]),
        "image volume": running(LISTED, volumes=[{"name": "data", "image": {"reference": image}}]),
    }


# --- a place to try it -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """kubectl in a pod, as default-editor; `admin` is kubectl outside."""

    cluster: Cluster

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return self._kubectl("exec", "-i", "shell", "--", KUBECTL, *arguments, stdin=stdin)

    def admin(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return self._kubectl(*arguments, stdin=stdin)

    def _kubectl(self, *arguments: str, stdin: str | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.cluster.places.bin / "kubectl"), "-n", USER, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig)},
        )

    def create(self, manifest: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        run = self.admin if manifest["kind"] in EDITOR_MAY_NOT else self.run
        return run("create", "-f", "-", stdin=json.dumps(manifest))

    def tried(self, manifest: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Whether it would be taken; the policy makes no difference between accounts."""
        return self.admin("create", "-f", "-", "--dry-run=server", stdin=json.dumps(manifest))


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode != 0, done.stdout
    assert "denied request:" in done.stderr, done.stderr
    for part in said:
        assert part in done.stderr
    [_] = [line for line in done.stderr.splitlines() if "denied request" in line]


def allowed(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr


def eventually(what: Callable[[], bool]) -> None:
    """The API server reads policies from a cache that tells nobody when it is up to date."""
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.2)


def rendered(cluster: Cluster, template: str) -> list[dict[str, Any]]:
    text = cluster.helm(
        *(
            "template",
            "kfhub",
            str(CHART),
            "-n",
            HUB,
            "--kube-version",
            "1.34.0",
            "-s",
            f"templates/{template}",
        )
    )
    return [one for one in yaml.safe_load_all(text) if one]


def installed(cluster: Cluster) -> list[dict[str, Any]]:
    """The chart's policy and binding, and its role for editors, each under a name of this test."""
    policy, binding = rendered(cluster, "admission/image-policy.yaml")
    roles = {one["metadata"]["name"]: one for one in rendered(cluster, "rbac/roles.yaml")}
    editor = roles["kfhub-edit"]
    for one in (policy, binding, editor):
        one["metadata"] = {"name": f"admission-test-{one['metadata']['name']}"}
    binding["spec"]["policyName"] = policy["metadata"]["name"]
    binding["spec"]["matchResources"] = {"namespaceSelector": {"matchLabels": {LABEL: USER}}}
    unread = json.loads(json.dumps(binding))
    unread["metadata"]["name"] += "-unread"
    unread["spec"]["paramRef"]["name"] = "nowhere"
    unread["spec"]["matchResources"] = {"namespaceSelector": {"matchLabels": {LABEL: f"{USER}-unread"}}}
    return [policy, binding, unread, editor]


def follow(cluster: Cluster, file: Path) -> None:
    """What the hub's pod does at each start."""
    done = subprocess.run(
        [sys.executable, "-m", "kfspawner", "policy", "admission", str(file), "--apply", "--namespace", HUB],
        env={
            **os.environ,
            "KUBECONFIG": str(cluster.kubeconfig),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def namespace(name: str) -> dict[str, Any]:
    labels = {LABEL: name, "pod-security.kubernetes.io/enforce": "baseline"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


@pytest.fixture(scope="module")
def place(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if not cluster.own:
        pytest.skip("needs the harness's busybox on the node")
    made = installed(cluster)
    # stays, as with `helm uninstall`: without it the API server would read no ConfigMap for a policy after this one
    cluster.apply(rendered(cluster, "admission/parameters.yaml"))
    cluster.apply([namespace(HUB), namespace(USER), namespace(f"{USER}-unread"), *made])
    follow(cluster, rules(tmp_path_factory.mktemp("policy")))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default-editor"}}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "default-editor"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": made[-1]["metadata"]["name"],
        },
        "subjects": [{"kind": "ServiceAccount", "name": "default-editor", "namespace": USER}],
    }
    shell = running(BUSYBOX, serviceAccountName="default-editor")
    shell["containers"][0]["imagePullPolicy"] = "Never"
    place = Place(cluster)
    eventually(lambda: "denied request" in place.admin(*_one("nginx")).stderr)
    eventually(lambda: place.admin(*_one(LISTED)).returncode == 0)
    cluster.apply([account, binding, containing("Pod", "shell", shell)], USER)
    cluster.wait_for("condition=Ready", "pod/shell", namespace=USER)
    allowed(place.admin("cp", str((cluster.places.bin / "kubectl").resolve()), f"shell:{KUBECTL}"))
    yield place
    names = [f"{one['kind']}/{one['metadata']['name']}".lower() for one in made]
    cluster.kubectl("delete", *names, "--ignore-not-found")
    cluster.kubectl("delete", "namespace", HUB, USER, f"{USER}-unread")


def _one(image: str) -> tuple[str, ...]:
    return ("run", "x", f"--image={image}", "--dry-run=server")


# --- images ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", list(beside("")))
@pytest.mark.parametrize("kind", list(KINDS))
def test_an_image_that_isnt_allowed_is_refused_in_each_kind_of_workload(
    place: Place, knows_image_volumes: bool, kind: str, where: str
) -> None:
    if where == "image volume" and not knows_image_volumes:
        pytest.skip("this API server drops image volumes (feature gate ImageVolume)")
    refused(place.create(containing(kind, "x", beside("evil.io/miner:1")[where])), "evil.io/miner:1", LISTED)


@pytest.mark.parametrize("kind", list(KINDS))
def test_those_that_are_allowed_are_taken_in_each(place: Place, kind: str) -> None:
    spec = {
        "containers": [{"name": "a", "image": LISTED}, {"name": "b", "image": OTHER}],
        "initContainers": [{"name": "first", "image": TRUSTED}],
        "volumes": [{"name": "data", "image": {"reference": CUSTOM}}],
    }
    allowed(place.tried(containing(kind, "x", spec)))
    for image in (TRUSTED, CUSTOM):
        allowed(place.tried(containing(kind, "x", running(image))))


@pytest.fixture(scope="module")
def knows_image_volumes(place: Place) -> bool:
    manifest = containing("Pod", "x", beside(LISTED)["image volume"])
    done = place.admin("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(manifest))
    return "image" in json.loads(done.stdout)["spec"]["volumes"][0]


@pytest.mark.parametrize(
    "image",
    [
        "acme.io/lab",
        "docker.io/acme.io/lab:1",
        "acme.io/lab:1@sha256:" + "0" * 64,
        "evil.io/ghcr.io/acme/own:12",
        "ghcr.io/acme/own:12y",
        "ghcr.io/acme/Own:12",
        "ghcr.io/acme/own:1\n2",
        "quay.io/Own/lab",
        "quay.io/own/lab:1 2",
        "quay.io/" + "o" * 512,
    ],
)
def test_an_image_is_compared_as_it_is_written(place: Place, image: str) -> None:
    refused(place.tried(containing("Pod", "x", running(image))))


def test_kubectl_says_in_one_line_what_to_use_instead(place: Place) -> None:
    for command in (
        ("run", "x", "--image=nginx"),
        ("create", "deployment", "x", "--image=nginx"),
        ("create", "job", "x", "--image=nginx"),
        ("create", "cronjob", "x", "--image=nginx", "--schedule=0 0 1 1 *"),
    ):
        done = place.run(*command)
        refused(
            done,
            f"Image nginx isn't allowed here. Use one of: {LISTED}, {OTHER}, {BUSYBOX}; or one that matches",
        )


def test_a_huge_name_of_an_image_is_cut(place: Place) -> None:
    done = place.tried(containing("Pod", "x", running("n" * 5000)))
    refused(done, "n" * 200 + "…", LISTED)
    assert "n" * 201 not in done.stderr


def test_an_ephemeral_container_is_held_to_the_list_too(place: Place) -> None:
    refused(place.run("debug", "shell", "--image=nginx", "--container=bad"), "nginx", LISTED)
    allowed(place.run("debug", "shell", f"--image={LISTED}", "--container=good"))
    pod = json.loads(place.run("get", "pod", "shell", "-o", "json").stdout)
    assert [one["name"] for one in pod["spec"]["ephemeralContainers"]] == ["good"]


# --- tolerations and nodes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(KINDS))
def test_tolerations_are_those_that_the_admin_has_listed(place: Place, kind: str) -> None:
    allowed(place.tried(containing(kind, "x", running(LISTED, tolerations=[BIG]))))
    allowed(place.tried(containing(kind, "x", running(LISTED, tolerations=[{**BIG, "operator": "Equal"}]))))
    for other in ({"operator": "Exists"}, {**BIG, "value": "huge"}, {"key": "size", "operator": "Exists"}):
        done = place.tried(containing(kind, "x", running(LISTED, tolerations=[BIG, other])))
        refused(done, "Toleration", "isn't one that your admin allows")


def test_kubernetes_own_tolerations_are_fine(place: Place) -> None:
    soon = {
        "key": "node.kubernetes.io/not-ready",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 5,
    }
    allowed(place.tried(containing("Pod", "x", running(LISTED, tolerations=[soon]))))
    wrong = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"}
    refused(place.tried(containing("Pod", "x", running(LISTED, tolerations=[wrong]))))
    # the DaemonSet controller adds six of its own, and its pods come up
    spec = running(BUSYBOX)
    spec["containers"][0]["imagePullPolicy"] = "Never"
    allowed(place.create(containing("DaemonSet", "everywhere", spec)))
    allowed(place.admin("rollout", "status", "daemonset/everywhere", "--timeout=40s"))
    allowed(place.run("delete", "daemonset", "everywhere"))


def test_who_asks_for_a_gpu_may_tolerate_the_nodes_reserved_for_it(place: Place) -> None:
    free = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    spec = running(LISTED, tolerations=[free])
    refused(place.tried(containing("Pod", "x", spec)))
    spec["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": "1"}}
    allowed(place.tried(containing("Pod", "x", spec)))


@pytest.mark.parametrize("kind", list(KINDS))
def test_no_workload_goes_round_the_scheduler(place: Place, kind: str) -> None:
    done = place.tried(containing(kind, "x", running(LISTED, nodeName="node0")))
    refused(done, "nodeName node0", "nodeSelector")


def test_the_hub_may_name_a_node(place: Place) -> None:
    manifest = containing("Pod", "x", running(LISTED, nodeName="node0"))
    as_hub = ("--as", f"system:serviceaccount:{HUB}:hub", "--as-group", "system:masters")
    allowed(place.admin("create", "-f", "-", "--dry-run=server", *as_hub, stdin=json.dumps(manifest)))


# --- changes -------------------------------------------------------------------------------------------------------


def test_taking_an_image_off_the_list_jams_nothing_and_lets_nothing_new_in(
    place: Place, tmp_path: Path
) -> None:
    cluster = place.cluster
    before = running(OTHER, tolerations=[BIG])
    held = containing("Pod", "held", before)
    held["metadata"]["finalizers"] = ["kfhub-test/held"]
    try:
        for kind in ("Deployment", "StatefulSet", "CronJob"):
            allowed(place.create(containing(kind, "old", before)))
        allowed(place.create(held))
        cluster.wait_for("create", "pod", "-l", "app=x", namespace=USER)
        fewer = {"image": {"value": LISTED, "options": [LISTED, BUSYBOX]}, "tolerationGroup": {}}
        follow(cluster, rules(tmp_path, **fewer))
        eventually(lambda: place.admin(*_one(OTHER)).returncode != 0)

        for kind in ("deployment", "statefulset", "cronjob"):
            allowed(place.run("label", kind, "old", "seen=yes"))
        allowed(place.run("label", "pod", "held", "seen=yes"))
        allowed(place.run("scale", "deployment", "old", "--replicas=2"))
        refused(place.run("set", "image", "deployment/old", "main=nginx"), "nginx")
        # what stands in the object may move, and what has left it can't come back
        patch = {"spec": {"template": {"spec": {"initContainers": [{"name": "first", "image": OTHER}]}}}}
        allowed(place.run("patch", "statefulset", "old", "-p", json.dumps(patch)))
        allowed(place.run("set", "image", "cronjob/old", f"main={LISTED}"))
        refused(place.run("set", "image", "cronjob/old", f"main={OTHER}"), OTHER)
        # the second pod of the deployment is a new one
        cluster.wait_for("condition=ReplicaFailure", "deployment/old", namespace=USER)
        why = cluster.get("deployment", "old", namespace=USER)["status"]["conditions"]
        assert any(f"Image {OTHER} isn't allowed here" in one["message"] for one in why)
        # nothing holds up the end of a pod
        allowed(place.run("delete", "pod", "held", "--wait=false"))
        allowed(place.run("patch", "pod", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'))
        cluster.wait_for("delete", "pod/held", namespace=USER)
    finally:
        follow(cluster, rules(tmp_path))
        eventually(lambda: place.admin(*_one(OTHER)).returncode == 0)
        place.admin("patch", "pod", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        place.admin("delete", "--ignore-not-found", "deployment/old", "statefulset/old", "cronjob/old")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("Pod", "Job")])
def test_a_change_brings_no_image_or_toleration_in(place: Place, kind: str) -> None:
    manifest = containing(kind, "changed", running(LISTED))
    if "replicas" not in manifest["spec"] and kind not in ("DaemonSet", "CronJob"):
        manifest["spec"]["replicas"] = 0
    allowed(place.create(manifest))
    try:
        for spec, said in (
            (running("nginx"), "nginx"),
            (running(LISTED, tolerations=[{"operator": "Exists"}]), "Toleration"),
            (running(LISTED, nodeName="node0"), "nodeName"),
        ):
            patch = {"spec": containing(kind, "changed", spec)["spec"]}
            refused(place.admin("patch", kind.lower(), "changed", "-p", json.dumps(patch)), said)
    finally:
        place.admin("delete", kind.lower(), "changed")


def test_a_pod_gets_no_image_or_toleration_later(place: Place) -> None:
    image = {"spec": {"containers": [{"name": "main", "image": "nginx"}]}}
    refused(place.run("patch", "pod", "shell", "-p", json.dumps(image)), "nginx")
    pod = json.loads(place.run("get", "pod", "shell", "-o", "json").stdout)
    more = {"spec": {"tolerations": [*pod["spec"]["tolerations"], {"operator": "Exists"}]}}
    refused(place.run("patch", "pod", "shell", "--type=merge", "-p", json.dumps(more)), "Toleration")


# --- the policy itself ---------------------------------------------------------------------------------------------


def test_without_its_parameters_nothing_is_allowed(place: Place) -> None:
    manifest = json.dumps(containing("Pod", "x", running(LISTED)))

    def answer() -> str:
        return place.admin(
            "create", "-n", f"{USER}-unread", "--dry-run=server", "-f", "-", stdin=manifest
        ).stderr

    eventually(lambda: "no params found" in answer())


def test_editors_cant_change_what_holds_them(place: Place) -> None:
    for command in (
        ("patch", "configmap", CONFIG_MAP, "-n", HUB, "-p", '{"data":{"images":"nginx"}}'),
        ("label", "namespace", USER, f"{LABEL}-"),
        ("delete", "validatingadmissionpolicybinding", "admission-test-kfhub-image-policy"),
    ):
        done = place.run(*command)
        assert done.returncode != 0 and "(Forbidden)" in done.stderr


def test_the_api_server_finds_nothing_wrong_with_the_rules(place: Place) -> None:
    name = "admission-test-kfhub-image-policy"
    place.cluster.wait_for("jsonpath={.status.observedGeneration}", f"validatingadmissionpolicy/{name}")
    status = place.cluster.get("validatingadmissionpolicy", name)["status"]
    assert not status["typeChecking"].get("expressionWarnings")


def test_the_chart_binds_managed_namespaces_to_the_hubs_parameters(cluster: Cluster) -> None:
    _, binding = rendered(cluster, "admission/image-policy.yaml")
    assert binding["spec"] == {
        "policyName": "kfhub-image-policy",
        "validationActions": ["Deny"],
        "paramRef": {"name": CONFIG_MAP, "namespace": HUB, "parameterNotFoundAction": "Deny"},
        "matchResources": {"namespaceSelector": {"matchLabels": {"kfhub.io/managed": "true"}}},
    }


def test_long_lists_are_within_what_the_api_server_evaluates(place: Place, tmp_path: Path) -> None:
    options = [f"registry.acme.io/data-science/notebooks/{'x' * 30}:{n}" for n in range(200)]
    patterns = [rf"ghcr\.io/acme/{n}/[a-z0-9/-]+:[a-zA-Z0-9.-]+" for n in range(20)]
    file = rules(
        tmp_path,
        image={"value": LISTED, "options": [LISTED, OTHER, BUSYBOX, *options]},
        customImagePatterns=patterns,
    )
    try:
        follow(place.cluster, file)
        eventually(lambda: place.admin(*_one(options[0])).returncode == 0)
        images = [*options[-10:], *(f"ghcr.io/acme/19/{'y' * 100}:{n}" for n in range(10))]
        spec = {"containers": [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]}
        allowed(place.tried(containing("Deployment", "x", spec)))
        spec["containers"][19]["image"] = f"ghcr.io/acme/20/{'y' * 100}:1"
        refused(place.tried(containing("Deployment", "x", spec)), "ghcr.io/acme/20/", "and 198 more")
    finally:
        follow(place.cluster, rules(tmp_path))
        eventually(lambda: place.admin(*_one(CUSTOM)).returncode == 0)


def test_what_is_printed_is_what_is_applied(place: Place, tmp_path: Path) -> None:
    there = place.cluster.get("configmap", CONFIG_MAP, namespace=HUB)
    assert there["data"] == parameters(Policy.load(rules(tmp_path)).rules)["data"]
