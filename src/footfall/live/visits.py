"""The open visits of one site: runs of a visitor's facts with gaps under 30 minutes. Pure.

A visit is open until no fact can change it any more, 60 minutes after its last one; then a sweep makes it a row.
Views and events start visits; beats and leaves only extend the one they fall into, so that a tab that wakes up after
hours is a reader who is here, but no new visit until something is viewed.
"""

from __future__ import annotations

import msgspec

from footfall import rules
from footfall.live.runs import mix
from footfall.model import Fact, Kind


class Visit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A visit so far. `last` is the later of time and arrival of its newest fact; entry and exit are those of its views, in
    fact time, also of those that repeat; of what began it while there is none. `first` is kept as `_slim` leaves it."""

    id: int
    start: int
    end: int
    last: int
    entry: str
    entry_time: int
    exit: str
    exit_time: int
    views: int
    events: int
    engaged: int
    first: Fact


_NO_VIEW_YET = (1 << 62, -1)  # entry and exit time: any view comes before the one and after the other


_SHORT = 256  # characters of a title that are not worth a copy without it


def _slim(fact: Fact) -> Fact:
    """A fact that stays for an hour: without what may be large and is not asked of a visit."""
    if len(fact.title) <= _SHORT and not fact.name:
        return fact
    return msgspec.structs.replace(fact, title="", name="", props=None)


def _begun(fact: Fact, time: int, counted: bool) -> Visit:
    entry_time, exit_time = (time, time) if fact.kind == Kind.VIEW else _NO_VIEW_YET
    return Visit(
        mix(fact.visitor, fact.id),
        time,
        time,
        max(time, fact.arrival),
        fact.path,
        entry_time,
        fact.path,
        exit_time,
        int(counted),
        int(fact.kind == Kind.EVENT),
        fact.engaged,
        _slim(fact),
    )


def _extended(visit: Visit, fact: Fact, time: int, counted: bool) -> Visit:
    entry, entry_time, exit, exit_time = visit.entry, visit.entry_time, visit.exit, visit.exit_time
    view = fact.kind == Kind.VIEW
    if view and time < entry_time:
        entry, entry_time = fact.path, time
    if view and time >= exit_time:
        exit, exit_time = fact.path, time
    return Visit(
        visit.id,
        min(visit.start, time),
        max(visit.end, time),
        max(visit.last, time, fact.arrival),
        entry,
        entry_time,
        exit,
        exit_time,
        visit.views + counted,
        visit.events + (fact.kind == Kind.EVENT),
        visit.engaged + fact.engaged,
        visit.first,
    )


class Visits:
    """Open visits by visitor; hardly ever more than one each."""

    __slots__ = ("open",)

    def __init__(self) -> None:
        self.open: dict[int, tuple[Visit, ...]] = {}

    def join(self, fact: Fact, time: int, counted: bool) -> tuple[Visit | None, bool]:
        """Put a fact into the visit that holds its time (the earlier of two), or start one; (the visit, whether it is new).

        `counted`: whether it is a view that counts; a repeat extends the visit and may move its exit page all the same.
        (None, False) for a beat or leave that falls into none.
        """
        open_visits = self.open.get(fact.visitor, ())
        for at, visit in enumerate(open_visits):
            if rules.in_visit(visit.start, visit.end, time):
                extended = _extended(visit, fact, time, counted)
                self.open[fact.visitor] = (*open_visits[:at], extended, *open_visits[at + 1 :])
                return extended, False
        if fact.kind in (Kind.BEAT, Kind.LEAVE):
            return None, False
        begun = _begun(fact, time, counted)
        visits = (*open_visits, begun)
        self.open[fact.visitor] = visits if len(visits) == 1 else tuple(sorted(visits, key=lambda visit: visit.start))
        return begun, True

    def due(self, visitor: int, id: int, now: int) -> Visit | int | None:
        """The visit if it is final at `now`, else the time to look again; None if it is not open."""
        for visit in self.open.get(visitor, ()):
            if visit.id == id:
                final_at = visit.last + rules.WINDOW_KEPT
                return visit if final_at <= now else final_at
        return None

    def close(self, visitor: int, id: int) -> None:
        """Forget a visit that has become a row."""
        left = tuple(visit for visit in self.open[visitor] if visit.id != id)
        if left:
            self.open[visitor] = left
        else:
            del self.open[visitor]
