"""`metadata/…`: lists, single nodes, lineage, comparison, and the batch that records."""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from kflab.metadata.models import (
    Artifact,
    Batch,
    BatchResult,
    Comparison,
    Context,
    Execution,
    Lineage,
    Page,
)
from kflab.metadata.store import Listed
from kflab.server.base import KFLabHandler, endpoint
from kflab.server.errors import Refused

__all__ = ["ROUTES"]


_BATCH_BYTES = 64 * 1024 * 1024


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ListQuery(Query):
    """What to list: filters, order and page. A page token goes with the same other parameters only."""

    type: Annotated[str, Field(max_length=128)] | None = None
    state: Annotated[str, Field(max_length=32)] | None = None
    q: Annotated[str, Field(max_length=500)] | None = Field(default=None, description="Words to search for.")
    filter: Annotated[str, Field(max_length=4000)] | None = Field(
        default=None, description='Such as `type = "system.Model" and prop.accuracy > 0.9`.'
    )
    sort: Annotated[str, Field(max_length=300)] = Field(
        default="-created", description="A field; `-` for descending."
    )
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    page_token: Annotated[str, Field(max_length=4000)] | None = None


class LineageQuery(Query):
    hops: Annotated[int, Field(ge=1, le=20)] = 2


class CompareQuery(Query):
    ids: Annotated[str, Field(pattern=r"^[0-9]{1,18}(,[0-9]{1,18})*$", max_length=2000)] = Field(
        description="Ids of artifacts, separated by commas."
    )


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refused(
            "An id is a whole number, such as 17.", [{"field": "id", "message": "This is no whole number."}]
        )
    return int(text)


def _lists(kind: str, listed: Listed, model: type[BaseModel]) -> type[KFLabHandler]:
    page = cast(Any, Page)[model]

    class Lists(KFLabHandler):
        @endpoint(f"List {kind}s", query=ListQuery, answer=page, errors=(400, 503))
        async def get(self, query: ListQuery) -> Any:
            return await self.services.store.list_json(listed, **query.model_dump(exclude_none=True))

    return Lists


def _ones(kind: str, listed: Listed, model: type[BaseModel]) -> type[KFLabHandler]:
    class Ones(KFLabHandler):
        @endpoint(f"One {kind}", answer=model, errors=(400, 404, 503))
        async def get(self, id: str) -> Any:
            return await self.services.store.get_json(listed, _id(id))

    return Ones


class LineageHandler(KFLabHandler):
    @endpoint(
        "What an artifact came from, and what came from it",
        query=LineageQuery,
        answer=Lineage,
        errors=(400, 404, 503),
    )
    async def get(self, id: str, query: LineageQuery) -> Any:
        return await self.services.store.lineage_json(_id(id), query.hops)


class CompareHandler(KFLabHandler):
    @endpoint("Artifacts side by side", query=CompareQuery, answer=Comparison, errors=(400, 404, 503))
    async def get(self, query: CompareQuery) -> Any:
        return await self.services.store.compare_json([_id(one) for one in query.ids.split(",")])


class BatchHandler(KFLabHandler):
    @endpoint(
        "Record, all of it or nothing",
        body=Batch,
        raw_bytes=_BATCH_BYTES,
        answer=BatchResult,
        errors=(404, 409, 503),
    )
    async def post(self, batch: bytes) -> Any:
        return await self.services.store.batch(batch)


KINDS: tuple[tuple[str, Listed, type[BaseModel]], ...] = (
    ("artifact", "artifacts", Artifact),
    ("execution", "executions", Execution),
    ("context", "contexts", Context),
)

ROUTES: tuple[tuple[str, type[KFLabHandler]], ...] = (
    *((f"metadata/{listed}", _lists(kind, listed, model)) for kind, listed, model in KINDS),
    *((f"metadata/{listed}/{{id}}", _ones(kind, listed, model)) for kind, listed, model in KINDS),
    ("metadata/artifacts/{id}/lineage", LineageHandler),
    ("metadata/compare", CompareHandler),
    ("metadata/batch", BatchHandler),
)
