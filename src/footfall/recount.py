"""The fold's state from the stored rows alone: they are the only truth, every counter can be thrown away and counted again.

Used when no checkpoint is left, after rows were erased, and by `footfall verify`. What rows do not hold comes back by itself or
stays as it was: presence refills within two minutes, beats extend open visits again and tell where readers are, ids of beats
are never sent twice.
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
from footfall.live.pages import Item, Pages, Viewers
from footfall.live.runs import Runs, mix
from footfall.live.sightings import LONGEST_NAME, Spot
from footfall.live.visits import Visits
from footfall.model import Erase

_SECONDS = 120.0  # no visitor waits for a recount
_ROWS = 100_000_000
_LOOKED_AT = 40  # views of a path that are looked at first


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
    await _sightings(fold, history, upto)
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
    viewers = await _viewers(history, upto)
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
    views: dict[str, list[tuple[str, int, Viewers]]] = {}
    since: dict[str, int] = {}
    for site, path, count, first in paths:
        views.setdefault(str(site), []).append((str(path), _int(count), viewers[str(site), str(path)]))
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


async def _viewers(history: History, upto: Position) -> dict[tuple[str, str], Viewers]:
    """Different visitors of each path: all of them, or as many as anybody has to know. Of most paths the least forty of all say
    enough; few views by the same few visitors are looked at again."""
    found = await history.fetch(
        _ask(
            f"SELECT site, path, list_distinct(min(visitor, {_LOOKED_AT}))[:{rules.MOST_K}], count(*) FROM facts"
            " WHERE counted AND seq <= ? GROUP BY site, path",
            upto,
        )
    )
    viewers = {(str(site), str(path)): _ints(some) for site, path, some, _ in found}
    unsure = [str(path) for _, path, some, count in found if len(_ints(some)) < rules.MOST_K and _int(count) > _LOOKED_AT]
    again = await history.fetch(
        _ask(
            "SELECT DISTINCT site, path, visitor FROM facts WHERE counted AND seq <= ? AND path IN (SELECT unnest(?::VARCHAR[]))"
            f" QUALIFY dense_rank() OVER (PARTITION BY site, path ORDER BY visitor) <= {rules.MOST_K}",
            upto,
            unsure,
        )
    )
    for (site, path), group in groupby(sorted(again), key=lambda row: row[:2]):
        viewers[str(site), str(path)] = tuple(_int(row[2]) for row in group)
    return viewers


def _name(column: str) -> str:
    return f"CASE WHEN length({column}) <= {LONGEST_NAME} THEN {column} ELSE '' END AS {column}"


def _cell(column: str) -> str:
    on_globe = "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180"
    return f"CASE WHEN {on_globe} THEN round_even({column} / {rules.PLACE_CELL}, 0) * {rules.PLACE_CELL} END AS {column}"


# spot_of and country_of of live/sightings.py, as columns.
_PLACE = ", ".join([_name("country"), _name("city"), _cell("latitude"), _cell("longitude")])
_COUNTRY = f"{_name('country')}, '' AS city, NULL::DOUBLE AS latitude, NULL::DOUBLE AS longitude"


async def _sightings(fold: Fold, history: History, upto: Position) -> None:
    """Where visitors were seen within 30 days, put in as the fold does, a day at a time: the groups of all would not fit into
    memory. A country is told of by all who were anywhere in it, so countries are looked at apart."""
    today = fold.now // rules.DAY
    for day in range(today - rules.PLACE_DAYS, today + 1):
        for place, wanted in ((_PLACE, "city <> '' OR latitude IS NOT NULL"), (_COUNTRY, "country <> ''")):
            rows = await history.fetch(
                _ask(
                    f"WITH seen AS (SELECT DISTINCT site, {place}, visitor, storageless FROM facts"
                    " WHERE visit <> 0 AND arrival_ms >= ? AND arrival_ms < ? AND seq <= ?),"
                    f" few AS (FROM seen WHERE {wanted} QUALIFY {rules.MOST_K} >="
                    " row_number() OVER (PARTITION BY site, country, city, latitude, longitude ORDER BY storageless))"
                    " SELECT site, country, city, latitude, longitude, count(*), list(visitor) FILTER (WHERE NOT storageless),"
                    " list(visitor) FILTER (WHERE storageless AND ?) FROM few GROUP BY ALL",
                    day * rules.DAY,
                    (day + 1) * rules.DAY,
                    upto,
                    day == today,  # of past days it does not matter which they were, where names last a day
                )
            )
            for site, *spot, count, lasting, daily in rows:
                names = (_ints(lasting or []), _ints(daily or []))
                fold.site(str(site)).sightings.add_day(_spot(*spot), day, _int(count), *names)


def _spot(country: object, city: object, latitude: object, longitude: object) -> Spot:
    cell = (latitude, longitude) if isinstance(latitude, float) and isinstance(longitude, float) else (None, None)
    return str(country), str(city), *cell


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


def _ints(values: object) -> tuple[int, ...]:
    if not isinstance(values, list):
        raise TypeError(f"whole numbers were expected from history, not {values!r}")
    return tuple(_int(value) for value in values)


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
