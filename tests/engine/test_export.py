"""An export holds every row of a site, in a form that other programs read; taken back, every total is the same."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest

from footfall import rules
from footfall.export import export
from footfall.history.incoming import TABLES, chunks
from footfall.intake.adopted import check_adopted
from footfall.live.stats import stats
from footfall.model import Erase, Kind, Publish, Record, Site, Sweep
from footfall.store import Store, open_store
from tests.engine.conftest import OpenStore, Time, rows_of
from tests.engine.test_recovery import MIXED, send, totals
from tests.unit.live.made import MINUTE, SITE, START, fact

HOSTILE = ("=1+1", "+1", "-1", "@x", "'", "'=1", "\t=1", '"', 'a,"b"', "a\nb", "a\rb", "\0x", "NULL", "", " a ", "é😀", "\uff1d1")
LATER = START + 3 * rules.HOUR
NOTHING: dict[str, Any] = {"country": "", "city": None, "props": {}}


def awkward() -> list[Record]:
    """Text that CSV and spreadsheets take amiss, in every nullable way, over three hours."""
    made = [fact(path=f"/{text}", title=text, city=text, props={text: text}, visitor=n) for n, text in enumerate(HOSTILE, 1)]
    late = [fact(path="/late", at=LATER - MINUTE, visitor=50, latitude=0.1, longitude=-1e-7, **NOTHING)]
    events = [fact(Kind.EVENT, "/late", at=LATER, visitor=50, name="=buy")]
    return [*MIXED, *made, Sweep(LATER - 2 * MINUTE), *late, *events, Publish(SITE, LATER, "page", "'a", "=A", True)]


async def taken_back(store: Store, folder: Path, form: str, site: str) -> int:
    taken = 0
    for table in TABLES:
        for chunk in chunks(folder / f"{SITE}.{table}.{form}", site, table):
            check_adopted(chunk, site)
            found = await store.engine.command(msgspec.structs.replace(chunk, at=store.engine.now()))
            assert isinstance(found, int)
            taken += found
    return taken


async def exported(store: Store, form: str) -> Path:
    into = store.folder.outgoing
    into.mkdir()
    told = await export(store.engine, store.history, store.folder.store_id, [Site(SITE)], form, "0", into)
    assert sum(file.rows for file in told.files.values()) > 20
    return into


def without_place(rows: dict[str, list[tuple[object, ...]]]) -> dict[str, list[list[object]]]:
    """Rows without the (seq, n) that differ by nature and without their site, of the one that is looked at."""
    names, found = (SITE, "again"), {}
    for table, of_table in rows.items():
        chosen = [[value for value in row[2:] if value not in names] for row in of_table if set(names) & set(row)]
        found[table] = sorted(chosen, key=repr)
    return found


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_there_and_back(open_a_store: OpenStore, tmp_path: Path, time: Time, form: str) -> None:
    """Into another store under another name: the same rows, the same totals, which equal a recount."""
    store = await open_a_store()
    time.now = LATER
    await send(store, awkward())
    folder = await exported(store, form)
    again = await open_store(tmp_path / "again", time)
    facts = len((await rows_of(store))["facts"])
    assert await taken_back(again, folder, form, "again") == facts
    assert await again.engine.verify() == []
    one, two = (totals(stats(of.engine.fold.site(site), LATER)) for of, site in ((store, SITE), (again, "again")))
    assert one == two
    time.now = LATER + 2 * rules.HOUR  # what was open is final now
    for of in (store, again):
        await of.engine.command(Sweep(time.now))
    before, after = without_place(await rows_of(store)), without_place(await rows_of(again))
    for table in TABLES:
        assert after[table] == before[table], table
    await again.close()


@pytest.mark.slow
async def test_repeats_whose_first_view_was_erased_come_back(open_a_store: OpenStore, tmp_path: Path, time: Time) -> None:
    """Retention leaves such ones, also of paths that no counted view is left of; the rows behind them come too."""
    store = await open_a_store()
    time.now = START + 2 * MINUTE
    seen = [fact(path=path, title=f"{path} {at}", at=START + at * MINUTE) for path in ("/a", "/b") for at in (0, 2)]
    await send(store, seen)
    await store.engine.command(Erase(SITE, time.now, last=START))
    await send(store, [*MIXED, fact(path="/b", visitor=9, at=time.now - MINUTE)])
    assert await store.engine.verify() == []
    folder = await exported(store, "csv")
    again = await open_store(tmp_path / "again", time)
    assert await taken_back(again, folder, "csv", SITE) == len((await rows_of(store))["facts"])
    assert await again.engine.verify() == []
    assert without_place(await rows_of(again))["facts"] == without_place(await rows_of(store))["facts"]
    await again.close()


async def test_a_spreadsheet_sees_no_formula(open_a_store: OpenStore, time: Time) -> None:
    """What a stranger sent begins no cell that would be computed."""
    store = await open_a_store()
    time.now = LATER
    await send(store, awkward())
    folder = await exported(store, "csv")
    for file in folder.glob("*.csv"):
        cells = [cell for row in csv.reader(io.StringIO(file.read_bytes().decode(), newline="")) for cell in row]
        assert [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r", "\uff1d"))] == []
        assert [cell for cell in cells if cell.startswith("-") and not _is_number(cell)] == []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


async def test_an_export_of_nothing(open_a_store: OpenStore, tmp_path: Path, time: Time) -> None:
    """A site that nobody saw has files with a header."""
    store = await open_a_store()
    into = store.folder.outgoing
    into.mkdir()
    told = await export(store.engine, store.history, "", [Site("empty")], "csv", "0", into)
    assert {name: file.rows for name, file in told.files.items()} == {f"empty.{table}.csv": 0 for table in TABLES}
    assert [chunk for table in TABLES for chunk in chunks(into / f"empty.{table}.csv", "empty", table)] == []
