"""All partitions as one stream of batches, in about the order of their time. It knows no fold and decides nothing.

The order among partitions is of no consequence for what is judged, visitor by visitor. But whoever folds has one clock, the
latest time that a record told, and what is more than half an hour behind it is too old. So a partition that is known to be behind
(at the start, after it could not be read) is waited for, and of those that have something the earliest is next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from footfall.errors import JournalFailed
from footfall.journal.base import Batch, Partition, Position, Vector
from footfall.model import Fact
from footfall.supervised import cancelled, supervised

_AHEAD = 32  # batches of a partition that are read before the first of them is taken
_AGAIN_SECONDS = 0.25
_PATIENCE = 5.0  # so long all wait for one that cannot be read: the times of live facts are closer together than half an hour

log = structlog.get_logger(__name__)


class Merged:
    """Reads partitions behind a vector; `next` gives one batch after another, for ever."""

    def __init__(self, partitions: Sequence[Partition], after: Vector) -> None:
        self._readers = [_Reader(partition, position) for partition, position in zip(partitions, after, strict=True)]
        self._change = asyncio.Event()

    def start(self) -> None:
        """Begin to read; needs a running loop."""
        for reader in self._readers:
            reader.start(self._change)

    async def next(self) -> Batch:
        """The next batch, with at least one record. Raises what a reader ended with: StoreMismatch."""
        blocked = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            ready = [reader for reader in self._readers if reader.batches]
            late = [reader for reader in self._readers if reader.behind and not reader.batches]
            now = asyncio.get_running_loop().time()
            if ready and (not late or now > blocked):
                return min(ready, key=_Reader.time).take()
            for reader in self._readers:
                reader.check()
            self._change.clear()
            try:
                async with asyncio.timeout(max(0.0, blocked - now) if ready else None):
                    await self._change.wait()
            except TimeoutError:
                log.warning("partitions cannot be read; the others go on", partitions=[reader.number for reader in late])

    async def close(self) -> None:
        """Stop reading."""
        for reader in self._readers:
            await reader.close()


class _Reader:
    """Reads one partition a few batches ahead. `behind`: it has not been at the head since it began, or began again."""

    def __init__(self, partition: Partition, after: Position) -> None:
        self.number = partition.number
        self.batches: deque[Batch] = deque()
        self.behind = True
        self._partition = partition
        self._after = after
        self._room = asyncio.Semaphore(_AHEAD)
        self._task: asyncio.Task[None] | None = None
        self._change = asyncio.Event()

    def start(self, change: asyncio.Event) -> None:
        self._change = change
        name = f"partition {self.number}"
        self._task = supervised(asyncio.create_task(self._run(), name=name), lambda what: change.set())

    def time(self) -> int:
        """Of the first batch."""
        first = self.batches[0][1][0]
        return first.arrival if isinstance(first, Fact) else first.at

    def take(self) -> Batch:
        self._room.release()
        return self.batches.popleft()

    def check(self) -> None:
        """Raise what the reader ended with."""
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.result()

    async def close(self) -> None:
        if self._task is not None:
            await cancelled(self._task)

    async def _run(self) -> None:
        while True:
            try:
                async for batch in self._partition.watch(self._after):
                    if batch[1]:
                        await self._room.acquire()
                        self.batches.append(batch)
                        self._after = batch[0]
                    else:
                        self.behind = False
                    self._change.set()
            except JournalFailed as error:
                self.behind = True
                log.warning("a partition cannot be read just now", partition=self.number, error=str(error))
            await asyncio.sleep(_AGAIN_SECONDS)
