"""One partition of the journal on its way into history: its records, folded by a fold of its own, and the rows carried on.

What it makes is a function of the partition alone, so it may be stopped anywhere and begun again anywhere before: rows that
history has are left out, and all of it may be done twice at the same time without harm. It names no backend.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from footfall.engine import change_rows, tell_faults
from footfall.errors import Busy, HistoryFailed, StoreMismatch
from footfall.history.base import PartitionedHistory
from footfall.journal.base import Partition, Position, numbered, partition_of
from footfall.live import checkpoint
from footfall.live.fold import Fold
from footfall.model import Record
from footfall.recount.barriers import Attempts, Barrier, follow
from footfall.recount.state import recounted
from footfall.registry.base import SharedRegistry
from footfall.sink import Sink

PLACES = "filled"  # the kind of the documents that say how far the journal of a partition is no longer needed to fill history
CHANGED = "changed"  # the kind of those that tell the result of a change of rows, by the seq of its copy in the partition
_BREATH = 400  # records folded before the loop looks at other work
_PENDING_BYTES = 64_000_000  # rows that wait for history; more are not read from the journal
_AGAIN_SECONDS = 0.5
_PACE = 0.4  # seconds between steps: nobody here knows that a question waits
_SECONDS = 300.0  # and one in so long where little comes in

log = structlog.get_logger(__name__)


class Filler:
    """Fills history from one partition. `sink` says how far it is."""

    def __init__(
        self, partition: Partition, fold: Fold, history: PartitionedHistory, sink: Sink, registry: SharedRegistry, last: Position
    ) -> None:
        self.fold = fold
        self.sink = sink
        self._partition = partition
        self._history = history
        self._registry = registry
        self._last = last  # the newest checkpoint
        self._taken = 0.0
        self._changing = False

    async def run(self) -> None:
        """Follow the partition, for ever. Raises StoreMismatch when it does not hold what comes next."""
        self.sink.start()
        self._taken = asyncio.get_running_loop().time()
        while True:
            try:
                async for last, records in self._partition.watch(self.fold.seq):
                    await self._fold(last, records)
            except (Busy, HistoryFailed) as error:
                log.warning("a partition cannot be followed now", partition=self._partition.number, error=str(error))
            await asyncio.sleep(_AGAIN_SECONDS)

    async def finish(self) -> None:
        """Carry what was folded, and leave a checkpoint; a change of rows that was cut off begins again from the one before it.
        Raises Busy, HistoryFailed."""
        if self._changing:
            return
        await self.sink.reach(self.fold.seq)
        await self._save()

    async def close(self) -> None:
        """Stop carrying."""
        await self.sink.close()

    async def _fold(self, last: Position, records: Sequence[Record]) -> None:
        for count, (seq, record) in enumerate(numbered(last, records), 1):
            if isinstance(record, Barrier):
                await self._change(seq, record)
            else:
                self.fold.apply(seq, record)
            if count % _BREATH == 0:
                await asyncio.sleep(0)
        self.fold.seq = last
        self._hand_on(last)
        while self.sink.pending_bytes > _PENDING_BYTES:
            await self.sink.reach(self.sink.position + 1)
        if self._due():
            await self._save()

    def _hand_on(self, seq: Position) -> None:
        fold = self.fold
        self.sink.offer(fold.take_rows(), seq)
        fold.dirty.clear()
        tell_faults(fold)

    # --- checkpoints ---

    def _due(self) -> bool:
        """Records are a small part of a batch's seqs, so what was folded is counted by time and by the state's size."""
        waited = asyncio.get_running_loop().time() - self._taken
        return waited > _SECONDS + self.fold.entries() / 1_000_000 and self.fold.seq > self._last

    async def _save(self) -> None:
        """A checkpoint of the state as it is, valid since history has everything up to it; what comes before the older of two is
        not needed any more."""
        self._taken = asyncio.get_running_loop().time()
        if self.fold.seq == self._last:
            return
        captured = checkpoint.capture(self.fold)
        await self.sink.reach(captured.seq)
        await self._registry.save_checkpoint(captured.seq, checkpoint.FORMAT, checkpoint.encoded(captured))
        needed_from, self._last = self._last, captured.seq
        if needed_from:
            await self._registry.put(PLACES, str(self._partition.number), msgspec.json.encode(needed_from))
        await self._forget_results()

    async def _forget_results(self) -> None:
        """Of changes of rows whose asker is gone: the journal is trimmed past them."""
        tail = await self._partition.tail()
        for id in await self._registry.list(CHANGED):
            if partition_of(int(id)) == self._partition.number and int(id) <= tail:
                await self._registry.delete(CHANGED, id)

    # --- barriers ---

    async def _change(self, seq: Position, change: Barrier) -> None:
        """Carry out this partition's copy of a change of rows, however often it takes; a crash anywhere before its checkpoint
        repeats it harmlessly."""
        self._hand_on(seq - 1)
        attempts = Attempts(change, seq)

        async def tell(count: int) -> None:
            await self._registry.create(CHANGED, str(seq), msgspec.json.encode(count))  # the first one that was told stays

        self._changing = True
        while self._changing:
            try:
                await change_rows(self._history, self.sink, seq, change, tell)
                await follow(self.fold, self._history, seq, change)
                await self._registry.drop_checkpoints(seq)
                self._last = 0
                await self._save()
                self._changing = False
            except (Busy, HistoryFailed) as error:
                self.sink.failure = attempts.failure(error)
                await attempts.pause()
        if attempts.failed:
            self.sink.failure = ""


async def open_filler(
    partition: Partition, history: PartitionedHistory, registry: SharedRegistry, clock: Callable[[], int]
) -> Filler:
    """One that goes on where history is: from the newest checkpoint before, from the beginning of the partition while the journal
    still has it, else from the rows. Raises Busy, HistoryFailed, StoreMismatch."""
    tail, head, start = await partition.tail(), await partition.head(), partition.start
    here = (await history.positions()).get(partition.number, start)
    if here > head:
        raise StoreMismatch(
            f"history is ahead of partition {partition.number} of the journal, which was lost or is an older copy",
            "restore the streams and ClickHouse from one backup",
        )
    sink = Sink(history, here, _PACE)
    for seq in await registry.load_checkpoints(checkpoint.FORMAT):
        if partition_of(seq) != partition.number or not tail <= seq <= here:
            continue
        stored = await registry.load_checkpoint(seq)
        if stored is None:
            continue
        try:
            return Filler(partition, checkpoint.restored(stored.parts, clock()), history, sink, registry, seq)
        except (msgspec.DecodeError, ValueError) as error:
            log.error("a checkpoint cannot be read; trying an older one", seq=seq, error=str(error))
    if tail <= start:
        fold = Fold()
        fold.seq = start
    elif tail <= here:
        log.warning("no checkpoint is left; counting the rows", partition=partition.number, position=here)
        fold = await recounted(history, here)
    else:
        raise StoreMismatch(
            f"history is at record {here} of partition {partition.number}, but the journal begins after {tail}",
            "restore the streams and ClickHouse from one backup; while a store is being carried here, wait for footfall migrate",
        )
    return Filler(partition, fold, history, sink, registry, 0)
