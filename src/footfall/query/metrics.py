"""What can be asked for, one line each, with the one definition that the documentation, the API and the pages share. Pure.

The SQL of a line goes over the rows of its source:

FACTS    what people did, a row for each view and event; where it comes to the same, one for a whole visit:
         views (that count), acts (views and events);
         and for each visit that began in the range: begun (1), viewed (its views), bounced (0 or 1), lasted (ms)
WORDS    the same rows, those of 64 people as one: their sums, and bits, of which each stands for one of the 64
VISITS   one visit with such a view or event
STAYS    one visit on one page, where the reader's browser told of it: engaged (ms), scroll (percent)
MINUTES  one minute in which somebody was here: here (people); `{}` is how many minutes there were
SHARES   of the visitors of a group among others: `{}` are these
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Source(Enum):
    """What a metric is made of."""

    FACTS = "facts"
    WORDS = "words"
    VISITS = "visits"
    STAYS = "stays"
    MINUTES = "minutes"
    SHARES = "shares"


class Base(Enum):
    """Among whose visitors a share is."""

    ALL = "all groups"
    BEFORE_GOALS = "all, whether they reached a goal or not"
    GROUP_BEFORE_GOALS = "those of the same group, whether they reached a goal or not"


@dataclass(frozen=True, slots=True)
class Metric:
    """`by_event` is its SQL, over VISITS, where figures are grouped by something of events; `of_visits`: it makes no sense there.

    `digits` after the point. `nothing` is its value where nothing is: a rate of nothing is none.
    """

    name: str
    says: str
    sql: str
    source: Source = Source.FACTS
    by_event: str = ""
    of_visits: bool = False
    base: Base | None = None
    digits: int = 0
    nothing: int | None = 0


_SHARE = "100 * visitors / nullif({}, 0)"

METRICS = {
    line.name: line
    for line in (
        Metric(
            "visitors",
            "Different people with a view or event in the range.",
            "coalesce(sum(bitCount(bits)), 0)",
            Source.WORDS,
        ),
        Metric(
            "visits",
            "Visits that began in the range, a visit being what one person does without a break of 30 minutes. "
            "By page, event or goal: visits with such a view or event in the range.",
            "sum(begun)",
            by_event="count(visit)",
        ),
        Metric("pageviews", "Views; the same page again by the same person within 30 minutes is none.", "sum(views)"),
        Metric("events", "Views and custom events.", "sum(acts)"),
        Metric(
            "views_per_visit",
            "Views of the visits that began in the range, on average.",
            "sum(viewed) / nullif(sum(begun), 0)",
            of_visits=True,
            digits=2,
            nothing=None,
        ),
        Metric(
            "bounce_rate",
            "Percent of the visits that began in the range which have one view or event and no more.",
            "100 * sum(bounced) / nullif(sum(begun), 0)",
            of_visits=True,
            nothing=None,
        ),
        Metric(
            "visit_duration",
            "Seconds from the first to the last sign of life of the visits that began in the range, on average.",
            "sum(lasted) / nullif(1000 * sum(begun), 0)",
            of_visits=True,
            nothing=None,
        ),
        Metric(
            "time_on_page",
            "Seconds that a visit spent with a page in view, on average over all visits and pages of which browsers told it.",
            "sum(engaged) / nullif(1000 * count(*), 0)",
            Source.STAYS,
            nothing=None,
        ),
        Metric(
            "scroll_depth",
            "Percent of a page that a visit saw at most, on average over all visits and pages of which browsers told it.",
            "sum(scroll) / nullif(count(*), 0)",
            Source.STAYS,
            nothing=None,
        ),
        Metric(
            "people",
            "People here at the same time: of all minutes that begin in the range, how many were here, on average.",
            "sum(here) / nullif({}, 0)",
            Source.MINUTES,
            digits=2,
        ),
        Metric("people_peak", "People here in the minute of the range that had most of them.", "max(here)", Source.MINUTES),
        Metric("percentage", "Percent of all visitors.", _SHARE, Source.SHARES, base=Base.ALL, digits=2, nothing=None),
        Metric(
            "conversion_rate",
            "Percent of all visitors who reached the goal.",
            _SHARE,
            Source.SHARES,
            base=Base.BEFORE_GOALS,
            digits=2,
            nothing=None,
        ),
        Metric(
            "group_conversion_rate",
            "Percent of the visitors of the same group who reached the goal.",
            _SHARE,
            Source.SHARES,
            base=Base.GROUP_BEFORE_GOALS,
            digits=2,
            nothing=None,
        ),
    )
}
