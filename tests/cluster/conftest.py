"""What tests with a real cluster share: the parts they ask for, brought up once, brought down at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import Cluster, Missing
from tests.chaos.conftest import chance, seed

__all__ = ["chance", "seed"]  # a failing run tells its seed here too


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts many processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """All parts. A test that kills a node starts it again."""
    try:
        cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    except Missing as missing:
        pytest.skip(str(missing))
    with cluster.running():
        yield cluster
