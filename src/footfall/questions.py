"""Asking: the live state and history as one, at one moment, without holding up what comes in.

What is open is taken from the state at one seq, on the loop and at once; it is put into text in a thread. History is waited for
up to that seq, and rows beyond it are left out. So an answer counts everything that was acknowledged before it, once.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from footfall.engine import Engine
from footfall.errors import Busy
from footfall.history.base import Statement
from footfall.live.site import SiteState
from footfall.model import Table
from footfall.query.answer import Answer, Group, Line, answered
from footfall.query.compile import columns_for, compiled, steps_for
from footfall.query.dimensions import DIMENSIONS, TIME
from footfall.query.live_tables import minutes_text, visits_text
from footfall.query.metrics import Source
from footfall.query.periods import Span
from footfall.query.question import MOST_ROWS, Question
from footfall.query.relations import Live
from footfall.query.steps import suiting
from footfall.rules import DAY

KEPT_LINES = 50_000  # of answers that are kept while nothing new came in


class Questions:
    """The answers of one engine. An answer is kept for as long as it cannot have changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seq = -1  # at which the answers that are kept were given
        self._lines = 0
        self._kept: dict[Question, Answer] = {}

    async def ask(self, question: Question) -> Answer:
        """The answer, exact. Raises InvalidInput (too many steps), Busy (history lags), TooExpensive, HistoryFailed."""
        seq = self._engine.fold.seq
        if seq == self._seq and question in self._kept:
            return self._kept[question]
        state, steps = self._engine.fold.sites.get(question.site) or SiteState(), steps_for(question)
        visits, moments = list(state.visits.open.values()), {}
        if any(metric.source is Source.MINUTES for metric in question.metrics):
            moments = {minute: dict(by_visitor) for minute, by_visitor in state.minutes.moments.items()}

        def put() -> Statement:
            open_visits = visits_text(visits, question.span, columns_for(question))
            return compiled(question, seq, Live(open_visits, minutes_text(moments, question.span)), steps)

        answer = answered(question, steps, await self._fetch(await asyncio.to_thread(put)))
        if question.total and not answer.lines and question.offset:  # the number of groups comes with the groups
            answer = replace(answer, total=(await self.ask(replace(question, offset=0, limit=1))).total)
        self._keep(question, seq, answer)
        return answer

    async def compare(self, question: Question, answer: Answer, against: Span) -> dict[Group, Line]:
        """The lines of the same groups in another range, by their keys: a step of time is compared with the one of its number."""
        dimensions = tuple(DIMENSIONS[suiting(question.span)] if one.name == TIME else one for one in question.dimensions)
        groups = tuple(line.key for line in answer.lines) if dimensions else None
        other = replace(
            question, span=against, dimensions=dimensions, only=groups, order=(), offset=0, limit=MOST_ROWS, total=False
        )
        return {line.key: line for line in (await self.ask(other)).lines}

    async def counted_daily(self, question: Question) -> bool | None:
        """Whether visitors are counted once per day because they have no lasting name: True, False, or None where a site has both
        kinds. Of one day it makes no difference."""
        span = question.span
        if span.start // DAY == (span.end - 1) // DAY:
            return False
        sql = (
            "SELECT min(storageless), max(storageless) FROM facts WHERE site = ? AND seq <= ? AND ts_ms >= ? AND ts_ms < ?"
            " AND bot = '' AND visit <> 0"
        )
        ((every, any_one),) = await self._fetch(Statement(sql, (question.site, self._engine.fold.seq, span.start, span.end)))
        return bool(any_one) if every == any_one else None

    async def _fetch(self, statement: Statement) -> Table:
        rows, lag = await self._engine.fetch(statement)
        if lag:
            raise Busy("history is catching up", 5)
        return rows

    def _keep(self, question: Question, seq: int, answer: Answer) -> None:
        """Instead of what was kept of another seq, and at most so much."""
        if seq != self._seq:
            self._seq, self._lines, self._kept = seq, 0, {}
        if self._lines + len(answer.lines) <= KEPT_LINES and question not in self._kept:
            self._lines += len(answer.lines) + 1
            self._kept[question] = answer
