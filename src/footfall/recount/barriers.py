"""Changes of rows that were judged already: an erase takes them away, a reclassification judges them otherwise.

What is about to change is worked out from the rows before it, and the state behind it is counted from the rows again. So a
crash between any two steps repeats the change and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from footfall.errors import FootfallError
from footfall.history.base import History, Statement
from footfall.history.rows import matching, matching_minutes, touching
from footfall.journal.base import Position, Vector
from footfall.live.fold import Fold
from footfall.live.rejudge import Row, Span, rejudged
from footfall.model import Erase, Judgement, Kind, Reclassify, Rejudged, Rows, Table
from footfall.recount.state import OF_JOURNAL, count_anew, of_journal, of_journals, whole

_SECONDS = 120.0  # as in state.py: everybody waits
_ROWS = 100_000_000
_STEP_ROWS = 100_000  # looked at together, unless one visitor has more: some 100 MB
_AGAIN = (0.5, 0.5, 1.0, 2.0, 5.0)  # seconds to wait after the nth failure

Barrier = Erase | Reclassify
NAMES: Mapping[type[Barrier], str] = {Erase: "an erase", Reclassify: "a reclassification"}

log = structlog.get_logger(__name__)


class Matched(msgspec.Struct, frozen=True, array_like=True):
    """How many rows a change is about. A visit counts if it loses any of its facts."""

    facts: int
    views: int
    visits: int
    minutes: int


@dataclass(slots=True)
class Attempts:
    """Of a change that is carried out however often it takes: nothing goes on before it, so whoever looks has to hear of it."""

    change: Barrier
    seq: Position
    failed: int = 0
    _began: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def failure(self, error: FootfallError) -> str:
        """Count one more that failed, and say so loudly; the same as a sentence."""
        self.failed += 1
        what = f"{NAMES[type(self.change)]} of {self.change.site}"
        seconds = round(asyncio.get_running_loop().time() - self._began)
        log.error(
            "a change of rows fails and is tried again; nothing after it is done",
            change=what,
            seq=self.seq,
            attempts=self.failed,
            seconds=seconds,
            error=str(error),
        )
        return f"{what} failed {self.failed} times in {seconds} s: {error}"

    async def pause(self) -> None:
        """Until it is time for the next one."""
        await asyncio.sleep(_AGAIN[min(self.failed, len(_AGAIN)) - 1])


def matched(change: Barrier, upto: Position | None = None) -> Statement:
    """A row of Matched: of all rows, or of those that a journal's records made up to one of them. Minutes follow their visits
    where facts are judged otherwise, and are not told of."""
    kept, of_them = ("1 = 1", ()) if upto is None else (OF_JOURNAL, of_journal(upto))
    if isinstance(change, Erase):
        (condition, params), (of_minutes, more) = matching(change), matching_minutes(change)
        minutes = f"(SELECT count(*) FROM minutes WHERE {of_minutes} AND {kept})"
        more = [*more, *of_them]
    else:
        (condition, params), more, minutes = touching(change), [], "0"
    sql = (
        "SELECT count(*), count(*) FILTER (WHERE counted), count(DISTINCT visit) FILTER (WHERE visit <> 0),"
        f" {minutes} FROM facts WHERE {condition} AND {kept}"
    )
    return Statement(sql, [*more, *params, *of_them], seconds=_SECONDS)


async def change_of(history: History, seq: Position, change: Barrier) -> tuple[Rows, int]:
    """What history has to do at `seq`, with rows of that journal alone, and the command's result: how many counted views go, or
    how many facts are judged otherwise."""
    found = Matched(*map(whole, (await history.fetch(matched(change, seq)))[0]))
    if isinstance(change, Erase):
        return Rows(erase=change), found.views
    return Rows(rejudged=Rejudged(change.site, await _rejudged(history, seq, change))), found.facts


async def follow(fold: Fold, history: History, seq: Position, change: Barrier) -> None:
    """Bring a fold behind a change at `seq` that history carried out: its site is counted anew, all others stay as they are."""
    await follow_rows(fold, history, seq, [change])
    if isinstance(change, Erase):
        forget(fold, change)


async def follow_rows(fold: Fold, history: History, seq: Position, changes: Sequence[Barrier], upto: Vector = ()) -> None:
    """The same without what of an erase needs no rows, for changes of one site; also of several journals, up to a place in
    each."""
    site, at = changes[0].site, max(change.at for change in changes)
    reached, places = of_journals(upto or (seq,))
    visitors = list[Sequence[object]]()
    for change in changes:
        if isinstance(change, Reclassify) and change.bot:
            condition, params = touching(change, done=True)
            sql = f"SELECT DISTINCT visitor FROM facts WHERE {condition} AND {reached}"
            visitors += await _ask(history, sql, *params, *places)
    await count_anew(fold, history, seq, site, at, upto)
    for (visitor,) in visitors:
        _gone(fold, site, whole(visitor))


def forget(fold: Fold, erase: Erase) -> None:
    """Who is here and was in the last minutes follows an erase too: that is known without rows."""
    if erase.whole:
        fold.sites.pop(erase.site, None)
        return
    state = fold.site(erase.site)
    state.presence.arrivals.clear()
    state.minutes.erase(erase)
    if erase.visitor is not None:
        state.presence.forget(erase.visitor)


def _gone(fold: Fold, site: str, visitor: int) -> None:
    """A bot is not here, and was not, but in visits that are still a person's."""
    state = fold.site(site)
    visits = {visit.id for visit in state.visits.open.get(visitor, ())}
    state.minutes.keep(visitor, visits)
    if not visits:
        state.presence.forget(visitor)


async def _rejudged(history: History, seq: Position, change: Reclassify) -> list[Judgement]:
    """The judgements that change, from the rows as they are: some visitors after the other, as each is judged alone."""
    condition, params = touching(change)
    hit = f"WITH hit AS (SELECT visitor, path, kind FROM facts WHERE {condition} AND {OF_JOURNAL})"
    of_hit = [*params, *of_journal(seq)]
    same = f"kind = {Kind.VIEW:d} AND (visitor, path) IN (SELECT visitor, path FROM hit WHERE kind = {Kind.VIEW:d})"
    looked_at, of_them = f"site = ? AND {OF_JOURNAL} AND ({condition} OR ({same}))", [change.site, *of_journal(seq), *params]
    count = f"{hit} SELECT visitor, count(*) FROM facts WHERE {looked_at} GROUP BY visitor ORDER BY visitor"
    counts = await _ask(history, count, *of_hit, *of_them)
    found = list[Judgement]()
    for first, last in _steps(counts):
        rows = await _ask(
            history,
            f"{hit} SELECT seq, n, ts_ms, counted, visit, kind, visitor, id, door, path, window_ms, bot, {condition} AS is_hit"
            f" FROM facts WHERE {looked_at} AND visitor BETWEEN ? AND ? ORDER BY seq, n",
            *of_hit,
            *params,
            *of_them,
            first,
            last,
        )
        spans = [] if change.bot else await _spans(history, hit, of_hit, change.site, first, last)
        found += await asyncio.to_thread(_judge, rows, spans, change.bot)
    return found


def _steps(counts: Table) -> Iterator[tuple[int, int]]:
    """Visitors from and to, as many as have so many rows together."""
    first, rows, last = 0, 0, 0
    for visitor, count in ((whole(visitor), whole(count)) for visitor, count in counts):
        if rows and rows + count > _STEP_ROWS:
            yield first, last
            rows = 0
        if not rows:
            first = visitor
        rows, last = rows + count, visitor
    if rows:
        yield first, last


async def _spans(history: History, hit: str, of_hit: list[object], site: str, first: int, last: int) -> Table:
    """The visits that facts of those visitors which are a person's now may join."""
    of_them = "site = ? AND visit <> 0 AND visitor BETWEEN ? AND ? AND visitor IN (SELECT visitor FROM hit)"
    return await _ask(
        history,
        f"{hit} SELECT visitor, visit, min(start_ms), max(end_ms) FROM (SELECT visitor, visit, ts_ms AS start_ms,"
        f" ts_ms AS end_ms FROM facts WHERE {of_them} UNION ALL SELECT visitor, visit, start_ms, end_ms FROM visits"
        f" WHERE {of_them}) AS s GROUP BY visitor, visit",
        *of_hit,
        *(site, first, last),
        *(site, first, last),
    )


def _judge(rows: Table, spans: Table, bot: str) -> list[Judgement]:
    visits: dict[int, list[Span]] = {}
    for visitor, visit, start, end in spans:
        visits.setdefault(whole(visitor), []).append(Span(whole(start), whole(end), whole(visit)))
    return list(rejudged((Row(*row) for row in rows), visits, bot))  # type: ignore[arg-type]  # columns as selected


async def _ask(history: History, sql: str, *params: object) -> Table:
    return await history.fetch(Statement(sql, params, seconds=_SECONDS, max_rows=_ROWS))
