"""When a node writes a checkpoint, and what the journal keeps. Any node's checkpoint serves all: who sees first that it is time
writes it. It begins with the vector it was taken at; what is in the rest is live/checkpoint.py's business.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from itertools import chain

import msgspec
import structlog

from footfall.cluster.filler import PLACES
from footfall.cluster.node import Node
from footfall.cluster.watermark import Watermark
from footfall.errors import Busy, HistoryFailed
from footfall.journal.base import Partition, Position, Vector
from footfall.live import checkpoint
from footfall.live.fold import Fold
from footfall.registry.base import Registry

_RECORDS = 100_000  # a tail this long folds in some two seconds at the next start
_ENTRIES_PER_RECORD = 20  # a large state is written less often: at most so many of its entries for each record
_SECONDS = 300.0  # a quiet cluster is checkpointed this often; nodes take up to so much longer, that not all write at once:
_SPREAD = 60.0
_LOOK = 1.0
_PLACES = "checkpoint-place"  # the kind of the documents that say where the kept checkpoints were taken

log = structlog.get_logger(__name__)
_vector = msgspec.msgpack.Decoder(Vector)


class NodeKeeper:
    """Takes checkpoints of a node. Made by the wiring."""

    def __init__(
        self, node: Node, partitions: Sequence[Partition], registry: Registry, watermark: Watermark, last: int, filled: Registry
    ) -> None:
        self._node = node
        self._partitions = partitions
        self._registry = registry
        self._watermark = watermark
        self._filled = filled  # where sinks say what they do not need any more
        self._last = last  # the newest checkpoint that this node knows of, anybody's
        self._stale = 0  # checkpoints before this hold what was erased
        self.pause = asyncio.Lock()  # while it is held no checkpoint is taken and nothing trimmed

    async def run(self) -> None:
        """Take checkpoints when they are due, for ever."""
        quiet, patience = 0.0, _SECONDS
        while True:
            await asyncio.sleep(_LOOK)
            quiet += _LOOK
            if not self._due() and quiet < patience:
                continue
            quiet, patience = 0.0, _SECONDS + random.random() * _SPREAD
            try:
                await self.take()
            except (Busy, HistoryFailed) as error:
                log.warning("no checkpoint could be written; the journal keeps more", error=str(error))

    def _due(self) -> bool:
        fold = self._node.fold
        return fold.seq - self._last >= max(_RECORDS, fold.entries() // _ENTRIES_PER_RECORD)

    def forget(self, before: Position) -> None:
        """The next checkpoint, anybody's, takes the place of those from before a change of rows that was followed."""
        self._stale = before

    @property
    def is_stale(self) -> bool:
        """Whether those are there still."""
        return bool(self._stale)

    async def take(self) -> None:
        """Write a checkpoint of the state as it is now, unless there is one; trim the journal behind the older of two."""
        async with self.pause:
            async with self._node.turn:
                if self._node.changes:
                    return  # a start from it would not know that they are to be followed
                captured, at = checkpoint.capture(self._node.fold), self._node.at
            self._last = max(self._last, *await self._registry.load_checkpoints(checkpoint.FORMAT), 0)
            if captured.seq > self._last:
                await self._write(captured, at)
            if self._stale:
                await self._registry.drop_checkpoints(self._stale)
                self._stale = 0

    async def _write(self, captured: Fold, at: Vector) -> None:
        await save(self._registry, captured, at)
        self._last = captured.seq
        await self._trim()

    async def _trim(self) -> None:
        """Nothing that history lacks, nothing behind the older checkpoint, and nothing that whoever fills history may need."""
        kept = await self._registry.load_checkpoints(checkpoint.FORMAT)
        places = await self._registry.list(_PLACES)
        for id in places.keys() - {str(seq) for seq in kept}:
            await self._registry.delete(_PLACES, id)
        older = places.get(str(kept[-1])) if len(kept) > 1 else None
        if older is not None and self._watermark.passed:
            filled = await self._filled.list(PLACES)
            for partition, *ends in zip(self._partitions, _vector.decode(older), self._watermark.passed, strict=True):
                place = filled.get(str(partition.number))
                if place is not None:
                    await partition.trim(min(*ends, msgspec.json.decode(place, type=int)))


async def save(registry: Registry, captured: Fold, at: Vector) -> None:
    """Write a checkpoint of a captured state, taken at `at`. Raises Busy."""
    place = msgspec.msgpack.encode(at)
    await registry.save_checkpoint(captured.seq, checkpoint.FORMAT, chain((place,), checkpoint.encoded(captured)))
    await registry.put(_PLACES, str(captured.seq), place)


async def load_newest(registry: Registry, tails: Vector, now: int) -> tuple[Fold, Vector] | None:
    """The newest state that the journal can go on from, and where it was taken; None if there is none."""
    for seq in await registry.load_checkpoints(checkpoint.FORMAT):
        stored = await registry.load_checkpoint(seq)
        if stored is None or not stored.parts:
            continue
        try:
            at = _vector.decode(stored.parts[0])
            if len(at) == len(tails) and all(here >= tail for here, tail in zip(at, tails, strict=True)):
                return checkpoint.restored(stored.parts[1:], now), at
        except (msgspec.DecodeError, ValueError) as error:
            log.error("a checkpoint cannot be read; trying an older one", seq=seq, error=str(error))
    return None
