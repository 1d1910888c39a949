"""What history does not have yet, as tables that go with a question: open visits, minutes that are not final. Pure.

Columns of numpy are read where they lie; a hundred thousand visits as values one by one, or as text, would hold the interpreter
for a second. A column is made when it is first asked for, and from one moment to the next only of the visits that changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from footfall.history.base import Columns
from footfall.live.minutes import Moment
from footfall.live.visits import Visit
from footfall.query.periods import Span

Column = npt.NDArray[Any]
# What is not a text: what it is called in a visit, or in the fact that began it, and its type.
_TYPED: Mapping[str, tuple[str, type[np.generic]]] = {
    "visit": ("id", np.uint64),
    "person": ("visitor", np.uint64),
    "start_ms": ("start", np.int64),
    "end_ms": ("end", np.int64),
    "views": ("views", np.int64),
    "events": ("events", np.int64),
    "storageless": ("storageless", np.bool_),
}


class OpenVisits:
    """Those of one site at one moment."""

    __slots__ = ("_columns", "_ids", "_visits")

    def __init__(self, visits: Iterable[tuple[Visit, ...]] = (), before: OpenVisits | None = None) -> None:
        """`before`: those of another moment."""
        self._visits = list(chain.from_iterable(visits))
        self._ids = np.fromiter((id(visit) for visit in self._visits), np.uint64, len(self._visits))
        self._columns: dict[str, Column] = {}
        if before is not None:
            self._take(before)

    def reaching(self, span: Span, columns: Iterable[str]) -> Columns:
        """Those that reach into the range."""
        inside = (self._column("start_ms") < span.end) & (self._column("end_ms") >= span.start)
        if not inside.any():
            return Columns({name: _made(name, ()) for name in columns})
        return Columns({name: self._column(name)[inside] for name in columns})

    def none_before(self, time: int) -> bool:
        """Whether none began before that time."""
        return bool((self._column("start_ms") >= time).all())

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            self._columns[name] = _made(name, self._visits)
        return self._columns[name]

    def _take(self, before: OpenVisits) -> None:
        """The columns of another moment. A visit that changed is another object; both moments hold theirs, so none has the
        address of another."""
        _, here, there = np.intersect1d(self._ids, before._ids, assume_unique=True, return_indices=True)
        if not len(here):
            return
        changed = np.ones(len(self._visits), np.bool_)
        changed[here] = False
        visits = [self._visits[at] for at in np.flatnonzero(changed)]
        for name, column in tuple(before._columns.items()):  # a question that was given up may still be adding some
            taken = self._columns[name] = np.empty(len(changed), column.dtype)
            taken[here] = column[there]
            taken[changed] = _made(name, visits)


def _made(name: str, visits: Sequence[Visit]) -> Column:
    """A column of these visits. It is made from generators, so that other threads have their turns meanwhile."""
    field, kind = _TYPED.get(name, (name, np.object_))
    rows: Iterable[Any] = visits if field in Visit.__struct_fields__ else (visit.first for visit in visits)
    values = (getattr(row, field) for row in rows)
    if kind is np.object_:
        values = (value or "" for value in values)
    return np.fromiter(values, kind, len(visits))


def open_minutes(moments: Mapping[int, Mapping[int, Moment]], span: Span) -> Columns:
    """How many people were on which page and in which country in each minute of the range."""
    here = Counter(
        (minute, moment.path, moment.country)
        for minute, by_visitor in moments.items()
        if span.start <= minute < span.end
        for moment in by_visitor.values()
        if moment.path is not None
    )
    return Columns(
        {
            "minute_ms": np.fromiter((minute for minute, _, _ in here), np.int64, len(here)),
            "path": np.fromiter((path for _, path, _ in here), np.object_, len(here)),
            "country": np.fromiter((country for _, _, country in here), np.object_, len(here)),
            "here": np.fromiter(here.values(), np.int64, len(here)),
        }
    )
