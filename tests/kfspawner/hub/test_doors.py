"""Each rule of requests, through each of the four doors of a running hub."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup

from kfspawner import Owner, Policy, PolicyError
from kfspawner.notebook import parse_form

GOOD: dict[str, Any] = {"cpu": "1", "memory": "2Gi"}

# name of the rule: options, field at fault
RULES: dict[str, tuple[dict[str, Any], str]] = {
    "key that isn't known": ({"cpuu": "1"}, "cpuu"),
    "version that isn't known": ({"v": 7}, "v"),
    "namespace of someone else": ({"namespace": "user-grace"}, "namespace"),
    "image that isn't listed": ({"image": "evil.io/miner:1"}, "image"),
    "custom image that no pattern has": ({"customImage": "acme.io/own/x:latest"}, "customImage"),
    "image with a space at its end": ({"image": "acme.io/lab:1 "}, "image"),
    "cpu above the limit": ({"cpu": "4001m"}, "cpu"),
    "cpu that is no quantity": ({"cpu": "two"}, "cpu"),
    "cpu of zero": ({"cpu": "0"}, "cpu"),
    "memory above the limit": ({"memory": "5Gi"}, "memory"),
    "memory with two units": ({"memory": "1e9Gi"}, "memory"),
    "memory that would be formatted": ({"memory": "{username}"}, "memory"),
    "gpu vendor that isn't listed": ({"gpu": {"vendor": "evil.com/gpu", "count": 1}}, "gpu.vendor"),
    "more gpus than allowed": ({"gpu": {"vendor": "nvidia.com/gpu", "count": 3}}, "gpu.count"),
    "a gpu, which this machine can't give": ({"gpu": {"vendor": "nvidia.com/gpu", "count": 1}}, "gpu"),
    "workspace of no kind": ({"workspace": {"kind": "hostPath"}}, "workspace.kind"),
    "workspace name that climbs": ({"workspace": {"name": "../../etc"}}, "workspace.name"),
    "workspace that isn't there": ({"workspace": {"kind": "existing", "name": "gone"}}, "workspace.name"),
    "workspace size that is no size": ({"workspace": {"size": "big"}}, "workspace.size"),
    "workspace mode that isn't one": ({"workspace": {"mode": "ReadMostly"}}, "workspace.mode"),
    "storage class that is no name": ({"workspace": {"storageClass": "a b"}}, "workspace.storageClass"),
    "workspace over /etc": ({"workspace": {"mount": "/etc"}}, "workspace.mount"),
    "mount that climbs": ({"dataVolumes": [{"name": "a", "mount": "/data/../etc"}]}, "dataVolumes.0.mount"),
    "data volume without a name": ({"dataVolumes": [{"size": "1Gi"}]}, "dataVolumes.0.name"),
    "data volume that isn't there": (
        {"dataVolumes": [{"kind": "existing", "name": "gone"}]},
        "dataVolumes.0.name",
    ),
    "second data volume on the same mount": (
        {"dataVolumes": [{"name": "a", "mount": "/data/x"}, {"name": "b", "mount": "/data/x"}]},
        "dataVolumes.1.mount",
    ),
    "two folders of one name in the workspace": (
        {"dataVolumes": [{"name": "a", "mount": "/data/x"}, {"name": "b", "mount": "/mnt/x"}]},
        "dataVolumes.1.mount",
    ),
    "configuration that isn't listed": ({"configurations": ["root"]}, "configurations"),
    "configuration, which is for pods": ({"configurations": ["proxy"]}, "configurations"),
    "affinity that isn't listed": ({"affinity": "anywhere"}, "affinity"),
    "affinity, which is for clusters": ({"affinity": "own_node"}, "affinity"),
    "tolerations that aren't listed": ({"tolerations": "all"}, "tolerations"),
    "tolerations, which are for clusters": ({"tolerations": "big"}, "tolerations"),
    "shared memory that is no switch": ({"shm": "perhaps"}, "shm"),
    "variable of the hub": ({"environment": {"JUPYTERHUB_API_TOKEN": "x"}}, "environment"),
    "variable with a wrong name": ({"environment": {"1X": "y"}}, "environment"),
    "secrets, which are for clusters": ({"secrets": ["mine"]}, "secrets"),
    "namespace of a team of others": ({"namespace": "team-vision"}, "namespace"),
    "choice that the admin has fixed": ({"configurations": ["proxy"]}, "configurations"),
    "variable of Jupyter": ({"environment": {"JPY_API_TOKEN": "x"}}, "environment"),
    "variable of the panels": ({"environment": {"KFLAB_TOKEN": "x"}}, "environment"),
    "variable of Kubernetes": ({"environment": {"KUBERNETES_SERVICE_HOST": "x"}}, "environment"),
    "variable that this hub sets": ({"environment": {"HOME": "/tmp"}}, "environment"),
    "workspace mode, which is for clusters": ({"workspace": {"mode": "ReadOnlyMany"}}, "workspace.mode"),
    "storage class, which is for clusters": (
        {"workspace": {"storageClass": "fast"}},
        "workspace.storageClass",
    ),
    "workspace elsewhere than at home": ({"workspace": {"mount": "/data/x"}}, "workspace.mount"),
    "mode of a data volume": (
        {"dataVolumes": [{"name": "a", "mode": "ReadOnlyMany"}]},
        "dataVolumes.0.mode",
    ),
}
TYPED: dict[str, tuple[dict[str, Any], str]] = {
    "cpu as a list": ({"cpu": ["1"]}, "cpu"),
    "image as an object": ({"image": {"name": "acme.io/lab:1"}}, "image"),
    "gpu count as a fraction": ({"gpu": {"vendor": "nvidia.com/gpu", "count": 1.5}}, "gpu.count"),
    "volumes as a text": ({"dataVolumes": "all"}, "dataVolumes"),
    "environment as a list": ({"environment": ["A"]}, "environment"),
    "switch as a number": ({"shm": 1}, "shm"),
    "NUL in a variable": ({"environment": {"A": "x\0y"}}, "environment"),
}
EVERYWHERE = [pytest.param(*rule, id=name) for name, rule in RULES.items()]
JSON_ONLY = [pytest.param(*rule, id=name) for name, rule in TYPED.items()]

_number = itertools.count()


@pytest.fixture
def fresh() -> str:
    """The name of a server that nobody has."""
    return f"fresh-{next(_number)}"


@pytest.fixture(scope="module")
def ada(hub: Any) -> Any:
    """Logged in, with options that were stored before."""
    person = hub.person("ada")
    assert person.rest("PATCH", "", {"user_options": GOOD}).status_code == 200
    return person


def untouched(person: Any, *gone: str) -> None:
    """A refusal left nothing behind: no record of a new server, no token, and the options of before."""
    servers = person.servers()
    assert person.stored() == GOOD
    assert not servers[""]["ready"] and not servers[""]["pending"]
    assert not set(gone) & set(servers)
    assert person.tokens() == []


def shows_fault(page: str, fields: dict[str, Any], field: str) -> None:
    """The form names the field at fault, leads to it, and holds what was typed."""
    soup = BeautifulSoup(page, "html.parser")
    summary = soup.select_one("#kf-errors")
    assert summary is not None
    target = "kf-" + field.replace(".", "-")
    top = field.split(".")[0]
    linked = [str(link["href"])[1:] for link in summary.select("a")]
    assert any(link == target or link.startswith(("kf-section-", f"kf-{top}")) for link in linked) or (
        field in summary.text
    )
    for name, typed in fields.items():
        drawn = [element for element in soup.select("[name]") if element["name"] == name]
        if not drawn or isinstance(typed, list):
            continue  # a key that no form has
        place = drawn[-1]
        if place.name == "textarea":
            assert place.text.strip() == typed
        elif place.name == "input" and place.get("type") in (None, "text"):
            assert place["value"] == typed


def status_of(field: str) -> int:
    """A request that reaches for what is somebody else's is forbidden; all others are wrong."""
    return 403 if field == "namespace" else 400


@pytest.mark.parametrize(("options", "field"), EVERYWHERE)
def test_form_refuses(
    hub: Any, ada: Any, fresh: str, as_fields: Callable[..., Any], options: dict[str, Any], field: str
) -> None:
    fields = as_fields(options)
    for server in ("", fresh):
        answer = ada.form(fields, server)
        assert answer.status_code == status_of(field)
        shows_fault(answer.text, fields, field)
    untouched(ada, fresh)


@pytest.mark.parametrize(("options", "field"), EVERYWHERE)
def test_link_refuses(
    ada: Any, fresh: str, as_fields: Callable[..., Any], options: dict[str, Any], field: str
) -> None:
    fields = as_fields(options)
    for server in ("", fresh):
        answer = ada.link(fields, server)
        assert answer.status_code == status_of(field)
        shows_fault(answer.text, fields, field)
    untouched(ada, fresh)


@pytest.mark.parametrize(("options", "field"), EVERYWHERE + JSON_ONLY)
def test_rest_refuses(ada: Any, fresh: str, options: dict[str, Any], field: str) -> None:
    for server in ("", fresh):
        answer = ada.rest("POST", server, {"user_options": options})
        assert answer.status_code == status_of(field)
        named = [line.split(":")[0] for line in answer.json()["message"].splitlines()]
        assert field in named
        assert "Traceback" not in answer.text
    untouched(ada, fresh)


@pytest.mark.parametrize(("options", "field"), EVERYWHERE + JSON_ONLY)
def test_stored_options_are_refused_at_the_next_start(
    hub: Any, ada: Any, fresh: str, options: dict[str, Any], field: str
) -> None:
    assert ada.rest("PUT", fresh, {"user_options": options}).status_code == 201
    answer = ada.rest("POST", fresh)  # empty: replay
    assert answer.status_code == status_of(field)
    assert field in [line.split(":")[0] for line in answer.json()["message"].splitlines()]
    stored = ada.servers()[fresh]
    assert ada.stored(fresh) == options  # theirs to correct
    assert not stored["ready"]
    form = ada.web.get(f"/hub/spawn/ada/{fresh}")
    assert form.status_code == 200
    assert BeautifulSoup(form.text, "html.parser").select_one("#kf-errors") is not None
    assert ada.rest("DELETE", fresh, {"remove": True}).status_code == 204
    untouched(ada, fresh)


def test_all_faults_of_a_request_are_named_at_once(ada: Any) -> None:
    options = {"cpu": "99", "memory": "lots", "image": "x"}
    message = ada.rest("POST", "", {"user_options": options}).json()["message"]
    assert {line.split(":")[0] for line in message.splitlines()} == {"cpu", "memory", "image"}


def test_percent_signs_come_back_as_typed(hub: Any, ada: Any) -> None:
    for door in (ada.form, ada.link):
        answer = door({"cpu": "50% %s %d"})
        assert answer.status_code == 400
        assert BeautifulSoup(answer.text, "html.parser").select_one("#kf-cpu")["value"] == "50% %s %d"
    assert '"50% %s"' in ada.rest("POST", "", {"user_options": {"cpu": "50% %s"}}).json()["message"]
    log = (hub.data / "logs/hub.log").read_text()
    assert '"50% %s"' in log and "%%" not in log


def test_markup_is_shown_as_text(ada: Any) -> None:
    for door in (ada.form, ada.link):
        page = door({"memory": '"><script>alert(1)</script>'}).text
        assert "<script>alert" not in page
        assert BeautifulSoup(page, "html.parser").select_one("#kf-memory")["value"].startswith('"><script>')


def test_what_one_typed_is_not_shown_to_the_next_request(hub: Any, ada: Any) -> None:
    grace = hub.person("grace")
    assert ada.form({"environment": "SECRET_OF=ada", "cpu": "99"}).status_code == 400
    for person in (ada, grace):
        page = person.web.get(f"/hub/spawn/{person.name}")
        assert page.status_code == 200
        assert "SECRET_OF" not in page.text and "kf-errors" not in page.text


def test_link_fills_the_form_in_and_starts_nothing(hub: Any, ada: Any, fresh: str) -> None:
    before = (hub.data / "logs/hub.log").stat().st_size
    answer = ada.link({"cpu": "3", "environment": "A=b", "workspace.size": "7Gi"}, fresh)
    soup = BeautifulSoup(answer.text, "html.parser")
    assert answer.status_code == 200
    assert soup.select_one("#kf-cpu")["value"] == "3"
    assert soup.select_one("#kf-workspace-size")["value"] == "7Gi"
    assert soup.select_one("#kf-errors") is None and soup.select_one(".spawn-error-msg") is None
    untouched(ada, fresh)
    log = (hub.data / "logs/hub.log").read_bytes()[before:].decode()
    assert f"/hub/spawn/ada/{fresh}" in log
    assert "Traceback" not in log and "[E " not in log


def test_link_to_a_server_made_before_keeps_it(ada: Any, fresh: str) -> None:
    assert ada.rest("PUT", fresh, {"display_name": "Mine"}).status_code == 201
    assert ada.link({"cpu": "3"}, fresh).status_code == 200
    assert fresh in ada.servers()
    assert ada.rest("DELETE", fresh, {"remove": True}).status_code == 204


def test_form_shows_the_stored_options(ada: Any) -> None:
    soup = BeautifulSoup(ada.web.get("/hub/spawn/ada").text, "html.parser")
    assert soup.select_one("#kf-cpu")["value"] == GOOD["cpu"]


def test_refused_form_after_the_page_was_opened_leaves_no_record(ada: Any, fresh: str) -> None:
    assert ada.web.get(f"/hub/spawn/ada/{fresh}").status_code == 200
    assert ada.form({"cpu": "99"}, fresh).status_code == 400
    untouched(ada, fresh)


def test_refusal_keeps_a_server_made_before(ada: Any, fresh: str) -> None:
    assert ada.rest("PUT", fresh, {"display_name": "Mine"}).status_code == 201
    for refused in (ada.form({"cpu": "99"}, fresh), ada.rest("POST", fresh, {"user_options": {"cpu": "99"}})):
        assert refused.status_code == 400
    assert fresh in ada.servers()
    assert ada.rest("DELETE", fresh, {"remove": True}).status_code == 204


def test_a_server_named_default_is_refused(ada: Any) -> None:
    assert ada.form({}, "default").status_code == 400
    answer = ada.rest("POST", "default", {"user_options": {}})
    assert answer.status_code == 400 and "first server" in answer.json()["message"]
    untouched(ada, "default")


def test_the_script_of_the_form_is_served_and_nothing_beside_it(ada: Any) -> None:
    script = BeautifulSoup(ada.web.get("/hub/spawn/ada").text, "html.parser").select_one("script[src*=kfhub]")
    assert ada.web.get(script["src"]).status_code == 200
    assert ada.web.get("/hub/static/css/style.min.css").status_code == 200
    for outside in ("kfhub/%2e%2e/local.py", "kfhub/..%2flocal.py", "kfhub//etc/passwd"):
        assert ada.web.get(f"/hub/static/{outside}").status_code in (403, 404)


def test_post_without_xsrf_starts_nothing(ada: Any) -> None:
    assert ada.web.post("/hub/spawn/ada", data={"cpu": "1"}).status_code == 403
    untouched(ada)


def test_table_is_about_one_fault_each(hub: Any, as_fields: Callable[..., Any]) -> None:
    # The rules of the policy itself: form fields mean the same as JSON.
    policy = Policy.load(hub.policy)
    for options, field in RULES.values():
        found = []
        for way in (
            options,
            parse_form({k: v if isinstance(v, list) else [v] for k, v in as_fields(options).items()}),
        ):
            try:
                policy.resolve(way, Owner("ada"))
            except PolicyError as error:
                found.append({fault["field"] for fault in error.errors})
        assert not found or (len(found) == 2 and all(field in fields for fields in found))
