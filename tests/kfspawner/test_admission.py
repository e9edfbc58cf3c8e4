"""What the admission policy is told is what the hub itself allows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from kfspawner import Owner, Policy, PolicyError
from kfspawner.admission import parameters
from kfspawner.cli import app

from .conftest import LoadPolicy

ALICE = Owner("alice", frozenset())


def allows(data: dict[str, str], image: str) -> bool:
    """The rule of the ValidatingAdmissionPolicy for an image, in Python."""
    lines = {key: value.split("\n") if value else [] for key, value in data.items()}
    return image in [*lines["images"], *lines["trustedImages"]] or (
        len(image) <= 512
        and re.fullmatch(data["imageName"], image) is not None
        and any(re.fullmatch(pattern, image, re.ASCII) for pattern in lines["customImages"])
    )


def resolves(policy: Policy, image: str) -> bool:
    """Whether the hub starts a notebook of that image, by any field of the form."""
    for field in ("image", "customImage"):
        try:
            if policy.resolve({field: image}, ALICE).image == image:
                return True
        except PolicyError:
            pass
    return False


IMAGES = st.sampled_from(
    ["nginx", "nginx:latest", "docker.io/library/nginx:latest", "acme.io/lab:1", "acme.io/lab:0", "acme.io/code:1",
     "acme.io/lab:1\n", " acme.io/lab:1", "ACME.io/lab", "acme.io/Lab", "ghcr.io/acme/x:12", "ghcr.io/acme/x:12y",
     "ghcr.io/acme/x@sha256:" + "0" * 64, "evil.io/ghcr.io/acme/x:12", "a" * 512, "a" * 513, "a/b/c", "a//b", "", "ü", "side:1"]
)  # fmt: skip
SECTIONS = st.fixed_dictionaries(
    {
        "image": st.fixed_dictionaries(
            {"value": st.just("acme.io/lab:1"), "options": st.just(["acme.io/lab:1", "acme.io/lab:0"])},
            optional={"readOnly": st.booleans()},
        )
    },
    optional={
        "imageGroupOne": st.fixed_dictionaries(
            {"value": st.just("acme.io/code:1"), "options": st.just(["acme.io/code:1", "nginx"])},
            optional={"readOnly": st.booleans()},
        ),
        "trustedImages": st.just(["side:1"]),
    },
)
PATTERNS = st.lists(
    st.sampled_from(
        [r"ghcr\.io/acme/[a-z]+:\d+", r"^acme\.io/.*$", ".*", "a+", r"[^n].*", r"nginx(?::\w+)?"]
    ),
    max_size=2,
    unique=True,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SECTIONS, st.booleans(), PATTERNS, st.lists(IMAGES | st.text("an/:.@\n -", max_size=6), max_size=12))
def test_kubectl_may_use_the_images_that_the_hub_starts(
    load: LoadPolicy, sections: dict[str, Any], custom: bool, patterns: list[str], images: list[str]
) -> None:
    more = {"allowCustomImage": True, "customImagePatterns": patterns} if custom else {}
    policy = load(None, **{"imageGroupOne": None, **sections, **more})
    data = parameters(policy.rules)["data"]
    for image in images:
        trusted = image in policy.rules.trusted_images
        assert allows(data, image) is (trusted or resolves(policy, image)), image


def test_the_parameters_are_a_config_map_of_lines(load: LoadPolicy) -> None:
    gpu = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
    slow = {"key": "slow", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}
    policy = load(
        tolerationGroup={
            "options": [
                {"groupKey": "big", "tolerations": [gpu]},
                {"groupKey": "slow", "tolerations": [slow]},
            ]
        },
        trustedImages=["side:1"],
    )
    manifest = parameters(policy.rules, "kfhub")
    assert (manifest["kind"], manifest["metadata"]["name"]) == ("ConfigMap", "kfhub-image-policy")
    assert manifest["metadata"]["namespace"] == "kfhub"
    data = manifest["data"]
    assert data["images"].split("\n") == ["acme.io/lab:1", "acme.io/lab:0", "acme.io/code:1"]
    assert data["trustedImages"] == "side:1" and data["customImages"] == ""
    assert data["tolerations"].split("\n")[:3] == [
        "gpu|Equal|yes|NoSchedule|",
        "slow|Exists||NoExecute|60",
        "node.kubernetes.io/not-ready|Exists||NoExecute|*",
    ]
    assert data["hint"] == "Use one of: acme.io/lab:1, acme.io/lab:0, acme.io/code:1."
    assert all(isinstance(value, str) for value in data.values())


def test_what_a_configuration_brings_in_is_allowed(load: LoadPolicy) -> None:
    patch = {
        "spec": {
            "containers": [{"name": "proxy", "image": "side:2"}],
            "volumes": [{"name": "data", "image": {"reference": "set:1"}}],
            "tolerations": [{"operator": "Exists"}],
        }
    }
    data = parameters(load(configurations={"options": [{"name": "proxy", "patch": patch}]}).rules)["data"]
    assert data["trustedImages"] == "side:2\nset:1"
    assert "|Exists|||" in data["tolerations"].split("\n")


def test_the_hint_names_some_images_and_patterns_in_one_short_line(load: LoadPolicy) -> None:
    options = [f"acme.io/lab:{n}" for n in range(200)]
    images = {"value": options[0], "options": options}
    several = load(
        image=images,
        imageGroupOne=None,
        allowCustomImage=True,
        customImagePatterns=[f"p{n}" for n in range(9)],
    )
    hint = parameters(several.rules)["data"]["hint"]
    assert hint.startswith("Use one of: acme.io/lab:0, acme.io/lab:1,") and "and 195 more" in hint
    assert hint.endswith("or one that matches p0 or p1.") and "\n" not in hint
    anything = load(allowCustomImage=True)
    assert "any other" in parameters(anything.rules)["data"]["hint"]


def test_lists_that_no_config_map_holds_are_an_error(load: LoadPolicy) -> None:
    many = tuple(f"acme.io/{'x' * 400}:{n}" for n in range(2600))
    rules = replace(load().rules, trusted_images=many)
    with pytest.raises(PolicyError, match="1048576"):
        parameters(rules)
    assert parameters(replace(rules, trusted_images=many[:2000]))


# --- the command ------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text("spawnerFormDefaults:\n  image: {value: 'acme.io/lab:1'}\n")
    return path


def test_the_command_prints_the_config_map(file: Path) -> None:
    result = CliRunner().invoke(app, ["policy", "admission", str(file), "--namespace", "hub"])
    assert result.exit_code == 0
    manifest = yaml.safe_load(result.stdout)
    assert manifest == parameters(Policy.load(file).rules, "hub")


def test_the_command_tells_what_is_wrong_with_a_policy(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("spawnerFormDefaults: {imagee: {}}\n")
    result = CliRunner().invoke(app, ["policy", "admission", str(bad)])
    assert result.exit_code == 1 and "imagee" in result.output


class _Api(BaseHTTPRequestHandler):
    """Answers like an API server; `refuse` makes it answer 403."""

    seen: list[tuple[str, str, Any]] = []
    refuse = False

    def do_PATCH(self) -> None:  # the name that the base class calls
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers["Content-Type"], body))
        answer = {"kind": "Status", "message": "configmaps is forbidden"} if self.refuse else body
        self.send_response(403 if self.refuse else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[type[_Api]]:
    handler = type("Api", (_Api,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    handler.address = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def apply(file: Path, address: str) -> subprocess.CompletedProcess[str]:
    kubeconfig = file.with_name("kubeconfig")
    context = {"cluster": "c", "user": "u", "namespace": "kfhub"}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "contexts": [{"name": "x", "context": context}],
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    kubeconfig.write_text(yaml.safe_dump(content))
    return subprocess.run(
        [sys.executable, "-m", "kfspawner", "policy", "admission", str(file), "--apply"],
        env={**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_applies_it(file: Path, api: Any) -> None:
    done = apply(file, api.address)
    assert done.returncode == 0, done.stderr
    assert "ConfigMap kfhub-image-policy in namespace kfhub follows" in done.stdout
    [(path, kind, body)] = api.seen
    assert path.startswith("/api/v1/namespaces/kfhub/configmaps/kfhub-image-policy?")
    assert "fieldManager=kfhub" in path and "force=True" in path
    assert kind == "application/apply-patch+yaml"
    assert body == parameters(Policy.load(file).rules, "kfhub")


def test_the_command_says_in_one_sentence_why_it_cant(file: Path, api: Any) -> None:
    api.refuse = True
    for done, said in (
        (apply(file, api.address), "configmaps is forbidden (HTTP 403)"),
        (apply(file, "http://127.0.0.1:1"), "can't be written"),
    ):
        assert done.returncode == 1 and done.stdout == ""
        assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1
