"""Rows of the engine as an answer: numbers rounded, steps and goals by name, changes against another range. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from footfall.query.dimensions import GOAL
from footfall.query.metrics import Metric
from footfall.query.question import Question
from footfall.query.steps import Steps

Number = int | float | None
Group = tuple[object, ...]  # values of the dimensions as the engine tells them


@dataclass(frozen=True, slots=True)
class Line:
    """One group: `key` as the engine tells it, the same for people, and its numbers."""

    key: Group
    dimensions: list[str]
    metrics: list[Number]


@dataclass(frozen=True, slots=True)
class Answer:
    """`total` is how many groups there are without paging, if that was asked for."""

    lines: list[Line]
    total: int | None = None


def answered(question: Question, steps: Steps, rows: Sequence[Sequence[object]]) -> Answer:
    """The answer in the rows of the compiled question."""
    wide = len(question.dimensions)
    lines = [
        Line(tuple(row[:wide]), told(question, steps, row), [number(metric, row[wide + at]) for at, metric in _each(question)])
        for row in rows
    ]
    total = None
    if question.total:
        total = whole(rows[0][-1]) if rows else 0
    return Answer(lines, total)


def told(question: Question, steps: Steps, row: Sequence[object]) -> list[str]:
    """The values of the dimensions for people."""
    found = []
    for at, dimension in enumerate(question.dimensions):
        if dimension.is_time:
            found.append(steps.labels[whole(row[at])])
        elif dimension.name == GOAL:
            found.append(question.goals[whole(row[at])].name)
        else:
            found.append(str(row[at]) or dimension.empty)
    return found


def number(metric: Metric, value: object) -> Number:
    """The engine's value of a metric, rounded."""
    if value is None:
        return metric.nothing
    if not isinstance(value, int | float):
        raise TypeError(f"a number was expected from history, not {value!r}")
    return round(value, metric.digits) if metric.digits else round(value)


def change(before: Number, now: Number) -> int | None:
    """Percent; None where there is nothing to compare."""
    if before is None or now is None:
        return None
    if not before:
        return 100 if now else 0
    return round(100 * (now - before) / before)


def whole(value: object) -> int:
    """A whole number of the engine's."""
    if not isinstance(value, int):
        raise TypeError(f"a whole number was expected from history, not {value!r}")
    return value


def _each(question: Question) -> enumerate[Metric]:
    return enumerate(question.metrics)
