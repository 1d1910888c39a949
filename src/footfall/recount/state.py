"""The fold's state from the stored rows alone: they are the only truth, every counter can be thrown away and counted again.

Used when no checkpoint is left, by `footfall verify`, and after rows were erased, then for that site alone. What rows do not
hold comes back by itself or stays as it was: presence refills within two minutes, beats extend open visits again and tell where
readers are, ids of beats are never sent twice. What takes the interpreter long runs in a thread and touches the new fold alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import heapify
from itertools import chain, groupby

import msgspec
import numpy as np

from footfall import rules
from footfall.history.base import History, Statement
from footfall.history.rows import FACTS, fact_row
from footfall.journal.base import PARTITION_BITS, Position, Vector, partition_of
from footfall.live.fold import Fold
from footfall.live.pages import Item, Known, Pages, Viewers
from footfall.live.runs import Runs
from footfall.live.sightings import LONGEST_NAME, Spot
from footfall.live.visits import Visit, Visits
from footfall.model import Kind, Table

_SECONDS = 120.0  # for each question, a start or an erase (then everybody) waits for it: long, because without it neither can end
_ROWS = 100_000_000
_LOOKED_AT = 40  # views of a path that are looked at first

OF_JOURNAL = "seq >= ? AND seq <= ?"  # what a journal's records made, up to one of them

Page = tuple[str, str]  # site, path
Title = tuple[str, int]  # and the time of the view that told it


def of_journal(upto: Position) -> tuple[Position, Position]:
    """The values of OF_JOURNAL."""
    return partition_of(upto) << PARTITION_BITS, upto


def of_journals(upto: Vector) -> tuple[str, tuple[Position, ...]]:
    """The same for several, up to a place in each: a condition and its values."""
    return f"({' OR '.join(f'({OF_JOURNAL})' for _ in upto)})", tuple(chain.from_iterable(map(of_journal, upto)))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that count: those of one or several journals, of each up to a seq, of all sites or of one. `kept` is the condition
    for that, `params` its values."""

    history: History
    upto: Vector
    site: str | None

    @property
    def kept(self) -> str:
        reached, _ = of_journals(self.upto)
        return reached if self.site is None else f"{reached} AND site = ?"

    @property
    def params(self) -> tuple[object, ...]:
        _, places = of_journals(self.upto)
        return places if self.site is None else (*places, self.site)

    async def ask(self, sql: str, *params: object) -> Table:
        return await self.history.fetch(Statement(sql, params, seconds=_SECONDS, max_rows=_ROWS))


async def recounted(history: History, *upto: Position) -> Fold:
    """A fold at `upto` (history must be there) with counters, windows, content and open visits from the rows with seq <= upto. Of
    several journals each has its own; the seq of such a fold is its maker's business."""
    rows, fold = _Rows(history, upto, None), Fold()
    fold.seq = upto[0]
    fold.now = await _now(rows)
    fold.ids = _map(await _ids(rows, fold.now - rules.WINDOW_KEPT))
    await _count(fold, rows)
    return fold


async def count_anew(fold: Fold, history: History, seq: Position, site: str, at: int, upto: Vector = ()) -> None:
    """Bring a fold to `seq` whose rows of one site were changed at `at`: that site is counted anew from rows up to there (or, of
    several journals, up to `upto`), but for who is here and was in the last minutes; all others stay as they are."""
    alone, counted = Fold(), fold.counted.copy()
    alone.seq, alone.now = seq, max(fold.now, at)
    await _count(alone, _Rows(history, upto or (seq,), site))
    await asyncio.to_thread(counted.add, alone.counted, alone.now - rules.WINDOW_KEPT)
    fold.seq, fold.now = seq, alone.now
    fold.counted = counted
    fold.closing = [entry for entry in fold.closing if entry[3] != site] + alone.closing
    heapify(fold.closing)
    fold.dirty.add(site)
    state, before = alone.site(site), fold.site(site)
    state.presence, state.minutes = before.presence, before.minutes
    _reach(state.visits, before.visits, at)
    fold.sites[site] = state


def _reach(counted: Visits, before: Visits, since: int) -> None:
    """What signs of life, which are no rows, told of open visits since a time stays told."""
    for visitor, visits in before.open.items():
        known = {visit.id: visit for visit in visits if visit.last > since}
        if known and visitor in counted.open:
            counted.open[visitor] = tuple(_reached(visit, known.get(visit.id, visit)) for visit in counted.open[visitor])


def _reached(visit: Visit, known: Visit) -> Visit:
    return msgspec.structs.replace(visit, end=max(visit.end, known.end), last=max(visit.last, known.last))


async def _count(fold: Fold, rows: _Rows) -> None:
    await _counters(fold, rows)
    await _windows(fold, rows)
    await _open_visits(fold, rows)
    await _sightings(fold, rows)


async def _now(rows: _Rows) -> int:
    """The latest arrival. Imported views, the only counted ones in no visit, have none: their times are those of elsewhere."""
    sql = f"SELECT coalesce(max(arrival_ms), 0) FROM facts WHERE NOT (counted AND visit = 0) AND {rows.kept}"
    ((now,),) = await rows.ask(sql, *rows.params)
    return whole(now)


async def _counters(fold: Fold, rows: _Rows) -> None:
    paths = await rows.ask(
        f"SELECT site, path, count(*), min(ts_ms) FROM facts WHERE counted AND {rows.kept}"
        " GROUP BY site, path ORDER BY site, min(seq), argMin(n, seq)",
        *rows.params,
    )
    viewers, reported = await _viewers(rows), await _reported(rows)
    content = await rows.ask(
        f"SELECT site, kind, slug, title, published FROM content WHERE {rows.kept} ORDER BY seq, n", *rows.params
    )
    sites = await rows.ask(
        "SELECT site FROM (SELECT site, seq FROM facts UNION ALL SELECT site, seq FROM content)"
        f" WHERE {rows.kept} GROUP BY site ORDER BY min(seq)",
        *rows.params,
    )
    names = [str(name) for (name,) in sites]
    await asyncio.to_thread(_put_pages, fold, names, paths, viewers, reported, content)
    for name in names:
        of_site = replace(rows, site=name)
        visitors = await rows.ask(f"SELECT DISTINCT visitor FROM facts WHERE counted AND {of_site.kept}", *of_site.params)
        fold.site(name).visitors = await asyncio.to_thread(_set, visitors)


def _put_pages(
    fold: Fold, names: Sequence[str], paths: Table, viewers: dict[Page, Viewers], reported: dict[Page, Title], content: Table
) -> None:
    items: dict[str, list[tuple[str, str, Item]]] = {}
    for site, kind, slug, title, published in content:
        items.setdefault(str(site), []).append((str(kind), str(slug), Item(str(title), bool(published))))
    known: dict[str, list[Known]] = {}
    since: dict[str, int] = {}
    for site, path, count, first in paths:
        page = str(site), str(path)
        known.setdefault(str(site), []).append((str(path), whole(count), viewers[page], *reported.get(page, ("", 0))))
        since[str(site)] = min(since.get(str(site), whole(first)), whole(first))
    for name in names:
        state = fold.site(name)
        state.pages = Pages.of(known.get(name, []), items.get(name, []))
        state.views, state.since = sum(state.pages.views), since.get(name)


async def _reported(rows: _Rows) -> dict[Page, Title]:
    """The title of each path's latest view that told one. As in the fold, views before the first that counts tell nothing: an
    erase may leave such, and their paths are looked at again."""
    begun = f"SELECT site, path, min(rowOf(seq, n)) AS begun FROM facts WHERE counted AND {rows.kept} GROUP BY site, path"
    told = f"FROM facts WHERE kind = {Kind.VIEW:d} AND bot = '' AND title <> '' AND {rows.kept}"
    latest = "SELECT site, path, argMax(title, inOrder(ts_ms, seq, n)), max(ts_ms)"
    found = await rows.ask(f"{latest}, min(rowOf(seq, n)) {told} GROUP BY site, path", *rows.params)
    first = {(site, path): row for site, path, row in await rows.ask(begun, *rows.params)}
    early = {str(path) for site, path, _, _, row in found if (site, path) in first and _before(row, first[site, path])}
    again = await rows.ask(
        f"WITH begun AS ({begun}), told AS (SELECT * {told} AND path IN (SELECT text FROM texts(?)))"
        f" {latest} FROM told JOIN begun USING (site, path) WHERE rowOf(seq, n) >= begun GROUP BY site, path",
        *rows.params,
        *rows.params,
        _texts(early),
    )
    titles = {(str(site), str(path)): (str(title), whole(at)) for site, path, title, at, _ in found if path not in early}
    return titles | {(str(site), str(path)): (str(title), whole(at)) for site, path, title, at in again}


async def _viewers(rows: _Rows) -> dict[Page, Viewers]:
    """Different visitors of each path: all of them, or as many as anybody has to know. Of most paths the least forty of all say
    enough; few views by the same few visitors are looked at again."""
    found = await rows.ask(
        f"SELECT site, path, arraySlice(arrayDistinct(smallest({_LOOKED_AT}, visitor)), 1, {rules.MOST_K}), count(*) FROM facts"
        f" WHERE counted AND {rows.kept} GROUP BY site, path",
        *rows.params,
    )
    viewers, unsure = await asyncio.to_thread(_looked_at, found)
    again = await rows.ask(
        f"SELECT DISTINCT site, path, visitor FROM facts WHERE counted AND {rows.kept} AND path IN (SELECT text FROM texts(?))"
        f" QUALIFY dense_rank() OVER (PARTITION BY site, path ORDER BY visitor) <= {rules.MOST_K}",
        *rows.params,
        _texts(unsure),
    )
    for (site, path), group in groupby(sorted(again), key=lambda row: row[:2]):
        viewers[str(site), str(path)] = tuple(whole(row[2]) for row in group)
    return viewers


def _looked_at(found: Table) -> tuple[dict[Page, Viewers], list[str]]:
    """(viewers by site and path, the paths that are not sure)."""
    viewers = {(str(site), str(path)): _ints(some) for site, path, some, _ in found}
    unsure = [str(path) for _, path, some, count in found if len(_ints(some)) < rules.MOST_K and whole(count) > _LOOKED_AT]
    return viewers, unsure


def _name(column: str) -> str:
    return f"CASE WHEN lengthUTF8({column}) <= {LONGEST_NAME} THEN {column} ELSE '' END AS {column}"


def _cell(column: str) -> str:
    on_globe = "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180"
    return f"CASE WHEN {on_globe} THEN roundBankers({column} / {rules.PLACE_CELL}) * {rules.PLACE_CELL} END AS {column}"


# spot_of and country_of of live/sightings.py, as columns.
_PLACE = ", ".join([_name("country"), _name("city"), _cell("latitude"), _cell("longitude")])
_COUNTRY = f"{_name('country')}, '' AS city, nullif(0.0, 0.0) AS latitude, nullif(0.0, 0.0) AS longitude"


async def _sightings(fold: Fold, rows: _Rows) -> None:
    """Where visitors were seen within 30 days, put in as the fold does, a day at a time: the groups of all would not fit into
    memory. A country is told of by all who were anywhere in it, so countries are looked at apart."""
    today = fold.now // rules.DAY
    first, after = (today - rules.PLACE_DAYS) * rules.DAY, (today + 1) * rules.DAY
    days = await rows.ask(  # most stores are young or small: days without a row are not looked at twice
        f"SELECT DISTINCT intDiv(arrival_ms, {rules.DAY}) AS day FROM facts"
        f" WHERE visit <> 0 AND arrival_ms >= ? AND arrival_ms < ? AND {rows.kept} ORDER BY day",
        first,
        after,
        *rows.params,
    )
    for day in (whole(day) for (day,) in days):
        for place, wanted in ((_PLACE, "city <> '' OR latitude IS NOT NULL"), (_COUNTRY, "country <> ''")):
            seen = await rows.ask(
                f"WITH seen AS (SELECT DISTINCT site, {place}, visitor, storageless FROM facts"
                f" WHERE visit <> 0 AND kind <> {Kind.LEAVE:d} AND arrival_ms >= ? AND arrival_ms < ? AND {rows.kept}),"
                f" few AS (SELECT * FROM seen WHERE {wanted} QUALIFY {rules.MOST_K} >="
                " row_number() OVER (PARTITION BY site, country, city, latitude, longitude ORDER BY storageless))"
                " SELECT site, country, city, latitude, longitude, count(*), groupArrayIf(visitor, NOT storageless),"
                " groupArrayIf(visitor, storageless AND ?) FROM few GROUP BY ALL",
                day * rules.DAY,
                (day + 1) * rules.DAY,
                *rows.params,
                day == today,  # of past days it does not matter which they were, where names last a day
            )
            await asyncio.to_thread(_put_day, fold, day, seen)


def _put_day(fold: Fold, day: int, seen: Table) -> None:
    for site, *spot, count, lasting, daily in seen:
        names = (_ints(lasting or []), _ints(daily or []))
        fold.site(str(site)).sightings.add_day(_spot(*spot), day, whole(count), *names)


def _spot(country: object, city: object, latitude: object, longitude: object) -> Spot:
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return str(country), str(city), None, None
    return str(country), str(city), float(latitude), float(longitude)  # whole numbers come as such where answers are JSON


async def _ids(rows: _Rows, kept_since: int) -> Table:
    sql = "SELECT id, greatest(ts_ms, arrival_ms) FROM facts WHERE greatest(ts_ms, arrival_ms) > ? AND door <> ?"
    return await rows.ask(f"{sql} AND {rows.kept}", kept_since, rules.ORIGINAL, *rows.params)


async def _windows(fold: Fold, rows: _Rows) -> None:
    counted = await rows.ask(
        f"SELECT site, visitor, path, ts_ms FROM facts WHERE counted AND ts_ms > ? AND {rows.kept}",
        fold.now - rules.WINDOW_KEPT,
        *rows.params,
    )
    await asyncio.to_thread(_put_counted, fold, counted)


def _put_counted(fold: Fold, counted: Table) -> None:
    for site, visitor, path, at in counted:
        number = fold.site(str(site)).number(str(path))
        if number is None:
            raise ValueError("the path of a counted view has a number")
        fold.counted.put(whole(visitor), number, whole(at), fold.now - rules.WINDOW_KEPT)


async def _open_visits(fold: Fold, rows: _Rows) -> None:
    """Visits that are no rows yet, from their facts in the order in which they were folded."""
    columns = ", ".join(FACTS)
    found = await rows.ask(
        f"SELECT {columns} FROM facts WHERE visit <> 0 AND {rows.kept}"
        f" AND visit NOT IN (SELECT visit FROM visits WHERE {rows.kept}) ORDER BY visit, seq, n",
        *rows.params,
        *rows.params,
    )
    await asyncio.to_thread(_put_visits, fold, found)


def _put_visits(fold: Fold, found: Table) -> None:
    for id, group in groupby((fact_row(row) for row in found), key=lambda row: row.visit):
        alone = Visits()
        for row in group:
            visit, _ = alone.join(row.fact, row.time, row.counted)
        if visit is None:
            continue  # its views and events were erased
        visit = msgspec.structs.replace(visit, id=id)
        visits = fold.site(visit.first.site).visits.open
        others = visits.get(visit.first.visitor, ())
        visits[visit.first.visitor] = tuple(sorted((*others, visit), key=lambda visit: visit.start))
        fold.closing.append((visit.last + rules.WINDOW_KEPT, id, visit.first.visitor, visit.first.site))
    fold.closing.sort()  # a sorted list is a heap


def _before(one: object, other: object) -> bool:
    """Whether one row of an engine's comes before another: as a number, or as seq and n."""
    return bool(one < other)  # type: ignore[operator]  # both are of one kind


def _texts(values: Iterable[str]) -> str:
    """For texts(?) of a question."""
    return msgspec.json.encode([{"text": value} for value in values]).decode()


def _set(visitors: Table) -> Runs:
    return Runs.of(np.array([row[0] for row in visitors], dtype=np.uint64))


def _map(pairs: Table) -> Runs:
    table = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
    return Runs.of(table[:, 0], table[:, 1])


def _ints(values: object) -> tuple[int, ...]:
    if not isinstance(values, list):
        raise TypeError(f"whole numbers were expected from history, not {values!r}")
    return tuple(whole(value) for value in values)


def whole(value: object) -> int:
    """A whole number of history's."""
    if not isinstance(value, int):
        raise TypeError(f"a whole number was expected from history, not {value!r}")
    return value


def differences(served: Fold, counted: Fold) -> list[str]:
    """Where the totals that are served differ from a recount of the rows, one sentence each; empty if nowhere."""
    found = []
    for site in sorted({*served.sites, *counted.sites}):
        one, two = served.site(site), counted.site(site)
        totals: list[tuple[str, object, object]] = [
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
        titles_one, titles_two = (dict(zip(state.pages.numbers, state.pages.reported, strict=True)) for state in (one, two))
        totals += [(f"title of {path}", title, titles_two[path]) for path, title in titles_one.items() if path in titles_two]
        found += [f"{site}: {name}: served {a}, rows {b}" for name, a, b in totals if a != b]
    return found
