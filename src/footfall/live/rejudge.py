"""Facts judged once more when they turn out to be a bot's, or a person's after all. Pure.

What changes is what the fold would have decided otherwise: whether views count, also those that repeated a view which is a bot's
now, and in which visits a person's facts are. All else stays as it was judged.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from footfall import rules
from footfall.live.runs import mix
from footfall.model import Judgement, Kind


class Row(NamedTuple):
    """What is looked at of a row of facts; `hit`: whether it is one of those that are judged otherwise now."""

    seq: int
    n: int
    time: int
    counted: bool
    visit: int
    kind: int
    visitor: int
    id: int
    door: str
    path: str
    window: int
    bot: str
    hit: bool


class Span(NamedTuple):
    """From when to when a visit reaches."""

    start: int
    end: int
    visit: int


def rejudged(rows: Iterable[Row], visits: Mapping[int, list[Span]], bot: str) -> Iterator[Judgement]:
    """What is new. `rows`, in their order: those that are hit and all views of the same visitors and paths. `visits`: all that
    there are, by visitor; `bot` says why they are taken for a bot's, "" if they are a person's."""
    views: dict[tuple[int, str], list[int]] = {}
    spans = {visitor: sorted(of_one) for visitor, of_one in visits.items()}
    for row in rows:
        told = bot if row.hit else row.bot
        visit = 0 if told else row.visit
        imported = row.door == rules.CONVEX_EXPORT
        if row.hit and not told and not imported:
            visit = _joined(row, spans.setdefault(row.visitor, []))
        counted = row.kind == Kind.VIEW and not told
        if counted and not imported and not (row.counted and not row.visit):  # what was imported counts, also from elsewhere
            counted = _counts(row, views.get((row.visitor, row.path), []))
        if counted:
            insort(views.setdefault((row.visitor, row.path), []), row.time)
        if (told, counted, visit) != (row.bot, row.counted, row.visit):
            yield Judgement(row.seq, row.n, told, counted, visit)


def _counts(row: Row, times: list[int]) -> bool:
    """Whether a view repeats none of those times: of the nearest to either side."""
    at = bisect(times, row.time)
    return not any(rules.is_repeat(row.time, time, row.window) for time in times[max(0, at - 1) : at + 1])


def _joined(row: Row, spans: list[Span]) -> int:
    """The visit that holds a fact, as visits.py has it: the earlier of two, else a new one; 0 for a beat or leave in none."""
    for at, span in enumerate(spans):
        if rules.in_visit(span.start, span.end, row.time):
            spans[at] = Span(min(span.start, row.time), max(span.end, row.time), span.visit)
            return span.visit
    if row.kind not in (Kind.VIEW, Kind.EVENT):
        return 0
    begun = Span(row.time, row.time, mix(row.visitor, row.id))
    insort(spans, begun)
    return begun.visit
