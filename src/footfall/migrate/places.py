"""Where a migration carries from and to: the only file of this room that names backends.

A store has one life in one cluster: what was born otherwise, or belongs to another store, is refused before anything is written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from footfall.errors import StoreMismatch
from footfall.folder import read_salts
from footfall.history import clickhouse
from footfall.history.clickhouse import ClickhouseHistory
from footfall.hold import KIND
from footfall.journal.base import Partition, Position, Vector
from footfall.journal.sqlite import SqliteJournal, open_journal
from footfall.registry.base import Registry
from footfall.registry.sqlite import SqliteRegistry, open_registry
from footfall.store import BIRTH, FILLING, Birth, Cluster, nats

if TYPE_CHECKING:  # they come with an extra
    from nats.aio.client import Client

    from footfall.registry.jetstream_secrets import SharedSecrets

_OTHER = "name a NATS cluster that has no Footfall yet"


@dataclass(frozen=True, slots=True)
class Keys:
    """What makes a store the same one elsewhere."""

    store: str
    secret: bytes
    owner_key: str


@dataclass(frozen=True, slots=True)
class Source:
    """A data folder, whether a server has it open or not: its journal is read, of its registry documents are."""

    path: Path
    journal: SqliteJournal
    registry: SqliteRegistry

    async def documents(self) -> dict[tuple[str, str], bytes]:
        """What the owner made: sites, password, keys."""
        found = await self.registry.documents()
        return {key: document for key, document in found.items() if key[0] != KIND}

    def salts(self) -> dict[int, bytes]:
        return read_salts(self.path)


@asynccontextmanager
async def source(path: Path, store: str) -> AsyncIterator[Source]:
    """Raises StoreMismatch, JournalFailed."""
    async with AsyncExitStack() as stack:
        journal = await open_journal(path / "journal.sqlite", store)
        stack.push_async_callback(journal.close)
        registry = await open_registry(path / "journal.sqlite")
        stack.push_async_callback(registry.close)
        yield Source(path, journal, registry)


class Target:
    """A cluster that has no node yet, or that this migration began; `filling` is where its sinks keep their checkpoints. Made by
    `target`; its partitions are there after `open` or `begin`."""

    def __init__(
        self, client: Client, keys: Keys, birth: Birth, registry: Registry, filling: Registry, history: ClickhouseHistory
    ) -> None:
        self.count = birth.partitions
        self.registry = registry
        self.filling = filling
        self.history = history
        self.partitions: Sequence[Partition] = ()
        self._client = client
        self._keys = keys
        self._birth = birth
        self._secrets: SharedSecrets

    async def open(self, above: Position = 0) -> None:
        """Have partitions and keys, made where there are none. The seqs of new partitions begin above `above`."""
        from footfall.journal.jetstream import open_partitions
        from footfall.registry.jetstream_secrets import open_secrets

        store, replicas, keys = self._keys.store, self._birth.replicas, self._keys
        self.partitions = await open_partitions(self._client, self.count, store, replicas=replicas, above=above)
        self._secrets = await open_secrets(self._client, keys.secret, keys.owner_key, replicas=replicas)
        if (self._secrets.secret, self._secrets.owner_key) != (keys.secret, keys.owner_key):
            raise StoreMismatch("this cluster has keys of another store", _OTHER)

    async def begin(self, above: Position) -> Vector:
        """Make the cluster, without anything that an earlier copy left; where each partition begins. Its birth is last: nobody
        joins half of it."""
        from footfall.journal.jetstream import drop_partition

        await self.open()  # and see that what goes is ours
        for number in range(self.count):
            await drop_partition(self._client, number)
        await self.history.empty()
        await self.open(above)
        begins = tuple([await partition.head() for partition in self.partitions])
        for partition, begin in zip(self.partitions, begins, strict=True):
            if begin < partition.start + above:
                raise StoreMismatch(
                    f"partition {partition.number} was made by a node or sink just now", "stop nodes and sinks, then run it again"
                )
        await self.registry.put(*BIRTH, msgspec.json.encode(self._birth))
        return begins

    async def bring(self, salts: dict[int, bytes], now: int) -> None:
        """Have the old server's salts of the day, where nobody here made one before. Raises Busy."""
        await self._secrets.bring(salts, now)


@asynccontextmanager
async def target(cluster: Cluster, keys: Keys) -> AsyncIterator[Target]:
    """The cluster that a store is carried to. Raises Busy, HistoryFailed, StoreRefused."""
    connection, _, shared = nats()
    async with AsyncExitStack() as stack:
        client = await connection.connect(cluster.servers)
        stack.push_async_callback(client.close)
        registry = await shared.open_registry(client, replicas=cluster.replicas)
        document = await registry.get(*BIRTH)
        birth = Birth(keys.store, cluster.partitions, cluster.replicas)
        if document is not None:
            birth = msgspec.json.decode(document, type=Birth)
        if birth.store != keys.store:
            raise StoreMismatch(f"this cluster is store {birth.store} already, the folder is {keys.store}", _OTHER)
        history = clickhouse.history_at(cluster.clickhouse, keys.store)
        stack.push_async_callback(history.close)
        if any((await history.positions()).values()) and document is None:
            raise StoreMismatch("this ClickHouse has this store's history of another cluster", "name an empty database")
        filling = await shared.open_registry(client, replicas=birth.replicas, name=FILLING)
        yield Target(client, keys, birth, registry, filling, history)
