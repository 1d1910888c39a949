"""A store of one's own that is served by a real process, real servers to carry it to, and what is run on the way."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

import pytest

import tests.chaos.load
from footfall.history import blocks
from tests.chaos.conftest import chance, seed
from tests.chaos.load import Load
from tests.chaos.process import Server
from tests.chaos.story import Story
from tests.clickhouse_server import ClickhouseServer, clickhouse_server
from tests.engine.conftest import Time
from tests.nats_server import NatsServer, nats_server
from tests.unit.live.made import MINUTE

__all__ = ["chance", "seed"]  # a failing run tells its seed
SITE = "blog"
PARTITIONS = 3
SECONDS = 90.0
FOLLOWS = "The cluster has everything"  # what a migration says then


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickhouseServer]:
    """One for all tests here."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server


class World:
    """Two places, and the processes between them. What is started here ends with the test."""

    def __init__(self, folder: Path, nats: NatsServer, history: str) -> None:
        self.folder, self.nats, self.history = folder, nats, history
        self.old = folder / "old"
        self.log = folder / "processes.log"
        self._servers: list[Server] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def flags(self) -> list[str]:
        """Of every process that has to do with the cluster."""
        shape = ["--cluster-partitions", str(PARTITIONS), "--cluster-replicas", "1"]
        return ["--cluster", self.nats.address, "--clickhouse", self.history, *shape]

    def serve(self) -> Server:
        """The old server, on the same port again if it was stopped."""
        port = ["--port", str(self._servers[0].port)] if self._servers else []
        return self._started(Server(self.old, *port))

    def node(self, name: str = "node") -> Server:
        """One of the cluster."""
        return self._started(Server(self.folder / name, *self.flags))

    def _started(self, server: Server) -> Server:
        self._servers.append(server)
        return server.ready()

    def sink(self) -> None:
        """It fills the cluster's history."""
        self._run(["sink", *self.flags])

    def migrate(self) -> subprocess.Popen[bytes]:
        """A migration, which says what it says in `log`."""
        return self._run(["migrate", "--data-folder", str(self.old), *self.flags])

    def _run(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
        environment |= {"PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "footfall", *arguments]
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
        return self._processes[-1]

    async def said(self, what: str, migration: subprocess.Popen[bytes]) -> None:
        """Wait until a migration has said it."""
        deadline = monotonic() + SECONDS
        while what not in self.told:
            assert migration.poll() is None, self.told
            assert monotonic() < deadline, self.told
            await asyncio.sleep(0.02)

    async def ended(self, migration: subprocess.Popen[bytes]) -> int:
        """Its exit code."""
        return await asyncio.to_thread(migration.wait, SECONDS)

    @property
    def told(self) -> str:
        """The end of everything that was said."""
        return self.log.read_text("utf-8", "replace")[-4_000:] if self.log.exists() else ""

    def close(self) -> None:
        """SIGKILL for all that run."""
        for server in self._servers:
            server.close()
        for process in self._processes:
            process.kill()
            process.wait()


@pytest.fixture
def world(tmp_path: Path, clickhouse: ClickhouseServer) -> Iterator[World]:
    """Nothing is started but the places."""
    address = clickhouse.database(str(tmp_path))
    with nats_server(tmp_path / "nats") as nats:
        made = World(tmp_path, nats, address)
        try:
            yield made
        finally:
            made.close()
            clickhouse.drop(address)


@pytest.fixture
def time() -> Time:
    """A little later than what was sent."""
    made = Time()
    made.now += 3 * MINUTE
    return made


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that there are many."""
    monkeypatch.setattr(blocks, "ROWS", 50)


@pytest.fixture
def load(seed: int, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Nothing sent yet. It leaves the machine to others: what comes here is folded by four processes."""
    monkeypatch.setattr(tests.chaos.load, "CONNECTIONS", 1)
    return Load(Story(SITE, seed), seed)
