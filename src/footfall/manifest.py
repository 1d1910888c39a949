"""A folder of files with a manifest that names each with its size and checksum: what a backup and an export are.

The manifest is written last, and the folder gets its name when all of it is on the disk: one that has a manifest is whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from footfall.errors import ArchiveRefused
from footfall.folder import write_private
from footfall.model import Site

NAME = "manifest.json"
FORMAT = 1
FORMATS = ("csv", "parquet")  # of an export's files
TAKES = {"backup": "footfall import footfall takes an export", "export": "footfall restore takes a backup"}  # instead of these
_PIECE = 1 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*").fullmatch  # of a file beside the manifest

Advance = Callable[[int], None]  # so many bytes more are done


class File(msgspec.Struct, frozen=True):
    """One file. `rows` of an export's."""

    bytes: int
    sha256: str
    rows: int = 0


class Manifest(msgspec.Struct, frozen=True):
    """`kind` is "backup" or "export"; `position` is history's, `created` ms since 1970 UTC; `sites` those of an export."""

    kind: str
    footfall: str
    store: str
    created: int
    position: int
    files: Mapping[str, File] = {}
    sites: tuple[Site, ...] = ()
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """All files together."""
        return sum(file.bytes for file in self.files.values())


def seal(folder: Path, manifest: Manifest, rows: Mapping[str, int]) -> Manifest:
    """Make every file of `folder` durable and private, and write the manifest that names them all. `rows` of some, by name."""
    files = {}
    for file in sorted(folder.iterdir()):
        file.chmod(0o600)
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
        files[file.name] = File(file.stat().st_size, _sha256(file, lambda done: None), rows.get(file.name, 0))
    manifest = msgspec.structs.replace(manifest, files=files)
    write_private(folder / NAME, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def read(folder: Path, kind: str) -> Manifest:
    """The manifest of a backup or an export. Raises ArchiveRefused."""
    file = folder / NAME
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ArchiveRefused(f"{folder} is no {kind}, or was never finished: it has no {NAME}", f"name a whole {kind}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArchiveRefused(f"{file} cannot be read: {error}", f"take another {kind}") from error
    if manifest.kind != kind:
        raise ArchiveRefused(f"{folder} is no {kind}: its manifest says {manifest.kind}", TAKES[kind])
    if manifest.format > FORMAT:
        raise ArchiveRefused(f"{folder} was written by Footfall {manifest.footfall}, a newer one", "install that version")
    strange = [name for name in manifest.files if not _NAME(name)]
    if strange:
        raise ArchiveRefused(f"{file} names files elsewhere: {', '.join(strange)}", f"take another {kind}")
    return manifest


def check(folder: Path, manifest: Manifest, advance: Advance) -> None:
    """Compare every file with the manifest. Raises ArchiveRefused naming the first that differs."""
    for name, file in manifest.files.items():
        found = folder / name
        if not found.is_file():
            raise ArchiveRefused(f"{found} is missing", "take another copy; this one is not whole")
        if found.stat().st_size != file.bytes or _sha256(found, advance) != file.sha256:
            raise ArchiveRefused(f"{found} is damaged: it is not what {NAME} says", "take another copy; this one is not whole")


def deliver(source: Path, manifest: Manifest, to: Path, advance: Advance) -> None:
    """Move a sealed folder to a new place, on another disk too; whole under that name or not there. Raises ArchiveRefused."""
    if to.exists():
        raise ArchiveRefused(f"{to} is there already", "name a folder that does not exist yet")
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{to.name}.", suffix=".partial", dir=to.parent))
    try:
        taken = _taken(source, manifest)
        try:
            copy(taken, manifest, partial, tuple(manifest.files), advance, move=True)
            write_private(partial / NAME, (taken / NAME).read_bytes())
        finally:
            shutil.rmtree(taken, ignore_errors=True)
        if to.exists():
            raise ArchiveRefused(f"{to} is there already", "name a folder that does not exist yet")
        partial.rename(to)
        _sync(to.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _taken(source: Path, manifest: Manifest) -> Path:
    """The folder under a name of its own: what is made in its place from now on has nothing to do with it."""
    if read(source, manifest.kind).files != manifest.files:
        raise ArchiveRefused(f"another one was made in {source} meanwhile", "ask for it again")
    return source.rename(source.with_name(f"{source.name}.{secrets.token_hex(4)}"))


def copy(source: Path, manifest: Manifest, to: Path, names: Sequence[str], advance: Advance, *, move: bool = False) -> None:
    """Put files beside each other into `to`, durable and as the manifest says. Raises ArchiveRefused, OSError."""
    for name in names:
        if move:
            try:
                (source / name).rename(to / name)
            except OSError:  # it is on another disk
                pass
            else:
                advance(manifest.files[name].bytes)
                continue
        if _copied(source / name, to / name, advance) != manifest.files[name].sha256:
            raise ArchiveRefused(f"{source / name} is damaged: it is not what {NAME} says", "take another copy")


def _copied(source: Path, to: Path, advance: Advance) -> str:
    """The checksum of what was written and is on the disk."""
    digest = hashlib.sha256()
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as reading, open(handle, "wb") as writing:
        while piece := reading.read(_PIECE):
            writing.write(piece)
            digest.update(piece)
            advance(len(piece))
        writing.flush()
        os.fsync(handle)
    return digest.hexdigest()


def _sha256(file: Path, advance: Advance) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as reading:
        while piece := reading.read(_PIECE):
            digest.update(piece)
            advance(len(piece))
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
