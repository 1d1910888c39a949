"""Golden traces over a cluster of one partition: a node, a sink and a history in ClickHouse answer as one machine does.

A node answers a fact when most servers have it, before it is folded, so verdicts are not told here. What can be observed is
compared with the trace: results, statistics, what a backfill walked; and at the end the rows with those of one machine that was
told the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from footfall import rules
from footfall.api import Footfall
from footfall.clock import Clock
from footfall.history.base import Statement
from footfall.housekeeping import sweep
from footfall.journal.jetstream_connection import connect
from footfall.store import Cluster, Store, open_filling, open_node, open_store
from tests.clickhouse_server import ClickhouseServer, clickhouse_server
from tests.engine.conftest import Time
from tests.golden.player import Player
from tests.golden.replay import Report
from tests.golden.test_over_http import SHORT, play
from tests.golden.traces import Trace, found, load, on_purpose
from tests.nats_server import NatsServer, nats_server

SITE = "my-site"
LONG = 600  # operations
FILES = [pytest.param(file, id=file.stem) for file in (*found("traces"), *found("quirks"))]
BY_TURNS = [file for file in found("traces") if file.stem in ("hand_05_session_timeout_and_cleanup", "rand_01_small_mix")]
NAMES = "visitor, visit"  # hashes of keys that each store has for itself
ROWS = {  # of each table, facts first, what follows from a trace alone: ids and seqs do not
    "facts": f"ts_ms, counted, kind, path, page_type, arrival_ms, country, city, latitude, longitude, {NAMES}",
    "visits": f'start_ms, end_ms, entry, "exit", views, events, country, city, latitude, longitude, {NAMES}',
    "minutes": f"minute_ms, path, country, {NAMES}",
    "content": "kind, slug, title, published",
}

Opening = Callable[[Clock], AbstractAsyncContextManager[Store]]
Rows = dict[str, list[tuple[object, ...]]]

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NatsServer, ClickhouseServer]]:
    """For all traces."""
    folder = tmp_path_factory.mktemp("servers")
    with nats_server(folder / "nats") as nats, clickhouse_server(folder / "clickhouse") as clickhouse:
        yield nats, clickhouse


@pytest.fixture
async def cluster(servers: tuple[NatsServer, ClickhouseServer], tmp_path: Path) -> AsyncIterator[Cluster]:
    """A new one, of which nothing is left behind."""
    nats, clickhouse = servers
    address = clickhouse.database(str(tmp_path))
    yield Cluster([nats.address], partitions=1, replicas=1, clickhouse=address)
    client = await connect([nats.address])
    streams = client.jetstream()
    for stream in await streams.streams_info():
        await streams.delete_stream(str(stream.config.name))
    await client.close()
    clickhouse.drop(address)


@asynccontextmanager
async def node(folder: Path, cluster: Cluster, clock: Clock) -> AsyncIterator[Store]:
    """One beside a sink."""
    store = await open_node(folder, cluster, clock)
    filling, close = await open_filling(cluster, clock)
    filling.start()
    try:
        yield store
    finally:
        await close()
        await store.close()


@asynccontextmanager
async def alone(folder: Path, clock: Clock) -> AsyncIterator[Store]:
    """One machine."""
    store = await open_store(folder, clock)
    try:
        yield store
    finally:
        await store.close()


async def played(trace: Trace, opening: Opening) -> tuple[Report, Rows]:
    """How a trace went, and the rows that it left when all was final."""
    report, stores = Report(trace), list[Store]()
    async with AsyncExitStack() as stack:

        async def open(clock: Clock) -> Footfall:
            stores.append(await stack.enter_async_context(opening(clock)))
            return Footfall(stores[0], SITE, clock)

        player = Player(open, trace.operations[0]["at_ms"])
        await player.open()
        for index, operation in enumerate(trace.operations):
            report.note(index, await player.play(operation))
        player.now += rules.WINDOW_KEPT + rules.HOUR
        await sweep(stores[0].engine)
        return report, await rows_of(stores[0])


async def rows_of(store: Store) -> Rows:
    """Facts as they came, the others sorted. A name is told as the number of its first fact, -1 if it has none."""
    first: dict[object, int] = {}
    rows: Rows = {}
    await store.engine.sink.reach(store.engine.fold.seq)
    for table, columns in ROWS.items():
        found, lag = await store.engine.fetch(Statement(f"SELECT {columns} FROM {table} ORDER BY seq, n"))
        assert not lag
        named = len(NAMES.split()) if columns.endswith(NAMES) else 0
        if table == "facts":
            for number, row in enumerate(found):
                for name in row[-named:]:
                    first.setdefault(name, number)
        rows[table] = [(*row[: len(row) - named], *(first.get(name, -1) for name in row[len(row) - named :])) for row in found]
    return {"facts": rows.pop("facts")} | {table: sorted(those, key=str) for table, those in rows.items()}


@pytest.mark.parametrize("file", FILES)
async def test_a_cluster_answers_as_one_machine_does(file: Path, tmp_path: Path, cluster: Cluster) -> None:
    """Every operation of the trace; and every row, but of the three longest, which have nothing in them that others lack."""
    trace = on_purpose(load(file))
    report, rows = await played(trace, lambda clock: node(tmp_path / "node", cluster, clock))
    assert (report.mismatches, report.unsupported) == ([], 0)
    if len(trace.operations) <= LONG:
        _, expected = await played(trace, lambda clock: alone(tmp_path / "alone", clock))
        assert rows == expected


@pytest.mark.parametrize("file", BY_TURNS, ids=lambda file: file.stem)
async def test_two_nodes_answer_by_turns(file: Path, tmp_path: Path, cluster: Cluster) -> None:
    """What one took the other has: who is here, in which order, what is a repeat."""
    trace = load(file)
    report, time = Report(trace), Time()
    time.now = trace.operations[0]["at_ms"]
    stores = [await open_node(tmp_path / name, cluster, time) for name in ("a", "b")]
    players = [Player(partial(_over, store), time.now) for store in stores]
    try:
        for player in players:
            await player.open()
        for index, operation in enumerate(trace.operations):
            time.now = operation["at_ms"]
            await stores[index % 2].engine.settled()
            report.note(index, await players[index % 2].play(operation))
    finally:
        for store in stores:
            await store.close()
    assert (report.mismatches, report.unsupported) == ([], 0)


async def _over(store: Store, clock: Clock) -> Footfall:
    return Footfall(store, SITE, clock)


@pytest.mark.parametrize("file", SHORT, ids=lambda file: file.stem)
async def test_the_doors_of_a_node_answer_alike(file: Path, tmp_path: Path, cluster: Cluster) -> None:
    """Over HTTP, as in test_over_http.py; a backfill has no history to walk here."""
    settings = {"cluster": cluster.servers, "cluster_partitions": cluster.partitions, "cluster_replicas": cluster.replicas}
    assert await play(file, tmp_path / "data", **settings) == []
