"""A backup is the store at one moment, whatever happens meanwhile; it becomes a data folder again, or nothing at all."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import msgspec
import pytest

from footfall import manifest
from footfall.backup import back_up, restore
from footfall.errors import ArchiveRefused
from footfall.history.base import FileHistory
from footfall.journal.base import Position
from footfall.manifest import Manifest
from footfall.model import Erase
from footfall.store import Store, open_store
from tests.engine.conftest import OpenStore, Time, rows_of
from tests.engine.test_recovery import LATER, MIXED, lose_checkpoints, seen, send
from tests.unit.live.made import SITE, fact


async def made(store: Store, history: FileHistory | None = None) -> tuple[Path, Manifest]:
    """A backup in the store's own folder for it."""
    into = store.folder.outgoing
    into.mkdir()
    source = history or store.files
    assert source is not None
    assert store.journal is not None
    return into, await back_up(store.engine, store.keeper, store.journal, source, store.folder, "0", into)


def silent(done: int) -> None:
    """Nobody looks at the progress."""


async def test_what_is_restored_is_what_was_backed_up(open_a_store: OpenStore, tmp_path: Path, time: Time) -> None:
    """Rows, totals, presence; keys and no salts; all of it private. Also when only the rows are left of it."""
    store = await open_a_store()
    await send(store, MIXED)
    store.folder.salt(1)
    before, stats = await rows_of(store), seen(store, LATER)
    backup, told = await made(store)
    assert sorted(told.files) == ["footfall.json", "history.duckdb", "journal.sqlite", "owner.key", "secret.key"]
    assert {oct(file.stat().st_mode & 0o777) for file in backup.iterdir()} == {"0o600"}
    for name in ("one", "two"):
        assert restore(backup, tmp_path / name, silent) == told
        if name == "two":
            lose_checkpoints(tmp_path / name)
        again = await open_store(tmp_path / name, time)
        assert (await rows_of(again), seen(again, LATER)) == (before, stats)
        assert await again.engine.verify() == []
        assert (again.folder.secret, again.folder.owner_key) == (store.folder.secret, store.folder.owner_key)
        await again.close()


@pytest.mark.slow
async def test_a_backup_while_facts_come(open_a_store: OpenStore, tmp_path: Path, time: Time) -> None:
    """Everything that was acknowledged before it began is in it, and every total is right."""
    store, under_way = await open_a_store(), asyncio.Event()

    async def keep_sending() -> None:
        for number in range(2_000):
            await store.engine.record([fact(path=f"/{number}", visitor=number + 1, at=time.now)])
            if number == 200:
                under_way.set()

    sending = asyncio.create_task(keep_sending())
    await under_way.wait()
    began = store.engine.fold.seq
    backup, told = await made(store)
    assert not sending.done()
    await sending
    restore(backup, tmp_path / "again", silent)
    again = await open_store(tmp_path / "again", time)
    assert await again.engine.verify() == []
    assert began <= told.position <= again.engine.fold.seq < 2_000
    await again.close()


class _Overtaken:
    """A history during whose first copy something is erased and a checkpoint trims the journal."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.copies = 0

    async def copy(self, file: Path) -> Position:
        self.copies += 1
        assert self._store.files is not None
        position = await self._store.files.copy(file)
        if self.copies == 1:
            await self._store.engine.command(Erase(SITE, LATER, path="/a"))
        return position


async def test_an_erase_on_the_way_begins_it_again(open_a_store: OpenStore, tmp_path: Path, time: Time) -> None:
    """No backup holds what was erased before it was finished."""
    store = await open_a_store()
    await send(store, MIXED)
    history = _Overtaken(store)
    backup, _ = await made(store, history)  # type: ignore[arg-type]  # all that a backup needs of one
    assert history.copies == 2
    restore(backup, tmp_path / "again", silent)
    again = await open_store(tmp_path / "again", time)
    assert "/a" not in {row[12] for row in (await rows_of(again))["facts"]}
    assert await again.engine.verify() == []
    await again.close()


async def test_a_folder_that_holds_data_stays_as_it_is(open_a_store: OpenStore, tmp_path: Path) -> None:
    """Only its settings may be there before; they stay too."""
    store = await open_a_store()
    backup, _ = await made(store)
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "footfall.toml").write_text("port = 1\n")
    restore(backup, tmp_path / "again", silent)
    assert (tmp_path / "again" / "footfall.toml").read_text() == "port = 1\n"
    with pytest.raises(ArchiveRefused, match=r"is not empty: it has footfall.json"):
        restore(backup, tmp_path / "again", silent)


def named(backup: Path, name: str) -> None:
    """Let the manifest name one file more."""
    told = manifest.read(backup, "backup")
    told = msgspec.structs.replace(told, files={**told.files, name: told.files["secret.key"]})
    (backup / manifest.NAME).write_bytes(msgspec.json.encode(told))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda backup: os.truncate(backup / "history.duckdb", 4096), "history.duckdb is damaged"),
        (lambda backup: (backup / "owner.key").write_bytes(b"y" * 33), "owner.key is damaged"),
        (lambda backup: (backup / "journal.sqlite").unlink(), "No such file"),
        (lambda backup: (backup / manifest.NAME).unlink(), "was never finished"),
        (lambda backup: (backup / manifest.NAME).write_text("{}"), "cannot be read"),
        (lambda backup: named(backup, "lock"), "names files that no backup has: lock"),
    ],
)
async def test_a_damaged_backup_makes_no_folder(open_a_store: OpenStore, tmp_path: Path, damage: object, said: str) -> None:
    """Nothing of it is left, so that a good one can be restored there."""
    store = await open_a_store()
    backup, _ = await made(store)
    bad = tmp_path / "bad"
    shutil.copytree(backup, bad)
    damage(bad)  # type: ignore[operator]  # a function of the table
    with pytest.raises((ArchiveRefused, FileNotFoundError), match=said):
        restore(bad, tmp_path / "again", silent)
    restore(backup, tmp_path / "again", silent)
