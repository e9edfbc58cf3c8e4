"""A configuration is laid over a pod as kubectl would, leaves its inputs alone, and changes nothing twice."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfspawner.patches import lay_over

NOTEBOOK = {"name": "notebook", "image": "a:1", "args": ["one"], "env": [{"name": "A", "value": "1"}]}


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"a": 2, "b": 3}, {"a": 2, "b": 3}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({}, {"a": None, "b": {"c": None}}, {"b": {}}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": [1]}),
        ({"a": [1]}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        # by name, and by the other keys that a pod's lists have
        (
            {"containers": [NOTEBOOK]},
            {"containers": [{"name": "notebook", "env": [{"name": "A", "value": "2"}, {"name": "B"}]}]},
            {"containers": [NOTEBOOK | {"env": [{"name": "A", "value": "2"}, {"name": "B"}]}]},
        ),
        (
            {"containers": [NOTEBOOK]},
            {"containers": [{"name": "side", "image": "b:1"}]},
            {"containers": [NOTEBOOK, {"name": "side", "image": "b:1"}]},
        ),
        (
            {"volumeMounts": [{"name": "home", "mountPath": "/home"}]},
            {"volumeMounts": [{"name": "home", "mountPath": "/data"}, {"name": "new", "mountPath": "/home"}]},
            {"volumeMounts": [{"name": "new", "mountPath": "/home"}, {"name": "home", "mountPath": "/data"}]},
        ),
        # what has no name is replaced: arguments joined would be another command
        ({"args": ["one"]}, {"args": ["two", "two"]}, {"args": ["two", "two"]}),
        (
            {"nodeSelectorTerms": [{"matchFields": []}]},
            {"nodeSelectorTerms": [{"matchExpressions": []}]},
            {"nodeSelectorTerms": [{"matchExpressions": []}]},
        ),
        # a configuration adds to these
        (
            {"tolerations": [{"key": "a"}]},
            {"tolerations": [{"key": "b"}, {"key": "a"}]},
            {"tolerations": [{"key": "a"}, {"key": "b"}]},
        ),
        (
            {"envFrom": [{"secretRef": {"name": "mine"}}]},
            {"envFrom": [{"configMapRef": {"name": "ours"}}]},
            {"envFrom": [{"secretRef": {"name": "mine"}}, {"configMapRef": {"name": "ours"}}]},
        ),
    ],
)
def test_a_patch_is_laid_over(target: dict[str, Any], patch: dict[str, Any], merged: dict[str, Any]) -> None:
    assert lay_over(target, patch) == merged


KEYS = ("name", "env", "args", "tolerations", "containers", "ports", "containerPort", "labels")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)


@given(OBJECTS, OBJECTS)
def test_the_same_patch_again_changes_nothing(target: dict[str, Any], patch: dict[str, Any]) -> None:
    once = lay_over(target, patch)
    assert lay_over(once, patch) == once


@given(OBJECTS, OBJECTS)
def test_inputs_are_left_alone(target: dict[str, Any], patch: dict[str, Any]) -> None:
    before = copy.deepcopy((target, patch))
    lay_over(target, patch)
    assert (target, patch) == before


@given(OBJECTS)
def test_an_empty_patch_is_none(target: dict[str, Any]) -> None:
    assert lay_over(target, {}) == target
