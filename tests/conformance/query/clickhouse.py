"""The same SQL text in ClickHouse, in this process: tables made from DuckDB's schema, parameters by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import msgspec
import pytest

from footfall.history import rows as flat
from footfall.history.base import Statement
from footfall.model import Rows

TYPES = {
    "BIGINT": "Int64",
    "INTEGER": "Int32",
    "UBIGINT": "UInt64",
    "UTINYINT": "UInt8",
    "BOOLEAN": "Bool",
    "DOUBLE": "Float64",
    "VARCHAR": "String",
}
TABLES: tuple[tuple[str, tuple[str, ...], Callable[[Any], flat.Values]], ...] = (
    ("facts", flat.FACTS, flat.fact_values),
    ("visits", flat.VISITS, flat.visit_values),
    ("minutes", flat.MINUTES, flat.minute_values),
)
SCHEMAS = ("duckdb", "duckdb_functions")
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\n\);", re.DOTALL)
_COLUMN = re.compile(r"^\s+(\w+) (\w+)( NOT NULL)?", re.MULTILINE)
_MACRO = re.compile(r"MACRO (open_\w+)\(json\) AS TABLE SELECT.*?unnest\(from_json\(json, '\[(\{.*?\})\]'", re.DOTALL)


class ClickHouse:
    """A session of chdb; there is one a process."""

    def __init__(self) -> None:
        session = pytest.importorskip("chdb.session", reason="chdb-core is not installed")
        self._session = session.Session()
        self._session.query("SET asterisk_include_alias_columns = 1")
        schema, functions = (files("footfall.history").joinpath(f"schema/{name}.sql").read_text("utf-8") for name in SCHEMAS)
        for table, columns in _TABLE.findall(schema):
            if table in [name for name, _, _ in TABLES]:
                told = ", ".join(_column(name, type, bool(given)) for name, type, given in _COLUMN.findall(columns))
                self._session.query(f"CREATE TABLE {table} ({told}) ENGINE = MergeTree ORDER BY (seq, n)")
        self._open = {name: msgspec.json.decode(columns) for name, columns in _MACRO.findall(functions)}

    def append(self, rows: Rows, position: int) -> None:
        """Put rows into the tables."""
        for table, columns, values in TABLES:
            lines = [dict(zip(columns, values(row), strict=True)) for row in getattr(rows, table)]
            if lines:
                text = "\n".join(msgspec.json.encode(line).decode() for line in lines)
                self._session.query(f"INSERT INTO {table} FORMAT JSONEachRow {text}")

    def fetch(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The answer to the very text of a statement: only the places of its values and of the live tables are named."""
        pieces, text, params = statement.sql.split("?"), "", {}
        for number, (piece, value) in enumerate(zip(pieces, [*statement.params, None], strict=True)):
            text += piece
            if number < len(statement.params):
                text += f"{{p{number}:{'String' if isinstance(value, str) else 'Int64'}}}"
                params[f"p{number}"] = _escaped(value)
        for name, columns in self._open.items():
            text = re.sub(rf"{name}\(({{p\d+:String}})\)", _table(r"\1", columns), text)
        answer = self._session.query(text, "JSONCompactEachRow", params=params)
        return [tuple(msgspec.json.decode(line)) for line in str(answer).splitlines()]

    def close(self) -> None:
        """End the session."""
        self._session.close()


def _column(name: str, type: str, given: bool) -> str:
    """Numbers of people are DuckDB's alone: here any distinct ones do."""
    return "person UInt64 ALIAS visitor" if name == "person" else f"{name} {_type(type, given)}"


def _type(type: str, given: bool) -> str:
    return TYPES[type] if given else f"Nullable({TYPES[type]})"


def _table(param: str, columns: dict[str, str]) -> str:
    shape = ", ".join(f"{name} {TYPES[type]}" for name, type in columns.items())
    told = ", ".join(f"row.{name} AS {name}" for name in columns)
    return f"(SELECT {told} FROM (SELECT arrayJoin(JSONExtract({param}, 'Array(Tuple({shape}))')) AS row))"


def _escaped(value: object) -> object:
    if not isinstance(value, str):
        return value
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
