"""History in ClickHouse, one server or a cluster of them, over HTTP. It knows no metric and no widget.

* ClickHouse has no transactions over several tables. Rows go in first, then the position: a crash between the two leaves rows
  that are behind no position, which come again and are the same rows (schema/clickhouse.sql says why). Rows that a position has
  passed are not taken: a sink that was stopped and goes on may be late, and brings back nothing that was erased meanwhile.
* Each partition of the journal has a position of its own, and rows say by their seq which one they are of.
* A write is durable when most replicas of its shard have it, or, on a server by itself, when the disk has it. Questions are
  answered by replicas that have everything so acknowledged; others pass them on.
* A change of rows waits until every replica has carried it out.
* It may be away at any time, also when we start: calls fail and the next one begins anew.
* Servers of before 2024 can be filled (tests of what replication does use one); questions need a newer one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from footfall.errors import FootfallError, HistoryFailed, NewerVersion, StoreMismatch
from footfall.history import clickhouse_changes as changes
from footfall.history import clickhouse_export
from footfall.history import rows as flat
from footfall.history.base import Statement
from footfall.history.clickhouse_server import WRITE_SECONDS, Address, Refused, Server, decoded
from footfall.history.clickhouse_tables import Layout, statements
from footfall.history.clickhouse_text import translated
from footfall.history.opening import opened
from footfall.journal.base import PARTITION_BITS, Position, Vector, partition_of
from footfall.model import Rejudged, Rows, Table
from footfall.supervised import cancelled

T = TypeVar("T")
VERSION = 2  # 1: facts without a version
MODERN = 24  # the first year of versions that questions can be asked of
MEMORY = 2_000_000_000  # bytes that one question may take in the server
BEHIND = 289  # this replica does not have everything yet
PATIENCE = 20  # times that another replica is asked then
CHANGE_SECONDS = 3_600.0
GATHER_SECONDS = 0.05  # appends of other partitions are waited for
REPAIR = "see that its address is right and the server runs; if the tables are of another store, name another database"

Waiting = tuple[Rows, Position, "asyncio.Future[None]"]
Encoded = list[tuple[str, str, bytes]]  # tables, their columns, and JSON lines
_WRITTEN: tuple[tuple[str, tuple[str, ...], Callable[[Any], flat.Values]], ...] = (
    ("facts", flat.FACTS, flat.fact_values),
    ("visits", flat.VISITS, flat.visit_values),
    ("minutes", flat.MINUTES, flat.minute_values),
    ("ledger", flat.LEDGER, flat.ledger_values),
    ("content", flat.CONTENT, flat.content_values),
)
_AHEAD = (  # of its partition's position
    "seq > (SELECT mapFromArrays(groupArray(part), groupArray(position)) FROM (SELECT part, max(position) AS position FROM state"
    f" GROUP BY part))[toUInt32(bitShiftRight(seq, {PARTITION_BITS}))]"
)
_QUESTION: dict[str, str | int] = {
    "readonly": 1,
    "final": 1,  # a row that came twice is one row
    "join_use_nulls": 1,
    "asterisk_include_alias_columns": 1,  # `person`, which questions count
    "distributed_product_mode": "local",  # all rows of a visitor are in one shard
    "timeout_overflow_mode": "throw",
    "result_overflow_mode": "throw",
    "max_memory_usage": MEMORY,
    "wait_end_of_query": 1,  # an error is an error, and not the end of an answer
    "cancel_http_readonly_queries_on_client_close": 1,
    "output_format_json_quote_64bit_integers": 0,
    "default_format": "JSONCompactEachRow",
}

_CHANGE: dict[str, str | int] = {
    "final": 1,
    "distributed_product_mode": "local",
    "mutations_sync": 2,
    "allow_nondeterministic_mutations": 1,
    "max_execution_time": 0,
    "distributed_ddl_output_mode": "throw",
}


async def open_history(address: str, store_id: str) -> ClickhouseHistory:
    """Open the history at `address`, making its tables if there are none.

    Raises InvalidInput for what is no address, StoreMismatch when the tables belong to another store, NewerVersion, or
    StoreRefused when ClickHouse is not there or will not do.
    """
    history = history_at(address, store_id)
    return await opened(history, history.positions, REPAIR)


def history_at(address: str, store_id: str) -> ClickhouseHistory:
    """The same without looking whether it is there. Raises InvalidInput."""
    return ClickhouseHistory(Server(Address.of(address)), store_id)


class ClickhouseHistory:
    """See history/base.py. It may be made while ClickHouse is away: what it needs to know of it is asked by the first call that
    gets an answer."""

    def __init__(self, server: Server, store_id: str) -> None:
        self._server = server
        self._store_id = store_id
        self._known: Known | None = None
        self._knowing = asyncio.Lock()
        self._waiting: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._closed = False

    async def append(self, rows: Rows, position: Position) -> None:
        """See the contract. Calls for several partitions at about the same time are carried out together: few big blocks are what
        ClickHouse likes."""
        if self._closed:
            raise HistoryFailed("history is closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, position, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="clickhouse")
        await done

    async def _write(self) -> None:
        """Write what waits, until nothing does. Whoever gave up waiting has it written all the same, which does no harm."""
        while self._waiting:
            await asyncio.sleep(GATHER_SECONDS)
            count = next((at for at, (rows, _, _) in enumerate(self._waiting) if rows.alone), len(self._waiting)) or 1
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
            try:
                await self._append([(rows, position) for rows, position, _ in batch])
            except FootfallError as error:
                _answer(batch, error)
            except BaseException:
                _answer(batch, HistoryFailed("history is closed"))
                raise
            else:
                _answer(batch, None)

    async def _ready(self) -> Known:
        """What is known of the server, the tables being there and ours. Raises HistoryFailed, StoreRefused."""
        if self._closed:
            raise HistoryFailed("history is closed")
        async with self._knowing:
            if self._known is None:
                known = await _looked_at(self._server)
                for statement in statements(known.layout):
                    await self._server.run(statement)
                if not await self._positions(known):
                    await self._move(known, [0])
                self._known = known
        return self._known

    async def _append(self, batch: Sequence[tuple[Rows, Position]]) -> None:
        known = await self._ready()
        here = await self._positions(known)
        ahead = [(rows, position) for rows, position in batch if position > here.get(partition_of(position), 0)]
        if not ahead:
            return
        for rows, position in ahead:
            if rows.erase is not None:
                await self._do(known, changes.erased(known.layout, rows.erase, position))
            if rows.rejudged is not None:
                await self._rejudge(known, rows.rejudged, position)
        for table, columns, lines in await asyncio.to_thread(_encoded, [rows for rows, _ in ahead], here):
            await self._insert(known, table, columns, lines)
        await self._move(known, [position for _, position in ahead])

    async def position(self, partition: int = 0) -> Position:
        """The seq up to which every row of a partition is here."""
        return (await self.positions()).get(partition, partition << PARTITION_BITS)

    async def positions(self) -> dict[int, Position]:
        """Of each partition that anything was ever told of. Raises HistoryFailed, or StoreRefused if the tables are no longer
        this store's."""
        return await self._positions(await self._ready())

    async def _positions(self, known: Known) -> dict[int, Position]:
        sql = "SELECT part, store_id, version, max(position) FROM state GROUP BY part, store_id, version FORMAT TabSeparated"
        answer = await self._patiently(lambda: self._server.run(sql, {**known.consistent, "wait_end_of_query": 1}))
        here: dict[int, Position] = {}
        for part, store_id, version, position in (line.split("\t") for line in answer.decode().splitlines()):
            if store_id != self._store_id:
                raise StoreMismatch(
                    f"ClickHouse's tables belong to store {store_id}, this is store {self._store_id}",
                    "name another database, or the journal that belongs to these tables",
                )
            if int(version) > VERSION:
                raise NewerVersion(
                    f"ClickHouse's tables have version {version}, this Footfall knows {VERSION}",
                    "install the newer Footfall again",
                )
            if int(version) < VERSION:
                raise StoreMismatch(
                    f"ClickHouse's tables have version {version}, this Footfall makes and knows {VERSION}",
                    "name another database, which is filled from the journal as far as that goes back",
                )
            here[int(part)] = max(int(position), here.get(int(part), 0))
        return here

    async def fill(self, table: str, lines: bytes) -> None:
        """Add rows that were judged elsewhere, as JSON lines. They are behind no position before `move` says so; the same ones
        again are the same rows. Raises HistoryFailed, StoreRefused."""
        known = await self._ready()
        await self._server.insert(f"{table} ({flat.COLUMNS[table]})", lines, known.insert)

    async def move(self, positions: Sequence[Position]) -> None:
        """Every row up to these is here, each in its partition; never back. Raises HistoryFailed, StoreRefused."""
        await self._move(await self._ready(), positions)

    async def empty(self) -> None:
        """Take out every row and position. Raises HistoryFailed, StoreRefused."""
        layout = (await self._ready()).layout
        for table in ("state", *flat.COLUMNS):  # made anew: of truncated ones replicas still look for what most of them had
            await self._server.run(f"DROP TABLE {layout.rows_of(table)}{layout.everywhere}{' SYNC' if layout.modern else ''}")
        self._known = None
        await self._ready()

    async def fetch(self, statement: Statement) -> Table:
        """`seconds` are the server's."""
        known = await self._ready()
        sql, values, tables = await asyncio.to_thread(translated, statement.sql, statement.params)  # tables become text
        limits = {"max_execution_time": statement.seconds, "max_result_rows": statement.max_rows}
        settings = {**_QUESTION, **known.consistent, **limits}
        seconds = statement.seconds
        answer = await self._patiently(lambda: self._server.ask(sql, values, tables, settings, seconds))
        return await asyncio.to_thread(decoded, answer)

    async def export(self, site: str, upto: Vector, more: Rows, folder: Path, form: str) -> dict[str, int]:
        """`folder` has room for the rows twice while they come."""
        settings = {**clickhouse_export.SETTINGS, **(await self._ready()).consistent}
        with clickhouse_export.Incoming(folder) as incoming:
            for table, sql, values in clickhouse_export.statements(site, upto):
                ask = partial(self._server.download, incoming.file(table), sql, values, settings, clickhouse_export.SECONDS)
                await self._patiently(ask)
            return await incoming.export(site, more, folder, form)

    async def close(self) -> None:
        """Hang up; a second call does nothing."""
        self._closed = True
        if self._writing is not None:
            await cancelled(self._writing)
        _answer(self._waiting, HistoryFailed("history is closed"))
        await self._server.close()

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until a replica answers that is not behind: another one each time, or the same a moment later."""
        for _ in range(PATIENCE):
            try:
                return await ask()
            except Refused as error:
                if error.code != BEHIND:
                    raise
                await asyncio.sleep(0.1)
        return await ask()

    async def _move(self, known: Known, positions: Sequence[Position]) -> None:
        lines = [
            {"part": partition_of(position), "position": position, "store_id": self._store_id, "version": VERSION}
            for position in positions
        ]
        await self._server.insert("state", _lines(lines), known.insert)

    async def _insert(self, known: Known, table: str, columns: str, lines: bytes) -> None:
        """What the position has passed by now is left out: another sink carried it, and what an erase took may not come again."""
        into = f"{table} ({columns})"
        if known.layout.modern:
            into += f" SELECT {columns} FROM input() WHERE {_AHEAD}"
        settings = {**known.insert, **known.consistent}
        await self._patiently(lambda: self._server.insert(into, lines, settings))

    async def _rejudge(self, known: Known, rejudged: Rejudged, position: Position) -> None:
        """A call before this one may have begun: then its judgements hold, as these were worked out from what it did."""
        sql, values = changes.is_noted(position)
        if not await self.fetch(Statement(sql, values)):
            await self._do(known, changes.noted(rejudged, position))
        await self._do(known, changes.rejudged(known.layout, rejudged.site, position))

    async def _do(self, known: Known, steps: Iterable[changes.Step]) -> None:
        """Statements of a change, each done on every server when the next begins."""
        for text, params in steps:
            sql, values, tables = translated(text, params)
            await self._server.ask(sql, values, tables, known.change, CHANGE_SECONDS)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a server: its tables, and the settings that make what it says and takes exact."""

    layout: Layout
    consistent: Mapping[str, str | int]
    insert: Mapping[str, str | int]
    change: Mapping[str, str | int]

    @classmethod
    def of(cls, layout: Layout, replicas: int = 1) -> Known:
        consistent: dict[str, str | int] = {"select_sequential_consistency": 1} if layout.replicated else {}
        insert = _insert_settings(layout, replicas)
        # Every replica looks by itself at what it is to delete: not only most of them have to have it.
        everywhere = {"insert_quorum": replicas} if "insert_quorum" in insert else {}
        return cls(layout, consistent, insert, {**insert, **consistent, **_CHANGE, **everywhere})


def _insert_settings(layout: Layout, replicas: int) -> dict[str, str | int]:
    settings: dict[str, str | int] = {
        "insert_distributed_sync": 1,
        "wait_end_of_query": 1,
        "max_execution_time": int(WRITE_SECONDS),  # when nobody waits for it any more it is not to come late
    }
    if layout.modern:
        settings |= {"async_insert": 0, "max_partitions_per_insert_block": 0}
    if layout.replicated:
        # The key makes repeated rows one; blocks that were erased or lost and come again must not be taken for known ones.
        settings |= {"insert_deduplicate": 0}
        if replicas > 1:
            settings |= {"insert_quorum": replicas // 2 + 1}
            settings |= {"insert_quorum_parallel": 0} if layout.modern else {}
    return settings


async def _looked_at(server: Server) -> Known:
    """What kind of server it is."""
    cluster, database = server.address.cluster, server.address.database
    version = (await server.run("SELECT version()")).decode().strip()
    modern = int(version.split(".")[0]) >= MODERN
    if not cluster:
        return Known.of(Layout(database, modern=modern))
    found = await server.run(f"SELECT max(replica_num) FROM system.clusters WHERE cluster = '{cluster}'")
    if not (replicas := int(found or 0)):
        raise HistoryFailed(f"ClickHouse knows no cluster {cluster!r}")
    named = await server.run("SELECT count() FROM system.macros WHERE macro = 'replica'")
    return Known.of(Layout(database, cluster, bool(int(named)), modern), replicas)


def _encoded(batch: Sequence[Rows], here: dict[int, Position]) -> Encoded:
    """All of the rows that are not there yet, as text: what cannot be written stops all of it before anything was."""
    found = []
    for table, columns, values in _WRITTEN:
        lines = [
            dict(zip(columns, values(row), strict=True))
            for rows in batch
            for row in getattr(rows, table)
            if row.seq > here.get(partition_of(row.seq), 0)
        ]
        if lines:
            found.append((table, ", ".join(columns), _lines(lines)))
    return found


def _answer(batch: Sequence[Waiting], error: FootfallError | None) -> None:
    for _, _, done in batch:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _lines(rows: Sequence[object]) -> bytes:
    try:
        return msgspec.json.Encoder().encode_lines(rows)
    except (ValueError, TypeError, OverflowError) as error:
        raise HistoryFailed(f"a row cannot be written: {error}") from error
