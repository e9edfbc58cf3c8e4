from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfspawner import Owner, Policy, PolicyError

LoadPolicy = Callable[..., Policy]

# Small, and with something in every section.
BASE: dict[str, Any] = {
    "image": {
        "value": "acme.io/lab:1",
        "options": [
            "acme.io/lab:1",
            {"image": "acme.io/lab:0", "displayName": "Old", "deprecated": "Use lab:1 instead."},
        ],
    },
    "imageGroupOne": {"options": ["acme.io/code:1"]},
    "cpu": {"value": "0.5", "max": "4", "limitFactor": "1.2"},
    "memory": {"value": "1Gi", "max": "8Gi", "limitFactor": "none"},
    "gpus": {"max": 2, "value": {"vendors": [{"limitsKey": "nvidia.com/gpu", "uiName": "NVIDIA"}]}},
    "workspaceVolume": {
        "value": {
            "mount": "/home/jovyan",
            "newPvc": {
                "metadata": {"name": "{notebook-name}-workspace"},
                "spec": {
                    "resources": {"requests": {"storage": "5Gi"}},
                    "accessModes": ["ReadWriteOnce"],
                },
            },
        }
    },
    "affinityConfig": {"options": [{"configKey": "own_node", "displayName": "A node of its own"}]},
    "tolerationGroup": {"options": [{"groupKey": "big", "displayName": "Big machines"}]},
    "configurations": {"options": [{"name": "proxy"}, {"name": "license", "description": "Solver"}]},
    "shm": {"value": True},
}


@pytest.fixture
def alice() -> Owner:
    return Owner("alice", frozenset({"vision"}))


@pytest.fixture
def load(tmp_path: Path) -> LoadPolicy:
    """Loads a policy of the base sections, with some replaced (None: left out), or of a text."""

    def load(text: str | None = None, /, **sections: Any) -> Policy:
        path = tmp_path / "spawner_ui_config.yaml"
        merged = {key: value for key, value in (BASE | sections).items() if value is not None}
        path.write_text(text if text is not None else yaml.safe_dump({"spawnerFormDefaults": merged}))
        return Policy.load(path)

    return load


@pytest.fixture
def policy(load: LoadPolicy) -> Policy:
    return load()


def refused(action: Callable[[], object]) -> dict[str, str]:
    """The errors of an action that a policy refuses: field to message."""
    with pytest.raises(PolicyError) as caught:
        action()
    return {error["field"]: error["message"] for error in caught.value.errors}


@pytest.fixture(name="refused")
def refused_fixture() -> Callable[[Callable[[], object]], dict[str, str]]:
    return refused
