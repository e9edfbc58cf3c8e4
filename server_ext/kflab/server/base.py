"""What all handlers share: who may, how a request is read, and how an answer or a refusal is written."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from pydantic import BaseModel, ValidationError
from tornado import web

from kflab.faults import faults
from kflab.server.errors import Refused, TooLarge, refusal

if TYPE_CHECKING:
    from kflab.server.services import Services

__all__ = ["AUTH_RESOURCE", "Described", "KFLabHandler", "Missing", "endpoint"]

AUTH_RESOURCE = "kflab"
# Any request may say that it is a poll of a panel, and no sign of a person at work.
_ALWAYS = {"no_track_activity", "token"}

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Described:
    """What the OpenAPI document says of an endpoint, and what the endpoint itself goes by."""

    summary: str
    answer: Any
    status: int = 200
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    errors: Sequence[int] = field(default_factory=tuple)


# What a spec or the like may have; more is no spec.
_BODY_BYTES = 1024 * 1024
_BODY_DEPTH = 40


def endpoint(
    summary: str,
    *,
    answer: Any = None,
    status: int = 200,
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    errors: Sequence[int] = (),
    raw_bytes: int | None = None,
) -> Callable[[Callable[..., Awaitable[Any]]], Any]:
    """Make a method an endpoint: authenticated, authorized, its query and body read, its result written.

    The method gets the path's parts, then the query model, then the body model, where there are any. With
    `raw_bytes` it gets the body as it came, up to so many bytes, and has to find out whether it fits the model.
    """
    always = (400, 403) if body is None else (400, 403, 413)
    described = Described(summary, answer, status, query, body, (*errors, *always))

    def decorate(method: Callable[..., Awaitable[Any]]) -> Any:
        @web.authenticated
        @authorized
        @functools.wraps(method)
        async def handle(self: KFLabHandler, **path: str) -> None:
            given: list[Any] = list(path.values())
            asked = self.read_query(query)
            if asked is not None:
                given.append(asked)
            if body is not None:
                raw = self.read_raw(raw_bytes or _BODY_BYTES)
                given.append(raw if raw_bytes else self.read_body(raw, body))
            self.write_answer(await method(self, *given), status)

        handle.described = described  # type: ignore[attr-defined]
        return handle

    return decorate


class KFLabHandler(APIHandler):  # type: ignore[misc]
    """Base of the handlers of `kflab/api/`."""

    auth_resource = AUTH_RESOURCE

    @property
    def services(self) -> Services:
        services: Services = self.settings["kflab_services"]
        return services

    @property
    def by(self) -> str:
        """The name of who asks, as a run's log keeps it."""
        user = self.current_user
        return getattr(user, "username", None) or str(user)

    def read_query(self, model: type[M] | None) -> M | None:
        """The query string as a model; a key that it does not have is refused."""
        try:
            given = {
                name: self.get_query_argument(name)
                for name in self.request.query_arguments
                if name not in _ALWAYS or (model is not None and name in model.model_fields)
            }
        except web.HTTPError as error:
            raise Refused("The query is not UTF-8.") from error
        if model is None:
            if given:
                name = sorted(given)[0]
                raise Refused(
                    f"'{name}' is no parameter here.",
                    [{"field": name, "message": "There is no such parameter."}],
                )
            return None
        twice = [
            name for name, values in self.request.query_arguments.items() if len(values) > 1 and name in given
        ]
        if twice:
            raise Refused(f"'{twice[0]}' is given twice.", [{"field": twice[0], "message": "Give it once."}])
        return self._validated(model, given)

    def read_raw(self, limit: int) -> bytes:
        """The body as it came. Raises TooLarge beyond `limit` bytes."""
        raw: bytes = self.request.body
        if len(raw) > limit:
            raise TooLarge(f"The body has {len(raw):,} bytes; up to {limit:,} are taken.")
        kind = self.request.headers.get("Content-Type", "application/json").partition(";")[0].strip()
        if raw and kind != "application/json":
            raise Refused(f"The body must be application/json, not {kind}.")
        return raw

    def read_body(self, raw: bytes, model: type[M]) -> M:
        """The JSON of a body as a model; types are not converted. No body at all is an empty object."""
        try:
            given = json.loads(raw.decode("utf-8") or "{}", parse_constant=_number, parse_float=_number)
            _check_plain(given)
        except (ValueError, RecursionError) as error:
            raise Refused("The body is not JSON as RFC 8259 has it, in UTF-8.") from error
        return self._validated(model, given, strict=True)

    @staticmethod
    def _validated(model: type[M], given: Any, strict: bool = False) -> M:
        try:
            return model.model_validate(given, strict=strict)
        except ValidationError as error:
            fields = faults(error)
            first = fields[0]
            where = f"{first['field']}: " if first["field"] else ""
            more = f" ({len(fields) - 1} more)" if len(fields) > 1 else ""
            raise Refused(f"{where}{first['message']}{more}", fields) from error

    def update_api_activity(self) -> None:
        """As in Jupyter, except that the marker's value, which may be any bytes, is not read."""
        if "no_track_activity" not in self.request.arguments:
            super().update_api_activity()

    def write_answer(self, answer: Any, status: int = 200) -> None:
        self.set_status(status)
        if status == HTTPStatus.NO_CONTENT:
            self.clear_header("Content-Type")
            self.finish(set_content_type="text/plain")
        elif isinstance(answer, bytes):
            self.finish(answer)
        elif isinstance(answer, BaseModel):
            self.finish(answer.model_dump_json(by_alias=True))
        else:
            self.finish(json.dumps(answer, allow_nan=False))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Refusals as `{message, fields?}`; of our own faults no more than that there was one."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        known = refusal(error) if error is not None else None
        if known is not None:
            status_code, message, fields = known
            self.set_status(status_code)
        elif isinstance(error, web.HTTPError):
            if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                self.set_header(
                    "Allow", ", ".join(m for m in self.SUPPORTED_METHODS if self._allows(m.lower()))
                )
            message, fields = error.log_message or HTTPStatus(status_code).phrase, []
            if error.log_message and error.args:
                message = error.log_message % error.args
        else:
            message, fields = "The server made a mistake; its log tells more.", []
        self.finish(json.dumps({"message": message, **({"fields": fields} if fields else {})}))

    @classmethod
    def _allows(cls, method: str) -> bool:
        return hasattr(getattr(cls, method), "described")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A refusal is no fault of the server: one line without a traceback."""
        known = refusal(value) if value is not None else None
        if known is None:
            super().log_exception(typ, value, tb)
        else:
            self.log.info("kflab refused %s %s: %s", self.request.method, self.request.path, known[1])


def _number(text: str) -> float:
    """A float that JSON can write again: not NaN, Infinity or 1e999."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number of JSON")
    return number


def _check_plain(given: Any, depth: int = 0) -> None:
    """Raise ValueError for what cannot be written as JSON again: half a surrogate pair, or very deep nesting."""
    if depth > _BODY_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(given, str):
        given.encode()
    elif isinstance(given, dict):
        for name, value in given.items():
            name.encode()
            _check_plain(value, depth + 1)
    elif isinstance(given, list):
        for value in given:
            _check_plain(value, depth + 1)


def _nothing_here() -> Any:
    # One for each verb: what `authorized` wraps keeps the action of its first request.
    @web.authenticated
    @authorized
    async def handle(self: Missing) -> None:
        raise web.HTTPError(404, "There is nothing under this path; openapi.json lists what there is.")

    return handle


class Missing(KFLabHandler):
    """Any other path under `kflab/api/`."""

    get, post, put, patch, delete = (_nothing_here() for _ in range(5))
