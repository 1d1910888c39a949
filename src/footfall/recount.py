"""The fold's state from the stored rows alone: they are the only truth, every counter can be thrown away and counted again.

Used when no checkpoint is left, after rows were erased, and by `footfall verify`. What rows do not hold comes back by itself or
stays as it was: presence refills within two minutes, beats extend open visits again, ids of beats are never sent twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import msgspec
import numpy as np

from footfall import rules
from footfall.history.base import History, Statement
from footfall.history.rows import FACTS, fact_row
from footfall.journal.base import Position
from footfall.live.fold import EARLIEST, Fold
from footfall.live.pages import Item, Pages
from footfall.live.runs import Runs, mix
from footfall.live.visits import Visits
from footfall.model import Erase

_SECONDS = 120.0  # no visitor waits for a recount
_ROWS = 100_000_000


def _ask(sql: str, *params: object) -> Statement:
    return Statement(sql, params, seconds=_SECONDS, max_rows=_ROWS)


async def recounted(history: History, upto: Position) -> Fold:
    """A fold at `upto` (history must be there) with counters, windows, content and open visits from the rows with seq <= upto."""
    fold = Fold()
    fold.seq = upto
    fold.now = await _now(history, upto)
    await _counters(fold, history, upto)
    await _windows(fold, history, upto)
    await _open_visits(fold, history, upto)
    return fold


async def _now(history: History, upto: Position) -> int:
    """The latest arrival. Imported views, the only counted ones in no visit, have none: their times are those of elsewhere."""
    ((now,),) = await history.fetch(
        _ask("SELECT coalesce(max(arrival_ms), 0) FROM facts WHERE NOT (counted AND visit = 0) AND seq <= ?", upto)
    )
    return _int(now)


async def _counters(fold: Fold, history: History, upto: Position) -> None:
    paths = await history.fetch(
        _ask(
            "SELECT site, path, count(*), min(ts_ms) FROM facts WHERE counted AND seq <= ?"
            " GROUP BY site, path ORDER BY site, min(seq), arg_min(n, seq)",
            upto,
        )
    )
    content = await history.fetch(
        _ask("SELECT site, kind, slug, title, published FROM content WHERE seq <= ? ORDER BY seq, n", upto)
    )
    sites = await history.fetch(
        _ask(
            "SELECT site FROM (SELECT site, seq FROM facts UNION ALL SELECT site, seq FROM content)"
            " WHERE seq <= ? GROUP BY site ORDER BY min(seq)",
            upto,
        )
    )
    items: dict[str, list[tuple[str, str, Item]]] = {}
    for site, kind, slug, title, published in content:
        items.setdefault(str(site), []).append((str(kind), str(slug), Item(str(title), bool(published))))
    views: dict[str, list[tuple[str, int]]] = {}
    since: dict[str, int] = {}
    for site, path, count, first in paths:
        views.setdefault(str(site), []).append((str(path), _int(count)))
        since[str(site)] = min(since.get(str(site), _int(first)), _int(first))
    for (name,) in sites:
        site = str(name)
        state = fold.site(site)
        state.pages = Pages.of(views.get(site, []), items.get(site, []))
        state.views, state.since = sum(state.pages.views), since.get(site)
        visitors = await history.fetch(
            _ask("SELECT DISTINCT visitor FROM facts WHERE counted AND site = ? AND seq <= ?", site, upto)
        )
        state.visitors = Runs.of(np.array([row[0] for row in visitors], dtype=np.uint64))


async def _windows(fold: Fold, history: History, upto: Position) -> None:
    kept_since = fold.now - rules.WINDOW_KEPT
    ids = await history.fetch(
        _ask(
            "SELECT id, greatest(ts_ms, arrival_ms) FROM facts WHERE greatest(ts_ms, arrival_ms) > ? AND door <> ? AND seq <= ?",
            kept_since,
            rules.ORIGINAL,
            upto,
        )
    )
    fold.ids = _map([(_int(id), _int(at)) for id, at in ids])
    counted = await history.fetch(
        _ask(
            "SELECT site, visitor, path, ts_ms, window_ms FROM facts WHERE counted AND window_ms > 0 AND ts_ms > ? AND seq <= ?"
            " ORDER BY ts_ms",
            kept_since,
            upto,
        )
    )
    slots: dict[int, int] = {}
    for site, visitor, path, at, window in counted:
        number, time = fold.site(str(site)).pages.numbers[str(path)], _int(at)
        key, slot = mix(_int(visitor), number), time // _int(window)
        earlier = slots.setdefault(mix(key, slot), time)  # the rows come in the order of their time
        if earlier != time:
            slots.setdefault(mix(key, slot ^ EARLIEST), earlier)
            slots[mix(key, slot)] = time
    fold.counted = _map(list(slots.items()))
    fold.counted_to = max(slots.values(), default=0)


async def _open_visits(fold: Fold, history: History, upto: Position) -> None:
    """Visits that are no rows yet, from their views and events in the order in which they were folded."""
    columns = ", ".join(FACTS)
    rows = await history.fetch(
        _ask(
            f"SELECT {columns} FROM facts WHERE visit <> 0 AND seq <= ?"
            " AND visit NOT IN (SELECT visit FROM visits WHERE seq <= ?) ORDER BY visit, seq, n",
            upto,
            upto,
        )
    )
    for id, group in groupby((fact_row(row) for row in rows), key=lambda row: row.visit):
        alone = Visits()
        for row in group:
            visit, _ = alone.join(row.fact, row.time, row.counted)
        if visit is None:
            raise ValueError("a row that belongs to a visit is a view or an event")
        visit = msgspec.structs.replace(visit, id=id)
        visits = fold.site(visit.first.site).visits.open
        others = visits.get(visit.first.visitor, ())
        visits[visit.first.visitor] = tuple(sorted((*others, visit), key=lambda visit: visit.start))
        fold.closing.append((visit.last + rules.WINDOW_KEPT, id, visit.first.visitor, visit.first.site))
    fold.closing.sort()  # a sorted list is a heap


def _map(pairs: Sequence[tuple[int, int]]) -> Runs:
    table = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
    return Runs.of(table[:, 0], table[:, 1])


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a whole number was expected from history, not {value!r}")
    return value


def matching(erase: Erase) -> Statement:
    """How many counted views an erase removes."""
    wanted = (
        ("path = ?", erase.path),
        ("visitor = ?", erase.visitor),
        ("page_type = ?", erase.page_type),
        ("ts_ms >= ?", erase.first),
        ("ts_ms <= ?", erase.last),
    )
    given = [(condition, value) for condition, value in wanted if value is not None]
    conditions = " AND ".join(["site = ?", "counted", *(condition for condition, _ in given)])
    return _ask(f"SELECT count(*) FROM facts WHERE {conditions}", erase.site, *(value for _, value in given))


def differences(served: Fold, counted: Fold) -> list[str]:
    """Where the totals that are served differ from a recount of the rows, one sentence each; empty if nowhere."""
    found = []
    for site in sorted({*served.sites, *counted.sites}):
        one, two = served.site(site), counted.site(site)
        totals = [
            ("views", one.views, two.views),
            ("visitors", len(one.visitors), len(two.visitors)),
            ("counting since", one.since, two.since),
            ("published posts", one.pages.posts, two.pages.posts),
            ("published pages", one.pages.published_pages, two.pages.published_pages),
        ]
        views_one = {path: one.pages.views[number] for path, number in one.pages.numbers.items()}
        views_two = {path: two.pages.views[number] for path, number in two.pages.numbers.items()}
        changed = [path for path in {**views_one, **views_two} if views_one.get(path, 0) != views_two.get(path, 0)]
        totals += [(f"views of {path}", views_one.get(path, 0), views_two.get(path, 0)) for path in sorted(changed)]
        found += [f"{site}: {name}: served {a}, rows {b}" for name, a, b in totals if a != b]
    return found
