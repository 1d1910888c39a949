"""The contract of a journal: where records become durable, in one order per visitor. It decides nothing.

A journal is one order of records. One machine has one; a cluster has several beside each other, its partitions: all facts of a
visitor are in one of them, and each is a journal in itself, so whoever can follow one can follow all.
A backend can be written from this page alone; tests/conformance runs over every one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from footfall.model import Record

Position = int  # the seq of the last record. Opaque to everyone but the journal and the engine.
Vector = tuple[Position, ...]  # how far in each of several partitions, by number
Batch = tuple[Position, Sequence[Record]]  # the seq of the last record; the others count back from it

PARTITION_BITS = 52  # of a seq lie below the number of its partition: a seq is below 2^63 and unique in all of them
MOST_PARTITIONS = 1 << 63 - PARTITION_BITS


def partition_of(seq: Position) -> int:
    """The number of the partition that a record is in; 0 where there is only one."""
    return seq >> PARTITION_BITS


def numbered(last: Position, records: Sequence[Record]) -> Iterator[tuple[Position, Record]]:
    """The records of a batch, each with its seq."""
    return enumerate(records, last - len(records) + 1)


class Journal(Protocol):
    """Records get seqs that grow, without a gap inside one batch. A journal that one process alone writes to (the embedded one)
    counts from 1 without any gap. Calls of `append` do not overlap."""

    store_id: str  # random, made with the store; history carries the same one

    async def append(self, records: Sequence[Record]) -> Position:
        """Make all of `records` durable, in order. Returns the seq of the last one; where one process alone writes, or the
        records are few, the others count back from it.

        Raises JournalFailed when it cannot say that they are durable; then call `reopen` before anything else. Where one process
        alone writes, either all of them turn out to be there or none.
        """
        ...

    async def reopen(self) -> Position:
        """After a failed append: open the store anew and return its true head. Raises JournalFailed while it cannot."""
        ...

    def follow(self, after: Position) -> AsyncIterator[Batch]:
        """All records with a seq above `after` that are durable now, in order, in batches.

        Ends at the head (the embedded process feeds itself). A gap raises StoreMismatch.
        """
        ...

    async def head(self) -> Position:
        """The seq of the last durable record; before the first, 0, or in a partition what its seqs begin above."""
        ...

    async def tail(self) -> Position:
        """Records up to this seq may have been trimmed: `follow(after)` needs after >= tail."""
        ...

    async def trim(self, before: Position, *, wipe: bool = False) -> None:
        """Forget records with seq <= `before`, as far as whole batches allow. With `wipe`, none of what was forgotten (nor of
        checkpoints that were dropped before) can be found in the store's files on return. Raises JournalFailed."""
        ...

    async def close(self) -> None:
        """Flush and close; a second call does nothing."""
        ...


class Behind(NamedTuple):
    """What of a partition is behind a position: how many messages, and when the first of them was appended."""

    messages: int = 0
    since: int = 0  # ms since 1970 UTC; 0 if there is none


class FileJournal(Journal, Protocol):
    """One that lies in a file."""

    async def copy(self, file: Path) -> Position:
        """Write everything, as it is at one moment, into a new file; the tail it has. Appends go on meanwhile.
        Raises JournalFailed; what it leaves then is of no use."""
        ...


class Partition(Journal, Protocol):
    """One of the journals of a cluster: many processes append to it at the same time, and follow what all of them did."""

    number: int
    start: Position  # its seqs are above

    def watch(self, after: Position) -> AsyncIterator[Batch]:
        """As `follow`, but it goes on at the head, for ever: what anybody appends comes as soon as it is durable. A batch
        without records (and the position that was reached) says that the head was there a moment ago.

        Raises JournalFailed when it cannot go on now; watch again from the last batch. A gap raises StoreMismatch.
        """
        ...

    async def behind(self, position: Position) -> Behind:
        """What is durable and not yet whole at `position`. Raises JournalFailed."""
        ...
