"""What a policy file may say, and how its faults are told."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from kfspawner import Gpu, Owner, Policy

ROOT = Path(__file__).parents[2]

# Every key of Kubeflow's own file, spelled as there.
KUBEFLOW = """
spawnerFormDefaults:
  allowCustomImage: true
  hideRegistry: true
  hideTag: false
  imagePullPolicy: {readOnly: false, value: IfNotPresent}
  image:
    value: ghcr.io/kf/notebook-servers/jupyter-scipy:v1.11.0-rc.0
    options:
    - ghcr.io/kf/notebook-servers/jupyter-scipy:v1.11.0-rc.0
    - docker.io/intel/extension:2.6.10-xpu-pip-jupyter
  imageGroupOne:
    value: ghcr.io/kf/codeserver-python:latest
    options: [ghcr.io/kf/codeserver-python:latest]
  imageGroupTwo:
    value: ghcr.io/kf/rstudio-tidyverse:latest
    options: [ghcr.io/kf/rstudio-tidyverse:latest]
  cpu: {readOnly: false, value: "0.5", limitFactor: "1.2"}
  memory: {readOnly: false, value: "1.0Gi", limitFactor: "1.2"}
  gpus:
    readOnly: false
    value:
      vendor: ""
      vendors:
      - {limitsKey: nvidia.com/gpu, uiName: NVIDIA}
      - {limitsKey: gpu.intel.com/i915, uiName: Intel i915}
      num: none
  workspaceVolume:
    readOnly: false
    value:
      mount: /home/jovyan
      newPvc:
        metadata: {name: "{notebook-name}-workspace"}
        spec:
          resources: {requests: {storage: 5Gi}}
          accessModes: [ReadWriteOnce]
  dataVolumes:
    readOnly: false
    value:
    - mount: /home/jovyan/datavol-1
      newPvc:
        metadata: {name: "{notebook-name}-datavol-1"}
        spec:
          resources: {requests: {storage: 5Gi}}
          accessModes: [ReadWriteOnce]
    - mount: /home/jovyan/datavol-2
      existingSource: {persistentVolumeClaim: {claimName: test-pvc}}
  affinityConfig:
    readOnly: false
    value: ""
    options:
    - configKey: dedicated
      displayName: Dedicated node
      affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}
  tolerationGroup:
    readOnly: false
    value: ""
    options:
    - groupKey: group_1
      displayName: 4 CPU
      tolerations: [{key: dedicated, operator: Equal, value: big, effect: NoSchedule}]
  shm: {readOnly: false, value: true}
  configurations: {readOnly: false, value: []}
  environment: {readOnly: false, value: {}}
"""


def test_kubeflows_format_is_read_as_it_is(load: Any) -> None:
    spec = load(KUBEFLOW).resolve({}, Owner("alice"))

    assert spec.image == "ghcr.io/kf/notebook-servers/jupyter-scipy:v1.11.0-rc.0"
    assert (str(spec.cpu), str(spec.cpu_limit)) == ("0.5", "600m")
    assert spec.memory_bytes == 2**30
    assert [v.to_options() for v in spec.data_volumes] == [
        {
            "kind": "new",
            "name": "default-datavol-1",
            "mount": "/home/jovyan/datavol-1",
            "size": "5Gi",
            "mode": "ReadWriteOnce",
            "storageClass": None,
        },
        {"kind": "existing", "name": "test-pvc", "mount": "/home/jovyan/datavol-2"},
    ]
    assert spec.shm is True


def test_what_kubeflow_only_displays_is_enforced(load: Any, refused: Any) -> None:
    policy = load(KUBEFLOW.replace("allowCustomImage: true", "allowCustomImage: false"))
    errors = refused(
        lambda: policy.resolve(
            {
                "image": "evil.io/x:1",
                "gpu": {"vendor": "amd.com/gpu", "count": 1},
                "tolerations": "group_2",
                "affinity": "x",
            },
            Owner("alice"),
        )
    )
    assert set(errors) == {"image", "gpu.vendor", "tolerations", "affinity"}


def test_the_policy_that_comes_with_the_hub_is_valid() -> None:
    policy = Policy.load(ROOT / "hub_config" / "spawner_ui_config.yaml")
    assert all(group.images for group in policy.rules.groups) and len(policy.rules.groups) == 3
    assert policy.rules.cpu.most and policy.rules.memory.most


def test_a_file_of_an_image_alone_is_enough(load: Any) -> None:
    spec = load("spawnerFormDefaults: {image: {value: a/b}}").resolve({}, Owner("alice"))
    assert (spec.image, str(spec.cpu), str(spec.memory), spec.gpu) == ("a/b", "0.5", "1Gi", Gpu())
    assert spec.workspace.kind == "none"


def test_a_bound_needs_no_value_beside_it(load: Any, alice: Owner, refused: Any) -> None:
    policy = load(cpu={"max": 2}, memory={"max": "2Gi"})
    assert (str(policy.resolve({}, alice).cpu), str(policy.resolve({}, alice).memory)) == ("0.5", "1Gi")
    assert set(refused(lambda: policy.resolve({"cpu": 3, "memory": "3Gi"}, alice))) == {"cpu", "memory"}


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({"shm": {"value": "maybe"}}, '"maybe" should be true or false.'),
        ({"cpu": 3}, "a mapping with the keys limitFactor, max, readOnly, value, not 3."),
        ({"cpu": {"value": [1]}}, "a list should be a text"),
        ({"environment": {"value": {"A": 1}}}, "1 should be a text (in quotes"),
    ],
)
def test_a_wrong_type_is_told_once_and_in_words(load: Any, refused: Any, value: Any, part: str) -> None:
    errors = refused(lambda: load(**value))
    assert len(errors) == 1
    assert part in next(iter(errors.values()))


@pytest.mark.parametrize(
    ("text", "field", "parts"),
    [
        (
            "spawnerFormDefaults:\n  image: {value: a}\n  cpuu:\n    value: 1\n",
            "spawnerFormDefaults.cpuu",
            ["line 3", "cpuu", "nearest known key is cpu"],
        ),
        (
            "spawnerFormDefaults:\n  image: {value: a}\n  cpu:\n    value: 1\n    readonly: true\n",
            "spawnerFormDefaults.cpu.readonly",
            ["line 5", "readonly", "nearest known key is readOnly"],
        ),
        (
            "spawnerFormDefaults:\n  image:\n    options:\n    - a\n    - image: b\n      displayname: B\n",
            "spawnerFormDefaults.image.options.1.displayname",
            ["line 6", "nearest known key is displayName"],
        ),
        (
            "spawnerFormDefault:\n  image: {value: a}\n",
            "spawnerFormDefault",
            ["line 1", "spawnerFormDefaults"],
        ),
        (
            "spawnerFormDefaults:\n  image: {value: a}\n  shm: {value: true}\n  shm: {value: false}\n",
            "spawnerFormDefaults.shm",
            ["line 4", "twice"],
        ),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known(
    load: Any, refused: Any, text: str, field: str, parts: list[str]
) -> None:
    errors = refused(lambda: load(text))
    assert field in errors
    for part in parts:
        assert part in errors[field]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"),
        ("spawnerFormDefaults: [", "line 1"),
        ("a: &a [*a]", "alias"),
        ("spawnerFormDefaults: !!python/object:os.system {}", "line 1"),
        ("spawnerFormDefaults: {image: 2001-99-99}", "can't be read"),
        ("- 1", "line 1"),
        ("{[a]: 1}", "line 1"),
        ("a: \x01", "isn't YAML"),
    ],
)
def test_what_is_no_policy_is_refused_with_a_sentence(load: Any, refused: Any, text: str, part: str) -> None:
    assert part in " ".join(refused(lambda: load(text)).values())


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path, refused: Any) -> None:
    assert "No such file" in refused(lambda: Policy.load(tmp_path / "none.yaml"))[""]
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    assert "UTF-8" in refused(lambda: Policy.load(tmp_path / "latin.yaml"))[""]


CLAIM = {
    "metadata": {"name": "{notebook-name}-w"},
    "spec": {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]},
}


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ({"image": {"value": "c", "options": ["a"]}}, "image.value"),
        ({"image": {"options": ["not an image"]}}, "image.options.0"),
        ({"image": {"readOnly": True, "options": ["a"]}}, "image"),
        ({"image": {"options": []}, "imageGroupOne": None}, "image"),
        ({"cpu": {"value": "8", "max": "4"}}, "cpu.value"),
        ({"cpu": {"value": "many"}}, "cpu.value"),
        ({"cpu": {"value": True}}, "cpu.value"),
        ({"cpu": {"value": "1", "limitFactor": "0.5"}}, "cpu.limitFactor"),
        ({"memory": {"value": "1Gi", "max": "lots"}}, "memory.max"),
        ({"memory": {"value": "1Gi", "limitFactor": "much"}}, "memory.limitFactor"),
        ({"gpus": {"max": "2"}}, "gpus.max"),
        ({"gpus": {"max": -1}}, "gpus.max"),
        ({"gpus": {"value": {"vendor": "x", "vendors": []}}}, "gpus.value.vendor"),
        (
            {"gpus": {"max": 1, "value": {"vendor": "x", "vendors": [{"limitsKey": "x"}], "num": "2"}}},
            "gpus.value.num",
        ),
        ({"gpus": {"value": {"num": "two"}}}, "gpus.value.num"),
        ({"workspaceVolume": {"value": {"mount": "/etc", "newPvc": CLAIM}}}, "workspaceVolume.value.mount"),
        ({"workspaceVolume": {"value": {"mount": "/data"}}}, "workspaceVolume.value"),
        (
            {"workspaceVolume": {"value": {"newPvc": CLAIM | {"metadata": {"name": "{user}-w"}}}}},
            "workspaceVolume.value.newPvc.metadata.name",
        ),
        ({"dataVolumes": {"value": [{"mount": "/data/../x", "newPvc": CLAIM}]}}, "dataVolumes.value.0.mount"),
        ({"affinityConfig": {"value": "x"}}, "affinityConfig.value"),
        ({"tolerationGroup": {"value": "x"}}, "tolerationGroup.value"),
        ({"tolerationGroup": {"options": [{"groupKey": "none"}]}}, "tolerationGroup.options.0"),
        (
            {"affinityConfig": {"options": [{"configKey": "a"}, {"configKey": "a"}]}},
            "affinityConfig.options.1",
        ),
        ({"configurations": {"value": ["x"]}}, "configurations.value.0"),
        ({"environment": {"value": {"JPY_API": "1"}}}, "environment.value"),
        ({"environment": {"value": {"A": 1}}}, "environment.value.A"),
        ({"mountPrefixes": ["/"]}, "mountPrefixes.0"),
        ({"mountPrefixes": []}, "mountPrefixes"),
        ({"trustedImages": ["a b"]}, "trustedImages.0"),
        ({"allowCustomImage": True, "customImagePatterns": ["(?=a)a"]}, "customImagePatterns.0"),
        ({"allowCustomImage": False, "customImagePatterns": ["a"]}, "customImagePatterns"),
        ({"imagePullPolicy": {"value": "Sometimes"}}, "imagePullPolicy.value"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_where_it_does(
    load: Any, refused: Any, sections: dict[str, Any], field: str
) -> None:
    errors = refused(lambda: load(**sections))
    assert f"spawnerFormDefaults.{field}" in errors
    assert all(message.startswith("line ") for message in errors.values())


def test_images_have_titles_and_deprecations_and_hide_what_the_admin_hides(load: Any) -> None:
    policy = load(hideRegistry=True, hideTag=True, image={"options": ["acme.io:5000/a/b:1", "plain"]})
    assert [image.title for image in policy.rules.groups[0].images] == ["a/b", "plain"]
    old = load().rules.groups[0].images[1]
    assert (old.title, old.deprecated) == ("Old", "Use lab:1 instead.")
    assert load().rules.image == "acme.io/lab:1"
    assert load(image={"options": ["b", "a"]}).rules.image == "b"


def test_a_group_that_is_read_only_offers_its_value_alone(load: Any, refused: Any, alice: Owner) -> None:
    policy = load(imageGroupOne={"readOnly": True, "value": "b", "options": ["b", "c"]})
    assert policy.resolve({"image": "b"}, alice).image_group == "imageGroupOne"
    assert set(refused(lambda: policy.resolve({"image": "c"}, alice))) == {"image"}


def test_trusted_images_are_kept_for_the_cluster(load: Any) -> None:
    assert load(trustedImages=["acme.io/sidecar:1"]).rules.trusted_images == ("acme.io/sidecar:1",)


def test_a_policy_never_changes(policy: Policy) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        policy.rules.image = "evil"  # type: ignore[misc]
