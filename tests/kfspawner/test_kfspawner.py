"""KFSpawner without a cluster: KubeSpawner's ways without a policy, the doors and the pod with one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kubespawner.spawner
import pytest
from kubernetes_asyncio.client import ApiException, Configuration
from tornado.web import HTTPError
from traitlets import TraitError
from traitlets.config import Config

import kfspawner.spawner
from kfspawner import Owner, Policy, PolicyError
from kfspawner.spawner import KFSpawner
from kfspawner.watching import KINDS, Kind, Reflector

TOKEN = "a-token-of-the-hub"
Make = Callable[..., KFSpawner]
LoadPolicy = Callable[..., Policy]


@pytest.fixture
async def make(load: LoadPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes spawners whose API server is nowhere. `policy` False: without a policy file."""
    load()
    nowhere = Configuration(host="https://127.0.0.1:9")
    monkeypatch.setattr(Configuration, "_default", nowhere)
    for module in (kubespawner.spawner, kfspawner.spawner):
        monkeypatch.setattr(module, "load_config", lambda **_: None)
    monkeypatch.setattr(KFSpawner, "reflectors", {})
    monkeypatch.setattr(KFSpawner, "_namespace_default", lambda _: "kfhub")

    def make(
        policy: bool = True,
        user: str = "alice",
        server: str = "",
        groups: tuple[str, ...] = (),
        stored: Any = None,
        section: str = "KFSpawner",
        **traits: Any,
    ) -> KFSpawner:
        file = {"policy_file": str(tmp_path / "spawner_ui_config.yaml")} if policy else {}
        people = [SimpleNamespace(name=group) for group in groups]
        spawner = KFSpawner(
            config=Config(
                {section: traits, "KFSpawner": {**file, **(traits if section == "KFSpawner" else {})}}
            ),
            user=SimpleNamespace(
                name=user,
                id=1,
                url=f"/user/{user}",
                groups=people,
                admin=False,
                escaped_name=user,
                settings={},
            ),
            hub=SimpleNamespace(
                public_host="", url="http://hub:1", base_url="/hub/", api_url="http://hub:1/api"
            ),
            orm_spawner=SimpleNamespace(name=server, user_options=stored, state=None, server=None),
            db=SimpleNamespace(commit=lambda: None),
        )
        spawner.api_token = TOKEN
        spawner._spawn_future = asyncio.get_running_loop().create_future()
        return spawner

    return make


def shows(spawner: KFSpawner, **objects: dict[str, Any]) -> None:
    """Lets the spawner's live copies hold these objects, by kind."""
    kinds = {**KINDS, "pods": Kind("pods", "pods"), "events": Kind("events", "events")}
    for name, kind in kinds.items():
        copy = Reflector(kind, None, spawner.log)
        copy.resources = objects.get(name, {})
        copy.first_load_future.set_result(None)
        spawner.reflectors[spawner._get_reflector_key(name)] = copy


async def manifest(spawner: KFSpawner) -> dict[str, Any]:
    found: dict[str, Any] = spawner.api.api_client.sanitize_for_serialization(
        await spawner.get_pod_manifest()
    )
    return found


def variables(pod: dict[str, Any]) -> dict[str, Any]:
    return {
        one["name"]: one.get("value", one.get("valueFrom")) for one in pod["spec"]["containers"][0]["env"]
    }


async def ask(spawner: KFSpawner, **options: Any) -> None:
    await spawner.apply_user_options(spawner, options)


# --- without a policy -------------------------------------------------------------------------------------


PROFILES = [
    {"display_name": "Small", "default": True},
    {"display_name": "Large", "kubespawner_override": {"image": "acme.io/large:1", "mem_limit": "8G"}},
]


@pytest.mark.parametrize("section", ["KubeSpawner", "KFSpawner", "Spawner"])
async def test_profiles_work_as_in_stock(make: Make, section: str) -> None:
    spawner = make(policy=False, section=section, profile_list=PROFILES)
    form = await spawner.get_options_form()
    assert "Small" in form and "Large" in form
    spawner.user_options = spawner.options_from_form({"profile": ["large"]})
    await spawner.load_user_options()
    pod = await manifest(spawner)
    assert pod["spec"]["containers"][0]["image"] == "acme.io/large:1"


async def test_an_admins_own_form_works_as_in_stock(make: Make) -> None:
    spawner = make(
        policy=False,
        options_form="<input name=x>",
        options_from_form=lambda data: {"x": data["x"][0]},
        modify_pod_hook=lambda _, pod: pod,
    )
    assert await spawner.get_options_form() == "<input name=x>"
    assert spawner.options_from_form({"x": ["1"]}) == {"x": "1"}
    assert spawner.options_from_query({"x": ["2"]}) == {"x": "2"}
    assert spawner.modify_pod_hook is not None


async def test_without_a_policy_the_defaults_are_those_of_stock(make: Make) -> None:
    spawner = make(policy=False)
    assert (spawner.namespace, spawner.enable_user_namespaces) == ("kfhub", False)
    assert (spawner.service_account, spawner.fs_gid) == (None, None)
    assert spawner.pod_name == "jupyter-alice"
    pod = await manifest(spawner)
    assert not [key for key in pod["metadata"]["labels"] if key.startswith("kfhub.io/")]


@pytest.mark.parametrize("policy", [True, False])
async def test_templates_of_an_admin_expand(make: Make, policy: bool) -> None:
    spawner = make(
        policy=policy,
        server="plan",
        pod_name_template="nb-{user_server}",
        environment={"WHO": "{username}"},
        extra_labels={"team": "{username}-team"},
        volumes=[{"name": "of", "hostPath": {"path": "/of/{username}"}}],
    )
    if policy:
        shows(spawner)
        await ask(spawner)
    pod = await manifest(spawner)
    assert pod["metadata"]["name"] == "nb-alice--plan"
    assert pod["metadata"]["labels"]["team"] == "alice-team"
    assert variables(pod)["WHO"] == "alice"
    assert {"name": "of", "hostPath": {"path": "/of/alice"}} in pod["spec"]["volumes"]


# --- with a policy ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting", ["profile_list", "options_form", "options_from_form", "apply_user_options"]
)
async def test_a_setting_beside_the_policy_that_would_do_nothing_is_refused(make: Make, setting: str) -> None:
    value: Any = {"profile_list": PROFILES, "options_form": "x"}.get(setting, lambda *_: {})
    for section in ("KFSpawner", "KubeSpawner", "Spawner"):
        with pytest.raises(TraitError, match=f"{setting} can't be set"):
            make(section=section, **{setting: value})


async def test_a_request_reaches_the_pod(make: Make) -> None:
    spawner = make(server="plan", groups=("vision",))
    shows(spawner)
    await ask(spawner, namespace="team-vision", cpu="2", image="acme.io/code:1", secrets=["login"])
    pod = await manifest(spawner)
    notebook = pod["spec"]["containers"][0]
    assert spawner.namespace == "team-vision"
    assert notebook["image"] == "acme.io/code:1"
    assert notebook["resources"]["requests"]["cpu"] == 2.0
    assert notebook["resources"]["limits"] == {"cpu": 2.4}
    assert pod["spec"]["serviceAccountName"] == "default-editor"
    assert pod["spec"]["securityContext"]["fsGroup"] == 100
    assert {"name": "workspace", "persistentVolumeClaim": {"claimName": "plan-workspace"}} in pod["spec"][
        "volumes"
    ]
    assert variables(pod)["KFLAB_NAMESPACE"] == "team-vision"
    assert spawner.orm_spawner.user_options["workspace"]["name"] == "plan-workspace"


async def test_an_admin_decides_more_than_the_defaults(make: Make) -> None:
    spawner = make(service_account="ours", fs_gid=7, section="KubeSpawner")
    shows(spawner)
    await ask(spawner)
    pod = await manifest(spawner)
    assert pod["spec"]["serviceAccountName"] == "ours"
    assert pod["spec"]["securityContext"]["fsGroup"] == 7


HOSTILE = {"A": "{username}", "B": "{unclosed", "C": "{0.__class__}", "D": "{hub.api_token}", "E": "{{x}}"}


async def test_a_users_environment_is_never_a_template(make: Make) -> None:
    spawner = make(environment={"ADMIN": "{username}"})
    shows(spawner)
    await ask(spawner, environment=HOSTILE)
    found = variables(await manifest(spawner))
    assert {name: found[name] for name in HOSTILE} == HOSTILE
    assert found["ADMIN"] == "alice"


@pytest.mark.parametrize("policy", [True, False])
async def test_the_token_is_never_in_the_pod(make: Make, policy: bool) -> None:
    spawner = make(policy=policy)
    if policy:
        shows(spawner)
        await ask(spawner)
    spawner._token_secret = "jupyter-alice-1"
    pod = await manifest(spawner)
    assert TOKEN not in json.dumps(pod)
    reference = {"secretKeyRef": {"name": "jupyter-alice-1", "key": "token"}}
    assert variables(pod)["JUPYTERHUB_API_TOKEN"] == reference


async def test_a_size_of_one_server_does_not_stay_for_the_next_request(make: Make) -> None:
    spawner = make()
    shows(spawner)
    await ask(spawner, cpu="2", gpu={"count": 1}, environment={"A": "1"})
    await ask(spawner, cpu="1")
    pod = await manifest(spawner)
    assert pod["spec"]["containers"][0]["resources"]["limits"] == {"cpu": 1.2}
    assert "A" not in variables(pod)


# --- one namespace for all ----------------------------------------------------------------------------------


async def test_in_a_single_namespace_all_stand_side_by_side(make: Make) -> None:
    alice, bob = (make(user=user, single_namespace=True, groups=("vision",)) for user in ("alice", "bob"))
    for spawner in (alice, bob):
        shows(spawner)
        await ask(spawner, namespace="team-vision")
        assert (spawner.namespace, spawner.enable_user_namespaces) == ("kfhub", False)
    claims = [
        [
            volume["persistentVolumeClaim"]["claimName"]
            for volume in pod["spec"]["volumes"]
            if "persistentVolumeClaim" in volume
        ]
        for pod in (await manifest(alice), await manifest(bob))
    ]
    assert claims == [["alice-default-workspace"], ["bob-default-workspace"]]
    assert variables(await manifest(alice))["KFLAB_NAMESPACE"] == "kfhub"


async def test_in_a_single_namespace_anothers_volume_is_not_ones_own(make: Make) -> None:
    spawner = make(single_namespace=True)
    theirs = {
        "metadata": {
            "name": "bob-default-workspace",
            "namespace": "kfhub",
            "labels": {"kfhub.io/owner": "bob", "kfhub.io/notebook": "bob-default"},
        },
        "spec": {"resources": {"requests": {"storage": "5Gi"}}},
    }
    shows(spawner, claims={"kfhub/bob-default-workspace": theirs})
    with pytest.raises(HTTPError, match="belongs to bob"):
        await ask(spawner, workspace={"kind": "existing", "name": "bob-default-workspace"})


# --- somebody else's --------------------------------------------------------------------------------------


NAMESPACES: list[tuple[Any, int]] = [
    ("user-bob", 403),
    ("team-secret", 403),
    ("user-", 403),
    ("kube-system", 400),
    ("kfhub", 400),
    ("user-alice\n", 403),
    ("../user-bob", 400),
    (7, 400),
]


@pytest.mark.parametrize(
    ("door", "namespace", "status"),
    [
        (door, namespace, status)
        for door in ("form", "link", "REST", "stored")
        for namespace, status in NAMESPACES
        if isinstance(namespace, str) or door in ("REST", "stored")  # fields are texts
    ],
)
async def test_no_door_leads_to_a_namespace_of_others(
    make: Make, door: str, namespace: Any, status: int
) -> None:
    stored = {"namespace": namespace} if door == "stored" else {"namespace": "user-alice"}
    spawner = make(stored=stored, groups=("vision",))
    shows(spawner)
    spawner._before = stored
    with pytest.raises(HTTPError) as refusal:
        if door == "form":
            spawner.options_from_form({"namespace": [namespace]})
        elif door == "link":
            spawner.options_from_query({"namespace": [namespace]})
        else:
            await ask(spawner, namespace=namespace)
    assert refusal.value.status_code == status
    assert spawner.namespace == "user-alice"
    assert spawner.notebook_spec is None
    assert spawner.orm_spawner.user_options == stored


@pytest.mark.parametrize(
    ("options", "forbidden"),
    [
        ({"namespace": "user-bob"}, True),
        ({"namespace": "team-secret", "cpu": "lots"}, True),
        ({"namespace": "kube-system"}, False),
        ({"namespace": ["user-bob"]}, False),
        ({"cpu": "lots"}, False),
        ({"namespace": "team-vision", "cpu": "lots"}, False),
    ],
)
def test_what_reaches_for_anothers_namespace_is_forbidden(
    policy: Policy, alice: Owner, options: dict[str, Any], forbidden: bool
) -> None:
    with pytest.raises(PolicyError) as refusal:
        policy.resolve(options, alice)
    assert refusal.value.forbidden is forbidden


async def test_a_member_who_left_a_team_is_kept_out_of_it(make: Make) -> None:
    stored = {"namespace": "team-vision"}
    spawner = make(stored=stored)
    shows(spawner)
    spawner._before = stored
    with pytest.raises(HTTPError) as refusal:
        await spawner.apply_user_options(spawner, stored)
    assert refusal.value.status_code == 403


# --- what the cluster knows -------------------------------------------------------------------------------


async def test_what_a_quota_has_no_room_for_is_refused_before_anything_is_made(make: Make) -> None:
    spawner = make()
    full = {
        "metadata": {"name": "kfhub", "namespace": "user-alice"},
        "status": {"hard": {"cpu": "1"}, "used": {"cpu": "1"}},
    }
    shows(spawner, quotas={"user-alice/kfhub": full})
    with pytest.raises(HTTPError, match="quota of user-alice leaves: 0 CPU of 1 CPU") as refusal:
        await ask(spawner)
    assert refusal.value.status_code == 400
    assert spawner.orm_spawner.user_options is None


async def test_nothing_is_deleted_with_a_server(make: Make) -> None:
    """No API server answers here: a call would raise."""
    await make().delete_forever()


# --- the pod is asked for ---------------------------------------------------------------------------------


class ApiServer:
    """Keeps what it is sent, by kind; can lose its answer to the first request for a kind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, spawner: KFSpawner) -> None:
        self.there: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.loses: set[str] = set()
        self.refuses: list[tuple[str, str]] = []  # of a kind, with these words: each once
        for name in ("create", "read"):
            monkeypatch.setattr(kfspawner.spawner.api, name, getattr(self, name))
        self.pods = spawner._pods.resources
        self.key = spawner._key

    async def create(self, client: object, manifest: dict[str, Any]) -> dict[str, Any]:
        kind = manifest["kind"]
        self.asked.append(kind)
        if self.refuses and self.refuses[0][0] == kind:
            refusal = ApiException(status=403)
            refusal.body = json.dumps({"message": self.refuses.pop(0)[1]})
            raise refusal
        if kind in self.there:
            raise ApiException(status=409)
        made = {**manifest, "metadata": {**manifest["metadata"], "uid": f"uid-of-a-{kind}"}}
        self.there[kind] = made
        if kind == "Pod":
            self.pods[self.key] = made
        if kind in self.loses:
            self.loses.remove(kind)
            raise TimeoutError
        return made

    async def read(self, client: object, manifest: dict[str, Any]) -> dict[str, Any]:
        return self.there[manifest["kind"]]


@pytest.mark.parametrize("lost", ["", "Pod", "Secret"])
async def test_a_pod_and_its_token_are_made_once_also_when_an_answer_is_lost(
    make: Make, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    spawner = make()
    shows(spawner)
    await ask(spawner)
    server = ApiServer(monkeypatch, spawner)
    server.loses = {lost}
    stopped = []
    monkeypatch.setattr(KFSpawner, "stop", lambda *_: stopped.append(1))
    monkeypatch.setattr(kfspawner.api, "_FIRST_PAUSE", 0)
    spawner._token_secret = "jupyter-alice-1"
    pod = await spawner.get_pod_manifest()
    while not await spawner._make_create_pod_request(pod, 3):
        assert server.asked == ["Pod"]
    assert not stopped
    owner = server.there["Secret"]["metadata"]["ownerReferences"][0]
    assert (owner["name"], owner["uid"]) == (spawner.pod_name, "uid-of-a-Pod")
    assert server.asked == sorted(["Pod", "Secret", *([lost] if lost else [])])


async def test_a_pod_of_an_earlier_start_is_removed_first(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawner = make()
    shows(spawner)
    await ask(spawner)
    server = ApiServer(monkeypatch, spawner)

    async def stop(*_: object) -> None:
        del server.there["Pod"]

    monkeypatch.setattr(KFSpawner, "stop", stop)
    spawner._token_secret = "jupyter-alice-1"
    pod = await spawner.get_pod_manifest()
    assert await spawner._make_create_pod_request(pod, 3)
    spawner._token_secret = "jupyter-alice-2"
    del server.there["Secret"]
    pod = await spawner.get_pod_manifest()
    assert not await spawner._make_create_pod_request(pod, 3)
    assert server.there == {}
    assert await spawner._make_create_pod_request(pod, 3)


NO_RIGHT = 'is forbidden: User "system:serviceaccount:kfhub:hub" cannot create resource "x" in API group ""'


async def test_rights_that_the_api_server_has_still_to_read_are_waited_for(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is for a moment after it was restarted."""
    spawner = make(single_namespace=True)
    shows(spawner)
    await ask(spawner)
    server = ApiServer(monkeypatch, spawner)
    monkeypatch.setattr(kfspawner.api, "_FIRST_PAUSE", 0)
    server.refuses = [(kind, NO_RIGHT) for kind in ("PersistentVolumeClaim", "Pod", "Secret") for _ in "12"]
    assert spawner.notebook_spec
    await spawner._prepare(spawner.notebook_spec)
    spawner._token_secret = "jupyter-alice-1"
    pod = await spawner.get_pod_manifest()
    while not await spawner._make_create_pod_request(pod, 3):
        pass
    assert server.refuses == []
    assert set(server.there) == {"PersistentVolumeClaim", "Pod", "Secret"}


@pytest.mark.parametrize("words", [NO_RIGHT, "is forbidden: exceeded quota: kfhub"])
async def test_a_refusal_that_stays_is_told(make: Make, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    spawner = make(single_namespace=True)
    shows(spawner)
    await ask(spawner)
    server = ApiServer(monkeypatch, spawner)
    monkeypatch.setattr(kfspawner.api, "FRESH_RIGHTS", 0)
    for kind in ("PersistentVolumeClaim", "Pod"):
        server.refuses = [(kind, words)]
        assert spawner.notebook_spec
        with pytest.raises(ApiException):
            await spawner._prepare(spawner.notebook_spec)
            await spawner._make_create_pod_request(await spawner.get_pod_manifest(), 3)
        assert server.refuses == []
