"""Objects as YAML, as kubectl prints them: in their own order, with text of several lines as it is."""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["as_yaml"]

# Nothing is folded: what is copied from it should be what is there.
_WIDTH = 1_000_000


class _Dumper(yaml.SafeDumper):
    pass


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml(found: Any) -> str:
    return yaml.dump(found, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
