"""Why a volume isn't there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .model import Diagnosis
from .reading import items, line, mapping, of_kind, text

__all__ = ["claims_of", "storage"]


def claims_of(pod: object) -> list[str]:
    """The names of the PersistentVolumeClaims that a pod mounts."""
    return [
        name
        for volume in items(pod, "spec", "volumes")
        if (name := text(volume, "persistentVolumeClaim", "claimName"))
    ]


def storage(
    pod: object, events: Sequence[object], pvcs: Mapping[str, object], patient: bool
) -> Diagnosis | None:
    """A volume of the pod that is missing, or can't be made. One that waits for the pod is fine."""
    for condition in items(pod, "status", "conditions"):
        message = text(condition, "message")
        if text(condition, "type") == "PodScheduled" and "persistentvolumeclaim" in message:
            for name in claims_of(pod):
                if f'persistentvolumeclaim "{name}" not found' in message:
                    return Diagnosis(
                        f"Volume {line(name)} isn't there.",
                        line(message),
                        "Choose another volume, or a new one.",
                        "volume_missing",
                        not patient,  # it may be made a moment later
                    )
    for name in claims_of(pod):
        claim = mapping(pvcs, name)
        phase = text(claim, "status", "phase")
        if phase == "Lost":
            return Diagnosis(
                f"Volume {line(name)} has lost its disk.",
                "The phase of the PersistentVolumeClaim is Lost.",
                "Tell your admin; choose another volume until then.",
                "volume_missing",
                True,
            )
        if phase == "Pending":
            found = _pending(name, claim, of_kind(events, "PersistentVolumeClaim", name), patient)
            if found:
                return found
    return None


def _pending(
    name: str, claim: Mapping[str, Any], events: Sequence[Mapping[str, Any]], patient: bool
) -> Diagnosis | None:
    kind = text(claim, "spec", "storageClassName")
    for event in reversed(events):
        reason, message = text(event, "reason"), text(event, "message")
        if reason == "ProvisioningFailed" and "storageclass" in message and "not found" in message:
            return Diagnosis(
                f"Volume {line(name)} can't be made: there is no storage class {line(kind)}.",
                line(message),
                "Choose another storage class for a new volume, or none for the usual one.",
                "volume_class",
                True,
            )
        if reason == "FailedBinding" and "no storage class is set" in message:
            return Diagnosis(
                f"Volume {line(name)} can't be made: it has no storage class, and none is the usual one here.",
                line(message),
                "Choose a storage class for a new volume, or tell your admin.",
                "volume_class",
                not patient,
            )
        if reason in ("ProvisioningFailed", "FailedBinding"):
            return Diagnosis(
                f"Volume {line(name)} can't be made yet.",
                line(message),
                "Kubernetes tries again by itself; if it stays so, show your admin the cause.",
                "volume_pending",
                not patient,
            )
        if reason in ("WaitForFirstConsumer", "WaitForPodScheduled", "Provisioning", "ExternalProvisioning"):
            if reason == "ExternalProvisioning" and not patient:
                return Diagnosis(
                    f"Volume {line(name)} is still being made.",
                    line(message),
                    "Wait; if it stays so, show your admin the cause.",
                    "volume_pending",
                    False,
                )
            return None
    return None
