"""The contract of history: where rows wait to be asked about. It knows no metric and no widget.

A backend can be written from this page alone; tests/conformance runs over every one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy.typing as npt

from footfall.journal.base import Position, Vector
from footfall.model import Rows, Table


@dataclass(frozen=True, slots=True)
class Columns:
    """A table that comes with a question as one of its values: columns of numpy, none with nulls, texts as objects. As text it
    is JSON, an array of objects."""

    columns: Mapping[str, npt.NDArray[Any]]

    def __str__(self) -> str:
        rows = zip(*(column.tolist() for column in self.columns.values()), strict=True)
        return msgspec.json.encode([dict(zip(self.columns, row, strict=True)) for row in rows]).decode()


@dataclass(frozen=True, slots=True)
class Statement:
    """A read-only SQL text with positional parameters (`?`), never values pasted into it, and its limits."""

    sql: str
    params: Sequence[object] = ()
    seconds: float = 10.0
    max_rows: int = 1_000_000


class History(Protocol):
    """Tables `facts`, `visits`, `minutes`, `ledger`, `content` (schema/*.sql), each ordered by (seq, n)."""

    async def append(self, rows: Rows, position: Position) -> None:
        """Add the rows and move to `position`, both or neither, durable on return. `position` never goes back.

        Rows at or below the present position are there already and are left out; a call with a position at or below it does
        nothing. So a call that failed may simply be made again, also with newer rows added.

        With `rows.erase` set (and nothing else) the matching facts are removed. Visits that lost all their facts go with them,
        those that lost some are counted again from the rest. The ledger (what was received) and content (what was published)
        stay.

        With `rows.rejudged` set (and nothing else) the named facts have another bot, counted and visit. Visits that lost
        all facts go, with their minutes; those that lost or won some are counted again, and what won some reaches no less far.
        A visit without a row gets none: it is the live state's, and becomes a row when it is closed.

        Raises HistoryFailed; the next call starts from a fresh connection. Nothing was changed then, unless the failure came
        so late that nobody can tell: `position` knows.
        """
        ...

    async def position(self) -> Position:
        """The seq up to which every row is here."""
        ...

    async def fetch(self, statement: Statement) -> Table:
        """Rows of a question, as tuples. It is one SELECT, and can read the tables and nothing else.

        Raises TooExpensive past a limit, HistoryFailed otherwise.
        """
        ...

    async def close(self) -> None:
        """Flush and close; a second call does nothing."""
        ...


class ExportedHistory(History, Protocol):
    """One that writes the rows of a site as files."""

    async def export(self, site: str, upto: Vector, more: Rows, folder: Path, form: str) -> dict[str, int]:
        """Write the rows of a site whose records are at or before `upto`, and `more` rows that are not here yet, into files of
        `folder`, one for each table, named `{site}.{table}.{form}`; how many rows each has. `form` is "csv" or "parquet".
        Appends and questions go on meanwhile.

        Cancelled, it has stopped when it is left. What it leaves of files then, or after HistoryFailed, is of no use.
        """
        ...


class FileHistory(ExportedHistory, Protocol):
    """One that lies in a file, and is carried away as files."""

    async def copy(self, file: Path) -> Position:
        """Write everything, as it is at one moment, into a new file; its position. Otherwise as `export`."""
        ...


class PartitionedHistory(History, Protocol):
    """One that is filled from several partitions of a journal, each with a position of its own: rows tell by their seq which one
    they are of. `position` and a change of rows are about one of them."""

    async def positions(self) -> Mapping[int, Position]:
        """Of each partition that was ever told of, by its number. Raises HistoryFailed, StoreRefused."""
        ...
