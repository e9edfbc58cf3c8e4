"""No request, however it was made, gets out of the policy, raises anything but PolicyError, or breaks the page.

`inside` is a second opinion: it reads the policy file's own values and shares no code with the package.
"""

from __future__ import annotations

import copy
import json
import posixpath
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfspawner import NotebookSpec, Owner, Policy, PolicyError, form
from kfspawner.notebook import parse_form

IMAGES = ["acme.io/lab:1", "acme.io/lab:0", "acme.io/code:1"]
PATTERN = r"ghcr\.io/acme/[a-z]+:\d+"
PREFIXES = ["/home/jovyan", "/data"]
CONFIGURATIONS = ["proxy", "license"]
FILE: dict[str, Any] = {
    "image": {"value": IMAGES[0], "options": IMAGES[:2]},
    "imageGroupOne": {"options": IMAGES[2:]},
    "allowCustomImage": True,
    "customImagePatterns": [PATTERN],
    "cpu": {"value": "0.5", "max": "4"},
    "memory": {"value": "1Gi", "max": "8Gi"},
    "gpus": {"max": 2, "value": {"vendors": [{"limitsKey": "nvidia.com/gpu"}, {"limitsKey": "amd.com/gpu"}]}},
    "affinityConfig": {"options": [{"configKey": "own_node"}]},
    "tolerationGroup": {
        "readOnly": True,
        "value": "big",
        "options": [{"groupKey": "big"}, {"groupKey": "x"}],
    },
    "configurations": {"options": [{"name": name} for name in CONFIGURATIONS]},
    "mountPrefixes": PREFIXES,
}
ALICE = Owner("alice", frozenset({"vision"}))
UNITS = {
    "": 1,
    "m": Decimal("0.001"),
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    path: Path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    path.write_text(yaml.safe_dump({"spawnerFormDefaults": FILE}))
    return Policy.load(path)


def number(text: str) -> Decimal:
    match = re.fullmatch(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)([A-Za-z]*)", text)
    assert match, text
    return Decimal(match[1]) * UNITS[match[2]]


def inside(spec: NotebookSpec) -> None:
    """Fails unless the request is one that FILE allows alice."""
    options = spec.to_options()
    assert json.loads(json.dumps(options)) == options
    json.dumps(options, ensure_ascii=False).encode()
    assert options["namespace"] in ("user-alice", "team-vision")
    if "customImage" in options:
        assert re.fullmatch(PATTERN, options["customImage"], re.ASCII)
    else:
        assert options["image"] in IMAGES
    assert 0 < number(options["cpu"]) <= 4
    assert 0 < number(options["memory"]) <= 8 * 2**30
    gpu = options["gpu"]
    assert gpu == {"vendor": None, "count": 0} or (
        gpu["vendor"] in ("nvidia.com/gpu", "amd.com/gpu")
        and type(gpu["count"]) is int
        and 1 <= gpu["count"] <= 2
    )
    assert "tolerations" not in options and spec.tolerations == "big"
    assert options["affinity"] in ("none", "own_node")
    assert set(options["configurations"]) <= set(CONFIGURATIONS)
    assert type(options["shm"]) is bool
    volumes = [
        volume for volume in [options["workspace"], *options["dataVolumes"]] if volume["kind"] != "none"
    ]
    for volume in volumes:
        mount = volume["mount"]
        assert posixpath.normpath(mount) == mount
        assert any(mount == prefix or mount.startswith(f"{prefix}/") for prefix in PREFIXES)
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", volume["name"]) and len(volume["name"]) <= 63
        if volume["kind"] == "new":
            assert number(volume["size"]) > 0
            assert volume["mode"] in ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
        else:
            assert volume["kind"] == "existing"
    for key in ("name", "mount"):
        assert len({volume[key] for volume in volumes}) == len(volumes)
    for name, value in options["environment"].items():
        assert re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
        assert not name.startswith(("JUPYTERHUB_", "JPY_", "KFLAB_", "KUBERNETES_"))
        assert isinstance(value, str) and not re.search(r"[\x00-\x1f\x7f]", value)
    for name in options["secrets"]:
        assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name)


def check(policy: Policy, options: Any) -> None:
    for stored in (False, True):
        try:
            spec = policy.resolve(options, ALICE, stored=stored)
        except PolicyError as error:
            assert error.errors
            assert all(one["message"] and one["field"].isprintable() for one in error.errors)
            str(error).encode()
        else:
            inside(spec)
            again = policy.resolve(spec.to_options(), ALICE, stored=True)
            assert again.to_options() == spec.to_options()


HOSTILE = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                " ",
                "..",
                "{",
                "{username}",
                "../../etc",
                "/etc",
                "/data/../etc",
                "/data",
                "1e9Gi",
                "-1",
                "9" * 40,
            ),
            *("\x00", "\n", "\ud800", "%s", "<script>", "none", "None", "null", "5", "1e9", "100m", "0"),
            *("JPY_X", "JUPYTERHUB_API_TOKEN", "amd.com/gpu", "x", IMAGES[0] + "\n", "ghcr.io/acme/lab:1"),
        ]
    ),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
)
JSON = st.recursive(
    HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)

SIZES = st.sampled_from(["0.5Gi", "1Gi", "8Gi", "512Mi", "9Gi", "1e9", "2G"])
NAMES = st.sampled_from(["a", "my-data", "default-workspace", "x1"])
MOUNTS = st.sampled_from(["/data/a", "/data", "/home/jovyan", "/home/jovyan/x", "/datab"])


def volume(kinds: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"name": NAMES},
        optional={
            "kind": st.sampled_from(kinds),
            "size": SIZES,
            "mode": st.sampled_from(["ReadWriteOnce", "ReadWriteMany"]),
            "storageClass": st.none() | st.just("fast"),
            "mount": MOUNTS,
        },
    )


REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "v": st.sampled_from([1, 0, None]),
        "namespace": st.sampled_from(["user-alice", "team-vision", None]),
        "image": st.sampled_from(IMAGES),
        "customImage": st.sampled_from([None, "ghcr.io/acme/lab:1"]),
        "cpu": st.sampled_from(["0.5", "4", "500m", 1, 0.25]),
        "memory": SIZES,
        "gpu": st.fixed_dictionaries(
            {}, optional={"vendor": st.sampled_from(["nvidia.com/gpu", "none"]), "count": st.integers(0, 2)}
        ),
        "workspace": volume(["new", "existing", "none"]),
        "dataVolumes": st.lists(volume(["new", "existing"]), max_size=3),
        "configurations": st.lists(st.sampled_from(CONFIGURATIONS), unique=True),
        "affinity": st.sampled_from(["none", "own_node"]),
        "tolerations": st.just("big"),
        "shm": st.booleans(),
        "environment": st.dictionaries(st.sampled_from(["A", "B"]), st.text("ab {}", max_size=4)),
        "secrets": st.lists(st.sampled_from(["login", "db.key"]), unique=True),
    },
)


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all leaves and containers below a request's top."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, inner in items for path in [(*here, key), *places(inner, (*here, key))]]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A request of the policy's own values, with up to three leaves or keys changed."""
    request: dict[str, Any] = copy.deepcopy(draw(REQUESTS))
    for _ in range(draw(st.integers(0, 3))):
        paths = places(request)
        if not paths:
            request[draw(st.text(max_size=6))] = draw(JSON)
            continue
        *parents, last = draw(st.sampled_from(paths))
        place: Any = request
        for key in parents:
            place = place[key]
        if draw(st.booleans()):
            place[last] = draw(JSON)
        elif isinstance(place, dict):
            place[
                draw(
                    st.sampled_from(["__proto__", "Image", "kind", "name", "JPY_A", "a b"])
                    | st.text(max_size=6)
                )
            ] = place.pop(last)
        else:
            place.append(copy.deepcopy(place[last]))
    return request


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_mutated_request_never_leaves_the_policy(policy: Policy, options: dict[str, Any]) -> None:
    check(policy, options)


@settings(max_examples=200, deadline=None)
@given(JSON | st.dictionaries(st.sampled_from(sorted([*("image", "cpu", "gpu", "workspace", "dataVolumes", "v"), "environment", "shm", "secrets"])), JSON))  # fmt: skip
def test_arbitrary_json_never_leaves_the_policy(policy: Policy, options: Any) -> None:
    check(policy, options)


FIELDS = st.sampled_from(
    [
        *(
            "cpu",
            "cpu.x",
            "gpu",
            "gpu.count",
            "gpu.vendor",
            "shm",
            "environment",
            "environment.A",
            "secrets",
            "v",
        ),
        *("dataVolumes", "dataVolumes.0", "dataVolumes.0.name", "dataVolumes.1.mount", "dataVolumes.x.name"),
        *("workspace", "workspace.kind", "image", "image.a.b.c.d", "", ".", "..", "configurations"),
    ]
)
FORMS = st.dictionaries(
    FIELDS | st.text(max_size=6),
    st.lists(st.text(max_size=8) | st.sampled_from(["on", "1", "a=b"]), max_size=3),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(FORMS)
def test_arbitrary_form_fields_never_leave_the_policy(policy: Policy, fields: dict[str, list[str]]) -> None:
    check(policy, parse_form(fields))


MARK = "<b id=evil>\"'&"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    mutated() | st.dictionaries(st.text(max_size=4), JSON),
    st.sampled_from(["cpu", "workspace.name", "dataVolumes.0.name", MARK]),
)
def test_the_form_shows_any_value_and_runs_none(policy: Policy, options: dict[str, Any], path: str) -> None:
    parts = path.split(".")
    if parts[0] == "dataVolumes":
        options["dataVolumes"] = [{"name": MARK}]
    else:
        options[parts[0]] = {parts[1]: MARK} if len(parts) == 2 else MARK
    try:
        policy.resolve(options, ALICE)
        errors: list[Any] = []
    except PolicyError as error:
        errors = error.errors
    page = form.render(policy, ALICE, options, errors, form.FormView(notebook=MARK, notice=MARK))
    page.encode()
    soup = BeautifulSoup(page, "html.parser")
    assert not soup.select("[id=evil]")
    assert soup.select_one("#kf-notebook")["value"] == MARK  # type: ignore[index]
    if path != MARK:
        assert soup.select_one(f'[name="{path}"]')["value"] == MARK  # type: ignore[index]
