"""Where most people are: groups that cannot be among the first are not counted by people. Pure.

The people of each page are counted by looking at every page of every person, which takes ten times as long as to count rows. But
no group has more people than rows. So rows are counted first; then the people of the groups that have most of them, twice as
many as were asked for. Groups with fewer rows than the last of the answer has people cannot be in it; those that could are
counted too, if there are any. Exact, whatever the rows are like: where it does not help, all groups are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from footfall.query.answer import Answer, Group, Number
from footfall.query.metrics import METRICS, Metric, Source
from footfall.query.question import MOST_ROWS, Question

MOST_ASKED = 100  # of more groups, all are counted
MOST_NAMED = 1_000  # groups in one question
ROWS = Metric("most", "Rows, of which everybody in a group has one at least.", "count(person)")
_VISITORS = METRICS["visitors"]
_SOURCES = {Source.FACTS, Source.WORDS, Source.SHARES}  # all have the same groups


def rows_of(question: Question) -> Question | None:
    """The question for the rows of each group; None where this does not help."""
    by_people = question.sorting[0] == (_VISITORS.name, True) and question.of_events and question.time is None
    few = question.offset + question.limit <= MOST_ASKED and question.only is None
    if not by_people or not few or any(metric.source not in _SOURCES for metric in question.metrics):
        return None
    return replace(question, metrics=(ROWS,), order=((ROWS.name, True),), limit=MOST_ROWS, offset=0)


def first(question: Question, rows: Answer) -> tuple[Group, ...] | None:
    """The groups to count first; None for all."""
    groups = tuple(line.key for line in rows.lines[: 2 * (question.offset + question.limit)])
    return groups if len(groups) < len(rows.lines) else None


def missing(question: Question, rows: Answer, answer: Answer) -> tuple[Group, ...] | None:
    """The groups that might be in the answer beside those counted first: none if it stands. None for all."""
    if len(answer.lines) < question.limit:
        return None  # some were erased meanwhile
    least = _number(answer.lines[-1].metrics, [metric.name for metric in question.metrics].index(_VISITORS.name))
    able = [line.key for line in rows.lines if _number(line.metrics, 0) >= least]
    if len(able) > MOST_NAMED or len(able) == MOST_ROWS:
        return None
    return tuple(able[2 * (question.offset + question.limit) :])


def _number(metrics: Sequence[Number], at: int) -> float:
    return metrics[at] or 0
