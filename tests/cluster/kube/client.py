"""What a test does to a cluster, by kubectl and helm."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import hollow
from .places import Places

Manifest = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]


class CommandError(Exception):
    """kubectl or helm ended with an error; the message is what it said."""


@dataclass(frozen=True)
class Cluster:
    kubeconfig: Path
    places: Places
    # Whether this is the harness's own node, which it can put images into and whose audit log it has.
    own: bool

    def kubectl(self, *arguments: str, input: str | None = None, timeout: float = 120) -> str:
        return self._run("kubectl", arguments, input, timeout)

    def helm(self, *arguments: str, input: str | None = None, timeout: float = 300) -> str:
        return self._run("helm", arguments, input, timeout)

    def _run(self, program: str, arguments: Sequence[str], stdin: str | None, timeout: float) -> str:
        done = subprocess.run(
            [str(self.places.bin / program), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
        )
        if done.returncode:
            raise CommandError(
                f"`{program} {' '.join(arguments)}`: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done.stdout

    def apply(self, manifest: Manifest, namespace: str = "default") -> None:
        """Make or change objects: YAML or JSON text, one object, or several."""
        if not isinstance(manifest, str):
            items = [manifest] if isinstance(manifest, Mapping) else list(manifest)
            manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        self.kubectl("apply", "-n", namespace, "-f", "-", input=manifest)

    def get(self, *arguments: str, namespace: str = "default") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", "-n", namespace, "-o", "json", *arguments))
        return found

    def wait_for(self, condition: str, *target: str, namespace: str = "default", seconds: int = 60) -> None:
        """Block, by a watch, until it holds: `condition=Ready`, `delete`, `jsonpath={.status.phase}=Bound`, …"""
        self.kubectl(
            "wait",
            "-n",
            namespace,
            f"--for={condition}",
            f"--timeout={seconds}s",
            *target,
            timeout=seconds + 30,
        )

    def hollow_node(self, name: str, gpus: int = 0) -> None:
        """A node that schedules and counts like any, tainted kfhub.io/hollow; Ready when this returns."""
        hollow.start(self.places, self.kubeconfig, name, gpus)
        self.wait_for("create", f"node/{name}")
        self.wait_for("condition=Ready", f"node/{name}")

    def remove_hollow_node(self, name: str) -> None:
        hollow.stop(self.places, name)
        self.kubectl("delete", "node", name, "--wait=false")

    def writes(self) -> list[dict[str, Any]]:
        """What the API server was asked to write since it started: audit events, the oldest first."""
        return [json.loads(line) for line in self.places.audit.read_text().splitlines()]
