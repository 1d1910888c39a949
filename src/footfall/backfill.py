"""The original's backfill: all stored views of a site walked in their order, a chunk at a time.

Counters are exact without it; it is there for those who call it, changes nothing, and may be repeated.
"""

from __future__ import annotations

import msgspec

from footfall import rules
from footfall.engine import Engine
from footfall.history.base import Statement

Cursor = tuple[int, int, int]  # (seq, n) of the last view walked, and how many were
BEGINNING: Cursor = (0, -1, 0)


class ChunkReport(msgspec.Struct, frozen=True, rename="camel"):
    """One chunk of a backfill. `processed` counts the views walked so far, `unique_sessions` the visitors among them."""

    status: str  # "in_progress" or "complete"
    processed: int
    unique_sessions: int


async def walked(engine: Engine, site: str, at: Cursor, size: int = rules.BACKFILL_CHUNK) -> tuple[ChunkReport, Cursor]:
    """The next chunk behind a cursor; its report and the cursor behind it."""
    seq, n, processed = at
    rows, _ = await engine.fetch(
        Statement(
            "SELECT seq, n FROM facts WHERE site = ? AND counted AND (seq > ? OR (seq = ? AND n > ?)) ORDER BY seq, n LIMIT ?",
            (site, seq, seq, n, size + 1),
        )
    )
    chunk = rows[:size]
    if chunk:
        seq, n = int(str(chunk[-1][0])), int(str(chunk[-1][1]))
    ((unique,),), _ = await engine.fetch(
        Statement(
            "SELECT count(DISTINCT visitor) FROM facts WHERE site = ? AND counted AND (seq < ? OR (seq = ? AND n <= ?))",
            (site, seq, seq, n),
        )
    )
    processed += len(chunk)
    status = "in_progress" if len(rows) > size else "complete"
    return ChunkReport(status, processed, int(str(unique))), (seq, n, processed)
