"""`footfall sink` carries a cluster's journal into ClickHouse: each row once, whatever is killed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from nats.aio.client import Client
from prometheus_client.parser import text_string_to_metric_families

from footfall.cluster import routes
from footfall.cluster.filler import CHANGED
from footfall.history.base import Statement
from footfall.history.clickhouse import ClickhouseHistory, open_history
from footfall.journal.base import Partition, Position
from footfall.journal.jetstream import open_partition
from footfall.journal.jetstream_connection import connect
from footfall.model import Erase, Fact, Reclassify, Record, Sweep
from footfall.registry.base import Registry
from footfall.registry.jetstream import open_registry
from footfall.registry.jetstream_leases import open_leases
from tests.clickhouse_server import ClickhouseServer, clickhouse_server
from tests.nats_server import NatsServer, nats_server

STORE = "0123456789abcdef"
PARTITIONS = 3
BIRTH = b'{"store":"0123456789abcdef","partitions":3,"replicas":1}'


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickhouseServer]:
    """One server for all tests here."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


class Running:
    """A journal and a history, and processes that carry from one to the other."""

    def __init__(self, nats: NatsServer, client: Client, partitions: list[Partition], address: str, log: Path) -> None:
        self.nats, self.client, self.partitions, self.address, self.log = nats, client, partitions, address, log
        self.sinks: list[subprocess.Popen[bytes]] = []
        self.number = 0

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """A sink."""
        command = [
            sys.executable,
            "-m",
            "footfall",
            "sink",
            "--cluster",
            self.nats.address,
            "--clickhouse",
            self.address,
            *options,
        ]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        with open(self.log, "ab") as log:
            self.sinks.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
        return self.sinks[-1]

    async def send(self, count: int, visitors: int = 50) -> None:
        """So many views, each in the partition of its visitor."""
        now = time.time_ns() // 1_000_000
        facts = []
        for _ in range(count):
            self.number += 1
            visitor = self.number % visitors
            facts.append(Fact("blog", 0, visitor, self.number, "script", now, 0, f"/{self.number % 7}"))
        for number, part in routes.of_facts(facts, PARTITIONS).items():
            await self.partitions[number].append(part)

    async def send_to_all(self, record: Record) -> list[Position]:
        """A copy for each partition."""
        return [await partition.append([record]) for partition in self.partitions]


@pytest.fixture
async def running(tmp_path: Path, clickhouse: ClickhouseServer) -> AsyncIterator[Running]:
    """Empty."""
    with nats_server(tmp_path / "nats") as nats:
        client = await connect([nats.address])
        await (await open_registry(client, replicas=1)).create("cluster", "birth", BIRTH)
        partitions: list[Partition] = [await open_partition(client, n, STORE, replicas=1) for n in range(PARTITIONS)]
        made = Running(nats, client, partitions, clickhouse.database(str(tmp_path)), tmp_path / "sink.log")
        yield made
        for sink in made.sinks:
            sink.kill()
            sink.wait()
        await client.close()


async def ids(history: ClickhouseHistory) -> list[int]:
    """Of all rows, in order."""
    return [int(str(id)) for (id,) in await history.fetch(Statement("SELECT id FROM facts ORDER BY id"))]


async def until(reached: Callable[[list[int]], bool], history: ClickhouseHistory, running: Running) -> list[int]:
    """Wait for rows; they are what they are then."""
    for _ in range(600):
        found = await ids(history)
        if reached(found):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"{len(found)} rows of {running.number}: {running.log.read_text()[-2000:]}")


async def eventually(reached: Callable[[], Awaitable[bool]], running: Running) -> None:
    """Wait until it is so."""
    for _ in range(600):
        if await reached():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(running.log.read_text()[-2000:])


async def told(what: str, running: Running) -> None:
    """Wait until a sink has said it."""
    for _ in range(300):
        if what in running.log.read_text():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{what!r} was not said")


class Watch:
    """What a sink tells those who watch it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def health(self) -> tuple[int, str]:
        """The status, and why."""
        answer = await self._client.get("/healthz")
        return answer.status_code, answer.json().get("reason", "")

    async def metrics(self) -> dict[str, dict[str, float]]:
        """Each with its values by partition; "" where there are none."""
        families = text_string_to_metric_families((await self._client.get("/metrics")).raise_for_status().text)
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for sample in (sample for family in families for sample in family.samples):
            found[sample.name][sample.labels.get("partition", "")] = sample.value
        return found

    async def until(self, reached: Callable[[tuple[int, str], dict[str, dict[str, float]]], bool]) -> str:
        """Wait for what it tells; why it was not well then."""
        found: object = "nothing"
        for _ in range(600):
            try:
                health, metrics = await self.health(), await self.metrics()
            except httpx.TransportError:  # it is not open yet
                await asyncio.sleep(0.1)
                continue
            if reached(health, metrics):
                return health[1]
            found = health, metrics
            await asyncio.sleep(0.1)
        raise AssertionError(f"it told {found}")


@pytest.fixture
async def watch(unused_tcp_port: int) -> AsyncIterator[Watch]:
    """Of a sink that listens on the unused port."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}", trust_env=False) as client:
        yield Watch(client)


async def test_a_sink_tells_how_it_stands(
    running: Running, clickhouse: ClickhouseServer, watch: Watch, unused_tcp_port: int
) -> None:
    """What it holds and carried; how late history is while ClickHouse is away, and that NATS is."""
    running.start("--metrics-listen", f"127.0.0.1:{unused_tcp_port}")
    await running.send(300)
    await watch.until(lambda health, told: sum(told["footfall_sink_rows_total"].values()) == 300 and health[0] == 200)
    told = await watch.metrics()
    assert told["footfall_sink_holds"] == {"0": 1, "1": 1, "2": 1}
    assert all(count >= 1 for count in told["footfall_sink_append_seconds_count"].values())
    assert told["footfall_sink_healthy"] == {"": 1}
    await watch.until(lambda _, told: told["footfall_sink_lag_messages"] == {"0": 0, "1": 0, "2": 0})
    clickhouse.kill()
    await running.send(300)
    why = await watch.until(lambda health, told: health[0] == 503 and min(told["footfall_sink_lag_seconds"].values()) > 4)
    assert "ClickHouse" in why
    told = await watch.metrics()
    assert told["footfall_sink_lag_messages"] == {"0": 1, "1": 1, "2": 1}
    assert told["footfall_sink_failing"] == {"0": 1, "1": 1, "2": 1}
    assert min(told["footfall_sink_pending_bytes"].values()) > 0
    assert told["footfall_sink_healthy"] == {"": 0}
    clickhouse.start()
    await watch.until(lambda health, told: health[0] == 200 and not any(told["footfall_sink_lag_seconds"].values()))
    assert not any((await watch.metrics())["footfall_sink_pending_bytes"].values())
    running.nats.kill()
    assert "journal" in await watch.until(lambda health, _: health[0] == 503)
    running.nats.start()
    await watch.until(lambda health, _: health[0] == 200)


async def test_a_spare_is_well(running: Running, watch: Watch, unused_tcp_port: int) -> None:
    """It holds nothing, and would if it had to."""
    others = await open_leases(running.client, "others", replicas=1)

    async def hold() -> None:
        while True:
            for number in range(PARTITIONS):
                assert await others.take(str(number))
            await asyncio.sleep(1)

    holding = asyncio.create_task(hold())
    running.start("--metrics-listen", f"127.0.0.1:{unused_tcp_port}")
    await watch.until(lambda health, told: health[0] == 200)
    assert (await watch.metrics())["footfall_sink_holds"] == {"0": 0, "1": 0, "2": 0}
    assert not holding.done()
    holding.cancel()
    for number in range(PARTITIONS):
        await others.give_back(str(number))
    await watch.until(lambda _, told: sum(told["footfall_sink_holds"].values()) == PARTITIONS)


async def test_a_sink_that_is_killed_goes_on_where_it_was(running: Running) -> None:
    """SIGKILL at any moment, several times: every fact is a row, once; then it ends in peace and leaves checkpoints."""
    history = await open_history(running.address, STORE)
    sink = running.start()
    for _ in range(3):
        before = running.number
        await running.send(1_500)
        await until(lambda found, before=before: len(found) > before, history, running)  # type: ignore[misc]
        sink.send_signal(signal.SIGKILL)
        sink.wait()
        await running.send(300)
        sink = running.start()
    assert await until(lambda found: len(found) >= running.number, history, running) == list(range(1, running.number + 1))
    ((counted,),) = await history.fetch(Statement("SELECT count(*) FROM facts WHERE counted"))
    assert counted == 50 * 7  # of fifty readers each, seven pages
    sink.send_signal(signal.SIGTERM)
    assert sink.wait(30) == 0
    sink = running.start()
    await running.send(100)
    await running.send_to_all(Sweep(time.time_ns() // 1_000_000))
    assert await until(lambda found: len(found) >= running.number, history, running) == list(range(1, running.number + 1))
    ((ledger,),) = await history.fetch(Statement("SELECT sum(count) FROM ledger"))
    assert ledger == running.number
    await history.close()


async def test_changes_of_rows_come_once_whatever_is_killed(running: Running) -> None:
    """SIGKILL in the middle of them, as soon as results are told: facts before each are judged otherwise or gone, those behind it
    are not, the results are those of one go, and what is counted of the rest follows. A result that nobody asks for goes."""
    history = await open_history(running.address, STORE)
    results = await open_registry(running.client, replicas=1, name="footfall-filling")
    now = time.time_ns() // 1_000_000
    await running.send(700)
    judged = await running.send_to_all(Reclassify("blog", now, "owner", (("path", "is", "/3"),)))
    await running.send(700)
    erased = await running.send_to_all(Erase("blog", now, path="/5"))
    await results.put(CHANGED, str(running.partitions[1].start), b"9")
    for told in (2, 5):
        sink = running.start()
        await eventually(lambda told=told: _some(results, told), running)  # type: ignore[misc]
        sink.kill()
        sink.wait()
    running.start()
    await running.send(700)
    await running.send_to_all(Sweep(now + 3 * 3_600_000))
    heads = {partition.number: await partition.head() for partition in running.partitions}
    await eventually(lambda: _reached(history, heads), running)
    kept = Statement(
        "SELECT path, bot, count(*), count(*) FILTER (WHERE counted), count(*) FILTER (WHERE visit = 0) FROM facts"
        " WHERE path IN ('/3', '/4', '/5') GROUP BY path, bot ORDER BY path, bot"
    )
    assert await history.fetch(kept) == [
        ("/3", "", 200, 50, 0),
        ("/3", "owner", 100, 0, 100),
        ("/4", "", 300, 50, 0),
        ("/5", "", 100, 50, 0),
    ]
    assert await history.fetch(Statement("SELECT count(*), sum(views) FROM visits")) == [(50, 7 * 50)]
    found = {int(seq): int(count) for seq, count in (await results.list(CHANGED)).items()}
    assert sum(found.pop(seq) for seq in judged) == 100
    assert sum(found.pop(seq) for seq in erased) == 50
    assert not found
    await history.close()


async def test_a_change_of_rows_that_fails_is_told_of(running: Running) -> None:
    """Which, how often and why, until it is done."""
    history = await open_history(running.address, STORE)
    running.start()
    await running.send(210)
    await until(lambda found: len(found) == 210, history, running)
    await history._server.run("DROP TABLE minutes SYNC")
    await running.send_to_all(Erase("blog", 0, path="/5"))
    await told('"attempts": 3', running)
    assert re.search(r'"an erase of blog".*"attempts": 3.*"ClickHouse refused.*a change of rows fails', running.log.read_text())
    await history.close()
    history = await open_history(running.address, STORE)  # which makes tables that are not there
    await until(lambda found: len(found) == 180, history, running)
    await history.close()


async def _some(results: Registry, count: int) -> bool:
    return len(await results.list(CHANGED)) >= count


async def _reached(history: ClickhouseHistory, heads: dict[int, Position]) -> bool:
    return await history.positions() == heads


async def test_one_of_two_sinks_takes_over(running: Running) -> None:
    """A second one is given some of the partitions; when the first is killed, it goes on with all. Each fact is a row once."""
    history = await open_history(running.address, STORE)
    first = running.start()
    await running.send(500)
    await until(lambda found: len(found) >= 500, history, running)
    running.start()
    await running.send(500)
    await told("passed on", running)
    await running.send(500)
    await until(lambda found: len(found) >= 1_500, history, running)
    first.kill()
    first.wait()
    await running.send(500)
    assert await until(lambda found: len(found) >= 2_000, history, running) == list(range(1, 2_001))
    await history.close()
