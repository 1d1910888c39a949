"""Removing a site with all its data, so that it never comes back without them.

First a mark, then the data, then the site, last the mark: who finds a mark later (there was a crash, or a node of a cluster died)
goes on from it. A site that has a mark is unknown. It names no backend.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog

from footfall.engine import Engine
from footfall.errors import Busy, Full
from footfall.keys import Keys
from footfall.model import Erase
from footfall.registry.base import Registry

SITES = "site"  # their kind in the registry
MARKS = "removing"  # the kind of the marks

Alone = Callable[[str], AbstractAsyncContextManager[bool]]

log = structlog.get_logger(__name__)


class Removals:
    """Made by house.py. `notice` seconds pass between mark and erase: so long it may take until others know of the mark."""

    def __init__(self, engine: Engine, registry: Registry, keys: Keys, alone: Alone, notice: float) -> None:
        self._engine = engine
        self._registry = registry
        self._keys = keys
        self._alone = alone
        self._notice = notice

    @asynccontextmanager
    async def of(self, id: str) -> AsyncIterator[None]:
        """Within, nobody else removes this site. Raises Full when somebody does already."""
        async with self._alone_with(id) as ours:
            if not ours:
                raise Full(f"another node is removing {id}")
            yield

    def _alone_with(self, id: str) -> AbstractAsyncContextManager[bool]:
        return self._alone(f"removing-{id}")

    async def mark(self, id: str) -> None:
        """Begin."""
        await self._registry.put(MARKS, id, b"")

    async def unmark(self, id: str) -> None:
        """End, one way or the other."""
        try:
            await self._registry.delete(MARKS, id)
        except Busy as error:
            log.error("a site is still marked; it will be removed", site=id, error=str(error))

    async def carry_out(self, id: str) -> int:
        """Remove a marked site; how many counted views went. Raises Busy, HistoryFailed."""
        await asyncio.sleep(self._notice)  # what a node took meanwhile that did not know would stay, of a site that is no more
        if not await self._is_marked(id):
            return 0
        removed = await self._engine.command(Erase(id, self._engine.now()))
        assert isinstance(removed, int)
        if await self._is_marked(id):
            await self._keys.revoke_all_of(id)
            await self._registry.delete(SITES, id)
            await self.unmark(id)
        return removed

    async def _is_marked(self, id: str) -> bool:
        """False if another node finished the removal: this one was stopped, and the name may be a new site's by now."""
        return await self._registry.get(MARKS, id) is not None

    async def go_on(self) -> None:
        """Finish what was cut off. Raises Busy, HistoryFailed."""
        for id in await self._registry.list(MARKS):
            async with self._alone_with(id) as ours:
                if ours and await self._is_marked(id):
                    await self._finish(id)

    async def _finish(self, id: str) -> None:
        if await self._registry.get(SITES, id) is None:
            await self.unmark(id)
        else:
            log.warning("a site is being removed: that was asked for, and cut off", site=id)
            await self.carry_out(id)

    async def make_room(self, id: str) -> None:
        """For a new site, perhaps of the same name as one before. Raises Busy."""
        if not await self._is_marked(id):
            return
        if await self._registry.get(SITES, id) is not None:
            raise Full(f"the site {id} is being removed")
        await self._registry.delete(MARKS, id)
