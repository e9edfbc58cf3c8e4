"""The cluster that the tests in this folder share, and kfhub installed on it.

KFHUB_TEST_KUBECONFIG names a cluster to use; without it one is built and started here and taken down at the end. Where
that can't be done the tests are skipped and say why; with CI=true that is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.kube import binaries, images, install, node, processes
from tests.cluster.kube.client import Cluster
from tests.cluster.kube.places import places
from tests.cluster.kube.ready import build, missing


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("cluster")
            if not item.get_closest_marker("timeout"):
                # What the first test waits for, a cluster and images, is not its own time.
                item.add_marker(pytest.mark.timeout(180, func_only=True))


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print past pytest's capture: what takes minutes should be seen."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def tell(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"kfhub: {text}", flush=True)

    return tell


@pytest.fixture(scope="session")
def cluster(say: Callable[[str], None]) -> Iterator[Cluster]:
    where = places()
    named = os.environ.get("KFHUB_TEST_KUBECONFIG")
    own = not named or Path(named) == where.kubeconfig
    problem = missing(where, say, with_images=True) if own else binaries.unbuildable(where)
    if problem:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no cluster to test on: {problem}")
        pytest.skip(f"no cluster to test on: {problem}")
    if named:
        binaries.build(where, say)
        yield Cluster(Path(named), where, own)
        return
    build(where, say)
    started = node.up(where, say, processes.this_process("pytest"))
    try:
        yield Cluster(where.kubeconfig, where, True)
    finally:
        if started:
            node.down(where)
            assert not node.remains(where)


@pytest.fixture(scope="session")
def loaded(cluster: Cluster, say: Callable[[str], None]) -> dict[str, str]:
    """kfhub's images by name, with what they are made of, there to be run. A cluster of the user's own has to have them already."""
    return images.load(cluster.places, say) if cluster.own else images.elsewhere()


@pytest.fixture(scope="session")
def installed(cluster: Cluster, loaded: dict[str, str], say: Callable[[str], None]) -> install.Installed:
    """kfhub by its chart in namespace kfhub, with all of kfhub's images there: its address and passwords."""
    return install.install(cluster, say, install.build_of(loaded))
