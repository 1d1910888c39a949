"""Each partition has a lane: what waits for it is appended together, in order, one append after another.

A lane takes *everything* that waits, as the embedded engine does: small batches when idle, large ones when busy, no timer. Lanes
do not wait for each other, so a partition whose leader is gone stops its own visitors alone. It knows no fold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from footfall.errors import Busy, Full, JournalFailed
from footfall.journal.base import Partition, Position
from footfall.model import Record
from footfall.supervised import supervised

_REOPEN_SECONDS = 0.5
_LOOK_SECONDS = 5.0
_MOST_RECORDS = 4_000  # of one append
_STOPPING = "the server is stopping"

log = structlog.get_logger(__name__)

Waiting = tuple[Sequence[Record], "asyncio.Future[Position]", bool]


class Lane:
    """Appends to one partition. `failure` says why it takes nothing, "" if it does."""

    def __init__(self, partition: Partition) -> None:
        self.failure = ""
        self.waiting = 0  # records
        self.appends = 0
        self.append_seconds = 0.0
        self._partition = partition
        self._queue: list[Waiting] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running loop."""
        name = f"lane {self._partition.number}"
        self._task = supervised(asyncio.create_task(self._run(), name=name), self._broken)

    def check(self) -> None:
        """Raises Full when it takes nothing."""
        if self.failure or self._closing:
            raise Full(self.failure or _STOPPING)

    def submit(self, records: Sequence[Record], *, alone: bool = False) -> asyncio.Future[Position]:
        """Append them; done when they are durable, with the seq of the last record of their batch: theirs, if they ask to be
        alone in it. Raises Full at once, JournalFailed when it is awaited."""
        self.check()
        durable: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        self._queue.append((records, durable, alone))
        self.waiting += len(records)
        self._wake.set()
        return durable

    async def close(self) -> None:
        """Append what waits, take nothing more. Cancelling it cuts that off."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        self._turn_away(self._take(len(self._queue)), Full(_STOPPING))

    def _broken(self, what: str) -> None:
        self.failure = what
        self._turn_away(self._take(len(self._queue)), Full(what))

    async def _run(self) -> None:
        while self._queue or not self._closing:
            if not self._queue:
                await self._idle()
                continue
            batch = self._take(self._fitting())
            try:
                seq = await self._append([record for records, _, _ in batch for record in records])
            except JournalFailed as error:
                await self._mend(batch, error)
                continue
            for _, durable, _ in batch:
                if not durable.done():
                    durable.set_result(seq)

    async def _idle(self) -> None:
        """Wait for something to append, and see now and then whether it could be: nobody shall be the first to find out."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._wake.wait()
            self._wake.clear()
        except TimeoutError:
            try:
                await self._partition.head()
            except JournalFailed as error:
                await self._mend([], error)

    async def _append(self, records: list[Record]) -> Position:
        began = asyncio.get_running_loop().time()
        seq = await self._partition.append(records)
        self.appends += 1
        self.append_seconds += asyncio.get_running_loop().time() - began
        return seq

    def _fitting(self) -> int:
        """How many of those who wait go into one append."""
        count, size = 0, 0
        for records, _, alone in self._queue:
            size += len(records)
            if count and (alone or size > _MOST_RECORDS):
                break
            count += 1
            if alone:
                break
        return count

    def _take(self, count: int) -> list[Waiting]:
        batch, self._queue = self._queue[:count], self._queue[count:]
        self.waiting -= sum(len(records) for records, _, _ in batch)
        return batch

    async def _mend(self, batch: list[Waiting], error: JournalFailed) -> None:
        """Nobody who waits is acknowledged, and nothing is taken until the partition answers again. What it holds all the same
        will be followed like everything else."""
        number = self._partition.number
        log.error("a partition could not be appended to", partition=number, error=str(error))
        self.failure = f"partition {number} of the journal cannot be written"
        self._turn_away(batch, JournalFailed(self.failure))
        while not self._closing:
            self._turn_away(self._take(len(self._queue)), JournalFailed(self.failure))
            await asyncio.sleep(_REOPEN_SECONDS)
            try:
                await self._partition.reopen()
            except JournalFailed as again:
                log.warning("a partition is still unavailable", partition=number, error=str(again))
                continue
            self.failure = ""
            return

    def _turn_away(self, batch: list[Waiting], error: Busy) -> None:
        for _, durable, _ in batch:
            if not durable.done():
                durable.set_exception(error)
