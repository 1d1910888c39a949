"""What the clock has done in its rounds: what is final becomes rows, stale readers go, what was kept long enough is erased.

It decides when nothing: the time is the engine's, the rounds are house.py's.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from footfall import rules
from footfall.engine import Engine
from footfall.history.base import Statement
from footfall.model import Erase, Site, Sweep

# What lies before a time: (facts, minutes, the time of the last fact of a step). A step's facts are the oldest.
_BEFORE = """
SELECT count(*), (SELECT count(*) FROM minutes WHERE site = ? AND minute_ms < ?), max(ts_ms)
FROM (SELECT ts_ms FROM facts WHERE site = ? AND ts_ms < ? ORDER BY ts_ms LIMIT ?)
"""

log = structlog.get_logger(__name__)


async def sweep(engine: Engine) -> None:
    """Close what is final, a bounded number at a time, and remove stale readers."""
    await engine.command(Sweep(engine.now(), cleanup="*"))
    while engine.fold.sweepable(engine.now()):
        await engine.command(Sweep(engine.now()))
    engine.on_change(set(engine.fold.sites))


async def retain(engine: Engine, sites: Iterable[Site]) -> None:
    """Erase what sites do not want to keep any longer: at most one step of each, so that a long past goes in several rounds."""
    for site in list(sites):
        if site.retention:
            await _retain(engine, site.id, rules.retained_from(engine.now(), site.retention))


async def _retain(engine: Engine, site: str, kept_from: int) -> None:
    (found,), _ = await engine.fetch(Statement(_BEFORE, (site, kept_from, site, kept_from, rules.RETAIN_FACTS)))
    facts, minutes, newest = (value if isinstance(value, int) else 0 for value in found)
    if not facts and not minutes:
        return
    last = newest if facts == rules.RETAIN_FACTS else kept_from - 1
    removed = await engine.command(Erase(site, engine.now(), last=last))
    log.info("what was kept long enough is erased", site=site, facts=facts, counted_views=removed)
