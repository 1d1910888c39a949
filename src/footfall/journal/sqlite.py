"""The embedded journal: one SQLite file, one transaction with one MessagePack blob for each append.

It knows nothing of what the records mean. The registry keeps its tables in the same file over a connection of its own.
All work is done in one thread of its own, so that the loop never waits for the disk.

* Durable: WAL with `synchronous=FULL`: the WAL is synced before an append returns.
* Whole: each batch carries a checksum over its bounds and body, and batches must join without a gap.
* Forgotten means gone: `secure_delete` overwrites whatever a trim frees; `wipe` also empties the WAL. The file does not
  shrink: freed pages are used again, so its size is that of the longest stretch between two trims.
* Checkpoints of the WAL stay at SQLite's 1,000 pages: measured, fewer pages cost more on every append and more pages stall longer
  (p99.9 of an append of 8 facts: 2.6 ms at 1,000; at 4,000 a stall of 9 ms).
"""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec

from footfall.errors import JournalFailed, StoreMismatch
from footfall.journal.base import Batch, Position
from footfall.model import Record
from footfall.worker import Worker

T = TypeVar("T")

BUSY_SECONDS = 5.0  # how long to wait for the registry's short transactions before giving up
READ_BYTES = 1 << 20  # `follow` decodes about this much at a time
TRIM_BATCHES, TRIM_BYTES = 64, 1 << 18  # one transaction of a trim: an append in between waits for no more than this

SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (store_id TEXT NOT NULL, tail INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    last INTEGER PRIMARY KEY, first INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL
);
"""
RESTORE = "stop, restore the whole data folder from one backup, and start again"


async def open_journal(path: Path, store_id: str, *, synchronous: str = "FULL") -> SqliteJournal:
    """Open the journal at `path`, making it if there is none. `synchronous` is there for the test that proves the fsync.

    Raises StoreMismatch when the file belongs to another store or is no journal, JournalFailed when it cannot be opened.
    """
    journal = SqliteJournal(path, store_id, synchronous)
    try:
        await journal.reopen()
    except BaseException:
        await journal.close()
        raise
    return journal


class SqliteJournal:
    """See journal/base.py. Made by `open_journal`."""

    def __init__(self, path: Path, store_id: str, synchronous: str) -> None:
        self.store_id = store_id
        self._path = path
        self._synchronous = synchronous
        self._worker = Worker("journal")
        self._closed = False
        # From here on touched only in the thread.
        self._connection: sqlite3.Connection | None = None
        self._head: Position = 0
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Record]).decode

    async def append(self, records: Sequence[Record]) -> Position:
        """Encoded and written in the thread; see the contract."""
        return await self._run(lambda: self._append(records))

    async def reopen(self) -> Position:
        """Also how it is opened first."""
        return await self._run(self._reopen)

    async def follow(self, after: Position) -> AsyncIterator[Batch]:
        """In steps of about 1 MiB, so that appends get their turn in between."""
        while True:
            position = after
            batches = await self._run(lambda: self._read(position))  # noqa: B023 - awaited before `position` changes
            if not batches:
                return
            for batch in batches:
                yield batch
            after = batches[-1][0]

    async def head(self) -> Position:
        return await self._run(lambda: self._bounds()[1])

    async def tail(self) -> Position:
        return await self._run(lambda: self._bounds()[0])

    async def trim(self, before: Position, *, wipe: bool = False) -> None:
        """In short transactions. With `wipe`, nothing of what was trimmed, here or by the registry, is in either file on return.

        Raises JournalFailed when it could not be done; calling it again goes on where it stopped.
        """
        while await self._run(lambda: self._trim(before)):
            pass
        if wipe:
            await self._run(self._empty_wal)

    async def copy(self, file: Path) -> Position:
        """With the registry's tables, over a connection and in a thread of its own. Written anew, without freed pages."""
        if self._closed:
            raise JournalFailed("the journal is closed")
        try:
            return await asyncio.to_thread(_copied, self._path, file)
        except sqlite3.Error as error:
            raise JournalFailed(f"the journal could not be copied: {error}") from error

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._worker.do(self._disconnect)
        self._worker.close()

    async def _run(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise JournalFailed("the journal is closed")
        return await self._worker.do(lambda: self._work(work))

    # --- in the thread ---

    def _work(self, work: Callable[[], T]) -> T:
        """Whatever SQLite refuses: after it the journal has to be opened anew."""
        try:
            return work()
        except sqlite3.OperationalError as error:  # it is locked, the disk is full or cannot be read: this may pass
            self._disconnect()
            raise JournalFailed(f"the journal {self._path} cannot be used: {error}") from error
        except sqlite3.DatabaseError as error:
            self._disconnect()
            raise StoreMismatch(f"{self._path} is damaged or no journal: {error}", RESTORE) from error

    def _append(self, records: Sequence[Record]) -> Position:
        connection = self._connected()
        if not records:
            return self._head
        first, last = self._head + 1, self._head + len(records)
        try:
            body = self._encode(records)
            connection.execute("INSERT INTO batches VALUES (?, ?, ?, ?)", (last, first, _checksum(first, last, body), body))
        except (sqlite3.Error, msgspec.MsgspecError, ValueError, TypeError, OverflowError) as error:
            self._disconnect()  # nothing is appended until `reopen` has looked at what is really there
            raise JournalFailed(f"the journal could not be written: {error}") from error
        self._head = last
        return last

    def _reopen(self) -> Position:
        self._disconnect()
        self._connection = connect(self._path, self._synchronous)
        self._connection.executescript(SCHEMA)
        self._claim(self._connection)
        self._head = self._bounds()[1]
        return self._head

    def _claim(self, connection: sqlite3.Connection) -> None:
        """Write the store's id into a new file, or compare it with what an old one has."""
        connection.execute("INSERT INTO journal SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM journal)", (self.store_id,))
        (found,) = connection.execute("SELECT store_id FROM journal").fetchone()
        if found != self.store_id:
            self._disconnect()
            raise StoreMismatch(f"{self._path} belongs to store {found}, this folder is store {self.store_id}", RESTORE)

    def _read(self, after: Position) -> list[Batch]:
        """The next batches behind `after`, checked and decoded; empty at the head."""
        connection = self._connected()
        tail, head = self._bounds()
        if after < tail or after > head:
            raise StoreMismatch(f"the journal holds the records after {tail} up to {head}, not those after {after}", RESTORE)
        found: list[Batch] = []
        size = 0
        rows = connection.execute("SELECT last, first, checksum, body FROM batches WHERE last > ? ORDER BY last", (after,))
        try:
            for last, first, checksum, body in rows:
                found.append((last, self._checked(after, last, first, checksum, body)))
                after = last
                size += len(body)
                if size >= READ_BYTES:
                    break
        finally:
            rows.close()
        return found

    def _checked(self, after: Position, last: Position, first: Position, checksum: int, body: bytes) -> Sequence[Record]:
        """The records of one batch with a seq above `after`."""
        if first > after + 1:
            raise StoreMismatch(f"the journal lacks the records {after + 1} to {first - 1}", RESTORE)
        records: Sequence[Record] = ()
        if checksum == _checksum(first, last, body):
            try:
                records = self._decode(body)
            except msgspec.MsgspecError as error:
                raise StoreMismatch(f"the records {first} to {last} of the journal cannot be read: {error}", RESTORE) from error
        if len(records) != last - first + 1:
            raise StoreMismatch(f"the records {first} to {last} of the journal are damaged", RESTORE)
        return records[after + 1 - first :]

    def _bounds(self) -> tuple[Position, Position]:
        """(tail, head). The tail is kept, so the head outlives a trim of everything."""
        (tail, last) = self._connected().execute("SELECT tail, (SELECT max(last) FROM batches) FROM journal").fetchone()
        return tail, tail if last is None else last

    def _trim(self, before: Position) -> bool:
        """One step; whether there was something to do."""
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        upto = _trim_step(connection, before)
        if upto is not None:
            connection.execute("DELETE FROM batches WHERE last <= ?", (upto,))
            connection.execute("UPDATE journal SET tail = ?", (upto,))
        connection.execute("COMMIT")
        return upto is not None

    def _empty_wal(self) -> None:
        (busy, _, _) = self._connected().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise JournalFailed("the journal could not be wiped: another connection is reading it")

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise JournalFailed("the journal has to be reopened")
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def connect(path: Path, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection as the journal and the registry need it, each in a thread of its own."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA secure_delete=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _copied(path: Path, file: Path) -> Position:
    with closing(connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(file),))
    with closing(sqlite3.connect(file)) as copy:
        return int(copy.execute("SELECT tail FROM journal").fetchone()[0])


def _trim_step(connection: sqlite3.Connection, before: Position) -> Position | None:
    """The last batch that one step takes, at least one; None when there is none left."""
    upto, size = None, 0
    sql = "SELECT last, length(body) FROM batches WHERE last <= ? ORDER BY last LIMIT ?"
    for last, length in connection.execute(sql, (before, TRIM_BATCHES)).fetchall():
        size += length
        if upto is not None and size > TRIM_BYTES:
            break
        upto = last
    return upto


def _checksum(first: Position, last: Position, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(b"%d %d" % (first, last)))
