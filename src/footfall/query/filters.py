"""Which facts and visits a question is about: conditions on dimensions, combined, as SQL. Pure.

What is read from a request is filter_texts.py's business; here are the conditions themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from footfall.model import Goal, Kind
from footfall.query.dimensions import GOAL, Dimension
from footfall.query.sql import FALSE, TRUE, Sql, joined, sql

IS, CONTAINS, MATCHES = "is", "contains", "matches"


@dataclass(frozen=True, slots=True)
class Is:
    """The dimension has (contains, matches) one of these values. `op` is IS, CONTAINS or MATCHES, which takes RE2 expressions."""

    op: str
    dimension: Dimension
    values: tuple[str, ...]
    case_sensitive: bool = True


@dataclass(frozen=True, slots=True)
class And:
    """All of these; none at all is true."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of these."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    part: Filter


@dataclass(frozen=True, slots=True)
class HasDone:
    """In the same visit and the range there is an event of which this holds."""

    part: Filter


Filter = Is | And | Or | Not | HasDone
EVERYTHING = And(())
Value = Callable[[Dimension], Sql]  # the value of a dimension in the rows at hand


def conditions(filter: Filter) -> Iterator[Is]:
    """All conditions on a row itself, so not those on what else its visit has done."""
    match filter:
        case Is():
            yield filter
        case And(parts) | Or(parts):
            for part in parts:
                yield from conditions(part)
        case Not(part):
            yield from conditions(part)


def without(filter: Filter, unwanted: Callable[[Is], bool]) -> Filter:
    """The filter less those of its outermost parts that have an unwanted condition in them."""
    parts = filter.parts if isinstance(filter, And) else (filter,)
    return And(tuple(part for part in parts if not any(map(unwanted, conditions(part)))))


def holds(filter: Filter, value: Value, goals: Sequence[Goal], has_done: Callable[[Filter], Sql]) -> Sql:
    """The filter as a condition on rows; `has_done(part)` is the condition that their visit has such an event."""
    match filter:
        case Is():
            return _is(filter, value, goals)
        case And(parts):
            return _combined(" AND ", [holds(part, value, goals, has_done) for part in parts], TRUE)
        case Or(parts):
            return _combined(" OR ", [holds(part, value, goals, has_done) for part in parts], FALSE)
        case Not(part):
            return sql("NOT ({})", holds(part, value, goals, has_done))
        case HasDone(part):
            return has_done(part)


def _combined(word: str, parts: list[Sql], empty: Sql) -> Sql:
    return sql("({})", joined(word, parts)) if parts else empty


def _is(condition: Is, value: Value, goals: Sequence[Goal]) -> Sql:
    if condition.dimension.name == GOAL:
        reached = [goal for goal in goals if any(_fits(condition, goal.name, name) for name in condition.values)]
        return _combined(" OR ", [reaches(goal) for goal in reached], FALSE)
    found = value(condition.dimension)
    if condition.op == MATCHES:
        return _combined(" OR ", [sql("match({}, {})", found, pattern) for pattern in condition.values], FALSE)
    one = (lambda value: value) if condition.case_sensitive else _lower
    found, values = one(found), [one(Sql("?", (value,))) for value in condition.values]
    if condition.op == CONTAINS:
        return _combined(" OR ", [sql("position({} IN {}) > 0", value, found) for value in values], FALSE)
    return sql("{} IN ({})", found, joined(", ", values)) if values else FALSE


def _lower(text: Sql) -> Sql:
    return sql("lowerUTF8({})", text)


def _fits(condition: Is, name: str, value: str) -> bool:
    if not condition.case_sensitive:
        name, value = name.lower(), value.lower()
    return value in name if condition.op == CONTAINS else value == name


def reaches(goal: Goal) -> Sql:
    """The condition that a fact `f` reaches a goal: its event, or a view of its page, where `*` stands for anything."""
    if goal.event:
        return sql(f"(f.kind = {Kind.EVENT:d} AND f.name = {{}})", goal.event)
    if "*" not in goal.path:
        return sql(f"(f.kind = {Kind.VIEW:d} AND f.path = {{}})", goal.path)
    return sql(f"(f.kind = {Kind.VIEW:d} AND match(f.path, {{}}))", pattern_of(goal.path))


def pattern_of(path: str) -> str:
    """A path with `*` as an expression of RE2."""
    return "(?s)^" + ".*".join(_quoted(part) for part in path.split("*")) + "$"


def _quoted(text: str) -> str:
    return "".join(character if character.isalnum() or character in "/_-" else f"\\x{{{ord(character):x}}}" for character in text)
