"""One of the two files lost, damaged or restored from yesterday: a refusal that names the repair, or everything is there.

Yesterday's folder was stopped once, so that its journal holds every record; today's was stopped twice more, and its journal
begins after yesterday.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from footfall.clock import process_clock
from footfall.errors import HistoryFailed, StoreRefused
from footfall.store import open_store

from . import books
from .conftest import Start
from .load import Load
from .process import Server
from .story import Story

JOURNAL, HISTORY = "journal.sqlite", "history.duckdb"
PAGE = 4096

pytestmark = pytest.mark.slow

Damage = Callable[[Path, Path], None]  # (the folder, yesterday's)


class Shelf:
    """Folders that were stopped cleanly, never changed; `copy` gives one to work on."""

    def __init__(self, root: Path, load: Load) -> None:
        self.root = root
        self.load = load
        self.books: dict[str, books.Books] = {}

    async def keep(self, folder: Path, name: str) -> None:
        """Put a copy away, with what another copy of it says and the model agrees with."""
        shutil.copytree(folder, self.root / name)
        self.books[name] = await books.read(self.copy(name, self.root / f"{name} read"), "chaos")
        assert books.disagreements(self.books[name], self.load) == []

    def copy(self, name: str, to: Path) -> Path:
        return Path(shutil.copytree(self.root / name, to))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Made by a real server, once."""
    root = tmp_path_factory.mktemp("shelf")
    shelf = Shelf(root, Load(Story("chaos", 5), 5))
    for name in ("yesterday", "this morning", "today"):
        with closing(Server(root / "data").ready()) as server:
            server.add_site("chaos")
            for _ in range(60):
                shelf.load.add(shelf.load.story.request())
            asyncio.run(shelf.load.finish(server.port))
            server.stop()
        asyncio.run(shelf.keep(root / "data", name))
    with closing(Server(root / "other").ready()) as other:
        other.stop()
    assert _tail(root / "yesterday") == 0
    assert _tail(root / "this morning") > 0
    return shelf


def lose(*names: str) -> Damage:
    def damage(folder: Path, yesterday: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return damage


def from_yesterday(*names: str) -> Damage:
    def damage(folder: Path, yesterday: Path) -> None:
        for name in names:
            shutil.copy(yesterday / name, folder / name)

    return damage


def of_another_store(*names: str) -> Damage:
    def damage(folder: Path, yesterday: Path) -> None:
        for name in names:
            shutil.copy(yesterday.with_name("other") / name, folder / name)

    return damage


def cut(name: str, part: float) -> Damage:
    def damage(folder: Path, yesterday: Path) -> None:
        file = folder / name
        with file.open("r+b") as opened:
            opened.truncate(int(file.stat().st_size * part) // PAGE * PAGE)

    return damage


def scribble(name: str, offset: int) -> Damage:
    def damage(folder: Path, yesterday: Path) -> None:
        with (folder / name).open("r+b") as opened:
            opened.seek(offset)
            opened.write(random.Random(offset).randbytes(PAGE))

    return damage


REFUSED: dict[str, tuple[Damage, str]] = {
    "history lost": (lose(HISTORY), "history was lost or is an older copy"),
    "history from yesterday": (from_yesterday(HISTORY), "history was lost or is an older copy"),
    "history empty": (cut(HISTORY, 0), "history.duckdb"),
    "history cut": (cut(HISTORY, 0.5), "history.duckdb"),
    "history's head damaged": (scribble(HISTORY, 0), "history.duckdb"),
    "journal lost": (lose(JOURNAL), "the journal was lost or is an older copy"),
    "journal from yesterday": (from_yesterday(JOURNAL), "the journal was lost or is an older copy"),
    "journal empty": (cut(JOURNAL, 0), "the journal was lost or is an older copy"),
    "journal cut": (cut(JOURNAL, 0.5), "journal.sqlite"),
    "journal's head damaged": (scribble(JOURNAL, 0), "journal.sqlite"),
    "journal of another store": (of_another_store(JOURNAL), "belongs to store"),
    "history of another store": (of_another_store(HISTORY), "belongs to store"),
    "both of another store": (of_another_store(JOURNAL, HISTORY), "belongs to store"),
    "identity lost": (lose("footfall.json"), "footfall.json"),
    "secret lost": (lose("secret.key"), "secret.key"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_refused_with_a_repair(start: Start, shelf: Shelf, tmp_path: Path, what: str) -> None:
    """Exit code 1 and one message, again and again; and with the right files back everything is there."""
    damage, expected = REFUSED[what]
    folder = shelf.copy("today", tmp_path / "data")
    damage(folder, shelf.root / "yesterday")
    code, said = start().refused()
    assert code == 1, said
    assert expected in said
    assert "repair: " in said
    assert "Traceback" not in said
    with pytest.raises(StoreRefused, match=expected):
        await open_store(folder, process_clock())
    for name in (JOURNAL, HISTORY, "footfall.json", "secret.key"):
        shutil.copy(shelf.root / "today" / name, folder / name)
    assert await books.read(folder, "chaos") == shelf.books["today"]


OPENED: dict[str, tuple[str, Damage]] = {
    "history lost while the journal holds everything": ("yesterday", lose(HISTORY)),
    "history of yesterday, journal of this morning": ("this morning", from_yesterday(HISTORY)),
    "both of yesterday": ("yesterday", lose()),
    "salts and owner's key lost": ("today", lose("salts.json", "owner.key")),
}


@pytest.mark.parametrize("what", OPENED)
async def test_opened_with_everything(start: Start, shelf: Shelf, tmp_path: Path, what: str) -> None:
    """What the journal still holds is made again: every total, every row, every line of the ledger, once."""
    name, damage = OPENED[what]
    folder = shelf.copy(name, tmp_path / "data")
    damage(folder, shelf.root / "yesterday")
    server = start().ready()
    assert server.snapshot("chaos")["views"] == shelf.books[name].counted
    server.stop()
    assert await books.read(folder, "chaos") == shelf.books[name]


@pytest.mark.parametrize("name", [JOURNAL, HISTORY])
async def test_any_page_damaged(shelf: Shelf, tmp_path: Path, seed: int, chance: random.Random, name: str) -> None:
    """Wherever it is: the folder is refused with a repair, or a question fails, or nothing is missing."""
    size = (shelf.root / "today" / name).stat().st_size
    outcomes: Counter[str] = Counter()
    pages = range(0, size, PAGE)
    for offset in chance.sample(pages, min(40, len(pages))):
        folder = shelf.copy("today", tmp_path / f"{offset}")
        scribble(name, offset)(folder, folder)
        try:
            found = await books.read(folder, "chaos")
        except (StoreRefused, HistoryFailed) as error:  # any other error is a failure of this test
            outcomes[type(error).__name__] += 1
        else:
            outcomes["complete"] += 1
            assert found == shelf.books["today"], f"page at {offset} of {name}"
        shutil.rmtree(folder)
    print(dict(outcomes))
    assert outcomes["complete"] < sum(outcomes.values())


async def test_store_is_released_after_a_refusal(shelf: Shelf, tmp_path: Path) -> None:
    """A refusal leaves nothing open: the same process may try again at once."""
    folder = shelf.copy("today", tmp_path / "data")
    shutil.move(folder / HISTORY, folder / "aside")
    with pytest.raises(StoreRefused):
        await open_store(folder, process_clock())
    shutil.move(folder / "aside", folder / HISTORY)
    store = await open_store(folder, process_clock())
    await store.close()


def _tail(folder: Path) -> int:
    connection = sqlite3.connect(folder / JOURNAL)
    try:
        return int(connection.execute("SELECT tail FROM journal").fetchone()[0])
    finally:
        connection.close()
