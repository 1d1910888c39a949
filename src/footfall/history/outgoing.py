"""Files made of a DuckDB history: a copy of it, and one site's rows as CSV or Parquet. Runs inside one read transaction, so that
what is written is history at one moment, while it goes on being filled.

The copy is written anew row by row: it has no free blocks with what was erased. Text in CSV that a spreadsheet would take for a
formula gets a ' in front, and so does text that begins with one: history/incoming.py takes exactly one away again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from footfall.history import rows as flat
from footfall.journal.base import Position
from footfall.model import Rows
from footfall.rules import FORMULA

CSV = "FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR ''"  # '' is written as "", null as nothing
T = TypeVar("T")
STEP = 100  # rows handed over in one go, as in history/duckdb.py
OPTIONS = {"csv": CSV, "parquet": "FORMAT parquet, COMPRESSION zstd"}

VALUES: Mapping[str, tuple[Callable[[Any], flat.Values], Callable[[Rows], Sequence[Any]]]] = {
    "facts": (flat.fact_values, lambda rows: rows.facts),
    "visits": (flat.visit_values, lambda rows: rows.visits),
    "minutes": (flat.minute_values, lambda rows: rows.minutes),
    "ledger": (flat.ledger_values, lambda rows: rows.ledger),
    "content": (flat.content_values, lambda rows: rows.content),
}


async def in_a_thread(interrupt: Callable[[], None], work: Callable[[], T]) -> T:
    """What `work` gives. If it is cancelled it is interrupted, and waited for."""
    writing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        while not writing.done():
            interrupt()
            await asyncio.wait([writing], timeout=0.05)
        raise


def copy(cursor: duckdb.DuckDBPyConnection, file: Path) -> Position:
    """Write all of history into a new file; the position that it has."""
    cursor.begin()
    try:
        found = cursor.execute("SELECT position, current_database() FROM state").fetchone()
        assert found is not None  # the table has one row
        position, name = found
        cursor.execute(f"ATTACH {_quoted(str(file))} AS copied")
        cursor.execute(f'COPY FROM DATABASE "{name}" TO copied')
        cursor.commit()
    finally:
        _end(cursor)
        cursor.execute("DETACH DATABASE IF EXISTS copied")  # which writes its log into the file
    return int(position)


def export(cursor: duckdb.DuckDBPyConnection, site: str, upto: Position, more: Rows, folder: Path, form: str) -> dict[str, int]:
    """Write the rows of a site with seq <= `upto`, and `more` behind them, into a file for each table; rows by name of file."""
    written = {}
    cursor.begin()
    try:
        for table, (values, rows_of) in VALUES.items():
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE unfinished AS SELECT {flat.COLUMNS[table]} FROM {table} LIMIT 0")
            if rows := rows_of(more):
                with cursor.appender("unfinished") as appender:
                    for start in range(0, len(rows), STEP):
                        appender.append_rows([values(row) for row in rows[start : start + STEP]])
            columns = _columns(cursor, table, form)
            file = folder / f"{site}.{table}.{form}"
            done = cursor.execute(
                f"COPY (SELECT {columns} FROM {table} WHERE site = ? AND seq <= ? UNION ALL SELECT {columns} FROM unfinished)"
                f" TO {_quoted(str(file))} ({OPTIONS[form]})",
                [site, upto],
            ).fetchone()
            assert done is not None  # COPY tells how many rows it wrote
            written[file.name] = int(done[0])
    finally:
        _end(cursor)
    return written


def _columns(cursor: duckdb.DuckDBPyConnection, table: str, form: str) -> str:
    columns = flat.COLUMNS[table]
    if form != "csv":
        return columns
    found = cursor.execute(f"SELECT {columns} FROM {table} LIMIT 0").description
    formulas = ", ".join(f"chr({ord(sign)})" for sign in FORMULA)
    return ", ".join(
        f"CASE WHEN left({name}, 1) IN ({formulas}) THEN '''' || {name} ELSE {name} END AS {name}" if kind == "VARCHAR" else name
        for name, kind, *_ in found
    )


def _end(cursor: duckdb.DuckDBPyConnection) -> None:
    """Whatever was begun and not committed: nothing of history was changed."""
    with suppress(duckdb.TransactionException):  # it was committed
        cursor.rollback()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
