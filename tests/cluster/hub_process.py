"""A hub on this machine whose notebooks are pods of the test cluster: its own process, so that it can be killed.

It is configured as the chart configures it, and has the rights that the chart gives it. Its proxy is a process of
its own, as in a cluster, and lives through every end of the hub.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from kfspawner import chp
from kfspawner.policy import Policy
from tests.cluster.kube import busybox
from tests.cluster.kube.client import Cluster, CommandError
from tests.cluster.kube.places import HOST_IP
from tests.cluster.spawning import allowed
from tests.kfspawner.hub.conftest import Person, free_port, wait_for

ROOT = Path(__file__).parents[2]
SPACE = "resilience-hub"
USER_PASSWORD, ADMIN_PASSWORD = "correct-horse", "correct-horse-battery-staple-100%"
# Each line of its log is a request to the notebook: the hub's, and those through the proxy.
SERVER = (
    "w=/tmp/w$JUPYTERHUB_SERVICE_PREFIX; mkdir -p $w && hostname > ${w}index.html"
    " && exec httpd -f -vv -p 8888 -h /tmp/w"
)
HELD = "until [ -e /tmp/go ]; do sleep 0.1; done"
POLICY: dict[str, Any] = {
    "image": {"value": busybox.NAME, "options": [busybox.NAME, "docker.io/kfhub-test/missing:1"]},
    "imagePullPolicy": {"value": "Never"},
    "cpu": {"value": "0.05", "max": "1", "limitFactor": "2"},
    "memory": {"value": "32Mi", "max": "256Mi", "limitFactor": "2"},
    "workspaceVolume": {
        "value": {
            "mount": "/home/jovyan",
            "newPvc": {
                "metadata": {"name": "{notebook-name}-workspace"},
                "spec": {"resources": {"requests": {"storage": "10Mi"}}, "accessModes": ["ReadWriteOnce"]},
            },
        }
    },
    "configurations": {
        "options": [
            {  # its pod stays Pending until `release`
                "name": "held",
                "patch": {
                    "spec": {
                        "initContainers": [
                            {"name": "hold", "image": busybox.NAME, "command": ["sh", "-c", HELD]}
                        ]
                    }
                },
            },
            {  # its pod runs, and nothing answers in it until `release`
                "name": "silent",
                "patch": {
                    "spec": {
                        "containers": [
                            {"name": "notebook", "args": ["sh", "-c", f"{HELD}; {SERVER}"]},
                        ]
                    }
                },
            },
        ]
    },
}
CONFIG = """
import os
from kfspawner.kube_hub import configure
c = get_config()
configure(c)
# The Services of the chart are processes of this machine here.
hub, proxy = os.environ["TEST_HUB"], os.environ["TEST_PROXY_API"]
c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = hub
c.JupyterHub.bind_url = os.environ["TEST_URL"]
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.ConfigurableHTTPProxy.api_url = proxy
c.KubeSpawner.delete_grace_period = 0
c.Spawner.start_timeout = 400

def hurry(spawner):
    if spawner.user.name.endswith("-hurried"):
        spawner.start_timeout = 6

c.Spawner.pre_spawn_hook = hurry
c.JupyterHub.init_spawners_timeout = 1
c.KFSpawner.fail_after = 200  # a kubelet may take two minutes to come back after the API server
"""
SCOPES = ["admin:users", "admin:groups", "admin:servers", "groups", "tokens", "read:hub", "servers", "proxy"]


@dataclass
class HubProcess:
    """A hub that can be ended in any way and started again on its own database."""

    cluster: Cluster
    folder: Path
    url: str
    environment: dict[str, str]
    web: httpx.Client
    process: subprocess.Popen[bytes] | None = None
    starts: int = field(default=0)

    # --- its process --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Returns once it answers."""
        self.starts += 1
        with (self.folder / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, 60)

    def _answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log()[-3000:]
        try:
            return self.web.get("/hub/health").status_code == 200
        except httpx.TransportError:
            return False

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(60)
            self.process = None

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def log(self) -> str:
        return (self.folder / "hub.log").read_text(errors="replace")

    def mark(self) -> Callable[[], list[str]]:
        """Call what this returns for the lines that the hub has logged since."""
        before = len(self.log())
        return lambda: self.log()[before:].splitlines()

    # --- its API ------------------------------------------------------------------------------------------

    def api(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.web.request(method, f"/hub/api/{path}", json=body)

    def servers(self, user: str) -> dict[str, Any]:
        answer = self.api("GET", f"users/{user}?include_stopped_servers=1")
        return dict(answer.raise_for_status().json()["servers"])

    def server(self, user: str, name: str = "") -> dict[str, Any]:
        return dict(self.servers(user).get(name, {}))

    def make_user(self, user: str, *groups: str) -> None:
        assert self.api("POST", f"users/{user}").status_code in (201, 409)
        for group in groups:
            assert self.api("POST", f"groups/{group}").status_code in (201, 409)
            self.api("POST", f"groups/{group}/users", {"users": [user]}).raise_for_status()

    def ask(self, user: str, name: str = "", **options: Any) -> httpx.Response:
        """POST to start a server; what is left out stays as the policy has it."""
        path = f"users/{user}/servers/{name}" if name else f"users/{user}/server"
        return self.api("POST", path, {"user_options": {"v": 1, **options}})

    def begin(self, user: str, name: str = "", **options: Any) -> None:
        answer = self.ask(user, name, **options)
        assert answer.status_code in (201, 202), answer.text

    def stop(self, user: str, name: str = "") -> None:
        """Returns when the server is stopped, also while it starts."""
        path = f"users/{user}/servers/{name}" if name else f"users/{user}/server"
        answer = self.api("DELETE", path)
        assert answer.status_code in (202, 204), answer.text
        wait_for(lambda: self.stopped(user, name), 60)

    def stopped(self, user: str, name: str = "") -> bool:
        found = self.server(user, name)
        return bool(not found or found.get("stopped"))

    def outcome(self, user: str, name: str = "") -> dict[str, Any]:
        """The last event of a start: read from the stream that the browser's page listens to."""
        return self.progress(user, name)[-1]

    def progress(self, user: str, name: str = "", web: httpx.Client | None = None) -> list[dict[str, Any]]:
        path = f"users/{user}/servers/{name}/progress" if name else f"users/{user}/server/progress"
        found = []
        with (web or self.web).stream("GET", f"/hub/api/{path}", timeout=400) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    found.append(json.loads(line[6:]))
        return found

    def until_ready(self, user: str, name: str = "", seconds: float = 60) -> dict[str, Any]:
        """Of a server that a hub found when it started: there is no stream of that. Its route follows."""

        def ready() -> dict[str, Any] | None:
            found = self.server(user, name)
            return found if found.get("ready") and self.routes(user, name) else None

        return dict(wait_for(ready, seconds))

    def until_stopped(self, user: str, name: str = "", seconds: float = 60) -> None:
        wait_for(lambda: self.stopped(user, name), seconds)

    def tokens(self, user: str) -> list[str]:
        """Notes of the tokens that servers hold."""
        found = self.api("GET", f"users/{user}/tokens").raise_for_status().json()["api_tokens"]
        return [token["note"] for token in found if token["note"].startswith("Server at")]

    def person(self, name: str) -> Person:
        """Someone who logs in by the form, with the cookies of a browser."""
        web = httpx.Client(base_url=self.url, follow_redirects=True, timeout=60)
        web.get("/hub/login")
        person = Person(name, web, self.folder)
        form = {"username": name, "password": USER_PASSWORD, "_xsrf": person.xsrf}
        answer = web.post("/hub/login?next=%2Fhub%2Fhome", data=form)
        assert answer.url.path == "/hub/home", answer.text[:300]
        return person

    # --- what it has made ---------------------------------------------------------------------------------

    def visit(self, user: str, name: str = "") -> str:
        """What the notebook answers through the proxy: the name of its pod."""
        answer = self.web.get(f"/user/{user}/{name}/".replace("//", "/"), follow_redirects=False)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}"
        return answer.text.strip()

    def routes(self, user: str, name: str = "") -> dict[str, str]:
        """Where the proxy leads to, by path: of a server, or of all of somebody's."""
        found = self.api("GET", "proxy").raise_for_status().json()
        path = f"/user/{user}/{name}"
        return {where: route["target"] for where, route in found.items() if where.startswith(path)}

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        found = self.cluster.get("pods", "-l", "component=singleuser-server", namespace=namespace)["items"]
        return list(found)

    def secrets(self, namespace: str) -> list[str]:
        found = self.cluster.get("secrets", namespace=namespace)["items"]
        return [secret["metadata"]["name"] for secret in found]

    def release(self, namespace: str, pod: str, container: str = "hold") -> None:
        """Lets a pod go on that was asked for with the configuration `held` or `silent`."""
        path = (
            f"jsonpath={{.status.{'initC' if container == 'hold' else 'c'}ontainerStatuses[0].state.running}}"
        )
        self.cluster.wait_for(path, f"pod/{pod}", namespace=namespace)
        self.cluster.kubectl("exec", "-n", namespace, pod, "-c", container, "--", "touch", "/tmp/go")


@contextmanager
def refusing(cluster: Cluster, namespace: str, kind: str) -> Iterator[None]:
    """While it lasts the API server fails at each new object of a kind in a namespace, as it does when a webhook
    is down: a hub gets that far and no further."""
    name, probe = f"resilience-{namespace}-{kind}", _PROBES[kind]
    where = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [namespace, SPACE]}
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": [kind]}
    webhook = {
        "name": "down.kfhub.test",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [rule],
        "namespaceSelector": {"matchExpressions": [where]},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    cluster.apply(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [webhook],
        }
    )

    def in_force() -> bool:
        try:
            cluster.kubectl("create", "-n", SPACE, "--dry-run=server", "-f", "-", input=json.dumps(probe))
        except CommandError as error:
            return "failed calling webhook" in str(error)
        return False

    try:
        wait_for(in_force)
        yield
    finally:
        cluster.kubectl("delete", "validatingwebhookconfiguration", name)
        wait_for(lambda: not in_force())


# What can be tried, without being made, to see whether the API server knows of a webhook yet.
_PROBE = {"apiVersion": "v1", "metadata": {"name": "probe"}}
_PROBES: dict[str, dict[str, Any]] = {
    "pods": _PROBE | {"kind": "Pod", "spec": {"containers": [{"name": "a", "image": busybox.NAME}]}},
    "secrets": _PROBE | {"kind": "Secret"},
    "persistentvolumeclaims": _PROBE
    | {
        "kind": "PersistentVolumeClaim",
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    },
    "serviceaccounts": _PROBE | {"kind": "ServiceAccount"},
}


@contextmanager
def hub_process(cluster: Cluster, folder: Path) -> Iterator[HubProcess]:
    """A hub that has started, with its proxy; both are gone at the end, and all namespaces that it made."""
    ports = {name: free_port() for name in ("public", "api", "hub")}
    url = f"http://127.0.0.1:{ports['public']}"
    token, hub_url = secrets.token_hex(16), f"http://{HOST_IP}:{ports['hub']}"
    environment = _files(cluster, folder, token) | {
        "TEST_HUB": hub_url,
        "TEST_URL": url,
        "TEST_PROXY_API": f"http://127.0.0.1:{ports['api']}",
    }
    web = httpx.Client(base_url=url, headers={"Authorization": f"token {token}"}, timeout=60)
    with (folder / "proxy.log").open("ab") as log:
        proxy = subprocess.Popen(
            [
                *chp.command(),
                *("--ip=127.0.0.1", f"--port={ports['public']}", f"--default-target={hub_url}"),
                *("--api-ip=127.0.0.1", f"--api-port={ports['api']}", f"--error-target={hub_url}/hub/error"),
            ],
            env={**os.environ, "CONFIGPROXY_AUTH_TOKEN": "between-hub-and-proxy"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    hub = HubProcess(cluster, folder, url, environment, web)
    try:
        with allowed(cluster, Policy.load(folder / "policy.yaml")):
            hub.start()
            yield hub
    finally:
        hub.kill()
        proxy.kill()
        proxy.wait()
        web.close()
        _clear(cluster, wait=False)


def _files(cluster: Cluster, folder: Path, token: str) -> dict[str, str]:
    """What the chart mounts into the hub's pod; returns the environment that says where it is."""
    secret_values = {
        "hub.config.ConfigurableHTTPProxy.auth_token": "between-hub-and-proxy",
        "hub.config.JupyterHub.cookie_secret": "ab" * 32,
        "hub.config.SharedPasswordAuthenticator.user_password": USER_PASSWORD,
        "hub.config.SharedPasswordAuthenticator.admin_password": ADMIN_PASSWORD,
        "hub.services.tests.apiToken": token,
    }
    (folder / "secrets").mkdir()
    for name, value in secret_values.items():
        (folder / "secrets" / name).write_text(value)
    values = {
        "cull": {"enabled": False},
        "singleuser": {"cmd": ["sh", "-c", SERVER]},
        "hub": {
            "services": {"tests": {}},
            "loadRoles": {"tests": {"scopes": SCOPES, "services": ["tests"]}},
        },
    }
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    (folder / "policy.yaml").write_text(yaml.safe_dump({"spawnerFormDefaults": POLICY}))
    (folder / "jupyterhub_config.py").write_text(CONFIG)
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("KFHUB_", "JUPYTER"))}
    return clean | {
        "POD_NAMESPACE": SPACE,
        "KFHUB_VALUES": str(folder / "values.yaml"),
        "KFHUB_SECRETS": str(folder / "secrets"),
        "KFHUB_POLICY": str(folder / "policy.yaml"),
        "KUBECONFIG": str(_account(cluster, folder)),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "server_ext")]),
        "PYTHONUNBUFFERED": "1",
    }


def _account(cluster: Cluster, folder: Path) -> Path:
    """The kubeconfig of the hub's ServiceAccount, bound as the chart binds it."""
    _roles(cluster)
    _clear(cluster, wait=True)
    account = {"name": "hub", "namespace": SPACE}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    cluster.apply(
        [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": SPACE},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": "kfhub-hub",
                },
                "subjects": [{"kind": "ServiceAccount", **account}],
            },
        ],
        SPACE,
    )
    token = cluster.kubectl("create", "token", "hub", "-n", SPACE, "--duration=2h").strip()
    config = yaml.safe_load(cluster.kubectl("config", "view", "--raw", "--flatten"))
    for user in config["users"]:
        user["user"] = {"token": token}
    path = folder / "kubeconfig"
    path.touch(0o600)
    path.write_text(yaml.safe_dump(config))
    return path


def _roles(cluster: Cluster) -> None:
    """The chart's ClusterRoles; those of an installed chart are used as they are."""
    try:
        cluster.kubectl("get", "clusterrole", "kfhub-hub", "kfhub-edit", "kfhub-view", "kfhub-hub-namespace")
    except CommandError:
        rendered = cluster.helm(
            *("template", "kfhub", str(ROOT / "helm/kfhub"), "--namespace", "kfhub"),
            *("--kube-version", "1.34.0", "-s", "templates/rbac/roles.yaml"),
        )
        roles = [o for o in yaml.safe_load_all(rendered) if o and o["kind"] == "ClusterRole"]
        for role in roles:  # so that a chart that is installed later takes them over
            role["metadata"]["annotations"] = {
                "meta.helm.sh/release-name": "kfhub",
                "meta.helm.sh/release-namespace": "kfhub",
            }
        cluster.apply(roles)


def _clear(cluster: Cluster, wait: bool) -> None:
    """Takes away what a hub of these tests has made."""
    there = cluster.get("namespaces")["items"]
    names = [found["metadata"]["name"] for found in there]
    ours = [name for name in names if re.match(rf"(user|team)-resilience-|{SPACE}$", name)]
    if ours:
        # one of them may just be going away on its own
        after = (f"--wait={str(wait).lower()}", "--ignore-not-found")
        cluster.kubectl("delete", "namespace", *ours, *after, timeout=180)
    cluster.kubectl("delete", "clusterrolebinding", SPACE, "--ignore-not-found")
