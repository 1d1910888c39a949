"""An export: the rows of some sites and their settings as files that other programs read, and that import takes back.

What is no row yet (open visits, the last half hour's minutes, the ledger's last increments) is exported as it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from footfall import manifest
from footfall.engine import Engine
from footfall.history.base import ExportedHistory
from footfall.journal.base import Vector
from footfall.live.fold import Fold
from footfall.live.unfinished import unfinished
from footfall.model import Site


async def export(
    engine: Engine, history: ExportedHistory, store: str, sites: Iterable[Site], form: str, version: str, into: Path
) -> manifest.Manifest:
    """Fill an empty folder with all sites at one seq. Raises Busy, HistoryFailed; then it is of no use."""
    exported = tuple(sites)

    async def written(served: Fold, upto: Vector) -> tuple[int, dict[str, int]]:
        rows: dict[str, int] = {}
        for site in exported:
            more = await asyncio.to_thread(unfinished, served, site.id)  # of a busy hour they are many; nobody changes this copy
            rows |= await history.export(site.id, upto, more, into, form)
        return served.seq, rows

    position, rows = await engine.undisturbed(written)
    told = manifest.Manifest("export", version, store, engine.now(), position, sites=exported)
    return await asyncio.to_thread(manifest.seal, into, told, rows)
