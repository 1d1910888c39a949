"""The engine on disk: everybody is answered once, caps are said and left again, subscribers are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from footfall import rules
from footfall.api import Footfall, ImportedView
from footfall.engine import Limits
from footfall.errors import Full, InvalidInput
from footfall.live import runs
from footfall.model import REPEAT, RETRY, STORED, Erase, Import, Kind, Sweep
from tests.engine.conftest import OpenFootfall, OpenStore, Time, rows_of
from tests.unit.live.made import SITE, START, fact

# --- many at once ---


async def test_concurrent_clients_of_one_visitor_count_once(open_a_store: OpenStore) -> None:
    """Fifty views of one page by one visitor at the same moment: one counts, the others repeat it."""
    engine = (await open_a_store()).engine
    answers = await asyncio.gather(*(engine.record([fact(path="/"), fact(path="/b")]) for _ in range(50)))
    assert Counter(map(str, (one for one, _ in answers))) == {str(STORED): 1, str(REPEAT): 49}
    assert Counter(map(str, (two for _, two in answers))) == {str(STORED): 1, str(REPEAT): 49}
    assert (engine.fold.site(SITE).views, len(engine.fold.site(SITE).visitors)) == (2, 1)
    assert await engine.verify() == []


async def test_one_request_sent_by_many_is_stored_once(open_a_store: OpenStore) -> None:
    """The same ids, at the same moment."""
    store = await open_a_store()
    batch = [fact(kind, f"/{kind}", id=10 + kind) for kind in Kind]
    answers = await asyncio.gather(*(store.engine.record(batch) for _ in range(20)))
    stored = [[verdict != RETRY for verdict in answer] for answer in answers]
    assert sorted(stored) == [[False] * 4] * 19 + [[True] * 4]
    assert len((await rows_of(store))["facts"]) == 2


async def test_what_is_asked_is_never_behind_what_was_acknowledged(open_footfall: OpenFootfall) -> None:
    """A backfill that is asked for right after a view has walked it."""
    footfall = await open_footfall()
    for number in range(1, 6):
        await footfall.record_page_view(f"/{number}", "page", f"s{number}")
        _, (report,) = await footfall.backfill_aggregates()
        assert (report.processed, report.unique_sessions) == (number, number)


async def test_viewers_are_told_before_the_answer_also_in_front_of_an_erase(open_a_store: OpenStore) -> None:
    """Who was answered finds the change already announced, however long an erase in the same batch takes."""
    engine, heard = (await open_a_store()).engine, list[str]()
    engine.on_change = lambda sites: heard.append("changed")

    async def view() -> None:
        await engine.record([fact()])
        heard.append("answered")

    await asyncio.gather(view(), engine.command(Erase(SITE, START, "/elsewhere")))
    assert heard[:2] == ["changed", "answered"]


# --- caps ---


@pytest.mark.parametrize("limits", [Limits(window_entries=3), Limits(waiting_records=-1), Limits(pending_bytes=-1)])
async def test_at_a_cap_collecting_answers_full(open_a_store: OpenStore, limits: Limits) -> None:
    """Facts and imports are refused, and none of a request is taken."""
    store = await open_a_store(limits)
    if limits.window_entries == 3:
        await store.engine.record([fact(), fact(path="/b")])
    seq = store.engine.fold.seq
    with pytest.raises(Full):
        await store.engine.record([fact(path="/c"), fact(path="/d")])
    with pytest.raises(Full):
        await store.engine.command(Import(SITE, START, (fact(),)))
    assert not store.engine.health().accepting
    assert store.engine.fold.seq == seq


async def test_full_windows_empty_themselves(open_a_store: OpenStore, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps go on at the cap: an hour later there is room again, for a reader is all that is left."""
    monkeypatch.setattr(runs, "HEAD", 1)
    engine = (await open_a_store(Limits(window_entries=rules.READER_WEIGHT))).engine
    await engine.record([fact(), fact(path="/b")])
    with pytest.raises(Full):
        await engine.record([fact(path="/c")])
    time.now += rules.WINDOW_KEPT
    await engine.command(Sweep(time.now))
    assert await engine.record([fact(at=time.now)]) == [STORED]
    assert await engine.verify() == []


async def test_after_closing_nothing_is_taken(open_a_store: OpenStore) -> None:
    """It is said, not hung."""
    store = await open_a_store()
    await store.close()
    with pytest.raises(Full, match="stopping"):
        await store.engine.record([fact()])


# --- the Python API's arguments ---


async def test_times_are_whole_milliseconds(open_footfall: OpenFootfall) -> None:
    """Anything else would be a record that cannot be read again, and with it the journal."""
    footfall = await open_footfall()
    for wrong in (1.5, "1", True, -1, 10**30):
        malformed = ImportedView("/", "page", "s", wrong)  # type: ignore[arg-type]  # on purpose
        with pytest.raises(InvalidInput, match="timestamp"):
            await footfall.import_views([ImportedView("/", "page", "s", 1), malformed])
        with pytest.raises(InvalidInput, match="first"):
            await footfall.erase(first=wrong)  # type: ignore[arg-type]  # on purpose
    assert footfall._store.engine.fold.seq == 0


async def test_what_is_published_is_checked(open_footfall: OpenFootfall) -> None:
    """By name, before anything is written."""
    footfall = await open_footfall()
    right: dict[str, Any] = {"kind": "post", "slug": "a", "title": "A", "published": True}
    wrong = [("kind", "poste"), ("slug", 1), ("slug", "\ud800"), ("title", None), ("title", "x" * 2_049), ("published", 1)]
    for field, value in wrong:
        with pytest.raises(InvalidInput) as refused:
            await footfall.publish(**right | {field: value})
        assert refused.value.field == field
    assert footfall._store.engine.fold.seq == 0


@pytest.mark.parametrize("site", ["", "a", "Blog", "a b", "x" * 33, "b\n", "site", "api"])
async def test_sites_have_plain_names(tmp_path: object, site: str) -> None:
    """Before a folder is made."""
    with pytest.raises(InvalidInput, match="site"):
        await Footfall.open(tmp_path / "data", site=site)  # type: ignore[operator]  # a Path
    assert not (tmp_path / "data").exists()  # type: ignore[operator]  # a Path


# --- subscribers ---


async def test_subscribers_are_told_of_arrivals_moves_and_departures(open_footfall: OpenFootfall, time: Time) -> None:
    """The newest state each time, also when only time has passed."""
    footfall = await open_footfall()
    told = footfall.subscribe()

    async def here() -> dict[str, int]:
        stats = await anext(told)
        return {line.path: line.count for line in stats.active_by_path}

    assert await here() == {}
    await footfall.heartbeat("s1", "/a")
    assert await here() == {"/a": 1}
    await footfall.heartbeat("s2", "/a")
    assert await here() == {"/a": 2}
    time.now += rules.EARLY_BEAT
    await footfall.heartbeat("s2", "/b")
    assert await here() == {"/a": 1, "/b": 1}
    time.now = START + rules.PRESENCE_TIMEOUT - 50  # s1 is gone in 50 ms
    await footfall.record_page_view("/a", "page", "s1")
    assert (await anext(told)).total_page_views == 1
    departure = asyncio.create_task(here())
    await asyncio.sleep(0)
    time.now = START + rules.PRESENCE_TIMEOUT
    assert await departure == {"/b": 1}
    await told.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert footfall._viewers == set()


async def test_what_changes_nothing_is_not_told(open_footfall: OpenFootfall, time: Time) -> None:
    """A skipped heartbeat and a repeated view do not wake anybody with the same again."""
    footfall = await open_footfall()
    await footfall.heartbeat("s", "/")
    await footfall.record_page_view("/", "page", "s")
    told = footfall.subscribe()
    before = await anext(told)
    await footfall.heartbeat("s", "/other")
    await footfall.record_page_view("/", "page", "s")
    await footfall.record_page_view("/new", "page", "s")
    after = await anext(told)
    assert (before.total_page_views, after.total_page_views) == (1, 2)


async def test_a_slow_subscriber_gets_the_newest(open_footfall: OpenFootfall) -> None:
    """It misses what lies between, and nobody waits for it."""
    footfall = await open_footfall()
    slow = footfall.subscribe()
    await anext(slow)
    for number in range(20):
        await footfall.record_page_view(f"/{number}", "page", "s")
    assert (await anext(slow)).total_page_views == 20
