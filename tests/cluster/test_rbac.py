"""What each account may do, as the API server answers, against a table: all that is in it and nothing beside.

docs/rbac.md says why. Namespaces are made here as the hub makes them, under the hub's account.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kfspawner.manifests import Roles, make_namespace, make_namespace_content
from kfspawner.policy import Policy
from kfspawner.settings import hub_config
from tests.cluster.kube.client import Cluster, CommandError

Rights = set[tuple[str, str]]
READ = "get list watch"
WRITE = "create delete deletecollection get list patch update watch"

_KUBEFLOW = (
    "experiments.kubeflow.org suggestions.kubeflow.org trials.kubeflow.org jaxjobs.kubeflow.org mpijobs.kubeflow.org"
    " paddlejobs.kubeflow.org pytorchjobs.kubeflow.org tfjobs.kubeflow.org xgboostjobs.kubeflow.org"
    " trainjobs.trainer.kubeflow.org trainingruntimes.trainer.kubeflow.org inferencegraphs.serving.kserve.io"
    " inferenceservices.serving.kserve.io servingruntimes.serving.kserve.io trainedmodels.serving.kserve.io"
)
_WORKLOADS = (
    "pods configmaps persistentvolumeclaims serviceaccounts services"
    " daemonsets.apps deployments.apps replicasets.apps statefulsets.apps cronjobs.batch jobs.batch"
    f" horizontalpodautoscalers.autoscaling poddisruptionbudgets.policy {_KUBEFLOW}"
)
_READ_ONLY = (
    "events pods/log endpoints endpointslices.discovery.k8s.io limitranges resourcequotas"
    " ingresses.networking.k8s.io networkpolicies.networking.k8s.io"
)
EDITOR = [
    (f"{_WORKLOADS} secrets", WRITE),
    ("pods/attach pods/exec pods/portforward", "create get"),
    ("pods/proxy", "create delete get patch update"),
    ("pods/ephemeralcontainers", "get patch update"),
    ("deployments/scale.apps replicasets/scale.apps statefulsets/scale.apps", "get patch update"),
    (_READ_ONLY, READ),
    ("namespaces", "get"),
]
VIEWER = [(f"{_WORKLOADS} {_READ_ONLY}", READ), ("namespaces", "get")]
HUB_EVERYWHERE = [
    ("pods events persistentvolumeclaims resourcequotas poddefaults.kubeflow.org", READ),
    ("nodes storageclasses.storage.k8s.io", READ),
    ("namespaces", "create get list patch watch"),
    ("rolebindings.rbac.authorization.k8s.io", "create get patch"),
    *(
        (f"clusterroles.rbac.authorization.k8s.io={role}", "bind")
        for role in ("kfhub-edit", "kfhub-view", "kfhub-hub-namespace")
    ),
]
HUB_IN_MANAGED = [
    *HUB_EVERYWHERE,
    ("pods", "create delete patch"),
    ("secrets services", "create delete get patch"),
    ("persistentvolumeclaims", "create patch"),
    ("limitranges resourcequotas serviceaccounts", "create get patch"),
    ("networkpolicies.networking.k8s.io", "create get patch"),
    ("pods/log", "get"),
]
HUB_AT_HOME = [*HUB_EVERYWHERE, ("configmaps=kfhub-image-policy", "create get patch")]

HOME, MINE, OTHER, FOREIGN = "kfhub", "user-rbac", "user-rbac-other", "rbac-foreign"
HUB = f"system:serviceaccount:{HOME}:hub"


def table(rows: list[tuple[str, str]]) -> Rights:
    return {
        (resource, verb)
        for resources, verbs in rows
        for resource in resources.split()
        for verb in verbs.split()
    }


@dataclass(frozen=True)
class Kube:
    cluster: Cluster

    def apply(self, manifest: dict[str, Any], account: str = "") -> None:
        """As the hub does it: server-side, which makes or changes. Raises CommandError."""
        self.cluster.kubectl(
            *("apply", "--server-side", "--force-conflicts", "-f", "-"),
            *(["--as", account] if account else []),
            input=json.dumps(manifest),
        )

    def make_managed(self, name: str) -> None:
        """A namespace of a user, by the hub's account and with what the hub puts there."""
        rules = Policy.load(hub_config() / "spawner_ui_config.yaml").rules
        self.apply(make_namespace(name, f"user:{name}"), HUB)
        for manifest in make_namespace_content(name, rules, Roles(hub_namespace=HOME), 4):
            for _ in range(20):  # the hub's rights come from the first binding, and take a moment to count
                try:
                    self.apply(manifest, HUB)
                    break
                except CommandError as error:
                    if "(Forbidden)" not in str(error):
                        raise
            else:
                self.apply(manifest, HUB)

    def rights(self, account: str, namespace: str) -> Rights:
        """What an account may do in a namespace, beyond what every account may."""
        return self._review(account, namespace) - self._review(_account(FOREIGN, "nobody"), FOREIGN)

    def _review(self, account: str, namespace: str) -> Rights:
        question = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
        said = self.cluster.kubectl(
            "create", "--raw", path, "-f", "-", "--as", account, input=json.dumps(question)
        )
        return {
            (_name(resource, group) + (f"={name}" if name else ""), verb)
            for rule in json.loads(said)["status"]["resourceRules"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for name in rule.get("resourceNames") or [""]
            for verb in rule["verbs"]
        }

    def can(self, account: str, verb: str, resource: str, namespace: str) -> bool:
        """What the authorizer decides. `resource` is `pods/exec`, `roles.rbac.authorization.k8s.io` or the like."""
        resource, _, subresource = resource.partition("/")
        resource, _, group = resource.partition(".")
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": account,
                "groups": [
                    "system:serviceaccounts",
                    f"system:serviceaccounts:{namespace}",
                    "system:authenticated",
                ],
                "resourceAttributes": {
                    "namespace": namespace,
                    "verb": verb,
                    "group": group,
                    "resource": resource,
                    "subresource": subresource,
                },
            },
        }
        said = self.cluster.kubectl("create", "-f", "-", "-o", "json", input=json.dumps(review))
        return bool(json.loads(said)["status"]["allowed"])


@pytest.fixture(scope="module")
def kube(cluster: Cluster, installed: object) -> Iterator[Kube]:
    """With two namespaces that the hub made, and one that it has nothing to do with."""
    kube = Kube(cluster)
    kube.make_managed(MINE)
    kube.make_managed(OTHER)
    kube.apply(_namespace(FOREIGN))
    yield kube
    cluster.kubectl("delete", "namespace", MINE, OTHER, FOREIGN)


def test_default_editor_may_do_in_its_namespace_what_the_table_says(kube: Kube) -> None:
    assert kube.rights(_account(MINE, "default-editor"), MINE) == table(EDITOR)


def test_default_viewer_may_look_at_what_the_table_says(kube: Kube) -> None:
    assert kube.rights(_account(MINE, "default-viewer"), MINE) == table(VIEWER)


@pytest.mark.parametrize("account", ["default-editor", "default-viewer", "default"])
@pytest.mark.parametrize("namespace", [OTHER, HOME, FOREIGN, "kube-system"])
def test_accounts_of_a_namespace_may_do_nothing_in_another(kube: Kube, account: str, namespace: str) -> None:
    assert kube.rights(_account(MINE, account), namespace) == set()


def test_the_default_account_may_do_nothing(kube: Kube) -> None:
    assert kube.rights(_account(MINE, "default"), MINE) == set()


@pytest.mark.parametrize(
    ("namespace", "expected"),
    [(FOREIGN, HUB_EVERYWHERE), ("kube-system", HUB_EVERYWHERE), (MINE, HUB_IN_MANAGED), (HOME, HUB_AT_HOME)],
)
def test_the_hub_may_do_what_the_table_says(
    kube: Kube, namespace: str, expected: list[tuple[str, str]]
) -> None:
    assert kube.rights(HUB, namespace) == table(expected)


@pytest.mark.parametrize(
    ("account", "verb", "resource"),
    [
        ("default-viewer", "get", "secrets"),
        ("default-viewer", "create", "pods/exec"),
        ("default-viewer", "get", "pods/exec"),
        ("default-viewer", "create", "pods/attach"),
        ("default-viewer", "create", "pods/portforward"),
        ("default-viewer", "get", "pods/proxy"),
        ("default-viewer", "get", "services/proxy"),
        ("default-viewer", "create", "serviceaccounts/token"),
        ("default-viewer", "delete", "pods"),
        ("default-editor", "create", "rolebindings.rbac.authorization.k8s.io"),
        ("default-editor", "get", "roles.rbac.authorization.k8s.io"),
        ("default-editor", "bind", "clusterroles.rbac.authorization.k8s.io"),
        ("default-editor", "create", "serviceaccounts/token"),
        ("default-editor", "impersonate", "serviceaccounts"),
        ("default-editor", "patch", "resourcequotas"),
        ("default-editor", "delete", "limitranges"),
        ("default-editor", "create", "ingresses.networking.k8s.io"),
        ("default-editor", "delete", "networkpolicies.networking.k8s.io"),
        ("default-editor", "patch", "namespaces"),
        ("default-editor", "list", "nodes"),
    ],
)
def test_the_authorizer_refuses_what_the_table_leaves_out(
    kube: Kube, account: str, verb: str, resource: str
) -> None:
    """The list of rules is for people; this is what decides."""
    assert not kube.can(_account(MINE, account), verb, resource, MINE)


@pytest.mark.parametrize(
    ("account", "verb", "resource"),
    [
        ("default-viewer", "get", "pods/log"),
        ("default-viewer", "watch", "pods"),
        ("default-editor", "create", "pods/exec"),
        ("default-editor", "get", "secrets"),
        ("default-editor", "create", "trainjobs.trainer.kubeflow.org"),
        ("default-editor", "get", "namespaces"),
    ],
)
def test_the_authorizer_allows_what_the_table_holds(
    kube: Kube, account: str, verb: str, resource: str
) -> None:
    assert kube.can(_account(MINE, account), verb, resource, MINE)


# --- the policy of admission on the hub's own account -------------------------------------------------


def _namespace(name: str, owner: str | None = None, **labels: str) -> dict[str, Any]:
    annotations = {"kfhub.io/owner": owner} if owner else {}
    metadata = {"name": name, "labels": labels, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _managed(name: str, owner: str | None = "user:rbac", **labels: str | None) -> dict[str, Any]:
    given = {"kfhub.io/managed": "true", "pod-security.kubernetes.io/enforce": "baseline", **labels}
    return _namespace(name, owner, **{key: value for key, value in given.items() if value is not None})


def _binding(
    role: str, namespace: str, account: str, of: str, kind: str = "ServiceAccount"
) -> dict[str, Any]:
    subject = {"kind": kind, "name": account} | ({"namespace": of} if kind == "ServiceAccount" else {})
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "rbac-test", "namespace": namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [
            subject if kind == "ServiceAccount" else {**subject, "apiGroup": "rbac.authorization.k8s.io"}
        ],
    }


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (_managed("rbac-no-prefix"), "named user-… or team-…"),
        (_managed("kube-system"), "named user-… or team-…"),
        (_managed("user-rbac-new", **{"kfhub.io/managed": None}), "carries the label kfhub.io/managed=true"),
        (
            _managed("user-rbac-new", **{"kfhub.io/managed": "false"}),
            "carries the label kfhub.io/managed=true",
        ),
        (_managed("user-rbac-new", None), "has an owner"),
        (_managed("user-rbac-new", "ada"), "has an owner"),
        (
            _managed("user-rbac-new", **{"pod-security.kubernetes.io/enforce": "privileged"}),
            "baseline or restricted",
        ),
        (_managed("user-rbac-new", **{"pod-security.kubernetes.io/enforce": None}), "baseline or restricted"),
        (_managed(MINE, "user:eve"), "keeps it"),
        (_managed(MINE, f"user:{MINE}", **{"kfhub.io/managed": "no"}), "carries the label"),
        (
            _managed(MINE, f"user:{MINE}", **{"pod-security.kubernetes.io/enforce": "privileged"}),
            "baseline or restricted",
        ),
        (_binding("kfhub-edit", FOREIGN, "default-editor", FOREIGN), f"and {FOREIGN} has none"),
        (_binding("kfhub-hub-namespace", HOME, "hub", HOME), "in managed namespaces only"),
        (_binding("kfhub-edit", MINE, "default-editor", OTHER), "accounts of the namespace itself"),
        (_binding("kfhub-edit", MINE, "hub", HOME), "accounts of the namespace itself"),
        (_binding("kfhub-hub-namespace", MINE, "default-editor", MINE), "accounts of the namespace itself"),
        (
            _binding("kfhub-view", MINE, "system:authenticated", "", "Group"),
            "accounts of the namespace itself",
        ),
    ],
)
def test_the_hub_is_held_to_its_namespaces(kube: Kube, manifest: dict[str, Any], said: str) -> None:
    with pytest.raises(CommandError, match="kfhub-hub") as refusal:
        kube.apply(manifest, HUB)
    assert said in str(refusal.value)


def test_the_hub_takes_over_no_namespace(kube: Kube) -> None:
    kube.apply(_namespace("team-rbac"))
    try:
        with pytest.raises(CommandError, match="takes over no namespace"):
            kube.apply(_managed("team-rbac", "group:rbac"), HUB)
    finally:
        kube.cluster.kubectl("delete", "namespace", "team-rbac", "--wait=false")


def test_a_role_with_any_other_name_is_refused_by_the_authorizer(kube: Kube) -> None:
    with pytest.raises(CommandError, match="not currently held"):
        kube.apply(_binding("cluster-admin", MINE, "default-editor", MINE), HUB)


def test_even_with_a_binding_the_hub_writes_nowhere_else(kube: Kube) -> None:
    """An admin's mistake, or a token of the hub that somebody got hold of."""
    binding = _binding("kfhub-hub-namespace", FOREIGN, "hub", HOME)
    kube.apply(binding)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "rbac", "namespace": FOREIGN}}
    try:
        with pytest.raises(CommandError, match="works only in namespaces with the label"):
            kube.apply(secret, HUB)
    finally:
        kube.cluster.kubectl("delete", "rolebinding", binding["metadata"]["name"], "-n", FOREIGN)
    kube.apply({**secret, "metadata": {"name": "rbac", "namespace": MINE}}, HUB)


def _account(namespace: str, name: str) -> str:
    return f"system:serviceaccount:{namespace}:{name}"


def _name(resource: str, group: str) -> str:
    return f"{resource}.{group}" if group else resource
