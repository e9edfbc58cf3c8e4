"""From the policy to the parameters of the admission policy, so that kubectl can't go round what the hub allows.

The ValidatingAdmissionPolicy of the chart has constant rules; this ConfigMap is all that they read. Images and
tolerations are compared as they are written, as `Policy.resolve` does it: `nginx` is not
`docker.io/library/nginx:latest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .errors import FieldError, PolicyError
from .rules import Rules
from .sections import IMAGE_NAME, image_fault

__all__ = ["CONFIG_MAP", "parameters"]

CONFIG_MAP = "kfhub-image-policy"

_MOST_BYTES = 1024 * 1024  # what Kubernetes allows the values of one ConfigMap
_SHOWN_IMAGES = 5
_SHOWN_PATTERNS = 2
_ANY_SECONDS = "*"

# What Kubernetes adds to pods by itself: DefaultTolerationSeconds to every pod, the DaemonSet controller to its
# own. Users may shorten the first two.
_BY_KUBERNETES = tuple(
    ("|".join((f"node.kubernetes.io/{key}", "Exists", "", effect, _ANY_SECONDS)))
    for key, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
        ("network-unavailable", "NoSchedule"),
    )
)


def parameters(rules: Rules, namespace: str = "") -> dict[str, Any]:
    """The ConfigMap that the admission policy reads, one entry a line.

    Raises PolicyError if it is larger than Kubernetes allows a ConfigMap to be.
    """
    fixed = "image" in rules.fixed
    listed = [rules.image] if fixed else list(rules.group_of)
    patterns: list[str] = []
    if rules.custom_images and not fixed:
        patterns = [pattern.text for pattern in rules.custom_patterns] or [".*"]
    patches = [choice.content for choice in rules.configuration_choices.values()]
    tolerations = [
        *(one for group in rules.toleration_groups.values() for one in group.content),
        *(one for patch in patches for one in _tolerations(patch)),
    ]
    data = {
        "images": _lines(listed),
        "trustedImages": _lines(
            [*rules.trusted_images, *(name for patch in patches for name in _images(patch))]
        ),
        "customImages": _lines(patterns),
        "imageName": IMAGE_NAME,
        "tolerations": _lines([*map(_toleration, tolerations), *_BY_KUBERNETES]),
        "hint": _hint(listed, patterns),
    }
    size = sum(len(value.encode()) for value in data.values())
    if size > _MOST_BYTES:
        message = (
            f"The images and tolerations of the policy take {size} bytes, and Kubernetes takes at most {_MOST_BYTES} in"
            " the ConfigMap that guards them. Shorten the lists; a pattern in customImagePatterns can stand for many images."
        )
        raise PolicyError([FieldError(field="", message=message)])
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": CONFIG_MAP,
            **({"namespace": namespace} if namespace else {}),
            "labels": {"app.kubernetes.io/part-of": "kfhub"},
        },
        "data": data,
    }


def _lines(entries: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(entry for entry in entries if entry.isprintable()))


def _toleration(toleration: Mapping[str, Any]) -> str:
    """`key|operator|value|effect|seconds`, as the rule writes the tolerations of a pod."""
    parts = [toleration.get(key) for key in ("key", "operator", "value", "effect", "tolerationSeconds")]
    parts[1] = parts[1] or "Equal"
    return "|".join("" if part is None else str(part) for part in parts)


def _images(patch: object) -> Iterator[str]:
    """The images that an admin's patch of the pod brings in."""
    if isinstance(patch, list):
        for one in patch:
            yield from _images(one)
    elif isinstance(patch, Mapping):
        for key, value in patch.items():
            name = value.get("reference") if key == "image" and isinstance(value, Mapping) else value
            if key == "image" and not image_fault(name):
                yield str(name)
            else:
                yield from _images(value)


def _tolerations(patch: object) -> Iterator[Mapping[str, Any]]:
    """The tolerations that an admin's patch of the pod brings in."""
    if isinstance(patch, list):
        for one in patch:
            yield from _tolerations(one)
    elif isinstance(patch, Mapping):
        for key, value in patch.items():
            if key == "tolerations" and isinstance(value, list):
                yield from (one for one in value if isinstance(one, Mapping))
            else:
                yield from _tolerations(value)


def _hint(listed: list[str], patterns: list[str]) -> str:
    """What to use instead of a refused image, in one line."""
    some = ", ".join(listed[:_SHOWN_IMAGES])
    more = len(listed) - _SHOWN_IMAGES
    said = f"Use one of: {some}" + (f", and {more} more" if more > 0 else "")
    if patterns == [".*"]:
        return f"{said}; or any other, written as registry/name:tag."
    own = " or ".join(patterns[:_SHOWN_PATTERNS])
    return f"{said}; or one that matches {own}." if own else f"{said}."
