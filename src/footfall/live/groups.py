"""Where readers are, told in groups, so that no telling and no difference of tellings is about fewer than k people. Pure.

Whoever is here and was not told of yet waits; when k wait, they are parted into groups of k or a few more. A group is told of
whole, until more than half of it has left. What is told is always a sum of whole groups; a person is in one of them at most
until leaving, and who is left over from a group is not told of again. So however tellings are added and subtracted, what
comes out is again made of whole groups. Who is in which follows from keyed hashes, which nobody outside knows.
Groups are kept nowhere: after a restart those who were here before it are not told of any more, as they may have been already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from footfall.live.presence import Reader
from footfall.live.sightings import NOWHERE, Sightings, Spot, country_of, spot_of

Told = Callable[[Reader], Spot]  # what may be told of where a reader is


class Group(msgspec.Struct, frozen=True, gc=False):
    """At least k people who are told of together, and where they were when they came together."""

    members: tuple[int, ...]
    places: tuple[Spot, ...]


class Groups:
    """The groups of one site that are told of now. `spent`: who may have been told of before, in groups that nobody knows any
    more."""

    def __init__(self, spent: Iterable[int] = ()) -> None:
        self.groups: list[Group] = []
        self.spent = set(spent)  # also members of groups that are not told of any more; while they are here

    def tell(self, readers: Mapping[int, Reader], present: Collection[int], k: int, told: Told) -> Counter[Spot]:
        """Bring the groups up to date with who of the readers is present; how many are told of in each place."""
        kept = []
        for group in self.groups:
            here = sum(member in present for member in group.members)
            if 2 * here >= len(group.members) and here:
                kept.append(group)
            else:
                self.spent.update(group.members)
        self.groups = kept
        self.spent = {visitor for visitor in self.spent if visitor in present}
        grouped = {member for group in kept for member in group.members}
        waiting = sorted(visitor for visitor in present if visitor not in grouped and visitor not in self.spent)
        for members in _parted(waiting, k):
            self.groups.append(Group(members, tuple(told(readers[member]) for member in members)))
        return Counter(place for group in self.groups for place in group.places)


def _parted(waiting: list[int], k: int) -> list[tuple[int, ...]]:
    """In parts of at least `k`, as many as there can be."""
    parts = len(waiting) // k
    return [tuple(waiting[part::parts]) for part in range(parts)]


def told_by(sightings: Sightings, k: int, now: int) -> Told:
    """The place of a reader if enough visitors were seen there, else the country, else nowhere in particular."""

    def told(reader: Reader) -> Spot:
        spot = spot_of(reader.country, reader.city, reader.latitude, reader.longitude)
        for place in (spot, country_of(spot)):
            if sightings.enough(place, k, now):
                return place
        return NOWHERE

    return told
