"""Which places enough visitors were seen at: against a plain count of who was where on which day."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.live import sightings as module
from footfall.live.sightings import Sightings, Spot, spot_of
from footfall.rules import DAY, MOST_K, PLACE_DAYS
from tests.unit.live.made import BOUNDED, START, fact

BONN: Spot = ("DE", "Bonn", 51.0, 7.0)
DE: Spot = ("DE", "", None, None)
AT_BONN: dict[str, Any] = {"country": "DE", "city": "Bonn", "latitude": 50.73, "longitude": 7.1}

SEEN = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 14), st.booleans(), st.sampled_from(["Bonn", "Rome", None])), max_size=60
)


@BOUNDED
@given(SEEN, st.integers(0, 45))
def test_as_many_as_were_on_one_day_or_have_names_that_last(seen: list[tuple[int, int, bool, str | None]], later: int) -> None:
    """The larger of the two, within 30 days, for every k and after any order of visitors."""
    sightings, seen = Sightings(), sorted(seen, key=lambda entry: entry[0])
    for day, number, storageless, city in seen:
        # a name that lasts a day is another one the next day
        visitor = number * 1_000 + day if storageless else number
        sightings.see(fact(at=START + day * DAY, visitor=visitor, city=city, country="DE", storageless=storageless))
    now = START + max(later, max((day for day, *_ in seen), default=0)) * DAY
    for spot, city in ((("DE", "Bonn", None, None), "Bonn"), (("DE", "Rome", None, None), "Rome"), (DE, None)):
        there = [entry for entry in seen if city in (None, entry[3]) and START + entry[0] * DAY > now - PLACE_DAYS * DAY]
        daily = [len({(number, name) for at, number, name, _ in there if at == day}) for day in range(50)]
        lasting = len({number for _, number, storageless, _ in there if not storageless})
        for k in range(1, MOST_K + 1):
            assert sightings.enough(spot, k, now) == (max(max(daily), lasting) >= k), (spot, k)


@pytest.mark.parametrize(
    ("place", "spot"),
    [
        (("DE", "Bonn", 50.73, 7.1), BONN),
        (("DE", "Bonn", None, None), ("DE", "Bonn", None, None)),
        (("DE", "Bonn", 50.73, None), ("DE", "Bonn", None, None)),
        (("DE", None, -0.2, 0.4), ("DE", "", 0.0, 0.0)),
        (("DE", None, 90.1, 0.0), DE),
        (("DE", None, float("nan"), 0.0), DE),
        (("DE", "x" * 101, None, None), DE),
        ((None, None, None, 7.0), module.NOWHERE),
    ],
)
def test_a_place_as_strangers_may_know_it(place: tuple[str | None, str | None, float | None, float | None], spot: Spot) -> None:
    """Cells of one degree, names that can be names, nothing outside the globe."""
    assert spot_of(*place) == spot


def test_one_person_on_three_days_is_not_three() -> None:
    """Where names last a day, three of them on three days may be one person; on one day they are three."""
    sightings = Sightings()
    for day in range(3):
        sightings.see(fact(at=START + day * DAY, visitor=day + 1, storageless=True, **AT_BONN))
    assert not sightings.enough(BONN, 2, START + 3 * DAY)
    for visitor in (7, 8, 9):
        sightings.see(fact(at=START + 3 * DAY, visitor=visitor, storageless=True, **AT_BONN))
    assert sightings.enough(BONN, 3, START + 3 * DAY)
    assert not sightings.enough(BONN, 4, START + 3 * DAY)


def test_places_are_forgotten_after_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """They count to the last day; sweeping makes room; past the cap another place is not remembered."""
    monkeypatch.setattr(module, "PLACES_KEPT", 2)
    sightings = Sightings()
    sightings.see(fact(visitor=1, **AT_BONN))
    sightings.see(fact(visitor=1, country="FR"))
    assert set(sightings.spots) == {BONN, DE}
    last = START + (PLACE_DAYS - 1) * DAY
    assert sightings.enough(BONN, 1, last)
    assert not sightings.enough(BONN, 1, last + DAY)
    sightings.sweep(last)
    assert set(sightings.spots) == {BONN, DE}
    sightings.sweep(last + DAY)
    sightings.see(fact(visitor=1, country="FR", at=last + DAY))
    assert set(sightings.spots) == {("FR", "", None, None)}


def test_a_whole_day_counts_like_its_visitors() -> None:
    """Put in from rows, by number or by name, it tells the same as one by one."""
    one, whole = Sightings(), Sightings()
    for day, count in ((3, 2), (5, 12), (9, 1)):
        for visitor in range(count):
            one.add(BONN, day * 100 + visitor, day, False)
        whole.add_day(BONN, day, min(count, MOST_K), (), ())
    for visitor in (1, 2, 3):
        one.add(DE, visitor, visitor, True)
        whole.add_day(DE, visitor, 1, (visitor,), ())
    for spot in (BONN, DE):
        for day in range(9, 45):
            assert [one.enough(spot, k, day * DAY) for k in range(1, 11)] == [
                whole.enough(spot, k, day * DAY) for k in range(1, 11)
            ]
