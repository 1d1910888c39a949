"""The state from the rows alone: what strangers may see and the titles of pages follow from the rows, in every backend, and go on
alike."""

from __future__ import annotations

import random

import pytest

from footfall import rules
from footfall.live.fold import Fold
from footfall.live.pages import Known
from footfall.model import Erase, Fact, Import, Kind, Record, Rows
from footfall.recount.barriers import follow
from footfall.recount.state import recounted

from .conftest import NOON, OpenHistory

SITES = ("blog", "shop")
PLACES = [
    ("DE", "Bonn", 50.73, 7.1),
    ("DE", "Bonn", 50.5, 7.5),
    ("DE", "Bonn", 51.5, 8.5),
    ("DE", "", -0.2, -0.5),
    ("FR", "", None, None),
    ("FR", "Lyon", None, None),
    ("", "Atlantis", 95.0, 0.0),
    ("", "", 12.5, 13.5),
    ("NO", "x" * 101, 59.9, 10.7),
    (None, None, None, None),
]


def facts(chance: random.Random, count: int, start: int, step: int) -> list[Fact]:
    """Views and events of a few people in a few places; some names last a day, some longer, some are bots."""
    made, now = list[Fact](), start
    for _ in range(count):
        now += chance.randrange(step)
        number, storageless = chance.randrange(1, 25), chance.random() < 0.5
        country, city, latitude, longitude = PLACES[min(chance.randrange(14), 9)]
        made.append(
            Fact(
                site=chance.choice(SITES),
                kind=chance.choice([Kind.VIEW, Kind.VIEW, Kind.EVENT]),
                visitor=number * 1_000 + now // rules.DAY % 1_000 if storageless else number,
                id=chance.getrandbits(64),
                door=rules.SCRIPT,
                arrival=now,
                age=chance.choice([0, 0, rules.LATENESS]),
                path=f"/{min(int(chance.expovariate(0.3)), 40)}",
                bot=chance.choice(["", "", "", "", "agent"]),
                country=country,
                city=city,
                latitude=latitude,
                longitude=longitude,
                storageless=storageless,
                title=chance.choice(["", f"Title {chance.randrange(9)}", "x" * 199 + "\U0001f600" * 9]),
            )
        )
    return made


def fit(fold: Fold, later: int = 0) -> list[object]:
    """Which pages and places are fit for strangers, for every k."""
    found: list[object] = []
    for name in SITES:
        site = fold.site(name)
        viewers = {path: site.pages.viewers[number] for path, number in site.pages.numbers.items()}
        now = fold.now + later * rules.DAY
        spots = {
            spot: [k for k in range(1, rules.MOST_K + 1) if site.sightings.enough(spot, k, now)] for spot in site.sightings.spots
        }
        found += [viewers, {spot: fits for spot, fits in spots.items() if fits}]
    return found


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
async def test_what_is_fit_for_strangers_is_counted_from_the_rows(open_a_history: OpenHistory, seed: int) -> None:
    """Over forty days, at their end and for thirty more, and after the same facts came to both."""
    chance, history = random.Random(seed), await open_a_history()
    made = facts(chance, 900, NOON, 2 * 40 * rules.DAY // 900)
    imported = [Fact("blog", Kind.VIEW, 99, 7, rules.ORIGINAL, NOON, 0, "/imported", country="DE", city="Bonn")]
    records: list[Record] = [*made, Import("blog", made[-1].arrival, tuple(imported))]
    fold = Fold()
    for seq, record in enumerate(records, 1):
        fold.apply(seq, record)
    await history.append(fold.take_rows(), fold.seq)
    counted = await recounted(history, fold.seq)
    for later in (0, 1, 15, 29, 30):
        assert fit(counted, later) == fit(fold, later)
    assert any(fits == list(range(1, 11)) for fits in fit(fold)[1].values())  # type: ignore[attr-defined]  # a dict
    for seq, record in enumerate(facts(chance, 200, fold.now, rules.DAY // 100), fold.seq + 1):
        fold.apply(seq, record)
        counted.apply(seq, record)
        assert fit(counted) == fit(fold)


async def test_few_who_viewed_a_page_often_are_still_few(open_a_history: OpenHistory) -> None:
    """A page whose first views are all by the same visitor has the others too."""
    history, fold = await open_a_history(), Fold()
    views = [(1, n) for n in range(60)] + [(visitor, 60 + visitor) for visitor in range(2, 6)]
    for seq, (visitor, hours) in enumerate(views, 1):
        fold.apply(seq, Fact("blog", Kind.VIEW, visitor, seq, rules.SCRIPT, NOON + hours * rules.HOUR, 0, "/often"))
    await history.append(fold.take_rows(), fold.seq)
    counted = await recounted(history, fold.seq)
    assert counted.site("blog").pages.viewers == fold.site("blog").pages.viewers == [(1, 2, 3, 4, 5)]


def known(fold: Fold) -> list[list[Known]]:
    """Of each site its pages."""
    return [list(fold.site(name).pages.known()) for name in SITES]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_titles_are_those_of_the_latest_views(open_a_history: OpenHistory, seed: int) -> None:
    """Late ones and repeats among them; after an erase too, and however often it is counted again after that."""
    chance, history = random.Random(seed), await open_a_history()
    fold, made = Fold(), facts(chance, 400, NOON, 2 * rules.HOUR)
    tie = [Fact("blog", Kind.VIEW, 9, n, rules.SCRIPT, fold.now + NOON, 0, "/tie", title=f"Title {n}") for n in (1, 2)]
    for seq, record in enumerate([*tie, *made], 1):
        fold.apply(seq, record)
    await history.append(fold.take_rows(), fold.seq)
    counted = await recounted(history, fold.seq)
    assert known(counted) == known(fold)
    assert counted.site("blog").pages.reported[0] == "Title 2"
    assert any(len(title) == rules.TITLE_KEPT for title in fold.site("blog").pages.reported)
    erase = Erase("blog", fold.now, first=NOON, last=made[200].time)
    await history.append(Rows(erase=erase), fold.seq + 1)
    await follow(fold, history, fold.seq + 1, erase)
    assert "/tie" not in fold.site("blog").pages.numbers
    for seq, record in enumerate(facts(chance, 200, fold.now, rules.HOUR), fold.seq + 1):
        fold.apply(seq, record)
    await history.append(fold.take_rows(), fold.seq)
    assert known(await recounted(history, fold.seq)) == known(fold)
