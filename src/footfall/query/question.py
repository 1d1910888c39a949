"""A question, and whether it can be answered: metrics by dimensions, of what a filter lets through, in a range. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from footfall.errors import Unanswerable
from footfall.model import Goal
from footfall.query.dimensions import GOAL, Dimension
from footfall.query.filters import EVERYTHING, And, Filter, HasDone, Is, Not, Or, conditions
from footfall.query.metrics import Base, Metric, Source
from footfall.query.periods import Span

MOST_ROWS = 10_000  # of one answer
ENTRY_PAGE = "visit:entry_page"
PAGE = "event:page"


@dataclass(frozen=True, slots=True)
class Question:
    """`order` names metrics and dimensions, each with whether it descends. `now` bounds minutes that are still to come.
    `only` narrows the answer to these groups, told as the engine tells them."""

    site: str
    span: Span
    metrics: tuple[Metric, ...]
    now: int
    dimensions: tuple[Dimension, ...] = ()
    filter: Filter = EVERYTHING
    order: tuple[tuple[str, bool], ...] = ()
    limit: int = MOST_ROWS
    offset: int = 0
    goals: tuple[Goal, ...] = ()
    total: bool = False
    only: tuple[tuple[object, ...], ...] | None = None

    @property
    def time(self) -> Dimension | None:
        """The dimension of time, if there is one."""
        return next((dimension for dimension in self.dimensions if dimension.is_time), None)

    @property
    def sorting(self) -> tuple[tuple[str, bool], ...]:
        """The order, or the usual one: by time, then most first."""
        most = ((self.metrics[0].name, True),)
        return self.order or ((((self.time.name, False),) if self.time else ()) + most)

    @property
    def of_events(self) -> bool:
        """Whether it is grouped by something of events."""
        return any(not dimension.of_visit and not dimension.is_time for dimension in self.dimensions)


def by_entry(dimensions: Sequence[Dimension]) -> bool:
    """Whether figures of visits stand at the page with which they began: pages alone (and time) are asked for."""
    return [dimension.name for dimension in dimensions if not dimension.is_time] == [PAGE]


def check(question: Question) -> None:
    """Raises Unanswerable when its parts do not go together."""
    _check_once(question)
    for metric in question.metrics:
        _check_metric(question, metric)
    check_filter(question.filter)
    check_goals(question.filter, question.goals)
    names = {metric.name for metric in question.metrics} | {dimension.name for dimension in question.dimensions}
    for name, _ in question.sorting:
        if name not in names:
            raise Unanswerable("order_by", f"Invalid order_by entry '{name}'. Entry is not a queried metric or dimension.")


def _check_once(question: Question) -> None:
    if not question.metrics:
        raise Unanswerable("metrics", "#/metrics: Expected at least one metric.")
    for field, named in (("metrics", question.metrics), ("dimensions", question.dimensions)):
        names = [one.name for one in named]
        if len(set(names)) != len(names):
            raise Unanswerable(field, f"#/{field}: Expected each only once.")
    if sum(dimension.is_time for dimension in question.dimensions) > 1:
        raise Unanswerable("dimensions", "#/dimensions: Expected at most one dimension of time.")


def _check_metric(question: Question, metric: Metric) -> None:
    dimensions, tested = question.dimensions, [condition.dimension for condition in conditions(question.filter)]
    if metric.of_visits and question.of_events and not by_entry(dimensions):
        names = ", ".join(f"`{one.name}`" for one in dimensions if not one.of_visit and not one.is_time)
        raise Unanswerable(
            "metrics", f"Session metric(s) `{metric.name}` cannot be queried along with event dimension(s) {names}"
        )
    if metric.source is Source.STAYS:
        _check_known(metric, [one for one in (*dimensions, *tested) if not one.stays])
    if metric.source is Source.MINUTES:
        _check_known(metric, [one for one in (*dimensions, *tested) if not one.minute and not one.is_time])
        if _has_done(question.filter):
            raise Unanswerable("metrics", f"Metric `{metric.name}` cannot be queried with has_done filters.")
    if metric.base is Base.ALL and not dimensions:
        raise Unanswerable("metrics", f"Metric `{metric.name}` requires dimensions.")
    if metric.base in (Base.BEFORE_GOALS, Base.GROUP_BEFORE_GOALS) and GOAL not in [one.name for one in (*dimensions, *tested)]:
        raise Unanswerable("metrics", f"Metric `{metric.name}` can only be queried with event:goal filters or dimensions.")


def _check_known(metric: Metric, unknown: Sequence[Dimension]) -> None:
    if unknown:
        raise Unanswerable("metrics", f"Metric `{metric.name}` cannot be queried with dimension `{unknown[0].name}`.")


def check_filter(filter: Filter) -> None:
    """Raises Unanswerable when it cannot be put, whatever is asked and whatever goals there are."""
    outermost = _outermost(filter)
    for condition in conditions(filter):
        if condition.dimension.is_time:
            raise Unanswerable("filters", f"Invalid filters. Dimension `{condition.dimension.name}` cannot be filtered.")
        if condition.dimension.name == GOAL and condition not in outermost:
            raise Unanswerable("filters", "Invalid filters. Dimension `event:goal` can only be filtered at the top level.")
    for part in _doings(filter):
        for condition in conditions(part):
            if condition.dimension.of_visit or condition.dimension.is_time or condition.dimension.name == GOAL:
                raise Unanswerable("filters", "Invalid filters. Behavioral filters can only be about event dimensions.")
        if _has_done(part):
            raise Unanswerable("filters", "Invalid filters. Behavioral filters cannot be nested.")


def check_goals(filter: Filter, goals: Sequence[Goal]) -> None:
    """Raises Unanswerable when it names a goal that is none of these."""
    names = [goal.name for goal in goals]
    for condition in conditions(filter):
        if condition.dimension.name != GOAL or condition.op != "is":
            continue
        missing = next((value for value in condition.values if value not in names), None)
        if missing is not None:
            message = f"Invalid filters. The goal `{missing}` is not configured for this site."
            raise Unanswerable("filters", f"{message} Find out how to configure goals in the site's settings.")


def _outermost(filter: Filter) -> list[Is]:
    parts = filter.parts if isinstance(filter, And) else (filter,)
    plain = [part.part if isinstance(part, Not) else part for part in parts]
    return [part for part in plain if isinstance(part, Is)]


def _doings(filter: Filter) -> list[Filter]:
    match filter:
        case HasDone(part):
            return [part]
        case And(parts) | Or(parts):
            return [found for part in parts for found in _doings(part)]
        case Not(part):
            return _doings(part)
    return []


def _has_done(filter: Filter) -> bool:
    return bool(_doings(filter))
