"""Changed sites -> deltas -> viewers: everything is computed once and encoded once, however many watch.

It reads the live state and knows neither how facts arrive nor how messages travel. A site has two audiences, its owner and
strangers, who see what live/public.py lets them see.
A viewer has one slot. One whose slot is still full when the next message is made gets the whole snapshot instead: a slow
viewer costs itself messages, never the others time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import msgspec
import structlog
from msgspec.structs import replace

from footfall import rules
from footfall.live.fold import Fold
from footfall.live.public import Projection
from footfall.live.site import SiteState
from footfall.live.snapshot import Snapshot, diff, places_of, snapshot
from footfall.model import Site
from footfall.supervised import supervised

_FASTEST = 0.1  # seconds between two rounds at least, and twice what the last one took: half of that was pauses
_KEEP_ALIVE = 15.0
_BREATH = 100  # viewers served before everybody else gets a turn
_PAUSE = 0.001  # seconds of that turn: without it, facts that arrive wait until thousands of viewers have been written to
_KEEP_ALIVE_MESSAGE = b": keep-alive\n\n"

_encode = msgspec.json.Encoder().encode
log = structlog.get_logger(__name__)


class StreamEnded(Exception):
    """The hub closes: the viewer's stream ends here."""


class Viewer:
    """One stream. `next` gives the next message, ready to send."""

    __slots__ = ("_slot", "_waiter", "channel")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._slot: bytes | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def next(self) -> bytes:
        """Wait for the next Server-Sent Events message. Raises StreamEnded when the hub closes."""
        while self._slot is None:
            if self.channel.closed:
                raise StreamEnded
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        message, self._slot = self._slot, None
        return message

    def offer(self, message: bytes, instead: Callable[[], bytes]) -> None:
        """Put a message into the slot; if the last one is still there, what is `instead` replaces both."""
        free = self._slot is None or self._slot is _KEEP_ALIVE_MESSAGE
        self._slot = message if free else instead()
        self.wake()

    @property
    def behind(self) -> bool:
        """Whether a message waits that was not taken yet."""
        return self._slot is not None

    def wake(self) -> None:
        """Let `next` look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Channel:
    """What one audience of one site sees: its newest snapshot, encoded at most once for each version.

    Strangers are told of pages and of places by turns, never in one message: places once in each slot of their clock, after the
    pages were told in that slot.
    """

    def __init__(self, site: str, owner: bool, version: int, projection: Projection) -> None:
        self.site = site
        self.owner = owner
        self.projection = projection  # strangers'
        self.viewers: set[Viewer] = set()
        self.closed = False
        self.current: Snapshot | None = None
        self.version = version
        self.due = 0  # when there is something to tell though no fact came: another turn, one who may go, a minute that passes
        self.faulty = False  # the last round could not make its message
        self._looked = 0  # when the pages were told last
        self._places_at = 0  # the beginning of the slot for which strangers were told the places last
        self._behind = False  # places were told since: what else changed waits
        self._body: bytes | None = None

    def refresh(self, site: Site, state: SiteState, now: int) -> bytes | None:
        """One turn: the delta message if anything changed since the last."""
        tell = self._tell_places if self._places_wait else self._tell_pages
        message = tell(site, state, now)
        self.due = self._next(state)
        return message

    def look(self, site: Site, state: SiteState, now: int) -> None:
        """Both turns at once, for one who asks while nobody watches."""
        self._tell_pages(site, state, now)
        if self._places_wait:
            self._tell_places(site, state, now)
        self.due = self._next(state)

    def _next(self, state: SiteState) -> int:
        """What is due. Kept until the next look, though presence be advanced for others before: who left then is not told yet."""
        if self._behind or self._places_wait:
            return self._looked
        step = rules.MINUTE if self.owner else rules.PLACES_CLOCK
        end, expiry = _slot(self._looked, step) + step, state.presence.next_expiry()
        return end if expiry is None else min(end, expiry)

    def body(self) -> bytes:
        """The snapshot as JSON."""
        if self._body is None:
            self._body = _encode(self.current)
        return self._body

    def message(self) -> bytes:
        """The snapshot as a message."""
        return b"event: snapshot\nid: %d\ndata: %b\n\n" % (self.version, self.body())

    @property
    def _places_wait(self) -> bool:
        return not self.owner and self.current is not None and _slot(self._looked, rules.PLACES_CLOCK) != self._places_at

    def _tell_pages(self, site: Site, state: SiteState, now: int) -> bytes | None:
        """Everything; for strangers all but the places."""
        self._looked, self._behind = now, False
        state.presence.advance(now)
        if self.owner:
            return self._tell(snapshot(self.site, state, now, self.version + 1, places_of(state.presence.places, site.grid)))
        places = () if self.current is None else self.current.places
        return self._tell(self.projection.snapshot(site, state, now, self.version + 1, places))

    def _tell_places(self, site: Site, state: SiteState, now: int) -> bytes | None:
        """The places alone."""
        assert self.current is not None  # pages were told before
        self._places_at, self._behind = _slot(self._looked, rules.PLACES_CLOCK), True
        places = self.projection.places(site, state, now)
        return self._tell(replace(self.current, version=self.version + 1, at=now, places=places))

    def _tell(self, fresh: Snapshot) -> bytes | None:
        delta = None if self.current is None else diff(self.current, fresh)
        if self.current is not None and delta is None:
            return None
        self.version += 1
        self.current, self._body = fresh, None
        return None if delta is None else b"event: delta\nid: %d\ndata: %b\n\n" % (self.version, _encode(delta))


def _slot(now: int, length: int) -> int:
    return now - now % length


class Hub:
    """Watches changed sites and serves viewers. `fold` gives the live state as it is now; `sites` is a live view."""

    def __init__(self, fold: Callable[[], Fold], sites: Mapping[str, Site], clock: Callable[[], int]) -> None:
        self._fold = fold
        self._sites = sites
        self._now = clock
        self._channels: dict[tuple[str, bool], Channel] = {}
        self._projections: dict[str, Projection] = {}  # longer than a channel: what was told once binds what is told later
        self._first_version = clock()  # later than any version of an earlier process, so none is mistaken for it
        self._changed = asyncio.Event()
        self._dirty: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self.viewers = 0
        self.fan_out_seconds = 0.0  # what the last round took

    def start(self) -> None:
        """Begin serving; needs a running loop."""
        here = {id: Projection(state.presence.active) for id, state in self._fold().sites.items() if state.presence.active}
        self._projections = here | self._projections
        self._task = supervised(asyncio.create_task(self._run(), name="hub"))

    async def close(self) -> None:
        """End every stream."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for channel in self._channels.values():
            channel.closed = True
            for viewer in channel.viewers:
                viewer.wake()

    def changed(self, sites: set[str]) -> None:
        """The engine's word that these sites may look different now."""
        self._dirty |= sites
        self._changed.set()

    def snapshot(self, site: str, owner: bool) -> bytes:
        """The newest snapshot as JSON, for one audience."""
        channel = self._channel(site, owner)
        self._refresh(channel)
        return channel.body()

    def join(self, site: str, owner: bool) -> Viewer:
        """A new viewer; its first message is the snapshot."""
        channel = self._channel(site, owner)
        self._refresh(channel)
        viewer = Viewer(channel)
        viewer.offer(channel.message(), channel.message)
        channel.viewers.add(viewer)
        self.viewers += 1
        self._changed.set()
        return viewer

    def projection(self, site: str) -> Projection:
        """What strangers may be told of a site as it is now."""
        channel = self._channel(site, False)
        settings, state, _ = self._look(channel)
        channel.projection.follow(settings, state.pages)
        return channel.projection

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer; a second call does nothing."""
        if viewer in viewer.channel.viewers:
            viewer.channel.viewers.discard(viewer)
            self.viewers -= 1

    def forget(self, site: str) -> None:
        """End the streams of a site that was removed or became private."""
        for owner in (True, False):
            channel = self._channels.pop((site, owner), None)
            if channel is not None:
                channel.closed = True
                for viewer in channel.viewers:
                    viewer.wake()

    def _channel(self, site: str, owner: bool) -> Channel:
        channel = self._channels.get((site, owner))
        if channel is None:
            projection = self._projections.setdefault(site, Projection())
            channel = self._channels[(site, owner)] = Channel(site, owner, max(self._first_version, self._now()), projection)
        return channel

    def _refresh(self, channel: Channel) -> None:
        """Look again, unless somebody watches: then the rounds keep the channel up to date."""
        if channel.current is None or not channel.viewers:
            channel.look(*self._look(channel))

    def _look(self, channel: Channel) -> tuple[Site, SiteState, int]:
        site = self._sites.get(channel.site) or Site(channel.site)
        return site, self._fold().sites.get(channel.site) or SiteState(), self._now()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        keep_alive_at = loop.time() + _KEEP_ALIVE
        while True:
            await self._wait(keep_alive_at - loop.time())
            began = loop.time()
            dirty, self._dirty = self._dirty, set()
            self._changed.clear()
            for channel in list(self._channels.values()):
                if channel.viewers and (channel.site in dirty or self._quiet_for(channel) <= 0):
                    await self._serve(channel)
                    await asyncio.sleep(0)
            if began >= keep_alive_at:
                keep_alive_at = began + _KEEP_ALIVE
                await self._keep_alive()
            self.fan_out_seconds = loop.time() - began
            await asyncio.sleep(max(_FASTEST, 2 * self.fan_out_seconds))

    async def _wait(self, seconds: float) -> None:
        """Until something changed, something is due by the clock, or the keep-alive is."""
        for channel in self._channels.values():
            if channel.viewers:
                seconds = min(seconds, self._quiet_for(channel))
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._changed.wait()
        except TimeoutError:
            return

    def _quiet_for(self, channel: Channel) -> float:
        """Seconds until there is something to tell though no fact came."""
        return (channel.due - self._now()) / rules.SECOND

    async def _serve(self, channel: Channel) -> None:
        message = self._message(channel)
        if message is None:
            return
        async for viewer in _each_in_turn(channel):
            viewer.offer(message, channel.message)

    def _message(self, channel: Channel) -> bytes | None:
        """The channel's next message, if there is one. A fault in one site must not end the streams of the others."""
        try:
            message = channel.refresh(*self._look(channel))
            channel.faulty = False
            return message
        except Exception:  # whatever it is: told once, and tried again when the site changes or a minute has passed
            if not channel.faulty:
                log.exception("a site cannot be shown; its viewers get nothing new", site=channel.site, owner=channel.owner)
            channel.faulty, channel.due = True, self._now() + rules.MINUTE
            return None

    async def _keep_alive(self) -> None:
        for channel in list(self._channels.values()):
            async for viewer in _each_in_turn(channel):
                if not viewer.behind:
                    viewer.offer(_KEEP_ALIVE_MESSAGE, channel.message)


async def _each_in_turn(channel: Channel) -> AsyncIterator[Viewer]:
    """All viewers, with a turn for everybody else now and then."""
    for served, viewer in enumerate(list(channel.viewers), 1):
        yield viewer
        if served % _BREATH == 0:
            await asyncio.sleep(_PAUSE)
