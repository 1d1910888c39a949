"""Nodes of a cluster in the loop of the test, over a real NATS server, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from footfall.cluster.node import Node
from footfall.store import Cluster, Store, open_node
from tests.engine.conftest import Time
from tests.nats_server import NatsServer, nats_server

PARTITIONS = 4
OpenNode = Callable[..., Awaitable[Store]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Part of what script/test cluster runs."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture
def time() -> Time:
    """At START."""
    return Time()


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A server of the test's own: a cluster has it to itself."""
    with nats_server(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def open_a_node(tmp_path: Path, nats: NatsServer, time: Time) -> AsyncIterator[OpenNode]:
    """Opens nodes of one cluster, each by its name; closes what is left open."""
    opened: list[Store] = []

    async def open(name: str = "a") -> Store:
        cluster = Cluster([nats.address], PARTITIONS, replicas=1)
        opened.append(await open_node(tmp_path / name, cluster, time))
        return opened[-1]

    yield open
    for store in opened:
        await store.close()


def node_of(store: Store) -> Node:
    """Its engine, which is one."""
    assert isinstance(store.engine, Node)
    return store.engine
