"""The files of an export, read again: chunks of a site's rows, in their order.

It knows no store; DuckDB reads CSV and Parquet alike, a piece at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from footfall.errors import ArchiveRefused
from footfall.history import rows as flat
from footfall.model import Adopt

CHUNK = 500  # rows
ROW: Mapping[str, Callable[[Any], Any]] = {
    "facts": flat.fact_row,
    "visits": flat.visit_row,
    "minutes": flat.minute_row,
    "ledger": flat.ledger_row,
    "content": flat.content_row,
}
TABLES = tuple(ROW)


def chunks(file: Path, site: str, table: str) -> Iterator[Adopt]:
    """The rows of one file, for `site` (whatever it was called), at time 0. Raises ArchiveRefused where they cannot be read."""
    with duckdb.connect(config={"memory_limit": "512MB", "threads": 1}) as connection:
        connection.execute(files("footfall.history").joinpath("schema/duckdb.sql").read_text("utf-8"))
        columns = connection.execute(f"SELECT {flat.COLUMNS[table]} FROM {table} LIMIT 0").description
        kinds = {name: str(kind) for name, kind, *_ in columns}
        try:
            rows = connection.execute(*_query(file, kinds))
            while found := rows.fetchmany(CHUNK):
                adopted = tuple(_of_site(ROW[table](row), site) for row in found)
                yield Adopt(site, 0, **{table: adopted})
        except (duckdb.Error, msgspec.MsgspecError, ValueError, TypeError) as error:
            raise ArchiveRefused(f"{file} cannot be read: {error}", "export it again") from error


def _query(file: Path, kinds: Mapping[str, str]) -> tuple[str, list[Any]]:
    if file.suffix == ".parquet":
        return f"SELECT {', '.join(kinds)} FROM read_parquet(?)", [str(file)]
    text = "CASE WHEN starts_with({0}, '''') THEN substr({0}, 2) ELSE {0} END"
    columns = ", ".join(text.format(name) if kind == "VARCHAR" else name for name, kind in kinds.items())
    read = (
        "read_csv(?, header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '',"
        " allow_quoted_nulls = false, max_line_size = 16777216, parallel = false, columns = ?)"
    )
    return f"SELECT {columns} FROM {read}", [str(file), dict(kinds)]


def _of_site(row: Any, site: str) -> Any:
    """The same row of another site."""
    if hasattr(row, "fact"):
        return msgspec.structs.replace(row, fact=msgspec.structs.replace(row.fact, site=site))
    if hasattr(row, "first"):
        return msgspec.structs.replace(row, first=msgspec.structs.replace(row.first, site=site))
    return msgspec.structs.replace(row, site=site)
