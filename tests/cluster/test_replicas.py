"""History on replicated shards: a replica that is killed has everything when it is back, and each row is there once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from cluster import Cluster, Missing
from footfall.errors import HistoryFailed
from footfall.history import rows as flat
from footfall.history.clickhouse import ClickhouseHistory, open_history
from footfall.journal.base import PARTITION_BITS
from footfall.model import Fact, FactRow, Rows

STORE = "0123456789abcdef"
NOON = 1_764_072_000_000


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two shards of two replicas, which agree by ZooKeeper."""
    try:
        cluster = Cluster(tmp_path_factory.mktemp("shards"), "clickhouse")
    except Missing as missing:
        pytest.skip(str(missing))
    with cluster.running():
        yield cluster


def rows(partition: int, first: int, last: int) -> Rows:
    """A view for each seq of a partition, by different visitors."""
    found = Rows()
    for number in range(first, last + 1):
        seq = (partition << PARTITION_BITS) + number
        fact = Fact("my-site", 0, seq * 7919 % 1_000_003, seq, "script", NOON + number, 0, f"/{number % 9}")
        found.facts.append(FactRow(seq, 0, fact.time, True, fact.visitor, fact))
    return found


def asked(address: str, sql: str) -> str:
    """One server's own answer."""
    return httpx.post(address, content=sql, timeout=30).raise_for_status().text.strip()


async def in_the_end(history: ClickhouseHistory, rows: Rows, position: int) -> int:
    """Append until it succeeds; how often it did not."""
    for failures in range(120):
        try:
            await history.append(rows, position)
        except HistoryFailed:
            await asyncio.sleep(0.25)
        else:
            return failures
    raise AssertionError("it never succeeded")


async def test_a_replica_is_killed_while_rows_come_in(shards: Cluster) -> None:
    """What was not acknowledged while it was away is tried again; then every replica has the rows of its shard, once."""
    addresses = shards.clickhouse_addresses
    history = await open_history(",".join([f"{addresses[0]}/default?cluster=footfall", *addresses[1:]]), STORE)
    base = 1 << PARTITION_BITS
    await asyncio.gather(history.append(rows(0, 1, 400), 400), history.append(rows(1, 1, 300), base + 300))
    shards.kill("s1r1")  # the one that is asked first
    with pytest.raises(HistoryFailed):
        await history.append(rows(0, 401, 600), 600)  # most of two are two
    assert (await history.positions()) == {0: 400, 1: base + 300}
    shards.start("s1r1")
    await in_the_end(history, Rows(facts=[*rows(0, 401, 600).facts, *rows(0, 601, 700).facts]), 700)  # cut in another way
    await in_the_end(history, rows(1, 301, 310), base + 310)
    assert (await history.positions()) == {0: 700, 1: base + 310}
    await history.close()
    counts = [asked(address, "SELECT count(), uniqExact(seq, n) FROM facts_shard FINAL") for address in addresses]
    assert counts[0] == counts[1]
    assert counts[2] == counts[3]
    assert [len({*count.split("\t")}) for count in counts] == [1] * 4  # as many rows as different ones
    assert sum(int(counts[shard].split("\t")[0]) for shard in (0, 2)) == 1_010
    assert asked(addresses[3], "SELECT count() FROM facts FINAL") == "1010"


async def test_rows_that_move_in_are_there_once_and_can_be_taken_out(shards: Cluster) -> None:
    """As JSON lines, twice, each in the shard of its visitor on both replicas; then none is left anywhere, nor a position."""
    address = f"{shards.clickhouse_addresses[0]}/moved?cluster=footfall"
    for server in shards.clickhouse_addresses:
        asked(server, "CREATE DATABASE IF NOT EXISTS moved")
    history = await open_history(address, STORE)
    lines = msgspec.json.Encoder().encode_lines(
        [dict(zip(flat.FACTS, flat.fact_values(row), strict=True)) for row in rows(1, 1, 1_000).facts]
    )
    position = (1 << PARTITION_BITS) + 5_000
    for _ in range(2):
        await history.fill("facts", lines)
        await history.move([position])
    counts = [int(asked(server, "SELECT uniqExact(seq, n) FROM moved.facts_shard")) for server in shards.clickhouse_addresses]
    assert sorted(counts) == sorted(2 * [min(counts), 1_000 - min(counts)])
    assert await history.positions() == {0: 0, 1: position}
    await history.empty()
    assert {asked(server, "SELECT count() FROM moved.facts_shard") for server in shards.clickhouse_addresses} == {"0"}
    assert await history.positions() == {0: 0}
    await history.close()
