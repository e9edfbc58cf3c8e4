"""Every failure of a start is told in one sentence, with its cause and what to do, and ends it when it's final."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfspawner.diagnosis import GRACE, Diagnosis, diagnose, from_api_error, steps

Pod = dict[str, Any]


def pod(
    status: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
    *,
    requests: dict[str, str] | None = None,
    limits: dict[str, str] | None = None,
    last: dict[str, Any] | None = None,
    restarts: int = 0,
    **spec: Any,
) -> Pod:
    """A notebook's pod as the API returns it; `state` is that of its container."""
    container = {
        "name": "notebook",
        "image": "acme.io/lab:1",
        "args": ["jupyterhub-singleuser"],
        "resources": {"requests": requests or {"cpu": "500m", "memory": "1Gi"}, "limits": limits or {}},
    }
    found: Pod = {
        "metadata": {
            "name": "jupyter-alice",
            "namespace": "user-alice",
            "uid": "1",
            "creationTimestamp": "2026-11-24T10:00:00Z",
        },
        "spec": {"containers": [container], "restartPolicy": "OnFailure", **spec},
        "status": {"phase": "Pending", **(status or {})},
    }
    if state is not None:
        found["spec"].setdefault("nodeName", "node0")
        found["status"]["containerStatuses"] = [
            {
                "name": "notebook",
                "image": "acme.io/lab:1",
                "ready": False,
                "restartCount": restarts,
                "state": state,
                "lastState": {"terminated": last} if last else {},
            }
        ]
    return found


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def event(reason: str, message: str = "", kind: str = "Pod", name: str = "jupyter-alice", **more: Any) -> Pod:
    return {
        "involvedObject": {"kind": kind, "name": name, "namespace": "user-alice"},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": "2026-11-24T10:00:05Z",
        **more,
    }


def found(*args: Any, **more: Any) -> Diagnosis:
    result = diagnose(*args, **more)
    assert result is not None
    whole_and_plain(result)
    return result


def whole_and_plain(result: Diagnosis) -> None:
    for said in (result.sentence, result.cause, result.next_step):
        assert said.strip() and said.isprintable() and len(said) < 2000
    assert result.sentence[0].isupper() or result.code == "admission"


# --- images ---------------------------------------------------------------------------------------

NOT_FOUND = (
    'rpc error: code = NotFound desc = failed to pull and unpack image "acme.io/lab:1": failed to resolve'
    ' reference "acme.io/lab:1": acme.io/lab:1: not found'
)
DENIED = (
    'failed to pull and unpack image "docker.io/acme/lab:1": failed to resolve reference "docker.io/acme/lab:1":'
    " pull access denied, repository does not exist or may require authorization: server message:"
    " insufficient_scope: authorization failed"
)
UNREACHABLE = (
    'failed to pull and unpack image "acme.io/lab:1": failed to resolve reference "acme.io/lab:1": failed to do'
    ' request: Head "https://acme.io/v2/lab/manifests/1": dial tcp: lookup acme.io on 10.77.0.1:53: no such host'
)


@pytest.mark.parametrize(
    ("reason", "message", "code", "failed"),
    [
        ("ErrImagePull", NOT_FOUND, "image_not_found", True),
        ("ErrImagePull", "manifest unknown", "image_not_found", True),
        ("ErrImageNeverPull", "Container image is not present with pull policy of Never", "image_not_found", True),
        ("ErrImagePull", DENIED, "image_denied", True),
        ("ErrImagePull", "unexpected status from HEAD request: 401 Unauthorized", "image_denied", True),
        ("ErrImagePull", UNREACHABLE, "image_unreachable", False),
        ("ErrImagePull", 'failed to resolve reference "acme.io/lab:1": failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden', "image_denied", True),
        ("ErrImagePull", "pulling from host acme.io failed with status code [manifests 1]: 503 Service Unavailable", "image_unreachable", False),
        ("ErrImagePull", "toomanyrequests: You have reached your pull rate limit", "image_unreachable", False),
        ("InvalidImageName", 'couldn\'t parse image name "A:B:C": invalid reference format', "image_name", True),
        ("ErrImagePull", "no space left on device", "image_pull", False),
        ("ImagePullBackOff", f'Back-off pulling image "acme.io/lab:1": ErrImagePull: {NOT_FOUND}', "image_not_found", True),
        ("ImagePullBackOff", 'Back-off pulling image "acme.io/lab:1"', "image_pull", True),
    ],
)  # fmt: skip
def test_an_image_that_cant_be_pulled(reason: str, message: str, code: str, failed: bool) -> None:
    result = found(pod(state=waiting(reason, message)), [])
    assert (result.code, result.failed) == (code, failed)
    assert "acme.io/lab:1" in result.sentence


def test_words_in_a_name_are_not_taken_for_the_cause() -> None:
    message = 'failed to pull "acme.io/forbidden:401": acme.io/forbidden:401: not found'
    stuck = pod(state=waiting("ErrImagePull", message))
    stuck["status"]["containerStatuses"][0]["image"] = "acme.io/forbidden:401"
    assert found(stuck, []).code == "image_not_found"


def test_a_registry_out_of_reach_is_waited_for_a_while() -> None:
    stuck = pod(state=waiting("ImagePullBackOff", f"Back-off pulling image: ErrImagePull: {UNREACHABLE}"))
    assert not found(stuck, [], waited=GRACE - 1).failed
    assert found(stuck, [], waited=GRACE).failed


def test_an_old_kubelet_tells_the_cause_of_a_back_off_in_an_event() -> None:
    stuck = pod(state=waiting("ImagePullBackOff", 'Back-off pulling image "acme.io/lab:1"'))
    result = found(stuck, [event("Failed", f'Failed to pull image "acme.io/lab:1": {DENIED}')])
    assert result.code == "image_denied"


# --- containers -----------------------------------------------------------------------------------

NO_PROGRAM = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed:"
    " unable to start container process: error during container init: exec: "
    '"jupyterhub-singleuser": executable file not found in $PATH: unknown'
)


@pytest.mark.parametrize(
    ("state", "log"),
    [
        ({"terminated": {"reason": "StartError", "exitCode": 128, "message": NO_PROGRAM}}, ""),
        (waiting("RunContainerError", NO_PROGRAM), ""),
        (waiting("CreateContainerError", "executable file `jupyterhub-singleuser` not found in $PATH: No such file"), ""),
        ({"terminated": {"reason": "Error", "exitCode": 127}}, "/bin/sh: 1: jupyterhub-singleuser: not found\n"),
        ({"terminated": {"reason": "Error", "exitCode": 127}}, "bash: line 1: jupyterhub-singleuser: command not found"),
        ({"terminated": {"reason": "Error", "exitCode": 127}}, "[FATAL tini (7)] exec jupyterhub-singleuser failed: No such file or directory"),
    ],
)  # fmt: skip
def test_an_image_without_the_notebooks_program(state: dict[str, Any], log: str) -> None:
    result = found(pod(state=state), [], log=log)
    assert (result.code, result.failed) == ("no_singleuser", True)
    assert "jupyterhub-singleuser" in result.sentence


def test_a_crash_loop_ends_the_start_and_shows_the_end_of_the_log() -> None:
    crash = {"reason": "Error", "exitCode": 1}
    first = found(pod(state={"terminated": crash}), [])
    assert (first.code, first.failed) == ("crashed", False)
    loop = pod(state=waiting("CrashLoopBackOff", "back-off 20s restarting failed"), last=crash, restarts=2)
    result = found(loop, [], log="starting\nPermissionError: /home/jovyan\n")
    assert (result.code, result.failed) == ("crash_loop", True)
    assert "3 starts" in result.sentence
    assert "exit code 1" in result.cause and "PermissionError: /home/jovyan" in result.cause


def test_a_container_that_ran_out_of_memory() -> None:
    killed = {"reason": "OOMKilled", "exitCode": 137}
    loop = pod(state=waiting("CrashLoopBackOff"), last=killed, limits={"memory": "64Mi"}, restarts=1)
    for state in (loop, pod(state={"terminated": killed}, limits={"memory": "64Mi"})):
        result = found(state, [])
        assert (result.code, result.failed) == ("out_of_memory", True)
        assert "64 MiB" in result.sentence


def test_one_that_was_restarted_and_runs_is_not_at_fault() -> None:
    killed = {"reason": "OOMKilled", "exitCode": 137}
    assert diagnose(pod(state={"running": {"startedAt": "2026-11-24T10:00:09Z"}}, last=killed), []) is None


def test_an_init_container_that_is_done_is_not_at_fault() -> None:
    starting = pod(state=waiting("PodInitializing"))
    starting["status"]["initContainerStatuses"] = [
        {"name": "copy", "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}
    ]
    assert diagnose(starting, []) is None
    starting["status"]["initContainerStatuses"][0]["state"] = waiting("CrashLoopBackOff")
    starting["status"]["initContainerStatuses"][0]["lastState"] = {
        "terminated": {"reason": "Error", "exitCode": 2}
    }
    assert "Container copy" in found(starting, []).sentence


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('secret "login" not found', "Secret login, "),
        ('configmap "settings" not found', "ConfigMap settings, "),
        ("couldn't find key password in Secret user-alice/login", "Secret login has no key password"),
    ],
)
def test_a_missing_secret_or_configmap(message: str, said: str) -> None:
    result = found(pod(state=waiting("CreateContainerConfigError", message)), [])
    assert (result.code, result.failed) == ("missing_reference", True)
    assert said in result.sentence


def test_a_kubelet_that_is_late_with_a_secret_is_waited_for() -> None:
    message = "failed to sync secret cache: timed out waiting for the condition"
    late = pod(state=waiting("CreateContainerConfigError", message))
    assert not found(late, []).failed
    assert found(late, [], waited=GRACE).failed


def test_a_missing_secret_that_is_mounted() -> None:
    pending = pod(state=waiting("ContainerCreating"))
    failed = event("FailedMount", 'MountVolume.SetUp failed for volume "login" : secret "login" not found')
    assert found(pending, [failed]).code == "missing_reference"
    later = event("Pulled", lastTimestamp="2026-11-24T10:00:09Z")
    assert diagnose(pending, [later, failed]) is None


def test_a_volume_in_use_on_another_node() -> None:
    pending = pod(state=waiting("ContainerCreating"))
    failed = event(
        "FailedAttachVolume",
        'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) jupyter-bob',
    )
    result = found(pending, [failed], waited=GRACE)
    assert result.failed and "another node" in result.sentence
    assert not found(pending, [failed]).failed


# --- the pod as a whole -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi."}, "evicted"),
        ({"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}]}, "evicted"),
        ({"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]}, "preempted"),
        ({"phase": "Running", "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager", "message": "Taint manager: deleting due to NoExecute taint"}]}, "node_lost"),
        ({"phase": "Running", "reason": "NodeLost"}, "node_lost"),
        ({"phase": "Unknown"}, "node_lost"),
        ({"phase": "Succeeded"}, "ended"),
        ({"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": "Allocate failed due to no healthy devices"}, "ended"),
    ],
)  # fmt: skip
def test_a_pod_that_is_over(status: dict[str, Any], code: str) -> None:
    result = found(pod(status, nodeName="node0"), [])
    assert result.code == code
    assert result.failed is (status["phase"] != "Unknown")


def test_an_eviction_says_of_what_the_node_ran_low() -> None:
    message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi."
    result = found(pod({"phase": "Failed", "reason": "Evicted", "message": message}), [])
    assert result.sentence == "The notebook was evicted: its node ran low on memory."


def test_a_node_that_does_not_answer() -> None:
    unknown = {
        "type": "Ready",
        "status": "Unknown",
        "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped",
    }
    lost = node("node0", {"cpu": "4"}, conditions=[unknown])
    running = pod({"phase": "Running"}, {"running": {}})
    assert not found(running, [], nodes=[lost]).failed
    assert found(running, [], nodes=[lost], waited=GRACE).failed


# --- scheduling -------------------------------------------------------------------------------------


def node(
    name: str,
    allocatable: dict[str, str],
    *,
    taints: list[dict[str, str]] | None = None,
    labels: dict[str, str] | None = None,
    conditions: list[dict[str, str]] | None = None,
) -> Pod:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": {"taints": taints or []},
        "status": {
            "allocatable": {"pods": "110", **allocatable},
            "conditions": conditions or [{"type": "Ready", "status": "True"}],
        },
    }


def user(namespace: str, where: str, **requests: str) -> Pod:
    """A pod that runs elsewhere and holds something."""
    asked = {key.replace("_", "/"): value for key, value in requests.items()}
    held = {key.replace("gpu", "nvidia.com/gpu"): value for key, value in asked.items()}
    return {
        "metadata": {"namespace": namespace, "name": "x"},
        "spec": {"nodeName": where, "containers": [{"resources": {"requests": held}}]},
        "status": {"phase": "Running"},
    }


def refused(message: str, requests: dict[str, str], **spec: Any) -> Pod:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return pod({"conditions": [condition]}, requests=requests, **spec)


NO_GPU = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."


def test_waiting_for_a_gpu_names_who_has_them() -> None:
    nodes = [node("a", {"cpu": "8", "memory": "16Gi", "nvidia.com/gpu": "4"})]
    stuck = refused(NO_GPU, {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "2"})
    result = found(stuck, [], nodes=nodes, pods=[user("team-vision", "a", gpu="4", cpu="1")])
    assert result.sentence == "Waiting for a GPU: 2 wanted, 0 free; 4 in use by team-vision."
    assert result.code == "unschedulable" and not result.failed
    assert NO_GPU in result.cause


def test_free_is_counted_on_the_best_node_and_in_all() -> None:
    nodes = [
        node("a", {"cpu": "4", "memory": "16Gi"}),
        node("b", {"cpu": "4", "memory": "16Gi"}),
        node("c", {"cpu": "64"}, taints=[{"key": "only", "value": "vip", "effect": "NoSchedule"}]),
        node("d", {"cpu": "64"}, conditions=[{"type": "Ready", "status": "Unknown"}]),
    ]
    stuck = refused("0/4 nodes are available: 2 Insufficient cpu.", {"cpu": "3", "memory": "1Gi"})
    done = user("user-bob", "a", cpu="4")
    done["status"]["phase"] = "Succeeded"
    others = [user("user-bob", "a", cpu="1500m"), user("user-bob", "b", cpu="2"), done]
    result = found(stuck, [], nodes=nodes, pods=others)
    assert result.sentence == "Waiting for CPU: 3 wanted, 2.5 free on the best node (4.5 in all)."


def test_more_than_any_node_has() -> None:
    nodes = [node("a", {"cpu": "4", "memory": "16Gi"})]
    stuck = refused("0/1 nodes are available: 1 Insufficient memory.", {"cpu": "1", "memory": "32Gi"})
    said = found(stuck, [], nodes=nodes).sentence
    assert said == "Waiting for memory: 32 GiB wanted, and the largest node here has 16 GiB."
    none = found(refused(NO_GPU, {"nvidia.com/gpu": "1"}), [], nodes=nodes)
    assert "no node here has nvidia.com/gpu" in none.sentence and "without GPUs" in none.next_step


def test_without_nodes_the_scheduler_is_taken_at_its_word() -> None:
    stuck = refused("0/1 nodes are available: 1 Insufficient memory.", {"cpu": "1", "memory": "32Gi"})
    assert found(stuck, []).sentence == "Waiting for memory: 32 GiB wanted."


@pytest.mark.parametrize(
    ("spec", "nodes", "said"),
    [
        ({}, [node("a", {"cpu": "4", "memory": "4Gi"}, taints=[{"key": "gpu", "effect": "NoSchedule"}])], "reserved (gpu:NoSchedule)"),
        ({"nodeSelector": {"disk": "ssd"}}, [node("a", {"cpu": "4", "memory": "4Gi"})], "node selector or affinity"),
        ({}, [], "node(s) had untolerated taint {gpu: }"),
    ],
)  # fmt: skip
def test_what_else_keeps_nodes_away_is_said_in_words(
    spec: dict[str, Any], nodes: list[Pod], said: str
) -> None:
    message = "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: }. preemption: 0/1 nodes"
    result = found(refused(message, {"cpu": "1"}, **spec), [], nodes=nodes)
    assert said in result.sentence and result.code == "unschedulable"


@pytest.mark.parametrize(
    ("tolerations", "open_to_it"),
    [
        ([{"key": "gpu", "operator": "Exists"}], True),
        ([{"operator": "Exists", "effect": "NoSchedule"}], True),
        ([{"key": "gpu", "value": "yes", "effect": "NoSchedule"}], True),
        ([{"key": "gpu", "value": "no", "effect": "NoSchedule"}], False),
        ([{"key": "gpu", "operator": "Exists", "effect": "NoExecute"}], False),
    ],
)
def test_tolerated_nodes_count(tolerations: list[dict[str, str]], open_to_it: bool) -> None:
    tainted = node("a", {"cpu": "4"}, taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])
    stuck = refused("0/1 nodes are available: 1 Insufficient cpu.", {"cpu": "9"}, tolerations=tolerations)
    assert ("the largest node here has 4" in found(stuck, [], nodes=[tainted]).sentence) is open_to_it


@pytest.mark.parametrize(
    ("operator", "values", "fits"),
    [
        ("In", ["a100", "h100"], True),
        ("In", ["t4"], False),
        ("NotIn", ["a100"], False),
        ("Exists", None, True),
        ("DoesNotExist", None, False),
        ("Gt", ["x"], False),
    ],
)
def test_required_affinity_counts(operator: str, values: list[str] | None, fits: bool) -> None:
    term = {"matchExpressions": [{"key": "card", "operator": operator, "values": values}]}
    affinity = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    }
    stuck = refused("0/1 nodes are available: 1 Insufficient cpu.", {"cpu": "9"}, affinity=affinity)
    nodes = [node("a", {"cpu": "4"}, labels={"card": "a100"})]
    assert ("the largest node here has 4" in found(stuck, [], nodes=nodes).sentence) is fits


def test_it_is_final_after_a_while_unless_a_node_is_on_its_way() -> None:
    stuck = refused(NO_GPU, {"nvidia.com/gpu": "2"})
    assert not found(stuck, [], waited=GRACE - 1).failed
    assert found(stuck, [], waited=GRACE).failed
    assert found(stuck, [], waited=5, grace=5).failed
    coming = event("TriggeredScaleUp", "pod triggered scale-up: [{group 1->2 (max: 3)}]")
    result = found(stuck, [coming], waited=600)
    assert not result.failed and "being added" in result.next_step


def test_an_init_container_may_be_what_needs_most() -> None:
    stuck = refused("0/1 nodes are available: 1 Insufficient cpu.", {"cpu": "1"})
    stuck["spec"]["initContainers"] = [
        {"name": "side", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}},
        {"name": "prepare", "resources": {"requests": {"cpu": "7"}}},
    ]
    assert "8 wanted" in found(stuck, [], nodes=[node("a", {"cpu": "4"})]).sentence


# --- volumes ----------------------------------------------------------------------------------------

CLAIMED = {"volumes": [{"name": "w", "persistentVolumeClaim": {"claimName": "lab-workspace"}}]}


def claim(phase: str = "Pending", storage_class: str = "fast") -> dict[str, Any]:
    return {"lab-workspace": {"spec": {"storageClassName": storage_class}, "status": {"phase": phase}}}


def about(reason: str, message: str) -> Pod:
    return event(reason, message, "PersistentVolumeClaim", "lab-workspace")


def unbound() -> Pod:
    return refused(
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.", {}, **CLAIMED
    )


def test_a_volume_of_a_class_that_isnt_there() -> None:
    failed = about("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
    result = found(unbound(), [failed], pvcs=claim())
    assert (result.code, result.failed) == ("volume_class", True)
    assert "no storage class fast" in result.sentence


def test_a_volume_that_cant_be_made_is_tried_again_for_a_while() -> None:
    failed = about("ProvisioningFailed", "rpc error: code = ResourceExhausted desc = no space")
    assert not found(unbound(), [failed], pvcs=claim()).failed
    result = found(unbound(), [failed], pvcs=claim(), waited=GRACE)
    assert result.failed and result.code == "volume_pending" and "no space" in result.cause


def test_a_volume_that_waits_for_its_pod_is_fine() -> None:
    fine = about("WaitForFirstConsumer", "waiting for first consumer to be created before binding")
    assert diagnose(pod(**CLAIMED), [fine], pvcs=claim()) is None


def test_a_volume_that_isnt_there() -> None:
    stuck = refused(
        '0/1 nodes are available: persistentvolumeclaim "lab-workspace" not found.', {}, **CLAIMED
    )
    result = found(stuck, [], waited=GRACE)
    assert (result.code, result.failed) == ("volume_missing", True)
    assert found(pod(**CLAIMED), [], pvcs=claim("Lost")).code == "volume_missing"


# --- the API ------------------------------------------------------------------------------------------


def status(message: str) -> str:
    return json.dumps({"kind": "Status", "status": "Failure", "message": message, "code": 403})


QUOTA = 'pods "jupyter-alice" is forbidden: exceeded quota: kfhub, requested: requests.cpu=2,requests.memory=8Gi, used: requests.cpu=7,requests.memory=4Gi, limited: requests.cpu=8,requests.memory=8Gi'
HOOK = 'admission webhook "check.acme.io" denied the request: no tea'
POLICY = "pods \"jupyter-alice\" is forbidden: ValidatingAdmissionPolicy 'kfhub-image-policy' with binding 'kfhub-image-policy' denied request: Image \"nginx\" isn't allowed here."


@pytest.mark.parametrize(
    ("code", "message", "said", "kind"),
    [
        (403, QUOTA, "2 more CPU wanted, 7 of 8 in use; 8 GiB more memory wanted, 4 GiB of 8 GiB in use", "quota"),
        (403, 'pods "x" is forbidden: failed quota: kfhub: must specify limits.cpu for: notebook; requests.cpu for: notebook', "wants limits.cpu, requests.cpu of", "quota"),
        (403, 'pods "x" is forbidden: exceeded quota: kfhub, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=1, limited: requests.nvidia.com/gpu=2', "2 more GPUs wanted, 1 of 2 in use", "quota"),
        (403, 'pods "x" is forbidden: maximum memory usage per Container is 4Gi, but limit is 8Gi', "At most 4 GiB memory per container here; 8 GiB wanted", "limit_range"),
        (403, 'pods "x" is forbidden: [minimum cpu usage per Container is 100m, but request is 10m.]', "At least 0.1 CPU per container here; 0.01 wanted", "limit_range"),
        (403, 'pods "x" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000', "at most 2 times", "limit_range"),
        (403, POLICY, 'Image "nginx" isn\'t allowed here.', "admission"),
        (400, 'admission webhook "check.acme.io" denied the request: no tea', "no tea", "admission"),
        (403, 'pods "x" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes (volume "h")', "level baseline", "pod_security"),
        (403, 'pods is forbidden: User "system:serviceaccount:kfhub:hub" cannot create resource "pods" in API group "" in the namespace "user-alice"', "to create pods", "not_permitted"),
        (403, 'pods "x" is forbidden: unable to create new content in namespace user-alice because it is being terminated', "namespace", "namespace_gone"),
        (404, 'namespaces "user-alice" not found', "namespace", "namespace_gone"),
        (403, 'pods "x" is forbidden: error looking up service account user-alice/default-editor: serviceaccount "default-editor" not found', "ServiceAccount default-editor", "missing_reference"),
        (409, 'object is being deleted: pods "jupyter-alice" already exists', "there already", "conflict"),
        (422, 'Pod "x" is invalid: spec.containers[0].image: Required value', "refuses", "refused"),
    ],
)  # fmt: skip
def test_what_the_api_refuses(code: int, message: str, said: str, kind: str) -> None:
    result = from_api_error(code, status(message))
    whole_and_plain(result)
    assert said in result.sentence
    assert (result.code, result.failed) == (kind, True)


@pytest.mark.parametrize("code", [0, 429, 500, 503, 504])
def test_an_api_server_that_does_not_answer_is_waited_for(code: int) -> None:
    result = from_api_error(code, "Connection refused")
    assert (result.code, result.failed) == ("api_down", False)


def test_what_the_policy_says_is_kept_as_it_is() -> None:
    assert from_api_error(403, status(POLICY)).sentence == 'Image "nginx" isn\'t allowed here.'


# --- the timeline ---------------------------------------------------------------------------------------


def test_the_steps_of_a_start_that_went_well() -> None:
    ready = pod(
        {
            "phase": "Running",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-24T10:00:01Z"},
                {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T10:00:09Z"},
            ],
        },
        {"running": {"startedAt": "2026-11-24T10:00:06Z"}},
        **CLAIMED,
    )
    pulled = event(
        "Pulled", 'Successfully pulled image "acme.io/lab:1" in 3.2s', lastTimestamp="2026-11-24T10:00:05Z"
    )
    made = steps(ready, [pulled], pvcs=claim("Bound"))
    assert [(step.name, step.state, step.seconds, step.text) for step in made] == [
        ("volumes", "done", None, "Volume lab-workspace bound"),
        ("scheduled", "done", 1.0, "Scheduled on node0"),
        ("image", "done", 4.0, "Image pulled in 3.2s"),
        ("started", "done", 1.0, "Started"),
        ("ready", "done", 3.0, "Ready"),
    ]
    assert diagnose(ready, [pulled]) is None


def test_the_step_that_a_start_stands_at_shows_what_is_wrong() -> None:
    stuck = pod(
        {
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-24T10:00:01Z"}
            ]
        },
        waiting("ErrImagePull", NOT_FOUND),
    )
    wrong = found(stuck, [])
    made = steps(stuck, [], found=wrong, now=1795514405.0)
    assert [(step.name, step.state) for step in made] == [
        ("scheduled", "done"),
        ("image", "failed"),
        ("started", "waiting"),
        ("ready", "waiting"),
    ]
    assert made[1].text == wrong.sentence and made[1].seconds == 4.0
    assert steps(stuck, [])[1].state == "now"
    assert [step.state for step in steps(None, [])] == ["now", "waiting", "waiting", "waiting"]


def test_events_of_an_earlier_pod_of_that_name_do_not_count() -> None:
    old = event("FailedScheduling", NO_GPU)
    old["involvedObject"]["uid"] = "0"
    assert diagnose(pod(), [old]) is None
    old["involvedObject"]["uid"] = "1"
    assert diagnose(pod(), [old]) is not None


# --- anything at all ------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["", "ErrImagePull", "CrashLoopBackOff", "False", "True", "PodScheduled", "Ready", "Failed", "9" * 40, "1e99",
     "Exists", "In", "Gt", "cpu", "nvidia.com/gpu", "0/1 nodes are available: 1 Insufficient cpu.", "\ud800\n", NO_PROGRAM]
)  # fmt: skip
LEAVES = WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
KEYS = st.sampled_from(
    ["metadata", "spec", "status", "name", "uid", "containers", "initContainers", "resources", "requests", "cpu",
     "containerStatuses", "state", "waiting", "terminated", "lastState", "reason", "message", "exitCode", "type",
     "conditions", "phase", "nodeName", "volumes", "persistentVolumeClaim", "claimName", "tolerations", "taints",
     "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms", "values",
     "matchExpressions", "key", "operator", "allocatable", "involvedObject", "kind", "lastTimestamp", "labels"]
)  # fmt: skip
JUNK = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
SHAPES = [
    pod(state=waiting("ErrImagePull", NOT_FOUND)),
    pod(state=waiting("CrashLoopBackOff"), last={"reason": "Error", "exitCode": 1}),
    refused(NO_GPU, {"cpu": "1", "nvidia.com/gpu": "2"}, **CLAIMED),
    node("a", {"cpu": "4"}, taints=[{"key": "gpu", "effect": "NoSchedule"}]),
    event("FailedMount", 'secret "login" not found'),
    claim()["lab-workspace"],
]


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """A real shape with junk somewhere in it, or junk alone."""
    thing = json.loads(json.dumps(draw(st.sampled_from(SHAPES))))
    for _ in range(draw(st.integers(0, 3))):
        place = thing
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if not isinstance(place[key], dict | list) or draw(st.booleans()):
                place[key] = draw(JUNK)
                break
            place = place[key]
    return draw(st.just(thing) | JUNK)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    spoiled(),
    st.lists(spoiled(), max_size=3),
    st.lists(spoiled(), max_size=2),
    st.lists(spoiled(), max_size=2),
    JUNK,
)
def test_nothing_the_api_may_say_is_too_much(
    thing: Any, events: Any, nodes: Any, pods: Any, pvcs: Any
) -> None:
    result = diagnose(thing, events, pvcs=pvcs, nodes=nodes, pods=pods, log="x", waited=9)
    if result is not None:
        whole_and_plain(result)
    for step in steps(thing, events, pvcs=pvcs, found=result, now=1.0):
        assert step.text.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 600), st.text(max_size=30) | JUNK.map(lambda junk: json.dumps({"message": junk})) | st.sampled_from([QUOTA, POLICY, HOOK]).flatmap(lambda text: st.integers(0, len(text)).map(lambda at: text[:at])))  # fmt: skip
def test_no_answer_of_the_api_is_too_much(code: int, body: str) -> None:
    said = from_api_error(code, body)
    assert said.sentence and said.sentence.isprintable() and said.next_step


def test_a_refusal_that_is_cut_off_is_still_told() -> None:
    for whole, start in ((POLICY, "denied request: "), (HOOK, "denied the request: ")):
        whole_and_plain(from_api_error(403, whole[: whole.index(start) + len(start)]))
