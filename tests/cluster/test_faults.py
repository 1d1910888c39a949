"""Parts of a cluster that die under load. What was acknowledged counts, once, at every collector, and is stored, once, on both
replicas of its shard; all passes by itself.
"""

from __future__ import annotations

import asyncio
import os
import random
import time

import httpx

from cluster import Cluster
from tests.chaos.load import Load, sending
from tests.cluster.collectors import Collectors, Sink, leader, more
from tests.cluster.stored import until_stored

SECONDS = float(os.environ.get("CHAOS_SECONDS", "0"))  # how long a storm or an outage lasts, 60 to be thorough; else as below
STORM_SECONDS = SECONDS or 12.0
AWAY_SECONDS = SECONDS or 3.0
PAUSE = 0.05  # of a connection whose request was not acknowledged
NATS = ("nats-1", "nats-2", "nats-3")
REPLICAS = ("s1r1", "s1r2", "s2r1", "s2r2")


async def test_the_leader_of_the_journal_dies(servers: Cluster, collectors: Collectors, load: Load) -> None:
    async with sending(load, *collectors.ports, pause=PAUSE):
        await more(load)
        dead = leader(servers)
        await asyncio.to_thread(servers.kill, dead)
        outage = await more(load)
        await asyncio.to_thread(servers.start, dead)
        await more(load)
    await load.finish(*collectors.ports)
    took = await collectors.until_all_know(load)
    print(f"{load.acknowledged} facts; again {outage:.1f} s after {dead} was killed; all alike {took:.1f} s after the last one")
    assert load.statuses.keys() <= {204, 400, 503}
    assert not load.no_retry_after


async def test_a_collector_dies(collectors: Collectors, load: Load) -> None:
    async with sending(load, *collectors.ports, pause=PAUSE):
        await more(load)
        await asyncio.to_thread(collectors.kill, 0)
        away = await more(load)
        back = await asyncio.to_thread(collectors.again, 0)
        await more(load)
    assert load.unanswered, "no request was cut off: the test has tested nothing"
    await load.finish(*collectors.ports)
    took = await collectors.until_all_know(load)
    print(f"300 facts {away:.1f} s after the kill, back in {back.started_in:.1f} s, all alike {took:.1f} s after the last fact")
    assert load.statuses.keys() <= {204, 400}, load.statuses


async def test_without_a_majority_facts_are_refused_until_there_is_one(
    servers: Cluster, collectors: Collectors, load: Load
) -> None:
    async with sending(load, *collectors.ports, pause=PAUSE):
        await more(load)
        for name in NATS[:2]:
            await asyncio.to_thread(servers.kill, name)
        refused = load.statuses[503]
        told = await until_refused(collectors.ports[0])
        assert told.json()["reason"]
        assert load.statuses[503] > refused
        await back_up(servers, *NATS[:2])
        back = await more(load)
    await load.finish(*collectors.ports)
    await collectors.until_all_know(load)
    print(f"300 facts {back:.1f} s after the servers; {load.statuses}")
    assert healthz(collectors.ports[0]).status_code == 200
    assert not load.no_retry_after


async def test_the_sink_dies(servers: Cluster, collectors: Collectors, sink: Sink, load: Load) -> None:
    async with sending(load, *collectors.ports, pause=PAUSE):
        for _ in range(3):
            await more(load)
            await asyncio.to_thread(sink.kill)
            sink.start()
        await more(load)
    await load.finish(*collectors.ports)
    print(f"{load.acknowledged} facts, all stored {await until_stored(servers, sink, load):.1f} s later")


async def test_a_replica_dies(servers: Cluster, collectors: Collectors, sink: Sink, load: Load) -> None:
    async with sending(load, *collectors.ports, pause=PAUSE):
        await more(load)
        await asyncio.to_thread(servers.kill, "s1r1")
        await more(load)
        await asyncio.to_thread(servers.start, "s1r1")
    await load.finish(*collectors.ports)
    print(f"{load.acknowledged} facts, all stored {await until_stored(servers, sink, load):.1f} s later")


async def test_history_is_away(servers: Cluster, collectors: Collectors, sink: Sink, load: Load) -> None:
    """Facts are accepted and live figures are right all the same, and /healthz says what is amiss."""
    async with sending(load, *collectors.ports, pause=PAUSE):
        await more(load)
        for name in REPLICAS:
            await asyncio.to_thread(servers.kill, name)
        refused, end = load.statuses[503], time.monotonic() + AWAY_SECONDS
        while time.monotonic() < end:
            await more(load)
        assert load.statuses[503] == refused
        told = await asyncio.to_thread(healthz, collectors.ports[0])
        await back_up(servers, *REPLICAS)
    assert told.status_code == 200
    assert any("history" in warning for warning in told.json()["warnings"])
    await load.finish(*collectors.ports)
    await collectors.until_all_know(load)
    print(f"{load.acknowledged} facts, all stored {await until_stored(servers, sink, load):.1f} s later")


async def test_a_storm(servers: Cluster, collectors: Collectors, sink: Sink, load: Load, chance: random.Random) -> None:
    """All kinds of parts die and come back without regard for each other; of each kind one at a time."""
    told: list[str] = []
    end = time.monotonic() + STORM_SECONDS

    async def server(names: tuple[str, ...]) -> None:
        while time.monotonic() < end:
            await asyncio.sleep(chance.uniform(0.0, 2.0))
            told.append(name := chance.choice(names))
            await asyncio.to_thread(servers.kill, name)
            await asyncio.sleep(chance.uniform(0.0, 1.0))
            await asyncio.to_thread(servers.start, name)

    async def collector() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(chance.uniform(0.0, 2.0))
            number = chance.choice([0, 1])
            told.append(f"collector {number}")
            await asyncio.to_thread(collectors.kill, number)
            await asyncio.to_thread(collectors.again, number)

    async def sinks() -> None:
        while time.monotonic() < end:
            await asyncio.sleep(chance.uniform(1.0, 4.0))
            told.append("sink")
            await asyncio.to_thread(sink.kill)
            sink.start()

    async with sending(load, *collectors.ports, pause=PAUSE):
        await asyncio.gather(server(NATS), server(REPLICAS), collector(), sinks())
    await load.finish(*collectors.ports)
    took = await collectors.until_all_know(load)
    stored = await until_stored(servers, sink, load)
    print(", ".join(told))
    print(f"{load.acknowledged} facts, {load.statuses}; all alike {took:.1f} s, all stored {stored:.1f} s after the last one")
    assert load.statuses.keys() <= {204, 400, 503}


async def back_up(servers: Cluster, *names: str) -> None:
    """All at once: some serve only together."""
    for name in names:
        servers.nodes[name].launch()
    for name in names:
        await asyncio.to_thread(servers.start, name)


async def until_refused(port: int) -> httpx.Response:
    """The answer of /healthz once it is 503."""
    deadline = time.monotonic() + 30
    while (told := await asyncio.to_thread(healthz, port)).status_code != 503:
        assert time.monotonic() < deadline, told.text
        await asyncio.sleep(0.05)
    return told


def healthz(port: int) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False, timeout=30)
