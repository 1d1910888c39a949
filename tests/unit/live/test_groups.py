"""Places told in groups: whatever comes and goes, nobody is in two of them and none is smaller than k."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.live.groups import Group, Groups, told_by
from footfall.live.presence import Reader
from footfall.live.sightings import NOWHERE, Sightings, Spot, spot_of
from footfall.rules import DAY
from tests.unit.live.made import BOUNDED, START


def reader(city: str, country: str = "DE") -> Reader:
    return Reader("/", START, START + 1, 0, country, city)


def city_of(one: Reader) -> Spot:
    return spot_of(one.country, one.city, None, None)


def told(groups: Groups, present: dict[int, Reader], k: int) -> Counter[Spot]:
    return groups.tell(present, present, k, city_of)


@BOUNDED
@given(
    st.integers(1, 4),
    st.lists(st.dictionaries(st.integers(1, 12), st.sampled_from(["Bonn", "Rome", "Oslo"]), max_size=12), max_size=25),
)
def test_every_telling_is_a_sum_of_whole_groups(k: int, moments: list[dict[int, str]]) -> None:
    """At least k people each, told of with the same places from beginning to end; a person is in one group during a stay, and
    never in another after it; a group goes once more than half have left, and not before."""
    groups, stays = Groups(), dict[int, int]()  # visitor -> the number of the stay
    of_stay: dict[tuple[int, int], Group] = {}
    for moment, cities in enumerate(moments):
        before = list(groups.groups)
        counts = told(groups, {visitor: reader(city) for visitor, city in cities.items()}, k)
        stays = {visitor: stays.get(visitor, moment) for visitor in cities}
        assert counts == Counter(place for group in groups.groups for place in group.places)
        members = [member for group in groups.groups for member in group.members]
        assert len(members) == len(set(members))
        for group in groups.groups:
            assert len(group.members) == len(group.places) >= k
            if not any(group is old for old in before):
                assert Counter(group.places) == Counter(city_of(reader(cities[member])) for member in group.members)
                for member in group.members:
                    assert of_stay.setdefault((member, stays[member]), group) is group
        for old in before:
            here = sum(member in cities for member in old.members)
            assert any(group is old for group in groups.groups) == (2 * here >= len(old.members) and here > 0)
        waiting = [visitor for visitor in cities if visitor not in members and (visitor, stays[visitor]) not in of_stay]
        assert len([visitor for visitor in waiting if visitor not in groups.spent]) < k


@pytest.mark.parametrize("k", [2, 3, 10])
def test_fewer_than_k_are_not_told_of(k: int) -> None:
    """Until there are k; then all at once."""
    groups = Groups()
    present = {visitor: reader("Bonn") for visitor in range(k - 1)}
    assert told(groups, present, k) == Counter()
    present[k] = reader("Rome")
    assert told(groups, present, k) == Counter({("DE", "Bonn", None, None): k - 1, ("DE", "Rome", None, None): 1})


def test_who_stays_alone_is_not_told_of_again() -> None:
    """Two of three leave: the group goes as a whole; its last member is in no later one, however many come."""
    groups = Groups()
    rome, bonn = {1: reader("Rome")}, {visitor: reader("Bonn") for visitor in range(2, 9)}
    told(groups, {**rome, 2: bonn[2], 3: bonn[3]}, 3)
    assert told(groups, rome, 3) == Counter()
    later = {visitor: bonn[visitor] for visitor in (4, 5, 6, 7, 8)}
    assert told(groups, {**rome, **later}, 3) == Counter({("DE", "Bonn", None, None): 5})
    told(groups, later, 3)
    assert told(groups, {**rome, **later, 9: reader("Oslo"), 10: reader("Oslo")}, 3)[("DE", "Rome", None, None)] == 1


def test_what_is_told_of_a_reader() -> None:
    """The place if k were seen there, else the country, else nowhere in particular."""
    sightings = Sightings()
    tell = told_by(sightings, 2, START)
    assert tell(reader("Bonn")) == NOWHERE
    for visitor, city in ((1, "Bonn"), (2, "Rome")):
        for spot in (("DE", city, None, None), ("DE", "", None, None)):
            sightings.add(spot, visitor, START // DAY, True)
    assert tell(reader("Bonn")) == ("DE", "", None, None)
    sightings.add(("DE", "Bonn", None, None), 3, START // DAY, True)
    assert tell(reader("Bonn")) == ("DE", "Bonn", None, None)
    assert tell(reader("Rome")) == ("DE", "", None, None)
    assert tell(Reader("/", START, START + 1, 0)) == NOWHERE
