"""The files of the chart agree with each other and with the policy that comes with kfhub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from kfspawner.settings import hub_config

CHART = Path(__file__).parents[2] / "helm/kfhub"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def test_the_policy_of_the_chart_is_the_one_that_comes_with_kfhub() -> None:
    ours = yaml.safe_load((hub_config() / "spawner_ui_config.yaml").read_text())
    assert VALUES["policy"] == {"existingConfigMap": None, **ours}


def test_the_values_are_as_their_schema_says() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(VALUES)


def test_the_schema_describes_each_value_and_refuses_all_others() -> None:
    for path, part in _parts(SCHEMA):
        if path:
            assert part.get("description"), path
        if "properties" in part:
            assert part["additionalProperties"] is False, path


def test_each_value_that_the_schema_knows_has_its_default_in_the_file() -> None:
    free = {"successThreshold", "requests", "limits", "claims", "global"}  # of Kubernetes, or of other charts
    for path, part in _parts(SCHEMA):
        if path and path[-1] not in free and "[]" not in path:
            value: Any = VALUES
            for name in path:
                assert name in value, path
                value = value[name]
            if value is None:
                assert "null" in part["type"], path


def _parts(
    schema: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from _parts(part, (*path, name))
    if "properties" in schema.get("items", {}):
        yield from _parts(schema["items"], (*path, "[]"))
