"""Changes of rows in ClickHouse: facts go, or are judged otherwise, and what was counted from them follows. As statements, in
order; doing all of them again, from the first, after they were cut off anywhere comes to the same. Pure.

A change is about the records of one partition that come before it: other partitions have one of their own. What becomes of a row
is put beside it as a newer version; what goes is taken away, every version of it, so that nothing of what was erased is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from footfall.history import rows as flat
from footfall.history.clickhouse_tables import Layout
from footfall.journal.base import PARTITION_BITS, Position, partition_of
from footfall.model import Erase, Judgement, Kind, Rejudged

Step = tuple[str, list[object]]  # SQL and its values, in the words of questions

ACTS = f"kind IN ({Kind.VIEW:d}, {Kind.EVENT:d})"  # what makes a visit
STEP = 50_000  # judgements handed over in one go
_BEFORE = "seq >= ? AND seq < ?"
_COUNTED = ("start_ms", "end_ms", "entry", "exit", "views", "events", "engaged")  # of a visit, from its facts
_JUDGED = ("bot", "counted", "visit")
# Views decide entry and exit, as in the fold; a visit without views takes what it has. Ties go by the order of the rows.
_LEFT_OVER = f"""
    SELECT
        visit,
        min(ts_ms) AS start_ms,
        max(ts_ms) AS end_ms,
        argMinIf(path, (kind <> {Kind.VIEW:d}, ts_ms, seq, n), {ACTS}) AS entry,
        argMaxIf(path, (kind = {Kind.VIEW:d}, ts_ms, seq, n), {ACTS}) AS exit,
        countIf(kind = {Kind.VIEW:d} AND counted) AS views,
        countIf(kind = {Kind.EVENT:d}) AS events,
        sum(engaged) AS engaged
    FROM facts
    WHERE site = ? AND {{which}} AND visit IN ({{touched}})
    GROUP BY visit HAVING countIf({ACTS}) > 0"""


def erased(layout: Layout, erase: Erase, position: Position) -> Iterator[Step]:
    """What an erase at `position` does. What visits become is worked out from the facts that stay, before any of them goes."""
    ours = _ours(position)
    found, params = flat.matching(erase)
    doomed, values = f"{found} AND {_BEFORE}", [*params, *ours]
    touched = f"SELECT DISTINCT visit, visitor, ? FROM facts WHERE {doomed} AND visit <> 0"
    yield f"INSERT INTO touched (visit, visitor, position) {touched}", [position, *values]
    left_over = _LEFT_OVER.format(which=f"NOT ({doomed})", touched="SELECT visit FROM touched WHERE position = ?")
    yield _recount(left_over), [position, erase.site, *values, position, erase.site, position]
    is_touched = f"visit IN (SELECT visit FROM {layout.rows_of('touched')} WHERE position = ?)"
    yield _delete(layout, "visits", f"site = ? AND version < ? AND {is_touched}"), [erase.site, position, position]
    of_minutes, more = flat.matching_minutes(erase)
    yield _delete(layout, "minutes", f"{of_minutes} AND {_BEFORE}"), [*more, *ours]
    yield _delete(layout, "facts", doomed), values
    if erase.whole:  # what it published goes with it
        yield _delete(layout, "content", f"site = ? AND {_BEFORE}"), [erase.site, *ours]
    yield _delete(layout, "touched", "position = ?"), [position]


def noted(rejudged: Rejudged, position: Position) -> Iterator[Step]:
    """Put judgements down before any of them is carried out: worked out again after that they would be others. The last one, with
    the change's own seq, says that all of them are there."""
    into = f"INSERT INTO judged (position, ts_ms, seq, n, visitor, was, {', '.join(_JUDGED)})"
    for start in range(0, len(rejudged.facts), STEP):
        told = _objects(rejudged.facts[start : start + STEP])
        yield (
            f"{into} SELECT ?, f.ts_ms, f.seq, f.n, f.visitor, f.visit, {', '.join(f'j.{name}' for name in _JUDGED)}"
            " FROM facts AS f INNER JOIN judgements(?) AS j ON f.seq = j.seq AND f.n = j.n WHERE f.site = ? AND f.version < ?",
            [position, told, rejudged.site, position],
        )
    yield f"{into} SELECT ?, 0, ?, 0, 0, 0, '', 0, 0", [position, position]


def is_noted(position: Position) -> Step:
    """A row if all judgements are there."""
    return "SELECT 1 FROM judged WHERE position = ? AND seq = ?", [position, position]


def rejudged(layout: Layout, site: str, position: Position) -> Iterator[Step]:
    """What the judgements that are noted for `position` do."""
    of_them = "FROM judged WHERE position = ?"
    columns = ", ".join(flat.FACTS)
    told = ", ".join(f"{'j' if column in _JUDGED else 'f'}.{column}" for column in flat.FACTS)
    yield (
        f"INSERT INTO facts ({columns}, version) SELECT {told}, ? FROM facts AS f"
        f" INNER JOIN (SELECT seq, n, {', '.join(_JUDGED)} {of_them}) AS j ON f.seq = j.seq AND f.n = j.n"
        f" WHERE f.site = ? AND (f.ts_ms, f.seq, f.n) IN (SELECT ts_ms, seq, n {of_them}) AND f.version < ?",
        [position, position, site, position, position],
    )
    lost, won = f"SELECT was {of_them} AND was NOT IN (0, visit)", f"SELECT visit {of_them} AND visit <> 0"
    which, ours = _BEFORE, _ours(position)
    shrunk = _LEFT_OVER.format(which=which, touched=lost)
    yield _recount(shrunk), [position, site, *ours, position, site, position]
    grown = _LEFT_OVER.format(which=which, touched=f"{won} AND visit NOT IN ({lost})")
    yield _recount(grown, at_least=True), [position, site, *ours, position, position, site, position]
    acting = f"SELECT visit FROM facts WHERE site = ? AND {_BEFORE} AND {ACTS} AND visit IN ({lost})"
    gone = f"SELECT DISTINCT was, visitor, ? {of_them} AND was NOT IN (0, visit) AND was NOT IN ({acting})"
    yield f"INSERT INTO touched (visit, visitor, position) {gone}", [position, position, site, *ours, position]
    is_gone = f"site = ? AND visit IN (SELECT visit FROM {layout.rows_of('touched')} WHERE position = ?) AND {_BEFORE}"
    for table in "visits", "minutes":
        yield _delete(layout, table, is_gone), [site, position, *ours]
    for table in "touched", "judged":
        yield _delete(layout, table, "position = ?"), [position]


def _ours(position: Position) -> list[object]:
    """The values of _BEFORE."""
    return [partition_of(position) << PARTITION_BITS, position]


def _objects(judgements: Sequence[Judgement]) -> str:
    return msgspec.json.encode([judgement._asdict() for judgement in judgements]).decode()


def _recount(left_over: str, *, at_least: bool = False) -> str:
    """Newer versions of visits; `at_least`: which reach no less far than before."""
    kept = {"start_ms": "least(v.start_ms, l.start_ms)", "end_ms": "greatest(v.end_ms, l.end_ms)"} if at_least else {}
    told = (kept.get(column, f"{'l' if column in _COUNTED else 'v'}.{column}") for column in flat.VISITS)
    return (
        f"INSERT INTO visits ({', '.join(flat.VISITS)}, version) SELECT {', '.join(told)}, ? FROM visits AS v"
        f" INNER JOIN ({left_over}) AS l ON v.visit = l.visit WHERE v.site = ? AND v.version < ?"
    )


def _delete(layout: Layout, table: str, condition: str) -> str:
    return f"ALTER TABLE {layout.rows_of(table)}{layout.everywhere} DELETE WHERE {condition}"
