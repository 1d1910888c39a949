"""Presence as history: who was in which minute, whatever order facts come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.live.minutes import Minutes
from footfall.model import Erase, Fact, Kind
from footfall.rules import MINUTE, MINUTE_FINAL, SECOND

T0 = 1_700_000_040_000 - 1_700_000_040_000 % MINUTE


def fact(visitor: int, path: str) -> Fact:
    return Fact("s", Kind.BEAT, visitor, 1, "script", T0, 0, path)


def present(minutes: Minutes) -> dict[int, dict[int, str]]:
    return {
        (minute - T0) // MINUTE: here
        for minute, moments in minutes.moments.items()
        if (here := {visitor: moment.path for visitor, moment in moments.items() if moment.path is not None})
    }


@pytest.mark.parametrize(
    ("signs", "leaves", "expected"),
    [
        ([(0, "/a")], [], {0: "/a", 1: "/a"}),  # at the timeout itself no longer
        ([(1, "/a")], [], {0: "/a", 1: "/a", 2: "/a"}),
        ([(0, "/a"), (60_000, "/b")], [], {0: "/a", 1: "/b", 2: "/b"}),
        ([(0, "/a"), (59_999, "/b")], [], {0: "/b", 1: "/b", 2: "/b"}),  # the page at the minute's end
        ([(1, "/a")], [(20_000, "/a")], {0: "/a"}),
        ([(1, "/a")], [(50_000, "/a")], {0: "/a"}),  # gone exactly as the next minute begins
        ([(1, "/a")], [(50_001, "/a")], {0: "/a", 1: "/a"}),
        ([(1, "/a")], [(20_000, "/b")], {0: "/a", 1: "/a", 2: "/a"}),  # a leave of a page that is not the reader's
        ([(1, "/a"), (70_000, "/a")], [(20_000, "/a")], {0: "/a", 1: "/a", 2: "/a", 3: "/a"}),  # came back
    ],
)
def test_a_visitor_is_in_the_minutes_that_presence_overlaps(
    signs: list[tuple[int, str]], leaves: list[tuple[int, str]], expected: dict[int, str]
) -> None:
    """Two minutes from a sign of life, ten seconds from a leave; later signs come after the leave."""
    minutes = Minutes()
    minutes.sign(fact(7, signs[0][1]), T0 + signs[0][0], "DE", 3)
    for time, path in leaves:
        minutes.leave(fact(7, path), T0 + time)
    for time, path in signs[1:]:
        minutes.sign(fact(7, path), T0 + time, "DE", 3)
    assert {minute: here[7] for minute, here in present(minutes).items()} == expected
    assert minutes.people == {
        T0 + minute * MINUTE: minute in expected for minute in range(4) if T0 + minute * MINUTE in minutes.people
    }


def test_a_late_sign_does_not_revive_who_left() -> None:
    """A sign of life older than a leave, told after it, changes no minute after the leave."""
    minutes = Minutes()
    minutes.sign(fact(7, "/a"), T0 + 10 * SECOND, "", 0)
    minutes.leave(fact(7, "/a"), T0 + 20 * SECOND)
    minutes.sign(fact(7, "/a"), T0 + 15 * SECOND, "", 0)
    assert list(present(minutes)) == [0]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 10 * MINUTE), st.sampled_from(["/a", "/b", "/c"])),
        max_size=20,
        unique_by=lambda sign: sign[:2],
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_signs_arrive_does_not_matter(signs: list[tuple[int, int, str]], random: object) -> None:
    """Every minute has exactly the visitors with a sign less than two minutes before its end, on their latest page."""
    shuffled = list(signs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands in a random.Random
    minutes = Minutes()
    for visitor, time, path in shuffled:
        minutes.sign(fact(visitor, path), T0 + time, "", 0)
    expected: dict[int, dict[int, str]] = {}
    for minute in range(14):
        for visitor, time, path in sorted(signs, key=lambda sign: sign[1]):
            if time < (minute + 1) * MINUTE and time + 2 * MINUTE > minute * MINUTE:
                expected.setdefault(minute, {})[visitor] = path
    assert present(minutes) == expected
    assert minutes.trend(T0 + 13 * MINUTE, 14) == [len(expected.get(minute, {})) for minute in range(14)]


def test_a_minute_is_final_when_no_fact_can_reach_it_any_more() -> None:
    """31 minutes after it began; it is then taken in parts, without those who left."""
    minutes = Minutes()
    for visitor in (9, 2):
        minutes.sign(fact(visitor, "/a"), T0, "DE", 3)
    assert minutes.final(T0 + MINUTE_FINAL - 1) == []
    assert minutes.final(T0 + MINUTE_FINAL) == [T0]
    minutes.sign(fact(4, "/a"), T0 - MINUTE, "DE", 3)
    minutes.leave(fact(4, "/a"), T0 - MINUTE)  # before this one began
    assert [(visitor, moment.path) for visitor, moment in minutes.take(T0, 1)] == [(9, "/a")]
    assert (minutes.people[T0], minutes.final(T0 + MINUTE_FINAL)) == (1, [T0 - MINUTE, T0])
    assert [(visitor, moment.path) for visitor, moment in minutes.take(T0, 2)] == [(2, "/a")]
    assert T0 not in minutes.people
    assert T0 not in minutes.moments


def test_an_erase_reaches_minutes_that_are_not_final() -> None:
    """Erased visitors are gone from the open minutes and their counts."""
    minutes = Minutes()
    minutes.sign(fact(1, "/a"), T0, "", 0)
    minutes.sign(fact(2, "/b"), T0, "", 0)
    minutes.erase(Erase("s", T0, visitor=1))
    assert present(minutes) == {0: {2: "/b"}, 1: {2: "/b"}}
    assert minutes.trend(T0, 1) == [1]
