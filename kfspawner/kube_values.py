"""What the hub in a cluster is told by its chart: `values.yaml` and a folder of secrets, checked before use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from .settings import StartError

__all__ = ["Cull", "Hub", "Place", "Singleuser", "Values"]

FOLDER = Path("/etc/kfhub")


class _Part(BaseModel):
    """The names in the file are the chart's; what is not known is refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Database(_Part):
    type: Literal["sqlite-pvc", "sqlite-memory", "postgres"] = "sqlite-pvc"
    url: str | None = None
    upgrade: bool | None = None


class Hub(_Part):
    base_url: str = "/"
    config: dict[str, dict[str, Any]] = {}
    extra_config: dict[str, str] = {}
    db: Database = Database()
    services: dict[str, dict[str, Any]] = {}
    load_roles: dict[str, dict[str, Any]] = {}
    allow_named_servers: bool = True
    named_server_limit_per_user: int | None = None
    concurrent_spawn_limit: int | None = None
    consecutive_failure_limit: int | None = None
    active_server_limit: int | None = None
    authenticate_prometheus: bool | None = None
    redirect_to_server: bool | None = None
    shutdown_on_logout: bool | None = None
    template_paths: list[str] = []
    template_vars: dict[str, Any] = {}


class Singleuser(_Part):
    service_account_name: str = "default-editor"
    cmd: str | list[str] = "jupyterhub-singleuser"
    default_url: str = "/lab"
    start_timeout: int = 300
    uid: int = 1000
    fs_gid: int = 100
    extra_env: dict[str, Any] = {}
    extra_labels: dict[str, str] = {}
    extra_annotations: dict[str, str] = {}
    node_selector: dict[str, str] = {}
    extra_pod_config: dict[str, Any] = {}


class Cull(_Part):
    enabled: bool = True
    users: bool = False
    admin_users: bool = True
    remove_named_servers: bool = False
    timeout: int = Field(3600, ge=1)
    every: int = Field(600, ge=1)
    concurrency: int = Field(10, ge=1)
    max_age: int = Field(0, ge=0)


class Values(_Part):
    """The part of the chart's values that the hub itself acts on."""

    hub: Hub = Hub()
    singleuser: Singleuser = Singleuser()
    cull: Cull = Cull()
    single_namespace: bool = False
    debug: bool = False

    @classmethod
    def load(cls, path: Path) -> Values:
        """Raises StartError that names each value at fault."""
        try:
            content = yaml.safe_load(path.read_text("utf-8"))
        except OSError as error:
            raise StartError(
                f"The values {path} can't be read: {error.strerror}. The chart mounts them there; set KFHUB_VALUES"
                " if they are elsewhere."
            ) from error
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise StartError(f"The values {path} are no YAML: {' '.join(str(error).split())}") from error
        try:
            return cls.model_validate(content or {})
        except ValidationError as error:
            faults = "; ".join(f"{_path(fault['loc'])}: {fault['msg']}" for fault in error.errors())
            raise StartError(f"The values {path} can't be used: {faults}.") from None


class Place(_Part):
    """Where the hub runs: its namespace, and where its files are mounted."""

    namespace: str
    values: Path
    secrets: Path
    policy: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Place:
        namespace = environ.get("POD_NAMESPACE")
        if not namespace:
            raise StartError("POD_NAMESPACE is not set. Set it to the namespace that the hub's pod runs in.")
        return cls(
            namespace=namespace,
            values=Path(environ.get("KFHUB_VALUES") or FOLDER / "values.yaml"),
            secrets=Path(environ.get("KFHUB_SECRETS") or "/etc/kfhub-secrets"),
            policy=Path(environ.get("KFHUB_POLICY") or FOLDER / "policy/spawner_ui_config.yaml"),
        )

    def secret(self, name: str) -> str | None:
        """What the Secret of the hub holds under `name`, None if it has no such key."""
        try:
            return (self.secrets / name).read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"The secret {self.secrets / name} can't be read: {error}") from error

    def needed_secret(self, name: str) -> str:
        """Like `secret`. Raises StartError where there is none."""
        found = self.secret(name)
        if found is None:
            raise StartError(
                f"The hub's Secret has no value for {name}. Add it; without hub.existingSecret the chart makes it."
            )
        return found


def _path(parts: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in parts) or "the file"
