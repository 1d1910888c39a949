"""How many people were here over time: minutes, averaged and at their most in each step of a range. Pure.

History has the minutes that are final, the live state the others; a minute is in one of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from footfall.history.base import Statement
from footfall.journal.base import Vector
from footfall.query.sql import reached
from footfall.rules import DAY, MINUTE

RANGES = {"30m": (30, 1), "24h": (96, 15), "7d": (168, 60)}  # steps, and the minutes of each
WEEK = 7 * DAY
SECONDS = 5.0


class People(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """Average and peak of each step from `from` on, `step` ms long, and the average of the same step one week earlier."""

    site: str
    from_: int
    step: int
    people: list[float]
    peak: list[int]
    before: list[float]


@dataclass(frozen=True, slots=True)
class Span:
    """The steps of a range: the last of them holds the minute that is now and ends with it."""

    start: int
    end: int
    step: int

    @property
    def steps(self) -> int:
        """How many."""
        return -(-(self.end - self.start) // self.step)


def span_of(range: str, now: int) -> Span:
    """The span of a name of RANGES at `now`. Steps begin at whole multiples of their length since 1970."""
    steps, minutes = RANGES[range]
    step, minute = minutes * MINUTE, now - now % MINUTE
    return Span(minute - minute % step - (steps - 1) * step, minute + MINUTE, step)


def statement(site: str, span: Span, upto: Vector, path: str | None = None, country: str | None = None) -> Statement:
    """(step, sum, peak) of the minutes in history up to `upto`; steps below 0, from -steps on, are those one week earlier."""
    narrowed = {"path = ?": path, "country = ?": country}
    given = {condition: value for condition, value in narrowed.items() if value is not None}
    conditions, until = "".join(f" AND {condition}" for condition in given), reached(upto)
    half = (
        "SELECT ? + intDiv(minute_ms - ?, ?) AS step, here FROM (SELECT minute_ms, count(*) AS here FROM minutes"
        f" WHERE site = ? AND {until.text} AND minute_ms >= ? AND minute_ms < ?{conditions} GROUP BY minute_ms)"
    )
    params: list[object] = []
    for first, start, end in (
        (0, span.start, span.end),
        (-span.steps, span.start - WEEK, span.start - WEEK + span.steps * span.step),
    ):
        params += [first, start, span.step, site, *until.params, start, end, *given.values()]
    sql = f"SELECT step, CAST(sum(here) AS BIGINT), max(here) FROM ({half} UNION ALL {half}) GROUP BY step"
    return Statement(sql, params, seconds=SECONDS)


def people(site: str, span: Span, rows: Iterable[Sequence[object]], live: Mapping[int, int]) -> People:
    """The answer, from the statement's rows and the people of each minute that is not in history."""
    sums, peaks = dict[int, int](), dict[int, int]()
    for step, total, peak in rows:
        sums[_int(step)], peaks[_int(step)] = _int(total), _int(peak)
    for minute, here in live.items():
        if span.start <= minute < span.end:
            step = (minute - span.start) // span.step
            sums[step], peaks[step] = sums.get(step, 0) + here, max(peaks.get(step, 0), here)
    lengths = [span.step // MINUTE] * span.steps
    lengths[-1] = (span.end - span.start - (span.steps - 1) * span.step) // MINUTE
    whole = span.step // MINUTE
    return People(
        site,
        span.start,
        span.step,
        [round(sums.get(step, 0) / minutes, 2) for step, minutes in enumerate(lengths)],
        [peaks.get(step, 0) for step in range(span.steps)],
        [round(sums.get(step, 0) / whole, 2) for step in range(-span.steps, 0)],
    )


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a whole number was expected from history, not {value!r}")
    return value
