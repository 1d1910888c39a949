"""Nodes of a cluster in the loop of the test, over a real NATS server, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from footfall.cluster.node import Node
from footfall.house import House
from footfall.live.runs import mix
from footfall.live.stats import stats
from footfall.model import Fact
from footfall.store import Cluster, Store, open_filling, open_node
from tests.clickhouse_server import ClickhouseServer, clickhouse_server
from tests.engine.conftest import Time
from tests.nats_server import NatsServer, nats_server
from tests.unit.live.made import SITE, fact
from tests.waiting import until as waited

PARTITIONS = 4
SECONDS = 60.0  # a test that waits longer has failed
until = partial(waited, within=SECONDS)
OpenNode = Callable[..., Awaitable[Store]]


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

    async def open(name: str = "a", clickhouse: str = "") -> Store:
        cluster = Cluster([nats.address], PARTITIONS, replicas=1, clickhouse=clickhouse)
        opened.append(await open_node(tmp_path / name, cluster, time))
        return opened[-1]

    yield open
    for store in opened:
        await store.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickhouseServer]:
    """One for all; a test that kills it starts it again."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


@pytest.fixture
def clickhouse(server: ClickhouseServer, tmp_path: Path) -> Iterator[str]:
    """A database of the test's own."""
    address = server.database(str(tmp_path))
    yield address
    server.drop(address)


class Sinks:
    """What fills history, in this process, or nothing does."""

    def __init__(self, cluster: Cluster, time: Time) -> None:
        self._cluster, self._time = cluster, time
        self._close: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> None:
        filling, self._close = await open_filling(self._cluster, self._time)
        filling.start()

    async def stop(self) -> None:
        if self._close is not None:
            await self._close()
            self._close = None


@pytest.fixture
async def sinks(nats: NatsServer, clickhouse: str, time: Time) -> AsyncIterator[Sinks]:
    """Not running yet."""
    found = Sinks(Cluster([nats.address], PARTITIONS, 1, clickhouse), time)
    yield found
    await found.stop()


def node_of(store: Store | House) -> Node:
    """Its engine, which is one."""
    assert isinstance(store.engine, Node)
    return store.engine


def views(count: int, first: int = 0, **fields: Any) -> list[Fact]:
    """Of as many visitors, each its own page of ten."""
    return [fact(visitor=mix(number, 3), path=f"/{number % 10}", **fields) for number in range(first, first + count)]


async def told(store: Store) -> tuple[object, ...]:
    """The original's statistics, behind everything that anybody was answered, without the order in which readers came."""
    await store.engine.settled()
    found = stats(store.engine.fold.site(SITE), store.engine.now())
    totals = found.total_page_views, found.unique_visitors, found.active_visitors, found.published_posts
    return (*totals, found.page_stats, {active.path: active.count for active in found.active_by_path})
