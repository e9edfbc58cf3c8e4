"""Kubeflow's PodDefaults as configurations, where a namespace has them. Pure.

A PodDefault is made by an admin of the cluster and adds to the pods that carry its labels. Here a user chooses
one by name; what it adds is laid over the pod by the hub, so that it works without Kubeflow's webhook too, and
its labels are set, so that it works with it. Its account and command are left out: a notebook keeps its own.
Source: https://github.com/kubeflow/kubeflow/tree/v1.10.0/components/admission-webhook
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .rules import Choice, Rules

__all__ = ["choices", "with_choices"]

Object = Mapping[str, Any]

_OF_NOTEBOOK = ("env", "envFrom", "volumeMounts")
_OF_POD = ("volumes", "tolerations", "imagePullSecrets", "initContainers")


def choices(found: Mapping[str, Object]) -> dict[str, Choice]:
    """The PodDefaults of one namespace, by name, as entries of a list of configurations."""
    return {name: _choice(name, item) for name, item in sorted(found.items()) if _labels(item)}


def with_choices(rules: Rules, more: Mapping[str, Choice]) -> Rules:
    """`rules` with more configurations to choose from; those of the policy go before others of their name."""
    return replace(rules, configuration_choices={**more, **rules.configuration_choices}) if more else rules


def _choice(name: str, item: Object) -> Choice:
    spec = item.get("spec") or {}
    patch = {
        "metadata": {
            "labels": {**(spec.get("labels") or {}), **_labels(item)},
            "annotations": dict(spec.get("annotations") or {}),
        },
        "spec": {
            **{key: spec[key] for key in _OF_POD if spec.get(key)},
            "containers": [
                {"name": "notebook", **{key: spec[key] for key in _OF_NOTEBOOK if spec.get(key)}},
                *(spec.get("sidecars") or ()),
            ],
        },
    }
    return Choice(name, str(spec.get("desc") or name), patch)


def _labels(item: Object) -> dict[str, str]:
    """What a pod has to carry; one that matches by expressions can't be chosen by a label."""
    selector = (item.get("spec") or {}).get("selector") or {}
    return {} if selector.get("matchExpressions") else dict(selector.get("matchLabels") or {})
