"""What the form's template draws: values as typed, errors beside their fields, a summary of each section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import quantity, resolve
from .errors import FieldError
from .notebook import Owner, Volume
from .rules import AmountRule, Rules
from .volumes import FALLBACK_SIZE, MODES

if TYPE_CHECKING:
    from .form import FormView

__all__ = ["build", "empty_volume", "offers"]

_CPU_PRESETS = ("0.5", "1", "2", "4", "8", "16", "32")
_MEMORY_PRESETS = ("1Gi", "2Gi", "4Gi", "8Gi", "16Gi", "32Gi", "64Gi")

# section -> the keys of user_options that it draws, in the order of the form
_SECTIONS = {
    "name": ("namespace",),
    "image": ("image", "customImage"),
    "size": ("cpu", "memory"),
    "gpu": ("gpu",),
    "workspace": ("workspace",),
    "dataVolumes": ("dataVolumes",),
    "configurations": ("configurations",),
    "placement": ("affinity", "tolerations"),
    "shm": ("shm",),
    "environment": ("environment", "secrets"),
}
# sections of one option: what holds for it is said once, in the section's headline
_WHOLE = frozenset({"image", "gpu", "workspace", "dataVolumes", "configurations", "shm"})
_OPEN = frozenset({"name", "image", "size", "workspace"})
_VOLUME_FIELDS = ("kind", "name", "size", "mode", "storageClass", "mount")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its value as typed, and everything that stands beside it.

    `described` holds the ids of those texts, for aria-describedby.
    """

    path: str
    id: str
    value: Any
    described: str = ""
    error: str = ""
    hint: str = ""
    mark: str = ""
    unavailable: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section's headline: its summary, whether it is open, and errors that no field of it can show.

    `away`: nothing of the section can be chosen in this place.
    """

    key: str
    summary: str
    open: bool
    fixed: bool
    away: bool
    unavailable: str
    hint: str
    errors: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"kf-section-{self.key}"


def build(
    rules: Rules, owner: Owner, values: Mapping[str, Any], errors: Sequence[FieldError], view: FormView
) -> dict[str, Any]:
    """The template's variables. Any JSON is a possible value; none raises."""
    workspace, data_volumes = resolve.volume_defaults(rules, view.notebook)
    given = values if isinstance(values, Mapping) else {}
    fields = _Fields(errors, view)

    def typed(key: str, default: str) -> str:
        value = None if key in rules.fixed else given.get(key)
        return default if value is None else _text(value)

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
    return _volume_fields(_Fields((), view), f"dataVolumes.{number}", _BLANK, "dataVolumes")


_BLANK: dict[str, str] = {
    "kind": "new",
    "name": "",
    "size": "",
    "mode": MODES[0],
    "storageClass": "",
    "mount": "",
}


def _id(path: str) -> str:
    return "kf-" + path.replace(".", "-")


class _Fields:
    """Hands each field its errors, and keeps those that no field took."""

    def __init__(self, errors: Sequence[FieldError], view: FormView) -> None:
        self._view = view
        self._errors: dict[str, list[str]] = {}
        for error in errors:
            self._errors.setdefault(_text(error["field"]), []).append(_text(error["message"]))
        self._taken: set[str] = set()

    def take(self, path: str, value: Any, hint: str = "", general: str = "") -> Field:
        """The field `path`; `general` is its key in the view if that is another (`dataVolumes.mode`)."""
        self._taken.add(path)
        key = general or path
        own = _id(path)
        view = self._view
        here, why, mark = (view.hints, view.unavailable, view.marks) if path not in _WHOLE else ({}, {}, {})
        error = " ".join(self._errors.get(path, ()))
        hint = " ".join(text for text in (hint, here.get(key, "")) if text)
        unavailable = why.get(key, "")
        texts = (("hint", hint), ("why", unavailable), ("error", error))
        described = " ".join([f"{own}-{name}" for name, text in texts if text])
        return Field(path, own, value, described, error, hint, mark.get(key, ""), unavailable)

    def loose(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Errors inside the options `keys` that no field shows."""
        return tuple(
            f"{path}: {message}" if "." in path else message
            for path, messages in self._errors.items()
            if path.split(".")[0] in keys and path not in self._taken
            for message in messages
        )

    def has(self, keys: tuple[str, ...]) -> bool:
        return any(path.split(".")[0] in keys for path in self._errors)

    def summary(self) -> list[tuple[str, str, str]]:
        """For each error: the id to link to (empty: nowhere), its field, its message."""
        return [
            (self._target(path), path, message)
            for path, messages in self._errors.items()
            for message in messages
        ]

    def _target(self, path: str) -> str:
        if path in self._taken:
            return _id(path)
        top = path.split(".")[0]
        return next((f"kf-section-{key}" for key, options in _SECTIONS.items() if top in options), "")


def _sections(rules: Rules, drawn: dict[str, Any], fields: _Fields, view: FormView) -> dict[str, Section]:
    summaries = _summaries(rules, drawn, view)
    made = {}
    for key, options in _SECTIONS.items():
        single = options[0] if options[0] in _WHOLE else ""
        unavailable = view.unavailable.get(single, "")
        away = bool(unavailable) or all(option in view.unavailable for option in options)
        made[key] = Section(
            key,
            "not available here" if away else summaries[key],
            open=key in _OPEN or fields.has(options),
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


def _text(value: object) -> str:
    """A leaf as it was typed; halves of characters, which no page can hold, are replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**30 else ""
    return repr(value) if isinstance(value, float) else ""


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
    return {key: default[key] if value.get(key) is None else _text(value[key]) for key in default}


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
    return {key: text if value.get(key) is None else _text(value[key]) for key, text in texts.items()}


def _rows(rules: Rules, given: Mapping[str, Any], default: tuple[Volume, ...]) -> list[dict[str, str]]:
    value = given.get("dataVolumes")
    if "dataVolumes" in rules.fixed or not isinstance(value, list):
        return [_volume_texts(volume) for volume in default]
    # a list that was refused for its length is not drawn in full
    return [_over(_BLANK, row if isinstance(row, Mapping) else {}) for row in value[:32]]


def _volume_fields(fields: _Fields, path: str, texts: dict[str, str], general: str) -> dict[str, Field]:
    return {key: fields.take(f"{path}.{key}", texts[key], "", f"{general}.{key}") for key in _VOLUME_FIELDS}


def _names(rules: Rules, given: Mapping[str, Any], key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = given.get(key)
    if key in rules.fixed or not isinstance(value, list):
        return default
    return tuple(_text(name) for name in value[:100])


def _lines(environment: object) -> str:
    if isinstance(environment, Mapping):
        return "\n".join(f"{_text(name)}={_text(value)}" for name, value in list(environment.items())[:1000])
    return _text(environment) if isinstance(environment, str) else ""
