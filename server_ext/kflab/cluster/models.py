"""What the panel gets: a row for each object, an object's details, and the frames of the streams."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from kflab.cluster.kinds import KindName

__all__ = [
    "AnyRow",
    "ChangesFrame",
    "ClaimRow",
    "Condition",
    "Container",
    "DeploymentRow",
    "Details",
    "EventRow",
    "FaultFrame",
    "JobRow",
    "KindCount",
    "LogFrame",
    "LogText",
    "Lost",
    "Missing",
    "Overview",
    "PodRow",
    "Ref",
    "Removed",
    "RowsFrame",
    "RowsPage",
    "ServiceRow",
    "StatefulSetRow",
]

# How a state is to be understood: its word stands in `status`.
Mood = Literal["good", "busy", "bad", "done", "plain"]


class Ref(BaseModel):
    """Another object of the namespace. `kind` is Kubernetes' own word, such as ReplicaSet."""

    kind: str
    name: str


class Row(BaseModel):
    name: str
    uid: str
    version: str = Field(description="The resource version: another one is another state of the object.")
    created: str | None
    status: str
    mood: Mood
    text: str = Field(default="", description="Why it is so, in Kubernetes' words, where it says so.")


class PodRow(Row):
    kind: Literal["pods"] = "pods"
    ready: str
    restarts: int
    images: list[str]
    node: str
    ip: str
    owner: Ref | None


class DeploymentRow(Row):
    kind: Literal["deployments"] = "deployments"
    ready: str
    up_to_date: int
    available: int
    images: list[str]


class StatefulSetRow(Row):
    kind: Literal["statefulsets"] = "statefulsets"
    ready: str
    images: list[str]


class ServiceRow(Row):
    kind: Literal["services"] = "services"
    type: str
    address: str
    ports: str


class JobRow(Row):
    kind: Literal["jobs"] = "jobs"
    completions: str
    started: str | None
    ended: str | None
    images: list[str]


class ClaimRow(Row):
    kind: Literal["pvcs"] = "pvcs"
    volume: str
    capacity: str
    modes: str
    storage_class: str


class EventRow(Row):
    """An event; `status` is its type, `text` its message, `created` when it was first seen."""

    kind: Literal["events"] = "events"
    reason: str
    object: Ref
    object_uid: str
    count: int
    last: str | None


AnyRow = Annotated[
    PodRow | DeploymentRow | StatefulSetRow | ServiceRow | JobRow | ClaimRow | EventRow,
    Field(discriminator="kind"),
]


class Missing(BaseModel):
    """What the account may not do."""

    verb: str
    resource: str
    group: str
    namespace: str
    message: str


class KindCount(BaseModel):
    """One kind: how many there are, or why that is not known."""

    name: KindName
    count: int | None
    missing: Missing | None = None
    message: str = Field(default="", description="Why there is no count, if it is not for want of a right.")
    deletable: bool = Field(
        description="Whether objects of this kind may be deleted; true where the cluster leaves it open."
    )


class Overview(BaseModel):
    """The cluster as this account sees it. Where `state` is not `connected`, `message` says why."""

    state: Literal["connected", "none", "unreachable"]
    message: str = ""
    namespace: str | None = None
    account: str = Field(default="", description="The user that the cluster knows this account as.")
    server: str = ""
    own_pod: str = Field(default="", description="The pod that this server itself runs in.")
    kinds: list[KindCount]


class RowsPage(BaseModel):
    items: list[AnyRow]
    total: int
    total_exact: Literal[True] = True
    next_page_token: str | None = None


class Condition(BaseModel):
    type: str
    status: str
    reason: str
    message: str
    since: str | None


class Container(BaseModel):
    name: str
    image: str
    state: str
    init: bool
    restarts: int
    previous: bool = Field(description="Whether an earlier run of it has left a log.")


class Details(BaseModel):
    """One object: its row, its conditions and events, what belongs to it, and the whole of it as YAML."""

    row: AnyRow
    labels: dict[str, str]
    conditions: list[Condition]
    containers: list[Container]
    events: list[EventRow]
    related: list[Ref] = Field(
        description="A workload's or a service's pods, a pod's volume claims, the pods that mount a claim."
    )
    lacks: list[str] = Field(description="What of this is left out, and why.")
    deletable: bool
    deletes_data: bool | None = Field(
        default=None,
        description="Of a claim, whether its data goes with it; null where the volume's policy can't be read.",
    )
    yaml: str


class LogText(BaseModel):
    """The end of a log. `cut` says that there is more before it."""

    text: str
    cut: bool


class Removed(BaseModel):
    """An object whose removal has begun."""

    kind: KindName
    name: str
    uid: str


class RowsFrame(BaseModel):
    """All rows; what was there before is no more."""

    type: Literal["rows"] = "rows"
    rows: list[AnyRow]


class ChangesFrame(BaseModel):
    """Rows that are new or have changed, and the uids of those that are gone."""

    type: Literal["changes"] = "changes"
    changed: list[AnyRow]
    removed: list[str]


class FaultFrame(BaseModel):
    """The rows cannot be followed now. They are tried again; a frame of all rows follows then."""

    type: Literal["fault"] = "fault"
    message: str
    missing: Missing | None = None


class LogFrame(BaseModel):
    """Lines of a log. `seq` is the time of the last one in microseconds: `since` goes on after it."""

    type: Literal["log"] = "log"
    seq: int
    lines: list[str]


class Lost(BaseModel):
    """Why no lines come at the moment, or, with `over`, why none will come any more."""

    type: Literal["note"] = "note"
    message: str
    over: bool
