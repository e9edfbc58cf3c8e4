"""What an admin allows, and the one way from a request to a NotebookSpec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import policy_build, policy_yaml, resolve
from .notebook import NotebookSpec, Owner
from .rules import Rules

__all__ = ["Policy"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file, loaded and checked. `rules` is its content; it never changes once loaded."""

    rules: Rules

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Reads `spawner_ui_config.yaml`: Kubeflow Notebooks' format, with more keys allowed.

        Raises PolicyError, each message with the line it is about: the file can't be read, isn't YAML,
        has an unknown key, or a value that its own rules forbid.
        """
        return cls(policy_build.build(*policy_yaml.read(path)))

    def resolve(
        self, options: dict[str, Any], owner: Owner, stored: bool = False, notebook: str = "default"
    ) -> NotebookSpec:
        """The one validated form of `options` (user_options, hostile JSON) for `owner`. Pure.

        `notebook` is the server's name (`default` for the unnamed server), from which volumes get their
        names. `stored` says that the options were stored by a start before this one: those of an older
        version lose the keys that no longer exist, with a notice each.

        Raises PolicyError that names every field at fault and what is allowed.
        """
        return resolve.resolve(self.rules, options, owner, stored, notebook)

    def namespaces(self, owner: Owner) -> tuple[str, ...]:
        """The namespaces `owner` may start notebooks in; the first is their own."""
        return resolve.namespaces(self.rules, owner)
