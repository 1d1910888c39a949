"""The original module's functions, for the sites of one engine: what the Python API and its clients' door both call.

It knows nothing of who calls. Arguments are checked in intake/original.py, decisions are the fold's.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from footfall.backfill import BEGINNING, ChunkReport, Cursor, walked
from footfall.engine import Engine
from footfall.errors import InvalidInput
from footfall.intake.original import OriginalDoor, check_arguments
from footfall.intake.reasons import Reason
from footfall.live.site import SiteState
from footfall.live.stats import Stats, stats
from footfall.model import Fact, Sweep
from footfall.registry.base import Registry

NOTHING_TO_BACKFILL = "No pageViews to backfill"
BACKFILL_STARTED = "Backfill started. Check logs for progress."
TELLING = frozenset({"recordPageView", "heartbeat"})  # the functions whose calls are facts
_QUEUE = "backfill"  # kind of the documents that say how far a queued backfill has come
_CURSOR = re.compile(r"(\d{1,18})\.(\d{1,18})").fullmatch

_REJECTED = {  # what the fold may still refuse
    "too_many_paths": ("path", "one that was viewed before: the site has as many different pages as one may have"),
    "site_full": ("sessionId", "one that is known: the site has as many readers as one may have at a time"),
}


class _Queue(msgspec.Struct, frozen=True):
    """Where queued backfills stand: (seq, n) of the last view walked and how many were, one entry for each backfill."""

    queued: tuple[Cursor, ...] = ()


class Original:
    """The functions. Raises NotFound for a site that is not there, InvalidInput naming the argument, Busy."""

    def __init__(self, engine: Engine, registry: Registry, door: OriginalDoor) -> None:
        self._engine = engine
        self._registry = registry
        self._door = door
        self._turn = asyncio.Lock()  # of those who change a queue

    async def record_page_view(self, site: str, path: str, page_type: str, session_id: str, call: str = "") -> None:
        """A session views a path. `call` names this call over its retries."""
        await self._record(site, lambda now: self._door.view(site, path, page_type, session_id, now, call))

    async def heartbeat(self, site: str, session_id: str, current_path: str, call: str = "", **place: Any) -> None:
        """A session is on a path; `place` is what is given of city, country, latitude, longitude."""
        await self._record(site, lambda now: self._door.beat(site, session_id, current_path, now, call=call, **place))

    async def _record(self, site: str, made: Callable[[int], Fact]) -> None:
        try:
            fact = made(self._engine.now())
        except InvalidInput:
            await self.turned_away(site, Reason.MALFORMED)
            raise
        (verdict,) = await self._engine.record([fact])
        if verdict.outcome == "rejected":
            raise InvalidInput(*_REJECTED.get(verdict.reason, ("fact", verdict.reason)))
        await self._engine.shown()

    async def turned_away(self, site: str, reason: Reason) -> None:
        """The ledger has calls too that told nothing."""
        await self._engine.record([], [(site, self._door.name, reason)])

    def state(self, site: str) -> SiteState:
        """As it is now; looking at it makes nothing."""
        return self._engine.fold.sites.get(site) or SiteState()

    def stats(self, site: str) -> Stats:
        """Everything about a site as it is now."""
        return stats(self.state(site), self._engine.now())

    async def clean_up(self, site: str) -> int:
        """Remove the sessions without a heartbeat for more than two minutes; how many."""
        removed = await self._engine.command(Sweep(self._engine.now(), site))
        assert isinstance(removed, int)
        return removed

    async def backfill_start(self, site: str) -> str:
        """Queue a backfill; the original's message."""
        if not self.state(site).views:
            return NOTHING_TO_BACKFILL
        async with self._turn:
            queue = await self._queue(site)
            await self._save(site, _Queue((*queue.queued, BEGINNING)))
        return BACKFILL_STARTED

    async def backfill_step(self, site: str) -> list[ChunkReport]:
        """Walk one chunk of every queued backfill; their reports, [] if none is queued. Survives a restart."""
        async with self._turn:
            reports, left = list[ChunkReport](), list[Cursor]()
            for at in (await self._queue(site)).queued:
                report, behind = await walked(self._engine, site, at)
                reports.append(report)
                if report.status == "in_progress":
                    left.append(behind)
            await self._save(site, _Queue(tuple(left)))
        return reports

    async def call(self, site: str, function: str, arguments: Mapping[str, Any], call: str = "") -> object:
        """One of them by the original's name, with arguments and result as its clients see them; also NotFound for the name."""
        try:
            check_arguments(function, arguments)
        except InvalidInput:
            if function in TELLING:
                await self.turned_away(site, Reason.MALFORMED)
            raise
        match function:
            case "recordPageView":
                await self.record_page_view(site, arguments["path"], arguments["pageType"], arguments["sessionId"], call)
            case "heartbeat":
                place = {name: arguments[name] for name in ("city", "country", "latitude", "longitude") if name in arguments}
                await self.heartbeat(site, arguments["sessionId"], arguments["currentPath"], call, **place)
            case "getStats":
                return msgspec.to_builtins(self.stats(site))
            case "cleanupStaleSessions":
                return await self.clean_up(site)
            case "backfillAggregates":
                return {"message": await self.backfill_start(site)}
            case "backfillAggregatesChunk":
                return await self._chunk(site, arguments["cursor"], arguments["totalProcessed"])
        return None

    async def _chunk(self, site: str, cursor: str | None, processed: float) -> dict[str, object]:
        """A chunk that the caller asks for; whose sessions were seen before is known from the rows, whatever the caller says."""
        if not math.isfinite(processed):
            raise InvalidInput("totalProcessed", "a finite number")
        found = _CURSOR(cursor or "")
        if cursor is not None and found is None:
            raise InvalidInput("cursor", "null, or the cursor of the chunk before")
        seq, n = (int(found[1]), int(found[2])) if found else BEGINNING[:2]
        report, (seq, n, _) = await walked(self._engine, site, (seq, n, int(processed)))
        return {**msgspec.to_builtins(report), "cursor": f"{seq}.{n}" if report.status == "in_progress" else None}

    async def _queue(self, site: str) -> _Queue:
        document = await self._registry.get(_QUEUE, site)
        return _Queue() if document is None else msgspec.json.decode(document, type=_Queue)

    async def _save(self, site: str, queue: _Queue) -> None:
        await self._registry.put(_QUEUE, site, msgspec.json.encode(queue))
