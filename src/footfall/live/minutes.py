"""Who was here in each minute of one site: presence as history. Pure.

A visitor is in a minute if presence overlaps it: from a sign of life for two minutes, cut short ten seconds after a leave.
Each minute keeps, for each visitor, the latest thing in fact time that reaches into it, a sign of life or a leave, so facts
may come late and in any order. No fact reaches back further than 30 minutes: after that a minute is final, and sweeps
make it rows.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import islice

import msgspec

from footfall import rules
from footfall.model import Erase, Fact


class Moment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The last word on a visitor in a minute. `path` is None if it is a leave: then the visitor is not in it."""

    time: int
    path: str | None
    country: str
    visit: int


class Minutes:
    """Minutes that are not final, by their beginning (ms, a multiple of 60,000)."""

    __slots__ = ("moments", "people")

    def __init__(self) -> None:
        self.moments: dict[int, dict[int, Moment]] = {}
        self.people: dict[int, int] = {}  # how many are in each minute

    def sign(self, fact: Fact, time: int, country: str, visit: int) -> None:
        """A sign of life at `time`: the visitor is here until the timeout, on this path."""
        minutes = range(time - time % rules.MINUTE, time + rules.PRESENCE_TIMEOUT, rules.MINUTE)
        self._put(minutes, fact.visitor, Moment(time, fact.path, country, visit))

    def leave(self, fact: Fact, time: int) -> None:
        """The visitor left that path: out of the minutes that begin after the grace, unless it was on another path by then."""
        last = self.moments.get(time - time % rules.MINUTE, {}).get(fact.visitor)
        if last is None or last.path != fact.path:
            return
        end = time + rules.LEAVE_GRACE
        minutes = range(end + -end % rules.MINUTE, time + rules.PRESENCE_TIMEOUT, rules.MINUTE)
        self._put(minutes, fact.visitor, Moment(time, None, "", 0))

    def _put(self, minutes: Iterable[int], visitor: int, moment: Moment) -> None:
        """The last word on the visitor in these minutes, but where there is a later one."""
        here = moment.path is not None
        for minute in minutes:
            moments = self.moments.get(minute)
            if moments is None:
                moments = self.moments[minute] = {}
            last = moments.setdefault(visitor, moment)  # one look where it is the first word: these dicts are large
            if last is moment:
                change = int(here)
            elif last.time <= moment.time:
                moments[visitor] = moment
                change = here - (last.path is not None)
            else:
                continue
            if change:
                self.people[minute] = self.people.get(minute, 0) + change

    def trend(self, now: int, minutes: int) -> list[int]:
        """People in each of the last `minutes` minutes up to the one that `now` is in, oldest first."""
        current = now - now % rules.MINUTE
        return [self.people.get(current - back * rules.MINUTE, 0) for back in range(minutes - 1, -1, -1)]

    def counts(self, path: str | None, country: str | None) -> dict[int, int]:
        """People in each minute that is not a row yet, on that path and in that country; None: any."""
        if path is None and country is None:
            return dict(self.people)
        return {
            minute: sum(
                moment.path is not None and path in (None, moment.path) and country in (None, moment.country)
                for moment in moments.values()
            )
            for minute, moments in self.moments.items()
        }

    def final(self, now: int) -> list[int]:
        """The minutes that no fact can change any more, oldest first."""
        return sorted(minute for minute in self.moments if minute + rules.MINUTE_FINAL <= now)

    def take(self, minute: int, most: int) -> list[tuple[int, Moment]]:
        """At most so many (visitor, moment)s of a minute, those that came first, and forget them; the rest stays."""
        moments = self.moments[minute]
        taken = list(islice(moments.items(), most))
        for visitor, _ in taken:
            del moments[visitor]
        present = [(visitor, moment) for visitor, moment in taken if moment.path is not None]
        self.people[minute] = self.people.get(minute, 0) - len(present)
        if not moments:
            del self.moments[minute]
            del self.people[minute]
        return present

    def __len__(self) -> int:
        """How many moments are kept."""
        return sum(map(len, self.moments.values()))

    def erase(self, erase: Erase) -> None:
        """Forget the moments that an erase of facts by visitor, path or time matches."""
        if erase.page_type is not None:
            return
        for minute, moments in self.moments.items():
            if (erase.first is not None and minute < erase.first) or (erase.last is not None and minute > erase.last):
                continue
            for visitor, moment in list(moments.items()):
                if erase.visitor in (None, visitor) and erase.path in (None, moment.path):
                    del moments[visitor]
                    self.people[minute] = self.people.get(minute, 0) - (moment.path is not None)

    def keep(self, visitor: int, visits: Container[int]) -> None:
        """Forget the moments of a visitor that are in none of these visits."""
        for minute, moments in self.moments.items():
            moment = moments.get(visitor)
            if moment is not None and moment.visit not in visits:
                del moments[visitor]
                self.people[minute] = self.people.get(minute, 0) - (moment.path is not None)

    def restore(self, minute: int, moments: Iterable[tuple[int, Moment]]) -> None:
        """Put back moments of a minute that a checkpoint held."""
        for visitor, moment in moments:
            self._put((minute,), visitor, moment)

    def copy(self) -> Minutes:
        """An independent copy."""
        twin = Minutes()
        twin.moments = {minute: dict(moments) for minute, moments in self.moments.items()}
        twin.people = dict(self.people)
        return twin
