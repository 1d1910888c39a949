"""A small number for each visitor, from 1 on in the order in which their first rows came: DuckDB's alone.

To count people exactly, hashes have to be compared with each other; numbers that lie close together are counted as bits, in a
fifth of the time. A number is made with its visitor's first row, in the same transaction, and stays as long as there is a row of
the visitor; gaps do no harm. All numbers are in memory too (17.5 bytes each): looking them up in a table of ten million visitors
would take longer than writing the rows. The table `visitors` holds; what is in memory is read from it again after anything went
wrong, and after an erase.
"""

from __future__ import annotations

import duckdb
import numpy as np

from footfall.live.runs import Runs

# Visitors of before there were numbers, in the order of their rows; and the number in all rows.
_NUMBER = """
INSERT INTO visitors SELECT visitor, row_number() OVER (ORDER BY first, visitor) FROM (
    SELECT visitor, min(seq) AS first FROM (SELECT visitor, seq FROM facts UNION ALL SELECT visitor, seq FROM visits)
    GROUP BY visitor
)
"""
_PUT = "UPDATE {table} SET person = visitors.person FROM visitors WHERE {table}.visitor = visitors.visitor"
_FORGET = """
DELETE FROM visitors WHERE visitor IN (SELECT visitor FROM gone)
    AND visitor NOT IN (SELECT visitor FROM facts) AND visitor NOT IN (SELECT visitor FROM visits)
"""


class Persons:
    """The numbers that the table holds, and those that were given since."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.read(connection)

    def read(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take what the table holds."""
        found = connection.execute("SELECT visitor, person::UBIGINT AS person FROM visitors").fetchnumpy()
        self._numbers = Runs.of(np.asarray(found["visitor"], np.uint64), np.asarray(found["person"], np.uint64))
        self._last = int(max(found["person"], default=0))
        self._new: list[tuple[int, int]] = []

    def number(self, visitor: int) -> int:
        """The visitor's number, a new one if need be."""
        found = self._numbers.get(visitor)
        if found is None:
            found = self._last = self._last + 1
            self._numbers.put(visitor, found, 0)
            self._new.append((visitor, found))
        return found

    def take_new(self) -> list[tuple[int, int]]:
        """(visitor, number) of those given since the last call."""
        new, self._new = self._new, []
        return new


def number_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Give numbers to the visitors of a file that has none."""
    connection.execute(_NUMBER)
    for table in ("facts", "visits"):
        connection.execute(_PUT.format(table=table))


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove the visitors of the table `gone` of whom no row is left."""
    connection.execute(_FORGET)
