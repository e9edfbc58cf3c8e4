"""What a list is asked for, checked, and the token that leads to its next page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from kflab.metadata.errors import BadQuery
from kflab.metadata.filters import Expr, Field, field, parse
from kflab.metadata.rows import MAX_TEXT
from kflab.metadata.sql import CORE

__all__ = ["Query", "pack"]

MAX_LIMIT = 500


@dataclass(frozen=True)
class Query:
    """A list that was asked for, checked. `kind` is artifact, execution or context."""

    kind: str
    type: str | None
    state: str | None
    q: str | None
    filter: Expr | None
    sort: Field
    descending: bool
    limit: int
    identity: str  # the same for all pages of a list
    after: tuple[Any, int] | None  # value and id of the last row of the page before

    @classmethod
    def checked(
        cls,
        kind: str,
        *,
        type: str | None = None,
        state: str | None = None,
        q: str | None = None,
        filter: str | None = None,
        sort: str | None = None,
        limit: int | str | None = None,
        page_token: str | None = None,
    ) -> Query:
        """Raises BadQuery, naming the parameter at fault; an empty parameter is one that was not given."""
        core = CORE[kind]
        order = sort or "-created"
        named = field(order.removeprefix("-"), core, "sort")
        identity = hashlib.sha256(json.dumps([kind, type, state, q, filter, order]).encode()).hexdigest()[:16]
        for name, value in (("type", type), ("state", state)):
            if value and (len(value) > 255 or "\0" in value):
                raise BadQuery(name, "may have 255 characters, and no NUL.")
        if state and kind == "context":
            raise BadQuery("state", "a context has no state; leave it out.")
        return cls(
            kind=kind,
            type=type or None,
            state=state or None,
            q=q or None,
            filter=parse(filter, core) if filter else None,
            sort=named,
            descending=order.startswith("-"),
            limit=_limit(limit),
            identity=identity,
            after=_unpack(page_token, identity) if page_token else None,
        )


def _limit(limit: int | str | None) -> int:
    if limit is None or limit == "":
        return 50
    try:
        number = int(limit)
    except ValueError:
        number = 0
    if not 1 <= number <= MAX_LIMIT:
        raise BadQuery("limit", f"is a number from 1 to {MAX_LIMIT}.")
    return number


def pack(identity: str, value: Any, last: int) -> str:
    token = json.dumps([identity, value, last], separators=(",", ":"))
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def _unpack(token: str, identity: str) -> tuple[Any, int]:
    wrong = "is not the token of a page; ask for the list without it to begin at the start."
    try:
        if len(token) > 10 * MAX_TEXT:
            raise ValueError
        parts = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        owner, value, last = parts
    except (ValueError, binascii.Error, TypeError, RecursionError):
        raise BadQuery("page_token", wrong) from None
    ok = value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))
    fits = isinstance(last, int) and not isinstance(last, bool) and abs(last) < 2**63
    if not ok or not fits or (isinstance(value, int) and abs(value) > 2**63):
        raise BadQuery("page_token", wrong)
    if owner != identity:
        raise BadQuery("page_token", "belongs to another filter or order; ask for the list without it.")
    return value, last
