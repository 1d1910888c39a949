"""An export of the original's platform, a zip file or the folder it unpacks to, as chunks of lines. It judges no line.

Nothing is unpacked to the disk and no name in the file becomes a path: a table is looked up by its own name and read as a
stream. A line is at most MOST_LINE bytes, a chunk CHUNK_BYTES and one line; so memory is bounded whatever the file holds.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from footfall.errors import FootfallError

TABLES = ("pageViews", "activeSessions", "posts", "pages")
MOST_LINE = 2 << 20  # the platform's documents have at most 1 MiB
CHUNK_BYTES = 1 << 20
CHUNK_LINES = 5_000
_INDEX = "_tables"  # the platform's list of all tables
_DAMAGE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError)  # what a zip file raises


class Unreadable(FootfallError):
    """The file is no export, or damaged."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines as they stand in the file, each with its end; `numbers` are theirs in the file, from 1. `long` are the numbers of
    lines that are left out because they are too long; `read` is how many bytes all took."""

    numbers: Sequence[int]
    lines: Sequence[bytes]
    long: Sequence[int]
    read: int


@dataclass(frozen=True, slots=True)
class Table:
    """The documents of one table; `size` in bytes as the file tells it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]

    def chunks(self) -> Iterator[Chunk]:
        """All lines, in order. Raises Unreadable where the file is damaged."""
        try:
            with self.open() as stream:
                yield from _chunks(stream)
        except _DAMAGE as error:
            raise Unreadable(f"{self.name}/documents.jsonl cannot be read to its end: {error}") from error


@contextmanager
def open_export(path: Path) -> Iterator[list[Table]]:
    """The tables that an export has. Raises Unreadable."""
    if path.is_dir():
        yield _found(path, _in_folder(path))
        return
    try:
        with zipfile.ZipFile(path) as file:
            yield _found(path, _in_zip(file))
    except zipfile.BadZipFile as error:
        raise Unreadable(f"{path} is neither a zip file nor a folder: {error}") from error


def _found(path: Path, look: Callable[[str], Table | None]) -> list[Table]:
    found = [table for name in TABLES if (table := look(name)) is not None]
    if found:
        return found
    if look(_INDEX) is not None:
        raise Unreadable(f"{path} is an export, but of another application: it has none of the tables {', '.join(TABLES)}")
    raise Unreadable(
        f"{path} is no export of the platform: there is no pageViews/documents.jsonl in it (npx convex export --path export.zip)"
    )


def _in_folder(path: Path) -> Callable[[str], Table | None]:
    roots = [path, *sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("_"))]

    def look(name: str) -> Table | None:
        for root in roots:
            file = root / name / "documents.jsonl"
            if file.is_file():
                return Table(name, file.stat().st_size, partial(_open, file))
        return None

    return look


def _open(file: Path) -> IO[bytes]:
    return file.open("rb")


def _in_zip(file: zipfile.ZipFile) -> Callable[[str], Table | None]:
    """Below the top, or below one folder, as it is when somebody packed the folder again."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in sorted(file.infolist(), key=lambda entry: entry.filename.count("/")):
        *above, name, documents = ["", "", *entry.filename.split("/")]
        if documents == "documents.jsonl" and len(above) <= 3 and not above[-1].startswith("_"):
            entries.setdefault(name, entry)

    def look(name: str) -> Table | None:
        entry = entries.get(name)
        if entry is None:
            return None
        return Table(name, entry.file_size, lambda: io.BufferedReader(file.open(entry), CHUNK_BYTES))  # type: ignore[type-var]  # it reads like a raw one

    return look


def _chunks(stream: IO[bytes]) -> Iterator[Chunk]:
    number = 0
    while True:
        numbers, lines, long, read = list[int](), list[bytes](), list[int](), 0
        while read < CHUNK_BYTES and len(lines) < CHUNK_LINES and (line := stream.readline(MOST_LINE)):
            number += 1
            read += len(line)
            if len(line) == MOST_LINE and not line.endswith(b"\n"):
                read += _skip(stream)
                long.append(number)
            elif not line.isspace():
                numbers.append(number)
                lines.append(line if line.endswith(b"\n") else line + b"\n")
        if not read:
            return
        yield Chunk(numbers, lines, long, read)


def _skip(stream: IO[bytes]) -> int:
    """The rest of a line, of any length; how many bytes it had."""
    skipped = 0
    while part := stream.readline(MOST_LINE):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped
