"""The only place that names concrete backends: opens a data folder or joins a cluster, recovers the state, starts the engine."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

import msgspec
import structlog

from footfall import rules
from footfall.checkpoints import Keeper, Keeping
from footfall.clock import Clock
from footfall.cluster.filler import open_filler
from footfall.cluster.filling import Filling
from footfall.cluster.following import Following
from footfall.cluster.keeper import NodeKeeper, load_newest
from footfall.cluster.node import Node
from footfall.cluster.watermark import Watermark
from footfall.engine import Engine, Limits
from footfall.errors import Busy, ClockBehind, FootfallError, HistoryFailed, StoreMismatch, StoreRefused
from footfall.folder import Folder, open_folder
from footfall.history import clickhouse
from footfall.history.base import ExportedHistory, FileHistory, History
from footfall.history.duckdb import open_history
from footfall.history.none import NoHistory
from footfall.hold import refusal
from footfall.journal.base import FileJournal, Journal, Partition, Position, Vector
from footfall.journal.sqlite import open_journal
from footfall.live import checkpoint
from footfall.live.fold import Fold
from footfall.model import Rows
from footfall.recount.state import recounted
from footfall.registry.base import Registry, SharedRegistry
from footfall.registry.sqlite import open_registry
from footfall.sink import Sink
from footfall.supervised import cancelled, supervised

_RESTORE = "restore the whole data folder from one backup"
_LOOK = f"see that the disk has room and the folder can be written; if the file is damaged, {_RESTORE}"
_SERVERS = (
    "see that most of the NATS servers run, with JetStream; that they are as many as --cluster-replicas says (3 by default); "
    "and that name and password in --cluster are right"
)
FILLING = "footfall-filling"  # what sinks keep in NATS
BIRTH = "cluster", "birth"  # the kind and the id of that document
_RENEW_SECONDS = 60.0
_DRAIN_SECONDS = 4.0  # how long a clean stop waits for history and a checkpoint; without them the next start folds a tail

log = structlog.get_logger(__name__)


class Closing(Protocol):
    """What is closed at the end."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster to join, and what it is to be like if it has no node yet."""

    servers: Sequence[str]
    partitions: int = 8
    replicas: int = 3
    clickhouse: str = ""


class Birth(msgspec.Struct, frozen=True):
    """What the first node of a cluster decided, once and for all. A document of its registry."""

    store: str
    partitions: int
    replicas: int


@dataclass(slots=True)
class Store:
    """An open data folder with its engine running. In a cluster there is no journal here, `shares` are its partitions, and
    `revision` another number whenever any node changed the registry."""

    folder: Folder
    journal: FileJournal | None
    registry: Registry
    history: ExportedHistory
    engine: Engine
    keeper: Keeping
    tasks: list[asyncio.Task[None]]
    parts: Sequence[Closing]  # in the order in which they are closed
    salt: Callable[[int], bytes]
    shares: int = 1
    revision: Callable[[], Awaitable[int]] | None = None
    files: FileHistory | None = None  # the history, if it is in a file
    alone: Callable[[str], AbstractAsyncContextManager[bool]] = lambda what: nullcontext(True)  # whether nobody else does it
    _closed: bool = False

    async def close(self) -> None:
        """Drain: answer everybody, fill history, leave a checkpoint, release the folder. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        await cancelled(*self.tasks)
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self.engine.close()
                await self.keeper.take()
        except (TimeoutError, FootfallError) as error:
            log.warning("stopping without a checkpoint; the next start takes longer", error=str(error) or "history is slow")
        finally:
            try:
                await _close(*self.parts)
            finally:
                self.folder.close()


async def open_store(path: Path, clock: Clock, limits: Limits | None = None, obstacle: Callable[[], str] = lambda: "") -> Store:
    """Open (or make) the data folder at `path`. Raises StoreRefused with a repair."""
    folder = open_folder(path)
    opened: list[Closing] = []
    try:
        if folder.is_shared:
            raise StoreRefused(
                f"{path} belongs to a node of a cluster", "start that node, or name its --cluster and --clickhouse"
            )
        journal = await open_journal(folder.journal, folder.store_id)
        opened.insert(0, journal)
        registry = await open_registry(folder.journal)
        opened.insert(0, registry)
        history = await open_history(folder.history, folder.store_id, outgoing=folder.outgoing)
        opened.insert(0, history)
        fold, sink, kept = await _recovered(journal, registry, history, clock)
        engine = Engine(fold, journal, history, sink, clock, limits or Limits(), obstacle)
        keeper = Keeper(engine, journal, registry, kept)
        engine.on_barrier = keeper.barrier
        engine.held = lambda: refusal(registry, clock())
        sink.start()
        opened.insert(0, sink)
        await engine.catch_up()
        _check_clock(engine.fold, clock())
    except BaseException as error:
        try:
            await _close(*opened)
        finally:
            folder.close()
        if isinstance(error, Busy | HistoryFailed):  # later this passes; at a start it is a person's matter
            raise StoreRefused(str(error), _LOOK) from error
        raise
    engine.start()
    return Store(folder, journal, registry, history, engine, keeper, [], opened, folder.salt, files=history)


async def open_node(
    path: Path, cluster: Cluster, clock: Clock, limits: Limits | None = None, obstacle: Callable[[], str] = lambda: ""
) -> Store:
    """Join a cluster. The folder at `path` is this node's own, and keeps nothing that would be missed. Raises StoreRefused with a
    repair."""
    folder = open_folder(path)
    opened: list[Closing] = []
    try:
        store = await _joined(folder, cluster, clock, limits or Limits(), obstacle, opened)
    except BaseException as error:
        try:
            await _close(*opened)
        finally:
            folder.close()
        if isinstance(error, Busy | HistoryFailed):
            raise StoreRefused(str(error), _SERVERS) from error
        raise
    store.engine.start()
    return store


async def _joined(
    folder: Folder, cluster: Cluster, clock: Clock, limits: Limits, obstacle: Callable[[], str], opened: list[Closing]
) -> Store:
    """A node that has folded what the cluster's journal holds. What has to be closed is put in front of `opened`."""
    connection, jetstream, shared = nats()
    from footfall.registry.jetstream_leases import open_leases
    from footfall.registry.jetstream_secrets import open_secrets

    client = await connection.connect(cluster.servers)
    opened.insert(0, client)
    registry = await shared.open_registry(client, replicas=cluster.replicas)
    opened.insert(0, registry)
    birth = await _born(registry, cluster, folder.store_id)
    filled = await shared.open_registry(client, replicas=birth.replicas, name=FILLING)
    keys = await open_secrets(client, folder.secret, folder.owner_key, replicas=birth.replicas)
    await keys.renew(clock())
    folder.share(birth.store, keys.secret, keys.owner_key)
    leases = await open_leases(client, secrets.token_hex(8), replicas=birth.replicas)
    partitions = await jetstream.open_partitions(client, birth.partitions, birth.store, replicas=birth.replicas)
    opened[:0] = partitions
    history = clickhouse.history_at(cluster.clickhouse, birth.store) if cluster.clickhouse else NoHistory()
    starts = tuple(partition.start for partition in partitions)
    watermark = Watermark(history.positions, starts)
    outage = connection.Outage(client)
    fold, at = await _newest(registry, partitions, starts, clock)
    node = Node(fold, partitions, at, history, watermark, clock, limits, lambda: outage.obstacle() or obstacle())
    node.held = lambda: refusal(registry, clock())
    keeper = NodeKeeper(node, partitions, registry, watermark, fold.seq, filled)
    watermark.at = at
    watermark.offer(Rows(), fold.seq)  # history may have all of a checkpoint, and nothing may come behind it for a while
    watermark.start()
    opened[:0] = (watermark, history)
    await node.catch_up()
    _check_clock(node.fold, clock())
    following = Following(node, history, watermark, filled, keeper)
    tasks = [
        supervised(asyncio.create_task(_renews(keys.renew, clock), name="salts")),
        supervised(asyncio.create_task(following.run(), name="following")),
    ]
    shared_by = birth.partitions, registry.revision, None, leases.alone
    return Store(folder, None, registry, history, node, keeper, tasks, opened, keys.salt, *shared_by)


def nats() -> tuple[ModuleType, ModuleType, ModuleType]:
    """NATS is an extra that who has one machine does not need. Raises StoreRefused."""
    try:
        from footfall.journal import jetstream, jetstream_connection
        from footfall.registry import jetstream as shared
    except ImportError as error:
        raise StoreRefused(f"this Footfall cannot join a cluster: {error}", "pip install 'footfall[cluster]'") from error
    return jetstream_connection, jetstream, shared


async def _born(registry: SharedRegistry, cluster: Cluster, store_id: str) -> Birth:
    """What the first process of the cluster decided: this one, if it is."""
    birth = Birth(store_id, cluster.partitions, cluster.replicas)
    document = await registry.create(*BIRTH, msgspec.json.encode(birth))
    return msgspec.json.decode(document, type=Birth)


async def open_filling(cluster: Cluster, clock: Clock) -> tuple[Filling, Callable[[], Awaitable[None]]]:
    """What fills the history of a cluster, and how all of it is closed. Raises StoreRefused with a repair."""
    opened: list[Closing] = []
    try:
        filling = await _filling(cluster, clock, opened)
    except BaseException as error:
        await _close(*opened)
        if isinstance(error, Busy | HistoryFailed):
            raise StoreRefused(str(error), _SERVERS) from error
        raise
    opened.insert(0, filling)
    return filling, lambda: _close(*opened)


async def _filling(cluster: Cluster, clock: Clock, opened: list[Closing]) -> Filling:
    connection, jetstream, shared = nats()
    from footfall.registry.jetstream_leases import open_leases

    client = await connection.connect(cluster.servers)
    opened.insert(0, client)
    birth = await _born(await shared.open_registry(client, replicas=cluster.replicas), cluster, secrets.token_hex(8))
    registry = await shared.open_registry(client, replicas=birth.replicas, name=FILLING)
    leases = await open_leases(client, secrets.token_hex(8), replicas=birth.replicas)
    history = clickhouse.history_at(cluster.clickhouse, birth.store)
    opened.insert(0, history)
    partitions = await jetstream.open_partitions(client, birth.partitions, birth.store, replicas=birth.replicas)
    outage = connection.Outage(client)
    return Filling(partitions, leases, lambda partition: open_filler(partition, history, registry, clock), outage.obstacle)


async def _newest(registry: Registry, partitions: Sequence[Partition], starts: Vector, clock: Clock) -> tuple[Fold, Vector]:
    """The newest checkpoint's state and place; the beginning, if the journal still has it."""
    tails = tuple([await partition.tail() for partition in partitions])
    found = await load_newest(registry, tails, clock())
    if found is None and tails != starts:
        raise StoreMismatch(
            "no checkpoint is left that the journal could go on from",
            "restore streams and checkpoints from one backup; while a store is being carried here, wait for footfall migrate",
        )
    return found or (Fold(), starts)


async def _renews(renew: Callable[[int], Awaitable[None]], clock: Clock) -> None:
    while True:
        await asyncio.sleep(_RENEW_SECONDS)
        try:
            await renew(clock())
        except Busy as error:
            log.warning("salts could not be renewed", error=str(error))


async def _recovered(journal: Journal, registry: Registry, history: History, clock: Clock) -> tuple[Fold, Sink, Position]:
    """The newest state that history and the journal can go on from, and the checkpoint that it comes from, 0 if it is from the
    rows; the tail of the journal is still to be folded."""
    head, tail, position = await journal.head(), await journal.tail(), await history.position()
    if position > head:
        raise StoreMismatch(
            f"history is at record {position}, but the journal ends at {head}: the journal was lost or is an older copy", _RESTORE
        )
    if position < tail:
        raise StoreMismatch(
            f"history is at record {position}, but the journal begins after {tail}: history was lost or is an older copy",
            _RESTORE,
        )
    for seq in await registry.load_checkpoints(checkpoint.FORMAT):
        if not tail <= seq <= position:
            continue
        stored = await registry.load_checkpoint(seq)
        if stored is None:
            continue
        try:
            return checkpoint.restored(stored.parts, clock()), Sink(history, position), seq
        except (msgspec.DecodeError, ValueError) as error:
            log.error("a checkpoint cannot be read; trying an older one", seq=seq, error=str(error))
    if tail == 0:
        return Fold(), Sink(history, position), 0
    log.warning("no checkpoint is left; counting the rows", position=position)
    return await recounted(history, position), Sink(history, position), 0


def _check_clock(fold: Fold, now: int) -> None:
    if now < fold.now - rules.CLOCK_TOLERANCE:
        raise ClockBehind(
            f"the clock is {(fold.now - now) // rules.SECOND} s behind the last record",
            "set the machine's clock right, then start again",
        )


async def _close(*parts: Closing) -> None:
    """All of them, in this order; what one raises on the way is raised when the last is closed."""
    async with AsyncExitStack() as open_parts:
        for part in reversed(parts):
            open_parts.push_async_callback(part.close)
