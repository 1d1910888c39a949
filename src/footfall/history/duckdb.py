"""The embedded history: one DuckDB file, filled by one thread and asked by others.

It knows no metric and no widget: rows come in as the model has them, questions come as SQL text.

* One write is one transaction: the rows and the position, or neither. DuckDB syncs its log on commit.
* The interpreter is shared with the path that answers readers: rows are converted and handed over STEP at a time, under a
  millisecond of interpreter time (at 250 the p99 of an answer was five times its median, at 100 it is under four times);
  everything else DuckDB does is outside the interpreter lock.
* DuckDB invalidates a database after some failed writes. After any failed one the connection is thrown away, running
  questions are interrupted, and the next call opens the file anew.
* An erased row leaves the tables at once; its bytes stay in free blocks of the file until DuckDB uses them again.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import duckdb

from footfall.errors import HistoryFailed, NewerVersion, StoreMismatch, TooExpensive
from footfall.history import outgoing
from footfall.history import rows as flat
from footfall.history.base import Columns, Statement
from footfall.history.changes import erase_facts, rejudge_facts
from footfall.history.opening import opened
from footfall.history.persons import Persons, number_all
from footfall.journal.base import Position, Vector
from footfall.model import FactRow, Rows, Table, VisitRow

Row = TypeVar("Row")

VERSION = 2  # 1: without numbers for visitors
STEP = 100  # rows handed over, or fetched, in one go
READERS = 2  # questions answered at the same time
PATIENCE = 5.0  # seconds to wait for interrupted questions to end
FUNCTIONS = {  # that questions may call, and how each is made
    found[1]: found[0]
    for found in re.finditer(
        r'^CREATE TEMP MACRO "?(\w+)[^;]*;',
        files("footfall.history").joinpath("schema/duckdb_functions.sql").read_text("utf-8"),
        re.MULTILINE,
    )
}
REPAIR = (
    "make the file readable and writable and start again; if it is damaged, restore the whole data folder from one backup, "
    "or move the file away: while the journal still holds every record, it is made anew"
)


async def open_history(
    path: Path, store_id: str, *, outgoing: Path | None = None, memory: str = "1GB", threads: int = 2
) -> DuckdbHistory:
    """Open the history at `path`, making it if there is none. `memory` bounds DuckDB's own memory, `threads` its workers.
    Copies and exports go into `outgoing` and nowhere else.

    Raises StoreMismatch when the file belongs to another store, NewerVersion, or StoreRefused when it cannot be opened.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": threads,
        "checkpoint_threshold": "64MB",  # 200,000 facts: at 16 MB checkpoints cost 40 % of all work; opening replays it in 0.4 s
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,  # nor variables of the program
    }
    history = DuckdbHistory(_Database(path, store_id, config, outgoing))
    return await opened(history, history.position, REPAIR)


class DuckdbHistory:
    """See history/base.py. Made by `open_history`."""

    def __init__(self, database: _Database) -> None:
        self._database = database
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="question")
        self._closed = False

    async def append(self, rows: Rows, position: Position) -> None:
        """See the contract. Rows at or below the present position are left out, so the same call may be made again after a
        failure whose outcome is not known. An erase recounts the visits that lost some facts and removes those that lost all;
        the ledger (what was received) and content (what was published) stay."""
        await self._run(self._writer, lambda: self._append(rows, position))

    async def position(self) -> Position:
        return await self._run(self._writer, self._database.open)

    async def fetch(self, statement: Statement) -> Table:
        """`seconds` counts from this call. At most READERS questions run at a time; appends go on meanwhile."""
        question = _Question(statement)
        watch = asyncio.create_task(_interrupt_in_time(question))
        try:
            return await self._run(self._readers, lambda: self._answer(question))
        except asyncio.CancelledError:
            question.interrupt()
            raise
        finally:
            watch.cancel()

    async def copy(self, file: Path) -> Position:
        """In a thread of its own: rows are appended and questions answered meanwhile."""
        return await self._outgo(lambda cursor: outgoing.copy(cursor, file))

    async def export(self, site: str, upto: Vector, more: Rows, folder: Path, form: str) -> dict[str, int]:
        """In a thread of its own too. `form` is "csv" or "parquet"."""
        (last,) = upto
        return await self._outgo(lambda cursor: outgoing.export(cursor, site, last, more, folder, form))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._writer, self._database.discard)
        self._writer.shutdown(wait=False)
        self._readers.shutdown(wait=False, cancel_futures=True)

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[], Row]) -> Row:
        if self._closed:
            raise HistoryFailed("history is closed")
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    async def _outgo(self, work: Callable[[duckdb.DuckDBPyConnection], Row]) -> Row:
        """Files made within one cursor."""
        if self._closed:
            raise HistoryFailed("history is closed")
        task = _Task()
        return await outgoing.in_a_thread(task.interrupt, lambda: self._written(task, work))

    # --- in the threads ---

    def _written(self, task: _Task, work: Callable[[duckdb.DuckDBPyConnection], Row]) -> Row:
        try:
            with self._database.cursor() as cursor:
                task.cursor = cursor
                return work(cursor)
        except duckdb.Error as error:
            raise HistoryFailed(f"the file could not be written: {error}") from error
        finally:
            task.cursor = None

    def _append(self, rows: Rows, position: Position) -> None:
        here = self._database.open()
        if position <= here:
            return
        try:
            self._database.write(lambda connection, persons: _write(connection, persons, rows, here, position), position)
        except (duckdb.Error, ValueError, TypeError, OverflowError) as error:
            raise HistoryFailed(f"history could not be written: {error}") from error

    def _answer(self, question: _Question) -> Table:
        statement = question.statement
        found: list[tuple[object, ...]] = []
        try:
            with self._database.cursor() as cursor:
                question.cursor = cursor
                query, values = _prepared(cursor, statement)
                cursor.execute(query, values)
                while chunk := cursor.fetchmany(STEP):
                    found += chunk
                    if len(found) > statement.max_rows:
                        raise TooExpensive(f"the answer has more than {statement.max_rows} rows")
                    if question.interrupted:
                        break
        except (duckdb.InterruptException, duckdb.OutOfMemoryException) as error:
            raise TooExpensive(f"the question needs too much: {error}") from error
        except (duckdb.FatalException, duckdb.InternalException) as error:
            self._writer.submit(self._database.discard)  # in the thread that writes, so between two writes
            raise HistoryFailed(f"history could not be read: {error}") from error
        except (duckdb.Error, ValueError) as error:
            raise HistoryFailed(f"history could not be read: {error}") from error
        finally:
            question.cursor = None
        if question.interrupted:
            raise TooExpensive(f"the question took longer than {statement.seconds} s")
        return found


def _prepared(cursor: duckdb.DuckDBPyConnection, statement: Statement) -> tuple[duckdb.Statement, list[object]]:
    """The query, with the functions that it names, and its values: of tables among them their names in this cursor."""
    queries = cursor.extract_statements(statement.sql)
    if [query.type for query in queries] != [duckdb.StatementType.SELECT]:
        raise HistoryFailed("a question is one SELECT")
    for name in FUNCTIONS.keys() & set(re.findall(r"\w+", statement.sql)):  # to make all takes longer than a small question
        cursor.execute(FUNCTIONS[name])
    values = list(statement.params)
    for at, value in enumerate(values):
        if isinstance(value, Columns):
            values[at] = f"came_{at}"
            # A table has statistics, which columns have not: by them DuckDB groups by time in half the time.
            cursor.register("columns", dict(value.columns))
            cursor.execute(f"CREATE TEMP TABLE came_{at} AS FROM columns")
            cursor.unregister("columns")
    return queries[0], values


class _Task:
    """What runs in a cursor, seen from the loop (which interrupts) and from its thread (which works)."""

    def __init__(self) -> None:
        self.interrupted = False
        self.cursor: duckdb.DuckDBPyConnection | None = None

    def interrupt(self) -> None:
        self.interrupted = True
        cursor = self.cursor
        if cursor is not None:
            cursor.interrupt()


class _Question(_Task):
    """One running fetch."""

    def __init__(self, statement: Statement) -> None:
        super().__init__()
        self.statement = statement


async def _interrupt_in_time(question: _Question) -> None:
    """Interrupt, and again until it has ended: DuckDB forgets an interrupt that comes just before the query starts."""
    await asyncio.sleep(question.statement.seconds)
    while True:
        question.interrupt()
        await asyncio.sleep(0.05)


class _Database:
    """The file: opened when it is needed, thrown away when it may be broken. For any thread; only one may write."""

    def __init__(
        self, path: Path, store_id: str, config: dict[str, str | bool | int | float | list[str]], outgoing: Path | None
    ) -> None:
        self._path = path
        self._outgoing = outgoing
        self._store_id = store_id
        self._config = config
        self._changed = threading.Condition(threading.RLock())
        self._cursors: set[duckdb.DuckDBPyConnection] = set()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._persons: Persons | None = None  # read when something is written
        self._position: Position = 0

    def open(self) -> Position:
        """Make sure that there is a connection; returns the position. Raises HistoryFailed, or StoreRefused."""
        self._connected()
        return self._position

    def write(self, change: Callable[[duckdb.DuckDBPyConnection, Persons], None], position: Position) -> None:
        """Apply `change`, which moves to `position`, as one transaction. Whatever goes wrong, the connection is thrown away."""
        connection = self._connected()
        try:
            connection.begin()
            self._persons = self._persons or Persons(connection)
            change(connection, self._persons)
            connection.commit()
        except BaseException:
            self.discard()
            raise
        self._position = position

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own for one question."""
        with self._changed:
            cursor = self._connected().cursor()
            self._cursors.add(cursor)
        try:
            yield cursor
        finally:
            with self._changed:
                self._cursors.remove(cursor)
                cursor.close()
                self._changed.notify_all()

    def discard(self) -> None:
        """Close, interrupting the running questions: DuckDB lets go of the file when the last of them has ended."""
        with self._changed:
            connection, self._connection, self._persons = self._connection, None, None
            for cursor in self._cursors:
                cursor.interrupt()
            self._changed.wait_for(lambda: not self._cursors, PATIENCE)
            if connection is not None:
                connection.close()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        with self._changed:
            if self._connection is None:
                if self._cursors:
                    raise HistoryFailed("history is being closed after a failure")
                self._connection, self._position = self._opened()
            return self._connection

    def _opened(self) -> tuple[duckdb.DuckDBPyConnection, Position]:
        if self._position and not self._path.exists():
            raise HistoryFailed(f"{self._path} is gone")  # opening would make an empty one
        try:
            connection = duckdb.connect(self._path, config=self._config)
        except duckdb.Error as error:
            raise HistoryFailed(f"{self._path} cannot be opened: {error}") from error
        try:
            self._shut(connection)
            return connection, self._claimed(connection)
        except duckdb.Error as error:
            connection.close()
            raise HistoryFailed(f"{self._path} cannot be used: {error}") from error
        except BaseException:
            connection.close()
            raise

    def _shut(self, connection: duckdb.DuckDBPyConnection) -> None:
        """A question reads the tables and nothing else on this machine, and files are written in one folder only."""
        if self._outgoing is not None:
            connection.execute("SET allowed_directories = [?]", [f"{self._outgoing.resolve()}/"])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")

    def _claimed(self, connection: duckdb.DuckDBPyConnection) -> Position:
        """Make the tables of a new file, or compare an old one's id and version with ours; returns the position."""
        connection.begin()
        connection.execute(files("footfall.history").joinpath("schema/duckdb.sql").read_text("utf-8"))
        ours = [self._store_id, VERSION]
        connection.execute("INSERT INTO state SELECT 0, ?, ? WHERE NOT EXISTS (FROM state)", ours)
        found = connection.execute("SELECT position, store_id, version FROM state").fetchone()
        assert found is not None  # the row above
        position, store_id, version = found
        if store_id != self._store_id:
            raise StoreMismatch(
                f"{self._path} belongs to store {store_id}, this folder is store {self._store_id}",
                "restore the whole data folder from one backup",
            )
        if version > VERSION:
            raise NewerVersion(
                f"{self._path} has version {version}, this Footfall knows {VERSION}", "install the newer Footfall again"
            )
        if position < self._position:
            raise HistoryFailed(f"{self._path} went back from {self._position} to {position}: another file was put in its place")
        if version < VERSION:
            number_all(connection)
            connection.execute("UPDATE state SET version = ?", [VERSION])
        connection.commit()
        return int(position)


def _write(connection: duckdb.DuckDBPyConnection, persons: Persons, rows: Rows, here: Position, position: Position) -> None:
    if rows.erase is not None:
        erase_facts(connection, rows.erase)
        persons.read(connection)
    if rows.rejudged is not None:
        rejudge_facts(connection, rows.rejudged)

    def fact_values(row: FactRow) -> flat.Values:
        return (*flat.fact_values(row), persons.number(row.fact.visitor))

    def visit_values(row: VisitRow) -> flat.Values:
        return (*flat.visit_values(row), persons.number(row.first.visitor))

    _add(connection, "facts", [row for row in rows.facts if row.seq > here], fact_values)
    _add(connection, "visits", [row for row in rows.visits if row.seq > here], visit_values)
    _add(connection, "visitors", persons.take_new(), tuple)
    _add(connection, "minutes", [row for row in rows.minutes if row.seq > here], flat.minute_values)
    _add(connection, "ledger", [row for row in rows.ledger if row.seq > here], flat.ledger_values)
    _add(connection, "content", [row for row in rows.content if row.seq > here], flat.content_values)
    connection.execute("UPDATE state SET position = ?", [position])


def _add(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row], values: Callable[[Row], flat.Values]) -> None:
    """Through DuckDB's appender: it converts each value by itself, where columns of numpy objects are typed by a sample."""
    if not rows:
        return
    with connection.appender(table) as appender:
        for start in range(0, len(rows), STEP):
            appender.append_rows([values(row) for row in rows[start : start + STEP]])
