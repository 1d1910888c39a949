"""Ranges by name, by dates and by instants; what they are compared with; steps of time by the clocks of zones."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import InvalidInput
from footfall.query.periods import Span, compared, of_days, so_far, span_of
from footfall.query.sql import Sql
from footfall.query.steps import steps_of, suiting
from footfall.rules import DAY, HOUR

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Havana")]
)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


NOW = at("2026-03-30T10:00:00+02:00")  # a Monday, the day after the clocks went forward


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("day", "2026-03-30T00:00:00+02:00", "2026-03-30T23:59:59+02:00"),
        ("7d", "2026-03-23T00:00:00+01:00", "2026-03-29T23:59:59+02:00"),
        ("28d", "2026-03-02T00:00:00+01:00", "2026-03-29T23:59:59+02:00"),
        ("month", "2026-03-01T00:00:00+01:00", "2026-03-31T23:59:59+02:00"),
        ("6mo", "2025-09-01T00:00:00+02:00", "2026-02-28T23:59:59+01:00"),
        ("12mo", "2025-03-01T00:00:00+01:00", "2026-02-28T23:59:59+01:00"),
        ("year", "2026-01-01T00:00:00+01:00", "2026-12-31T23:59:59+01:00"),
        ("all", "2026-03-29T00:00:00+01:00", "2026-03-30T23:59:59+02:00"),
        ("24h", "2026-03-29T10:00:00+02:00", "2026-03-30T10:00:00+02:00"),
        ("30m", "2026-03-30T09:30:00+02:00", "2026-03-30T10:00:00+02:00"),
        (["2026-03-29", "2026-03-29"], "2026-03-29T00:00:00+01:00", "2026-03-29T23:59:59+02:00"),
        (["2026-03-29T00:30:00Z", "2026-03-29T01:29:59+00:00"], "2026-03-29T01:30:00+01:00", "2026-03-29T03:29:59+02:00"),
    ],
)
def test_ranges(asked: object, first: str, last: str) -> None:
    assert span_of(asked, NOW, BERLIN, since=at("2026-03-29T00:10:00+01:00")).told == [first, last]


@pytest.mark.parametrize(
    "asked", ["", "0d", "9999d", "101mo", "7D", [], ["2026-01-01"], ["2026-01-01", "x"], 7, None, ["1969-01-01"] * 2]
)
def test_what_is_no_range(asked: object) -> None:
    with pytest.raises(InvalidInput, match="date_range: expected"):
        span_of(asked, NOW, BERLIN)


@pytest.mark.parametrize(
    ("asked", "mode", "weekday", "first", "last"),
    [
        ("7d", "previous_period", False, "2026-03-16", "2026-03-22"),
        ("day", "previous_period", False, "2026-03-29", "2026-03-29"),
        ("day", "previous_period", True, "2026-03-23", "2026-03-23"),
        ("day", "year_over_year", False, "2025-03-30", "2025-03-30"),
        ("day", "year_over_year", True, "2025-03-31", "2025-03-31"),
        (["2024-02-29", "2024-02-29"], "year_over_year", False, "2023-02-28", "2023-02-28"),
    ],
)
def test_comparisons(asked: object, mode: str, weekday: bool, first: str, last: str) -> None:
    told = compared(span_of(asked, NOW, BERLIN), mode, weekday).told
    assert [told[0][:10], told[1][:10]] == [first, last]


def test_half_a_day_is_compared_with_half_a_day() -> None:
    """As much as there is yet; what is over, and what is shorter than that anyway, is compared whole."""
    today, yesterday = span_of("day", NOW, BERLIN), compared(span_of("day", NOW, BERLIN), "previous_period")
    half = so_far(yesterday, today, NOW)
    assert (half.start, half.end - half.start) == (yesterday.start, NOW + 1 - today.start)
    assert so_far(yesterday, span_of("7d", NOW, BERLIN), NOW) == yesterday
    assert so_far(today, span_of("month", NOW, BERLIN), NOW) == today


def test_a_day_of_23_hours_and_one_of_25() -> None:
    """The clocks of Berlin go forward on 29 March 2026 and back on 25 October: an hour that comes twice is one step."""
    march = of_days(datetime(2026, 3, 29).date(), datetime(2026, 3, 29).date(), BERLIN)
    hours = steps_of("time:hour", march)
    assert (march.end - march.start, len(hours.labels)) == (23 * HOUR, 23)
    assert "2026-03-29 02:00:00" not in hours.labels
    october = of_days(datetime(2026, 10, 25).date(), datetime(2026, 10, 25).date(), BERLIN)
    hours = steps_of("time:hour", october)
    assert (october.end - october.start, len(hours.labels)) == (25 * HOUR, 24)
    assert max(end - start for start, end in zip(hours.edges, hours.edges[1:], strict=False)) == 2 * HOUR


def test_weeks_and_months_have_the_names_of_their_days() -> None:
    """A week by its Monday, or the range's first day; a month by its first."""
    span = of_days(datetime(2026, 1, 29).date(), datetime(2026, 2, 10).date(), BERLIN)
    assert steps_of("time:week", span).labels == ("2026-01-29", "2026-02-02", "2026-02-09")
    assert steps_of("time:month", span).labels == ("2026-01-01", "2026-02-01")


@given(ZONES, st.integers(0, 400 * DAY), st.integers(1, 60 * DAY), st.data())
def test_the_number_of_a_step_is_that_of_its_label(zone: ZoneInfo, start: int, length: int, data: st.DataObject) -> None:
    """For any instant of any range, by whole-number arithmetic as in SQL."""
    span = Span(NOW + start, NOW + start + length, zone)
    steps = steps_of(suiting(span), span)
    assert steps.edges[0] == span.start
    assert steps.edges[-1] == span.end
    assert list(steps.edges) == sorted(set(steps.edges))
    instant = data.draw(st.integers(span.start, span.end - 1))
    number = evaluated(steps.number(Sql("?", (instant,))))
    assert steps.edges[number] <= instant < steps.edges[number + 1]
    if suiting(span) == "time:day":
        assert steps.labels[number] == str(datetime.fromtimestamp(instant // 1000, UTC).astimezone(zone).date())


def evaluated(sql: Sql) -> int:
    """The value of the SQL of a step's number."""
    params = iter(sql.params)
    text = "".join(str(next(params)) if character == "?" else character for character in sql.text)
    cases, _, rest = text.removeprefix("CASE ").removesuffix(" END").rpartition("ELSE ") if "CASE" in text else ("", "", text)
    for case in cases.split("WHEN ")[1:]:
        condition, value = case.split(" THEN ")
        left, right = condition.split(" < ")
        if int(left) < int(right):
            return _number(value)
    return _number(rest)


def _number(text: str) -> int:
    first, divided = text.split(" + intDiv(")
    what, width = divided.strip().removesuffix(")").split(", ")
    instant, start = what.split(" - ")
    return int(first) + (int(instant) - int(start)) // int(width)
