"""Parts of a cluster that die under load: what was acknowledged counts, once, at every collector, and all passes by itself."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator
from itertools import count

import httpx
import pytest

from cluster import Cluster, Missing
from tests.chaos.load import Load, sending
from tests.chaos.story import Story
from tests.cluster.collectors import Collectors, leader, more

STORM_SECONDS = float(os.environ.get("CHAOS_SECONDS", "12"))
NUMBERS = count(1)
PAUSE = 0.05  # of a connection whose request was not acknowledged


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three servers, which every test leaves running."""
    try:
        cluster = Cluster(tmp_path_factory.mktemp("servers"), "nats")
    except Missing as missing:
        pytest.skip(str(missing))
    with cluster.running():
        yield cluster


@pytest.fixture(scope="module")
def collectors(tmp_path_factory: pytest.TempPathFactory, nats: Cluster) -> Iterator[Collectors]:
    """Two, which every test leaves running."""
    found = Collectors(tmp_path_factory.mktemp("collectors"), nats, 2)
    try:
        found.start()
        yield found
    finally:
        found.close()


@pytest.fixture
def load(seed: int, collectors: Collectors) -> Load:
    """Nothing sent yet, for a site of the test's own."""
    site = f"chaos-{next(NUMBERS)}"
    collectors.add_site(site)
    return Load(Story(site, seed), seed)


async def test_the_leader_of_the_journal_dies(nats: Cluster, collectors: Collectors, load: Load) -> None:
    async with sending(load, *collectors.ports, pause=PAUSE):
        await more(load)
        dead = leader(nats)
        await asyncio.to_thread(nats.kill, dead)
        outage = await more(load)
        print(f"{dead} led and was killed: facts again after {outage:.1f} s; {load.statuses}")
        await asyncio.to_thread(nats.start, dead)
        await more(load)
    await load.finish(*collectors.ports)
    took = await collectors.until_all_know(load)
    print(f"{load.acknowledged} facts acknowledged, {load.unanswered} unanswered, all alike after {took:.2f} s")
    assert load.statuses.keys() <= {204, 400, 503}
    assert not load.no_retry_after


async def test_a_collector_dies(collectors: Collectors, load: Load) -> None:
    async with sending(load, *collectors.ports, pause=PAUSE):
        await more(load)
        await asyncio.to_thread(collectors.kill, 0)
        away = await more(load)
        server = await asyncio.to_thread(collectors.again, 0)
        await more(load)
    assert load.unanswered, "no request was cut off: the test has tested nothing"
    await load.finish(*collectors.ports)
    took = await collectors.until_all_know(load)
    print(f"300 facts {away:.1f} s after the kill, back in {server.started_in:.1f} s, all alike after {took:.2f} s")
    assert load.statuses.keys() <= {204, 400}, load.statuses


async def test_without_a_majority_facts_are_refused_until_there_is_one(nats: Cluster, collectors: Collectors, load: Load) -> None:
    async with sending(load, *collectors.ports, pause=PAUSE):
        await more(load)
        for name in "nats-1", "nats-2":
            await asyncio.to_thread(nats.kill, name)
        refused = load.statuses[503]
        told = await until_refused(collectors.ports[0])
        assert told.json()["reason"]
        assert load.statuses[503] > refused
        nats.nodes["nats-1"].launch()  # both at once: neither serves without the other
        await asyncio.to_thread(nats.start, "nats-2")
        back = await more(load)
    await load.finish(*collectors.ports)
    await collectors.until_all_know(load)
    print(f"facts again {back:.1f} s after the servers; {load.statuses}")
    assert healthz(collectors.ports[0]).status_code == 200
    assert not load.no_retry_after


async def test_a_storm(nats: Cluster, collectors: Collectors, load: Load, chance: random.Random) -> None:
    """Servers of the journal and collectors die and come back without regard for each other."""
    told: list[str] = []
    end = time.monotonic() + STORM_SECONDS

    async def servers() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(chance.uniform(0.0, 2.0))
            name = chance.choice(["nats-1", "nats-2", "nats-3"])
            told.append(name)
            await asyncio.to_thread(nats.kill, name)
            await asyncio.sleep(chance.uniform(0.0, 1.0))
            await asyncio.to_thread(nats.start, name)

    async def processes() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(chance.uniform(0.0, 2.0))
            number = chance.choice([0, 1])
            told.append(f"collector {number}")
            await asyncio.to_thread(collectors.kill, number)
            await asyncio.to_thread(collectors.again, number)

    async with sending(load, *collectors.ports, pause=PAUSE):
        await asyncio.gather(servers(), processes())
    await load.finish(*collectors.ports)
    took = await collectors.until_all_know(load)
    facts = f"{load.acknowledged} facts acknowledged, {load.sent} sent, {load.statuses}, {load.unanswered} unanswered"
    print(", ".join(told), facts, f"all alike after {took:.2f} s", sep="\n")
    assert load.statuses.keys() <= {204, 400, 503}


async def until_refused(port: int) -> httpx.Response:
    """The answer of /healthz once it is 503."""
    deadline = time.monotonic() + 30
    while (told := await asyncio.to_thread(healthz, port)).status_code != 503:
        assert time.monotonic() < deadline, told.text
        await asyncio.sleep(0.05)
    return told


def healthz(port: int) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False)
