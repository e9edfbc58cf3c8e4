"""A real store in a temporary folder, and ways to fill it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio

from kflab.metadata.models import Batch
from kflab.metadata.store import Store

_numbers = itertools.count()
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_key() -> str:
    """A ULID that no other call gives."""
    number = next(_numbers)
    return "".join(_BASE32[(number >> shift) & 31] for shift in range(125, -1, -5))


def batch(**parts: Any) -> Batch:
    return Batch.model_validate({"key": new_key(), **parts})


def model(ref: str = "m", name: str = "churn", **more: Any) -> dict[str, Any]:
    return {"ref": ref, "type": "system.Model", "name": name, **more}


def step(ref: str = "e", name: str = "training", **more: Any) -> dict[str, Any]:
    return {"ref": ref, "type": "system.ContainerExecution", "name": name, **more}


@pytest_asyncio.fixture
async def make_store(tmp_path: Path) -> AsyncIterator[Callable[[], Store]]:
    """A function that gives another Store on the same file, as a server that was started again does."""
    made: list[Store] = []

    def make() -> Store:
        made.append(Store(f"sqlite:///{tmp_path}/metadata.sqlite"))
        return made[-1]

    yield make
    for store in made:
        await store.close()


@pytest_asyncio.fixture
async def store(make_store: Callable[[], Store]) -> Store:
    return make_store()
