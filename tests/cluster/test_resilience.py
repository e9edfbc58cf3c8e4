"""A hub that is killed at the worst moment, restarted, or left alone by the API server: nobody loses a notebook."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bs4 import BeautifulSoup

from tests.cluster.hub_process import HubProcess, hub_process, refusing
from tests.cluster.kube import node
from tests.cluster.kube.client import Cluster
from tests.cluster.kube.places import NODE
from tests.kfspawner.hub.conftest import wait_for

TEAM = "resilience-team"


@pytest.fixture(scope="module")
def hub(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    if not cluster.own:
        pytest.skip("the pods of another cluster may not reach a hub on this machine")
    with hub_process(cluster, tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture
def restarted(hub: HubProcess) -> Iterator[HubProcess]:
    """A hub that a test may end; the next one finds it running."""
    yield hub
    if hub.process is None or hub.process.poll() is not None:
        hub.start()


def pod_of(user: str, name: str = "") -> str:
    return f"jupyter-{user}--{name}" if name else f"jupyter-{user}"


def uids(hub: HubProcess, *namespaces: str) -> dict[str, str]:
    """Each notebook's pod, and which one of that name it is."""
    pods = [pod["metadata"] for namespace in namespaces for pod in hub.pods(namespace)]
    return {f"{pod['namespace']}/{pod['name']}": pod["uid"] for pod in pods}


def starts(hub: HubProcess, user: str, name: str = "", **options: Any) -> None:
    hub.begin(user, name, **options)
    last = hub.outcome(user, name)
    assert last.get("ready"), last
    assert hub.visit(user, name) == pod_of(user, name)


def nothing_left(hub: HubProcess, namespace: str, user: str) -> None:
    """No pod, no Secret and no token; volumes stay."""
    assert hub.pods(namespace) == []
    # They go with their pod, a moment later; Kubernetes' garbage collector takes minutes to take up its work again
    # after an API server was away.
    wait_for(lambda: hub.secrets(namespace) == [], 240)
    assert hub.tokens(user) == []


# --- killed on the way --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "team"), [("serviceaccounts", False), ("pods", True), ("secrets", False), ("secrets", True)]
)
def test_a_hub_killed_half_way_leaves_nothing_and_starts_anew(
    restarted: HubProcess, kind: str, team: bool
) -> None:
    """Before the first object in a new namespace, before the pod, and between the pod and its token."""
    hub, user = restarted, f"resilience-{kind}{'-t' if team else ''}"
    namespace = f"team-{user}" if team else f"user-{user}"
    hub.make_user(user, *([user] if team else []))
    made = {
        "serviceaccounts": "rolebinding/kfhub-hub",
        "pods": "pvc/default-workspace",
        "secrets": f"pod/{pod_of(user)}",
    }
    other = "resilience-other"
    hub.make_user(other)
    with refusing(hub.cluster, namespace, kind):
        hub.begin(user, namespace=namespace)
        hub.cluster.wait_for("create", f"namespace/{namespace}")
        hub.cluster.wait_for("create", made[kind], namespace=namespace)
        starts(hub, other)  # what holds one up holds up no other
        hub.stop(other)
        hub.kill()
    hub.start()
    hub.until_stopped(user)
    nothing_left(hub, namespace, user)
    starts(hub, user, namespace=namespace)
    hub.stop(user)
    nothing_left(hub, namespace, user)


@pytest.mark.parametrize("team", [False, True], ids=["own", "team"])
def test_a_hub_killed_while_a_pod_starts_finds_it_again(restarted: HubProcess, team: bool) -> None:
    hub, user = restarted, f"resilience-pending{'-t' if team else ''}"
    hub.make_user(user, *([user] if team else []))
    namespace, pod = f"team-{user}" if team else f"user-{user}", pod_of(user)
    if team:  # what is stored of the last start says another namespace
        starts(hub, user)
        hub.stop(user)
    hub.begin(user, namespace=namespace, configurations=["held"])
    hub.cluster.wait_for("create", f"pod/{pod}", namespace=namespace)
    wait_for(lambda: hub.secrets(namespace))
    before = uids(hub, namespace)
    hub.kill()
    if team:
        hub.release(namespace, pod)
        hub.cluster.wait_for("condition=Ready", f"pod/{pod}", namespace=namespace)
    hub.start()
    if not team:
        assert not hub.stopped(user)
        hub.release(namespace, pod)
    hub.until_ready(user)
    assert hub.visit(user) == pod
    assert uids(hub, namespace) == before
    hub.stop(user)
    nothing_left(hub, namespace, user)


# --- restarted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restarted_hub_finds_its_servers_as_they_were(restarted: HubProcess, number: int) -> None:
    hub, user = restarted, f"resilience-running-{number:d}"
    namespace = f"user-{user}"
    hub.make_user(user)
    for name in ("", "second"):
        starts(hub, user, name)
    gone = f"{user}-gone"
    hub.make_user(gone)
    starts(hub, gone)
    before, routes = uids(hub, namespace), hub.routes(user)
    assert len(before) == len(routes) == 2
    hub.end(number)
    for name in ("", "second"):
        assert hub.visit(user, name) == pod_of(user, name)  # nobody needs the hub for that
    hub.cluster.kubectl("delete", "pod", pod_of(gone), "-n", f"user-{gone}", "--grace-period=0", "--force")
    hub.start()
    hub.until_stopped(gone)  # its pod went while no hub ran
    nothing_left(hub, f"user-{gone}", gone)
    for name in ("", "second"):
        hub.until_ready(user, name)
        assert hub.visit(user, name) == pod_of(user, name)
    assert uids(hub, namespace) == before
    assert hub.routes(user) == routes
    for name in ("", "second"):
        hub.stop(user, name)
    nothing_left(hub, namespace, user)


# --- without the API server ---------------------------------------------------------------------------


@pytest.fixture
def running(hub: HubProcess) -> str:
    """Somebody whose notebook runs, and another one is on its way."""
    user = "resilience-outage"
    hub.make_user(user)
    starts(hub, user)
    hub.begin(user, "held", configurations=["held"])
    hub.cluster.wait_for("create", f"pod/{pod_of(user, 'held')}", namespace=f"user-{user}")
    wait_for(lambda: len(hub.secrets(f"user-{user}")) == 2)
    return user


@pytest.mark.timeout(600, func_only=True)
def test_two_minutes_without_the_api_server(hub: HubProcess, running: str) -> None:
    """Looked at after 30 seconds and at the end. A start that is asked for meanwhile goes on afterwards."""
    process = hub.process
    with node.without_apiserver(hub.cluster.places):
        began = time.monotonic()
        hub.begin(running, "asked", cpu="0.1")
        for moment in (30, 120):
            time.sleep(began + moment - time.monotonic())
            found = hub.servers(running)
            assert found[""]["ready"]
            assert hub.visit(running) == pod_of(running)
            assert found["held"]["pending"] == found["asked"]["pending"] == "spawn"
    hub.cluster.wait_for("condition=Ready", f"node/{NODE}", seconds=180)

    namespace = f"user-{running}"
    last = hub.outcome(running, "asked")
    assert last.get("ready"), last
    hub.release(namespace, pod_of(running, "held"))
    last = hub.outcome(running, "held")
    assert last.get("ready"), last
    for name in ("", "held", "asked"):
        assert hub.visit(running, name) == pod_of(running, name)
    # the watches go on: what happens to a pod is seen
    hub.cluster.kubectl(
        "delete", "pod", pod_of(running, "asked"), "-n", namespace, "--grace-period=0", "--force"
    )
    assert hub.api("POST", f"users/{running}/servers/asked", {}).status_code in (201, 202)
    assert hub.outcome(running, "asked").get("ready")
    assert hub.process is process and process is not None and process.poll() is None
    for name in ("", "held", "asked"):
        hub.stop(running, name)
    nothing_left(hub, namespace, running)


@pytest.mark.timeout(600, func_only=True)
def test_a_hub_that_starts_without_the_api_server_takes_no_server_for_dead(
    restarted: HubProcess, running: str
) -> None:
    hub = restarted
    with node.without_apiserver(hub.cluster.places):
        hub.kill()
        hub.start()
        assert hub.visit(running) == pod_of(running)
        assert not hub.stopped(running) and not hub.stopped(running, "held")
    hub.until_ready(running)
    hub.release(f"user-{running}", pod_of(running, "held"))
    hub.until_ready(running, "held")
    for name in ("", "held"):
        assert hub.visit(running, name) == pod_of(running, name)
        hub.stop(running, name)
    nothing_left(hub, f"user-{running}", running)


# --- stopped on the way -------------------------------------------------------------------------------


def test_a_start_that_is_broken_off_leaves_nothing(hub: HubProcess) -> None:
    user = "resilience-cancel"
    hub.make_user(user)
    for kind in ("pods", "secrets", ""):
        for name in ("", "second"):
            namespace = f"user-{user}"
            if kind:
                with refusing(hub.cluster, namespace, kind):
                    hub.begin(user, name)
                    hub.cluster.wait_for("create", "pvc/default-workspace", namespace=namespace)
                    hub.stop(user, name)
            else:
                hub.begin(user, name, configurations=["held"])
                hub.cluster.wait_for("create", f"pod/{pod_of(user, name)}", namespace=namespace)
                hub.stop(user, name)
            nothing_left(hub, namespace, user)
    starts(hub, user)
    hub.stop(user)


def test_a_start_that_takes_too_long_says_so_and_leaves_nothing(hub: HubProcess) -> None:
    user = "resilience-hurried"
    hub.make_user(user)
    hub.begin(user, configurations=["held"])
    last = hub.outcome(user)
    assert last["failed"]
    assert "not ready within 6 seconds" in last["message"], last
    hub.until_stopped(user)
    nothing_left(hub, f"user-{user}", user)


# --- how a start ends ---------------------------------------------------------------------------------


def test_a_browser_is_sent_on_by_the_event_of_the_start(hub: HubProcess) -> None:
    """One stream, one request of the hub to the notebook, and no other in between."""
    user = "resilience-browser"
    pod, namespace = pod_of(user), f"user-{user}"
    person = hub.person(user)
    since = hub.mark()
    answer = person.form({"configurations": ["silent"]})
    assert answer.status_code == 302 and "/hub/spawn-pending/" in answer.headers["location"]
    page = person.web.get(answer.headers["location"])
    assert page.status_code == 200
    found = re.search(r"""/hub/api/users/[^"']*/server/progress[^"'\s]*""", page.text)
    assert found
    with ThreadPoolExecutor(1) as pool:
        released = pool.submit(hub.release, namespace, pod, "notebook")
        events = hub.progress(user, web=person.web)
        released.result()
    assert events[-1]["ready"] and events[-1]["url"] == f"/user/{user}/"
    assert person.web.get(events[-1]["url"]).text.strip() == pod

    def asked() -> list[str]:  # a request is logged a moment after its answer
        return re.findall(rf"log:\d+\] \d+ (?:GET|POST) /hub/(\S*){user}", "\n".join(since()))

    wait_for(lambda: len(asked()) >= 3)
    assert asked() == ["spawn/", "spawn-pending/", "api/users/"]
    log = hub.cluster.kubectl("logs", "-n", namespace, pod, "-c", "notebook")
    assert log.count(f"url:/user/{user}/api") == 1, log
    hub.stop(user)


# --- the doors ----------------------------------------------------------------------------------------


def test_each_door_refuses_by_the_field_and_leaves_nothing(hub: HubProcess) -> None:
    user = "resilience-doors"
    namespace = f"user-{user}"
    person = hub.person(user)

    form = person.form({"cpu": "64"})
    assert form.status_code == 400
    assert _faults(form.text) == ["#kf-cpu"]
    link = person.link({"memory": "1Ti"})
    assert link.status_code == 400
    assert _faults(link.text) == ["#kf-memory"]
    rest = person.rest("POST", "fresh", {"user_options": {"image": "evil.io/x:1"}})
    assert rest.status_code == 400 and "image" in rest.json()["message"]
    stored = hub.api("PATCH", f"users/{user}/server", {"user_options": {"v": 1, "cpu": "64"}})
    assert stored.status_code == 200
    replay = person.rest("POST", "", {})
    assert replay.status_code == 400 and "cpu" in replay.json()["message"]

    assert set(hub.servers(user)) == {""} and hub.stopped(user)
    assert hub.tokens(user) == []
    assert namespace not in [found["metadata"]["name"] for found in hub.cluster.get("namespaces")["items"]]


def test_each_door_starts_a_pod(hub: HubProcess) -> None:
    user = "resilience-open"
    person = hub.person(user)
    link = person.link({"cpu": "0.1"})
    assert link.status_code == 200
    assert BeautifulSoup(link.text, "html.parser").select_one("[name=cpu][value='0.1']")
    assert hub.stopped(user)

    assert person.form({"cpu": "0.1"}).status_code == 302
    assert hub.outcome(user)["ready"]
    assert _cpu(hub, user) == "100m"
    hub.stop(user)

    assert person.rest("POST", "", {}).status_code in (201, 202)  # what is stored
    assert hub.outcome(user)["ready"]
    assert _cpu(hub, user) == "100m"
    hub.stop(user)

    assert person.rest("POST", "", {"user_options": {"cpu": "0.2"}}).status_code in (201, 202)
    assert hub.outcome(user)["ready"]
    assert _cpu(hub, user) == "200m"
    hub.stop(user)
    nothing_left(hub, f"user-{user}", user)


def test_what_the_cluster_refuses_is_a_sentence_and_leaves_nothing(hub: HubProcess) -> None:
    user = "resilience-missing"
    hub.make_user(user)
    hub.begin(user, image="docker.io/kfhub-test/missing:1")
    last = hub.outcome(user)
    assert last["failed"] and "docker.io/kfhub-test/missing:1" in last["message"], last
    hub.until_stopped(user)
    nothing_left(hub, f"user-{user}", user)


def _faults(page: str) -> list[str]:
    return [str(link["href"]) for link in BeautifulSoup(page, "html.parser").select("#kf-errors a")]


def _cpu(hub: HubProcess, user: str) -> str:
    (pod,) = hub.pods(f"user-{user}")
    container = next(one for one in pod["spec"]["containers"] if one["name"] == "notebook")
    return str(container["resources"]["requests"]["cpu"])
