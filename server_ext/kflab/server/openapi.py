"""The OpenAPI 3.1 document, from the table of routes and the pydantic models. `python -m kflab.server.openapi` prints it."""

from __future__ import annotations

import functools
import json
import sys
from http import HTTPStatus
from importlib import metadata
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from kflab.runs.events import Event
from kflab.server.base import Described
from kflab.server.errors import ErrorAnswer
from kflab.server.handlers import PREFIX, ROUTES, cluster

__all__ = ["METHODS", "described", "document"]

METHODS = ("get", "post", "patch", "put", "delete")
_REF = "#/components/schemas/{model}"


class EventFrame(BaseModel):
    """A frame of the websocket `runs/{id}/stream`."""

    events: list[Event]


def described() -> list[tuple[str, str, Described]]:
    """(path, method, description) of every endpoint."""
    found = []
    for path, handler in ROUTES:
        for method in METHODS:
            about = getattr(getattr(handler, method), "described", None)
            if about is not None:
                found.append((path, method, about))
    return found


@functools.cache
def document() -> dict[str, Any]:
    """The document; the same object each time, not to be changed."""
    modes: dict[tuple[Any, JsonSchemaMode], None] = {
        (ErrorAnswer, "serialization"): None,
        (EventFrame, "serialization"): None,
        **dict.fromkeys((frame, "serialization") for frame in cluster.FRAMES),
    }
    for _, _, about in described():
        for model in (about.query, about.body):
            if model is not None:
                modes[(model, "validation")] = None
        if _is_model(about.answer):
            modes[(about.answer, "serialization")] = None
    refs, schemas = models_json_schema(list(modes), ref_template=_REF, by_alias=True)
    paths: dict[str, Any] = {}
    for path, method, about in described():
        paths.setdefault(f"/{path}", {})[method] = _operation(path, method, about, refs)
    components = schemas.get("$defs", {})
    for query in {about.query.__name__ for _, _, about in described() if about.query}:
        components.pop(query, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "kflab",
            "version": metadata.version("kfhub"),
            "description": f"Below {{base_url}}{PREFIX}/.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        },
        "security": [{"token": []}],
    }


def _is_model(answer: Any) -> bool:
    return isinstance(answer, type) and issubclass(answer, BaseModel)


def _operation(path: str, method: str, about: Described, refs: dict[Any, Any]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {
            "name": part[1:-1],
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": "^[^/]+$"},
        }
        for part in path.split("/")
        if part.startswith("{")
    ]
    if about.query is not None:
        schema = TypeAdapter(about.query).json_schema(ref_template=_REF)
        required = schema.get("required", [])
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": _without_null(given)}
            for name, given in schema["properties"].items()
        ]
    parameters.append(
        {"name": "no_track_activity", "in": "query", "required": False, "schema": {"type": "string"}}
    )
    responses: dict[str, Any] = {str(about.status): _response(about, refs)}
    for status in sorted(set(about.errors)):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": refs[(ErrorAnswer, "serialization")]}},
        }
    operation: dict[str, Any] = {
        "operationId": f"{method}_{path.replace('/', '_').replace('{', '').replace('}', '').replace('.', '_')}",
        "summary": about.summary,
        "parameters": parameters,
        "responses": responses,
    }
    if about.body is not None:
        operation["requestBody"] = {
            "required": any(field.is_required() for field in about.body.model_fields.values()),
            "content": {"application/json": {"schema": refs[(about.body, "validation")]}},
        }
    return operation


def _response(about: Described, refs: dict[Any, Any]) -> dict[str, Any]:
    response: dict[str, Any] = {"description": HTTPStatus(about.status).phrase}
    if about.status != HTTPStatus.NO_CONTENT:
        schema = refs[(about.answer, "serialization")] if _is_model(about.answer) else {"type": "object"}
        response["content"] = {"application/json": {"schema": schema}}
    return response


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is given or not; it is never null."""
    options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    if not options:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1, sort_keys=True)
