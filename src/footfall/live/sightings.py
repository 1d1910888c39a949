"""Which places of one site were seen by enough different visitors that naming one tells of nobody. Pure.

A place is a city in a cell of one degree, a cell alone, or a country. Of each only as much is kept as tells whether k visitors
were seen there within 30 days, k being 1 to 10. Some visitors have a new name every day, so that one person on three days
would look like three. So two things are known of a place: on which day so many visitors were last seen there, all on that
one day, and the last days of the visitors whose names last. The larger of the two says how many it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from footfall.model import Fact
from footfall.rules import DAY, MOST_K, PLACE_CELL, PLACE_DAYS, PLACES_KEPT

LONGEST_NAME = 100  # characters of a city or country: what is longer is not one

Spot = tuple[str, str, float | None, float | None]  # country, city, latitude and longitude of the cell; "" and None: not known
NOWHERE: Spot = ("", "", None, None)
Told = tuple[str | None, str | None, float | None, float | None]  # the same as a fact tells it


class Seen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who was seen at a place. Days count from 1970, by arrival."""

    day: int  # the last one
    visitors: tuple[int, ...]  # of that day, the first MOST_K
    reached: tuple[int, ...]  # reached[n]: the last day on which more than n were seen
    lasting: tuple[tuple[int, int], ...]  # (last day, visitor) of those whose names last, the MOST_K seen last, in that order


_NOBODY = Seen(-1, (), (), ())


def spot_of(country: str | None, city: str | None, latitude: float | None, longitude: float | None) -> Spot:
    """A place as strangers may know it. What lies outside the globe is no place, and text that is too long no name."""
    country, city = _name(country), _name(city)
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return country, city, None, None
    return country, city, round(latitude / PLACE_CELL) * PLACE_CELL, round(longitude / PLACE_CELL) * PLACE_CELL


def country_of(spot: Spot) -> Spot:
    """The country that a place is in."""
    return spot[0], "", None, None


def _name(text: str | None) -> str:
    return text if text and len(text) <= LONGEST_NAME else ""


class Sightings:
    """What is known of each place, by its spot."""

    __slots__ = ("_full", "_full_on", "_swept", "spots")

    def __init__(self) -> None:
        self.spots: dict[Spot, Seen] = {}
        self._swept = -1
        self._full: set[Told] = set()  # where facts said they were, of whom nothing new can be learned on this day
        self._full_on = -1

    def see(self, fact: Fact) -> None:
        """A fact that tells where its visitor is."""
        if fact.country is None and fact.city is None and fact.latitude is None:
            return
        day, place = fact.arrival // DAY, (fact.country, fact.city, fact.latitude, fact.longitude)
        if day == self._full_on and place in self._full:
            return  # nearly always: this runs for each fact
        spot = spot_of(*place)
        for one in (spot, country_of(spot)):  # where they are the same, the second tells nothing new
            self.add(one, fact.visitor, day, not fact.storageless)
        if self._has_all(spot, day) and self._has_all(country_of(spot), day):
            self._remember_full(place, day)

    def _has_all(self, spot: Spot, day: int) -> bool:
        seen = self.spots.get(spot, _NOBODY)
        return seen.day == day and len(seen.visitors) == MOST_K

    def _remember_full(self, place: Told, day: int) -> None:
        if day != self._full_on:
            self._full, self._full_on = set(), day
        if len(self._full) < PLACES_KEPT:
            self._full.add(place)

    def add(self, spot: Spot, visitor: int, day: int, lasting: bool) -> None:
        """A visitor was at a spot on a day; `lasting`: the visitor's name is the same tomorrow."""
        seen = self.spots.get(spot)
        if seen is None:
            if spot == NOWHERE or len(self.spots) >= PLACES_KEPT:
                return
            seen = _NOBODY
        elif day <= seen.day and (day < seen.day or visitor in seen.visitors or len(seen.visitors) == MOST_K):
            return
        self.spots[spot] = _with(seen, visitor, day, lasting)

    def add_day(self, spot: Spot, day: int, count: int, lasting: Iterable[int], daily: Iterable[int]) -> None:
        """A whole day of a spot, later than those before: `count` visitors (MOST_K stands for more), not all need be named."""
        for visitor in lasting:
            self.add(spot, visitor, day, True)
        for visitor in daily:
            self.add(spot, visitor, day, False)
        seen = self.spots.get(spot, _NOBODY)
        if seen is not _NOBODY or len(self.spots) < PLACES_KEPT:
            kept = () if count == MOST_K else seen.lasting
            visitors = seen.visitors if day == seen.day else ()
            self.spots[spot] = Seen(day, visitors, (day,) * count + seen.reached[count:], kept)

    def enough(self, spot: Spot, k: int, now: int) -> bool:
        """Whether at least `k` different visitors were seen there within 30 days before `now`."""
        seen = self.spots.get(spot)
        if seen is None:
            return False
        since = now // DAY - PLACE_DAYS
        on_one_day = len(seen.reached) >= k and seen.reached[k - 1] > since
        return on_one_day or (len(seen.lasting) >= k and seen.lasting[-k][0] > since)

    def sweep(self, now: int) -> None:
        """Once a day: forget the places where nobody was seen for 30 days."""
        day = now // DAY
        if day != self._swept:
            self._swept = day
            self.spots = {spot: seen for spot, seen in self.spots.items() if seen.day > day - PLACE_DAYS}

    def copy(self) -> Sightings:
        """An independent copy."""
        twin = Sightings()
        twin.spots = dict(self.spots)
        return twin

    def items(self) -> Iterator[tuple[Spot, Seen]]:
        """What a checkpoint holds."""
        return iter(self.spots.items())


def _with(seen: Seen, visitor: int, day: int, lasting: bool) -> Seen:
    visitors = (*seen.visitors, visitor) if day == seen.day else (visitor,)
    reached = (day,) * len(visitors) + seen.reached[len(visitors) :]
    kept = seen.lasting
    if len(visitors) == MOST_K:
        kept = ()  # the day alone is enough, for as long as any of these could be
    elif lasting:
        kept = (*((at, other) for at, other in kept if other != visitor), (day, visitor))[-MOST_K:]
    return Seen(day, visitors, reached, kept)
