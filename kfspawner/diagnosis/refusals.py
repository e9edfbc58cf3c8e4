"""What it means when the Kubernetes API refuses a request, or does not answer."""

from __future__ import annotations

import json
import re
from fractions import Fraction

from kfspawner.quantity import human

from .model import Diagnosis
from .reading import amount, line, text

__all__ = ["from_api_error", "less", "resource_name", "shown"]

_QUOTA = re.compile(r"exceeded quota: (?P<name>[^,]+), requested: (?P<wanted>.*?), used: (?P<used>.*?), limited: (?P<most>.*)")  # fmt: skip
_UNSAID = re.compile(r"failed quota: (?P<name>[^:]+): must specify (?P<what>.*)$")
_RANGE = re.compile(
    r"(?P<end>maximum|minimum) (?P<what>\S+) usage per (?P<per>\w+) is (?P<bound>[^\s,]+)"
    r"(?:, but (?:limit|request) is (?P<given>[^\s,\]]+))?"
)
_RATIO = re.compile(r"(?P<what>\S+) max limit to request ratio per (?P<per>\w+) is (?P<bound>[^\s,]+)")
_POLICY = re.compile(r"ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request: (?P<said>.*)", re.S)  # fmt: skip
_WEBHOOK = re.compile(r"admission webhook \"(?P<name>[^\"]*)\" denied the request(?:: (?P<said>.*))?", re.S)
_SECURITY = re.compile(r"violates PodSecurity \"(?P<level>[^\":]*)[^\"]*\": (?P<what>.*)", re.S)
_ACCOUNT = re.compile(r"User \"(?P<who>[^\"]*)\" cannot (?P<verb>\S+) resource \"(?P<what>[^\"]*)\"")
_GONE = re.compile(r"because it is being terminated|namespaces \"[^\"]*\" not found")
_ABSENT = re.compile(r"(?:no PriorityClass with name (?P<priority>\S+)|serviceaccount \"(?P<account>[^\"]*)\" not found)")  # fmt: skip

_NAMES = {"cpu": "CPU", "memory": "memory", "storage": "storage", "ephemeral-storage": "temporary storage"}
_BYTES = ("memory", "storage", "ephemeral-storage")


def resource_name(key: str) -> str:
    """A resource in words: `requests.memory` is memory, `nvidia.com/gpu` is GPUs."""
    bare = re.sub(r"^(?:requests|limits)\.", "", key)
    if bare.partition("/")[2] and bare.endswith("gpu"):
        return "GPUs"
    counted = {"persistentvolumeclaims": "volumes", "pods": "pods", "services": "services"}
    return _NAMES.get(bare) or counted.get(re.sub(r"^count/", "", bare)) or line(bare)


def less(name: str) -> str:
    """`less memory`, `fewer GPUs`."""
    return f"{'fewer' if name in ('GPUs', 'volumes', 'pods', 'services') else 'less'} {name}"


def shown(key: str, found: Fraction) -> str:
    """An amount of a resource for people: `8 GiB`, `0.5`."""
    if re.sub(r"^(?:requests|limits)\.", "", key) in _BYTES:
        return human(int(found))
    return f"{float(found):.3f}".rstrip("0").rstrip(".")


def from_api_error(status: int, body: str) -> Diagnosis:
    """The diagnosis for a request that ended with `status` and `body`; status 0: no answer came."""
    message = _message(body)
    if status in (0, 408, 429) or status >= 500:
        return Diagnosis(
            "The Kubernetes API server doesn't answer."
            if status == 0
            else "The Kubernetes API server is overloaded or out of order.",
            line(message or f"HTTP status {status}"),
            "Nothing is lost: try again in a minute. If it stays so, tell your admin.",
            "api_down",
            False,
        )
    for find in (_quota, _limit_range, _admission, _names):
        found = find(message)
        if found:
            return found
    if status == 401:
        return _refused_us(message)
    if status == 409:
        return Diagnosis(
            "Something of the notebook's name is there already, or is just being removed.",
            line(message),
            "Try again in a few seconds; if it stays so, choose another name.",
            "conflict",
            True,
        )
    return Diagnosis(
        "Kubernetes refuses the notebook.",
        line(message or f"HTTP status {status}"),
        "Change what the cause names, or show it to your admin.",
        "refused",
        True,
    )


def _message(body: str) -> str:
    try:
        return text(json.loads(body), "message") or body
    except (ValueError, TypeError, RecursionError):
        return body if isinstance(body, str) else ""


def _amounts(listing: str) -> dict[str, str]:
    return {
        key.strip(): value.strip()
        for key, equals, value in (part.partition("=") for part in listing.split(","))
        if equals
    }


def _quota(message: str) -> Diagnosis | None:
    found = _QUOTA.search(message)
    if found:
        wanted, used, most = (_amounts(found[part]) for part in ("wanted", "used", "most"))
        parts = [
            f"{shown(key, amount(wanted[key]))} more {resource_name(key)} wanted,"
            f" {shown(key, amount(used.get(key)))} of {shown(key, amount(bound))} in use"
            for key, bound in most.items()
            if key in wanted
        ]
        named = dict.fromkeys(resource_name(key) for key in most)
        return Diagnosis(
            f"The namespace's quota leaves too little: {'; '.join(dict.fromkeys(parts)) or ', '.join(named)}.",
            line(message),
            f"Ask for {' and '.join(map(less, named))}, or stop or remove something in the namespace first.",
            "quota",
            True,
        )
    unsaid = _UNSAID.search(message)
    if unsaid:
        return Diagnosis(
            f"The namespace's quota wants {_listed(unsaid['what'])} of everything that runs there.",
            line(message),
            "Give it in the request, or ask your admin for a LimitRange with defaults.",
            "quota",
            True,
        )
    return None


def _listed(what: str) -> str:
    """`limits.cpu for: notebook; requests.cpu for: notebook` without the containers."""
    return line(", ".join(part.partition(" for: ")[0].strip() for part in what.split(";")))


def _limit_range(message: str) -> Diagnosis | None:
    found = _RANGE.search(message)
    if found:
        what, bound, given = found["what"], found["bound"], found["given"]
        sign = "At most" if found["end"] == "maximum" else "At least"
        asked = f"; {shown(what, amount(given.rstrip('.')))} wanted" if given else ""
        return Diagnosis(
            f"{sign} {shown(what, amount(bound.rstrip('.')))} {resource_name(what)} per {found['per'].lower()} here{asked}.",
            line(message),
            f"Ask for {less(resource_name(what)) if sign == 'At most' else f'more {resource_name(what)}'}.",
            "limit_range",
            True,
        )
    ratio = _RATIO.search(message)
    if ratio:
        what = resource_name(ratio["what"])
        return Diagnosis(
            f"The limit of {what} may be at most {line(ratio['bound'])} times what is reserved.",
            line(message),
            f"Bring the limit of {what} closer to what is reserved.",
            "limit_range",
            True,
        )
    return None


def _admission(message: str) -> Diagnosis | None:
    found = _POLICY.search(message)
    if found:
        said = line(found["said"]) or "A policy of this cluster refuses the notebook."
        return Diagnosis(said, said, "Change what is named and start again.", "admission", True)
    hook = _WEBHOOK.search(message)
    if hook:
        said = line(hook["said"] or "") or f"{line(hook['name'])} denied the request."
        return Diagnosis(said, line(message), "Change what is named, or ask your admin.", "admission", True)
    level = _SECURITY.search(message)
    if level:
        return Diagnosis(
            f"The notebook would break the namespace's Pod Security level {line(level['level'])}:"
            f" {line(level['what'])}.",
            line(message),
            "Take it out of the notebook; if a configuration brings it in, show your admin the cause.",
            "pod_security",
            True,
        )
    return None


def _names(message: str) -> Diagnosis | None:
    if _ACCOUNT.search(message):
        return _refused_us(message)
    if _GONE.search(message):
        return Diagnosis(
            "The namespace isn't there, or is just being removed.",
            line(message),
            "Try again in a minute; if it stays so, tell your admin.",
            "namespace_gone",
            True,
        )
    absent = _ABSENT.search(message)
    if absent:
        what = (
            f"PriorityClass {line(absent['priority'])}"
            if absent["priority"]
            else f"ServiceAccount {line(absent['account'])}"
        )
        return Diagnosis(
            f"{what}, which the notebook needs, isn't there.",
            line(message),
            "Try again; if it stays so, show your admin the cause.",
            "missing_reference",
            True,
        )
    return None


def _refused_us(message: str) -> Diagnosis:
    found = _ACCOUNT.search(message)
    what = f" to {line(found['verb'])} {line(found['what'])}" if found else ""
    return Diagnosis(
        f"The hub isn't allowed{what}.",
        line(message),
        "Tell your admin: a Role or RoleBinding of the hub is missing.",
        "not_permitted",
        True,
    )
