"""Each rule of user_options, one request at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kfspawner import Gpu, Owner, Policy, Volume, quantity
from kfspawner.notebook import parse_form

ONE = quantity.size("1Gi")


def test_an_empty_request_is_the_policys_values(policy: Policy, alice: Owner) -> None:
    spec = policy.resolve({}, alice)
    assert (spec.notebook, spec.namespace, spec.image, spec.image_group) == (
        "default",
        "user-alice",
        "acme.io/lab:1",
        "image",
    )
    assert (str(spec.cpu), str(spec.memory), spec.gpu) == ("0.5", "1Gi", Gpu())
    assert spec.workspace == Volume(
        "new", "default-workspace", "/home/jovyan", quantity.size("5Gi"), "ReadWriteOnce", None
    )
    assert (spec.data_volumes, spec.configurations, spec.environment, spec.secrets) == ((), (), {}, ())
    assert (spec.affinity, spec.tolerations, spec.shm, spec.notices) == ("none", "none", True, ())


def test_null_means_not_given(policy: Policy, alice: Owner) -> None:
    keys = policy.resolve({}, alice).to_options()
    nulls = dict.fromkeys([*keys, "customImage"]) | {"v": None}
    assert policy.resolve(nulls, alice) == policy.resolve({}, alice)
    inner = {"workspace": dict.fromkeys(keys["workspace"]), "gpu": {"vendor": None, "count": None}}
    assert policy.resolve(inner, alice) == policy.resolve({}, alice)


FULL: dict[str, Any] = {
    "v": 1,
    "namespace": "team-vision",
    "image": "acme.io/code:1",
    "cpu": "500m",
    "memory": "1.5Gi",
    "gpu": {"vendor": "nvidia.com/gpu", "count": 2},
    "workspace": {"kind": "existing", "name": "old", "mount": "/home/jovyan"},
    "dataVolumes": [
        {
            "kind": "new",
            "name": "a",
            "size": "10Gi",
            "mode": "ReadWriteMany",
            "storageClass": "fast",
            "mount": "/data/a",
        },
        {"kind": "existing", "name": "b"},
    ],
    "configurations": ["license", "proxy"],
    "affinity": "own_node",
    "tolerations": "big",
    "shm": False,
    "environment": {"K": "{v} .. ü"},
    "secrets": ["database.login"],
}


def test_everything_at_once_and_back_to_json(policy: Policy, alice: Owner) -> None:
    spec = policy.resolve(FULL, alice)
    assert spec.image_group == "imageGroupOne"
    assert spec.cpu_cores == 0.5
    assert spec.gpu == Gpu("nvidia.com/gpu", 2)
    assert spec.data_volumes == (
        Volume("new", "a", "/data/a", quantity.size("10Gi"), "ReadWriteMany", "fast"),
        Volume("existing", "b", "/home/jovyan/b"),
    )
    assert spec.configurations == ("proxy", "license"), "in the admin's order"
    assert (spec.affinity, spec.tolerations, spec.shm) == ("own_node", "big", False)
    stored = json.loads(json.dumps(spec.to_options()))
    assert policy.resolve(stored, alice, stored=True) == spec


@pytest.mark.parametrize("options", [None, [], "x", 1, True])
def test_options_that_are_no_object(policy: Policy, alice: Owner, refused: Any, options: Any) -> None:
    assert "object" in refused(lambda: policy.resolve(options, alice))[""]


# --- what each field refuses, and that the field is named


@pytest.mark.parametrize(
    ("options", "field", "part"),
    [
        ({"imag": "a"}, "imag", "Known here: affinity, configurations"),
        ({"__proto__": 1}, "__proto__", "isn't known"),
        ({"gpu": {"vendor": "nvidia.com/gpu", "size": 1}}, "gpu.size", "count, vendor"),
        ({"workspace": {"path": "/"}}, "workspace.path", "isn't known"),
        ({"dataVolumes": [{"name": "a", "hostPath": "/"}]}, "dataVolumes.0.hostPath", "isn't known"),
        ({"v": 2}, "v", "Use 1"),
        ({"v": "1"}, "v", "Use 1"),
        ({"v": True}, "v", "Use 1"),
        ({"v": 0}, "v", "Use 1"),
        ({"namespace": "user-bob"}, "namespace", "user-alice, team-vision"),
        ({"namespace": "kube-system"}, "namespace", "isn't yours"),
        ({"namespace": ["user-alice"]}, "namespace", "isn't yours"),
        ({"image": "acme.io/lab:2"}, "image", "acme.io/lab:1, acme.io/lab:0, acme.io/code:1"),
        ({"image": ""}, "image", "isn't on the list"),
        ({"image": {"x": 1}}, "image", "isn't on the list"),
        ({"image": "acme.io/lab:1\n"}, "image", "isn't on the list"),
        ({"customImage": "acme.io/own:1"}, "customImage", "aren't allowed here"),
        ({"cpu": "two"}, "cpu", "such as 0.5, 500m or 2; at most 4 here"),
        ({"cpu": "4.001"}, "cpu", "Use at most 4"),
        ({"cpu": 5}, "cpu", "Use at most 4"),
        ({"cpu": 0}, "cpu", "more than 0"),
        ({"cpu": -1}, "cpu", "negative"),
        ({"cpu": "-1"}, "cpu", "negative"),
        ({"cpu": "0.0001"}, "cpu", "thousandth"),
        ({"cpu": True}, "cpu", "isn't a quantity"),
        ({"cpu": float("nan")}, "cpu", "isn't a quantity"),
        ({"cpu": float("inf")}, "cpu", "isn't a quantity"),
        ({"cpu": 10**5000}, "cpu", "out of range"),
        ({"cpu": "1" * 5000}, "cpu", "isn't a quantity"),
        ({"cpu": "1e99"}, "cpu", "more than any machine"),
        ({"cpu": "１"}, "cpu", "isn't a quantity"),
        ({"cpu": "1\n"}, "cpu", "isn't a quantity"),
        ({"cpu": ["1"]}, "cpu", "isn't a quantity"),
        ({"memory": "2 giga"}, "memory", 'Memory "2 giga" isn\'t a quantity. Use a number with Mi or Gi, such as 2Gi; at most 8Gi here.'),
        ({"memory": "1e9Gi"}, "memory", "isn't a quantity"),
        ({"memory": "8193Mi"}, "memory", "Use at most 8Gi"),
        ({"memory": "2"}, "memory", "less than 1Mi"),
        ({"memory": 1.5}, "memory", "isn't a quantity"),
        ({"memory": "999999999999999Ei"}, "memory", "more than any machine"),
        ({"memory": "1048576.5"}, "memory", "whole number of bytes"),
        ({"memory": {}}, "memory", "isn't a quantity"),
        ({"gpu": 1}, "gpu", "object"),
        ({"gpu": {"vendor": "amd.com/gpu", "count": 1}}, "gpu.vendor", "nvidia.com/gpu, none"),
        ({"gpu": {"vendor": ["nvidia.com/gpu"]}}, "gpu.vendor", "isn't offered"),
        ({"gpu": {"count": 3}}, "gpu.count", "from 0 to 2"),
        ({"gpu": {"count": "1"}}, "gpu.count", "whole number"),
        ({"gpu": {"count": 1.0}}, "gpu.count", "whole number"),
        ({"gpu": {"count": True}}, "gpu.count", "whole number"),
        ({"gpu": {"count": -1}}, "gpu.count", "from 0 to 2"),
        ({"workspace": "new"}, "workspace", "object"),
        ({"workspace": {"kind": "hostPath"}}, "workspace.kind", "new, existing, none"),
        ({"workspace": {"name": "A"}}, "workspace.name", "lower-case"),
        ({"workspace": {"name": "a" * 64}}, "workspace.name", "63"),
        ({"workspace": {"name": "../a"}}, "workspace.name", "lower-case"),
        ({"workspace": {"name": "{username}"}}, "workspace.name", "lower-case"),
        ({"workspace": {"name": "{notebook-name}-workspace"}}, "workspace.name", "lower-case"),
        ({"workspace": {"size": "1e9Gi"}}, "workspace.size", "isn't a quantity"),
        ({"workspace": {"mode": "rw"}}, "workspace.mode", "ReadWriteOnce"),
        ({"workspace": {"storageClass": "a b"}}, "workspace.storageClass", "default"),
        ({"workspace": {"storageClass": 1}}, "workspace.storageClass", "default"),
        ({"workspace": {"mount": "/etc"}}, "workspace.mount", "/home/jovyan, /data, /mnt, /srv"),
        ({"workspace": {"mount": "/database"}}, "workspace.mount", "outside"),
        ({"workspace": {"mount": "/home/jovyan/../../etc"}}, "workspace.mount", "'..'"),
        ({"workspace": {"mount": "/data/./x"}}, "workspace.mount", "'.'"),
        ({"workspace": {"mount": "/data//x"}}, "workspace.mount", "absolute path"),
        ({"workspace": {"mount": "/data/"}}, "workspace.mount", "absolute path"),
        ({"workspace": {"mount": "data"}}, "workspace.mount", "absolute path"),
        ({"workspace": {"mount": "/data/{x}"}}, "workspace.mount", "absolute path"),
        ({"workspace": {"mount": "/data/a\x00"}}, "workspace.mount", "absolute path"),
        ({"workspace": {"mount": "/data/" + "a" * 300}}, "workspace.mount", "255"),
        ({"workspace": {"mount": 1}}, "workspace.mount", "text"),
        ({"dataVolumes": {"0": {}}}, "dataVolumes", "list"),
        ({"dataVolumes": ["a"]}, "dataVolumes.0", "object"),
        ({"dataVolumes": [{}]}, "dataVolumes.0.name", "needs a name"),
        ({"dataVolumes": [{"name": "a", "kind": "none"}]}, "dataVolumes.0.kind", "new, existing"),
        ({"dataVolumes": [{"name": "a"}] * 33}, "dataVolumes", "at most 32"),
        (
            {"dataVolumes": [{"name": "a", "mount": "/data/x"}, {"name": "b", "mount": "/data/x"}]},
            "dataVolumes.1.mount",
            "already the mount of data volume 1",
        ),
        ({"dataVolumes": [{"name": "a", "mount": "/home/jovyan"}]}, "dataVolumes.0.mount", "the workspace"),
        ({"dataVolumes": [{"name": "default-workspace"}]}, "dataVolumes.0.name", "already the name"),
        ({"configurations": "proxy"}, "configurations", "list"),
        ({"configurations": ["proxy", "x"]}, "configurations", "proxy, license"),
        ({"configurations": [{}]}, "configurations", "isn't on the list"),
        ({"affinity": "x"}, "affinity", "none, own_node"),
        ({"affinity": {"nodeAffinity": {}}}, "affinity", "isn't on the list"),
        ({"tolerations": [{"operator": "Exists"}]}, "tolerations", "none, big"),
        ({"shm": "on"}, "shm", "true nor false"),
        ({"shm": 1}, "shm", "true nor false"),
        ({"environment": ["A=1"]}, "environment", "object"),
        ({"environment": {"A": 1}}, "environment", "no text"),
        ({"environment": {"A": "x\ny"}}, "environment", "control character"),
        ({"environment": {"A": "\ud800"}}, "environment", "control character"),
        ({"environment": {"A": "x" * 40_000}}, "environment", "32768"),
        ({"environment": {"1A": "x"}}, "environment", "isn't a name"),
        ({"environment": {"A B": "x"}}, "environment", "isn't a name"),
        ({"environment": {"": "x"}}, "environment", "isn't a name"),
        ({"environment": {f"A{n}": "" for n in range(300)}}, "environment", "at most 256"),
        ({"environment": "A=1\nbroken line"}, "environment", 'Line 2 is "broken line"'),
        ({"secrets": "x"}, "secrets", "list"),
        ({"secrets": ["Not_A_Name"]}, "secrets", "lower-case"),
        ({"secrets": ["../x"]}, "secrets", "lower-case"),
        ({"secrets": [1]}, "secrets", "lower-case"),
        ({"secrets": ["a"] * 40}, "secrets", "at most 32"),
    ],
)  # fmt: skip
def test_refused(
    policy: Policy, alice: Owner, refused: Any, options: dict[str, Any], field: str, part: str
) -> None:
    errors = refused(lambda: policy.resolve(options, alice))
    assert list(errors) == [field]
    assert part in errors[field]


@pytest.mark.parametrize("prefix", ["JUPYTERHUB_", "JPY_", "KFLAB_", "KUBERNETES_"])
def test_variables_of_the_hub_are_refused(policy: Policy, alice: Owner, refused: Any, prefix: str) -> None:
    errors = refused(lambda: policy.resolve({"environment": {f"{prefix}X": "1"}}, alice))
    assert prefix in errors["environment"]
    assert policy.resolve({"environment": {f"X_{prefix}": "1"}}, alice).environment


def test_every_field_at_fault_is_named_at_once(policy: Policy, alice: Owner, refused: Any) -> None:
    errors = refused(
        lambda: policy.resolve({"cpu": "x", "memory": "y", "image": "z", "workspace": {"mount": "/"}}, alice)
    )
    assert set(errors) == {"cpu", "memory", "image", "workspace.mount"}


def test_a_thousand_faults_are_told_briefly(policy: Policy, alice: Owner) -> None:
    from kfspawner import PolicyError

    with pytest.raises(PolicyError) as caught:
        policy.resolve({f"k{n}": 1 for n in range(1000)}, alice)
    assert len(caught.value.errors) == 51
    assert "950 more" in caught.value.errors[-1]["message"]
    assert str(caught.value).startswith("k0: ")


@pytest.mark.parametrize(
    ("given", "milli"),
    [("2", 2000), ("0.5", 500), ("500m", 500), (2, 2000), (0.25, 250), ("1e0", 1000), (1.0, 1000)],
)
def test_cpu_is_a_quantity_or_a_number(policy: Policy, alice: Owner, given: object, milli: int) -> None:
    assert policy.resolve({"cpu": given}, alice).cpu.amount == milli


@pytest.mark.parametrize(
    ("given", "amount"),
    [("1Gi", 2**30), ("1.5Gi", 3 * 2**29), ("1G", 10**9), (2**30, 2**30), ("1e9", 10**9), ("8Gi", 2**33)],
)
def test_memory_is_a_quantity(policy: Policy, alice: Owner, given: object, amount: int) -> None:
    assert policy.resolve({"memory": given}, alice).memory_bytes == amount


def test_limits_are_the_factor_times_the_request(policy: Policy, alice: Owner) -> None:
    spec = policy.resolve({"cpu": "1"}, alice)
    assert str(spec.cpu_limit) == "1200m"
    assert spec.memory_limit is None


@pytest.mark.parametrize(
    ("given", "gpu"),
    [
        ({"count": 1}, Gpu("nvidia.com/gpu", 1)),
        ({"vendor": "nvidia.com/gpu"}, Gpu("nvidia.com/gpu", 1)),
        ({"vendor": "nvidia.com/gpu", "count": 0}, Gpu()),
        ({"vendor": "none"}, Gpu()),
        ({}, Gpu()),
    ],
)
def test_gpus(policy: Policy, alice: Owner, given: dict[str, Any], gpu: Gpu) -> None:
    assert policy.resolve({"gpu": given}, alice).gpu == gpu


def test_gpus_without_a_kind_need_one_if_there_are_two(load: Any, alice: Owner, refused: Any) -> None:
    policy = load(gpus={"value": {"vendors": [{"limitsKey": "a"}, {"limitsKey": "b"}]}})
    assert set(refused(lambda: policy.resolve({"gpu": {"count": 1}}, alice))) == {"gpu.vendor"}


def test_gpus_by_default_can_be_declined(load: Any, alice: Owner) -> None:
    policy = load(gpus={"value": {"vendor": "a", "vendors": [{"limitsKey": "a"}], "num": "2"}})
    assert policy.resolve({}, alice).gpu == Gpu("a", 2)
    assert policy.resolve({"gpu": {"count": 0}}, alice).gpu == Gpu()


# --- names


@pytest.mark.parametrize(
    ("user", "namespace"),
    [
        ("alice", "user-alice"),
        ("Alice", "user-alice---3bc51062"),
        ("a--b", "user-a-b---90827a2e"),
        ("7up", None),
        ("bob@acme.io", None),
        ("x" * 200, None),
        ("ünicode", None),
        ("\ud800", None),
        ("-", None),
    ],
)
def test_namespaces_follow_jupyterhubs_rules(policy: Policy, user: str, namespace: str | None) -> None:
    from kubespawner.slugs import safe_slug

    found = policy.resolve({}, Owner(user)).namespace
    assert namespace is None or found == namespace
    assert len(found) <= 63
    if user.isprintable() and len(user) <= 58:
        assert found == "user-" + safe_slug(user)


def test_a_team_namespace_for_each_hub_group(policy: Policy, refused: Any) -> None:
    owner = Owner("alice", frozenset({"vision", "NLP lab"}))
    names = policy.namespaces(owner)
    assert names[0] == "user-alice"
    assert set(names[1:]) == {"team-vision", "team-nlp-lab---7b7f66f4"} or names[2] == "team-vision"
    for name in names:
        assert policy.resolve({"namespace": name}, owner).namespace == name
    assert "namespace" in refused(lambda: policy.resolve({"namespace": "team-vision"}, Owner("bob")))


@pytest.mark.parametrize("teams", [{"options": [{"group": "nlp"}]}, ["nlp"], {"options": []}])
def test_the_policy_may_name_the_teams(load: Any, alice: Owner, teams: Any) -> None:
    assert load(teams=teams).namespaces(alice) == ("user-alice",)


def test_an_admin_is_bound_by_the_policy_too(policy: Policy, refused: Any) -> None:
    admin = Owner("root", admin=True)
    assert set(refused(lambda: policy.resolve({"cpu": 100, "namespace": "user-alice"}, admin))) == {
        "cpu",
        "namespace",
    }


@pytest.mark.parametrize("notebook", ["vision", "Vision 2", "x" * 255, "a--b", "{x}", "..", "\ud800", "ü"])
def test_the_workspace_is_named_after_the_notebook(policy: Policy, alice: Owner, notebook: str) -> None:
    name = policy.resolve({}, alice, notebook=notebook).workspace.name
    assert name.endswith("-workspace") and len(name) <= 63
    assert (name == "vision-workspace") is (notebook == "vision")
    assert policy.resolve({"workspace": {"kind": "new", "name": name}}, alice).workspace.name == name


def test_a_stored_name_survives_a_renaming(policy: Policy, alice: Owner) -> None:
    stored = policy.resolve({}, alice, notebook="old").to_options()
    assert policy.resolve(stored, alice, stored=True, notebook="new").workspace.name == "old-workspace"


def test_no_workspace(policy: Policy, alice: Owner) -> None:
    spec = policy.resolve({"workspace": {"kind": "none"}}, alice)
    assert spec.workspace == Volume("none")
    assert policy.resolve(spec.to_options(), alice).workspace == Volume("none")


def test_a_policy_without_a_workspace_still_lets_one_be_made(load: Any, alice: Owner) -> None:
    policy = load(workspaceVolume={"value": None})
    assert policy.resolve({}, alice).workspace == Volume("none")
    made = policy.resolve({"workspace": {"kind": "new"}}, alice).workspace
    assert (made.name, made.mount, str(made.size)) == ("default-workspace", "/home/jovyan", "5Gi")


def test_mounts_of_the_policy_replace_ours(load: Any, alice: Owner, refused: Any) -> None:
    policy = load(mountPrefixes=["/space", "/home/jovyan"])
    assert policy.resolve({"workspace": {"mount": "/space/a"}}, alice).workspace.mount == "/space/a"
    assert set(refused(lambda: policy.resolve({"workspace": {"mount": "/data"}}, alice))) == {
        "workspace.mount"
    }


# --- custom images


def test_an_image_of_ones_own(load: Any, alice: Owner, refused: Any) -> None:
    policy = load(allowCustomImage=True)
    spec = policy.resolve({"image": "acme.io/lab:0", "customImage": "ghcr.io/me/own:2"}, alice)
    assert (spec.image, spec.image_group) == ("ghcr.io/me/own:2", "customImage")
    assert policy.resolve(spec.to_options(), alice) == spec
    assert "customImage" in refused(lambda: policy.resolve({"image": "ghcr.io/me/own:2"}, alice))["image"]


@pytest.mark.parametrize(
    "image", ["", "a b", "a\n", "A", "../a", "{x}", "a:" + "b" * 200, "a" * 600, "a@sha256:12", "ü", 1, [], "\x00", "--flag"]
)  # fmt: skip
def test_what_is_no_image(load: Any, alice: Owner, refused: Any, image: object) -> None:
    policy = load(allowCustomImage=True)
    assert set(refused(lambda: policy.resolve({"customImage": image}, alice))) == {"customImage"}


def test_an_image_of_ones_own_matches_a_pattern_as_a_whole(load: Any, alice: Owner, refused: Any) -> None:
    policy = load(allowCustomImage=True, customImagePatterns=[r"ghcr\.io/acme/[a-z]+:\d+", "^quay.io/(a|b)$"])
    for image in ("ghcr.io/acme/lab:1", "quay.io/a"):
        assert policy.resolve({"customImage": image}, alice).image == image
    for image in ("evil.io/ghcr.io/acme/lab:1", "ghcr.io/acme/lab:1x", "ghcrxio/acme/lab:1", "quay.io/ab"):
        assert (
            "has to match"
            in refused(lambda i=image: policy.resolve({"customImage": i}, alice))["customImage"]
        )


# --- what the admin has fixed

FIXED: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("image", {"readOnly": True, "value": "a", "options": ["a", "b"]}, "a", "b"),
    ("cpu", {"readOnly": True, "value": "1"}, "1000m", "2"),
    ("memory", {"readOnly": True, "value": "1Gi"}, "1024Mi", "2Gi"),
    (
        "gpus",
        {"readOnly": True, "value": {"vendors": [{"limitsKey": "nvidia.com/gpu"}]}},
        {"count": 0},
        {"vendor": "nvidia.com/gpu", "count": 1},
    ),
    (
        "workspaceVolume",
        {"readOnly": True, "value": None},
        {"kind": "none"},
        {"kind": "new"},
    ),
    ("dataVolumes", {"readOnly": True, "value": []}, [], [{"name": "a"}]),
    ("affinityConfig", {"readOnly": True, "options": [{"configKey": "x"}]}, "none", "x"),
    ("tolerationGroup", {"readOnly": True, "value": "x", "options": [{"groupKey": "x"}]}, "x", "none"),
    ("shm", {"readOnly": True, "value": True}, True, False),
    ("configurations", {"readOnly": True, "value": [], "options": [{"name": "x"}]}, [], ["x"]),
    ("environment", {"readOnly": True, "value": {"A": "1"}}, {"A": "1"}, {"A": "2"}),
]
OPTION = {
    "gpus": "gpu",
    "workspaceVolume": "workspace",
    "affinityConfig": "affinity",
    "tolerationGroup": "tolerations",
}


@pytest.mark.parametrize(("section", "content", "same", "other"), FIXED, ids=[case[0] for case in FIXED])
def test_read_only_means_fixed(
    load: Any, alice: Owner, refused: Any, section: str, content: dict[str, Any], same: Any, other: Any
) -> None:
    policy = load(**{section: content})
    option = OPTION.get(section, section)
    spec = policy.resolve({}, alice)
    assert policy.resolve({option: same}, alice) == spec
    assert "set by your admin" in refused(lambda: policy.resolve({option: other}, alice))[option]
    assert "set by your admin" in refused(lambda: policy.resolve({option: {"x": [1]}}, alice)).get(
        option, ""
    ) or (
        option in ("gpu", "workspace")  # there the key x is refused first
    )
    assert option not in spec.to_options(), "what isn't the user's choice isn't stored as theirs"


def test_a_fixed_image_leaves_no_room_for_ones_own(load: Any, alice: Owner, refused: Any) -> None:
    policy = load(allowCustomImage=True, image={"readOnly": True, "value": "a"})
    assert set(refused(lambda: policy.resolve({"customImage": "b"}, alice))) == {"customImage"}


# --- stored options


def test_stored_options_of_an_older_version_lose_unknown_keys_with_a_notice(
    policy: Policy, alice: Owner
) -> None:
    old = {
        "v": 0,
        "cpu": "2",
        "profile": "big",
        "workspace": {"kind": "new", "nfs": 1},
        "dataVolumes": [{"name": "a", "b": 1}],
    }
    spec = policy.resolve(old, alice, stored=True)
    assert str(spec.cpu) == "2"
    assert [notice.split()[0] for notice in spec.notices] == ["profile", "workspace.nfs", "dataVolumes.0.b"]
    assert spec.to_options()["v"] == 1


def test_stored_options_of_this_version_are_as_strict_as_new_ones(
    policy: Policy, alice: Owner, refused: Any
) -> None:
    assert set(refused(lambda: policy.resolve({"profile": "big"}, alice, stored=True))) == {"profile"}
    assert set(refused(lambda: policy.resolve({"v": 0, "profile": 1}, alice))) == {"v", "profile"}
    assert set(refused(lambda: policy.resolve({"v": 0, "cpu": "99"}, alice, stored=True))) == {"cpu"}


# --- form fields


def test_form_fields_are_named_by_json_path(policy: Policy, alice: Owner) -> None:
    form = {
        "_xsrf": ["secret"],
        "namespace": ["team-vision"],
        "image": ["acme.io/code:1"],
        "customImage": [""],
        "cpu": ["500m"],
        "memory": ["1.5Gi"],
        "gpu.vendor": ["nvidia.com/gpu"],
        "gpu.count": ["2"],
        "workspace.kind": ["existing"],
        "workspace.name": ["old"],
        "workspace.size": [""],
        "dataVolumes.10.name": ["b"],
        "dataVolumes.10.kind": ["existing"],
        "dataVolumes.2.name": ["a"],
        "dataVolumes.2.size": ["10Gi"],
        "dataVolumes.2.mode": ["ReadWriteMany"],
        "dataVolumes.2.storageClass": ["fast"],
        "dataVolumes.2.mount": ["/data/a"],
        "dataVolumes.11.kind": ["new"],
        "dataVolumes.11.name": [""],
        "dataVolumes.11.mode": ["ReadWriteOnce"],
        "configurations": ["", "proxy", "license"],
        "affinity": ["own_node"],
        "tolerations": ["big"],
        "shm": ["off"],
        "environment": ["K={v} .. ü\r\n\r\n"],
        "secrets": ["", "database.login", ""],
    }
    assert policy.resolve(parse_form(form), alice) == policy.resolve(FULL, alice)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ({}, {}),
        ({"shm": ["on"]}, {"shm": True}),
        ({"shm": ["off", "on"]}, {"shm": True}),
        ({"shm": ["off"]}, {"shm": False}),
        ({"configurations": [""]}, {"configurations": []}),
        ({"configurations": ["a"]}, {"configurations": ["a"]}),
        ({"dataVolumes.0.kind": ["new"], "dataVolumes.0.name": [""]}, {"dataVolumes": []}),
        ({"environment": [""]}, {"environment": {}}),
        ({"environment": [" A=1=2\nB="]}, {"environment": {"A": "1=2", "B": ""}}),
        ({"environment": ["A"]}, {"environment": "A"}),
        ({"environment": ["A=1\nA=2"]}, {"environment": "A=1\nA=2"}),
        ({"environment.A": ["1"], "environment.B": [""]}, {"environment": {"A": "1", "B": ""}}),
        ({"gpu.count": ["2"]}, {"gpu": {"count": 2}}),
        ({"gpu.count": ["two"]}, {"gpu": {"count": "two"}}),
        ({"cpu": [""]}, {}),
        ({"v": ["1"]}, {"v": 1}),
    ],
)
def test_form_values(form: dict[str, list[str]], options: dict[str, Any]) -> None:
    assert parse_form(form) == options


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"cpu": ["1", "2"]}, "cpu"),
        ({"cpu": ["1"], "cpu.x": ["2"]}, "cpu"),
        ({"cpu.x": ["2"], "cpu": ["1"]}, "cpu"),
        ({"gpu.count": ["two"]}, "gpu.count"),
        ({"dataVolumes.x.name": ["a"]}, "dataVolumes"),
        ({"dataVolumes.999999999.name": ["a"]}, "dataVolumes"),
        ({"dataVolumes.0": ["a"]}, "dataVolumes.0"),
        ({"dataVolumes": ["a"]}, "dataVolumes"),
        ({"image.x.y.z.w": ["a"]}, "image"),
        ({"": ["a"]}, '""'),
        ({"environment": ["JPY_A=1"]}, "environment"),
        ({"shm": ["maybe"]}, "shm"),
    ],
)
def test_form_fields_that_make_no_sense_are_named(
    policy: Policy, alice: Owner, refused: Any, form: dict[str, list[str]], field: str
) -> None:
    assert set(refused(lambda: policy.resolve(parse_form(form), alice))) == {field}
