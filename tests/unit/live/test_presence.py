"""Who is here: the two policies at their limits, and an index that always agrees with looking at every row."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import rules
from footfall.live.presence import Place, Presence, Reader
from footfall.model import Fact, Kind
from tests.unit.live.made import BOUNDED, COUNTRIES, DEGREES, PATHS, START, STEPS, fact

T = rules.PRESENCE_TIMEOUT
EARLY = rules.EARLY_BEAT
GRACE = rules.LEAVE_GRACE


def original(at: int = START, path: str = "/", **fields: Any) -> Fact:
    return fact(Kind.BEAT, path, at, door=rules.ORIGINAL, **fields)


def here(presence: Presence, now: int) -> list[str]:
    """The paths of those who are here, in walking order."""
    presence.advance(now)
    return [reader.path for reader in presence.walk()]


def signed(*signs: Fact) -> Presence:
    """Presence after signs of life at our own doors."""
    presence = Presence()
    for sign in signs:
        presence.sign(sign, sign.time, sign.arrival)
    return presence


# --- the original's policy ---


@pytest.mark.parametrize(
    ("later", "path", "told"), [(EARLY - 1, "/", False), (EARLY - 1, "/b", False), (EARLY, "/b", True), (0, "/", False)]
)
def test_an_early_heartbeat_is_skipped_whole(later: int, path: str, told: bool) -> None:
    """Whether or not the path changed, and whatever place it carries."""
    presence = Presence()
    assert presence.beat_original(original(), START, START)
    assert presence.beat_original(original(START + later, path, city="Bonn"), START + later, START + later) is told
    reader = presence.readers[1]
    assert (reader.path, reader.last_seen, reader.city) == ((path, START + later, "Bonn") if told else ("/", START, None))


def test_each_part_of_a_place_is_replaced_only_if_it_was_given() -> None:
    """0 and "" are given, None is not."""
    presence = Presence()
    presence.beat_original(original(city="Bonn", country="DE", latitude=50.7, longitude=7.1), START, START)
    later = START + EARLY
    presence.beat_original(original(later, city="", latitude=0.0), later, later)
    assert presence.readers[1] == Reader("/", later, later + T, 0, "DE", "", 0.0, 7.1)


@pytest.mark.parametrize(("later", "count", "removed"), [(T - 1, 1, 0), (T, 0, 0), (T + 1, 0, 1)])
def test_time_out_and_clean_up(later: int, count: int, removed: int) -> None:
    """At exactly two minutes a reader is neither here nor removed."""
    presence = Presence()
    presence.beat_original(original(), START, START)
    assert len(here(presence, START + later)) == count
    assert presence.clean_up(START + later) == removed
    assert len(presence.readers) == 1 - removed


def test_a_row_keeps_its_age_until_it_is_removed() -> None:
    """Who comes back before a clean-up has the old place among readers seen at the same moment; afterwards a new one."""
    presence = Presence()
    for visitor in (1, 2):
        presence.beat_original(original(path=f"/{visitor}", visitor=visitor), START, START)
    later = START + T + 1
    for visitor in (2, 1):
        presence.beat_original(original(later, f"/{visitor}", visitor=visitor), later, later)
    assert here(presence, later) == ["/1", "/2"]
    later += T + 1
    assert presence.clean_up(later) == 2
    for visitor in (2, 1):
        presence.beat_original(original(later, f"/{visitor}", visitor=visitor), later, later)
    assert here(presence, later) == ["/2", "/1"]


def test_a_clean_up_bounds_the_index_that_nobody_looks_at() -> None:
    """Readers who left are held nowhere after it, though nobody asked who is here."""
    presence = Presence()
    for visitor in range(1, 11):
        presence.beat_original(original(visitor=visitor), START, START)
    assert presence.clean_up(START + T + 1) == 10
    assert not presence.readers
    assert not presence.active
    assert not presence.here
    assert presence.next_expiry() is None


# --- ours ---


@pytest.mark.parametrize(
    ("kind", "later", "path", "told"),
    [
        (Kind.BEAT, EARLY - 1, "/", False),
        (Kind.BEAT, EARLY, "/", True),
        (Kind.BEAT, 1, "/b", True),  # a move is told at once
        (Kind.VIEW, 1, "/", True),
        (Kind.EVENT, 1, "/", True),
    ],
)
def test_only_a_beat_on_the_same_path_can_be_early(kind: Kind, later: int, path: str, told: bool) -> None:
    """Views, events and moves are signs of life at once."""
    presence = signed(fact())
    assert presence.sign(fact(kind, path, START + later), START + later, START + later) is told
    assert presence.readers[1].last_seen == START + (later if told else 0)
    assert here(presence, START + later) == [path]


@pytest.mark.parametrize("kind", list(Kind)[:3])
def test_an_older_fact_never_moves_a_reader_back(kind: Kind) -> None:
    """Fact time decides; ties go to the one that arrived later."""
    presence = signed(fact(path="/new"))
    presence.sign(fact(kind, "/old", START - 1, age=1), START - 1, START)
    assert here(presence, START) == ["/new"]
    presence.sign(fact(kind, "/tie", START), START, START)
    assert here(presence, START) == ["/tie"]


@pytest.mark.parametrize(("later", "count"), [(GRACE - 1, 1), (GRACE, 0)])
def test_leaving(later: int, count: int) -> None:
    """A reader stays for ten seconds, so that a change of page is no departure."""
    presence = signed(fact())
    presence.leave(fact(Kind.LEAVE, at=START + 1_000), START + 1_000, START + 1_000)
    assert len(here(presence, START + 1_000 + later)) == count


def test_leaving_shortly_before_the_timeout_does_not_prolong() -> None:
    """Presence runs out at the earlier of the two."""
    presence = signed(fact())
    leave = START + T - 1
    presence.leave(fact(Kind.LEAVE, at=leave), leave, leave)
    assert len(here(presence, START + T - 1)) == 1
    assert here(presence, START + T) == []


@pytest.mark.parametrize(("path", "by"), [("/other", 0), ("/", -1)])
def test_a_leave_that_is_not_of_now(path: str, by: int) -> None:
    """Of a page the reader is not on any more, or from before the last sign of life."""
    presence = signed(fact())
    presence.leave(fact(Kind.LEAVE, path, START + by, age=-by), START + by, START)
    assert here(presence, START + T - 1) == ["/"]


@pytest.mark.parametrize(("kind", "path"), [(Kind.BEAT, "/"), (Kind.BEAT, "/b"), (Kind.VIEW, "/"), (Kind.EVENT, "/")])
def test_any_sign_of_life_restores(kind: Kind, path: str) -> None:
    """Also a beat within 20 seconds on the same path: it tells that the reader did not leave."""
    presence = signed(fact())
    presence.leave(fact(Kind.LEAVE, at=START + 1_000), START + 1_000, START + 1_000)
    back = START + 1_001
    assert presence.sign(fact(kind, path, back), back, back)
    assert here(presence, back + T - 1) == [path]


@pytest.mark.parametrize("kind", list(Kind)[:3])
def test_an_older_fact_never_revives_one_who_left(kind: Kind) -> None:
    """What happened before the leave arrives after it."""
    presence = signed(fact())
    left = START + 10_000
    presence.leave(fact(Kind.LEAVE, at=left), left, left)
    presence.sign(fact(kind, at=left - 1, age=2), left - 1, left + 1)
    assert here(presence, left + GRACE - 1) == ["/"]
    assert here(presence, left + GRACE) == []


def test_leaving_without_having_been_here() -> None:
    """Makes no row."""
    presence = Presence()
    presence.leave(fact(Kind.LEAVE), START, START)
    assert presence.readers == {}


# --- the index ---


def test_who_leaves_and_returns_all_day_costs_no_more() -> None:
    """The queue holds a few entries of a reader at most, and who goes is told at the right time."""
    presence, now = Presence(), START
    for _ in range(5_000):
        now += 500
        leave, back = fact(Kind.LEAVE, at=now), fact(Kind.BEAT, at=now + 250)
        presence.leave(leave, now, now)
        presence.sign(back, back.time, back.time)
        presence.advance(now + 250)
        assert len(presence._expiry) < 20
    assert presence.next_expiry() is not None
    assert not presence.advance(now + 250 + T - 1)
    assert presence.advance(now + 250 + T)
    assert (presence._expiry, presence.active) == ([], {})


STEP = st.tuples(
    st.sampled_from(["original", "sign", "sign", "leave", "advance", "clean", "forget"]),
    STEPS,
    st.integers(0, 3 * EARLY),
    st.integers(1, 4),
    st.sampled_from(PATHS),
    st.sampled_from(COUNTRIES),
    st.sampled_from(DEGREES),
    st.sampled_from([Kind.VIEW, Kind.BEAT]),
)


@BOUNDED
@given(st.lists(STEP, max_size=50))
def test_the_index_is_what_looking_at_every_row_finds(steps: list[Any]) -> None:
    """After anything, at any time: who is here, how many on each path, how many in each place, who goes next."""
    presence, now = Presence(), START
    for what, step, age, visitor, path, country, degrees, kind in steps:
        now += step
        one = fact(kind, path, now - age, age, visitor, country=country, latitude=degrees, longitude=degrees)
        match what:
            case "original":
                presence.beat_original(one, now, now)
            case "sign":
                presence.sign(one, now - age, now)
            case "leave":
                presence.leave(one, now - age, now)
            case "clean":
                presence.clean_up(now)
            case "forget":
                presence.forget(visitor)
        rows = presence.readers
        present = {visitor: row for visitor, row in rows.items() if rules.is_present(row.deadline, now)}
        presence.advance(now)
        again = Presence.of(dict(rows), presence.next_row, now)
        for index in (presence, again):
            assert {visitor: rows[visitor] for visitor in index.active} == present
            assert index.here == Counter(row.path for row in present.values())
            assert index.places == Counter(place for row in present.values() if (place := _place(row)) is not None)
            expiry = index.next_expiry()
            assert all(expiry is not None and expiry <= row.deadline for row in present.values())
        assert presence.walk() == sorted(present.values(), key=lambda row: (row.last_seen, row.row))
        assert len({row.row for row in rows.values()}) == len(rows)
        assert all(row.row < presence.next_row for row in rows.values())


def _place(row: Reader) -> Place | None:
    known = row.latitude is not None and row.longitude is not None
    if row.country is None and row.city is None and not known:
        return None
    return row.country or "", row.city or "", row.latitude if known else None, row.longitude if known else None
