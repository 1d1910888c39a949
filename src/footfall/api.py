"""Footfall in a Python program: the original module's calls on the embedded engine, over one data folder.

    async with await Footfall.open(Path("data"), site="blog") as footfall:
        await footfall.record_page_view("/hello", "blog", session_id)
        print((await footfall.get_stats()).total_page_views)

Times come from the `clock` that is handed in, milliseconds since 1970 UTC. What returns has been made durable.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from footfall import rules
from footfall.backfill import ChunkReport
from footfall.clock import Clock, process_clock
from footfall.engine import Limits
from footfall.errors import InvalidInput
from footfall.intake.identity import Identity
from footfall.intake.original import OriginalDoor, check_text
from footfall.live.stats import Stats
from footfall.model import Erase, Import, Publish, Site
from footfall.original import Original
from footfall.store import Store, open_store

_LATEST = 8_640_000_000_000_000  # the year 275760, where dates of browsers end


class ImportedView(msgspec.Struct, frozen=True):
    """A page view that was counted elsewhere. `timestamp` is milliseconds since 1970 UTC."""

    path: str
    page_type: str
    session_id: str
    timestamp: int


class Footfall:
    """One site of a data folder. Made by `open`; every call is safe to make from many tasks at once."""

    def __init__(self, store: Store, site: str, clock: Clock) -> None:
        self._store = store
        self._site = site
        self._now = clock
        identity = Identity(store.folder.secret, store.folder.salt, lambda site, visitor: store.engine.fold.knows(site, visitor))
        self._door = OriginalDoor({site: Site(site)}, identity, lambda: secrets.randbits(64) or 1)
        self._original = Original(store.engine, store.registry, self._door)
        self._viewers: set[asyncio.Event] = set()
        store.engine.on_change = self._changed

    @classmethod
    async def open(
        cls, folder: Path, *, site: str = "my-site", clock: Clock | None = None, limits: Limits | None = None
    ) -> Footfall:
        """Open (or make) a data folder. Raises InvalidInput for the site, StoreRefused with a repair for the folder."""
        if not rules.is_site_id(site):
            raise InvalidInput("site", rules.SITE_IDS)
        clock = clock or process_clock()
        return cls(await open_store(folder, clock, limits), site, clock)

    async def close(self) -> None:
        """Drain, leave a checkpoint, release the folder."""
        await self._store.close()

    async def __aenter__(self) -> Footfall:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    # --- the original's calls ---

    async def record_page_view(self, path: str, page_type: str, session_id: str) -> None:
        """A session views a path; within 30 minutes of a counted view of the same two it counts nothing.

        Raises InvalidInput naming path, pageType or sessionId, Busy when nothing can be taken.
        """
        await self._original.record_page_view(self._site, path, page_type, session_id)

    async def heartbeat(
        self,
        session_id: str,
        current_path: str,
        *,
        city: str | None = None,
        country: str | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
    ) -> None:
        """A session is on a path; skipped whole within 20 s of its last heartbeat. What is given of the place replaces what
        was known. Raises InvalidInput naming the field, Busy when nothing can be taken."""
        place: dict[str, Any] = {"city": city, "country": country, "latitude": latitude, "longitude": longitude}
        await self._original.heartbeat(self._site, session_id, current_path, **place)

    async def get_stats(self) -> Stats:
        """Everything about the site as it is now."""
        return self._original.stats(self._site)

    async def subscribe(self) -> AsyncIterator[Stats]:
        """The statistics now, and again whenever they change: arrivals, moves and departures. The newest only: a slow
        subscriber misses what lies between."""
        changed = asyncio.Event()
        self._viewers.add(changed)
        try:
            last: Stats | None = None
            while True:
                fresh = await self.get_stats()
                if fresh != last:
                    last = fresh
                    yield fresh
                await self._change(changed)
        finally:
            self._viewers.discard(changed)

    async def cleanup_stale_sessions(self) -> int:
        """Remove the sessions without a heartbeat for more than two minutes; how many."""
        return await self._original.clean_up(self._site)

    async def backfill_aggregates(self) -> tuple[str, list[ChunkReport]]:
        """Walk all stored views in chunks of 500, with what was queued before, to the end; the message and all reports.

        Counters are exact without it: it is there for those who call it, changes nothing, and may be repeated.
        """
        message, reports = await self.backfill_start(), list[ChunkReport]()
        while chunks := await self.backfill_step():
            reports += chunks
        return message, reports

    async def backfill_start(self) -> str:
        """Queue a backfill; the original's message."""
        return await self._original.backfill_start(self._site)

    async def backfill_step(self) -> list[ChunkReport]:
        """Walk one chunk of every queued backfill; their reports, [] if none is queued. Survives a restart."""
        return await self._original.backfill_step(self._site)

    async def call(self, function: str, arguments: Mapping[str, Any]) -> object:
        """One of the original's functions by its own name, with arguments and result as its clients see them.

        Raises NotFound for the name and InvalidInput for arguments that are missing, unknown, null or of another type.
        """
        return await self._original.call(self._site, function, arguments)

    # --- the store beside it ---

    async def publish(self, kind: str, slug: str, title: str, published: bool) -> None:
        """Add or replace the post or page of that slug. `kind` is "post" or "page". Raises InvalidInput naming the field."""
        if kind not in ("post", "page"):
            raise InvalidInput("kind", '"post" or "page"')
        check_text("slug", slug, rules.MAX_PATH_BYTES)
        check_text("title", title, rules.MAX_TEXT_BYTES)
        if not isinstance(published, bool):
            raise InvalidInput("published", "true or false")
        await self._store.engine.command(Publish(self._site, self._now(), kind, slug, title, published))

    async def import_views(self, views: Sequence[ImportedView]) -> int:
        """Add views that were counted elsewhere, as they stand; how many. They are not judged as repeats of each other.

        Raises InvalidInput naming the field of the first that is malformed; none is added then.
        """
        for view in views:
            _check_time("timestamp", view.timestamp)
        facts = tuple(self._door.view(self._site, v.path, v.page_type, v.session_id, v.timestamp) for v in views)
        added = await self._store.engine.command(Import(self._site, self._now(), facts))
        assert isinstance(added, int)
        return added

    async def erase(
        self,
        *,
        path: str | None = None,
        session_id: str | None = None,
        page_type: str | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> int:
        """Remove the facts that match everything given (`first` and `last` bound the time, both included); how many counted
        views went. Every total follows at once. The journal's bytes are overwritten; history's stay in free
        blocks of its file until it uses them again. Raises InvalidInput naming the field."""
        for name, text in (("path", path), ("session_id", session_id), ("page_type", page_type)):
            if text is not None:
                check_text(name, text, rules.MAX_PATH_BYTES)
        for name, time in (("first", first), ("last", last)):
            if time is not None:
                _check_time(name, time)
        visitor = None if session_id is None else self._door.visitor(self._site, session_id)
        removed = await self._store.engine.command(Erase(self._site, self._now(), path, visitor, page_type, first, last))
        assert isinstance(removed, int)
        return removed

    async def verify(self) -> list[str]:
        """Recount every total from the rows: one sentence for each difference, [] if all is equal."""
        return await self._store.engine.verify()

    # --- inside ---

    def _changed(self, sites: set[str]) -> None:
        if self._site in sites:
            for changed in self._viewers:
                changed.set()

    async def _change(self, changed: asyncio.Event) -> None:
        """Until something changed or the next reader may be gone; a moment more, so that a burst is told once."""
        expiry = self._original.state(self._site).presence.next_expiry()
        try:
            async with asyncio.timeout(None if expiry is None else max(0, expiry - self._now()) / rules.SECOND):
                await changed.wait()
        except TimeoutError:
            return
        changed.clear()


def _check_time(field: str, value: object) -> None:
    """Records hold whole numbers only: one that held another could not be read again."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LATEST:
        raise InvalidInput(field, f"whole milliseconds since 1970 UTC, 0 to {_LATEST}")
