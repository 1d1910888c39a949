"""A site's rows out of ClickHouse as the files of an export. ClickHouse writes Parquet, and DuckDB makes of it what it makes of a
history of its own: history/outgoing.py alone says what the files are like.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import duckdb

from footfall.errors import HistoryFailed
from footfall.history import outgoing
from footfall.history import rows as flat
from footfall.journal.base import PARTITION_BITS, Vector
from footfall.model import Rows

SETTINGS: dict[str, str | int] = {
    "readonly": 1,
    "final": 1,  # a row that came twice is one row
    "max_execution_time": 0,
    "cancel_http_readonly_queries_on_client_close": 1,
    "output_format_parquet_string_as_string": 1,
}
SECONDS = 600.0  # without a byte
_LAST = (1 << 63) - 1
_ORDER = {"facts": "ts_ms, ", "minutes": "minute_ms, "}  # as their keys lie, so that nothing has to be sorted


def statements(site: str, upto: Vector) -> Iterator[tuple[str, str, list[str]]]:
    """Each table with what asks for its rows."""
    ranges = [f"seq BETWEEN {partition << PARTITION_BITS} AND {seq}" for partition, seq in enumerate(upto)]
    for table, columns in flat.COLUMNS.items():
        where = f"site = {{p0:String}} AND ({' OR '.join(ranges)})"
        order = f"ORDER BY {_ORDER.get(table, '')}seq, n"
        yield table, f"SELECT {columns} FROM {table} WHERE {where} {order} FORMAT Parquet", [site]


class Incoming:
    """A folder for what ClickHouse writes, beside the files that are made of it; it goes when it is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=folder, prefix=".clickhouse-")

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *error: object) -> None:
        self._folder.cleanup()

    def file(self, table: str) -> Path:
        """Where the rows of a table go."""
        return Path(self._folder.name, f"{table}.parquet")

    async def export(self, site: str, more: Rows, folder: Path, form: str) -> dict[str, int]:
        """See history/base.py. Raises HistoryFailed."""
        with duckdb.connect(config={"memory_limit": "512MB", "threads": 1, "temp_directory": self._folder.name}) as connection:
            return await outgoing.in_a_thread(connection.interrupt, lambda: self._written(connection, site, more, folder, form))

    def _written(self, connection: duckdb.DuckDBPyConnection, site: str, more: Rows, folder: Path, form: str) -> dict[str, int]:
        try:
            connection.execute(files("footfall.history").joinpath("schema/duckdb.sql").read_text("utf-8"))
            for table, columns in flat.COLUMNS.items():
                kinds = connection.execute(f"SELECT {columns} FROM {table} LIMIT 0").description
                cast = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind, *_ in kinds)
                connection.execute(f"DROP TABLE {table}")
                connection.execute(f"CREATE VIEW {table} AS SELECT {cast} FROM read_parquet('{self.file(table)}')")
            return outgoing.export(connection, site, _LAST, more, folder, form)
        except duckdb.Error as error:
            raise HistoryFailed(f"what ClickHouse wrote could not be exported: {error}") from error
