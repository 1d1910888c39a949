"""What became of everything that was sent: the ledger of a site, by hour and door, as it is at one moment.

Lines that became rows come from history, the increments since the last sweep from the live state at the same place.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from footfall.engine import Engine
from footfall.errors import Busy
from footfall.history.base import Statement
from footfall.model import Table
from footfall.query.sql import reached

_SQL = (
    "SELECT hour_ms, door, outcome, reason, sum(count)::BIGINT FROM ledger"
    " WHERE site = ? AND {reached} AND hour_ms >= ? AND hour_ms < ? GROUP BY ALL"
)


class LedgerLine(msgspec.Struct, frozen=True):
    """So many facts that came in the hour which began at `hour` (ms), by a door; `reason` where they were refused or a bot's."""

    hour: int
    door: str
    outcome: str
    reason: str
    count: int


class LedgerAnswer(msgspec.Struct, frozen=True):
    """The hours from `start` to `end` (ms); `received` is what all their lines come to."""

    site: str
    start: int = msgspec.field(name="from")
    end: int = msgspec.field(name="to")
    received: int
    lines: list[LedgerLine]


async def ledger(engine: Engine, site: str, start: int, end: int) -> list[LedgerLine]:
    """The lines of the hours that begin in [start, end), in their order. Raises Busy while history lags."""
    until, lines = reached(await engine.place()), Counter[tuple[int, str, str, str]]()
    for (of, door, hour, outcome, reason), count in engine.fold.ledger.items():
        if of == site and start <= hour < end:
            lines[hour, door, outcome, reason] += count
    rows, lag = await engine.fetch(Statement(_SQL.format(reached=until.text), (site, *until.params, start, end)))
    if lag:
        raise Busy("history is catching up", 5)
    return [LedgerLine(*line, count) for line, count in sorted(_with(rows, lines).items())]


def _with(rows: Table, lines: Counter[tuple[int, str, str, str]]) -> Counter[tuple[int, str, str, str]]:
    for hour, door, outcome, reason, count in rows:
        lines[hour, door, outcome, reason] += count  # type: ignore[index, operator]  # columns as selected
    return lines
