"""A question as one SQL text with its values beside it, for DuckDB and for ClickHouse alike. Pure.

It knows no metric and no dimension by name (but the visitors that shares are of): what these are stands in their tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from footfall.history.base import Statement
from footfall.journal.base import Vector
from footfall.query.dimensions import GOAL, PROPERTY, Dimension
from footfall.query.filters import Filter, conditions, without
from footfall.query.metrics import METRICS, Base, Metric, Source
from footfall.query.question import Question
from footfall.query.relations import Live, Relations, visit_columns
from footfall.query.sql import Sql, joined, sql
from footfall.query.steps import Steps, steps_of
from footfall.rules import MINUTE

SECONDS = 10.0
_VISITORS = METRICS["visitors"]
_SHARES = {Base.BEFORE_GOALS, Base.GROUP_BEFORE_GOALS}
# Sources whose rows are gathered before metrics are made of them: by what, and what is kept, first what is null of nobody. People
# may have any distinct numbers; where these are small and lie close together, there are up to 64 times fewer words than people.
_GATHERED = {
    Source.WORDS: (
        "intDiv(person, 64) AS word",
        "groupBitOr(bitShiftLeft(toUInt64(1), person % 64)) AS bits",
        *(f"sum({column}) AS {column}" for column in ("views", "acts", "begun", "viewed", "bounced", "lasted")),
    ),
    Source.VISITS: ("visit", "max(person) AS somebody"),
}


def steps_for(question: Question) -> Steps:
    """The steps of its time; without a dimension of time the whole range is one."""
    if question.time is None:
        return Steps((question.span.start, question.span.end), ("",))
    return steps_of(question.time.name, question.span)


def compiled(question: Question, upto: Vector, live: Live, steps: Steps) -> Statement:
    """Rows: the dimensions (steps and goals as numbers), the metrics, and with `total` how many rows there are without paging."""
    columns = visit_columns([*question.dimensions, *(condition.dimension for condition in conditions(question.filter))])
    relations = Relations(question.site, question.span, upto, live, steps, question.goals, columns)
    return _Compiler(question, relations, steps).statement()


@dataclass(frozen=True, slots=True)
class _Compiler:
    question: Question
    relations: Relations
    steps: Steps

    def statement(self) -> Statement:
        question = self.question
        wanted = [metric for metric in question.metrics if metric.source is not Source.SHARES]
        if len(wanted) < len(question.metrics) and _VISITORS not in wanted:
            wanted.append(_VISITORS)
        groups = sql("({}) AS q", self._grouped(question.dimensions, question.filter, wanted))
        columns = [Sql(name) for name in _names(question.dimensions)]
        for metric in question.metrics:
            columns.append(self._share(metric) if metric.base else Sql(metric.name))
        if any(metric.base is Base.GROUP_BEFORE_GOALS for metric in question.metrics) and self._plain:
            groups = self._beside(groups)
        if question.total:
            columns.append(Sql("count(*) OVER () AS total_rows"))
        text = sql("SELECT {} FROM {}{} ORDER BY {}", joined(", ", columns), groups, self._narrowed(), self._order())
        text = sql("{}{}", self.relations.beforehand(), text)
        text = sql("{} LIMIT {} OFFSET {}", text, question.limit, question.offset)
        return Statement(text.text, text.params, seconds=SECONDS)

    def _grouped(self, dimensions: Sequence[Dimension], filter: Filter, metrics: Sequence[Metric]) -> Sql:
        """The dimensions and metrics, a row for each group, from as many sources as it takes."""
        made: dict[Source, list[Metric]] = {}
        for metric in metrics:
            made.setdefault(_source(metric, metrics, _by_event(dimensions)), []).append(metric)
        parts = [self._from(source, dimensions, filter, metrics, made[source]) for source in made]
        if len(parts) == 1:
            return parts[0]
        columns = ", ".join([*_names(dimensions), *(f"{_merged(metric)} AS {metric.name}" for metric in metrics)])
        return sql(f"SELECT {columns} FROM ({{}}) AS s{_group_by(dimensions)}", joined(" UNION ALL ", parts))

    def _from(
        self, source: Source, dimensions: Sequence[Dimension], filter: Filter, metrics: Sequence[Metric], made: Sequence[Metric]
    ) -> Sql:
        """The dimensions and all `metrics`, null but for those that are `made` of this source."""
        columns = [Sql(name) for name in _names(dimensions)]
        for metric in metrics:
            text = metric.by_event if source is Source.VISITS else metric.sql
            value = sql(text, *[self._minutes(dimensions)] * text.count("{}")) if metric in made else Sql("NULL")
            columns.append(sql(f"{{}} AS {metric.name}", value))
        rows, having = self._rows(source, dimensions, filter, made)
        return sql(f"SELECT {{}} FROM ({{}}) AS r{_group_by(dimensions)}{having}", joined(", ", columns), rows)

    def _rows(self, source: Source, dimensions: Sequence[Dimension], filter: Filter, made: Sequence[Metric]) -> tuple[Sql, str]:
        """The rows of a source, and which groups of them there are."""
        if source is Source.STAYS:
            return self.relations.stays(dimensions, filter), ""
        if source is Source.MINUTES:
            return self.relations.minutes(dimensions, filter), ""
        by_event = _by_event(dimensions)
        begun = source is not Source.VISITS and any(metric.of_visits or (metric.by_event and not by_event) for metric in made)
        rows, somebody = self.relations.facts(dimensions, filter, begun), "person"
        if source in _GATHERED:
            word, *kept = _GATHERED[source]
            by = ", ".join([*_names(dimensions), word.rpartition(" ")[2]])
            columns = ", ".join([*_names(dimensions), word, *kept])
            rows, somebody = sql(f"SELECT {columns} FROM ({{}}) AS f GROUP BY {by}", rows), kept[0].rpartition(" ")[2]
        # A visit alone makes a group only of those that visits are asked for by.
        return rows, f" HAVING count({somebody}) > 0" if dimensions and (by_event or not begun) else ""

    # --- shares ---

    @property
    def _plain(self) -> list[Dimension]:
        """The dimensions that are there whether a goal was reached or not."""
        return [dimension for dimension in self.question.dimensions if not _of_goals(dimension)]

    def _before_goals(self) -> Filter:
        return without(self.question.filter, lambda condition: _of_goals(condition.dimension))

    def _share(self, metric: Metric) -> Sql:
        if metric.base is Base.GROUP_BEFORE_GOALS and self._plain:
            among = Sql("b.among")
        else:
            filter = self.question.filter if metric.base is Base.ALL else self._before_goals()
            among = sql("(SELECT visitors FROM ({}) AS a)", self._grouped((), filter, [_VISITORS]))
        return sql(f"{{}} AS {metric.name}", sql(metric.sql, among))

    def _beside(self, groups: Sql) -> Sql:
        """The groups, each with the visitors it has whether they reached a goal or not."""
        names = _names(self.question.dimensions)
        places = [names[self.question.dimensions.index(dimension)] for dimension in self._plain]
        told = ", ".join(f"d{number} AS b{number}" for number in range(len(places)))
        same = " AND ".join(f"q.{place} = b.b{number}" for number, place in enumerate(places))
        among = self._grouped(self._plain, self._before_goals(), [_VISITORS])
        return sql(f"{{}} LEFT JOIN (SELECT {told}, visitors AS among FROM ({{}}) AS t) AS b ON {same}", groups, among)

    # --- the rest ---

    def _minutes(self, dimensions: Sequence[Dimension]) -> Sql:
        """How many minutes begin in each step, up to the one that is now."""
        until = self.question.now - self.question.now % MINUTE + MINUTE
        edges = [min(edge, until) + MINUTE - 1 for edge in self.steps.edges]
        lengths = [last // MINUTE - first // MINUTE for first, last in pairwise(edges)]
        at = next((number for number, dimension in enumerate(dimensions) if dimension.is_time), None)
        return sql("{}", sum(lengths)) if at is None else self.steps.by_number(Sql(f"d{at}"), lengths)

    def _narrowed(self) -> Sql:
        only = self.question.only
        if only is None:
            return Sql("")
        if not only:
            return Sql(" WHERE 1 = 0")
        places = ", ".join(_names(self.question.dimensions))
        groups = [sql("({})", joined(", ", [sql("{}", value) for value in group])) for group in only]
        return sql(f" WHERE ({places}) IN ({{}})", joined(", ", groups))

    def _order(self) -> Sql:
        question = self.question
        columns = dict(zip((dimension.name for dimension in question.dimensions), _names(question.dimensions), strict=True))
        given = [(columns.get(name, name), descending) for name, descending in question.sorting]
        rest = [(column, False) for column in columns.values() if column not in [name for name, _ in given]]
        return Sql(", ".join(f"{name} {'DESC' if descending else 'ASC'} NULLS LAST" for name, descending in (*given, *rest)))


def _source(metric: Metric, metrics: Sequence[Metric], by_event: bool) -> Source:
    """What it is made of, among others: rows are not read twice where people are asked for too."""
    if by_event and metric.by_event:
        return Source.VISITS
    return Source.WORDS if metric.source is Source.FACTS and _VISITORS in metrics else metric.source


def _by_event(dimensions: Sequence[Dimension]) -> bool:
    """Whether figures are grouped by something of events."""
    return any(not dimension.of_visit and not dimension.is_time for dimension in dimensions)


def _merged(metric: Metric) -> str:
    """Of several sources one has it."""
    return f"max({metric.name})" if metric.nothing is None else f"coalesce(max({metric.name}), {metric.nothing})"


def _names(dimensions: Sequence[Dimension]) -> list[str]:
    return [f"d{number}" for number in range(len(dimensions))]


def _group_by(dimensions: Sequence[Dimension]) -> str:
    return f" GROUP BY {', '.join(_names(dimensions))}" if dimensions else ""


def _of_goals(dimension: Dimension) -> bool:
    return dimension.name in (GOAL, "event:name") or dimension.name.startswith(PROPERTY)
