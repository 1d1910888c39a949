"""The embedded registry: tables in the journal's SQLite file, over a connection and a thread of its own.

SQLite has one write lock: every transaction here is short (a document, or at most 256 KiB of a checkpoint), so that an append
to the journal never waits more than a few milliseconds for it. What is deleted is overwritten (`secure_delete`); its last
traces leave the WAL with the journal's `trim(wipe=True)`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from footfall.errors import Busy
from footfall.journal.base import Position
from footfall.journal.sqlite import connect
from footfall.registry.base import Checkpoint
from footfall.worker import Worker

T = TypeVar("T")

PIECE_BYTES = 1 << 18
KEPT = 2  # valid checkpoints

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, id TEXT NOT NULL, document BLOB NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoints (
    key INTEGER PRIMARY KEY, seq INTEGER NOT NULL, version TEXT NOT NULL, checksum INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS pieces (key INTEGER NOT NULL, part INTEGER NOT NULL, piece INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS pieces_in_order ON pieces (key, part, piece);
"""


async def open_registry(path: Path) -> SqliteRegistry:
    """Open the registry in the journal's file. Open the journal first: it checks whose file it is. Raises Busy when it cannot."""
    registry = SqliteRegistry(path)
    try:
        await registry.open()
    except BaseException:
        await registry.close()
        raise
    return registry


class SqliteRegistry:
    """See registry/base.py. Made by `open_registry`. Every method raises Busy when the file cannot be read or written now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._worker = Worker("registry")
        self._closed = False
        self._checkpoints = asyncio.Lock()  # a sweep takes the pieces of an unfinished checkpoint for those of a crash
        self._connection: sqlite3.Connection | None = None  # touched only in the thread

    async def open(self) -> None:
        await self._run(lambda connection: None)

    async def put(self, kind: str, id: str, document: bytes) -> None:
        sql = "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document"
        await self._run(lambda connection: connection.execute(sql, (kind, id, document)))

    async def replace(self, kind: str, id: str, seen: bytes | None, document: bytes) -> bool:
        sql, params = "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (kind, id) DO NOTHING", [kind, id, document]
        if seen is not None:
            sql, params = (
                "UPDATE documents SET document = ? WHERE kind = ? AND id = ? AND document = ?",
                [document, kind, id, seen],
            )
        return bool(await self._run(lambda connection: connection.execute(sql, params).rowcount))

    async def get(self, kind: str, id: str) -> bytes | None:
        sql = "SELECT document FROM documents WHERE kind = ? AND id = ?"
        row = await self._run(lambda connection: connection.execute(sql, (kind, id)).fetchone())
        return None if row is None else bytes(row[0])

    async def list(self, kind: str) -> dict[str, bytes]:
        sql = "SELECT id, document FROM documents WHERE kind = ? ORDER BY id"
        return dict(await self._run(lambda connection: connection.execute(sql, (kind,)).fetchall()))

    async def documents(self) -> dict[tuple[str, str], bytes]:
        """All there are, by kind and id."""
        sql = "SELECT kind, id, document FROM documents ORDER BY kind, id"
        found = await self._run(lambda connection: connection.execute(sql).fetchall())
        return {(kind, id): document for kind, id, document in found}

    async def delete(self, kind: str, id: str) -> bool:
        sql = "DELETE FROM documents WHERE kind = ? AND id = ?"
        return bool(await self._run(lambda connection: connection.execute(sql, (kind, id)).rowcount))

    async def save_checkpoint(self, seq: Position, version: str, parts: Iterable[bytes]) -> None:
        """`parts` is walked in the registry's thread, one part at a time, so it may encode as it goes."""
        async with self._checkpoints:
            await self._save(seq, version, parts)
            await self._sweep()

    async def _save(self, seq: Position, version: str, parts: Iterable[bytes]) -> None:
        key = await self._run(_new_key)
        checksum, number, rest = 0, 0, iter(parts)
        while (part := await self._run(lambda connection: next(rest, None))) is not None:
            for piece, start in enumerate(range(0, max(1, len(part)), PIECE_BYTES)):
                body = part[start : start + PIECE_BYTES]
                row = (key, number, piece, body)
                await self._run(lambda connection: _unsynced(connection, "INSERT INTO pieces VALUES (?, ?, ?, ?)", row))  # noqa: B023 - awaited here
                checksum = _checksum(checksum, number, piece, body)
            number += 1
        await self._run(lambda connection: _mark_valid(connection, key, seq, version, checksum))

    async def load_checkpoints(self, version: str) -> Sequence[Position]:
        sql = "SELECT seq FROM checkpoints WHERE version = ? ORDER BY seq DESC"
        return [seq for (seq,) in await self._run(lambda connection: connection.execute(sql, (version,)).fetchall())]

    async def load_checkpoint(self, seq: Position) -> Checkpoint | None:
        return await self._run(lambda connection: _load(connection, seq))

    async def drop_checkpoints(self, before: Position) -> None:
        async with self._checkpoints:
            await self._run(lambda connection: connection.execute("DELETE FROM checkpoints WHERE seq < ?", (before,)))
            await self._sweep()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._worker.do(self._disconnect)
        self._worker.close()

    async def _sweep(self) -> None:
        """Remove the pieces of checkpoints that are not valid (any more), one at a time."""
        while await self._run(_remove_piece):
            pass

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise Busy("the registry is closed")
        return await self._worker.do(lambda: self._work(work))

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = connect(self._path)
                self._connection.executescript(SCHEMA)
            return work(self._connection)
        except sqlite3.Error as error:
            self._disconnect()  # the next call starts from a fresh connection
            raise Busy(f"the registry {self._path} cannot be used: {error}") from error

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _unsynced(connection: sqlite3.Connection, sql: str, params: Sequence[object] = ()) -> sqlite3.Cursor:
    """Without waiting for the disk: the next commit that does syncs the same WAL, and so everything before it. For pieces of a
    checkpoint, hundreds of transactions, until the one that marks it valid."""
    connection.execute("PRAGMA synchronous=NORMAL")
    try:
        return connection.execute(sql, params)
    finally:
        connection.execute("PRAGMA synchronous=FULL")


def _new_key(connection: sqlite3.Connection) -> int:
    """A key above every piece and checkpoint there is, whether valid or left by a crash."""
    row = connection.execute(
        "SELECT max(coalesce((SELECT max(key) FROM pieces), 0), coalesce((SELECT max(key) FROM checkpoints), 0)) + 1"
    )
    return int(row.fetchone()[0])


def _mark_valid(connection: sqlite3.Connection, key: int, seq: Position, version: str, checksum: int) -> None:
    with connection:  # ends the transaction, whatever happens
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM checkpoints WHERE seq = ?", (seq,))
        connection.execute("INSERT INTO checkpoints VALUES (?, ?, ?, ?)", (key, seq, version, checksum))
        newest = "SELECT key FROM checkpoints ORDER BY seq DESC LIMIT ?"
        connection.execute(f"DELETE FROM checkpoints WHERE key NOT IN ({newest})", (KEPT,))


def _remove_piece(connection: sqlite3.Connection) -> bool:
    orphan = "SELECT rowid FROM pieces WHERE key NOT IN (SELECT key FROM checkpoints) LIMIT 1"
    return bool(_unsynced(connection, f"DELETE FROM pieces WHERE rowid IN ({orphan})").rowcount)


def _load(connection: sqlite3.Connection, seq: Position) -> Checkpoint | None:
    marked = connection.execute("SELECT key, checksum FROM checkpoints WHERE seq = ?", (seq,)).fetchone()
    if marked is None:
        return None
    key, expected = marked
    parts: dict[int, list[bytes]] = {}
    checksum = 0
    for part, piece, body in connection.execute(
        "SELECT part, piece, body FROM pieces WHERE key = ? ORDER BY part, piece", (key,)
    ):
        checksum = _checksum(checksum, part, piece, body)
        parts.setdefault(part, []).append(body)
    return Checkpoint(seq, [b"".join(pieces) for pieces in parts.values()]) if checksum == expected else None


def _checksum(so_far: int, part: int, piece: int, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(b"%d %d" % (part, piece), so_far))
