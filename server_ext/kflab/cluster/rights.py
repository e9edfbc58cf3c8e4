"""What the account may do in its namespace, from the cluster's own review of its rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["may"]


def may(review: Mapping[str, Any], verb: str, resource: str, group: str) -> bool:
    """Whether the rules of a SelfSubjectRulesReview allow it. What the review leaves open counts as allowed."""
    status = review.get("status", {})
    if status.get("incomplete", True):
        return True
    return any(
        _has(rule.get("verbs"), verb)
        and _has(rule.get("apiGroups"), group)
        and _has(rule.get("resources"), resource)
        and not rule.get("resourceNames")
        for rule in status.get("resourceRules") or []
    )


def _has(names: list[str] | None, wanted: str) -> bool:
    return any(name in ("*", wanted) for name in names or [])
