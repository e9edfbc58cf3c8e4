"""The calls that are used are the same in ML Metadata 1.17.1 and 1.21.0.

The table was read from both wheels. Only one of them runs on any one machine, so the other tests of this folder
run on the installed one, and this one says that it is as the table has it.
"""

from __future__ import annotations

import builtins
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from ml_metadata.metadata_store.metadata_store import ListOptions, MetadataStore, OrderByField
from ml_metadata.proto import metadata_store_pb2 as pb

from kflab.metadata.errors import StoreUnavailable
from kflab.metadata.location import Sqlite
from kflab.metadata.mlmd import CALLS, connect

PARAMETERS: dict[str, list[str]] = {
    "get_artifacts": ["list_options", "extra_options"],
    "get_artifacts_by_context": ["context_id", "list_options", "extra_options"],
    "get_artifacts_by_external_ids": ["external_ids", "extra_options"],
    "get_artifacts_by_id": ["artifact_ids", "extra_options"],
    "get_context_by_type_and_name": ["type_name", "context_name", "type_version", "extra_options"],
    "get_contexts": ["list_options", "extra_options"],
    "get_contexts_by_artifact": ["artifact_id", "extra_options"],
    "get_contexts_by_execution": ["execution_id", "extra_options"],
    "get_contexts_by_id": ["context_ids", "extra_options"],
    "get_events_by_artifact_ids": ["artifact_ids", "extra_options"],
    "get_events_by_execution_ids": ["execution_ids", "extra_options"],
    "get_executions": ["list_options", "extra_options"],
    "get_executions_by_context": ["context_id", "list_options", "extra_options"],
    "get_executions_by_external_ids": ["external_ids", "extra_options"],
    "get_executions_by_id": ["execution_ids", "extra_options"],
    "get_parent_contexts_by_context": ["context_id", "extra_options"],
    "put_artifact_type": ["artifact_type", "can_add_fields", "can_omit_fields", "extra_options"],
    "put_context_type": ["context_type", "can_add_fields", "can_omit_fields", "extra_options"],
    "put_contexts": ["contexts", "field_mask_paths", "extra_options"],
    "put_execution_type": ["execution_type", "can_add_fields", "can_omit_fields", "extra_options"],
    "put_lineage_subgraph": [
        "executions",
        "artifacts",
        "contexts",
        "event_edges",
        "reuse_context_if_already_exist",
        "reuse_artifact_if_already_exist_by_external_id",
        "extra_options",
    ],
    "put_parent_contexts": ["parent_contexts", "extra_options"],
}


def test_every_call_takes_the_same_parameters() -> None:
    assert set(PARAMETERS) == set(CALLS)
    for name, parameters in PARAMETERS.items():
        assert list(inspect.signature(getattr(MetadataStore, name)).parameters)[1:] == parameters, name


def test_no_other_call_is_made() -> None:
    room = Path(inspect.getfile(connect)).parent
    text = "".join(path.read_text() for path in room.glob("*.py"))
    made = set(re.findall(r"\bstore\.((?:get|put)_\w+)", text))
    assert made == set(CALLS)


def test_messages_have_the_fields_that_are_used() -> None:
    assert {"limit", "order_by", "is_asc"} <= set(inspect.signature(ListOptions).parameters)
    assert OrderByField.ID
    fields: dict[Any, set[str]] = {
        pb.Artifact: {
            "id",
            "type",
            "type_id",
            "uri",
            "state",
            "external_id",
            "properties",
            "custom_properties",
        },
        pb.Execution: {"id", "type", "type_id", "last_known_state", "external_id", "custom_properties"},
        pb.Context: {"id", "type", "type_id", "name", "custom_properties"},
        pb.Event: {"execution_id", "artifact_id", "type", "path"},
        pb.Value: {"int_value", "double_value", "string_value", "bool_value"},
    }
    for message, names in fields.items():
        assert names <= set(message.DESCRIPTOR.fields_by_name)


def test_without_the_package_the_sentence_names_what_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def missing(name: str, *more: Any) -> Any:
        if name.startswith("ml_metadata"):
            raise ImportError("No module named 'ml_metadata'")
        return found(name, *more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(StoreUnavailable, match=r"Python 3\.11.*1\.17\.1.*glibc 2\.39.*1\.21\.0"):
        connect(Sqlite(tmp_path / "m"))
