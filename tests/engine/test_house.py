"""Removing a site: it is there whole or gone whole, whatever fails on the way."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from footfall import house as wiring
from footfall import rules
from footfall.clock import process_clock
from footfall.config import Config
from footfall.errors import Busy, NotFound
from footfall.house import Disk, House, open_house
from footfall.model import STORED, Kind, Site
from tests.unit.live.made import SITE, START, fact

OpenHouse = Callable[[], Awaitable[House]]


@pytest.fixture
async def open_a_house(tmp_path: Path) -> AsyncIterator[OpenHouse]:
    """Opens the same data folder again and again; closes what is left open."""
    opened = list[House]()

    async def open() -> House:
        opened.append(await open_house(Config(data_folder=tmp_path / "data")))
        return opened[-1]

    yield open
    for house in opened:
        await house.close()


def change(folder: Path, sql: str) -> None:
    """In the registry, from outside."""
    with sqlite3.connect(folder / "data" / "journal.sqlite") as connection:
        connection.execute(sql)
    connection.close()


REFUSE = "CREATE TRIGGER no BEFORE DELETE ON documents WHEN old.kind IN ({}) BEGIN SELECT raise(FAIL, 'no'); END"


async def test_a_removal_that_failed_may_be_asked_again(open_a_house: OpenHouse, tmp_path: Path) -> None:
    """The site is there meanwhile, takes facts, and no later start removes it unasked."""
    house = await open_a_house()
    await house.put_site(Site(SITE))
    await house.engine.record([fact(at=house.engine.now())])
    change(tmp_path, REFUSE.format("'site'"))
    with pytest.raises(Busy):
        await house.remove_site(SITE)
    assert await house.engine.record([fact(at=house.engine.now())]) == [STORED]
    with pytest.raises(Busy):
        await house.remove_site(SITE)
    assert await house.engine.record([fact(at=house.engine.now())]) == [STORED]
    await house.close()
    house = await open_a_house()
    assert (list(house.sites), house.engine.fold.site(SITE).views) == ([SITE], 1)
    change(tmp_path, "DROP TRIGGER no")
    assert await house.remove_site(SITE) == 1
    with pytest.raises(NotFound):
        await house.remove_site(SITE)
    await house.close()
    assert (await open_a_house()).sites == {}


async def test_a_removal_that_was_cut_off_is_finished(open_a_house: OpenHouse, tmp_path: Path) -> None:
    """By the next start: the site does not come back without its data."""
    house = await open_a_house()
    await house.put_site(Site(SITE))
    await house.engine.record([fact(at=house.engine.now())])
    change(tmp_path, REFUSE.format("'site', 'removing'"))
    with pytest.raises(Busy):
        await house.remove_site(SITE)
    await house.close()
    change(tmp_path, "DROP TRIGGER no")
    house = await open_a_house()
    assert house.sites == {}
    assert await house.registry.list("removing") == {}
    await house.put_site(Site(SITE))
    await house.close()
    assert list((await open_a_house()).sites) == [SITE]


def test_a_disk_that_cannot_be_looked_at_is_an_obstacle(tmp_path: Path) -> None:
    """Until it can be again."""
    disk = Disk(tmp_path / "data", 0)
    disk.look()
    assert disk.obstacle == "the disk cannot be looked at (No such file or directory)"
    (tmp_path / "data").mkdir()
    disk.look()
    assert disk.obstacle == ""


def test_the_clock_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock of the system that says so, where there is one."""
    time = pytest.importorskip("time")
    if not hasattr(time, "CLOCK_BOOTTIME"):
        pytest.skip("only Linux has it")
    slept, read = 0, time.clock_gettime_ns
    monkeypatch.setattr(time, "clock_gettime_ns", lambda clock: read(clock) + slept * (clock == time.CLOCK_BOOTTIME))
    clock = process_clock()
    before = clock()
    slept = 3_600_000_000_000
    assert clock() - before >= 3_600_000


async def test_the_clock_makes_its_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself: who left is forgotten within five minutes, and what a site does not want to keep any longer goes."""
    assert rules.PRESENCE_TIMEOUT + wiring._SWEEP_SECONDS * rules.SECOND <= 5 * rules.MINUTE
    monkeypatch.setattr(wiring, "_SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(wiring, "_RETAIN_SECONDS", 0.01)
    now = START
    opened = await open_house(Config(data_folder=tmp_path / "data"), lambda: now)
    await opened.put_site(Site(SITE, retention=1))
    await opened.engine.record([fact(at=now), fact(Kind.BEAT, at=now, visitor=2)])
    state = opened.engine.fold.site(SITE)
    assert (state.views, len(state.presence.readers)) == (1, 2)
    now += 2 * rules.DAY
    async with asyncio.timeout(60):
        while opened.engine.fold.site(SITE).views or opened.engine.fold.site(SITE).presence.readers:  # noqa: ASYNC110  # its own clock
            await asyncio.sleep(0.01)
    assert await opened.verify() == []
    await opened.close()
