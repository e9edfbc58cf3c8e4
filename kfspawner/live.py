"""KubeSpawner with live copies of the cluster in place of its reflectors, shared by all notebooks of a hub."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from kubespawner import KubeSpawner

from .watching import Kind, Reflector

__all__ = ["LiveKubeSpawner"]

Object = dict[str, Any]


class LiveKubeSpawner(KubeSpawner):  # type: ignore[misc]
    """Where KubeSpawner would start a reflector, there is a `watching.Reflector`."""

    reflectors: ClassVar[dict[Any, Reflector]] = {}

    async def _start_watching_pods(self, replace: bool = False) -> Reflector:
        kind = Kind("pods", "pods", labels=f"component={self.component_label}")
        return await self._start_watching(kind, replace)

    async def _start_watching_events(self, replace: bool = False) -> Reflector:
        kind = Kind("events", "events", fields="involvedObject.kind=Pod")
        return await self._start_watching(kind, replace)

    async def _start_watching(self, kind: Kind, replace: bool = False) -> Reflector:
        key = self._get_reflector_key(kind.name)
        watched = self.reflectors.get(key)
        if watched is None or replace:
            namespace = None if self.enable_user_namespaces else self.namespace
            fresh = self.reflectors[key] = Reflector(kind, namespace, self.log)
            if watched is not None:
                await watched.stop()
            await fresh.start()
            return fresh
        if not watched.first_load_future.done():
            await asyncio.shield(watched.first_load_future)
        return watched

    def _watched(self, name: str) -> Reflector | None:
        return self.reflectors.get(self._get_reflector_key(name))

    @property
    def _pods(self) -> Reflector:
        watched = self._watched("pods")
        if watched is None:
            raise RuntimeError("pods are not watched yet")
        return watched

    def _all(self, name: str) -> dict[str, Object]:
        watched = self._watched(name)
        return watched.resources if watched else {}

    def _of(self, name: str, namespace: str) -> dict[str, Object]:
        watched = self._watched(name)
        return watched.of(namespace) if watched else {}

    def _about(self, name: str, key: str) -> list[Object]:
        watched = self._watched(name)
        return watched.about(key) if watched else []
