"""What the form's template draws: values as typed, errors beside their fields, a summary of each section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import quantity, resolve
from .errors import FieldError
from .form_fields import OPEN, SECTIONS, WHOLE, Field, Fields, Section, leaf
from .notebook import Owner, Volume
from .rules import AmountRule, Rules
from .volumes import FALLBACK_SIZE, MODES

if TYPE_CHECKING:
    from .form import FormView

__all__ = ["build", "empty_volume", "offers"]

_CPU_PRESETS = ("0.5", "1", "2", "4", "8", "16", "32")
_MEMORY_PRESETS = ("1Gi", "2Gi", "4Gi", "8Gi", "16Gi", "32Gi", "64Gi")

_VOLUME_FIELDS = ("kind", "name", "size", "mode", "storageClass", "mount")


def build(
    rules: Rules, owner: Owner, values: Mapping[str, Any], errors: Sequence[FieldError], view: FormView
) -> dict[str, Any]:
    """The template's variables. Any JSON is a possible value; none raises."""
    workspace, data_volumes = resolve.volume_defaults(rules, view.notebook)
    given = values if isinstance(values, Mapping) else {}
    fields = Fields(errors, view)

    def typed(key: str, default: str) -> str:
        value = None if key in rules.fixed else given.get(key)
        return default if value is None else leaf(value)

    namespaces = view.namespaces if view.namespaces is not None else resolve.namespaces(rules, owner)
    image = typed("image", "" if given.get("customImage") else rules.image)
    gpu = _gpu(rules, given)
    rows = _rows(rules, given, data_volumes)
    environment = (
        rules.environment if "environment" in rules.fixed else given.get("environment", rules.environment)
    )
    drawn: dict[str, Any] = {
        "namespace": fields.take("namespace", typed("namespace", namespaces[0] if namespaces else "")),
        "image": fields.take("image", image),
        "customImage": fields.take("customImage", typed("customImage", "")),
        "cpu": fields.take("cpu", typed("cpu", str(rules.cpu.default)), _bound(rules.cpu, "cores")),
        "memory": fields.take("memory", typed("memory", str(rules.memory.default)), _bound(rules.memory, "")),
        "gpu": {key: fields.take(f"gpu.{key}", gpu[key]) for key in ("vendor", "count")},
        "workspace": _volume_fields(
            fields, "workspace", _volume(rules, "workspace", given, workspace), "workspace"
        ),
        "dataVolumes": [
            _volume_fields(fields, f"dataVolumes.{index}", row, "dataVolumes")
            for index, row in enumerate(rows)
        ],
        "configurations": fields.take(
            "configurations", _names(rules, given, "configurations", rules.configurations)
        ),
        "affinity": fields.take("affinity", typed("affinity", rules.affinity)),
        "tolerations": fields.take("tolerations", typed("tolerations", rules.tolerations)),
        "shm": fields.take("shm", rules.shm if "shm" in rules.fixed else given.get("shm", rules.shm) is True),
        "environment": fields.take("environment", _lines(environment)),
        "secrets": fields.take("secrets", _names(rules, given, "secrets", ())),
    }
    return drawn | {
        "sections": _sections(rules, drawn, fields, view),
        "faults": fields.summary(),
        "rules": rules,
        "view": view,
        "namespaces": namespaces,
        "offers": offers(view),
        "workspace_template": rules.workspace.name,
        "cpu_presets": _presets(_CPU_PRESETS, rules.cpu, quantity.cpu),
        "memory_presets": _presets(_MEMORY_PRESETS, rules.memory, quantity.size),
    }


def offers(view: FormView) -> dict[str, Any]:
    """What the fields of every volume offer: modes, a size to begin with, ids of lists of names."""
    return {
        "modes": MODES,
        "size": str(FALLBACK_SIZE),
        "names": "kf-volume-names" if view.volumes else "",
        "classes": "kf-storage-classes" if view.storage_classes else "",
    }


def empty_volume(view: FormView, number: str) -> dict[str, Field]:
    """The fields of a data volume that nobody has filled in."""
    return _volume_fields(Fields((), view), f"dataVolumes.{number}", _BLANK, "dataVolumes")


_BLANK: dict[str, str] = {
    "kind": "new",
    "name": "",
    "size": "",
    "mode": MODES[0],
    "storageClass": "",
    "mount": "",
}


def _sections(rules: Rules, drawn: dict[str, Any], fields: Fields, view: FormView) -> dict[str, Section]:
    summaries = _summaries(rules, drawn, view)
    made = {}
    for key, options in SECTIONS.items():
        single = options[0] if options[0] in WHOLE else ""
        unavailable = view.unavailable.get(single, "")
        away = bool(unavailable) or all(option in view.unavailable for option in options)
        made[key] = Section(
            key,
            "not available here" if away else summaries[key],
            open=key in OPEN or fields.has(options),
            fixed=bool(single) and single in rules.fixed,
            away=away,
            unavailable=unavailable,
            hint=view.hints.get(single, ""),
            errors=fields.loose(options),
        )
    return made


def _summaries(rules: Rules, drawn: dict[str, Any], view: FormView) -> dict[str, str]:
    gpu, workspace, volumes = drawn["gpu"], drawn["workspace"], drawn["dataVolumes"]
    none = gpu["vendor"].value in ("", "none") or gpu["count"].value == "0"
    variables = len(drawn["environment"].value.splitlines())
    image = drawn["customImage"].value or drawn["image"].value
    title = next((i.title for group in rules.groups for i in group.images if i.reference == image), image)
    return {
        "name": view.notebook,
        "image": title,
        "size": f"{drawn['cpu'].value} CPU · {_human(drawn['memory'].value)}",
        "gpu": "none" if none else f"{gpu['count'].value} × {_vendor(rules, gpu['vendor'].value)}",
        "workspace": {
            "new": f"{_human(workspace['size'].value)}, new",
            "existing": workspace["name"].value,
        }.get(workspace["kind"].value, "none"),
        "dataVolumes": ", ".join(row["name"].value or "unnamed" for row in volumes) or "none",
        "configurations": ", ".join(drawn["configurations"].value) or "none",
        "placement": ", ".join(v for k in ("affinity", "tolerations") if (v := drawn[k].value) != "none")
        or "any node",
        "shm": "on" if drawn["shm"].value else "off",
        "environment": f"{variables} variable{'' if variables == 1 else 's'}" if variables else "none",
    }


def _vendor(rules: Rules, name: str) -> str:
    return rules.gpu_vendors.get(name, name)


def _human(text: str) -> str:
    try:
        return quantity.human(quantity.size(text).amount)
    except ValueError:
        return text


def _bound(rule: AmountRule, unit: str) -> str:
    most = f"At most {rule.most}{' ' + unit if unit else ''}." if rule.most else ""
    if rule.factor is None:
        return most
    return f"{most} May grow to {float(rule.factor):g} times this while others leave it free.".strip()


def _presets(presets: tuple[str, ...], rule: AmountRule, read: Any) -> list[str]:
    return [text for text in presets if rule.most is None or read(text).amount <= rule.most.amount]


def _gpu(rules: Rules, given: Mapping[str, Any]) -> dict[str, str]:
    default = {"vendor": rules.gpu.vendor or "none", "count": str(rules.gpu.count or 1)}
    value = given.get("gpu")
    if "gpu" in rules.fixed or not isinstance(value, Mapping):
        return default
    count = value.get("count")
    if count == 0 and value.get("vendor") is None:
        return {"vendor": "none", "count": "1"}
    return {key: default[key] if value.get(key) is None else leaf(value[key]) for key in default}


def _volume_texts(volume: Volume) -> dict[str, str]:
    return _BLANK | {
        "kind": volume.kind,
        "name": volume.name,
        "size": str(volume.size or FALLBACK_SIZE),
        "mode": volume.mode or MODES[0],
        "storageClass": volume.storage_class or "",
        "mount": volume.mount,
    }


def _volume(rules: Rules, key: str, given: Mapping[str, Any], default: Volume) -> dict[str, str]:
    texts = _volume_texts(default)
    value = given.get(key)
    return texts if key in rules.fixed or not isinstance(value, Mapping) else _over(texts, value)


def _over(texts: dict[str, str], value: Mapping[str, Any]) -> dict[str, str]:
    return {key: text if value.get(key) is None else leaf(value[key]) for key, text in texts.items()}


def _rows(rules: Rules, given: Mapping[str, Any], default: tuple[Volume, ...]) -> list[dict[str, str]]:
    value = given.get("dataVolumes")
    if "dataVolumes" in rules.fixed or not isinstance(value, list):
        return [_volume_texts(volume) for volume in default]
    # a list that was refused for its length is not drawn in full
    return [_over(_BLANK, row if isinstance(row, Mapping) else {}) for row in value[:32]]


def _volume_fields(fields: Fields, path: str, texts: dict[str, str], general: str) -> dict[str, Field]:
    return {key: fields.take(f"{path}.{key}", texts[key], "", f"{general}.{key}") for key in _VOLUME_FIELDS}


def _names(rules: Rules, given: Mapping[str, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = given.get(key)
    if key in rules.fixed or not isinstance(value, list):
        return default
    return tuple(leaf(name) for name in value[:100])


def _lines(environment: object) -> str:
    if isinstance(environment, Mapping):
        return "\n".join(f"{leaf(name)}={leaf(value)}" for name, value in list(environment.items())[:1000])
    return leaf(environment) if isinstance(environment, str) else ""
