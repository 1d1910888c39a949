"""What the conformance suites share: the backends they run over, facts to store, and children to kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import pytest
from nats.aio.client import Client

from footfall.history.base import History
from footfall.history.clickhouse import open_history as open_clickhouse
from footfall.history.duckdb import open_history
from footfall.journal.base import Journal
from footfall.journal.jetstream import open_partition
from footfall.journal.jetstream_connection import connect
from footfall.journal.sqlite import open_journal
from footfall.model import Fact
from footfall.registry.base import Registry
from footfall.registry.jetstream import open_registry as open_shared_registry
from footfall.registry.sqlite import open_registry
from tests.clickhouse_server import ClickhouseServer, clickhouse_server
from tests.nats_server import NatsServer, nats_server

STORE = "0123456789abcdef"
NOON = 1_764_072_000_000

PARTITION = 5  # of the cluster's journal, as good as any


class Backing:
    """What backends keep things in: a folder of the test's own, and in the servers names of its own."""

    def __init__(self, path: Path, servers: Callable[[], Awaitable[Client]]) -> None:
        self.path = path
        self.client = servers
        self.name = blake2b(str(path).encode(), digest_size=8).hexdigest()


async def _partition(backing: Backing, store_id: str) -> Journal:
    return await open_partition(await backing.client(), PARTITION, store_id, replicas=1, name=backing.name)


async def _shared_registry(backing: Backing) -> Registry:
    return await open_shared_registry(await backing.client(), replicas=1, name=backing.name)


JOURNALS: dict[str, Callable[[Backing, str], Awaitable[Journal]]] = {
    "sqlite": lambda backing, id: open_journal(backing.path / "j.sqlite", id),
    "jetstream": _partition,
}
HISTORIES = ["duckdb", pytest.param("clickhouse", marks=pytest.mark.clickhouse)]
REGISTRIES: dict[str, Callable[[Backing], Awaitable[Registry]]] = {
    "sqlite": lambda backing: open_registry(backing.path / "j.sqlite"),
    "jetstream": _shared_registry,
}

OpenJournal = Callable[..., Awaitable[Journal]]
OpenHistory = Callable[..., Awaitable[History]]
OpenRegistry = Callable[[], Awaitable[Registry]]


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One server for all."""
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
async def backing(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backing]:
    """For one test. The server is started when the first backend needs it."""
    clients: list[Client] = []

    async def client() -> Client:
        if not clients:
            clients.append(await connect([request.getfixturevalue("nats").address]))
        return clients[0]

    yield Backing(tmp_path, client)
    for open in clients:
        await open.close()


@pytest.fixture(params=JOURNALS)
async def open_a_journal(request: pytest.FixtureRequest, backing: Backing) -> AsyncIterator[OpenJournal]:
    """Opens the same journal again and again; closes what is left open."""
    opened: list[Journal] = []

    async def open(store_id: str = STORE) -> Journal:
        opened.append(await JOURNALS[request.param](backing, store_id))
        return opened[-1]

    yield open
    for journal in opened:
        await journal.close()


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickhouseServer]:
    """One server for all."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


@pytest.fixture(params=HISTORIES)
async def open_a_history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenHistory]:
    """Opens the same history again and again; closes what is left open."""
    opened: list[History] = []
    address = request.getfixturevalue("clickhouse").database(str(tmp_path)) if request.param == "clickhouse" else ""

    async def open(store_id: str = STORE) -> History:
        if address:
            opened.append(await open_clickhouse(address, store_id))
        else:
            opened.append(await open_history(tmp_path / "h.duckdb", store_id, outgoing=tmp_path))
        return opened[-1]

    yield open
    for history in opened:
        await history.close()
    if address:
        request.getfixturevalue("clickhouse").drop(address)


@pytest.fixture(params=REGISTRIES)
async def open_a_registry(request: pytest.FixtureRequest, backing: Backing) -> AsyncIterator[OpenRegistry]:
    """Opens the same registry again and again; closes what is left open."""
    opened: list[Registry] = []

    async def open() -> Registry:
        opened.append(await REGISTRIES[request.param](backing))
        return opened[-1]

    yield open
    for registry in opened:
        await registry.close()


@pytest.fixture
def a_fact() -> Callable[..., Fact]:
    """Makes a plain view; any field may be given."""

    def make(number: int = 1, **fields: object) -> Fact:
        plain: dict[str, object] = {
            "site": "my-site",
            "kind": 0,
            "visitor": number,
            "id": number,
            "door": "script",
            "arrival": NOON + number,
            "age": 0,
            "path": f"/{number}",
        }
        return Fact(**(plain | fields))  # type: ignore[arg-type]  # the types are the test's business

    return make


class Child:
    """child.py in a process of its own: one line in, one line out."""

    def __init__(self, *arguments: object, under: tuple[str, ...] = ()) -> None:
        command = [*under, sys.executable, str(Path(__file__).with_name("child.py")), *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )
        self.said: list[str] = []

    def ask(self, line: str = "") -> str:
        """Send a line and wait for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        return self.hear()

    def hear(self) -> str:
        """The next line it says; "" once it is gone."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if line:
            self.said.append(line)
        return line

    def kill(self) -> list[str]:
        """SIGKILL; everything it ever said."""
        self.process.send_signal(signal.SIGKILL)
        while self.hear():
            pass
        self.close()
        return self.said

    def close(self) -> None:
        """Let it end by itself."""
        with self.process:
            pass


@pytest.fixture
def a_child() -> Iterator[Callable[..., Child]]:
    """Starts children; kills those that a failing test leaves behind."""
    children: list[Child] = []

    def start(*arguments: object, under: tuple[str, ...] = ()) -> Child:
        children.append(Child(*arguments, under=under))
        return children[-1]

    yield start
    for child in children:
        if child.process.poll() is None:
            child.process.kill()
        child.close()
