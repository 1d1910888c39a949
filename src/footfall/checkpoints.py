"""When checkpoints are taken and the journal is trimmed. What is in one is live/checkpoint.py's business.

A checkpoint is valid once history has everything up to its seq; two are kept, and the journal
keeps what lies after the older one.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from footfall.engine import Engine
from footfall.errors import Busy, HistoryFailed
from footfall.hold import held
from footfall.journal.base import Journal, Position
from footfall.live import checkpoint
from footfall.registry.base import Registry

_RECORDS = 100_000  # a tail this long folds in some two seconds at the next start
_ENTRIES_PER_RECORD = 20  # a large state is written less often: at most so many of its entries for each record
_SECONDS = 300.0  # a quiet store is checkpointed this often
_LOOK = 1.0

log = structlog.get_logger(__name__)


class Keeping(Protocol):
    """Whoever takes checkpoints: a Keeper, or a node's."""

    pause: asyncio.Lock

    async def run(self) -> None: ...
    async def take(self) -> None: ...


class Keeper:
    """Takes checkpoints of an engine. Made by `store.py`."""

    def __init__(self, engine: Engine, journal: Journal, registry: Registry, last: Position) -> None:
        self._engine = engine
        self._journal = journal
        self._registry = registry
        self._last = last
        self.pause = asyncio.Lock()  # while it is held no checkpoint is taken and nothing trimmed, but by an erase

    async def run(self) -> None:
        """Take checkpoints when they are due, for ever."""
        quiet = 0.0
        while True:
            await asyncio.sleep(_LOOK)
            quiet += _LOOK
            records = self._engine.fold.seq - self._last
            due = max(_RECORDS, self._engine.fold.entries() // _ENTRIES_PER_RECORD)
            if records >= due or (records and quiet >= _SECONDS):
                quiet = 0.0
                try:
                    await self.take()
                except (Busy, HistoryFailed) as error:
                    log.warning("no checkpoint could be written; the journal keeps more", error=str(error))

    async def take(self) -> None:
        """Write a checkpoint of the state as it is now, and trim the journal behind the older of the two kept."""
        async with self.pause:
            captured = checkpoint.capture(self._engine.fold)
            if captured.seq <= self._last:
                return
            await self._engine.sink.reach(captured.seq)
            await self._registry.save_checkpoint(captured.seq, checkpoint.FORMAT, checkpoint.encoded(captured))
            self._last = captured.seq
            kept = await self._registry.load_checkpoints(checkpoint.FORMAT)
            if len(kept) > 1:
                needed_from = min(kept[-1], self._engine.sink.position)
                if hold := await held(self._registry, self._engine.now()):
                    needed_from = min(needed_from, hold.carried)
                await self._journal.trim(needed_from)

    async def barrier(self, seq: Position) -> None:
        """After an erase at `seq`: a checkpoint of the new state, and nothing left that holds what was erased."""
        captured = checkpoint.capture(self._engine.fold)
        await self._registry.save_checkpoint(seq, checkpoint.FORMAT, checkpoint.encoded(captured))
        self._last = seq
        await self._registry.drop_checkpoints(seq)
        await self._journal.trim(seq, wipe=True)
