"""The contract of the registry: small documents by kind and id (sites, settings, cursors), and checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from footfall.journal.base import Position


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A stored fold state: `seq` it was taken at, `parts` its encoded slices, in order."""

    seq: Position
    parts: Sequence[bytes]


class Registry(Protocol):
    """Documents are JSON bytes; what is in them is their owner's business. Every call is durable on return.

    Every method raises Busy when the store cannot be used just now; the next call starts from a fresh connection.
    """

    async def put(self, kind: str, id: str, document: bytes) -> None:
        """Add or replace a document."""
        ...

    async def replace(self, kind: str, id: str, seen: bytes | None, document: bytes) -> bool:
        """Put a document if `seen` is what is there, None if nothing is; whether it was. Of all who saw the same, one does."""
        ...

    async def get(self, kind: str, id: str) -> bytes | None:
        """The document, or None."""
        ...

    async def list(self, kind: str) -> dict[str, bytes]:
        """All documents of a kind, by id, in order of id."""
        ...

    async def delete(self, kind: str, id: str) -> bool:
        """Remove it; whether it was there."""
        ...

    async def save_checkpoint(self, seq: Position, version: str, parts: Iterable[bytes]) -> None:
        """Write the parts one small transaction each (the journal shares the file and must not wait), then mark the whole
        valid, with a checksum. Two valid ones are kept, older ones go. A crash in between leaves nothing that loads."""
        ...

    async def load_checkpoints(self, version: str) -> Sequence[Position]:
        """The seqs of the valid checkpoints of this version, newest first."""
        ...

    async def load_checkpoint(self, seq: Position) -> Checkpoint | None:
        """The checkpoint, or None if it is missing or its checksum does not hold."""
        ...

    async def drop_checkpoints(self, before: Position) -> None:
        """Remove those with seq < `before` (after a barrier: they hold what was erased)."""
        ...

    async def close(self) -> None:
        """Close; a second call does nothing."""
        ...


class SharedRegistry(Registry, Protocol):
    """One that several processes use at the same time."""

    async def create(self, kind: str, id: str, document: bytes) -> bytes:
        """Add a document if there is none; the one that is there then, whoever was first."""
        ...
