"""The clock's rounds: stale readers go, and what was kept long enough is erased, a step at a time."""

from __future__ import annotations

import pytest

from footfall import rules
from footfall.housekeeping import retain, sweep
from footfall.live.stats import stats
from footfall.model import Import, Kind, Site
from tests.engine.conftest import OpenStore, Time, rows_of
from tests.unit.live.made import MINUTE, SITE, START, fact

DAYS = [START - back * rules.DAY for back in range(5)]


def past() -> Import:
    """A view a day, of a visitor each."""
    return Import(SITE, START, tuple(fact(path=f"/{n}", at=at, visitor=n + 1) for n, at in enumerate(DAYS)))


async def test_what_was_kept_long_enough_is_erased(open_a_store: OpenStore, time: Time) -> None:
    """By whole UTC days; all totals follow, other sites keep theirs, and tomorrow one more day goes."""
    store = await open_a_store()
    await store.engine.command(past())
    await store.engine.record([fact(site="other", at=START)])
    sites = [Site(SITE, retention=2), Site("other")]
    for gone in range(3):
        await retain(store.engine, sites)
        state = store.engine.fold.site(SITE)
        kept = max(0, 3 - gone)
        assert (state.views, len(state.visitors), state.since) == (kept, kept, DAYS[kept - 1])
        assert {row[12] for row in (await rows_of(store))["facts"] if row[5] == SITE} == {f"/{n}" for n in range(kept)}
        assert await store.engine.verify() == []
        seq = store.engine.fold.seq
        await retain(store.engine, sites)
        assert store.engine.fold.seq == seq, "where nothing is too old, nothing is done"
        time.now += rules.DAY
    assert store.engine.fold.site("other").views == 1


async def test_a_long_past_goes_in_steps(open_a_store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest first, so that nobody waits for all of it at once; nothing is cut in the middle of a moment."""
    monkeypatch.setattr(rules, "RETAIN_FACTS", 2)
    store = await open_a_store()
    await store.engine.command(past())
    left = []
    for _ in range(4):
        await retain(store.engine, [Site(SITE, retention=1)])
        left.append(store.engine.fold.site(SITE).views)
    assert left == [3, 2, 2, 2]


async def test_for_ever_is_the_default(open_a_store: OpenStore) -> None:
    """A site that says nothing keeps everything."""
    store = await open_a_store()
    await store.engine.command(past())
    await retain(store.engine, [Site(SITE)])
    assert store.engine.fold.site(SITE).views == len(DAYS)


async def test_minutes_without_facts_go_too(open_a_store: OpenStore, time: Time) -> None:
    """Presence is kept no longer than the facts."""
    store = await open_a_store()
    await store.engine.record([fact(Kind.BEAT, "/a", at=START)])
    time.now = START + 2 * rules.HOUR
    await sweep(store.engine)
    assert len((await rows_of(store))["minutes"]) > 0
    time.now = START + 3 * rules.DAY
    await retain(store.engine, [Site(SITE, retention=1)])
    assert (await rows_of(store))["minutes"] == []


async def test_stale_readers_are_gone_within_five_minutes(open_a_store: OpenStore, time: Time) -> None:
    """With a round of the clock each minute; and two minutes after their last sign nobody sees them, round or not."""
    store = await open_a_store()
    await store.engine.record([fact(Kind.BEAT, "/a", at=START, door=rules.ORIGINAL)])
    state = store.engine.fold.site(SITE)
    shown, kept = [], []
    for minute in range(6):
        time.now = START + minute * MINUTE
        shown.append(stats(state, time.now).active_visitors)
        await sweep(store.engine)
        kept.append(len(state.presence.readers))
    assert shown == [1, 1, 0, 0, 0, 0]
    assert kept[-1] == kept[5] == 0
