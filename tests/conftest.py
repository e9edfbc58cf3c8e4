"""Fixtures that any test may use."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest


@pytest.fixture
def free_port() -> int:
    """A TCP port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers, the files that allow themselves the most time come first, or one worker would be left with
    the longest of them at the end; those with a browser come last, as Playwright keeps an event loop running after."""
    if not hasattr(config, "workerinput"):
        return
    order: dict[Path, tuple[bool, float]] = {}
    for item in items:
        limit = item.get_closest_marker("timeout")
        browser, least = order.get(item.path, (False, 0.0))
        browser |= item.get_closest_marker("browser") is not None
        order[item.path] = (browser, min(least, -limit.args[0] if limit else 0.0))
    items.sort(key=lambda item: order[item.path])
