"""Record and read metadata, with the names that the Kubeflow Metadata SDK uses."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from kflab.sdk.connection import find
from kflab.sdk.recorder import recorder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Artifact", "DataSet", "Execution", "Metrics", "Model", "Run", "Workspace", "listed"]

_EXACT_INT = 2**53


def _wire(value: Any) -> Any:
    """A property as the API takes it: big integers and non-finite floats are written as text in an object."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT_INT else {"$int": str(value)}
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return {"$float": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, Mapping):
        return {str(k): _wire(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_wire(v) for v in value]
    if hasattr(value, "item"):  # a NumPy scalar
        return _wire(value.item())
    return str(value)


def _wired(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _wire(value) for name, value in properties.items() if value is not None}


class Workspace:
    """A place for what belongs together; one of the same name is the same workspace."""

    def __init__(self, name: str = "default", description: str | None = None) -> None:
        self.name = name
        self.description = description

    def context(self) -> dict[str, Any]:
        node: dict[str, Any] = {"ref": "workspace", "type": "system.Pipeline", "name": self.name}
        if self.description is not None:
            node["properties"] = {"description": self.description}
        return node

    def list(self, kind: type[Artifact], limit: int = 10_000) -> pd.DataFrame:
        """The workspace's artifacts of one class (all with `Artifact`), newest first: a row each, properties as columns.

        Raises Unreachable if no server answers.
        """
        return listed(
            "workspace = " + _quoted(self.name), None if kind is Artifact else kind.type_name, limit=limit
        )

    def __repr__(self) -> str:
        return f"Workspace({self.name!r})"


def listed(filter: str, type: str | None = None, limit: int = 10_000) -> pd.DataFrame:
    """The artifacts that fit, newest first: a row each, properties as columns.

    Raises Unreachable if no server answers.
    """
    import pandas as pd

    connection = find()
    if recorder().outbox.waiting():
        recorder().replay()
    rows: list[dict[str, Any]] = []
    token = None
    while len(rows) < limit:
        page = connection.request(
            "GET",
            "metadata/artifacts",
            query={
                "type": type,
                "filter": filter,
                "sort": "-created",
                "limit": min(500, limit - len(rows)),
                "page_token": token,
            },
        )
        for item in page["items"]:
            properties = item.pop("properties", {})
            rows.append({**properties, **item})
        token = page.get("next_page_token")
        if not token:
            break
    return pd.DataFrame(rows)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Run:
    """A group of executions of a workspace, such as one pass of a notebook."""

    def __init__(self, workspace: Workspace | None = None, name: str | None = None) -> None:
        self.workspace = workspace or Workspace()
        self.name = name or f"run {datetime.datetime.now():%Y-%m-%d %H:%M:%S}"

    def context(self) -> dict[str, Any]:
        return {"ref": "run", "type": "system.PipelineRun", "name": self.name, "parent": "workspace"}

    def __repr__(self) -> str:
        return f"Run({self.name!r})"


class Artifact:
    """What an execution reads or writes. Extra keywords become properties; `id` is None until it is recorded."""

    type_name: ClassVar[str] = "system.Artifact"

    def __init__(
        self,
        name: str,
        uri: str = "",
        version: str | None = None,
        sha256: str | None = None,
        description: str | None = None,
        **properties: Any,
    ) -> None:
        self.name = name
        self.uri = uri
        self.version = version
        self.sha256 = sha256
        self.properties = {"description": description, **properties}
        self._id: Any = None

    @property
    def id(self) -> Any:
        """The id in the store; a stand-in beginning with `pending:` while it waits in the outbox."""
        return recorder().outbox.resolve(self._id) if isinstance(self._id, str) else self._id

    def node(self) -> dict[str, Any]:
        node = {
            "ref": "artifact",
            "type": self.type_name,
            "name": self.name,
            "uri": self.uri,
            "state": "LIVE",
        }
        if self.version is not None:
            node["version"] = self.version
        if self.sha256 is not None:
            node["sha256"] = self.sha256
        return {**node, "set": _wired(self.properties)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, id={self.id!r})"


class DataSet(Artifact):
    """Data to learn from. With `sha256`, the hash of its content, the same data twice is one artifact."""

    type_name = "system.Dataset"


class Model(Artifact):
    """A trained model: `framework` such as `{"name": "sklearn", "version": "1.9"}`, and its hyperparameters."""

    type_name = "system.Model"

    def __init__(
        self,
        name: str,
        uri: str = "",
        version: str | None = None,
        framework: Mapping[str, Any] | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        **properties: Any,
    ) -> None:
        super().__init__(
            name, uri, version, framework=framework, hyperparameters=hyperparameters, **properties
        )


class Metrics(Artifact):
    """Values that tell how good a model is."""

    type_name = "system.Metrics"

    def __init__(
        self,
        name: str,
        values: Mapping[str, float],
        model_id: Any = None,
        data_set_id: Any = None,
        uri: str = "",
        **properties: Any,
    ) -> None:
        super().__init__(
            name, uri, values=dict(values), model_id=model_id, data_set_id=data_set_id, **properties
        )


A = TypeVar("A", bound=Artifact)


class Execution:
    """One step that reads artifacts and writes others. It is recorded with its first input or output."""

    def __init__(
        self,
        name: str,
        workspace: Workspace | None = None,
        run: Run | None = None,
        description: str | None = None,
        **properties: Any,
    ) -> None:
        self.name = name
        self.run = run
        self.workspace = workspace or (run.workspace if run else Workspace())
        self.properties = {"description": description, **properties}
        self._id: Any = None

    @property
    def id(self) -> Any:
        """The id in the store; None before the first input or output."""
        return recorder().outbox.resolve(self._id) if isinstance(self._id, str) else self._id

    def log_input(self, artifact: A) -> A:
        """Record that the execution reads the artifact; return it with its id."""
        return self._log(artifact, "INPUT")

    def log_output(self, artifact: A) -> A:
        """Record that the execution writes the artifact; return it with its id."""
        return self._log(artifact, "OUTPUT")

    def _log(self, artifact: A, event: str) -> A:
        contexts = [self.workspace.context()]
        if self.run is not None:
            contexts.append(self.run.context())
        if self._id is None:
            execution = {
                "ref": "execution",
                "type": "system.ContainerExecution",
                "name": self.name,
                "state": "COMPLETE",
                "set": _wired(self.properties),
            }
        else:
            execution = {"id": self._id}
        node = artifact.node() if artifact._id is None else {"id": artifact._id}
        ids = recorder().record(
            {
                "contexts": contexts,
                "executions": [execution],
                "artifacts": [node],
                "events": [
                    {
                        "execution": execution.get("ref", self._id),
                        "artifact": node.get("ref", artifact._id),
                        "type": event,
                    }
                ],
            }
        )
        self._id = ids.get("execution", self._id)
        artifact._id = ids.get("artifact", artifact._id)
        return artifact

    def __repr__(self) -> str:
        return f"Execution(name={self.name!r}, id={self.id!r})"
