"""The sync protocol over WebSockets: carries messages between a client and its Connection, and does what that asks for.

A socket costs two tasks and no timer: one reads and does, one sends what there is. Messages of a client are done in their
order. What is sent is composed when the last message was handed over, so a client that reads slowly holds nothing up.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from footfall.convex.address import SYNC, Address
from footfall.convex.connection import Connection
from footfall.convex.functions import MUTATION, CallFailed
from footfall.convex.messages import PING, Authenticate, Mutation, ProtocolError
from footfall.errors import Busy
from footfall.http.allowance import Allowance
from footfall.http.answers import MAX_BODY, Headers, Receive, Scope, Send
from footfall.http.auth import Gate, Standing
from footfall.http.convex.board import Board
from footfall.http.convex.calls import UNIT_BYTES, Calls
from footfall.http.seats import SOCKETS_PER_ADDRESS, Seats
from footfall.intake.address import network_of
from footfall.intake.text import cut

PING_SECONDS = 15  # of silence: clients give a connection up after 30 or 60
STALLED_SECONDS = 60  # a message that cannot be handed over for so long: nobody reads there
SILENT_SECONDS = 10  # a connection that has not said Connect
GOODBYE_SECONDS = 1
LONGEST_REASON = 123  # bytes: what a frame that closes holds

# Why a socket is closed: code and reason. Clients come back in any case; by these words some wait longer.
RESTART = (1012, "the server is stopping")
SHUT = (1008, "no site is served to these clients at this address")
BAD, TOO_BIG = 1002, 1009
STALLED = (1008, "nobody reads here")
SILENT = (1008, "expected Connect")
OVERLOADED = "TooManyConcurrentRequests"


class Ended(Exception):
    """The socket is to be closed, with this code and reason. Never leaves this file."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = cut(reason, LONGEST_REASON)


class Gone(Exception):
    """The client has left. Never leaves this file."""


class Socket:
    """One client. `stop` may be called by whoever first knows that it is over."""

    def __init__(self, site: str, board: Board, ticks: Callable[[], int], send: Send, clock: Callable[[], float]) -> None:
        task = asyncio.current_task()
        assert task is not None  # every ASGI server runs a task per connection
        self._task: asyncio.Task[object] = task
        self._board = board
        self._ticks = ticks
        self._send = send
        self._clock = clock
        self._ready = asyncio.Event()
        self._ping = False
        self.site = site
        self.connection = Connection()
        self.opened = self.sent_at = clock()
        self.sending_since: float | None = None
        self.ended: Ended | None = None

    def stop(self, code: int, reason: str) -> None:
        """End it, wherever it waits."""
        if self.ended is None:
            self.ended = Ended(code, reason)
            self._task.cancel()

    def wake(self) -> None:
        """There may be something to send."""
        self._ready.set()

    def ping(self) -> None:
        """Say that the server is there."""
        self._ping = True
        self.wake()

    def moved(self) -> None:
        """The connection has something to say: at once, or with the next round of the board."""
        if self.connection.watches:
            self._board.watch(self.wake)
        else:
            self._board.unwatch(self.wake)
        self.wake()

    def leave(self) -> None:
        """Watch no longer."""
        self._board.unwatch(self.wake)

    async def carry(self) -> None:
        """Send what there is until the client has left."""
        try:
            while True:
                await self._ready.wait()
                self._ready.clear()
                texts = list(self.connection.take(self._board.newest(), self._ticks()))
                if self._ping and not texts:
                    texts.append(PING)
                self._ping = False
                for text in texts:
                    self.sending_since = self._clock()
                    await self._send({"type": "websocket.send", "text": text})
                    self.sending_since, self.sent_at = None, self._clock()
        except (OSError, RuntimeError):  # how ASGI servers say that the client has left, if they say it
            self.stop(1000, "")


class Sockets:
    """All of them. `clock` gives seconds that never go back; `answers` counts (door, status) for /metrics."""

    def __init__(
        self,
        calls: Calls,
        gate: Gate,
        seats: Seats,
        allowance: Allowance,
        answers: Counter[tuple[str, int]],
        clock: Callable[[], float],
    ) -> None:
        self._calls = calls
        self._gate = gate
        self._seats = seats
        self._allowance = allowance
        self._answers = answers
        self._clock = clock
        self._open: set[Socket] = set()
        self._ending = False

    async def serve(self, address: Address | None, scope: Scope, receive: Receive, send: Send) -> None:
        """One WebSocket, from its handshake to its end."""
        await receive()  # websocket.connect
        site = None if address is None or address.endpoint != SYNC else self._calls.site(address, scope)
        network = network_of(self._gate.address(scope))
        if site is None or self._ending or not self._seats.take(network, SOCKETS_PER_ADDRESS):
            self._answers["convex sync", 403] += 1
            await send({"type": "websocket.close", "code": SHUT[0], "reason": SHUT[1]})  # before it was accepted: 403
            return
        self._answers["convex sync", 101] += 1
        try:
            await send({"type": "websocket.accept"})
            await self._carry(site.id, network, scope, receive, send)
        finally:
            self._seats.leave(network)

    async def _carry(self, site: str, network: str, scope: Scope, receive: Receive, send: Send) -> None:
        socket = Socket(site, self._calls.boards.of(site), self._calls.boards.ts, send, self._clock)
        self._open.add(socket)
        sender = asyncio.create_task(socket.carry())
        ended: Ended | None = None
        try:
            while True:
                await self._do(socket, await self._message(network, receive), scope)
                socket.moved()
        except Ended as error:
            ended = error
        except Gone:
            pass
        except asyncio.CancelledError:
            if socket.ended is None:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]  # this runs in one
            ended = socket.ended
        finally:
            self._open.discard(socket)
            socket.leave()
            sender.cancel()
        if ended is not None:
            await _close(send, ended)

    async def _message(self, network: str, receive: Receive) -> str:
        """The next message. Who sends more than an address may is read more slowly."""
        message = await receive()
        if message["type"] == "websocket.disconnect":
            raise Gone
        text: str | None = message.get("text")
        if text is None:
            raise Ended(BAD, "expected text")
        if len(text) > MAX_BODY:
            raise Ended(TOO_BIG, f"expected at most {MAX_BODY} characters")
        now = self._clock()
        self._allowance.take(network, now, 1 + len(text) // UNIT_BYTES)
        await asyncio.sleep(self._allowance.wait(network, now))
        return text

    async def _do(self, socket: Socket, text: str, scope: Scope) -> None:
        connection = socket.connection
        try:
            wanted = connection.receive(text, self._calls.boards.ts())
        except ProtocolError as error:
            raise Ended(BAD, str(error)) from error
        if isinstance(wanted, Authenticate):
            self._identify(connection, scope, wanted.value)
        elif isinstance(wanted, Mutation):
            await self._mutate(socket, wanted, scope["headers"])

    async def _mutate(self, socket: Socket, mutation: Mutation, headers: Headers) -> None:
        """Carry it out. While nothing can be taken the socket ends: the client sends the mutation again when it is back."""
        connection = socket.connection
        call = f"{len(connection.session)}:{connection.session}:{mutation.request_id}"
        try:
            path, args = mutation.udf_path, mutation.args
            value = await self._calls.run(socket.site, path, MUTATION, connection.admin, args, headers, call)
        except CallFailed as error:
            connection.failed(mutation, str(error))
        except Busy as busy:
            raise Ended(1013, f"{OVERLOADED}: {busy}") from busy
        else:
            connection.succeeded(mutation, value, self._calls.boards.ts())

    def _identify(self, connection: Connection, scope: Scope, key: str) -> None:
        standing = self._calls.standing(scope, key)
        if standing is Standing.OWNER:
            connection.identified(admin=True)
        else:
            connection.unidentified("too many wrong keys" if standing is Standing.LIMITED else "that is not the owner's key")

    def tick(self) -> None:
        """Once a second: keep quiet ones alive, end those that nobody reads, that say nothing, whose site is gone."""
        now = self._clock()
        for socket in list(self._open):
            if not self._calls.is_open(socket.site):
                socket.stop(*SHUT)
            elif socket.sending_since is not None:
                if now - socket.sending_since > STALLED_SECONDS:
                    socket.stop(*STALLED)
            elif not socket.connection.session and now - socket.opened > SILENT_SECONDS:
                socket.stop(*SILENT)
            elif now - socket.sent_at > PING_SECONDS:
                socket.ping()

    def end(self) -> None:
        """Close all and open no more: the process is about to stop."""
        self._ending = True
        for socket in list(self._open):
            socket.stop(*RESTART)


async def _close(send: Send, ended: Ended) -> None:
    """Say why, to one that still listens."""
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await send({"type": "websocket.close", "code": ended.code, "reason": ended.reason})
    except (TimeoutError, OSError, RuntimeError):
        return
