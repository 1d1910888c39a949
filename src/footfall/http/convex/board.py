"""What getStats returns of each site, worked out once for everybody who asks or watches, and when there is something new.

Working out takes a share of the loop and telling takes bytes: both have a budget, and whoever waits gets the newest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from footfall.convex.connection import Value
from footfall.convex.setting import EXACT, OFF
from footfall.convex.told import pieces
from footfall.house import House
from footfall.live.site import SiteState
from footfall.live.stats import stats
from footfall.model import Site
from footfall.rules import SECOND
from footfall.supervised import supervised

FASTEST = 0.5  # seconds between two pushes of a site at least
SHARE = 4  # working out takes one part in so many of the time at most
BYTES_PER_SECOND = 64 << 20  # that are pushed of a site
MOST_BYTES = 15 << 20  # of a result: one of the clients takes no message of 16 MiB, and comes back for it for ever
_BREATH = 100  # watchers woken before the loop looks at other work
TOO_LARGE = "The statistics of this site are larger than 15 MiB, which is more than clients take."


class Ticks:
    """The ts of everything that is told: nanoseconds since 1970, each later than the one before."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._last = 0

    def next(self) -> int:
        """The next one."""
        self._last = max(self._last + 1, self._now() * 1_000_000)
        return self._last


class Board:
    """One site's. `look()` gives its settings and its state as they are now."""

    def __init__(self, look: Callable[[], tuple[Site, SiteState]], now: Callable[[], int], ticks: Ticks) -> None:
        self._look = look
        self._now = now
        self._ticks = ticks
        self._value: Value | None = None
        self._shown = ("", 0.0)  # how coordinates were told
        self._touches, self._seen = 0, -1  # changes so far, and how many of them are in the value
        self._expiry: int | None = None  # when the next reader may be gone
        self._turn = asyncio.Lock()
        self._rest = 0.0  # until then nothing is worked out
        self._watchers: set[Callable[[], None]] = set()
        self._touched = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None

    def touch(self) -> None:
        """The site may look different now."""
        self._touches += 1
        self._touched.set()

    def newest(self) -> Value | None:
        """What was worked out last; told to hold now if nothing has changed since."""
        if self._value is not None and self._holds:
            self._value = replace(self._value, as_of=self._ticks.next())
        return self._value

    async def fresh(self) -> Value:
        """What holds now, or later."""
        asked = self._ticks.next()
        while (value := self.newest()) is None or value.as_of < asked:
            async with self._turn:
                if (value := self.newest()) is None or value.as_of < asked:
                    await asyncio.sleep(self._rest - asyncio.get_running_loop().time())
                    await self._work_out()
        return value

    def watch(self, wake: Callable[[], None]) -> None:
        """From now on `wake` is called when there may be something new. A second call makes sure that it is told soon."""
        self._watchers.add(wake)
        if not self._holds:
            self._touched.set()
        if self._telling is None or self._telling.done():
            self._telling = supervised(asyncio.create_task(self._tell(), name="board"))

    def unwatch(self, wake: Callable[[], None]) -> None:
        """No longer; a second call does nothing."""
        self._watchers.discard(wake)
        if not self._watchers and self._telling is not None:
            self._telling.cancel()
            self._telling = None

    @property
    def _holds(self) -> bool:
        site, _ = self._look()
        gone = self._expiry is not None and self._now() >= self._expiry
        return self._seen == self._touches and not gone and self._shown == (site.convex, site.grid)

    async def _work_out(self) -> None:
        loop = asyncio.get_running_loop()
        site, state = self._look()
        as_of, seen, spent, began = self._ticks.next(), self._touches, 0.0, loop.time()
        found = stats(state, self._now())
        expiry = state.presence.next_expiry()
        text = bytearray()
        for piece in pieces(found, 0.0 if site.convex == EXACT else site.grid):
            text += piece
            if len(text) > MOST_BYTES:
                break
            spent += loop.time() - began
            await asyncio.sleep(0)
            began = loop.time()
        self._rest = loop.time() + SHARE * spent
        failed = len(text) > MOST_BYTES
        told = TOO_LARGE if failed else text.decode()
        before = self._value
        since = before.since if before is not None and (before.text, before.failed) == (told, failed) else as_of
        self._value, self._seen, self._expiry = Value(as_of, since, told, failed), seen, expiry
        self._shown = (site.convex, site.grid)

    async def _tell(self) -> None:
        """Rounds, as long as anybody watches: at once after a quiet time, else by budget."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._touched.clear()
            value = await self.fresh()
            for told, wake in enumerate(list(self._watchers), 1):
                wake()
                if told % _BREATH == 0:
                    await asyncio.sleep(0)
            spent, bytes = loop.time() - began, len(value.text) * len(self._watchers)
            await asyncio.sleep(max(FASTEST, SHARE * spent, bytes / BYTES_PER_SECOND))
            await self._wait()

    async def _wait(self) -> None:
        """Until the site was touched, or a reader may be gone."""
        left = None if self._expiry is None else max(0.0, (self._expiry - self._now()) / SECOND)
        try:
            async with asyncio.timeout(left):
                await self._touched.wait()
        except TimeoutError:
            return


class Boards:
    """The boards of all sites that somebody asked about."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._ticks = Ticks(house.engine.now)
        self._boards: dict[str, Board] = {}

    def of(self, site: str) -> Board:
        """A site's."""
        board = self._boards.get(site)
        if board is None:
            board = self._boards[site] = Board(lambda: self._look(site), self._house.engine.now, self._ticks)
        return board

    def ts(self) -> int:
        """One that is later than all before."""
        return self._ticks.next()

    def tick(self) -> None:
        """Once a second: forget what is of no site, or of one whose door was shut."""
        sites = self._house.sites
        shut = [id for id in self._boards if id not in sites or sites[id].convex == OFF]
        for id in shut:
            del self._boards[id]

    def changed(self, sites: set[str]) -> None:
        """The engine's word that these may look different now."""
        for site in sites & self._boards.keys():
            self._boards[site].touch()

    def _look(self, site: str) -> tuple[Site, SiteState]:
        return self._house.sites.get(site) or Site(site), self._house.engine.fold.sites.get(site) or SiteState()
