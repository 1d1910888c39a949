"""What other nodes did to sites, keys and the password: looked for once a second, and sooner when somebody names a site that is
not known here, which another node may have added a moment ago. It knows no registry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from footfall.errors import Busy, Full

_EVERY = 1.0  # seconds
_PAUSE = 0.1  # between two looks, whatever strangers ask
_PATIENCE = 2.0

log = structlog.get_logger(__name__)


class News:
    """`revision` gives another number whenever anything changed, `refresh` makes it known here."""

    def __init__(self, revision: Callable[[], Awaitable[int]], refresh: Callable[[], Awaitable[None]]) -> None:
        self._revision = revision
        self._refresh = refresh
        self._known = 0
        self._asking: list[asyncio.Future[None]] = []
        self._asked = asyncio.Event()

    async def look(self) -> None:
        """What was changed before this was called is known when it returns. Raises Full."""
        known: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asking.append(known)
        self._asked.set()
        try:
            async with asyncio.timeout(_PATIENCE):
                await known
        except TimeoutError:
            raise Full("what other nodes changed is not known yet") from None

    async def run(self) -> None:
        """For ever: all who asked before a look share it."""
        while True:
            self._asked.clear()
            asking, self._asking = self._asking, []
            try:
                await self._renew()
            except Busy as error:
                log.warning("what other nodes changed is not known yet", error=str(error))
                asking = []  # they have waited long enough
            for known in asking:
                if not known.done():
                    known.set_result(None)
            await asyncio.sleep(_PAUSE)
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY - _PAUSE):
                    await self._asked.wait()

    async def _renew(self) -> None:
        now = await self._revision()
        if now != self._known:
            await self._refresh()
            self._known = now
