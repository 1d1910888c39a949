"""Whether all of a store is in the cluster: counted on both sides by the same questions, which both engines answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from footfall.history.base import History, Statement
from footfall.history.rows import COLUMNS
from footfall.intake.identity import shared
from footfall.journal.base import PARTITION_BITS, Position
from footfall.model import Table
from footfall.recount.state import whole

_SECONDS = 600.0
_ROWS = 100_000_000
_OWN = (
    f"seq % {1 << PARTITION_BITS}"  # a seq without the number of its partition: what it was in the old journal, if it is so low
)


async def differences(old: History, new: History, upto: Position, partitions: int) -> list[str]:
    """One sentence for each. `upto` is the seq of the copy: rows up to it are the same, those behind were made anew from the same
    records, so each fact is looked for by its id; what nodes added is nobody's matter here."""
    found = []
    for table in COLUMNS:
        views = ", sum(CASE WHEN counted THEN 1 ELSE 0 END)" if table == "facts" else ""
        sql = f"SELECT site, count(*){views} FROM {table} WHERE {_OWN} <= ? GROUP BY site ORDER BY site"
        names = ("rows", "counted views")
        found += list(_unequal(table, names, await _ask(old, sql, upto), await _ask(new, sql, upto)))
    return found + await _of_facts(old, new, upto, partitions)


def _unequal(table: str, names: tuple[str, ...], old: Table, new: Table) -> Iterator[str]:
    ours, theirs = ({str(site): counts for site, *counts in rows} for rows in (old, new))
    for site in sorted(ours.keys() | theirs.keys()):
        nothing = [0] * len(names)
        for name, one, two in zip(names, ours.get(site, nothing), theirs.get(site, nothing), strict=False):
            if whole(one) != whole(two):
                yield f"site {site}, table {table}: {one} {name} in the old store, {two} in the cluster"


async def _of_facts(old: History, new: History, upto: Position, partitions: int) -> list[str]:
    """Facts behind the copy, each by its id, which those that came as facts have otherwise in the cluster."""
    ours: dict[str, Counter[int]] = defaultdict(Counter)
    theirs: dict[str, Counter[int]] = defaultdict(Counter)
    for site, id in await _ask(old, f"SELECT site, id FROM facts WHERE {_OWN} > ?", upto):
        ours[str(site)][whole(id)] += 1
    for site, id, visitor in await _ask(new, f"SELECT site, id, visitor FROM facts WHERE {_OWN} > ?", upto):
        names = whole(id), shared(whole(id), whole(visitor), partitions)
        theirs[str(site)].update(name for name in set(names) if name in ours[str(site)])
    return [
        f"site {site}, table facts: {ids.total()} behind the copy in the old store, {theirs[site].total()} of them in the cluster"
        for site, ids in ours.items()
        if ids != theirs[site]
    ]


async def _ask(history: History, sql: str, upto: Position) -> Table:
    return await history.fetch(Statement(sql, (upto,), seconds=_SECONDS, max_rows=_ROWS))
