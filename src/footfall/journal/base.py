"""The contract of a journal: where records become durable, in one order per visitor. It decides nothing.

A backend can be written from this page alone; tests/conformance runs over every one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

from footfall.model import Record

Position = int  # the seq of the last record; 0 before the first. Opaque to everyone but the journal and the engine.


class Journal(Protocol):
    """Records get consecutive seqs from 1. One process appends; calls of `append` do not overlap."""

    store_id: str  # random, made with the store; history carries the same one

    async def append(self, records: Sequence[Record]) -> Position:
        """Make all of `records` durable, in order, or none. Returns the seq of the last one; the others count back from it.

        Raises JournalFailed when it cannot say that they are durable; then call `reopen` before anything else.
        """
        ...

    async def reopen(self) -> Position:
        """After a failed append: open the store anew and return its true head. Raises JournalFailed while it cannot."""
        ...

    def follow(self, after: Position) -> AsyncIterator[tuple[Position, Sequence[Record]]]:
        """All records with a seq above `after` that are durable now, in order, in batches of (seq of the last, records).

        Ends at the head (the embedded process feeds itself). A gap raises StoreMismatch.
        """
        ...

    async def head(self) -> Position:
        """The seq of the last durable record, 0 if none was ever written."""
        ...

    async def tail(self) -> Position:
        """Records up to this seq may have been trimmed: `follow(after)` needs after >= tail."""
        ...

    async def trim(self, before: Position, *, wipe: bool = False) -> None:
        """Forget records with seq <= `before`, as far as whole batches allow. With `wipe`, none of what was forgotten (nor of
        checkpoints that were dropped before) can be found in the store's files on return. Raises JournalFailed."""
        ...

    async def copy(self, file: Path) -> Position:
        """Write everything, as it is at one moment, into a new file; the tail it has. Appends go on meanwhile.
        Raises JournalFailed; what it leaves then is of no use."""
        ...

    async def close(self) -> None:
        """Flush and close; a second call does nothing."""
        ...
