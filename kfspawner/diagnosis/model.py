"""What a diagnosis is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Code", "Diagnosis"]

Code = Literal[
    "image_not_found",
    "image_denied",
    "image_name",
    "image_unreachable",
    "image_pull",
    "no_singleuser",
    "crash_loop",
    "crashed",
    "out_of_memory",
    "evicted",
    "preempted",
    "node_lost",
    "unschedulable",
    "volume_missing",
    "volume_pending",
    "volume_class",
    "volume_mount",
    "missing_reference",
    "container_start",
    "sandbox",
    "ended",
    "quota",
    "limit_range",
    "admission",
    "pod_security",
    "not_permitted",
    "namespace_gone",
    "conflict",
    "refused",
    "api_down",
]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a notebook doesn't start, for people and for programs.

    `sentence` says what is wrong; `cause` are the words of Kubernetes, in one line; `next_step` is what to
    do about it; `code` is stable. `failed`: waiting won't help, so the start should end now.
    """

    sentence: str
    cause: str
    next_step: str
    code: Code
    failed: bool
