"""Time in steps: minutes, hours, days, weeks and months by the clock of any zone, as ranges of instants. Pure.

The engine that answers knows no time zone: where steps begin is worked out here, and there a step is a division of whole
numbers. Steps of the same length that follow each other are one run; a day that is an hour short or long cuts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from footfall.errors import InvalidInput
from footfall.query.periods import Span, first_instant, local, moved
from footfall.query.sql import Sql, joined, sql
from footfall.rules import DAY, HOUR, MINUTE

MOST = 10_000  # steps of one question
QUARTER = 15 * MINUTE  # clocks of zones change at multiples of it, by multiples of it


@dataclass(frozen=True, slots=True)
class Steps:
    """`edges`: where each begins, and where the last one ends; a step that sticks out of the range is cut there."""

    edges: tuple[int, ...]
    labels: tuple[str, ...]

    def number(self, instant: Sql) -> Sql:
        """In which step an instant of the range lies, as SQL."""
        *earlier, last = [
            (end, sql("{} + intDiv({} - {}, {})", first, instant, start, width)) for first, start, width, end in self._runs()
        ]
        return _chosen([(sql("{} < {}", instant, end), number) for end, number in earlier], last[1])

    def by_number(self, number: Sql, values: Sequence[int]) -> Sql:
        """One value for each step, as SQL of the step's number."""
        changes = [at for at in range(len(values) - 1) if values[at] != values[at + 1]]
        return _chosen([(sql("{} <= {}", number, at), sql("{}", values[at])) for at in changes], sql("{}", values[-1]))

    def _runs(self) -> Iterator[tuple[int, int, int, int]]:
        """(number of the first, its beginning, length of each, end of the last)."""
        first = 0
        for number in range(1, len(self.edges)):
            width = self.edges[first + 1] - self.edges[first]
            if number == len(self.edges) - 1 or self.edges[number + 1] - self.edges[number] != width:
                yield first, self.edges[first], width, self.edges[number]
                first = number


def _chosen(cases: Sequence[tuple[Sql, Sql]], otherwise: Sql) -> Sql:
    if not cases:
        return otherwise
    whens = joined(" ", [sql("WHEN {} THEN {}", condition, value) for condition, value in cases])
    return sql("CASE {} ELSE {} END", whens, otherwise)


def suiting(span: Span) -> str:
    """The step that suits a range: of two days hours, of forty days days, of a year weeks, else months."""
    length = span.end - span.start
    if length <= 2 * DAY + HOUR:  # of two days one may be longer
        return "time:hour"
    return "time:day" if length <= 40 * DAY + HOUR else "time:week" if length <= 366 * DAY else "time:month"


def steps_of(name: str, span: Span) -> Steps:
    """The steps of that dimension in a range. Raises InvalidInput if these are too many."""
    name = suiting(span) if name == "time" else name
    shortest = {"time:minute": MINUTE, "time:hour": HOUR, "time:day": DAY}.get(name, 7 * DAY)
    if (span.end - span.start) // shortest > MOST:
        raise InvalidInput("date_range", f"at most {MOST} steps of {name}")
    begins = list(_STARTS[name](span))
    kept = [(start, label) for at, (start, label) in enumerate(begins) if at + 1 == len(begins) or begins[at + 1][0] > span.start]
    edges = [max(span.start, start) for start, _ in kept]
    return Steps((*edges, span.end), tuple(label for _, label in kept))


def _minutes(span: Span) -> Iterator[tuple[int, str]]:
    """Of those that the clocks show twice the later ones tell the zone's offset too."""
    for start in range(span.start - span.start % MINUTE, span.end, MINUTE):
        shown = local(start, span.zone)
        yield start, shown.strftime("%Y-%m-%d %H:%M:00") + (shown.isoformat()[19:] if shown.fold else "")


def _hours(span: Span) -> Iterator[tuple[int, str]]:
    """An hour that the clocks show twice is one step."""
    last = ""
    for start in range(span.start - span.start % QUARTER - HOUR, span.end, QUARTER):
        label = local(start, span.zone).strftime("%Y-%m-%d %H:00:00")
        if label != last:
            yield start, label
            last = label


def _days(span: Span) -> Iterator[tuple[int, str]]:
    return _dates(span, lambda day: day, lambda day: day + timedelta(1))


def _weeks(span: Span) -> Iterator[tuple[int, str]]:
    """A week that began before the range is called by the range's first day."""
    first = local(span.start, span.zone).date().isoformat()
    for start, monday in _dates(span, lambda day: day - timedelta(day.weekday()), lambda monday: monday + timedelta(7)):
        yield start, max(monday, first)


def _months(span: Span) -> Iterator[tuple[int, str]]:
    return _dates(span, lambda day: day.replace(day=1), lambda first: moved(first, 1))


def _dates(span: Span, floor: Callable[[date], date], following: Callable[[date], date]) -> Iterator[tuple[int, str]]:
    """Steps that begin with a day, and are called by it."""
    day = floor(local(span.start, span.zone).date())
    while (start := first_instant(day, span.zone)) < span.end:
        yield start, day.isoformat()
        day = following(day)


_STARTS = {"time:minute": _minutes, "time:hour": _hours, "time:day": _days, "time:week": _weeks, "time:month": _months}
