"""What is open as columns: the same whether all of it is made anew or only what changed."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from footfall.history.base import Columns
from footfall.live.minutes import Moment
from footfall.live.visits import Visits
from footfall.model import Fact
from footfall.query.live_tables import OpenVisits, open_minutes
from footfall.query.periods import Span
from footfall.rules import MINUTE, SCRIPT
from tests.examples import examples

COLUMNS = ("visit", "person", "start_ms", "end_ms", "views", "entry", "source", "country", "storageless")
ALL = Span(0, 1 << 50, ZoneInfo("UTC"))
# A visitor, minutes since the fact before, the source; or a visitor whose visits are closed.
STEPS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from([0, 1, 20, 40]), st.sampled_from(["", "a", None])), max_size=12)


def fact(visitor: int, time: int, source: str) -> Fact:
    return Fact("s", 0, visitor << 60, time, SCRIPT, time, 0, f"/{source}", source=source, country=source or None)


def lists(columns: Columns) -> dict[str, list[object]]:
    return {name: column.tolist() for name, column in columns.columns.items()}


@examples(100)
@given(st.lists(STEPS, max_size=5), st.lists(st.sets(st.sampled_from(COLUMNS)), min_size=6, max_size=6))
def test_only_what_changed_is_made_anew(moments: list[list[tuple[int, int, str | None]]], asked: list[set[str]]) -> None:
    """From moment to moment visits begin, go on and end, and each time other columns are asked for."""
    visits, opened, time = Visits(), OpenVisits(), MINUTE
    for steps, columns in zip(moments, asked, strict=False):
        for visitor, minutes, source in steps:
            time += minutes * MINUTE
            if source is None:
                visits.open.pop(visitor << 60, None)
            else:
                visits.join(fact(visitor, time, source), time, True)
        opened = OpenVisits(visits.open.values(), opened)
        opened.reaching(ALL, columns)
        fresh = OpenVisits(visits.open.values())
        assert lists(opened.reaching(ALL, COLUMNS)) == lists(fresh.reaching(ALL, COLUMNS))


def test_only_those_that_reach_into_the_range_go_along() -> None:
    """With no nulls, and as text as JSON."""
    visits = Visits()
    for visitor, time in ((1, 10), (2, 20)):
        visits.join(fact(visitor, time, ""), time, True)
    opened = OpenVisits(visits.open.values())
    assert lists(opened.reaching(Span(11, 21, ALL.zone), ("person", "country"))) == {"person": [2 << 60], "country": [""]}
    assert msgspec.json.decode(str(opened.reaching(ALL, ("start_ms", "entry")))) == [
        {"start_ms": 10, "entry": "/"},
        {"start_ms": 20, "entry": "/"},
    ]
    assert str(opened.reaching(Span(21, 30, ALL.zone), COLUMNS)) == "[]"
    assert (opened.none_before(10), opened.none_before(11), OpenVisits().none_before(11)) == (True, False, True)


def test_people_of_a_minute_are_counted_by_page_and_country() -> None:
    """But not those who left."""
    here = {n: Moment(0, path, "DE", 1) for n, path in enumerate(("/", "/", "/a", None))}
    told = msgspec.json.decode(str(open_minutes({0: here, MINUTE: here}, Span(MINUTE, 2 * MINUTE, ALL.zone))))
    assert told == [
        {"minute_ms": MINUTE, "path": "/", "country": "DE", "here": 2},
        {"minute_ms": MINUTE, "path": "/a", "country": "DE", "here": 1},
    ]
