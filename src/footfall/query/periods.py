"""From when to when: names of ranges, dates and instants as spans of milliseconds, and what they are compared with. Pure.

Dates are those of the site's time zone; a day begins at its first instant there. Ranges of N days or months end before the
present one, `day`, `month` and `year` are the present one, whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from footfall.errors import InvalidInput
from footfall.rules import DAY, MINUTE

FIELD = "date_range"
MOST_DAYS, MOST_MONTHS = 5_000, 100
FIRST_YEAR, FINAL_YEAR = 1970, 9000
MOMENTS = {"realtime": 5 * MINUTE, "30m": 30 * MINUTE, "24h": DAY}  # that end now
EXPECTED = (
    'one of "day", "24h", "7d", "28d", "30d", "91d", "month", "6mo", "12mo", "year", "all", "realtime", "30m", '
    "two dates, or two instants with an offset"
)
PREVIOUS, YEAR_EARLIER, CUSTOM = "previous_period", "year_over_year", "custom"
MODES = (PREVIOUS, YEAR_EARLIER, CUSTOM)

_COUNTED = re.compile(r"([1-9]\d{0,3})(d|mo)").fullmatch
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})").fullmatch


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end) in milliseconds. `days` are the first and last day where it is made of whole ones."""

    start: int
    end: int
    zone: ZoneInfo
    days: tuple[date, date] | None = None

    @property
    def told(self) -> list[str]:
        """First and last second, with the zone's offset."""
        last = max(self.start, self.end - 1)
        return [local(instant, self.zone).isoformat(timespec="seconds") for instant in (self.start, last)]


def local(instant: int, zone: ZoneInfo) -> datetime:
    """What the clocks of a zone show at an instant."""
    return datetime.fromtimestamp(instant // 1000, UTC).astimezone(zone)


def first_instant(day: date, zone: ZoneInfo) -> int:
    """When a day begins, also where its midnight is left out."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000


def of_days(first: date, last: date, zone: ZoneInfo) -> Span:
    """Whole days, both included."""
    return Span(first_instant(first, zone), first_instant(last + timedelta(1), zone), zone, (first, last))


def span_of(asked: object, now: int, zone: ZoneInfo, since: int | None = None, today: date | None = None) -> Span:
    """What was asked for. `since`: when counting began, for "all"; `today`: the day that names are about, if not that of `now`.
    Raises InvalidInput."""
    today = today or local(now, zone).date()
    if isinstance(asked, list) and len(asked) == 2 and all(isinstance(end, str) for end in asked):
        return _between(asked[0], asked[1], zone)
    if not isinstance(asked, str):
        raise InvalidInput(FIELD, EXPECTED)
    if asked in MOMENTS:
        return Span(now + 1 - MOMENTS[asked], now + 1, zone)
    if asked == "all":
        return of_days(min(today, local(now if since is None else since, zone).date()), today, zone)
    return of_days(*_named(asked, today), zone)


def _named(name: str, today: date) -> tuple[date, date]:
    first_of_month = today.replace(day=1)
    if name == "day":
        return today, today
    if name == "month":
        return first_of_month, moved(first_of_month, 1) - timedelta(1)
    if name == "year":
        return today.replace(month=1, day=1), today.replace(month=12, day=31)
    counted = _COUNTED(name)
    number = int(counted[1]) if counted else 0
    if counted and counted[2] == "d" and number <= MOST_DAYS:
        return today - timedelta(number), today - timedelta(1)
    if counted and counted[2] == "mo" and number <= MOST_MONTHS:
        return moved(first_of_month, -number), first_of_month - timedelta(1)
    raise InvalidInput(FIELD, f"{EXPECTED}, not {name[:50]!r}")


def _between(start: str, end: str, zone: ZoneInfo) -> Span:
    try:
        if _DATE(start) and _DATE(end):
            span = of_days(_day(start), _day(end), zone)
        elif _INSTANT(start) and _INSTANT(end):
            span = Span(_instant(start), _instant(end) + 1000, zone)  # the last second is in it
        else:
            raise InvalidInput(FIELD, EXPECTED)
    except ValueError as error:
        raise InvalidInput(FIELD, f"{EXPECTED} ({error})") from error
    if span.start >= span.end:
        raise InvalidInput(FIELD, "a beginning that is not after the end")
    return span


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if not FIRST_YEAR <= day.year <= FINAL_YEAR:
        raise ValueError(f"years are {FIRST_YEAR} to {FINAL_YEAR}")
    return day


def _instant(text: str) -> int:
    _day(text[:10])
    return int(datetime.fromisoformat(text).timestamp()) * 1000


def moved(day: date, months: int) -> date:
    """The same day so many months later; the last of the month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    length = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(1)).day
    return date(year, month + 1, min(day.day, length))


def compared(span: Span, mode: str, same_weekday: bool = False) -> Span:
    """The span before it of the same length, or a year earlier. With `same_weekday` it is moved, at most by some days, so that it
    begins on the same day of the week."""
    if span.days is None:
        back = span.end - span.start if mode == PREVIOUS else 364 * DAY if same_weekday else 365 * DAY
        back += -back % (7 * DAY) if same_weekday else 0
        return Span(span.start - back, span.end - back, span.zone)
    first, last = span.days
    length = (last - first).days + 1
    if mode == PREVIOUS:
        start = first - timedelta(length + (-length % 7 if same_weekday else 0))
    else:
        start = moved(first, -12)
        if same_weekday:
            ahead = (first.weekday() - start.weekday()) % 7
            start += timedelta(ahead if ahead <= 3 else ahead - 7)
    return of_days(start, start + timedelta(length - 1), span.zone)


def so_far(against: Span, span: Span, now: int) -> Span:
    """As much of a span as there is yet of the one that is compared with it: half of a day with half of another."""
    gone = now + 1 - span.start
    if span.end <= now or not 0 < gone < against.end - against.start:
        return against
    return Span(against.start, against.start + gone, against.zone)
