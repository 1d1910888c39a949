"""An erase in ClickHouse: facts go, and what was counted from them follows. As statements, in order; doing all of them again,
from the first, after they were cut off anywhere comes to the same. Pure.

An erase is about the records of one partition that come before it: other partitions have one of their own. What a visit becomes
is worked out from the facts that stay, before any of them goes, and is put beside the old row as a newer version of it; then the
old rows are taken away, so that nothing of what was erased is left in them.
"""

from __future__ import annotations

from collections.abc import Iterator

from footfall.history import rows as flat
from footfall.history.clickhouse_tables import Layout
from footfall.journal.base import PARTITION_BITS, Position, partition_of
from footfall.model import Erase, Kind

Step = tuple[str, list[object]]  # SQL and its values, in the words of questions

ACTS = f"kind IN ({Kind.VIEW:d}, {Kind.EVENT:d})"  # what makes a visit
_COUNTED = ("start_ms", "end_ms", "entry", "exit", "views", "events", "engaged")  # of a visit, from its facts
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
    WHERE site = ? AND NOT ({{doomed}}) AND visit IN (SELECT visit FROM touched WHERE position = ?)
    GROUP BY visit HAVING countIf({ACTS}) > 0"""


def steps(layout: Layout, erase: Erase, position: Position) -> Iterator[Step]:
    """What an erase at `position` does."""
    before = "seq >= ? AND seq < ?"
    ours: list[object] = [partition_of(position) << PARTITION_BITS, position]
    found, params = flat.matching(erase)
    doomed, values = f"{found} AND {before}", [*params, *ours]
    touched = f"SELECT DISTINCT visit, visitor, ? FROM facts WHERE {doomed} AND visit <> 0"
    yield f"INSERT INTO touched (visit, visitor, position) {touched}", [position, *values]
    yield _recount(doomed), [position, erase.site, *values, position, erase.site, position]
    is_touched = f"visit IN (SELECT visit FROM {layout.rows_of('touched')} WHERE position = ?)"
    yield _delete(layout, "visits", f"site = ? AND version < ? AND {is_touched}"), [erase.site, position, position]
    of_minutes, more = flat.matching_minutes(erase)
    yield _delete(layout, "minutes", f"{of_minutes} AND {before}"), [*more, *ours]
    yield _delete(layout, "facts", doomed), values
    if erase.whole:  # what it published goes with it
        yield _delete(layout, "content", f"site = ? AND {before}"), [erase.site, *ours]
    yield _delete(layout, "touched", "position = ?"), [position]


def _recount(doomed: str) -> str:
    columns = ", ".join(flat.VISITS)
    told = ", ".join(f"{'l' if column in _COUNTED else 'v'}.{column}" for column in flat.VISITS)
    left_over = _LEFT_OVER.format(doomed=doomed)
    return (
        f"INSERT INTO visits ({columns}, version) SELECT {told}, ? FROM visits AS v INNER JOIN ({left_over}) AS l"
        " ON v.visit = l.visit WHERE v.site = ? AND v.version < ?"
    )


def _delete(layout: Layout, table: str, condition: str) -> str:
    return f"ALTER TABLE {layout.rows_of(table)}{layout.everywhere} DELETE WHERE {condition}"
