"""Facts judged otherwise, before or after the fact: it comes to the same, in every row and every total."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
import pytest

from footfall import rules
from footfall.housekeeping import sweep
from footfall.model import Fact, Kind, Reclassify
from footfall.recount import barriers
from footfall.store import Store
from tests.unit.live.made import SITE, START, fact

from .conftest import OpenStore, Time, rows_of

BAD = (("browser", "is", "Bad"),)


def facts(chance: random.Random, count: int = 120) -> list[Fact]:
    """Views, also late ones and repeats, and events; every other reader's browser is Bad."""
    made, now = list[Fact](), START
    for id in range(1, count + 1):
        now += chance.choice([0, rules.SECOND, 9 * rules.MINUTE, rules.REPEAT_WINDOW - 1, rules.VISIT_GAP + 1])
        visitor, kind = chance.randrange(1, 7), chance.choice([Kind.VIEW, Kind.VIEW, Kind.VIEW, Kind.EVENT])
        made.append(
            Fact(
                SITE,
                kind,
                visitor,
                id,
                rules.SCRIPT,
                now,
                chance.choice([0, 0, 20 * rules.MINUTE]),
                f"/{chance.randrange(3)}",
                window=chance.choice([rules.REPEAT_WINDOW, 10 * rules.SECOND, 0]),
                browser="Bad" if visitor % 2 else "Good",
                title=chance.choice(["", f"Title {id}"]),
            )
        )
    return made


def as_bots(facts: Sequence[Fact]) -> list[Fact]:
    """The same, the Bad ones known for what they are."""
    return [msgspec.structs.replace(fact, bot="owner" if fact.browser == "Bad" else "") for fact in facts]


async def fed(store: Store, time: Time, facts: Sequence[Fact]) -> None:
    for one in facts:
        time.now = one.arrival
        await store.engine.record([one])


async def books(store: Store, time: Time) -> list[object]:
    """The totals, and all rows once everything is final."""
    time.now += 3 * rules.WINDOW_KEPT
    await sweep(store.engine)
    rows, site = await rows_of(store), store.engine.fold.site(SITE)
    assert await store.engine.verify() == []
    pages = dict(zip(site.pages.numbers, site.pages.views, strict=True))
    visits = sorted(row[2:] for row in rows["visits"])
    return [site.views, len(site.visitors), site.since, pages, rows["facts"], visits]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("bot", ["owner", ""])
async def test_after_the_fact_as_before_it(
    open_a_store: OpenStore, time: Time, seed: int, bot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken for bots later, or for people: as if it had been known from the start, whether their visits were final or not, and
    however many are looked at together."""
    monkeypatch.setattr(barriers, "_STEP_ROWS", (100_000, 50, 1)[seed])
    chance = random.Random(seed)
    made = facts(chance)
    told, wanted = (made, as_bots(made)) if bot else (as_bots(made), made)
    store = await open_a_store()
    await fed(store, time, told)
    if seed % 2:
        time.now += 3 * rules.WINDOW_KEPT
        await sweep(store.engine)
    hits = sum(fact.browser == "Bad" for fact in made)
    assert await store.engine.command(Reclassify(SITE, time.now, bot, BAD)) == hits > 0
    assert await store.engine.command(Reclassify(SITE, time.now, bot, BAD)) == 0
    found = await books(store, time)
    await store.close()
    store.folder.path.rename(store.folder.path.with_name("before"))
    other = await open_a_store()
    await fed(other, time, wanted)
    assert found == await books(other, time)


@pytest.mark.slow
async def test_there_and_back(open_a_store: OpenStore, time: Time) -> None:
    """Of some facts of a visit, by any condition; also over a restart. Repeats count when what they repeat does not."""
    store = await open_a_store()
    one, other = fact(path="/a", title="One", browser="Bad"), fact(path="/a", at=START + rules.MINUTE, title="Other")
    await store.engine.record([one, other, fact(path="/b", at=START + 2 * rules.MINUTE)])
    before = await rows_of(store)
    for where in ([("browser", "is", "Bad")], [("title", "contains", "ne"), ("title", "is_not", "None")]):
        assert await store.engine.command(Reclassify(SITE, time.now, "owner", tuple(where))) == 1
        rows = (await rows_of(store))["facts"]
        assert [(row[3], row[14]) for row in rows] == [(False, "owner"), (True, ""), (True, "")]
        await store.close()
        store = await open_a_store()
        assert await store.engine.verify() == []
        assert await store.engine.command(Reclassify(SITE, time.now, "", (("bot", "is", "owner"),))) == 1
        assert await rows_of(store) == before
        assert await store.engine.verify() == []


async def test_a_bot_is_not_here(open_a_store: OpenStore, time: Time) -> None:
    """Who is here, the last minutes, open visits and retries follow at once; others stay."""
    store = await open_a_store()
    bad = fact(visitor=1, browser="Bad")
    await store.engine.record([bad, fact(visitor=2)])
    assert await store.engine.command(Reclassify(SITE, time.now, "owner", BAD)) == 1
    site = store.engine.fold.site(SITE)
    assert (set(site.presence.readers), set(site.visits.open), site.views) == ({2}, {2}, 1)
    assert set(site.minutes.people.values()) == {1}
    assert [verdict.outcome for verdict in await store.engine.record([bad])] == ["retry"]
    time.now += 3 * rules.WINDOW_KEPT
    await sweep(store.engine)
    rows = await rows_of(store)
    assert {row[4] for row in rows["minutes"]} == {2}
    assert [row[11] for row in rows["visits"]] == [2]


async def test_minutes_of_a_bot_go_with_its_visit(open_a_store: OpenStore, time: Time) -> None:
    """Also those that are rows already."""
    store = await open_a_store()
    await store.engine.record([fact(visitor=1, browser="Bad"), fact(visitor=2)])
    time.now += 3 * rules.WINDOW_KEPT
    await sweep(store.engine)
    assert {row[4] for row in (await rows_of(store))["minutes"]} == {1, 2}
    await store.engine.command(Reclassify(SITE, time.now, "owner", visitor=1, first=START, last=START))
    rows = await rows_of(store)
    assert {row[4] for row in rows["minutes"]} == {2}
    assert [row[11] for row in rows["visits"]] == [2]
