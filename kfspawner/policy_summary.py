"""What a policy lets users choose, in words."""

from __future__ import annotations

from collections.abc import Iterable

from .notebook import Volume
from .rules import AmountRule, Rules

__all__ = ["summary"]


def summary(rules: Rules) -> str:
    """The choices of a policy as lines of text, one section after the other."""
    return "\n".join(_lines(rules))


def _lines(rules: Rules) -> Iterable[str]:
    yield "Images:"
    for group in rules.groups:
        for image in group.images:
            default = " (default)" if image.reference == rules.image else ""
            yield f"  {image.reference}{default}{' — ' + image.deprecated if image.deprecated else ''}"
    if "image" in rules.fixed:
        yield f"  set by the admin: {rules.image}"
    elif rules.custom_images:
        patterns = " or ".join(pattern.text for pattern in rules.custom_patterns)
        yield f"  and any image that matches {patterns}" if patterns else "  and any other image"
    yield _line("CPU", _amount(rules.cpu), "cpu" in rules.fixed)
    yield _line("Memory", _amount(rules.memory), "memory" in rules.fixed)
    vendors = ", ".join(rules.gpu_vendors) or "none"
    default = f"{rules.gpu.count} {rules.gpu.vendor}" if rules.gpu.count else "none"
    yield _line("GPUs", f"{default}; up to {rules.gpu_most} of {vendors}", "gpu" in rules.fixed)
    yield _line("Workspace", _volume(rules.workspace), "workspace" in rules.fixed)
    volumes = "; ".join(map(_volume, rules.data_volumes)) or "none"
    yield _line("Data volumes", volumes, "dataVolumes" in rules.fixed)
    yield _line(
        "Configurations",
        _choices(rules.configurations, rules.configuration_choices),
        "configurations" in rules.fixed,
    )
    yield _line("Affinity", _choices([rules.affinity], rules.affinities), "affinity" in rules.fixed)
    yield _line(
        "Tolerations", _choices([rules.tolerations], rules.toleration_groups), "tolerations" in rules.fixed
    )
    yield _line("Shared memory", "on" if rules.shm else "off", "shm" in rules.fixed)
    names = ", ".join(rules.environment) or "none"
    yield _line("Environment", names, "environment" in rules.fixed)
    yield f"Mounts: under {', '.join(rules.mount_prefixes)}"
    teams = "every hub group" if rules.teams is None else ", ".join(rules.teams) or "none"
    yield f"Shared namespaces: {teams}"


def _line(title: str, text: str, fixed: bool) -> str:
    return f"{title}: {text}{' (set by the admin)' if fixed else ''}"


def _amount(rule: AmountRule) -> str:
    most = f"at most {rule.most}" if rule.most else "no maximum"
    limit = f"limit {float(rule.factor):g} times that" if rule.factor else "no limit"
    return f"{rule.default}; {most}; {limit}"


def _volume(volume: Volume) -> str:
    if volume.kind == "none":
        return "none"
    size = f", {volume.size}, {volume.mode}" if volume.size else ""
    return f"{volume.kind} {volume.name}{size}" + (f" at {volume.mount}" if volume.mount else "")


def _choices(default: Iterable[str], known: Iterable[str]) -> str:
    return f"{', '.join(default) or 'none'}; of {', '.join(known) or 'none'}"
