"""Sites of a cluster go with all their data: no node takes anything for them meanwhile, and another finishes what one began."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from footfall import house as wiring
from footfall import rules
from footfall.cluster import node
from footfall.config import Config
from footfall.errors import Full
from footfall.house import House, open_house
from footfall.model import Command, Erase, Import, Site
from footfall.removals import MARKS, SITES
from tests.engine.conftest import Time
from tests.nats_server import NatsServer
from tests.node.conftest import PARTITIONS, SECONDS, Sinks, node_of, until, views
from tests.unit.live.made import SITE, START


@pytest.fixture
async def two(
    tmp_path: Path, nats: NatsServer, clickhouse: str, time: Time, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[House]]:
    """Houses that look at each other often, with the same site."""
    monkeypatch.setattr(wiring, "_NOTICE_SECONDS", 1.0)
    monkeypatch.setattr(wiring, "_REMOVAL_SECONDS", 0.1)
    monkeypatch.setattr(wiring, "_RETAIN_SECONDS", 0.1)
    shared: dict[str, Any] = {
        "cluster": (nats.address,),
        "cluster_partitions": PARTITIONS,
        "cluster_replicas": 1,
        "clickhouse": clickhouse,
    }
    houses = [await open_house(Config(data_folder=tmp_path / name, **shared), time) for name in "ab"]
    await houses[0].put_site(Site(SITE))
    await until(lambda: SITE in houses[1].sites)
    yield houses
    for house in houses:
        await house.close()


async def test_a_site_goes_everywhere(two: list[House], sinks: Sinks) -> None:
    """While it does, it is unknown to all and cannot be made; afterwards it can, and is empty."""
    a, b = two
    await b.engine.record(views(20))
    removing = asyncio.create_task(a.remove_site(SITE))
    await until(lambda: SITE not in b.sites)
    with pytest.raises(Full, match="another node is removing"):
        await b.remove_site(SITE)
    with pytest.raises(Full, match="being removed"):
        await b.put_site(Site(SITE))
    await sinks.start()
    assert await removing == 20
    await b.put_site(Site(SITE))
    await until(lambda: SITE in a.sites)
    for house in two:
        assert await house.verify() == []
        assert house.engine.fold.site(SITE).views == 0


async def test_a_removal_that_fails_leaves_the_site(two: list[House], monkeypatch: pytest.MonkeyPatch) -> None:
    """At all nodes; nothing fills history here, and whoever asked does not wait for ever."""
    a, b = two
    monkeypatch.setattr(node, "_CHANGE_SECONDS", 0.3)
    with pytest.raises(Full, match="will be carried out"):
        await a.remove_site(SITE)
    await until(lambda: SITE in b.sites)
    assert await a.registry.list(MARKS) == {}


async def test_another_node_finishes_a_removal(two: list[House], sinks: Sinks) -> None:
    """Of one that died behind its mark; one of the two does it."""
    await sinks.start()
    a, b = two
    await b.engine.record(views(20))
    await b.engine.settled()
    await a.registry.put(MARKS, SITE, b"")
    async with asyncio.timeout(SECONDS):
        while await a.registry.list(MARKS):  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0.1)
    assert await a.registry.list(SITES) == {}
    assert await erases(a) == 1
    await until(lambda: not (a.sites or b.sites))
    for house in two:
        assert await house.verify() == []
        assert SITE not in house.engine.fold.sites


async def test_a_removal_that_another_node_finished_ends(two: list[House], sinks: Sinks, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was stopped in the middle, and goes on when the name has been given to a new site, takes nothing of that."""
    await sinks.start()
    a, b = two
    stopped, going_on = asyncio.Event(), asyncio.Event()
    command = a.engine.command

    async def stops(change: Command) -> object:
        removed = await command(change)
        if isinstance(change, Erase):
            stopped.set()
            await going_on.wait()
        return removed

    monkeypatch.setattr(a.engine, "command", stops)
    removing = asyncio.create_task(a.remove_site(SITE))
    await stopped.wait()
    await a.registry.delete(SITES, SITE)  # as b does when the lease of a, which is stopped, has ended
    await b.removals.unmark(SITE)
    await b.put_site(Site(SITE, name="new"))
    await b.engine.record(views(20))
    going_on.set()
    assert await removing == 0
    await until(lambda: all(house.sites.get(SITE) == Site(SITE, name="new") for house in two))
    for house in two:
        await house.engine.settled()
        assert house.engine.fold.site(SITE).views == 20
    assert await erases(a) == 1
    await a.removals.carry_out(SITE)
    assert await erases(a) == 1


async def test_one_node_erases_what_was_kept_long_enough(two: list[House], sinks: Sinks, time: Time) -> None:
    """Both look every moment."""
    await sinks.start()
    a, b = two
    past = [*views(5, at=START - 3 * rules.DAY), *views(5, first=5, at=START)]
    assert await a.engine.command(Import(SITE, START, tuple(past))) == 10
    await b.put_site(Site(SITE, retention=1))
    await until(lambda: {house.engine.fold.site(SITE).views for house in two} == {5})
    for house in two:
        assert await house.verify() == []
    assert await erases(a) == 1


async def erases(house: House) -> int:
    """How many were asked for."""
    partition = node_of(house)._partitions[0]
    return len(
        [record async for _, records in partition.follow(partition.start) for record in records if isinstance(record, Erase)]
    )
