"""The live doors: GET /api/live/{site}, the snapshot, and /stream, Server-Sent Events (docs/wire.md).

It carries bytes that the hub made, encoded once for everybody; it does not know what is in them. A viewer costs two tasks
and no timer: one sends what the hub has, the other waits for `http.disconnect`, because a server may swallow what is sent to
a viewer that left.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import msgspec

from footfall.http.answers import JSON, NO_STORE, NOSNIFF, Headers, Receive, Scope, Send, answer
from footfall.http.auth import Gate, Standing
from footfall.http.seats import STREAMS_PER_ADDRESS, Seats
from footfall.hub import Hub, StreamEnded, Viewer
from footfall.intake.address import network_of

STALLED_SECONDS = 60  # a message that cannot be handed over for so long: nobody reads there
GOODBYE_SECONDS = 1
RETRY_SECONDS = 5

STREAM: Headers = (
    (b"content-type", b"text/event-stream"),
    NO_STORE,
    (b"x-accel-buffering", b"no"),  # nginx would hold messages back
    NOSNIFF,
)
ANSWER: Headers = (JSON, NO_STORE, NOSNIFF)


class Stream:
    """One open stream. `stop` is called once by whoever first knows that it is over."""

    __slots__ = ("_send", "_task", "left", "sending_since", "stopped")

    def __init__(self, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None  # every ASGI server runs a task per request
        self._task: asyncio.Task[object] = task
        self._send = send
        self.sending_since: float | None = None
        self.stopped = False
        self.left = False  # the viewer is gone: there is nobody to say goodbye to

    def stop(self) -> None:
        """End it, wherever it waits."""
        if not self.stopped:
            self.stopped = True
            self._task.cancel()

    async def carry(self, viewer: Viewer, clock: Callable[[], float]) -> None:
        """Hand over what comes until the stream is stopped or the hub closes."""
        try:
            while True:
                message = await viewer.next()
                self.sending_since = clock()
                await self._send({"type": "http.response.body", "body": message, "more_body": True})
                self.sending_since = None
        except StreamEnded:
            return
        except OSError:  # how ASGI servers say that the client has left, if they say it
            self.left = True
        except asyncio.CancelledError:
            if not self.stopped:
                raise
            self._task.uncancel()

    async def watch(self, receive: Receive) -> None:
        """Wait until the viewer has left."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self.stop()


class Live:
    """Both doors. `clock` gives seconds that never go back; `answers` counts (door, status) for /metrics."""

    def __init__(self, hub: Hub, gate: Gate, seats: Seats, answers: Counter[tuple[str, int]], clock: Callable[[], float]) -> None:
        self._hub = hub
        self._gate = gate
        self._seats = seats
        self._answers = answers
        self._clock = clock
        self._streams: set[Stream] = set()
        self._ending = False

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    async def answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything below /api/live/."""
        match path.split("/")[3:]:
            case [site]:
                await self._snapshot(site, scope, send)
            case [site, "stream"]:
                await self._stream(site, scope, receive, send)
            case _:
                await self._refuse("live", send, 404, "not found")

    async def _snapshot(self, site: str, scope: Scope, send: Send) -> None:
        owner = await self._admit("snapshot", site, scope, send)
        if owner is not None:
            self._answers["snapshot", 200] += 1
            await answer(send, 200, ANSWER, self._hub.snapshot(site, owner), head=scope["method"] == "HEAD")

    async def _stream(self, site: str, scope: Scope, receive: Receive, send: Send) -> None:
        owner = await self._admit("stream", site, scope, send)
        if owner is None:
            return
        address = network_of(self._gate.address(scope))
        # strangers, whose cards may stand anywhere, cannot lock the owner out
        if self._ending or not self._seats.take(address, STREAMS_PER_ADDRESS, always=owner):
            await self._refuse("stream", send, 503, "too many viewers, try again later", RETRY_SECONDS)
        else:
            try:
                await self._carry(site, owner, receive, send)
            finally:
                self._seats.leave(address)

    async def _carry(self, site: str, owner: bool, receive: Receive, send: Send) -> None:
        viewer = self._hub.join(site, owner)
        self._answers["stream", 200] += 1
        stream = Stream(send)
        self._streams.add(stream)
        watcher = asyncio.create_task(stream.watch(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(STREAM)})
            await send({"type": "http.response.body", "body": _retry(), "more_body": True})
            await stream.carry(viewer, self._clock)
        finally:
            watcher.cancel()
            self._hub.leave(viewer)
            self._streams.discard(stream)
        if not stream.left:
            await _close(send)

    def tick(self) -> None:
        """Once a second: end the streams that nobody reads. A timer for each message would cost more than sending it."""
        stalled = self._clock() - STALLED_SECONDS
        for stream in self._streams:
            if stream.sending_since is not None and stream.sending_since < stalled:
                stream.stop()

    def end(self) -> None:
        """Close every stream and open no more: the process is about to stop, and servers wait for open requests."""
        self._ending = True
        for stream in self._streams:
            stream.stop()

    async def _admit(self, door: str, site: str, scope: Scope, send: Send) -> bool | None:
        """Whether the owner asks; None if the request has been answered already: nobody may see this site."""
        if scope["method"] not in ("GET", "HEAD") or (door == "stream" and scope["method"] == "HEAD"):
            await self._refuse(door, send, 405, "expected GET")
            return None
        standing = self._gate.standing(scope, site)
        if standing.sees:
            return standing is Standing.OWNER
        if standing is Standing.LIMITED:
            await self._refuse(door, send, 429, "too many wrong keys", RETRY_SECONDS)
        else:
            await self._refuse(door, send, 404, "not found")
        return None

    async def _refuse(self, door: str, send: Send, status: int, reason: str, retry_after: int = 0) -> None:
        self._answers[door, status] += 1
        retry = [(b"retry-after", b"%d" % retry_after)] if retry_after else []
        await answer(send, status, [*ANSWER, *retry], msgspec.json.encode({"error": reason}))


async def _close(send: Send) -> None:
    """Finish the answer, so that the other end sees an end and not an error; one that does not read waits in vain."""
    with suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _retry() -> bytes:
    """How long this viewer's browser waits before it comes back: not all at once after a restart."""
    return b"retry: %d\n\n" % random.randint(1_000, 5_000)
