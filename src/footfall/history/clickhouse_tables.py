"""The tables of schema/clickhouse.sql as one server or a cluster has them. Pure but for reading that file.

On a cluster each table is made on every server as NAME_shard, replicated where servers say which replica they are, and NAME
stands for all shards: what is read through it comes from all, what is written goes where its visitor is. So all rows of a visitor
are in one shard, and a question about visits can be answered shard by shard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) (\(.*?\n\)) ENGINE = (\w+)(?:\((\w+)\))?(.*?);", re.DOTALL)
_SHARDED_BY = {"ledger": "sipHash64(site)", "content": "sipHash64(site)", "state": "part"}  # all others: visitor
_SYNCED = " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"  # a server by itself has nobody who knows it too
# A visit is sought by its time, which an erase may change, so that it cannot be in the key.
_INDEXES = {"visits": ("INDEX starts start_ms TYPE minmax", "INDEX ends end_ms TYPE minmax")}


@dataclass(frozen=True, slots=True)
class Layout:
    """What is known of the server: `modern` has all that came since 2018; a cluster's servers may name their `replicas`."""

    database: str
    cluster: str = ""
    replicated: bool = False
    modern: bool = True

    @property
    def everywhere(self) -> str:
        """What makes a change of tables reach every server."""
        return f" ON CLUSTER {self.cluster}" if self.cluster else ""

    def rows_of(self, table: str) -> str:
        """The table that holds the rows of a server."""
        return f"{self.database}.{table}_shard" if self.cluster else f"{self.database}.{table}"


def statements(layout: Layout) -> Iterator[str]:
    """What makes the tables that are not there yet."""
    schema = files("footfall.history").joinpath("schema/clickhouse.sql").read_text("utf-8")
    for name, columns, engine, version, order in _TABLE.findall(schema):
        if layout.modern:
            columns = "".join([columns[:-2], *(f",\n    {index}" for index in _INDEXES.get(name, ())), columns[-2:]])
        given = [version] if version else []
        if layout.replicated:
            path = f"/clickhouse/tables/{{shard}}/{layout.database}/{name}"
            engine, given = f"Replicated{engine}", [f"'{path}'", "'{replica}'", *given]
        synced = _SYNCED if layout.modern and not layout.replicated else ""
        yield (
            f"CREATE TABLE IF NOT EXISTS {layout.rows_of(name)}{layout.everywhere} {columns}"
            f" ENGINE = {engine}({', '.join(given)}){order}{synced}"
        )
        if layout.cluster:
            yield (
                f"CREATE TABLE IF NOT EXISTS {layout.database}.{name}{layout.everywhere} AS {layout.rows_of(name)}"
                f" ENGINE = Distributed({layout.cluster}, {layout.database}, {name}_shard, {_SHARDED_BY.get(name, 'visitor')})"
            )
