"""When parts of the engine fail: it says so, goes on when it can, loses no count, and leaves nobody waiting for ever."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from footfall import rules
from footfall.checkpoints import Keeper
from footfall.errors import HistoryFailed, JournalFailed, TooExpensive
from footfall.history.base import Statement
from footfall.journal import sqlite
from footfall.model import REPEAT, STORED, Erase, FactRow, Kind, Reclassify, Rows, Sweep, Table
from footfall.recount.barriers import NAMES
from footfall.sink import Sink, _weight
from footfall.store import Store
from footfall.supervised import supervised
from tests.engine.conftest import OpenFootfall, OpenStore, Time, rows_of
from tests.unit.live.made import MINUTE, SITE, START, fact
from tests.waiting import until


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Somebody else holds the write lock of the journal's file."""
    connection = sqlite3.connect(data / "journal.sqlite", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of `open_a_store`; whoever finds its journal locked gives up at once."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    return tmp_path / "data"


def ledger(store: Store) -> Counter[str]:
    """What became of facts, by outcome and reason; of a store that was just opened."""
    found = Counter[str]()
    for (_, _, _, outcome, reason), count in store.engine.fold.ledger.items():
        found[f"{outcome} {reason}".strip()] += count
    return found


def _holds(data: Path, text: bytes) -> bool:
    return any(text in file.read_bytes() for file in data.glob("journal.sqlite*"))


# --- erases ---


async def test_an_erase_goes_on_after_the_journal_failed(open_a_store: OpenStore, data: Path) -> None:
    """The connection is lost in the middle: meanwhile it is said, then it is opened anew, and everybody is answered."""
    store = await open_a_store()
    await store.engine.record([fact(path="/a"), fact(path="/b")])
    told, journal, keeper = list[str](), store.journal, store.keeper
    assert journal is not None
    assert isinstance(keeper, Keeper)

    async def barrier(seq: int) -> None:
        told.append(store.engine.health().reason)
        if len(told) == 1:
            with locked(data):
                await journal.trim(seq)
        await keeper.barrier(seq)

    store.engine.on_barrier = barrier
    async with asyncio.timeout(30):
        assert await store.engine.command(Erase(SITE, START, path="/a")) == 1
        assert told == ["", "an erase waits for the journal"]
        assert store.engine.health().accepting
        assert await store.engine.record([fact(path="/c")]) == [STORED]
        assert await store.engine.verify() == []


async def test_an_erase_that_waits_for_history_says_so(open_a_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes meanwhile is turned away, not left hanging."""
    store = await open_a_store()
    await store.engine.record([fact(path="/a")])
    ask, away = store.history.fetch, True

    async def fetch(statement: Statement) -> Table:
        if away:
            raise HistoryFailed("history is away")
        return await ask(statement)

    monkeypatch.setattr(store.history, "fetch", fetch)
    async with asyncio.timeout(30):
        erase = asyncio.create_task(store.engine.command(Erase(SITE, START, path="/a")))
        await until(lambda: store.engine.health().reason == "an erase waits for history")
        away = False
        assert await erase == 1
        assert store.engine.health().accepting


async def test_a_change_that_fails_again_and_again_is_told_of(
    open_a_store: OpenStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which one, why, how often and for how long: in the log, and where it is said that history has trouble, until it is done.
    Whether it cannot be worked out, or history does not take it."""
    store = await open_a_store()
    await store.engine.record([fact(path="/a"), fact(path="/b")])

    def too_much(*_: object) -> None:
        raise TooExpensive("the question needs too much")

    for change, part, method in (
        (Reclassify(SITE, START, "owner", (("path", "is", "/a"),)), store.history, "fetch"),
        (Erase(SITE, START, path="/b"), store.history, "append"),
    ):
        with monkeypatch.context() as broken:
            broken.setattr(part, method, too_much)
            done = asyncio.create_task(store.engine.command(change))
            await until(lambda: " 3 times" in store.engine.health().history_failure)
        what = NAMES[type(change)]
        failure = rf"{what} of {SITE} failed \d+ times in \d+ s: the question needs too much"
        assert re.fullmatch(failure, store.engine.health().history_failure)
        assert re.search(rf"attempts=3 .*'{what} of {SITE}'", capsys.readouterr().out)
        assert await asyncio.wait_for(done, 30) == 1
        assert store.engine.health().history_failure == ""
        assert store.engine.health().accepting


async def test_an_erase_leaves_other_sites_alone(open_a_store: OpenStore, time: Time) -> None:
    """Their visits keep what beats and leaves told, which are no rows, and their views are repeats still."""
    store = await open_a_store()
    await store.engine.record([fact(site="shop"), fact(path="/long", visitor=7)])
    for _ in range(40):
        time.now += MINUTE
        await store.engine.record([fact(Kind.BEAT, "/long", at=time.now, visitor=7, engaged=60_000)])
    before = store.engine.fold.site(SITE)
    assert await store.engine.command(Erase("shop", time.now)) == 1
    assert store.engine.fold.site(SITE) is before
    assert list(store.engine.fold.sites) == [SITE]
    await store.engine.record([fact(path="/next", at=time.now, visitor=7)])
    assert await store.engine.record([fact(path="/next", at=time.now, visitor=7)]) == [REPEAT]
    time.now += 3 * rules.WINDOW_KEPT
    await store.engine.command(Sweep(time.now))
    ((*_, views, events, engaged),) = await store.history.fetch(
        await _swept(store, "SELECT start_ms, end_ms, views, events, engaged FROM visits")
    )
    assert (views, events, engaged) == (2, 0, 40 * MINUTE)
    assert await store.engine.verify() == []


async def _swept(store: Store, sql: str) -> Statement:
    await store.engine.sink.wait(store.engine.fold.seq)
    return Statement(sql)


async def test_what_is_left_after_an_erase_repeats_and_what_went_does_not(open_a_store: OpenStore) -> None:
    """Whatever numbers the paths had before; the same after another erase, of all, and when it is opened again."""
    store = await open_a_store()
    await store.engine.record([fact(path="/a"), fact(path="/b"), fact(path="/c")])
    await store.engine.command(Erase(SITE, START, path="/a"))
    again = [fact(path="/c"), fact(path="/b"), fact(path="/a")]
    assert await store.engine.record(again) == [REPEAT, REPEAT, STORED]
    await store.engine.command(Erase(SITE, START, path="/b"))
    await store.close()
    store = await open_a_store()
    assert await store.engine.record([fact(path="/a"), fact(path="/c"), fact(path="/b")]) == [REPEAT, REPEAT, STORED]
    await store.engine.command(Erase(SITE, START))
    assert SITE not in store.engine.fold.sites
    assert await store.engine.record([fact(path="/b"), fact(path="/a"), fact(path="/a")]) == [STORED, STORED, REPEAT]
    assert await store.engine.verify() == []


async def test_nothing_erased_stays_in_the_journal_with_what_came_later(open_a_store: OpenStore, data: Path) -> None:
    """A fact, its erase and another fact that arrive at the same moment."""
    store = await open_a_store()
    await store.engine.record([fact(path="/x")])
    _, removed, _ = await asyncio.gather(
        store.engine.record([fact(path="/very-private-page", visitor=5)]),
        store.engine.command(Erase(SITE, START, visitor=5)),
        store.engine.record([fact(path="/other", visitor=6)]),
    )
    assert removed == 1
    assert not _holds(data, b"very-private-page")
    await store.engine.sink.wait(store.engine.fold.seq)
    assert [row[12] for row in (await rows_of(store))["facts"]] == ["/x", "/other"]


async def test_folding_an_erase_again_keeps_what_came_after_it(open_a_store: OpenStore, time: Time, data: Path) -> None:
    """From the first record on, as when both checkpoints are damaged."""
    store = await open_a_store()

    async def later(seq: int) -> None:
        """The journal is not trimmed: it was cut off there."""

    store.engine.on_barrier = later
    await store.engine.record([fact(path="/a", visitor=5)])
    await store.engine.command(Erase(SITE, START))
    await store.engine.record([fact(path="/b", visitor=6), fact(Kind.BEAT, "/b", at=START + MINUTE, visitor=6, engaged=9)])
    await store.close()
    with sqlite3.connect(data / "journal.sqlite") as connection:
        connection.execute("DELETE FROM checkpoints")
    connection.close()
    store = await open_a_store()
    assert store.engine.fold.site(SITE).views == 1
    ((visit,),) = store.engine.fold.site(SITE).visits.open.values()
    assert (visit.end, visit.engaged) == (START + MINUTE, 9)
    assert await store.engine.verify() == []
    time.now += 3 * rules.WINDOW_KEPT
    await store.engine.command(Sweep(time.now))
    assert not store.engine.fold.faults


async def test_verify_sees_no_difference_in_an_erase(open_a_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes rows between the look at the state and the look at the rows."""
    store = await open_a_store()
    await store.engine.record([fact(path="/a"), fact(path="/b")])
    ask, erases = store.history.fetch, list[object]()

    async def fetch(statement: Statement) -> Table:
        if "max(arrival_ms)" in statement.sql and not erases:
            erases.append(await store.engine.command(Erase(SITE, START, path="/a")))
        return await ask(statement)

    monkeypatch.setattr(store.history, "fetch", fetch)
    assert await store.engine.verify() == []
    assert erases == [1]


# --- what intake refused ---


MALFORMED = (SITE, rules.SCRIPT, "malformed")


async def test_refusals_are_durable_when_they_are_told(open_a_store: OpenStore) -> None:
    """With facts or alone, each once, however many requests are appended together."""
    store = await open_a_store()
    together = [store.engine.record([fact()], [MALFORMED]), store.engine.record([], [MALFORMED, MALFORMED])]
    assert await asyncio.gather(*together) == [[STORED], []]
    wanted = {"stored": 1, "rejected malformed": 3}
    assert ledger(store) == wanted
    await store.close()
    assert ledger(await open_a_store()) == wanted


async def test_refusals_of_a_failed_append_are_not_counted(open_a_store: OpenStore, data: Path) -> None:
    """Their sender was told that nothing was taken, and comes again."""
    store = await open_a_store()
    with locked(data), pytest.raises(JournalFailed):
        await store.engine.record([fact()], [MALFORMED])
    await until(lambda: store.engine.health().accepting)
    assert await store.engine.record([fact()], [MALFORMED]) == [STORED]
    await store.close()
    assert ledger(await open_a_store()) == {"stored": 1, "rejected malformed": 1}


# --- the sink ---


async def test_who_waits_for_a_sink_that_is_closed_is_told(open_a_store: OpenStore) -> None:
    """At once, not that history has it."""
    store = await open_a_store()
    sink = Sink(store.history, 0)
    sink.start()
    waiting = asyncio.create_task(sink.wait(7))
    await asyncio.sleep(0)
    await sink.close()
    assert await waiting is False
    assert await sink.wait(7) is False
    with pytest.raises(HistoryFailed):
        await sink.reach(7)


async def test_who_waits_for_a_sink_that_broke_is_told(open_a_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said as a failure."""
    store = await open_a_store()

    async def append(rows: Rows, position: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(store.history, "append", append)
    sink = Sink(store.history, 0)
    sink.start()
    waiting = asyncio.create_task(sink.wait(1))
    await asyncio.sleep(0)
    sink.offer(Rows(), 1)
    with pytest.raises(HistoryFailed, match="stopped by a fault"):
        await waiting
    with pytest.raises(HistoryFailed, match="stopped by a fault"):
        await sink.wait(1)
    assert "stopped by a fault" in sink.failure


def test_long_texts_weigh() -> None:
    """Of every field that a reader fills."""
    texts: dict[str, Any] = dict.fromkeys(("path", "title", "referrer", "name", "city", "utm_source", "utm_term"), "x" * 1_000)
    row = FactRow(1, 0, START, True, 1, fact(props={"a": "x" * 1_000}, **texts))
    assert _weight(Rows(facts=[row])) > 8_000


# --- tasks and parts ---


async def test_a_task_that_ends_by_a_fault_is_told_of() -> None:
    """Not one that is cancelled."""
    told = list[str]()

    async def breaks() -> None:
        raise ZeroDivisionError

    cancelled = supervised(asyncio.create_task(asyncio.sleep(9), name="idler"), told.append)
    broken = supervised(asyncio.create_task(breaks(), name="worker"), told.append)
    cancelled.cancel()
    await asyncio.wait([broken, cancelled])
    await asyncio.sleep(0)
    assert told == ["the worker stopped by a fault; see the log, then restart"]


async def test_every_part_is_closed(open_a_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also behind one that cannot be: the folder can be opened again."""
    store = await open_a_store()
    close = store.history.close

    async def fails() -> None:
        await close()
        raise OSError("no")

    monkeypatch.setattr(store.history, "close", fails)
    with pytest.raises(OSError, match="no"):
        await store.close()
    assert store.journal is not None
    with pytest.raises(JournalFailed, match="closed"):
        await store.journal.head()
    await open_a_store()


async def test_looking_makes_no_site(open_footfall: OpenFootfall) -> None:
    """A site is there when something was folded for it."""
    footfall = await open_footfall()
    assert (await footfall.get_stats()).total_page_views == 0
    await footfall.backfill_start()
    assert footfall._store.engine.fold.sites == {}
