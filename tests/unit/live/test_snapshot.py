"""What viewers see: only counts, and changes that put on the old make the new, down to the order."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.live import snapshot as module
from footfall.live.fold import Fold
from footfall.live.site import SiteState
from footfall.live.snapshot import (
    ArrivalLine,
    Delta,
    Hidden,
    PageLine,
    PlaceLine,
    Snapshot,
    applied,
    diff,
    page_order,
    place_order,
    places_of,
    snapshot,
)
from footfall.model import Record
from tests.unit.live.made import BOUNDED, SITE, START, STEPS, fact, folded, streams


def look(state: SiteState, now: int, version: int = 1, grid: float = 1.0) -> Snapshot:
    state.presence.advance(now)
    return snapshot(SITE, state, now, version, places_of(state.presence.places, grid))


@BOUNDED
@given(streams(most=25), streams(most=15), STEPS, st.sampled_from([0.0, 1.0, 2.5]), st.sampled_from([1, 3, 500]))
def test_a_delta_makes_the_new_of_the_old(first: list[Record], then: list[Record], step: int, grid: float, few: int) -> None:
    """Between any two moments of a site, also with more pages and places than a snapshot shows."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TOP_PAGES", "READ_PAGES", "TOP_PLACES"):
            patch.setattr(module, name, few)
        fold, _, _ = folded(first)
        old = look(fold.site(SITE), fold.now, 1, grid)
        fold, _, _ = folded(then, fold)
        new = look(fold.site(SITE), fold.now + step, 2, grid)
    delta = diff(old, new)
    if delta is None:
        assert msgspec.structs.replace(old, version=2, at=new.at) == new
    else:
        assert applied(old, delta) == new
        assert applied(old, msgspec.json.decode(msgspec.json.encode(delta), type=Delta)) == new
    assert diff(new, msgspec.structs.replace(new, version=3, at=new.at + 1)) is None


PAGES = st.lists(
    st.builds(PageLine, st.sampled_from("abcde"), st.sampled_from("xy"), st.just("other"), st.integers(0, 2), st.integers(0, 2)),
    unique_by=lambda line: line.path,
).map(lambda lines: tuple(sorted(lines, key=page_order)))
KEYS = st.tuples(
    st.sampled_from(["", "DE"]),
    st.sampled_from(["", "Bonn"]),
    st.sampled_from([(None, None), (0.0, 0.0), (1.0, 0.0), (-1.0, 0.0)]),
)
PLACES = st.dictionaries(KEYS, st.integers(1, 2)).map(
    lambda places: tuple(sorted((PlaceLine(c, city, *at, here) for (c, city, at), here in places.items()), key=place_order))
)
SNAPSHOTS = st.builds(
    Snapshot,
    version=st.integers(1, 3),
    site=st.just(SITE),
    at=st.integers(0, 3),
    people=st.integers(0, 2),
    views=st.integers(0, 2),
    visitors=st.integers(0, 2),
    since=st.none() | st.integers(0, 2),
    posts=st.integers(0, 1),
    published_pages=st.integers(0, 1),
    paths=st.integers(0, 2),
    pages=PAGES,
    trend=st.lists(st.integers(0, 1), max_size=2).map(tuple),
    arrivals=st.lists(st.builds(ArrivalLine, st.integers(0, 1), *[st.sampled_from("ab")] * 4), max_size=2).map(tuple),
    hidden=st.builds(Hidden, *[st.integers(0, 1)] * 3),
    places=PLACES,
)  # fmt: skip


@BOUNDED
@given(SNAPSHOTS, st.data())
def test_a_delta_between_any_two(old: Snapshot, data: st.DataObject) -> None:
    """Whatever they hold, absent values included; the order of equals is the same on both ways."""
    new = data.draw(SNAPSHOTS)
    delta = diff(old, new)
    assert (msgspec.structs.replace(old, version=new.version, at=new.at) if delta is None else applied(old, delta)) == new


def test_the_order_of_places_does_not_depend_on_who_came_first() -> None:
    """Also of one without coordinates and one at 0, 0, which are equal otherwise."""
    somewhere, at_zero = ("DE", "", None, None), ("DE", "", 0.0, 0.0)
    assert places_of({somewhere: 1, at_zero: 1}, 1.0) == places_of({at_zero: 1, somewhere: 1}, 1.0)


def test_a_delta_of_another_version_is_refused() -> None:
    """Its viewer asks for the snapshot."""
    fold, _, _ = folded([fact()])
    old = look(fold.site(SITE), START, 1)
    folded([fact(visitor=2)], fold)
    delta = diff(old, look(fold.site(SITE), START, 2))
    assert delta is not None
    with pytest.raises(ValueError, match="does not fit"):
        applied(msgspec.structs.replace(old, version=7), delta)


def test_what_is_shown() -> None:
    """Totals, the pages with their readers, places as exact as the grid; nothing that tells who."""
    records = [
        fact(path="/a", visitor=1, country="DE", city="Bonn", latitude=50.73, longitude=7.1),
        fact(path="/a", visitor=2, country="DE", city="Bonn", latitude=50.71, longitude=7.1),
        fact(path="/b", visitor=2, country="DE", city="Bonn", latitude=50.71, longitude=7.1),
    ]
    fold, _, _ = folded(records)
    assert look(fold.site(SITE), START) == Snapshot(
        version=1,
        site=SITE,
        at=START,
        people=2,
        views=3,
        visitors=2,
        since=START,
        posts=0,
        published_pages=0,
        paths=2,
        trend=(0,) * 29 + (2,),
        arrivals=(ArrivalLine(START, "/a", "/a", "DE", "Bonn"), ArrivalLine(START, "/a", "/a", "DE", "Bonn")),
        hidden=Hidden(),
        pages=(PageLine("/a", "/a", "other", 2, 1), PageLine("/b", "/b", "other", 1, 1)),
        places=(PlaceLine("DE", "Bonn", 51.0, 7.0, 2),),
    )


@pytest.mark.parametrize(
    ("latitude", "longitude", "grid", "shown"),
    [
        (50.73, 7.1, 1.0, (51.0, 7.0)),
        (50.73, 7.1, 0.1, (50.7, 7.1)),
        (50.73, 7.1, 0.0, (50.73, 7.1)),
        (-0.2, 0.2, 1.0, (0.0, 0.0)),
        (90.0, -180.0, 1.0, (90.0, -180.0)),
        (90.1, 0.0, 1.0, (None, None)),
        (0.0, 200.0, 1.0, (None, None)),
        (0.0, None, 1.0, (None, None)),
    ],
)
def test_places_are_as_exact_as_the_grid(
    latitude: float, longitude: float | None, grid: float, shown: tuple[float | None, float | None]
) -> None:
    """What lies outside the globe is no place; there is no negative zero."""
    (line,) = places_of({("DE", "", latitude, longitude): 3}, grid)
    assert (line.latitude, line.longitude, line.here) == (*shown, 3)
    assert "-0.0" not in (repr(line.latitude), repr(line.longitude))


def test_an_unknown_place_is_not_shown() -> None:
    """Neither is one that is unknown once it is rounded away."""
    assert places_of({("", "", None, None): 1, ("", "", 91.0, 0.0): 1}, 1.0) == ()


def test_readers_of_a_page_that_was_never_viewed() -> None:
    """A heartbeat may name any path: it is shown with no views."""
    fold = Fold()
    fold.apply(1, fact(path="/a"))
    fold.site(SITE).presence.sign(fact(path="/new", visitor=2), START, START)
    assert look(fold.site(SITE), START).pages == (PageLine("/a", "/a", "other", 1, 1), PageLine("/new", "/new", "other", 0, 1))
