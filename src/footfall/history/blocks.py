"""The rows of a DuckDB file that nobody writes to, in blocks of JSON lines, with the seqs that they have in a cluster.

A seq gets the number of its partition in front: of its visitor's, or of its site's where there is no visitor. So a row is the
same one however often it is read. Rows come in the order of their seqs, all those of a record in one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import duckdb

from footfall.errors import HistoryFailed
from footfall.history import rows as flat
from footfall.journal.base import PARTITION_BITS, Position

ROWS = 50_000  # of a block, about
MEMORY = "1GB"
TABLES = tuple(flat.COLUMNS)
_OF_SITE = frozenset({"ledger", "content"})  # tables without a visitor


class Block(NamedTuple):
    """`last` is the seq, as it is here, of its last record."""

    last: Position
    rows: int
    lines: bytes


class Blocks:
    """`of_site` says which partition a site's own rows are in. Files are written to `scratch` on the way."""

    def __init__(self, file: Path, scratch: Path, partitions: int, of_site: Callable[[str], int]) -> None:
        self._file = file
        self._piece = scratch / "block.json"
        self._partitions = partitions
        self._of_site = of_site

    def rows(self) -> int:
        """In all tables. Raises HistoryFailed."""
        with self._opened() as connection:
            return sum(_number(connection, f"SELECT count(*) FROM {table}") for table in TABLES)

    def of(self, table: str, after: Position) -> Iterator[Block]:
        """The blocks of a table behind a seq. Raises HistoryFailed."""
        with self._opened() as connection:
            count = _number(connection, f"SELECT count(*) FROM {table}")
            last = _number(connection, f"SELECT max(seq) FROM {table}")
            span = max(1, last * ROWS // max(1, count))  # seqs that have a block's rows, where they lie evenly
            while after < last:
                first = _number(connection, f"SELECT min(seq) FROM {table} WHERE seq > ?", after)
                some = f"SELECT seq FROM {table} WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT {ROWS}"
                end = _number(connection, f"SELECT max(seq) FROM ({some})", first, first + span)
                yield Block(end, *self._read(connection, table, first, end))
                after = end

    def _read(self, connection: duckdb.DuckDBPyConnection, table: str, first: Position, end: Position) -> tuple[int, bytes]:
        columns = flat.COLUMNS[table].removeprefix("seq, ")
        place = "map_extract_value(MAP(?, ?::BIGINT[]), site)" if table in _OF_SITE else f"(visitor % {self._partitions})::BIGINT"
        sql = (
            f"COPY (SELECT ({place} << {PARTITION_BITS}) + seq AS seq, {columns} FROM {table} WHERE seq >= ? AND seq <= ?"
            f" ORDER BY seq, n) TO '{str(self._piece).replace(chr(39), chr(39) * 2)}' (FORMAT json)"
        )
        sites: list[list[str] | list[int]] = []
        if table in _OF_SITE:
            names = [name for (name,) in connection.execute(f"SELECT DISTINCT site FROM {table}").fetchall()]
            sites = [names, [self._of_site(name) for name in names]]
        rows = _number(connection, sql, *sites, first, end)
        lines = self._piece.read_bytes()
        self._piece.unlink()
        return rows, lines

    def _opened(self) -> closing[duckdb.DuckDBPyConnection]:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "threads": 2,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        try:
            return closing(duckdb.connect(self._file, read_only=True, config=config))
        except duckdb.Error as error:
            raise HistoryFailed(f"{self._file} cannot be opened: {error}") from error


def _number(connection: duckdb.DuckDBPyConnection, sql: str, *params: object) -> int:
    """The one number that a statement gives, 0 for none."""
    try:
        found = connection.execute(sql, params).fetchone()
    except duckdb.Error as error:
        raise HistoryFailed(f"the copy could not be read: {error}") from error
    return int(found[0] or 0) if found else 0
