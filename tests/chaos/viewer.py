"""A viewer of a live stream over a plain socket: it reads as fast or as slowly as it is told to, and applies what it reads.

It keeps the state that a page would show: the snapshot with every delta put on.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import ExitStack

import msgspec

from footfall.live.snapshot import Delta, Snapshot, applied

_snapshot = msgspec.json.Decoder(Snapshot).decode
_delta = msgspec.json.Decoder(Delta).decode


class Viewer:
    """One stream. `state` is what it shows, `seen` counts messages by their event, `bytes` is their length in all, `opened`
    how often it connected, `ended` how the last stream ended."""

    def __init__(self, port: int, site: str, key: str) -> None:
        self._port = port
        self._request = (
            f"GET /api/live/{site}/stream HTTP/1.1\r\nhost: stats.test\r\nauthorization: Bearer {key}\r\n"
            "accept: text/event-stream\r\n\r\n"
        )
        self.state: Snapshot | None = None
        self.seen: Counter[str] = Counter()
        self.bytes = 0
        self.opened = 0
        self._left = False
        self.ended = ""
        self.arrived = asyncio.Event()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self, receive_buffer: int = 0) -> Viewer:
        """Connect and ask. With a small `receive_buffer` (bytes) the server soon feels that nobody reads."""
        self._receive_buffer = receive_buffer
        self.opened += 1
        with ExitStack() as unconnected:  # who is cancelled on the way leaves no socket behind
            plain = unconnected.enter_context(socket.socket())
            if receive_buffer:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            plain.setblocking(False)
            await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", self._port))
            self._reader, self._writer = await asyncio.open_connection(sock=plain, limit=receive_buffer or 1 << 20)
            unconnected.pop_all()
        self._writer.write(self._request.encode())
        return self

    def stop_reading(self) -> None:
        """Read nothing more: what the server sends stays in its own buffers."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport can

    def read_again(self) -> None:
        """The opposite."""
        self._writer.transport.resume_reading()  # type: ignore[attr-defined]  # a socket's transport can

    def close(self) -> None:
        """Leave."""
        self._left = True
        self._writer.close()

    async def follow(self) -> None:
        """Read, and come back when the stream ends, as a browser does."""
        await self.read()
        while not self._left:
            await self.open(self._receive_buffer)
            await self.read()

    async def read(self) -> None:
        """Read and apply until the stream ends; `ended` then is "cleanly" or the error."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            await self._messages()
            self.ended = "cleanly"
        except (OSError, asyncio.IncompleteReadError) as error:
            self.ended = repr(error)
        finally:
            self._writer.close()

    async def _messages(self) -> None:
        """Chunks of HTTP/1.1 hold messages in any cut; the last chunk is empty."""
        waiting = b""
        while True:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            waiting += (await self._reader.readexactly(size + 2))[:-2]
            if size == 0:
                return
            *messages, waiting = waiting.split(b"\n\n")
            for message in messages:
                self._take(message)

    def _take(self, message: bytes) -> None:
        fields = dict(line.split(b": ", 1) for line in message.split(b"\n") if not line.startswith(b":"))
        self.bytes += len(message)
        event = fields.get(b"event", b"other").decode()
        if event == "snapshot":
            self.state = _snapshot(fields[b"data"])
        elif event == "delta":
            assert self.state is not None, "a stream begins with the snapshot"
            self.state = applied(self.state, _delta(fields[b"data"]))
        self.seen[event] += 1
        self.arrived.set()

    async def until(self, version: int, seconds: float = 20.0) -> None:
        """Wait until the state has come to `version`."""
        async with asyncio.timeout(seconds):
            while self.state is None or self.state.version < version:
                self.arrived.clear()
                await self.arrived.wait()
