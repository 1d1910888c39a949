"""What "once" means to a reader who keeps nothing in the browser and sends a fact again: docs/wire.md, through the doors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from footfall.cluster import routes
from footfall.cluster.node import Node
from footfall.journal.base import numbered
from footfall.live.fold import Fold
from tests.engine.conftest import Time
from tests.http.conftest import OPEN, Running, serve
from tests.nats_server import NatsServer
from tests.node.conftest import PARTITIONS

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
EVENT = {"s": OPEN.id, "k": "event", "n": "sign up", "u": "https://example.com/a", "i": "A" * 22}  # known by its id alone
HOME = "198.51.100.1"


@pytest.fixture
async def two(tmp_path: Path, nats: NatsServer, time: Time) -> AsyncIterator[list[Running]]:
    """Two servers of a cluster with several partitions, behind a proxy that tells who sends."""
    async with AsyncExitStack() as stack:
        settings: dict[str, Any] = {"cluster": (nats.address,), "cluster_partitions": PARTITIONS, "cluster_replicas": 1}
        settings |= {"trusted_proxies": ("127.0.0.1",), "clock": time}
        yield [await stack.enter_async_context(serve(tmp_path / name, **settings)) for name in ("a", "b")]


async def send(server: Running, address: str, **more: str) -> None:
    """The same fact, from there."""
    headers = {"user-agent": BROWSER, "x-forwarded-for": address}
    assert (await server.client.post("/e", json=EVENT | more, headers=headers)).status_code == 204


async def counted(two: list[Running]) -> list[int]:
    """How often: at each node, and in the rows that a sink makes, which folds each partition by itself."""
    found = []
    for server in two:
        await server.house.engine.settled()
        ledger = server.house.engine.fold.ledger
        found.append(sum(count for (*_, outcome, _), count in ledger.items() if outcome == "stored"))
    node = two[0].house.engine
    assert isinstance(node, Node)
    rows = 0
    for partition in node._partitions:
        fold = Fold()
        async for last, records in partition.follow(partition.start):
            for seq, record in numbered(last, records):
                fold.apply(seq, record)
        rows += len(fold.take_rows().facts)
    return [*found, rows]


def networks(server: Running) -> tuple[str, str]:
    """Two others than HOME: one whose reader falls into the same partition, one whose does not."""
    identity, now = server.house.intake.identity, server.house.engine.now()

    def partition(address: str) -> int:
        return routes.of_visitor(identity.of_day(OPEN.id, address, BROWSER, now), PARTITIONS)

    others = {address: partition(address) == partition(HOME) for address in (f"203.0.113.{number}" for number in range(1, 99))}
    return next(one for one, same in others.items() if same), next(one for one, same in others.items() if not same)


async def test_from_the_same_network_it_counts_once(two: list[Running]) -> None:
    """At whatever node it arrives."""
    for server in (*two, *two):
        await send(server, HOME)
    assert await counted(two) == [1, 1, 1]


async def test_from_another_network_it_is_another_reader_s(two: list[Running]) -> None:
    """Whose partition decides: in the same one its id is known, in another one it counts once more, everywhere alike."""
    near, far = networks(two[0])
    await send(two[0], HOME)
    await send(two[1], near)
    assert await counted(two) == [1, 1, 1]
    for server in two:
        await send(server, far)
    assert await counted(two) == [2, 2, 2]


async def test_with_a_session_it_counts_once_from_anywhere(two: list[Running]) -> None:
    """The reader's name is not made of the network."""
    for address in (HOME, *networks(two[0])):
        await send(two[1], address, v="a-session-of-somebody")
    assert await counted(two) == [1, 1, 1]
