"""The contract of metadata: what the API takes and gives. Unknown keys in anything sent are refused."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from kflab.metadata.values import MAX_BYTES, dumps, normal

__all__ = [
    "Artifact",
    "ArtifactPut",
    "Batch",
    "BatchResult",
    "Comparison",
    "Context",
    "ContextPut",
    "Edge",
    "EventPut",
    "Execution",
    "ExecutionPut",
    "Kind",
    "Lineage",
    "LineageNode",
    "NodeRef",
    "Page",
]

MAX_NODES = 1_000
MAX_EVENTS = 10_000

Kind = Literal["artifact", "execution", "context"]
ArtifactState = Literal[
    "UNKNOWN", "PENDING", "LIVE", "MARKED_FOR_DELETION", "DELETED", "ABANDONED", "REFERENCE"
]
ExecutionState = Literal["UNKNOWN", "NEW", "RUNNING", "COMPLETE", "FAILED", "CACHED", "CANCELED"]
EventType = Literal["INPUT", "OUTPUT"]


def _plain(text: str) -> str:
    """Text that every backend stores as it is."""
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("must not hold control characters such as a line break or NUL.")
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValueError("is not valid Unicode (half of a surrogate pair).")
    return text


def _properties(properties: dict[str, Any]) -> dict[str, Any]:
    """Each value in its one written form."""
    for name in properties:
        if not 1 <= len(name) <= 255:
            raise ValueError(f"a property's name has 1 to 255 characters; {name[:40]!r}… has {len(name)}.")
        _plain(name)
    written: dict[str, Any] = {}
    for name, value in properties.items():
        try:
            written[name] = normal(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if len(dumps(written)) > MAX_BYTES:
        raise ValueError(
            f"all properties of a node together may have {MAX_BYTES:,} bytes; store the data as a file."
        )
    return written


Text = Annotated[str, Field(max_length=255), AfterValidator(_plain)]
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_plain)]
Ref = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain)]
TypeName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,127}$")]
Uri = Annotated[str, Field(max_length=2048), AfterValidator(_plain)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Id = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
Properties = Annotated[
    dict[str, Any],
    AfterValidator(_properties),
    Field(
        description='Values of any JSON type; an integer beyond 2^53 as {"$int": "…"}, a non-finite float as '
        '{"$float": "NaN"}, {"$float": "Infinity"} or {"$float": "-Infinity"}.'
    ),
]


class Sent(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid")


class ContextPut(Sent):
    """A context to be in: the one of this type, name and parent, made if it is new."""

    ref: Ref
    type: TypeName
    name: Name
    parent: Ref | None = Field(default=None, description="The `ref` of another context of this batch.")
    properties: Properties = {}


class _NodePut(Sent):
    """A new node has a `ref` (its name within the batch), a type and a name; a known one has an `id`.

    Of a known node only what is given changes; `set` and `unset` are merged into its stored properties.
    """

    ref: Ref | None = None
    id: Id | None = None
    type: TypeName | None = None
    name: Name | None = None
    set: Properties = {}
    unset: list[Text] = []

    @model_validator(mode="after")
    def _new_or_known(self) -> Self:
        if (self.ref is None) == (self.id is None):
            raise ValueError("give either 'ref' (a new node) or 'id' (one that is stored), and not both.")
        if self.ref is not None and (self.type is None or self.name is None):
            raise ValueError("a new node needs 'type' and 'name'.")
        both = sorted(set(self.set) & set(self.unset))
        if both:
            raise ValueError(f"'{both[0]}' stands in 'set' and in 'unset'; leave it in one of them.")
        return self


class ExecutionPut(_NodePut):
    state: ExecutionState | None = None


class ArtifactPut(_NodePut):
    """A dataset or a split with a `sha256` is known by it: the same content is the same artifact."""

    version: Text | None = None
    uri: Uri | None = None
    sha256: Sha256 | None = None
    state: ArtifactState | None = None


class EventPut(Sent):
    """An execution read (INPUT) or wrote (OUTPUT) an artifact, each named by `ref` or `id`."""

    execution: Ref | Id
    artifact: Ref | Id
    type: EventType
    path: Annotated[
        list[Text | Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]], Field(max_length=20)
    ] = []


class Batch(Sent):
    """What is recorded together: all of it or nothing, and once, however often it is sent with this key."""

    key: Annotated[str, Field(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$", description="A ULID.")]
    contexts: Annotated[list[ContextPut], Field(max_length=20)] = []
    executions: list[ExecutionPut] = []
    artifacts: list[ArtifactPut] = []
    events: Annotated[list[EventPut], Field(max_length=MAX_EVENTS)] = []

    @model_validator(mode="after")
    def _consistent(self) -> Batch:
        nodes: list[ContextPut | _NodePut] = [*self.contexts, *self.executions, *self.artifacts]
        if len(nodes) > MAX_NODES:
            raise ValueError(
                f"a batch may have {MAX_NODES:,} contexts, executions and artifacts together; "
                f"this one has {len(nodes):,}. Send it in parts, each with its own key."
            )
        refs = [node.ref for node in nodes if node.ref is not None]
        twice = (
            next((ref for ref in refs if refs.count(ref) > 1), None) if len(set(refs)) < len(refs) else None
        )
        if twice is not None:
            raise ValueError(f"ref '{twice}' is given twice; each node of a batch needs its own.")
        return self


class BatchResult(BaseModel):
    """The ids of all refs of the batch; `replayed` if it had been recorded before."""

    ids: dict[str, int]
    replayed: bool


class NodeRef(BaseModel):
    """A node, by what a link to it shows."""

    id: int
    type: str
    name: str


class Artifact(BaseModel):
    """A dataset, model, metrics or any other artifact; times in RFC 3339, milliseconds, UTC."""

    id: int
    type: str
    name: str
    version: str | None
    uri: str
    state: str
    sha256: str | None
    created: str
    updated: str
    contexts: list[NodeRef]
    producer: NodeRef | None
    properties: dict[str, Any]


class Execution(BaseModel):
    """A step that read artifacts and wrote others."""

    id: int
    type: str
    name: str
    state: str
    created: str
    updated: str
    contexts: list[NodeRef]
    properties: dict[str, Any]


class Context(BaseModel):
    """A workspace (`system.Pipeline`), a run in it (`system.PipelineRun`), or another group."""

    id: int
    type: str
    name: str
    parent: NodeRef | None
    created: str
    updated: str
    properties: dict[str, Any]


Item = TypeVar("Item", Artifact, Execution, Context)


class Page(BaseModel, Generic[Item]):
    """One page of a list. `total` is exact up to 10,000; beyond that it is 10,000 and `total_exact` is false."""

    items: list[Item]
    total: int
    total_exact: bool
    next_page_token: str | None = Field(description="For the next page of the same query; null on the last.")


class LineageNode(BaseModel):
    id: int
    kind: Literal["artifact", "execution"]
    type: str
    name: str


class Edge(BaseModel):
    """INPUT leads from an artifact to an execution, OUTPUT from an execution to an artifact."""

    source: int
    target: int
    type: EventType


class Lineage(BaseModel):
    """What an artifact came from and what came from it; `truncated` if there is more than asked for."""

    nodes: list[LineageNode]
    edges: list[Edge]
    truncated: bool


class Comparison(BaseModel):
    """Artifacts side by side: the properties (dotted paths) that any of them has, and where they differ."""

    items: list[Artifact]
    names: list[str]
    differ: list[str]
