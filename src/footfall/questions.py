"""Asking: the live state and history as one, at one moment, without holding up what comes in.

What is open is taken from the state at one seq, on the loop and at once; it is put into text in a thread. History is waited for
up to that seq, and rows beyond it are left out. So an answer counts everything that was acknowledged before it, once.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar

from footfall.engine import Engine
from footfall.errors import Busy
from footfall.history.base import Statement
from footfall.journal.base import Vector
from footfall.live.site import SiteState
from footfall.live.visits import Visit
from footfall.model import Table
from footfall.query import leading
from footfall.query.answer import Answer, Group, Line, answered
from footfall.query.compile import compiled, steps_for
from footfall.query.dimensions import DIMENSIONS, TIME
from footfall.query.live_tables import OpenVisits
from footfall.query.metrics import Source
from footfall.query.periods import Span
from footfall.query.question import MOST_ROWS, Question
from footfall.query.relations import Live
from footfall.query.sql import reached
from footfall.query.steps import Steps, suiting
from footfall.rules import DAY, LATENESS

KEPT_BYTES = 32 << 20  # of answers, about
_LINE_BYTES = 600  # a line without its texts

P = ParamSpec("P")
T = TypeVar("T")
Rewritten = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Now:
    """A site at one seq, as far as history does not have it."""

    place: Vector
    live: Live

    def statement(self, question: Question, steps: Steps) -> Statement:
        """The question with what is open. Takes its time: for a thread."""
        return compiled(question, self.place, self.live, steps)

    def kinds(self, span: Span) -> set[bool]:
        """Whether visitors of open visits that reach into the range have a name for a day. For a thread too."""
        return set(self.live.visits.reaching(span, ("storageless",)).columns["storageless"].tolist())

    def is_behind(self, span: Span) -> bool:
        """Whether nothing that is open began in the range or before it."""
        return self.live.visits.none_before(span.end) and all(minute >= span.end for minute in self.live.minutes)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, when it was given, and what it weighs. `final`: no fact that is still to come can change it."""

    answer: Any
    version: int
    rewritten: Rewritten
    final: bool
    weight: int


class Questions:
    """The answers of one engine. An answer is kept for as long as it cannot have changed: until the next change of its site, and
    what lies behind for longer, until rows of then come or go."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._versions = Counter[str]()  # how often each site changed
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()  # asked for last last
        self._bytes = 0
        self._opened: tuple[Hashable, OpenVisits] = ((), OpenVisits())  # at which moment of which site, the last one asked
        self._turn = asyncio.Lock()  # to put what is open into columns: what one question has put there the next one finds

    def changed(self, sites: set[str]) -> None:
        """To be told of each change, before anybody is answered who caused it."""
        self._versions.update(sites)

    async def ask(self, question: Question) -> Answer:
        """The answer, exact. Raises InvalidInput (too many steps), Busy (history lags), TooExpensive, HistoryFailed."""
        by_minute = any(metric.source is Source.MINUTES for metric in question.metrics)
        if not by_minute:
            question = replace(question, now=0)  # nothing else asks for the time

        async def work(now: _Now) -> Answer:
            return await self._answer(question, now)

        return await self._kept_or(question, question.site, question.span, work, _weight, by_minute)

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
        site, span = question.site, question.span
        if span.start // DAY == (span.end - 1) // DAY:
            return False
        sql = "SELECT DISTINCT storageless FROM visits WHERE site = ? AND start_ms < ? AND end_ms >= ? AND "

        async def look(now: _Now) -> bool | None:
            until = reached(now.place)
            statement = Statement(sql + until.text, (site, span.end, span.start, *until.params))
            found = {bool(daily) for (daily,) in await self._fetch(statement)}
            found |= await self._prepared(now.kinds, span)
            return None if len(found) > 1 else True in found

        return await self._kept_or(("daily", site, span), site, span, look, lambda _: _LINE_BYTES)

    # --- answers ---

    async def _answer(self, question: Question, now: _Now) -> Answer:
        rows = leading.rows_of(question)
        answer = await (self._whole(question, now) if rows is None else self._first(question, rows, now))
        if question.total and not answer.lines and question.offset:  # the number of groups comes with the groups
            answer = replace(answer, total=(await self._whole(replace(question, offset=0, limit=1), now)).total)
        return answer

    async def _first(self, question: Question, rows: Question, now: _Now) -> Answer:
        """The first groups by people, of those that can be."""
        known = await self._whole(rows, now)
        groups, few = leading.first(question, known), replace(question, total=False)
        if groups is None:
            return await self._whole(question, now)
        answer = await self._whole(replace(few, only=groups), now)
        missing = leading.missing(question, known, answer)
        if missing is None:
            return await self._whole(question, now)
        if missing:
            answer = await self._whole(replace(few, only=(*groups, *missing)), now)
        return replace(answer, total=known.total)

    async def _whole(self, question: Question, now: _Now) -> Answer:
        steps = steps_for(question)
        return answered(question, steps, await self._fetch(await self._prepared(now.statement, question, steps)))

    async def _prepared(self, prepare: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._turn:
            return await asyncio.to_thread(prepare, *args, **kwargs)

    async def _fetch(self, statement: Statement) -> Table:
        rows, lag = await self._engine.fetch(statement)
        if lag:
            raise Busy("history is catching up", 5)
        return rows

    # --- answers that are kept ---

    async def _kept_or(
        self,
        key: Hashable,
        site: str,
        span: Span,
        work: Callable[[_Now], Awaitable[T]],
        weight: Callable[[T], int],
        by_minute: bool = False,
    ) -> T:
        place = await self._engine.place()
        state = self._engine.fold.sites.get(site) or SiteState()
        version, rewritten = self._versions[site], (state.era, state.imported)
        kept = self._kept.get(key)
        if kept is not None and kept.rewritten == rewritten and (kept.final or kept.version == version):
            self._kept.move_to_end(key)
            found: T = kept.answer
            return found
        minutes = {minute: dict(here) for minute, here in state.minutes.moments.items()} if by_minute else {}
        visits, over = list(state.visits.open.values()), span.end <= self._engine.fold.now - LATENESS
        now = _Now(place, Live(await self._in_columns((site, place, rewritten), visits), minutes))
        answer = await work(now)
        self._keep(key, _Kept(answer, version, rewritten, over and now.is_behind(span), weight(answer)))
        return answer

    async def _in_columns(self, moment: Hashable, visits: Sequence[tuple[Visit, ...]]) -> OpenVisits:
        async with self._turn:
            known, opened = self._opened
            if known != moment:
                opened = await asyncio.to_thread(OpenVisits, visits, opened)
                self._opened = (moment, opened)
            return opened

    def _keep(self, key: Hashable, kept: _Kept) -> None:
        """Instead of what was not asked for longest."""
        if kept.weight > KEPT_BYTES:
            return
        before = self._kept.pop(key, None)
        self._bytes += kept.weight - (before.weight if before else 0)
        self._kept[key] = kept
        while self._bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.weight


def _weight(answer: Answer) -> int:
    """About what an answer takes in memory."""
    return _LINE_BYTES + sum(_LINE_BYTES + 2 * sum(map(len, line.dimensions)) for line in answer.lines)
