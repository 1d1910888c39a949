"""From the journal into a replicated history: the sink and a replica die under load, history is away for a while. What was
acknowledged is stored, once, on both replicas of its shard.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from cluster import Cluster, Missing
from tests.chaos.load import Load, sending
from tests.chaos.story import Story
from tests.cluster.collectors import Collectors, Sink, more

AWAY_SECONDS = float(os.environ.get("CHAOS_SECONDS", "3"))
STORED_SECONDS = 120.0  # a few, on a machine that has nothing else to do
PAUSE = 0.05
REPLICAS = ("s1r1", "s1r2", "s2r1", "s2r2")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """NATS and ClickHouse two by two, which every test leaves running."""
    try:
        cluster = Cluster(tmp_path_factory.mktemp("servers"), "nats", "clickhouse")
    except Missing as missing:
        pytest.skip(str(missing))
    with cluster.running():
        yield cluster


@pytest.fixture(scope="module")
def collectors(tmp_path_factory: pytest.TempPathFactory, servers: Cluster) -> Iterator[Collectors]:
    """One, which every test leaves running."""
    found = Collectors(tmp_path_factory.mktemp("collectors"), servers, 1)
    try:
        found.start()
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory, servers: Cluster, collectors: Collectors) -> Iterator[Sink]:
    """One, which every test leaves running."""
    found = Sink(tmp_path_factory.mktemp("sink"), servers)
    found.start()
    yield found
    found.close()


@pytest.fixture
def load(seed: int, collectors: Collectors, request: pytest.FixtureRequest) -> Load:
    """Nothing sent yet, for a site of the test's own."""
    site = request.node.name.removeprefix("test_").replace("_", "-")
    collectors.add_site(site)
    return Load(Story(site, seed), seed)


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
        refused = load.statuses[503]
        end = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < end:
            await more(load)
        assert load.statuses[503] == refused
        told = await asyncio.to_thread(collectors.servers[0].ask, "GET", "/healthz")
        assert told.status_code == 200
        for name in REPLICAS:
            servers.nodes[name].launch()
        for name in REPLICAS:
            await asyncio.to_thread(servers.start, name)
    await load.finish(*collectors.ports)
    await collectors.until_all_know(load)
    print(f"{load.acknowledged} facts, all stored {await until_stored(servers, sink, load):.1f} s later; {told.text}")
    assert told.json()["warnings"], "it does not say that history is away"


async def until_stored(servers: Cluster, sink: Sink, load: Load) -> float:
    """Wait until history has everything that was acknowledged, and see that it is there once; how long it took."""
    model, began = load.story.model, time.monotonic()
    wanted = [*model.titles, *model.names]
    while True:
        found = await asyncio.to_thread(stored, servers.clickhouse_addresses[0], load.story.site)
        if len(found) >= len(wanted) or time.monotonic() > began + STORED_SECONDS:
            break
        await asyncio.sleep(0.2)
    assert found == Counter(wanted), f"{len(wanted)} expected, {len(found)} found; {sink.log}"
    took = time.monotonic() - began
    counts = [await asyncio.to_thread(rows, address, load.story.site) for address in servers.clickhouse_addresses]
    while counts[0] != counts[1] or counts[2] != counts[3]:
        assert time.monotonic() < began + 2 * STORED_SECONDS, f"replicas differ: {counts}"
        await asyncio.sleep(0.2)
        counts = [await asyncio.to_thread(rows, address, load.story.site) for address in servers.clickhouse_addresses]
    assert counts[0], "the first shard got nothing"
    assert counts[2], "the second shard got nothing"
    return took


def stored(address: str, site: str) -> Counter[str]:
    """How many rows each fact's own text has; a row that came twice is one, as ReplacingMergeTree will have it."""
    told = ask(
        address,
        "SELECT if(kind = 0, title, name) AS text, uniqExact(seq, n) FROM facts "
        f"WHERE site = '{site}' AND kind IN (0, 2) GROUP BY text",
    )
    return Counter({text: int(count) for text, count in (line.split("\t") for line in told.splitlines())})


def rows(address: str, site: str) -> int:
    """How many different rows a replica has itself."""
    return int(ask(address, f"SELECT uniqExact(seq, n) FROM facts_shard WHERE site = '{site}'"))


def ask(address: str, statement: str) -> str:
    answer = httpx.post(address, content=statement, trust_env=False, timeout=60)
    if answer.status_code != 200:
        return "" if "doesn't exist" in answer.text else answer.raise_for_status().text
    return answer.text
