"""The counted views of the last hour, and whether another view repeats one of them. Pure.

Which window holds is said by the view that is judged, and sites change theirs: so every counted view is remembered, also one
that counted because the window was short, or none. Time is cut into slots as long as the longest window. Of a slot its latest
and earliest view are kept: of the views in the slots beside that of the judged one no other could be nearer, and within the
longest window any of its own will do. What lies between the two, by a shorter window or imported, is kept in cells, in the
same manner; it is looked for only when a late view falls between them too.
"""

from __future__ import annotations

from footfall import rules
from footfall.live.runs import Runs, mix

_SLOT = rules.REPEAT_WINDOW
_CELL = rules.REPEAT_CELL  # a slot is a whole number of cells
_CELLS = 1 << 61  # cell ^ _CELLS is the number of a cell; slots and cells are far below
_EARLIEST = 1 << 62  # number ^ _EARLIEST has the earliest view of a slot or cell, if that is not its latest


class Counted:
    """Times of counted views by (visitor, number of the path). `newest` is the latest time of all."""

    __slots__ = ("newest", "times")

    def __init__(self, times: Runs | None = None, newest: int = 0) -> None:
        self.times = Runs(valued=True) if times is None else times  # mix(visitor, path, number of slot or cell) -> time
        self.newest = newest

    def __len__(self) -> int:
        return len(self.times)

    def judge(self, visitor: int, path: int, time: int, window: int, cutoff: int) -> bool:
        """Whether a view at `time` counts, because it repeats none of these; then it is one of them. Of those times <= `cutoff`
        may fall away."""
        key, slot = mix(visitor, path), time // _SLOT
        place = mix(key, slot)
        latest = self.times.get(place)
        if window > 0 and self._has_near(key, slot, latest, time, window):
            return False
        if latest is None:  # nearly always: the first in its slot
            self.newest = max(self.newest, time)
            self.times.put(place, time, cutoff)
        else:
            self.put(visitor, path, time, cutoff)
        return True

    def _has_near(self, key: int, slot: int, latest: int | None, time: int, window: int) -> bool:
        """Whether a view repeats one of its own slot, of which this is the latest, or of a slot beside it."""
        if latest is not None and (rules.is_repeat(time, latest, window) or self._is_within(key, time, latest, window)):
            return True
        before = self.times.get(mix(key, slot - 1))
        if before is not None and rules.is_repeat(time, before, window):
            return True
        if (slot + 1) * _SLOT > self.newest:
            return False  # nothing was counted that late
        after = self._earliest(key, slot + 1)
        return after is not None and rules.is_repeat(time, after, window)

    def _is_within(self, key: int, time: int, latest: int, window: int) -> bool:
        """Whether a view repeats one of its own slot that is not the latest."""
        slot = time // _SLOT
        earliest = self.times.get(mix(key, slot ^ _EARLIEST))
        if earliest is None:
            return False
        if time <= earliest or time >= latest or rules.is_repeat(time, earliest, window):
            return rules.is_repeat(time, earliest, window)
        own = time // _CELL
        for cell in range(max(earliest, time - window) // _CELL, min(latest, time + window) // _CELL + 1):
            near = self.times.get(mix(key, cell ^ _CELLS)) if cell <= own else None
            if near is not None and rules.is_repeat(time, near, window):
                return True
            near = self._earliest(key, cell ^ _CELLS) if cell >= own else None
            if near is not None and rules.is_repeat(time, near, window):
                return True
        return False

    def _earliest(self, key: int, number: int) -> int | None:
        return self.times.get(mix(key, number ^ _EARLIEST)) or self.times.get(mix(key, number))

    def put(self, visitor: int, path: int, time: int, cutoff: int) -> None:
        """A view was counted; times <= `cutoff` may fall away."""
        self.newest = max(self.newest, time)
        key = mix(visitor, path)
        between = self._widen(key, time // _SLOT, time, cutoff)
        if between is not None:
            self._widen(key, between // _CELL ^ _CELLS, between, cutoff)

    def _widen(self, key: int, number: int, time: int, cutoff: int) -> int | None:
        """Put a time into a slot or cell; the one that lies between its latest and earliest because of that."""
        latest = self.times.get(mix(key, number))
        if latest is None:
            self.times.put(mix(key, number), time, cutoff)
            return None
        earliest = self.times.get(mix(key, number ^ _EARLIEST))
        if earliest is None:
            earliest, between = latest, None
        else:
            between = sorted((earliest, time, latest))[1]
        if time > latest:
            self.times.put(mix(key, number), time, cutoff)
        if min(earliest, time) < max(latest, time):
            self.times.put(mix(key, number ^ _EARLIEST), min(earliest, time), cutoff)
        return between

    def add(self, more: Counted, cutoff: int) -> None:
        """Put in the views of paths of which none is here."""
        self.newest = max(self.newest, more.newest)
        for keys, values in more.times.parts():
            for key, value in zip(memoryview(keys).cast("Q"), memoryview(values).cast("Q"), strict=True):
                self.times.put(key, value, cutoff)

    def drop(self, cutoff: int) -> None:
        """Let go of times <= `cutoff`."""
        self.times.drop(cutoff)

    def copy(self) -> Counted:
        """An independent copy."""
        return Counted(self.times.copy(), self.newest)
