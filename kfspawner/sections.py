"""The rules for one option each: from what was given to what it means, or a report of what is wrong.

Every function takes `report(field, message)` and tells it of each fault; what it then returns is of no use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from .errors import quote
from .names import is_subdomain
from .notebook import Gpu
from .quantity import Quantity
from .rules import AmountRule, GroupKey, Rules

__all__ = [
    "IMAGE_NAME",
    "REFUSED_PREFIXES",
    "amount",
    "choice",
    "choices",
    "environment",
    "gpu",
    "image",
    "image_fault",
    "secrets",
    "switch",
]

Report = Callable[[str, str], None]

REFUSED_PREFIXES = ("JUPYTERHUB_", "JPY_", "KFLAB_", "KUBERNETES_")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# what no value may hold: control characters, and halves of characters that UTF-8 can't write
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))*(?::[0-9]{1,5})?"
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
# read by Go's RE2 too
IMAGE_NAME = (
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_IMAGE = re.compile(IMAGE_NAME)
_LONGEST_IMAGE = 512
_LONGEST_VALUE = 32_768
_MOST_VARIABLES = 256
_MOST_SECRETS = 32


def image(rules: Rules, listed: object, custom: object, report: Report) -> tuple[str, GroupKey | str]:
    """The image and the list it comes from; `custom`, where it is given, goes before `listed`."""
    group = rules.group_of.get(listed) if isinstance(listed, str) else None
    if listed is not None and group is None:
        hint = " An image of your own goes into customImage." if rules.custom_images else ""
        report("image", f"Image {quote(listed)} isn't on the list. Choose {_any_of(rules.group_of)}.{hint}")
    if custom is not None:
        fault = _custom_fault(rules, custom)
        if fault:
            report("customImage", fault)
        return str(custom), "customImage"
    return (rules.image, rules.group_of[rules.image]) if group is None else (str(listed), group)


def image_fault(reference: object) -> str:
    """What is wrong with the name of an image, as a sentence; empty if nothing is."""
    if isinstance(reference, str) and len(reference) <= _LONGEST_IMAGE and _IMAGE.fullmatch(reference):
        return ""
    return (
        f"Image {quote(reference)} isn't the name of an image. Write it as registry/name:tag, such as"
        " ghcr.io/acme/notebook:1.0."
    )


def _custom_fault(rules: Rules, custom: object) -> str:
    if not rules.custom_images:
        return f"Images of your own aren't allowed here. Choose {_any_of(rules.group_of)}."
    fault = image_fault(custom)
    if fault or not rules.custom_patterns:
        return fault
    if any(pattern.matches(str(custom)) for pattern in rules.custom_patterns):
        return ""
    patterns = " or ".join(pattern.text for pattern in rules.custom_patterns)
    return f"Image {quote(custom)} isn't one that your admin allows. It has to match {patterns}."


def amount(
    name: str, rule: AmountRule, read: Callable[[object], Quantity], given: object, report: Report
) -> Quantity:
    """CPU or memory (`name` is the field) within the rule's bounds."""
    title = "CPU" if name == "cpu" else "Memory"
    bound = f"; at most {rule.most} here" if rule.most else ""
    try:
        found = read(given)
    except ValueError as fault:
        report(name, f"{title} {quote(given)} {fault}{bound}.")
        return rule.default
    if rule.most and found.amount > rule.most.amount:
        report(name, f"{title} {quote(given)} is more than allowed. Use at most {rule.most}.")
    return found


def gpu(rules: Rules, given: object, report: Report) -> Gpu:
    """Devices of a listed vendor. No vendor with a count is the policy's, or the only one there is."""
    if not isinstance(given, Mapping):
        report(
            "gpu",
            f'GPUs are an object such as {{"vendor": "nvidia.com/gpu", "count": 1}}, not {quote(given)}.',
        )
        return rules.gpu
    vendor, count = given.get("vendor"), given.get("count")
    if vendor is None and count is None:
        return rules.gpu
    vendors = rules.gpu_vendors
    if vendor is not None and vendor != "none" and not (isinstance(vendor, str) and vendor in vendors):
        report("gpu.vendor", f"GPU {quote(vendor)} isn't offered here. Choose {_any_of([*vendors, 'none'])}.")
        return rules.gpu
    if count is None:
        count = max(1, rules.gpu.count)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= rules.gpu_most:
        report(
            "gpu.count", f"{quote(count)} GPUs can't be given. Use a whole number from 0 to {rules.gpu_most}."
        )
        return rules.gpu
    if vendor == "none" or count == 0:
        return Gpu()
    if vendor is None:
        vendor = rules.gpu.vendor or (next(iter(vendors)) if len(vendors) == 1 else None)
    if vendor is None:
        report("gpu.vendor", f"{count} GPUs of which kind? Choose {_any_of([*vendors, 'none'])}.")
        return rules.gpu
    return Gpu(str(vendor), count)


def choice(field: str, title: str, known: Iterable[str], given: object, report: Report) -> str:
    """`none`, or an entry of a list that the admin made."""
    allowed = ["none", *known]
    if not isinstance(given, str) or given not in allowed:
        report(field, f"{title} {quote(given)} isn't on the list. Choose {_any_of(allowed)}.")
        return "none"
    return given


def choices(known: Mapping[str, object], given: object, report: Report) -> tuple[str, ...]:
    """Some configurations, each of the admin's list, in the order of that list."""
    if not isinstance(given, list):
        report("configurations", f"Configurations are a list of names, not {quote(given)}.")
        return ()
    unknown = [name for name in given if not isinstance(name, str) or name not in known]
    for name in unknown:
        report("configurations", f"Configuration {quote(name)} isn't on the list. Choose {_any_of(known)}.")
    return () if unknown else tuple(name for name in known if name in given)


def switch(field: str, given: object, report: Report) -> bool:
    """A JSON boolean."""
    if not isinstance(given, bool):
        report(field, f"{quote(given)} is neither true nor false. Use one of them.")
    return given is True


def environment(given: object, report: Report) -> dict[str, str]:
    """Variables for the notebook, names to texts."""
    if isinstance(given, str):
        report("environment", "Each line is NAME=value, every name once. " + _bad_line(given))
        return {}
    if not isinstance(given, Mapping):
        report("environment", f"The environment is an object of names and texts, not {quote(given)}.")
        return {}
    if len(given) > _MOST_VARIABLES:
        report("environment", f"{len(given)} variables are too many. Use at most {_MOST_VARIABLES}.")
        return {}
    for name, value in given.items():
        fault = _variable_fault(name) or _value_fault(value)
        if fault:
            report("environment", f"Variable {quote(name)} {fault}.")
    return dict(given)


def _variable_fault(name: object) -> str:
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        return "isn't a name for a variable. Use at most 128 letters, digits and _, no digit first"
    prefix = next((prefix for prefix in REFUSED_PREFIXES if name.startswith(prefix)), None)
    return f"is set by the hub: names may not begin with {prefix}. Choose another name" if prefix else ""


def _value_fault(value: object) -> str:
    if not isinstance(value, str):
        return f"has the value {quote(value)}, which is no text. Put it in quotes"
    if len(value) > _LONGEST_VALUE:
        return f"has a value of {len(value)} characters. Use at most {_LONGEST_VALUE}"
    if _UNWRITABLE.search(value):
        return "has a control character in its value. Use one line of plain text"
    return ""


def _bad_line(text: str) -> str:
    names: set[str] = set()
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        name, equals, _ = line.strip().partition("=")
        if line.strip() and (not equals or not name or name in names or re.search(r"\s", name)):
            return f"Line {number} is {quote(line)}."
        names.add(name)
    return ""


def secrets(given: object, report: Report) -> tuple[str, ...]:
    """Names of Secrets of the namespace."""
    if not isinstance(given, list):
        report("secrets", f"Secrets are a list of names, not {quote(given)}.")
        return ()
    if len(given) > _MOST_SECRETS:
        report("secrets", f"{len(given)} Secrets are too many. Use at most {_MOST_SECRETS}.")
        return ()
    for name in given:
        if not isinstance(name, str) or not is_subdomain(name):
            report(
                "secrets",
                f"Secret {quote(name)} isn't a name that Kubernetes allows. Use lower-case letters, digits,"
                " '-' and '.', such as database-login.",
            )
    return tuple(dict.fromkeys(name for name in given if isinstance(name, str)))


def _any_of(allowed: Iterable[str]) -> str:
    names = list(allowed)
    if not names:
        return "none: there is nothing to choose from"
    shown = ", ".join(names[:12])
    return f"one of: {shown}, and {len(names) - 12} more" if len(names) > 12 else f"one of: {shown}"
