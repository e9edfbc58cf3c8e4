"""`datasets`, `models`, `methods`: what the forms offer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kflab.ml.tuning import Method, Parameter
from kflab.server.base import KFLabHandler, endpoint

__all__ = ["ROUTES"]

Task = Literal["binary", "multiclass", "regression"]


class DatasetOffer(BaseModel):
    """A dataset that can be chosen. `uri` goes into a RunSpec."""

    uri: str
    name: str
    kind: Literal["sklearn", "file"]
    task: Task | None = None
    bytes: int | None = None
    modified: str | None = None


class ModelOffer(BaseModel):
    """A model that can be chosen; `schema` is the JSON schema (draft-07) of its parameters.

    `space` is what one would search, `resources` what hyperband can give it more and more of.
    """

    model_config = ConfigDict(protected_namespaces=())

    family: str
    title: str
    description: str
    tasks: list[Task]
    kind: str
    params: dict[str, Any] = Field(alias="schema")
    space: list[Parameter]
    resources: list[Literal["epochs", "trees", "samples"]]


class MetricOffer(BaseModel):
    name: str
    tasks: list[Task]
    goal: Literal["min", "max"]


class SearchOffer(BaseModel):
    """A method of search; `missing` says what this environment lacks for it."""

    method: Method
    title: str
    description: str
    missing: str | None = None


class Methods(BaseModel):
    """Metrics, methods of search, and the JSON schemas of the parts of a RunSpec that say how."""

    metrics: list[MetricOffer]
    search: list[SearchOffer]
    cores: int = Field(description="Processors that a run may use.")
    split: dict[str, Any]
    preprocess: dict[str, Any]
    training: dict[str, Any]


class _List(BaseModel):
    total: int
    total_exact: Literal[True] = True
    next_page_token: str | None = None


class Datasets(_List):
    items: list[DatasetOffer]


class Models(_List):
    items: list[ModelOffer]


class TopValue(BaseModel):
    value: str
    count: int


class Column(BaseModel):
    """One column. Numbers and dates have min and max, numbers a mean, the others their most frequent values."""

    name: str
    dtype: str
    role: Literal["number", "category", "date", "text"]
    missing: int
    unique: int
    min: float | str | None = None
    max: float | str | None = None
    mean: float | None = None
    top: list[TopValue] | None = None
    rarest: TopValue | None = Field(
        default=None, description="Where there are few enough values for classes."
    )


class Suggested(BaseModel):
    target: str
    task: Task


class Profile(BaseModel):
    """What a dataset looks like. `first_rows` has the cells in the order of `columns`."""

    uri: str
    sha256: str
    rows: int
    hidden: int = Field(default=0, description="Rows of a run's test part, left out here.")
    columns: list[Column]
    first_rows: list[list[Any]]
    suggested: Suggested
    warnings: list[str]


class ProfileQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    uri: Annotated[str, Field(min_length=1, max_length=1024)]
    sep: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str, Field(max_length=40)] | None = None
    run: str | None = Field(default=None, description="A run whose test rows are left out.")


def _listed(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": items, "total": len(items), "total_exact": True, "next_page_token": None}


class DatasetsHandler(KFLabHandler):
    @endpoint("The datasets that can be chosen", answer=Datasets, errors=(503,))
    async def get(self) -> Any:
        return _listed(await self.services.inspector.ask("catalog"))


class ProfileHandler(KFLabHandler):
    @endpoint("What a dataset looks like", query=ProfileQuery, answer=Profile, errors=(400, 404, 503))
    async def get(self, query: ProfileQuery) -> Any:
        hidden = await self.services.hidden_rows(query.run) if query.run else []
        read = {"sep": query.sep, "encoding": query.encoding}
        return await self.services.inspector.ask("profile", uri=query.uri, read=read, hidden=hidden)


class ModelsHandler(KFLabHandler):
    @endpoint("The models that can be chosen", answer=Models, errors=(503,))
    async def get(self) -> Any:
        return _listed(await self.services.inspector.ask("models"))


class MethodsHandler(KFLabHandler):
    @endpoint("Metrics, ways to split, to prepare and to train", answer=Methods, errors=(503,))
    async def get(self) -> Any:
        return await self.services.inspector.ask("methods")


ROUTES: tuple[tuple[str, type[KFLabHandler]], ...] = (
    ("datasets", DatasetsHandler),
    ("datasets/profile", ProfileHandler),
    ("models", ModelsHandler),
    ("methods", MethodsHandler),
)
