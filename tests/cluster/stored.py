"""What the replicated history has of a site, asked in ClickHouse's own words, and compared with what a load's story says."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import httpx

from cluster import Cluster
from tests.chaos.load import Load
from tests.cluster.collectors import Sink

STORED_SECONDS = 120.0  # a few, on a machine that has nothing else to do


async def until_stored(servers: Cluster, sink: Sink, load: Load) -> float:
    """Wait until history has everything that was acknowledged, see that it is there once and on both replicas of each shard; how
    long the waiting took."""
    model, began = load.story.model, time.monotonic()
    wanted = Counter([*model.titles, *model.names])
    while len(found := await asyncio.to_thread(_texts, servers, load.story.site)) < len(wanted):
        assert time.monotonic() < began + STORED_SECONDS, f"{len(wanted)} expected, {len(found)} found; {sink.log}"
        await asyncio.sleep(0.1)
    took = time.monotonic() - began
    assert found == wanted
    while len(set((counts := await asyncio.to_thread(_counts, servers, load.story.site))[:2])) > 1 or len(set(counts[2:])) > 1:
        assert time.monotonic() < began + 2 * STORED_SECONDS, f"replicas differ: {counts}"
        await asyncio.sleep(0.1)
    assert all(counts), f"a shard got nothing: {counts}"
    return took


def _texts(servers: Cluster, site: str) -> Counter[str]:
    """How many rows each fact's own text has; a row that came twice is one, as ReplacingMergeTree will have it."""
    told = _ask(
        servers.clickhouse_addresses[0],
        "SELECT if(kind = 0, title, name) AS text, uniqExact(seq, n) FROM facts "
        f"WHERE site = '{site}' AND kind IN (0, 2) GROUP BY text",
    )
    return Counter({text: int(count) for text, count in (line.split("\t") for line in told.splitlines())})


def _counts(servers: Cluster, site: str) -> list[int]:
    """How many different rows each replica has itself."""
    statement = f"SELECT uniqExact(seq, n) FROM facts_shard WHERE site = '{site}'"
    return [int(_ask(address, statement)) for address in servers.clickhouse_addresses]


def _ask(address: str, statement: str) -> str:
    answer = httpx.post(address, content=statement, trust_env=False, timeout=60)
    if answer.status_code != 200 and "doesn't exist" in answer.text:
        return ""  # the sink makes the tables
    return answer.raise_for_status().text
