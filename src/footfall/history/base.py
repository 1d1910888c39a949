"""The contract of history: where rows wait to be asked about. It knows no metric and no widget.

A backend can be written from this page alone; tests/conformance runs over every one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from footfall.journal.base import Position
from footfall.model import Rows, Table


@dataclass(frozen=True, slots=True)
class Statement:
    """A read-only SQL text with positional parameters (`?`), never values pasted into it, and its limits."""

    sql: str
    params: Sequence[object] = ()
    seconds: float = 10.0
    max_rows: int = 1_000_000


class History(Protocol):
    """Tables `facts`, `visits`, `ledger`, `content` (schema/*.sql), each ordered by (seq, n)."""

    async def append(self, rows: Rows, position: Position) -> None:
        """Add the rows and move to `position`, both or neither, durable on return. `position` never goes back.

        Rows whose seq is at or below the present position are already there and must be left out by the caller.
        With `rows.erase` set (and nothing else) the matching facts are removed, and the visits and ledger lines that
        stood for nothing else. Raises HistoryFailed; nothing was changed then, and the next call starts from a fresh connection.
        """
        ...

    async def position(self) -> Position:
        """The seq up to which every row is here."""
        ...

    async def fetch(self, statement: Statement) -> Table:
        """Rows of a question, as tuples. Raises TooExpensive past a limit, HistoryFailed otherwise."""
        ...

    async def close(self) -> None:
        """Flush and close; a second call does nothing."""
        ...
