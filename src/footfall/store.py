"""The only place that names concrete backends: opens a data folder, recovers the live state, starts the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from footfall import rules
from footfall.checkpoints import Keeper
from footfall.clock import Clock
from footfall.engine import Engine, Limits
from footfall.errors import Busy, ClockBehind, FootfallError, HistoryFailed, StoreMismatch, StoreRefused
from footfall.folder import Folder, open_folder
from footfall.history.base import History
from footfall.history.duckdb import open_history
from footfall.journal.base import FileJournal, Journal, Position
from footfall.journal.sqlite import open_journal
from footfall.live import checkpoint
from footfall.live.fold import Fold
from footfall.recount.state import recounted
from footfall.registry.base import Registry
from footfall.registry.sqlite import open_registry
from footfall.sink import Filling, Sink

_RESTORE = "restore the whole data folder from one backup"
_LOOK = f"see that the disk has room and the folder can be written; if the file is damaged, {_RESTORE}"
_DRAIN_SECONDS = 4.0  # how long a clean stop waits for history and a checkpoint; without them the next start folds a tail

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Store:
    """An open data folder with its engine running."""

    folder: Folder
    journal: FileJournal
    registry: Registry
    history: History
    engine: Engine
    keeper: Keeper
    tasks: list[asyncio.Task[None]]
    _closed: bool = False

    async def close(self) -> None:
        """Drain: answer everybody, fill history, leave a checkpoint, release the folder. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self.engine.close()
                await self.keeper.take()
        except (TimeoutError, FootfallError) as error:
            log.warning("stopping without a checkpoint; the next start takes longer", error=str(error) or "history is slow")
        finally:
            try:
                await _close(self.engine.sink, self.history, self.registry, self.journal)
            finally:
                self.folder.close()


async def open_store(path: Path, clock: Clock, limits: Limits | None = None, obstacle: Callable[[], str] = lambda: "") -> Store:
    """Open (or make) the data folder at `path`. Raises StoreRefused with a repair."""
    folder = open_folder(path)
    opened: list[Journal | Registry | History | Sink] = []
    try:
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
    return Store(folder, journal, registry, history, engine, keeper, [])


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


async def _close(*parts: Journal | Registry | History | Filling) -> None:
    """All of them, in this order; what one raises on the way is raised when the last is closed."""
    async with AsyncExitStack() as open_parts:
        for part in reversed(parts):
            open_parts.push_async_callback(part.close)
