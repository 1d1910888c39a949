"""Opening again: from checkpoints, without any, after erases. The rows are the only truth."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall import rules
from footfall.api import ImportedView
from footfall.live.stats import Stats, stats
from footfall.model import EARLY, REPEAT, RETRY, STORED, Erase, Fact, Import, Kind, Publish, Record
from footfall.store import Store, open_store
from tests.engine.conftest import OpenFootfall, OpenStore, Time, rows_of
from tests.examples import examples
from tests.unit.live.made import MINUTE, SITE, START, fact, streams

LATER = START + MINUTE


def seen(store: Store, now: int) -> Stats:
    return stats(store.engine.fold.site(SITE), now)


def totals(looked: Stats) -> Stats:
    """Without who is here, which only checkpoints and the journal know."""
    return msgspec.structs.replace(looked, active_visitors=0, active_by_path=[], visitor_locations=[])


def lose_checkpoints(data: Path) -> None:
    """As a damaged page would: none is left that can be read."""
    with sqlite3.connect(data / "journal.sqlite") as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%checkpoint%'")]
        assert tables
        for table in tables:
            connection.execute(f"DELETE FROM {table}")
    connection.close()


async def send(store: Store, records: Sequence[Record]) -> list[object]:
    answers: list[object] = []
    for record in records:
        answers += await store.engine.record([record]) if isinstance(record, Fact) else [await store.engine.command(record)]
    return answers


MIXED: list[Record] = [
    fact(path="/a", visitor=1, id=11),
    fact(path="/a", visitor=1, id=12, at=START + 1),
    fact(Kind.EVENT, "/a", visitor=1, id=13, at=START + 2, name="buy"),
    fact(path="/b", visitor=2, id=14, at=START + 3 - 20 * MINUTE, age=20 * MINUTE),
    fact(path="/bot", visitor=3, id=15, bot="agent"),
    fact(Kind.BEAT, "/a", visitor=1, id=16, at=START + 4),
    Publish(SITE, START + 5, "post", "a", "A", True),
    Import(SITE, START + 5, (fact(path="/old", at=START - 9 * rules.HOUR), fact(path="/a", visitor=4, at=START - 5 * MINUTE))),
]


async def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_been(open_a_store: OpenStore, time: Time) -> None:
    """Verdicts, presence, rows and their identity."""
    store = await open_a_store()
    await send(store, MIXED)
    before, rows = seen(store, START + 5), await rows_of(store)
    await store.close()
    store = await open_a_store()
    assert (seen(store, START + 5), await rows_of(store)) == (before, rows)
    again = [one for one in MIXED if isinstance(one, Fact)]
    assert await store.engine.record(again) == [RETRY] * len(again)
    early = fact(Kind.BEAT, "/a", visitor=1, at=START + 6)
    assert await store.engine.record([fact(path="/a", visitor=1, at=START + 6), early]) == [REPEAT, EARLY]
    assert [row[:2] for row in (await rows_of(store))["facts"][len(rows["facts"]) :]] == [(len(MIXED) + len(again) + 1, 0)]


async def test_without_checkpoints_the_rows_are_counted(open_a_store: OpenStore, tmp_path: Path, time: Time) -> None:
    """Totals, windows, ids of rows, content and open visits; who is here comes back by itself."""
    store = await open_a_store()
    await send(store, MIXED)
    before = seen(store, START + 5)
    visits = dict(store.engine.fold.site(SITE).visits.open)
    await store.close()
    store = await open_a_store()
    await store.engine.record([fact(path="/late", visitor=9, id=19)])
    await store.close()  # two checkpoints: the journal is trimmed behind the older one
    lose_checkpoints(tmp_path / "data")
    store = await open_a_store()
    looked = seen(store, START + 5)
    assert looked.total_page_views == before.total_page_views + 1
    assert totals(looked).page_stats[: len(before.page_stats) - 1] == before.page_stats[:-1]
    assert (looked.tracking_since, looked.published_posts) == (before.tracking_since, 1)
    assert await store.engine.verify() == []
    rows_again = [one for one in MIXED if isinstance(one, Fact) and one.kind in (Kind.VIEW, Kind.EVENT)]
    assert await store.engine.record(rows_again) == [RETRY] * len(rows_again)
    now = START + 6
    near = [
        fact(path="/a", visitor=1, at=now),
        fact(path="/a", visitor=4, at=now),
        fact(path="/b", visitor=2, at=now - 9 * MINUTE, age=9 * MINUTE),
    ]
    assert await store.engine.record([*near, fact(path="/a", visitor=5, at=now)]) == [REPEAT, REPEAT, REPEAT, STORED]
    open_again = store.engine.fold.site(SITE).visits.open
    assert {visitor: [visit.id for visit in mine] for visitor, mine in visits.items()} == {
        visitor: [visit.id for visit in mine] for visitor, mine in open_again.items() if visitor in visits
    }


@settings(examples(5), derandomize=True)
@given(records=streams(most=25), which=st.integers(0, 5))
async def test_after_any_traffic_the_rows_give_what_is_served(
    tmp_path_factory: pytest.TempPathFactory, records: Sequence[Record], which: int
) -> None:
    """With imports, content and an erase in between; also after opening again, with checkpoints and without."""
    data, time = tmp_path_factory.mktemp("store"), Time()
    erase = [
        Erase(SITE, 0, path="/a"),
        Erase(SITE, 0, first=START, last=START + MINUTE),
        Erase(SITE, 0, page_type=""),
        Erase("other", 0),
    ]
    half = len(records) // 2
    store = await open_store(data, time)
    for part in (records[:half], records[half:]):
        await send(store, part)
        time.now = max(time.now, store.engine.fold.now)
        assert await store.engine.verify() == []
        await store.engine.command(msgspec.structs.replace(erase[which % len(erase)], at=time.now))
        assert await store.engine.verify() == []
    served = {site: totals(stats(state, time.now)) for site, state in store.engine.fold.sites.items()}
    await store.close()
    for lost in (False, True):
        if lost:
            lose_checkpoints(data)
        store = await open_store(data, time)
        found = {site: totals(stats(state, time.now)) for site, state in store.engine.fold.sites.items()}
        assert {site: found.get(site, _nothing()) for site in served} == served
        assert await store.engine.verify() == []
        await store.close()


def _nothing() -> Stats:
    return Stats(0, [], 0, 0, 0, 0, None, [], [])


# --- erase ---


@pytest.mark.parametrize(
    ("condition", "gone", "left"),
    [
        ({"path": "/a"}, 2, {"/b": 2}),
        ({"session_id": "s1"}, 2, {"/a": 1, "/b": 1}),
        pytest.param({"page_type": "blog"}, 2, {"/a": 2}, marks=pytest.mark.slow),
        ({"path": "/a", "session_id": "s2"}, 1, {"/a": 1, "/b": 2}),
        ({"first": START + 1, "last": START + 2}, 2, {"/a": 1, "/b": 1}),
        pytest.param({"first": START + 4}, 0, {"/a": 2, "/b": 2}, marks=pytest.mark.slow),
        pytest.param({"last": START - 1}, 0, {"/a": 2, "/b": 2}, marks=pytest.mark.slow),
        ({}, 4, {}),
    ],
)
async def test_totals_follow_an_erase(
    open_footfall: OpenFootfall, time: Time, condition: dict[str, object], gone: int, left: dict[str, int]
) -> None:
    """By any condition, both ends of a time included; everything is as if it had never been."""
    footfall = await open_footfall()
    for session in ("s1", "s2"):
        for path, page_type in (("/a", "page"), ("/b", "blog")):
            await footfall.record_page_view(path, page_type, session)
            time.now += 1
    assert await footfall.erase(**condition) == gone  # type: ignore[arg-type]  # a table of conditions
    looked = await footfall.get_stats()
    assert {line.path: line.views for line in looked.page_stats} == left
    assert looked.total_page_views == 4 - gone
    assert await footfall.verify() == []
    assert await footfall.erase(**condition) == 0  # type: ignore[arg-type]  # as above
    await footfall.close()
    assert await (await open_footfall()).get_stats() == looked


async def test_what_was_erased_stays_a_retry(open_a_store: OpenStore) -> None:
    """A client that sends again must not bring back what somebody asked to have removed; a new view counts."""
    store = await open_a_store()
    erased = fact(path="/a", id=7)
    await store.engine.record([erased])
    assert await store.engine.command(Erase(SITE, START, visitor=1)) == 1
    assert await store.engine.record([erased]) == [RETRY]
    assert await store.engine.record([fact(path="/a")]) == [STORED]
    await store.close()
    assert await (await open_a_store()).engine.record([erased]) == [RETRY]


async def test_an_erase_leaves_the_others_here(open_a_store: OpenStore) -> None:
    """Who is here, and was in the minutes that are not rows yet; of a visitor who is erased nothing is left."""
    store = await open_a_store()
    await store.engine.record([fact(path="/a", visitor=1), fact(path="/b", visitor=2)])
    await store.engine.command(Erase(SITE, START, path="/c"))
    state = store.engine.fold.site(SITE)
    assert (state.presence.here, state.minutes.people) == ({"/a": 1, "/b": 1}, {START: 2, START + MINUTE: 2})
    await store.engine.command(Erase(SITE, START, visitor=1))
    state = store.engine.fold.site(SITE)
    assert (state.presence.here, state.minutes.people) == ({"/b": 1}, {START: 1, START + MINUTE: 1})


async def test_what_is_erased_is_wiped_from_the_journal(open_footfall: OpenFootfall, tmp_path: Path) -> None:
    """And from its log and every checkpoint, while it is open; history has no row of it."""
    footfall = await open_footfall()
    for number in range(30):
        await footfall.record_page_view(f"/private-page-{number}", "page", "s")
        await footfall.heartbeat(f"s{number}", "/private-page-here")
    await footfall.close()  # a checkpoint
    footfall = await open_footfall()
    await footfall.record_page_view("/private-page-30", "page", "s")
    await footfall.record_page_view("/public-page", "page", "t")
    assert _journal_holds(tmp_path, b"private-page-7")
    assert await footfall.erase(session_id="s") == 31
    assert not _journal_holds(tmp_path, b"private-page-7")
    assert not _journal_holds(tmp_path, b"private-page-30")
    rows = await rows_of(footfall._store)
    assert [row[12] for row in rows["facts"]] == ["/public-page"]
    assert [line.path for line in (await footfall.get_stats()).page_stats] == ["/public-page"]


def _journal_holds(folder: Path, text: bytes) -> bool:
    return any(text in file.read_bytes() for file in (folder / "data").glob("journal.sqlite*"))


# --- imports ---


async def test_imported_views_of_the_future(open_footfall: OpenFootfall, time: Time) -> None:
    """They are taken as they stand, and neither they nor a recount move the clock of the store."""
    footfall = await open_footfall()
    ahead = START + 30 * 24 * rules.HOUR
    await footfall.import_views([ImportedView("/then", "page", "s", ahead), ImportedView("/gone", "page", "s", START)])
    await footfall.erase(path="/gone")
    assert footfall._store.engine.fold.now == START
    await footfall.record_page_view("/now", "page", "s")
    await footfall.close()
    footfall = await open_footfall()
    assert (await footfall.get_stats()).total_page_views == 2
    time.now = ahead + rules.REPEAT_WINDOW - 1
    await footfall.record_page_view("/then", "page", "s")
    assert (await footfall.get_stats()).total_page_views == 2


async def test_imports_and_recounts_agree_on_repeats(open_a_store: OpenStore, tmp_path: Path, time: Time) -> None:
    """Two imported views in one half hour: the windows know the earlier and the later one, also when counted from the rows."""
    store = await open_a_store()
    await store.engine.command(Import(SITE, START + 29 * MINUTE, (fact(at=START + 10 * MINUTE), fact(at=START + 28 * MINUTE))))
    await store.engine.command(Erase(SITE, START + 29 * MINUTE, path="/none"))
    now = START + 57 * MINUTE
    after, edge = fact(at=now), fact(at=START + 58 * MINUTE)
    before = fact(at=START + 57 * MINUTE - rules.LATENESS - 20 * MINUTE, age=rules.LATENESS)
    assert before.time == START + 7 * MINUTE
    assert await store.engine.record([before, after, edge]) == [REPEAT, REPEAT, STORED]
