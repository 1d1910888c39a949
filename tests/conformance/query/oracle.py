"""The answers to questions in plain Python, by the definitions and over lists: slow, and plain to see through."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import re2  # type: ignore[import-untyped]  # it ships no types

from footfall.model import Fact, FactRow, Goal, Kind
from footfall.query.filters import And, Filter, HasDone, Is, Not, Or
from footfall.query.question import Question

Key = tuple[str, ...]
MINUTE = 60_000


class AVisit(NamedTuple):
    """A visit, final or open."""

    id: int
    start: int
    end: int
    entry: str
    exit: str
    views: int
    events: int
    first: Fact


@dataclass
class World:
    """All that is known of a site: rows, and what is open. Minutes are (beginning, path, country), one for each person."""

    facts: list[FactRow]
    visits: dict[int, AVisit]
    minutes: list[tuple[int, str, str]]


class Row(NamedTuple):
    """A fact and its visit, or (a visit that is looked at as such) a visit alone."""

    fact: Any  # a FactRow, or None
    visit: AVisit | None


class Oracle:
    """Answers one question."""

    def __init__(self, world: World, question: Question, time: str) -> None:
        """`time`: the dimension of time, what "time" stands for being found out."""
        self.world, self.question, self.time = world, question, time

    def lines(self) -> list[tuple[Key, list[Any]]]:
        """Groups with their numbers, in order and paged."""
        question, found = self.question, self.groups(self.question.filter, [d.name for d in self.question.dimensions])
        names = [metric.name for metric in question.metrics]
        lines = [(key, [self.number(name, key, found) for name in names]) for key in found]
        columns = {d.name: at for at, d in enumerate(question.dimensions)}
        for at in reversed(range(len(question.dimensions))):
            lines.sort(key=lambda line: self.rank(line[0], at))
        for name, descending in reversed(question.sorting):
            if name in columns:
                lines.sort(key=lambda line: self.rank(line[0], columns[name]), reverse=descending)
            else:
                value = {line[0]: self.number(name, line[0], found, exact=True) for line in lines}
                known = [line for line in lines if value[line[0]] is not None]
                known.sort(key=lambda line: value[line[0]], reverse=descending)
                lines = known + [line for line in lines if value[line[0]] is None]
        return lines[question.offset : question.offset + question.limit]

    def rank(self, key: Key, at: int) -> Any:
        """Goals stand in the order of the settings, and what has no value comes first."""
        dimension = self.question.dimensions[at]
        if dimension.name == "event:goal":
            return [goal.name for goal in self.question.goals].index(key[at])
        return "" if key[at] == dimension.empty and not dimension.is_time else key[at]

    # --- groups ---

    def groups(self, filter: Filter, dimensions: list[str]) -> dict[Key, dict[str, Any]]:
        """What metrics are made of, by group."""
        found = defaultdict[Key, dict[str, Any]](lambda: {"facts": [], "begun": [], "stays": defaultdict(list), "here": []})
        by_event = any(name.startswith("event:") for name in dimensions)
        if not dimensions:
            found[()] = found[()]
        names = {metric.name for metric in self.question.metrics}
        selected = [row for row in self.rows((Kind.VIEW, Kind.EVENT)) if self.holds(filter, row)]
        for row in selected:
            for key in self.keys(row, dimensions):
                found[key]["facts"].append(row)
        groups = set(found)
        for visit in self.begun(filter, selected):
            entry = [name.replace("event:page", "visit:entry_page") for name in dimensions]
            if by_event and [name for name in entry if name.startswith("event:")]:
                continue
            for key in self.keys(Row(None, visit), entry, visit.start):
                if key in groups or not by_event:
                    found[key]["begun"].append(visit)
        if names & {"time_on_page", "scroll_depth"}:
            for row in self.rows((Kind.BEAT, Kind.LEAVE)):
                if self.holds(filter, row) and (row.fact.fact.engaged or row.fact.fact.scroll):
                    for key in self.keys(row, dimensions):
                        found[key]["stays"][row.fact.fact.visitor, row.fact.visit, row.fact.fact.path].append(row.fact.fact)
        if names & {"people", "people_peak"}:
            for minute, path, country in self.world.minutes:
                if self.question.span.start <= minute < self.question.span.end and self.holds(filter, (path, country)):
                    for key in self.keys((path, country), dimensions, minute):
                        found[key]["here"].append(minute)
        sources = {metric.source.value for metric in self.question.metrics}
        by_fact = bool(sources & {"facts", "words", "shares"})
        begun = any(metric.of_visits or (metric.name == "visits" and not by_event) for metric in self.question.metrics)
        return {
            key: group
            for key, group in found.items()
            if not dimensions
            or (by_fact and (group["facts"] or (begun and not by_event and group["begun"])))
            or group["stays"]
            or group["here"]
        }

    def rows(self, kinds: tuple[int, ...]) -> Iterator[Any]:
        """Facts of people in the range."""
        span = self.question.span
        for row in self.world.facts:
            if row.fact.kind in kinds and not row.fact.bot and span.start <= row.time < span.end:
                yield Row(row, self.world.visits.get(row.visit))

    def begun(self, filter: Filter, selected: Sequence[Row]) -> Iterator[AVisit]:
        """Visits that began in the range and that the filter lets through: by themselves, or by a fact of theirs."""
        span, of_events = self.question.span, any(name.startswith("event:") for name in tested(filter))
        grouped_by_events = any(d.name.startswith("event:") for d in self.question.dimensions)
        through = {row.visit.id for row in selected if row.visit}
        for visit in self.world.visits.values():
            if not span.start <= visit.start < span.end:
                continue
            if visit.id in through if of_events or grouped_by_events else self.holds(filter, Row(None, visit)):
                yield visit

    def keys(self, row: Any, dimensions: list[str], at: int | None = None) -> list[Key]:
        """The groups that a row is in: none or several where it is about goals."""
        keys: list[Key] = [()]
        for name in dimensions:
            if name == "event:goal":
                told = [goal.name for goal in self.question.goals if reached(goal, row.fact)]
            elif name.startswith("time"):
                told = [self.label(row.fact.time if at is None else at)]
            else:
                told = [self.value(name, row) or self.empty(name)]
            keys = [(*key, one) for key in keys for one in told]
        return keys

    def empty(self, name: str) -> str:
        """What people read where there is no value."""
        return {"visit:source": "Direct / None", "visit:referrer": "Direct / None", "visit:channel": "Direct"}.get(
            name, "(not set)"
        )

    def value(self, name: str, row: Any) -> str:
        """The value of a dimension."""
        if not isinstance(row, Row):
            return str(row[("event:page", "visit:country").index(name)])
        scope, _, field = name.partition(":")
        if scope == "visit":
            if field.endswith("_page"):
                return str(getattr(row.visit, field[:-5]) if row.visit else row.fact.fact.path)
            field = field.removeprefix("entry_page_")
            return str(getattr(row.visit.first if row.visit else row.fact.fact, field) or "")
        fact = row.fact.fact
        if field.startswith("props:"):
            return str((fact.props or {}).get(field[6:], ""))
        if field == "name":
            return "pageview" if fact.kind == Kind.VIEW else str(fact.name)
        return str(getattr(fact, {"page": "path"}.get(field, field)))

    def label(self, instant: int) -> str:
        """The step of time, by the calendar."""
        zone, begin = self.question.span.zone, self.question.span.start
        here = datetime.fromtimestamp(instant // 1000, UTC).astimezone(zone)
        first = datetime.fromtimestamp(begin // 1000, UTC).astimezone(zone).date()
        day = here.date()
        match self.time:
            case "time:minute":
                return f"{day} {here:%H:%M}:00{here.isoformat()[19:] if here.fold else ''}"
            case "time:hour":
                return f"{day} {here:%H}:00:00"
            case "time:week":
                return str(max(day - timedelta(day.isoweekday() - 1), first))
            case "time:month":
                return f"{day:%Y-%m}-01"
        return str(day)

    # --- filters ---

    def holds(self, filter: Filter, row: Any) -> bool:
        """Whether a row is let through."""
        match filter:
            case Is():
                return self.fits(filter, row)
            case And(parts):
                return all(self.holds(part, row) for part in parts)
            case Or(parts):
                return any(self.holds(part, row) for part in parts)
            case Not(part):
                return not self.holds(part, row)
            case HasDone(part):
                others = [other for other in self.rows((Kind.VIEW, Kind.EVENT)) if row.visit and other.visit == row.visit]
                return any(self.holds(part, other) for other in others)

    def fits(self, condition: Is, row: Any) -> bool:
        """Whether a value is, contains or matches one of the condition's."""
        if condition.dimension.name == "event:goal":
            goals = [goal for goal in self.question.goals if any(compare(condition, goal.name, v) for v in condition.values)]
            return any(reached(goal, row.fact) for goal in goals)
        value = self.value(condition.dimension.name, row)
        return any(compare(condition, value, wanted) for wanted in condition.values)

    # --- metrics ---

    def number(self, name: str, key: Key, found: dict[Key, dict[str, Any]], exact: bool = False) -> Any:
        """A metric of a group; `exact`: not rounded."""
        value = getattr(self, name)(key, found[key])
        if value is None or exact:
            return value
        return round(value, next(metric.digits for metric in self.question.metrics if metric.name == name) or None)

    def visitors(self, key: Key, group: dict[str, Any]) -> int:
        return len({row.fact.fact.visitor for row in group["facts"]})

    def visits(self, key: Key, group: dict[str, Any]) -> int:
        if any(d.name.startswith("event:") for d in self.question.dimensions):
            return len({row.visit.id for row in group["facts"] if row.visit})
        return len(group["begun"])

    def pageviews(self, key: Key, group: dict[str, Any]) -> int:
        return sum(row.fact.counted for row in group["facts"])

    def events(self, key: Key, group: dict[str, Any]) -> int:
        return sum(row.fact.counted or row.fact.fact.kind == Kind.EVENT for row in group["facts"])

    def views_per_visit(self, key: Key, group: dict[str, Any]) -> float | None:
        return share(sum(visit.views for visit in group["begun"]), len(group["begun"]))

    def bounce_rate(self, key: Key, group: dict[str, Any]) -> float | None:
        return share(100 * sum(visit.views + visit.events <= 1 for visit in group["begun"]), len(group["begun"]))

    def visit_duration(self, key: Key, group: dict[str, Any]) -> float | None:
        return share(sum(visit.end - visit.start for visit in group["begun"]), 1000 * len(group["begun"]))

    def time_on_page(self, key: Key, group: dict[str, Any]) -> float | None:
        return share(sum(fact.engaged for facts in group["stays"].values() for fact in facts), 1000 * len(group["stays"]))

    def scroll_depth(self, key: Key, group: dict[str, Any]) -> float | None:
        return share(sum(max(fact.scroll for fact in facts) for facts in group["stays"].values()), len(group["stays"]))

    def people(self, key: Key, group: dict[str, Any]) -> float:
        span, at = self.question.span, [d.is_time for d in self.question.dimensions]
        minutes = range(-(-span.start // MINUTE) * MINUTE, min(span.end, self.question.now + 1), MINUTE)
        if True in at:
            minutes = [minute for minute in minutes if self.label(minute) == key[at.index(True)]]  # type: ignore[assignment]
        return share(len(group["here"]), len(minutes)) or 0

    def people_peak(self, key: Key, group: dict[str, Any]) -> int:
        return max((group["here"].count(minute) for minute in set(group["here"])), default=0)

    def percentage(self, key: Key, group: dict[str, Any]) -> float | None:
        everybody = self.groups(self.question.filter, [])[()]
        return share(100 * self.visitors(key, group), self.visitors((), everybody))

    def conversion_rate(self, key: Key, group: dict[str, Any]) -> float | None:
        everybody = self.groups(before_goals(self.question.filter), [])[()]
        return share(100 * self.visitors(key, group), self.visitors((), everybody))

    def group_conversion_rate(self, key: Key, group: dict[str, Any]) -> float | None:
        kept = [(at, d.name) for at, d in enumerate(self.question.dimensions) if not of_goals(d.name)]
        among = self.groups(before_goals(self.question.filter), [name for _, name in kept])
        same = among.get(tuple(key[at] for at, _ in kept))
        return share(100 * self.visitors(key, group), self.visitors((), same) if same else 0)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def compare(condition: Is, value: str, wanted: str) -> bool:
    if condition.op == "matches":
        return re2.search(wanted, value) is not None
    if not condition.case_sensitive:
        value, wanted = value.lower(), wanted.lower()
    return wanted in value if condition.op == "contains" else wanted == value


def reached(goal: Goal, row: FactRow | None) -> bool:
    assert row is not None
    if goal.event:
        return row.fact.kind == Kind.EVENT and row.fact.name == goal.event
    pattern = ".*".join(map(re.escape, goal.path.split("*")))
    return row.fact.kind == Kind.VIEW and re.fullmatch(pattern, row.fact.path, re.DOTALL) is not None


def tested(filter: Filter) -> list[str]:
    match filter:
        case Is():
            return [filter.dimension.name]
        case And(parts) | Or(parts):
            return [name for part in parts for name in tested(part)]
        case Not(part):
            return tested(part)
    return []


def of_goals(name: str) -> bool:
    return name in ("event:goal", "event:name") or name.startswith("event:props:")


def before_goals(filter: Filter) -> Filter:
    parts = filter.parts if isinstance(filter, And) else (filter,)
    return And(tuple(part for part in parts if not any(map(of_goals, tested(part)))))
