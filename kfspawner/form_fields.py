"""The fields and sections of the form: each with its value as typed, its errors, and what is said beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import FieldError

if TYPE_CHECKING:
    from .form import FormView

__all__ = ["OPEN", "SECTIONS", "WHOLE", "Field", "Fields", "Section", "leaf"]

# section -> the keys of user_options that it draws, in the order of the form
SECTIONS = {
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
WHOLE = frozenset({"image", "gpu", "workspace", "dataVolumes", "configurations", "shm"})
OPEN = frozenset({"name", "image", "size", "workspace"})


def leaf(value: object) -> str:
    """A leaf as it was typed; halves of characters, which no page can hold, are replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**30 else ""
    return repr(value) if isinstance(value, float) else ""


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


def _id(path: str) -> str:
    return "kf-" + path.replace(".", "-")


class Fields:
    """Hands each field its errors, and keeps those that no field took."""

    def __init__(self, errors: Sequence[FieldError], view: FormView) -> None:
        self._view = view
        self._errors: dict[str, list[str]] = {}
        for error in errors:
            self._errors.setdefault(leaf(error["field"]), []).append(leaf(error["message"]))
        self._taken: set[str] = set()

    def take(self, path: str, value: Any, hint: str = "", general: str = "") -> Field:
        """The field `path`; `general` is its key in the view if that is another (`dataVolumes.mode`)."""
        self._taken.add(path)
        key = general or path
        own = _id(path)
        view = self._view
        here, why, mark = (view.hints, view.unavailable, view.marks) if path not in WHOLE else ({}, {}, {})
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
        return next((f"kf-section-{key}" for key, options in SECTIONS.items() if top in options), "")
