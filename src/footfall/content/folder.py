"""Reads a folder of Markdown, again and again, each file only when it has changed. It blocks: call it in a thread.

One file that cannot be read is a warning that names it; all others go on, and what it stood for stays as it was. Links are not
followed, nothing but regular files is opened, and of each only the beginning is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from footfall.content import matter
from footfall.content.piece import Piece, piece_of
from footfall.content.source import Source
from footfall.errors import InvalidInput
from footfall.rules import MAX_TEXT_BYTES

ENDINGS = (".md", ".mdx", ".markdown")
MOST_ENTRIES = 50_000  # of all kinds, below one folder
DEEPEST = 32  # folders in each other
SKIPPED = ("node_modules",)  # beside what is hidden

Stamp = tuple[int, int, int]  # when a file changed last, its size, its number


class Read(NamedTuple):
    """What a folder holds. `held`: slugs that stay as they are: their files cannot be read. `whole`: it was read to its end."""

    pieces: list[Piece]
    held: set[str]
    whole: bool
    warnings: list[str]


class _Known(NamedTuple):
    """What came of a file: a piece, None without front matter; `fault` if it cannot be read: then the piece is what it was.
    `parts` is its place below the folder, without its ending."""

    parts: tuple[str, ...]
    stamp: Stamp
    piece: Piece | None
    fault: str = ""


class _Walk:
    """One look at everything below a folder."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.whole = True
        self._left = MOST_ENTRIES

    def files(self, folder: str, parts: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], os.DirEntry[str]]]:
        """Every Markdown file with its place below the folder, in the order of names."""
        for entry in self._entries(folder, len(parts)):
            if entry.name.startswith(".") or entry.name in SKIPPED:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self.files(entry.path, (*parts, entry.name))
            elif entry.is_symlink() and (entry.name.endswith(ENDINGS) or os.path.isdir(entry.path)):
                self.warnings.append(f"{shown(entry.path)}: a symbolic link, which is not followed")
            elif entry.name.endswith(ENDINGS) and entry.is_file(follow_symlinks=False):
                yield (*parts, entry.name.rpartition(".")[0]), entry

    def _entries(self, folder: str, depth: int) -> list[os.DirEntry[str]]:
        if depth > DEEPEST:
            return self._left_out(folder, f"more than {DEEPEST} folders deep; what lies in it is not read")
        try:
            with os.scandir(folder) as found:
                entries = list(islice(found, self._left + 1))
        except OSError as error:
            return self._left_out(folder, error.strerror or "it cannot be read")
        if len(entries) > self._left:
            return self._left_out(folder, f"more than {MOST_ENTRIES:,} files up to here; what lies in it is not read")
        self._left -= len(entries)
        return sorted(entries, key=lambda entry: entry.name)

    def _left_out(self, folder: str, why: str) -> list[os.DirEntry[str]]:
        self.warnings.append(f"{shown(folder)}: {why}")
        self.whole = False
        return []


class Folder:
    """A source and what is known of its files."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._files: dict[str, _Known] = {}  # by path

    def read(self, stopped: Callable[[], bool]) -> Read:
        """What it holds now. Once `stopped` it ends early; nobody wants the result then."""
        walk, files = _Walk(), dict[str, _Known]()
        for parts, entry in walk.files(str(self._source.folder)):
            if stopped():
                break
            known = self._look(parts, entry)
            if known is not None:
                files[entry.path] = known
                if known.fault:
                    walk.warnings.append(f"{shown(entry.path)}: {known.fault}")
        self._files = files
        held = {self._stood_for(known) for known in files.values() if known.fault}
        pieces = [known.piece for known in files.values() if known.piece is not None and not known.fault]
        return Read(pieces, held, walk.whole, walk.warnings)

    def _look(self, parts: tuple[str, ...], entry: os.DirEntry[str]) -> _Known | None:
        """The file as it is now; None if it is gone meanwhile."""
        before = self._files.get(entry.path)
        try:
            stat = entry.stat(follow_symlinks=False)
            stamp = stat.st_mtime_ns, stat.st_size, stat.st_ino
            if before is not None and before.stamp == stamp:
                return before
            return _Known(parts, stamp, self._piece(parts, entry.path))
        except FileNotFoundError:
            return None
        except OSError as error:
            fault = error.strerror or "it cannot be read"
            stamp = (0, 0, 0)  # of no file: it is tried again
        except InvalidInput as error:
            fault = str(error)
        return _Known(parts, stamp, before.piece if before is not None else None, fault)

    def _piece(self, parts: Sequence[str], path: str) -> Piece | None:
        try:
            "/".join(parts).encode()
        except UnicodeEncodeError as error:
            raise InvalidInput("its name", "UTF-8") from error
        found = matter.read(_beginning(path))
        if found is None:
            return None
        piece = piece_of(parts, found, self._source.address)
        if len(piece.slug.encode()) > MAX_TEXT_BYTES:
            raise InvalidInput("slug", f"at most {MAX_TEXT_BYTES} bytes")
        return piece

    def _stood_for(self, known: _Known) -> str:
        """The slug of a file that cannot be read: the one it had, else the one that its name says."""
        if known.piece is not None:
            return known.piece.slug
        names = [part.encode(errors="replace").decode() for part in known.parts]
        return piece_of(names, matter.NOTHING, self._source.address).slug


def _beginning(path: str) -> bytes:
    """Of a regular file; what was put in its place since it was looked at neither leads elsewhere nor makes this wait."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(matter.HEAD)


def shown(path: str | Path) -> str:
    """A path for people, whatever bytes it is of."""
    return str(path).encode(errors="backslashreplace").decode()
