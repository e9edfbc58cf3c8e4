"""The options form: what a policy offers, what was typed and what was wrong with it, as HTML.

Needs no Spawner and no cluster: what the place offers comes in as a FormView.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from . import form_model
from .errors import FieldError
from .notebook import Owner
from .policy import Policy
from .rules import Rules

__all__ = ["FormView", "render"]


@dataclass(frozen=True, slots=True)
class FormView:
    """What the place where notebooks run offers, and what the form says about it.

    Keys of `unavailable`, `hints` and `marks` are keys of user_options (`gpu`, `dataVolumes`, `secrets`) or
    one level below (`workspace.storageClass`, `dataVolumes.mode`).
    """

    notebook: str = "default"
    """The server's name."""
    spawn_url: str = ""
    """The page that starts the default server, `/hub/spawn/alice`; a script changes the name with it.
    Empty: the name can't be changed here."""
    running: tuple[str, ...] = ()
    """Names of the owner's notebooks that run: another can't start under one of them."""
    namespaces: tuple[str, ...] | None = None
    """None: those that the policy gives the owner."""
    volumes: tuple[str, ...] = ()
    """Volumes that exist, to choose from by name."""
    storage_classes: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    """Names of Secrets of the namespace."""
    unavailable: Mapping[str, str] = field(default_factory=dict)
    """What this place can't do, and why, in a sentence: shown, and its fields are disabled."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """A sentence below a field or section: what it means in this place."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """A word beside a field: `advisory`, `enforced`."""
    notice: str = ""
    """One sentence above the form: what kind of hub this is."""
    notices: tuple[str, ...] = ()
    """What was dropped from stored options (`NotebookSpec.notices`)."""
    script_url: str = ""
    """Where form.js is served; without it the form is plain HTML."""


def render(
    policy: Policy,
    owner: Owner,
    values: Mapping[str, Any],
    errors: Sequence[FieldError],
    view: FormView,
) -> str:
    """The inside of JupyterHub's `<form>`: fields named by JSON path, for `notebook.parse_form` to read.

    `values` are options as they were typed or stored, and may be any JSON: they are shown as they came,
    escaped; what is missing shows the policy's value. Each of `errors` stands beside its field, and in a
    summary that links to it. Never raises for hostile values.
    """
    model = form_model.build(policy.rules, owner, values, errors, view)
    chosen = model["image"].value
    stamp = _stamp(_frozen(view))
    return (
        _templates()
        .get_template("form.html")
        .render(
            model,
            cards=_cards(policy.rules, chosen if chosen in policy.rules.group_of else ""),
            stamp=stamp,
            blank=stamp.replace(_ROW, str(len(model["dataVolumes"]))),
        )
    )


# What costs most and hardly ever changes is drawn once: the images, and the row of an empty data volume.
_ROW = "__row__"  # stands for the number in the row that a script copies


@lru_cache(maxsize=512)
def _cards(rules: Rules, chosen: str) -> Markup:
    return _part("cards", rules.groups, chosen)


@lru_cache(maxsize=16)
def _stamp(place: FrozenPlace) -> Markup:
    unavailable, hints, marks, volumes, classes = place
    view = FormView(
        unavailable=dict(unavailable),
        hints=dict(hints),
        marks=dict(marks),
        volumes=volumes,
        storage_classes=classes,
    )
    return _part(
        "volume_row", form_model.empty_volume(view, _ROW), "One more volume", form_model.offers(view)
    )


Texts = tuple[tuple[str, str], ...]
FrozenPlace = tuple[Texts, Texts, Texts, tuple[str, ...], tuple[str, ...]]


def _frozen(view: FormView) -> FrozenPlace:
    """What an empty row depends on, hashable."""

    def texts(of: Mapping[str, str]) -> Texts:
        return tuple(item for item in of.items() if item[0].startswith("dataVolumes."))

    # of the lists of names only their presence counts: the lists themselves stand elsewhere on the page
    return (
        texts(view.unavailable),
        texts(view.hints),
        texts(view.marks),
        view.volumes[:1],
        view.storage_classes[:1],
    )


def _part(name: str, *arguments: object) -> Markup:
    parts = _templates().get_template("form_parts.html").module
    return Markup(getattr(parts, name)(*arguments))  # noqa: S704 - the template escapes


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,  # the templates are part of the package: no look at the disk for each page
    )
