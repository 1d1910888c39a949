"""Changes of rows that were judged already: an erase takes them away, a reclassification judges them otherwise.

What is about to change is worked out from the rows before it, and the state behind it is counted from the rows again. So a
crash between any two steps repeats the change and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from footfall.history.base import History, Statement
from footfall.history.rows import matching, matching_minutes, touching
from footfall.journal.base import Position
from footfall.live.fold import Fold
from footfall.live.rejudge import Row, Span, rejudged
from footfall.model import Erase, Judgement, Kind, Reclassify, Rejudged, Rows, Table
from footfall.recount.state import count_anew, whole

_SECONDS = 120.0  # as in state.py: everybody waits
_ROWS = 100_000_000

Barrier = Erase | Reclassify
NAMES: Mapping[type[Barrier], str] = {Erase: "an erase", Reclassify: "a reclassification"}


class Matched(msgspec.Struct, frozen=True, array_like=True):
    """How many rows a change is about. A visit counts if it loses any of its facts."""

    facts: int
    views: int
    visits: int
    minutes: int


def matched(change: Barrier) -> Statement:
    """A row of Matched. Minutes follow their visits where facts are judged otherwise, and are not told of."""
    if isinstance(change, Erase):
        (condition, params), (of_minutes, more) = matching(change), matching_minutes(change)
        minutes = f"(SELECT count(*) FROM minutes WHERE {of_minutes})"
    else:
        (condition, params), more, minutes = touching(change), [], "0"
    sql = (
        "SELECT count(*), count(*) FILTER (WHERE counted), count(DISTINCT visit) FILTER (WHERE visit <> 0),"
        f" {minutes} FROM facts WHERE {condition}"
    )
    return Statement(sql, [*more, *params], seconds=_SECONDS)


async def change_of(history: History, change: Barrier) -> tuple[Rows, int]:
    """What history has to do, and the command's result: how many counted views go, or how many facts are judged otherwise."""
    found = Matched(*map(whole, (await history.fetch(matched(change)))[0]))
    if isinstance(change, Erase):
        return Rows(erase=change), found.views
    return Rows(rejudged=Rejudged(change.site, await _rejudged(history, change))), found.facts


async def follow(fold: Fold, history: History, seq: Position, change: Barrier) -> None:
    """Bring a fold behind a change at `seq` that history carried out: its site is counted anew, all others stay as they are."""
    if isinstance(change, Erase):
        await count_anew(fold, history, seq, change.site, change.at)
        _erased(fold, change)
    else:
        condition, params = touching(change, done=True)
        sql = f"SELECT DISTINCT visitor FROM facts WHERE {condition} AND seq <= ?"
        visitors = await _ask(history, sql, *params, seq) if change.bot else []
        await count_anew(fold, history, seq, change.site, change.at)
        for (visitor,) in visitors:
            _gone(fold, change.site, whole(visitor))


def _erased(fold: Fold, erase: Erase) -> None:
    """Who is here and was in the last minutes follows an erase too."""
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


async def _rejudged(history: History, change: Reclassify) -> list[Judgement]:
    """The judgements that change, from the rows as they are."""
    condition, params = touching(change)
    hit = f"WITH hit AS (SELECT visitor, path, kind FROM facts WHERE {condition})"
    same = f"kind = {Kind.VIEW:d} AND (visitor, path) IN (SELECT visitor, path FROM hit WHERE kind = {Kind.VIEW:d})"
    rows = await _ask(
        history,
        f"{hit} SELECT seq, n, ts_ms, counted, visit, kind, visitor, id, door, path, window_ms, bot, {condition} AS hit"
        f" FROM facts WHERE site = ? AND ({condition} OR ({same})) ORDER BY seq, n",
        *params,
        *params,
        change.site,
        *params,
    )
    spans: Table = []
    if not change.bot:  # then facts join visits
        of_them = "site = ? AND visit <> 0 AND visitor IN (SELECT visitor FROM hit)"
        spans = await _ask(
            history,
            f"{hit} SELECT visitor, visit, min(start_ms), max(end_ms) FROM (SELECT visitor, visit, ts_ms AS start_ms,"
            f" ts_ms AS end_ms FROM facts WHERE {of_them} UNION ALL SELECT visitor, visit, start_ms, end_ms FROM visits"
            f" WHERE {of_them}) AS s GROUP BY visitor, visit",
            *params,
            change.site,
            change.site,
        )
    return await asyncio.to_thread(_judge, rows, spans, change.bot)


def _judge(rows: Table, spans: Table, bot: str) -> list[Judgement]:
    visits: dict[int, list[Span]] = {}
    for visitor, visit, start, end in spans:
        visits.setdefault(whole(visitor), []).append(Span(whole(start), whole(end), whole(visit)))
    return list(rejudged((Row(*row) for row in rows), visits, bot))  # type: ignore[arg-type]  # columns as selected


async def _ask(history: History, sql: str, *params: object) -> Table:
    return await history.fetch(Statement(sql, params, seconds=_SECONDS, max_rows=_ROWS))
