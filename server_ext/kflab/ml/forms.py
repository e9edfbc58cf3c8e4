"""JSON schemas that a form can be drawn from: draft-07, where what may be left out is not required, and never null."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

__all__ = ["schema"]


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The form schema of a model that holds no other model."""
    made: dict[str, Any] = _without_null(model.model_json_schema())
    return {"$schema": "http://json-schema.org/draft-07/schema#", **made}


def _without_null(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_null(item) for item in part]
    if not isinstance(part, dict):
        return part
    part = {key: _without_null(value) for key, value in part.items()}
    options = part.get("anyOf")
    if options is None or {"type": "null"} not in options:
        return part
    left = [option for option in options if option != {"type": "null"}]
    rest = {key: value for key, value in part.items() if key != "anyOf" and (key, value) != ("default", None)}
    return {**rest, **left[0]} if len(left) == 1 else {**rest, "anyOf": left}
