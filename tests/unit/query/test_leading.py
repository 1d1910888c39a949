"""The first groups by people, found by counting only some of them."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.query import leading
from footfall.query.answer import Answer, Line
from footfall.query.dimensions import DIMENSIONS
from footfall.query.metrics import METRICS
from footfall.query.periods import Span
from footfall.query.question import Question

SPAN = Span(0, 1, ZoneInfo("UTC"))
PAGES = Question("s", SPAN, (METRICS["visitors"],), 0, (DIMENSIONS["event:page"],), limit=10)
Pages = list[list[int]]  # the persons of each page's rows


def counted(pages: Pages, question: Question) -> Answer:
    """As an engine would."""
    lines = []
    for number, persons in enumerate(pages):
        key = (f"{number:03}",)
        if persons and (question.only is None or key in question.only):
            value = len(persons) if question.metrics == (leading.ROWS,) else len(set(persons))
            lines.append(Line(key, [key[0]], [value]))
    lines.sort(key=lambda line: (-(line.metrics[0] or 0), line.key))
    return Answer(lines[question.offset : question.offset + question.limit])


@given(st.lists(st.lists(st.integers(0, 6), max_size=12), max_size=30), st.integers(1, 4), st.integers(0, 4))
def test_the_first_groups_are_those_of_counting_all(pages: Pages, limit: int, offset: int) -> None:
    """Whatever the rows are like, ties included."""
    question = replace(PAGES, limit=limit, offset=offset)
    asked = leading.rows_of(question)
    assert asked is not None
    rows = counted(pages, asked)
    groups = leading.first(question, rows)
    if groups is None:
        return
    answer = counted(pages, replace(question, only=groups))
    missing = leading.missing(question, rows, answer)
    assert missing is not None
    found = counted(pages, replace(question, only=(*groups, *missing)))
    assert found == counted(pages, question)
    assert missing or answer == found


def test_most_groups_are_not_counted() -> None:
    """Where people view a page but once, twice as many as asked for are enough."""
    pages = [list(range(200 - number)) for number in range(100)]
    asked = leading.rows_of(PAGES)
    assert asked is not None
    rows = counted(pages, asked)
    groups = leading.first(PAGES, rows)
    assert groups is not None
    assert len(groups) == 20
    assert leading.missing(PAGES, rows, counted(pages, replace(PAGES, only=groups))) == ()


@pytest.mark.parametrize(
    "question",
    [
        replace(PAGES, limit=101),
        replace(PAGES, only=(("/",),)),
        replace(PAGES, order=(("visitors", False),)),
        replace(PAGES, metrics=(METRICS["pageviews"], METRICS["visitors"])),
        replace(PAGES, metrics=(METRICS["visitors"], METRICS["time_on_page"])),
        replace(PAGES, dimensions=(DIMENSIONS["visit:country"],)),
        replace(PAGES, dimensions=(DIMENSIONS["time:day"], DIMENSIONS["event:page"])),
    ],
)
def test_other_questions_are_asked_as_they_are(question: Question) -> None:
    """Many groups, named ones, another order, groups without rows, groups of visits."""
    assert leading.rows_of(question) is None
