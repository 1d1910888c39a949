"""The rows that metrics are counted over, as SQL: what people did, stays on pages, minutes with people in them. Pure.

History has the views, events and final visits; visits and minutes that are still open are the live state's and come as tables
with the question (live_tables.py), through open_visits(table) and open_minutes(table) of the schema. Read at one place, a visit
and a minute are in one of the two.

A visit that lies within the range, and within one step of time, stands for all of its facts. Facts are looked at one by one
where visits reach over an edge, where they belong to none (imports), and where something of events is asked: so most
questions read the visits, which are few, and come to the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from footfall.journal.base import Vector
from footfall.live.minutes import Moment
from footfall.model import Goal, Kind
from footfall.query.dimensions import DIMENSIONS, GOAL, Dimension
from footfall.query.filters import Filter, conditions, holds, reaches
from footfall.query.live_tables import OpenVisits, open_minutes
from footfall.query.periods import Span
from footfall.query.question import ENTRY_PAGE, by_entry
from footfall.query.sql import TRUE, Sql, joined, reached, sql
from footfall.query.steps import Steps

VISIT_COLUMNS = ("visit", "person", "start_ms", "end_ms", "views", "events")  # that every question may need
Value = Callable[[Dimension], Sql]

_ACTS = Sql(f"f.kind IN ({Kind.VIEW:d}, {Kind.EVENT:d})")
_TOLD = Sql(f"f.kind IN ({Kind.BEAT:d}, {Kind.LEAVE:d}) AND (f.engaged > 0 OR f.scroll > 0)")
_BEGUN = Sql(
    "1 AS begun, CASE WHEN v.views + v.events <= 1 THEN 1 ELSE 0 END AS bounced, v.end_ms - v.start_ms AS lasted,"
    " v.views AS viewed"
)
_FACT = Sql(
    "f.person AS person, nullif(f.visit, 0) AS visit, CASE WHEN f.counted THEN 1 ELSE 0 END AS views,"
    f" CASE WHEN f.counted OR f.kind = {Kind.EVENT:d} THEN 1 ELSE 0 END AS acts,"
    " 0 AS begun, 0 AS bounced, 0 AS lasted, 0 AS viewed"
)


@dataclass(frozen=True, slots=True)
class Live:
    """What history does not have yet: open visits, and who was here in each minute that is not final."""

    visits: OpenVisits = field(default_factory=OpenVisits)
    minutes: Mapping[int, Mapping[int, Moment]] = field(default_factory=dict)


def visit_columns(dimensions: Sequence[Dimension]) -> tuple[str, ...]:
    """The columns of visits that these dimensions, or any question, need."""
    texts = [dimension.visit for dimension in (*dimensions, DIMENSIONS[ENTRY_PAGE])]
    return tuple(dict.fromkeys((*VISIT_COLUMNS, *(column for text in texts for column in re.findall(r"v\.(\w+)", text)))))


@dataclass(frozen=True, slots=True)
class Relations:
    """All of one site, one range and one moment: rows of history up to `upto`, and what was open then."""

    site: str
    span: Span
    upto: Vector
    live: Live
    steps: Steps
    goals: tuple[Goal, ...]
    columns: tuple[str, ...]

    def beforehand(self) -> Sql:
        """What stands before a text that reads these relations: what is open is taken apart once, however often it is read."""
        return sql(
            "WITH opened AS MATERIALIZED (SELECT {} FROM open_visits({})) ",
            *(Sql(", ".join(self.columns)), self.live.visits.reaching(self.span, self.columns)),
        )

    # --- what people did ---

    def facts(self, dimensions: Sequence[Dimension], filter: Filter, begun: bool) -> Sql:
        """The rows of FACTS, `d0` and so on being the dimensions; `begun`: whether visits that began are asked for."""
        if all(dimension.of_visit or dimension.is_time for dimension in (*dimensions, *_of(filter))):
            return self._by_visits(dimensions, filter)
        return self._by_facts(dimensions, filter, begun)

    def _by_visits(self, dimensions: Sequence[Dimension], filter: Filter) -> Sql:
        edge = self._is_at_edge(any(dimension.is_time for dimension in dimensions))
        whole = sql(
            "SELECT {}CASE WHEN {} THEN NULL ELSE v.person END AS person, NULL AS visit,"
            " CASE WHEN {} THEN 0 ELSE v.views END AS views, CASE WHEN {} THEN 0 ELSE v.views + v.events END AS acts, {}"
            " FROM ({}) AS v WHERE {} AND {}",
            *(self._named(dimensions, _of_visit, "v.start_ms"), edge, edge, edge, _BEGUN),
            *(self._visits(), self._began(), self._holds(filter, _of_visit, "v")),
        )
        # OR: so DuckDB looks up the few visits for each fact. From AND or a join alone it may look up all facts for each visit.
        facts = sql(
            "(SELECT * FROM facts AS f WHERE {} AND (f.visit = 0 OR f.visit IN (SELECT e.visit FROM at_edges AS e))) AS f",
            self._in_range(_ACTS),
        )
        if any(dimension.of_visit for dimension in (*dimensions, *_of(filter))):
            facts = sql("{} LEFT JOIN at_edges AS v ON f.visit = v.visit", facts)
        one_by_one = sql(
            "SELECT * FROM (WITH at_edges AS MATERIALIZED (SELECT * FROM ({}) AS v WHERE {}) SELECT {}{} FROM {} WHERE {}) AS o",
            *(self._visits(), edge, self._named(dimensions, _joined, "f.ts_ms"), _FACT),
            *(facts, self._holds(filter, _joined, "f")),
        )
        return joined(" UNION ALL ", [whole, one_by_one])

    def _by_facts(self, dimensions: Sequence[Dimension], filter: Filter, begun: bool) -> Sql:
        rows = sql("SELECT {}{} FROM {}", self._named(dimensions, _joined, "f.ts_ms"), _FACT, self._kept(dimensions, filter))
        if not begun:
            return rows
        place = _by_entry if by_entry(dimensions) else _of_visit
        began = sql(
            "SELECT {}NULL AS person, NULL AS visit, 0 AS views, 0 AS acts, {} FROM ({}) AS v"
            " WHERE {} AND v.visit IN (SELECT f.visit FROM {})",
            *(self._named(dimensions, place, "v.start_ms"), _BEGUN, self._visits(), self._began(), self._kept((), filter)),
        )
        return joined(" UNION ALL ", [rows, began])

    def _kept(self, dimensions: Sequence[Dimension], filter: Filter, kinds: Sql = _ACTS) -> Sql:
        """Facts that the filter lets through, with their visits beside them where these are looked at."""
        beside, by_goal = Sql(""), TRUE
        if any(dimension.of_visit for dimension in (*dimensions, *_of(filter))):
            beside = sql(" LEFT JOIN ({}) AS v ON f.visit = v.visit", self._visits())
        if any(dimension.name == GOAL for dimension in dimensions):
            numbers = joined(" UNION ALL ", [sql("SELECT {} AS goal", number) for number in range(max(1, len(self.goals)))])
            beside = sql("{} CROSS JOIN ({}) AS g", beside, numbers)
            reached = [sql("g.goal = {} AND {}", number, reaches(goal)) for number, goal in enumerate(self.goals)]
            by_goal = sql("({})", joined(" OR ", reached)) if reached else Sql("1 = 0")
        kept = self._holds(filter, _joined, "f")
        return sql("facts AS f{} WHERE {} AND {} AND {}", beside, self._in_range(kinds), by_goal, kept)

    # --- stays and minutes ---

    def stays(self, dimensions: Sequence[Dimension], filter: Filter) -> Sql:
        """The rows of STAYS."""
        names = "".join(f"d{number}, " for number in range(len(dimensions)))
        return sql(
            f"SELECT {{}}sum(f.engaged) AS engaged, max(f.scroll) AS scroll FROM {{}} GROUP BY {names}f.visitor, f.visit, f.path",
            *(self._named(dimensions, _joined, "f.ts_ms"), self._kept(dimensions, filter, _TOLD)),
        )

    def minutes(self, dimensions: Sequence[Dimension], filter: Filter) -> Sql:
        """The rows of MINUTES."""
        names = "".join(f"d{number}, " for number in range(len(dimensions)))
        return sql(
            "SELECT {}sum(p.here) AS here FROM (SELECT minute_ms, path, country, 1 AS here FROM minutes"
            " WHERE site = {} AND {} UNION ALL SELECT minute_ms, path, country, here FROM open_minutes({})) AS p"
            f" WHERE p.minute_ms >= {{}} AND p.minute_ms < {{}} AND {{}} GROUP BY {names}p.minute_ms",
            *(
                self._named(dimensions, _of_minute, "p.minute_ms"),
                self.site,
                reached(self.upto),
                open_minutes(self.live.minutes, self.span),
            ),
            *(self.span.start, self.span.end, self._holds(filter, _of_minute, "p")),
        )

    # --- what they share ---

    def _named(self, dimensions: Sequence[Dimension], value: Value, instant: str) -> Sql:
        """The dimensions as columns d0, d1 and so on, each with a comma behind it."""
        at = Sql(instant)
        found = [self.steps.number(at) if dimension.is_time else value(dimension) for dimension in dimensions]
        return joined("", [sql(f"{{}} AS d{number}, ", column) for number, column in enumerate(found)])

    def _holds(self, filter: Filter, value: Value, row: str) -> Sql:
        def has_done(part: Filter) -> Sql:
            done = holds(part, _of_fact, self.goals, has_done)
            inner = sql("SELECT f.visit FROM facts AS f WHERE {} AND f.visit <> 0 AND {}", self._in_range(_ACTS), done)
            return sql(f"{row}.visit IN ({{}})", inner)

        return holds(filter, value, self.goals, has_done)

    def _in_range(self, kinds: Sql) -> Sql:
        return sql(
            "f.site = {} AND {} AND f.ts_ms >= {} AND f.ts_ms < {} AND f.bot = '' AND {}",
            *(self.site, reached(self.upto), self.span.start, self.span.end, kinds),
        )

    def _began(self) -> Sql:
        return sql("v.start_ms >= {} AND v.start_ms < {}", self.span.start, self.span.end)

    def _is_at_edge(self, stepped: bool) -> Sql:
        """Whether a visit `v` reaches out of the range, or of the step of time in which it began."""
        outside = sql("v.start_ms < {} OR v.end_ms >= {}", self.span.start, self.span.end)
        if not stepped:
            return sql("({})", outside)
        first, last = (self.steps.number(Sql(instant)) for instant in ("v.start_ms", "v.end_ms"))
        return sql("({} OR {} <> {})", outside, first, last)

    def _visits(self) -> Sql:
        """Every visit that reaches into the range, final or open."""
        columns = Sql(", ".join(self.columns))
        reaching = sql("start_ms < {} AND end_ms >= {}", self.span.end, self.span.start)
        return sql(
            "SELECT {} FROM visits WHERE site = {} AND {} AND {} UNION ALL SELECT {} FROM opened WHERE {}{}",
            *(columns, self.site, reached(self.upto), reaching, columns, reaching, self._not_final()),
        )

    def _not_final(self) -> Sql:
        """Of several journals each closes visits by itself, and the state when all have: what is a row already is not open."""
        if len(self.upto) == 1:
            return Sql("")
        return sql(" AND visit NOT IN (SELECT visit FROM visits WHERE site = {} AND {})", self.site, reached(self.upto))


def _of(filter: Filter) -> list[Dimension]:
    """The dimensions that it is about."""
    return [condition.dimension for condition in conditions(filter)]


def _of_fact(dimension: Dimension) -> Sql:
    return dimension.fact


def _of_visit(dimension: Dimension) -> Sql:
    return Sql(dimension.visit)


def _by_entry(dimension: Dimension) -> Sql:
    return Sql(dimension.visit or DIMENSIONS[ENTRY_PAGE].visit)


def _joined(dimension: Dimension) -> Sql:
    return dimension.joined


def _of_minute(dimension: Dimension) -> Sql:
    return Sql(dimension.minute)
