"""`footfall sink` carries a cluster's journal into ClickHouse: each row once, whatever is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from nats.aio.client import Client

from footfall.cluster import routes
from footfall.history.base import Statement
from footfall.history.clickhouse import ClickhouseHistory, open_history
from footfall.journal.base import Partition
from footfall.journal.jetstream import connect, open_partition
from footfall.model import Fact, Record, Sweep
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

    def start(self) -> subprocess.Popen[bytes]:
        """A sink."""
        command = [sys.executable, "-m", "footfall", "sink", "--cluster", self.nats.address, "--clickhouse", self.address]
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

    async def send_to_all(self, record: Record) -> None:
        """A copy for each partition."""
        for partition in self.partitions:
            await partition.append([record])


@pytest.fixture
async def running(tmp_path: Path, clickhouse: ClickhouseServer) -> AsyncIterator[Running]:
    """Empty."""
    from footfall.registry.jetstream import open_registry

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


async def told(what: str, running: Running) -> None:
    """Wait until a sink has said it."""
    for _ in range(300):
        if what in running.log.read_text():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{what!r} was not said")


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
