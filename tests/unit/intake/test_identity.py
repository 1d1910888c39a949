"""Who is who, and for how long."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.intake.identity import Identity
from footfall.rules import DAY

SECRET = b"0123456789abcdef"
MIDNIGHT = 20_418 * DAY
MINUTE = 60_000
WHO = ("blog", "198.51.100.1", "Firefox")


def salt(day: int) -> bytes:
    """The salt of a day."""
    return b"salt %d" % day


def identity(known: Callable[[str, int], bool] = lambda site, visitor: False) -> Identity:
    """An identity whose live state knows whom `known` says."""
    return Identity(SECRET, salt, known)


def test_one_day_is_one_visitor() -> None:
    """The same for a whole UTC day, another the day after."""
    first, noon, last, next_day = (
        identity().of_day(*WHO, at) for at in (MIDNIGHT, MIDNIGHT + DAY // 2, MIDNIGHT + DAY - 1, MIDNIGHT + DAY)
    )
    assert first == noon == last != next_day


@pytest.mark.parametrize(
    ("after", "known", "goes_on"),
    [(0, True, True), (30 * MINUTE - 1, True, True), (30 * MINUTE, True, False), (0, False, False), (DAY - 1, True, False)],
)
def test_midnight(after: int, known: bool, goes_on: bool) -> None:
    """In the first half hour of a day, who was here yesterday and is still known is still the same."""
    yesterday = identity().of_day(*WHO, MIDNIGHT - 1)
    asked: list[tuple[str, int]] = []

    def knows(site: str, visitor: int) -> bool:
        asked.append((site, visitor))
        return known

    assert (identity(knows).of_day(*WHO, MIDNIGHT + after) == yesterday) is goes_on
    assert set(asked) <= {("blog", yesterday)}


def test_salts_are_forgotten() -> None:
    """Nothing of a salt is left two days later: each is asked for once, and older ones are gone."""
    days: list[int] = []

    def asked(day: int) -> bytes:
        days.append(day)
        return salt(day)

    who = Identity(SECRET, asked, lambda site, visitor: False)
    for at in (MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + DAY, MIDNIGHT + DAY + 1):
        who.of_day(*WHO, at)
    assert days == [20_417, 20_418, 20_419]
    assert set(who._days) == {20_418, 20_419}


def test_uses_do_not_meet() -> None:
    """A session, a fact's id and an address of the same letters are not the same number; nor is anything at another site."""
    who = identity()
    hashes = [who.of_session("blog", "x"), who.fact("blog", "x", 1), who.of_day("blog", "", "x", MIDNIGHT + DAY // 2)]
    hashes += [who.of_session("shop", "x"), who.fact("shop", "x", 1), who.of_day("shop", "", "x", MIDNIGHT + DAY // 2)]
    assert len(set(hashes)) == 6


def test_without_the_secret_nothing_can_be_found_again() -> None:
    """Another secret makes other hashes; one too short is refused."""
    assert Identity(b"another secret..", salt, lambda site, visitor: False).of_session("blog", "x") != identity().of_session(
        "blog", "x"
    )
    with pytest.raises(ValueError, match="secret"):
        Identity(b"short", salt, lambda site, visitor: False)


@given(st.lists(st.text(alphabet=st.characters(blacklist_categories=["Cs"])), min_size=6, max_size=6))
def test_parts_do_not_run_together(parts: list[str]) -> None:
    """("ab", "c") is not ("a", "bc"): only equal parts make equal hashes."""
    who = identity()
    first, second = parts[:3], parts[3:]
    assert (who.of_session(*first[:2]) == who.of_session(*second[:2])) is (first[:2] == second[:2])
    addresses = [(site, address.replace(":", ""), agent) for site, address, agent in (first, second)]
    at = MIDNIGHT + DAY // 2
    assert (who.of_day(*addresses[0], at) == who.of_day(*addresses[1], at)) is (addresses[0] == addresses[1])


def test_one_household_is_one_visitor() -> None:
    """IPv6 addresses change within their /64; the rest of the address is no news."""
    who = identity()
    first, second, other = (
        who.of_day("blog", address, "Firefox", MIDNIGHT + DAY // 2)
        for address in ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::9", "2001:db8:1:3::9")
    )
    assert first == second != other


def test_an_id_is_one_among_the_visitors_of_a_share() -> None:
    """Alone there is one share, and a retry is known whoever it seems to come from; in a cluster, within a partition."""
    alone, shared = (Identity(b"k" * 32, lambda day: b"s", lambda site, visitor: False, shares) for shares in (1, 8))
    assert len({alone.fact("blog", "x", visitor) for visitor in range(100)}) == 1
    ids = [shared.fact("blog", "x", visitor) for visitor in range(100)]
    assert len(set(ids)) == 8
    assert all(ids[visitor] == ids[visitor % 8] for visitor in range(100))
    assert ids[0] == alone.fact("blog", "x", 0)
