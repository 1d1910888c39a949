"""A backup: history, journal and keys that fit together, taken while they are used; and a data folder made of one.

History is copied first, as it is at one moment, then the journal, which has everything that history's copy lacks. Nothing is
trimmed meanwhile, so opening the two is a recovery like any other. An erase on the way begins it again: no backup holds
what was erased before it was finished. Salts stay out of it.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

from footfall import manifest
from footfall.checkpoints import Keeping
from footfall.engine import Engine
from footfall.errors import ArchiveRefused
from footfall.folder import Folder, taken, write_private
from footfall.history.base import FileHistory
from footfall.journal.base import FileJournal, Position, Vector
from footfall.live.fold import Fold

IDENTITY = "footfall.json"  # written last, here as where a folder is made
SETTINGS = "footfall.toml"  # which not everybody has
SMALL = (IDENTITY, "secret.key", "owner.key", SETTINGS)
ALL = frozenset({*SMALL, "journal.sqlite", "history.duckdb"})


async def back_up(
    engine: Engine, keeper: Keeping, journal: FileJournal, history: FileHistory, folder: Folder, version: str, into: Path
) -> manifest.Manifest:
    """Fill an empty folder. Raises Busy, HistoryFailed; then it is of no use."""

    async def copied(served: Fold, upto: Vector) -> Position:
        for file in (folder.history, folder.journal):
            (into / file.name).unlink(missing_ok=True)  # of a copy that an erase overtook
        position = await history.copy(into / folder.history.name)
        await journal.copy(into / folder.journal.name)
        return position

    async with keeper.pause:
        position = await engine.undisturbed(copied)
    for name in SMALL:
        if (folder.path / name).exists():
            write_private(into / name, (folder.path / name).read_bytes())
    told = manifest.Manifest("backup", version, folder.store_id, engine.now(), position)
    return await asyncio.to_thread(manifest.seal, into, told, {})


def restore(backup: Path, folder: Path, advance: manifest.Advance) -> manifest.Manifest:
    """Make the data folder of a backup: whole, or as it was. Raises ArchiveRefused, FolderInUse."""
    told = manifest.read(backup, "backup")
    if missing := ALL - {SETTINGS} - told.files.keys():
        raise ArchiveRefused(f"{backup} has no {', '.join(sorted(missing))}", "take another backup")
    if strange := told.files.keys() - ALL:
        raise ArchiveRefused(f"{backup} names files that no backup has: {', '.join(sorted(strange))}", "take another backup")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as undoing, taken(folder):
        there = {file.name for file in folder.iterdir()} - {"lock"}
        if there - {SETTINGS}:
            raise ArchiveRefused(
                f"{folder} is not empty: it has {', '.join(sorted(there)[:5])}", "name another one with --data-folder"
            )
        names = sorted(told.files.keys() - there - {IDENTITY})
        for name in (*names, IDENTITY):
            undoing.callback((folder / name).unlink, missing_ok=True)
        manifest.copy(backup, told, folder, names, advance)
        manifest.copy(backup, told, folder, [IDENTITY], advance)
        undoing.pop_all()
    return told
