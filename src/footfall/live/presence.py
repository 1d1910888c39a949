"""Who is here: the readers of one site with a sign of life in the last two minutes, what they read and where they are. Pure.

Two things are kept apart. *Rows* (`readers`) change only by records: they decide what the next fact does, survive in
checkpoints, and stay until a clean-up removes them, as the original's session rows do. The *index* (`active`, `here`,
`places`) says who of them is present at a moment; it follows from rows and time alone and may be advanced at will. Every sign
of life advances it a little, so that there is never much to do at once, though nobody look for hours. The newest
`arrivals` are told as they happen and kept nowhere: after a restart there are none.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from operator import attrgetter
from typing import TypeVar

import msgspec

from footfall import rules
from footfall.model import Fact, Kind

Key = TypeVar("Key")

_AT_ONCE = 2  # entries of the queue that every sign of life looks at: more than it adds

Place = tuple[str, str, float | None, float | None]  # country, city, latitude, longitude; "" and None: not known


class Reader(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The row of one visitor. `row` is its age: it orders ties, and an update keeps it."""

    path: str
    last_seen: int
    deadline: int
    row: int
    country: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    @property
    def place(self) -> Place | None:
        """Where the reader is, if anything is known of it."""
        if self.country is None and self.city is None and (self.latitude is None or self.longitude is None):
            return None
        if self.latitude is None or self.longitude is None:
            return self.country or "", self.city or "", None, None
        return self.country or "", self.city or "", self.latitude, self.longitude


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A visitor became present at `at`, on this path, from there."""

    at: int
    visitor: int
    path: str
    country: str
    city: str


class Presence:
    """The readers of one site."""

    __slots__ = ("_expiry", "active", "arrivals", "here", "next_row", "places", "readers")

    def __init__(self) -> None:
        self.readers: dict[int, Reader] = {}
        self.next_row = 0
        self.active: dict[int, int] = {}  # who of them is counted in the index -> the deadline in _expiry that counts for them
        self.here: dict[str, int] = {}
        self.places: dict[Place, int] = {}
        self.arrivals: deque[Arrival] = deque(maxlen=rules.ARRIVALS)  # who came last, newest first; not who moved
        self._expiry: list[tuple[int, int]] = []  # (deadline, visitor); it may be later by now: looked at when it comes up

    # --- what facts do ---

    def beat_original(self, fact: Fact, time: int, now: int) -> bool:
        """A heartbeat by the original's rules; False if it was skipped whole because it came too early."""
        row = self.readers.get(fact.visitor)
        if row is not None and rules.is_early(row.last_seen, time):
            return False
        self._put(fact, row, time, now)
        return True

    def sign(self, fact: Fact, time: int, now: int) -> bool:
        """A sign of life by the rules of our own doors; False for a beat that tells nothing new (early or older)."""
        row = self.readers.get(fact.visitor)
        if row is not None:
            if time < row.last_seen:
                return fact.kind != Kind.BEAT
            left = row.deadline - row.last_seen != rules.PRESENCE_TIMEOUT
            if fact.kind == Kind.BEAT and row.path == fact.path and not left and rules.is_early(row.last_seen, time):
                return False
        self._put(fact, row, time, now)
        return True

    def leave(self, fact: Fact, time: int, now: int) -> None:
        """The reader left `fact.path`: presence runs out soon, unless it has moved on since or gives a new sign of life."""
        row = self.readers.get(fact.visitor)
        if row is None or time < row.last_seen or row.path != fact.path:
            return
        deadline = min(row.deadline, time + rules.LEAVE_GRACE)
        if deadline - time == rules.PRESENCE_TIMEOUT:
            return
        self._set(fact.visitor, row, msgspec.structs.replace(row, last_seen=time, deadline=deadline), now)

    def _put(self, fact: Fact, row: Reader | None, time: int, now: int) -> None:
        """Replace path and time; of the place, each field only if it was given."""
        country, city, latitude, longitude = fact.country, fact.city, fact.latitude, fact.longitude
        if row is None:
            age = self.next_row
            self.next_row += 1
        else:
            age = row.row
            country = row.country if country is None else country
            city = row.city if city is None else city
            latitude = row.latitude if latitude is None else latitude
            longitude = row.longitude if longitude is None else longitude
        deadline = time + rules.PRESENCE_TIMEOUT
        self._set(fact.visitor, row, Reader(fact.path, time, deadline, age, country, city, latitude, longitude), now)

    def _set(self, visitor: int, was: Reader | None, reader: Reader, now: int) -> None:
        self.readers[visitor] = reader
        queued = self.active.get(visitor)
        if queued is not None and was is not None:
            self._uncount(was)
        if rules.is_present(reader.deadline, now):
            self._count(reader)
            if queued is None or was is None or not rules.is_present(was.deadline, now):
                self.arrivals.appendleft(Arrival(reader.last_seen, visitor, reader.path, reader.country or "", reader.city or ""))
            if queued is None or reader.deadline < queued:  # otherwise an entry is waiting that comes up earlier
                self._queue(visitor, reader.deadline)
        elif queued is not None:
            del self.active[visitor]
        self._let_go(now, _AT_ONCE)

    # --- who is here ---

    def _count(self, reader: Reader) -> None:
        self.here[reader.path] = self.here.get(reader.path, 0) + 1
        place = reader.place
        if place is not None:
            self.places[place] = self.places.get(place, 0) + 1

    def _uncount(self, reader: Reader) -> None:
        _less(self.here, reader.path)
        place = reader.place
        if place is not None:
            _less(self.places, place)

    def _queue(self, visitor: int, deadline: int) -> None:
        self.active[visitor] = deadline
        heappush(self._expiry, (deadline, visitor))

    def advance(self, now: int) -> bool:
        """Let those go whose presence has run out by `now`; whether anybody did."""
        return self._let_go(now, len(self._expiry))

    def _let_go(self, now: int, most: int) -> bool:
        """The same, but only so many entries of the queue are looked at, if there are more."""
        expiry, gone = self._expiry, False
        while most and expiry and expiry[0][0] <= now:
            most -= 1
            deadline, visitor = heappop(expiry)
            if self.active.get(visitor) != deadline:
                continue  # gone already, or another entry counts
            reader = self.readers[visitor]
            if rules.is_present(reader.deadline, now):
                self._queue(visitor, reader.deadline)
            else:
                del self.active[visitor]
                self._uncount(reader)
                gone = True
        return gone

    def next_expiry(self) -> int | None:
        """A time before which nobody goes, None if nobody is here."""
        return self._expiry[0][0] if self._expiry else None

    def walk(self) -> list[Reader]:
        """Those who are here in the original's order: by last sign of life, then oldest row first."""
        return sorted(map(self.readers.__getitem__, self.active), key=_in_order)

    def clean_up(self, now: int) -> int:
        """Remove the rows that are stale at `now` (the original's rule); how many. The index lets go too: nobody may look."""
        self.advance(now)
        stale = [visitor for visitor, reader in self.readers.items() if rules.is_stale(reader.last_seen, now)]
        for visitor in stale:
            del self.readers[visitor]
        return len(stale)

    def forget(self, visitor: int) -> None:
        """Remove a reader at once, row and all."""
        reader = self.readers.pop(visitor, None)
        if self.active.pop(visitor, None) is not None and reader is not None:
            self._uncount(reader)

    @classmethod
    def of(cls, readers: dict[int, Reader], next_row: int, now: int) -> Presence:
        """Presence with these rows, indexed at `now`."""
        presence = cls()
        presence.next_row = next_row
        for visitor, reader in readers.items():
            presence._set(visitor, None, reader, now)
        presence.arrivals.clear()
        return presence


_in_order = attrgetter("last_seen", "row")


def _less(counts: dict[Key, int], key: Key) -> None:
    if counts[key] == 1:
        del counts[key]
    else:
        counts[key] -= 1
