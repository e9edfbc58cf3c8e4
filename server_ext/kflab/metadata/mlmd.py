"""ML Metadata's client in the terms of this room: connect, read by id, and the one call that changes state.

Only calls that 1.17 and 1.21 share are used. What its own fields can't hold (doubles beyond six digits, NaN,
integers beyond 64 bits, text with NUL) is kept in one property of JSON, `kflab`; copies of what they can hold
stand beside it for other clients.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from kflab.metadata.errors import StoreUnavailable
from kflab.metadata.location import MySql, Sqlite

__all__ = ["MARKER", "Mlmd", "NodeKind", "connect"]

MARKER = "kflab.Batch"  # the context that stands for a batch, named by its key
NodeKind = Literal["artifact", "execution"]
# Calls in both versions; a test compares their signatures with those of the other version's wheel.
CALLS = [
    "put_artifact_type",
    "put_execution_type",
    "put_context_type",
    "put_contexts",
    "put_parent_contexts",
    "put_lineage_subgraph",
    "get_artifacts",
    "get_executions",
    "get_contexts",
    "get_artifacts_by_id",
    "get_executions_by_id",
    "get_contexts_by_id",
    "get_artifacts_by_external_ids",
    "get_executions_by_external_ids",
    "get_context_by_type_and_name",
    "get_artifacts_by_context",
    "get_executions_by_context",
    "get_contexts_by_artifact",
    "get_contexts_by_execution",
    "get_parent_contexts_by_context",
    "get_events_by_execution_ids",
    "get_events_by_artifact_ids",
]


def connect(place: Sqlite | MySql) -> Mlmd:
    """Open the store, made if it is new. Raises StoreUnavailable with the reason."""
    try:
        from ml_metadata import errors
        from ml_metadata.metadata_store import metadata_store
        from ml_metadata.proto import metadata_store_pb2 as pb
    except ImportError as error:
        raise StoreUnavailable(
            "The package ml-metadata can't be imported here. It exists for Linux on x86_64 with Python 3.11 "
            "(ml-metadata 1.17.1), and with Python 3.11 to 3.13 for Linux on x86_64 with glibc 2.39 or newer "
            "(Debian 13, Ubuntu 24.04) and macOS on arm64 (ml-metadata 1.21.0). Use one of these and "
            f"run: pip install 'kfhub[lab]'. ({error})"
        ) from error
    config = pb.ConnectionConfig()
    if isinstance(place, Sqlite):
        _prepare(place)
        config.sqlite.filename_uri = str(place.path)
        config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    else:
        config.mysql.host, config.mysql.port, config.mysql.database = place.host, place.port, place.database
        config.mysql.user, config.mysql.password = place.user, place.password
    try:
        return Mlmd(
            metadata_store.MetadataStore(config), metadata_store.ListOptions, metadata_store.OrderByField, pb
        )
    except (errors.StatusError, RuntimeError) as error:
        where = place.path if isinstance(place, Sqlite) else f"{place.host}:{place.port}/{place.database}"
        raise StoreUnavailable(f"The metadata store {where} can't be opened: {_first_line(error)}") from error


def _prepare(place: Sqlite) -> None:
    """Set write-ahead logging, which stays with the file, before ML Metadata opens it."""
    try:
        place.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(place.path, timeout=10)) as file:
            file.execute("PRAGMA journal_mode=WAL")
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(
            f"The metadata store {place.path} can't be opened: {error}. Check that the folder can be written, has "
            "space left, and that the file is a SQLite database."
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:300]


class Mlmd:
    """An open store. Errors are ML Metadata's own (ml_metadata.errors.StatusError)."""

    def __init__(self, store: Any, list_options: Any, order: Any, pb: Any) -> None:
        self.store = store
        self.pb = pb
        self._options = list_options
        self._order = order
        self._types: dict[tuple[str, str], int] = {}

    def type_id(self, kind: str, name: str) -> int:
        """The id of a type, made if it is new; one that has more properties stays as it is."""
        if (kind, name) not in self._types:
            make = {
                "artifact": (self.store.put_artifact_type, self.pb.ArtifactType),
                "execution": (self.store.put_execution_type, self.pb.ExecutionType),
                "context": (self.store.put_context_type, self.pb.ContextType),
            }
            put, message = make[kind]
            self._types[kind, name] = put(message(name=name), can_omit_fields=True)
        return self._types[kind, name]

    def by_id(self, kind: str, ids: Sequence[int]) -> list[Any]:
        """Those of the nodes that exist, in no order."""
        get = {
            "artifact": self.store.get_artifacts_by_id,
            "execution": self.store.get_executions_by_id,
            "context": self.store.get_contexts_by_id,
        }
        return list(get[kind](ids)) if ids else []

    def by_external_id(self, kind: NodeKind, external_ids: Sequence[str]) -> dict[str, Any]:
        """The nodes that exist, by the id that their writer gave them."""
        from ml_metadata.errors import NotFoundError

        artifacts = kind == "artifact"
        get = (
            self.store.get_artifacts_by_external_ids
            if artifacts
            else self.store.get_executions_by_external_ids
        )
        if not external_ids:
            return {}
        try:
            return {node.external_id: node for node in get(external_ids)}
        except NotFoundError:  # said when there is none at all
            return {}

    def context(self, type_name: str, name: str) -> Any | None:
        return self.store.get_context_by_type_and_name(type_name, name)

    def parent(self, context: int) -> int | None:
        parents = self.store.get_parent_contexts_by_context(context)
        return min((parent.id for parent in parents), default=None)

    def highest(self, kind: str) -> int:
        """The highest id given to a node of this kind; 0 if there is none."""
        get = {
            "artifact": self.store.get_artifacts,
            "execution": self.store.get_executions,
            "context": self.store.get_contexts,
        }
        newest = get[kind](self._options(limit=1, order_by=self._order.ID, is_asc=False))
        return max((node.id for node in newest), default=0)

    def members(self, kind: NodeKind, context: int) -> list[Any]:
        """The nodes of a context."""
        by = (
            self.store.get_artifacts_by_context
            if kind == "artifact"
            else self.store.get_executions_by_context
        )
        return list(by(context))

    def contexts_of(self, kind: NodeKind, node: int) -> list[int]:
        from ml_metadata.errors import NotFoundError

        by = (
            self.store.get_contexts_by_artifact
            if kind == "artifact"
            else self.store.get_contexts_by_execution
        )
        try:
            return [context.id for context in by(node)]
        except NotFoundError:  # said when there is none
            return []

    def events(self, executions: Iterable[int] = (), artifacts: Iterable[int] = ()) -> list[Any]:
        """The events of these executions and of these artifacts."""
        found: list[Any] = []
        for some in _chunks(list(executions)):
            found += self.store.get_events_by_execution_ids(some)
        for some in _chunks(list(artifacts)):
            found += self.store.get_events_by_artifact_ids(some)
        return found


def _chunks(ids: list[int], size: int = 500) -> list[list[int]]:
    return [ids[i : i + size] for i in range(0, len(ids), size)]
