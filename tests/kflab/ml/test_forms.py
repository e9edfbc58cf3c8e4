"""What forms are drawn from: draft-07, every part of it valid, and no choice between a value and null."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from jsonschema import Draft7Validator
from pydantic import BaseModel, Field

from kflab.ml import forms
from kflab.ml.inspector import answer


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and all within it."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts(inner)


def offered(ask: str, root: Path) -> dict[str, dict[str, Any]]:
    found = answer({"ask": ask}, root)["ok"]
    if ask == "models":
        return {model["family"]: model["schema"] for model in found}
    return {name: found[name] for name in ("split", "preprocess", "training")}


@pytest.mark.parametrize("ask", ["models", "methods"])
def test_every_form_schema_is_draft_07_without_null(root: Path, ask: str) -> None:
    schemas = offered(ask, root)
    assert len(schemas) >= 3
    for name, schema in schemas.items():
        assert schema["$schema"] == "http://json-schema.org/draft-07/schema#", name
        Draft7Validator.check_schema(schema)
        for part in parts(schema):
            assert not {"anyOf", "oneOf", "$defs", "prefixItems"} & part.keys(), f"{name}: {part}"
            assert part.get("type") != "null" and part.get("default", 0) is not None, f"{name}: {part}"
        Draft7Validator(schema).validate(
            {key: given["default"] for key, given in schema["properties"].items() if "default" in given}
        )


def test_a_choice_of_values_stays_one() -> None:
    class Model(BaseModel):
        bare: Annotated[int, Field(ge=1)] | None = None
        either: int | str | None = None

    made = forms.schema(Model)["properties"]
    assert made["bare"] == {"title": "Bare", "type": "integer", "minimum": 1}
    assert made["either"] == {"title": "Either", "anyOf": [{"type": "integer"}, {"type": "string"}]}
