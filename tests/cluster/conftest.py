"""What tests with a real cluster share: servers, two collectors and a sink, brought up once, brought down at the end. A test that
kills one of them leaves it running again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from cluster import Cluster, Missing
from tests.chaos.conftest import chance, seed
from tests.chaos.load import Load
from tests.chaos.story import Story
from tests.cluster.collectors import Collectors, Sink

__all__ = ["chance", "seed"]  # a failing run tells its seed here too
NUMBERS = count(1)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """All parts."""
    try:
        cluster = Cluster(tmp_path_factory.mktemp("servers"))
    except Missing as missing:
        pytest.skip(str(missing))
    with cluster.running():
        yield cluster


@pytest.fixture(scope="session")
def collectors(tmp_path_factory: pytest.TempPathFactory, servers: Cluster) -> Iterator[Collectors]:
    """Two, of the cluster with the replicated history."""
    found = Collectors(tmp_path_factory.mktemp("collectors"), servers, 2)
    try:
        found.start()
        yield found
    finally:
        found.close()


@pytest.fixture(scope="session")
def sink(tmp_path_factory: pytest.TempPathFactory, servers: Cluster, collectors: Collectors) -> Iterator[Sink]:
    """One."""
    found = Sink(tmp_path_factory.mktemp("sink"), servers)
    found.start()
    yield found
    found.kill()


@pytest.fixture
def load(seed: int, collectors: Collectors) -> Load:
    """Nothing sent yet, for a site of the test's own."""
    site = f"chaos-{next(NUMBERS)}"
    collectors.add_site(site)
    return Load(Story(site, seed), seed)
