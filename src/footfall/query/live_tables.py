"""What history does not have yet, as text that goes with a question: open visits, minutes that are not final. Pure.

One JSON text is one value for the engine, which takes it apart outside the interpreter; as values one by one ten thousand
visits would hold it for a tenth of a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from footfall.live.minutes import Moment
from footfall.live.visits import Visit
from footfall.query.periods import Span

_OWN = {"visit": "id", "person": "visitor", "start_ms": "start", "end_ms": "end"}  # what columns of visits are called there
_FIELDS = frozenset(Visit.__struct_fields__)
_encode = msgspec.json.Encoder().encode


def visits_text(visits: Iterable[tuple[Visit, ...]], span: Span, columns: Sequence[str]) -> str:
    """The visits that reach into the range, with these columns."""
    fields = [(column, _OWN.get(column, column)) for column in columns]
    told = [
        {column: getattr(visit if field in _FIELDS else visit.first, field) for column, field in fields}
        for visits_of_one in visits
        for visit in visits_of_one
        if visit.start < span.end and visit.end >= span.start
    ]
    return _encode(told).decode()


def minutes_text(moments: Mapping[int, Mapping[int, Moment]], span: Span) -> str:
    """How many people were on which page and in which country in each minute of the range."""
    told = []
    for minute, by_visitor in moments.items():
        if span.start <= minute < span.end:
            here = Counter((moment.path, moment.country) for moment in by_visitor.values() if moment.path is not None)
            told += [
                {"minute_ms": minute, "path": path, "country": country, "here": count} for (path, country), count in here.items()
            ]
    return _encode(told).decode()
