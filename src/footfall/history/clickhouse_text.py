"""The SQL text of a question as ClickHouse takes it: values named, live tables as tables that come with it. Pure.

The text itself is the one that DuckDB runs; schema/duckdb_functions.sql has ClickHouse's functions there. What stands here is
what cannot be said in a macro.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from footfall.errors import HistoryFailed
from footfall.history.clickhouse_server import Table

# As in schema/duckdb_functions.sql. What a text leaves out is empty here and null there; questions name what they need.
_COMING = {
    "open_visits": "visit UInt64, person UInt64, start_ms Int64, end_ms Int64, entry String, exit String, views Int64,"
    " events Int64, referrer String, utm_source String, utm_medium String, utm_campaign String, utm_content String,"
    " utm_term String, country Nullable(String), region Nullable(String), city Nullable(String), browser String,"
    " browser_version String, os String, os_version String, device String, language String, screen String, source String,"
    " channel String, hostname String",
    "open_minutes": "minute_ms Int64, path String, country String, here Int64",
    "texts": "text String",
    "judgements": "seq Int64, n Int32, bot String, counted UInt8, visit UInt64",  # of a change of rows; no question has them
}
_PLACE = re.compile(rf"({'|'.join(_COMING)})\(\?\)|smallest\((\d+), (\w+)\)|\b(?:inOrder|rowOf)\(|\?")
_INT64 = 2**63  # `person` is the visitor here: numbers of people are DuckDB's alone


def translated(sql: str, params: Sequence[object]) -> tuple[str, list[object], list[Table]]:
    """(the text, the values that it names p0, p1 and so on, the tables that come with it). Raises HistoryFailed."""
    values: list[object] = []
    tables: list[Table] = []
    left = list(reversed(params))

    def put(found: re.Match[str]) -> str:
        if found[2]:
            return f"groupArraySorted({found[2]})({found[3]})"
        if found[0].endswith("("):
            return "tuple("
        if not left:
            raise HistoryFailed("the question has fewer values than places for them")
        value = left.pop()
        if found[1]:
            tables.append(Table(f"{found[1]}_{len(tables)}", _COMING[found[1]], str(value)))
            return tables[-1].name
        values.append(value)
        return f"{{p{len(values) - 1}:{_type(value)}}}"

    text = _PLACE.sub(put, sql)
    if left:
        raise HistoryFailed("the question has more values than places for them")
    return text, values, tables


def _type(value: object) -> str:
    if isinstance(value, bool):
        return "UInt8"
    if isinstance(value, int):
        return "Int64" if value < _INT64 else "UInt64"
    if isinstance(value, float):
        return "Float64"
    if isinstance(value, str):
        return "String"
    raise HistoryFailed(f"a question cannot have a value like {value!r}")
