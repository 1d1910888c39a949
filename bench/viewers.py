"""Live viewers in a process of their own: `python -m bench.viewers PORT COUNT FILE`.

Each is a connection that reads its stream as cheaply as can be: of every message it notes when it came and how many views it
tells. Says "ready" when every one has its snapshot. At a line on stdin it writes to FILE pairs of doubles, the time (monotonic
clock, shared by all processes of the machine) and the views, says how many viewers were lost, and resets every connection.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import struct
import sys
import time
from array import array
from pathlib import Path
from typing import cast

import uvloop

from bench.server import SITE
from footfall.serve import raise_file_limit

AT_ONCE = 100  # connections being made at the same time
_VIEWS = re.compile(rb'"at":\d+(?:,"people":\d+)?,"views":(\d+)').search


class Viewer(asyncio.Protocol):
    """One stream."""

    def __init__(self, number: int, notes: array[float]) -> None:
        self._number = number
        self._notes = notes
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream, from an address of its own."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class
        address = ".".join(str(byte) for byte in (0x0A000001 + self._number).to_bytes(4, "big"))
        head = f"GET /api/live/{SITE}/stream HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {address}\r\n\r\n"
        self.transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        """Note the views that a message tells. A message that is cut in two shows in its first part, where the views are."""
        found = _VIEWS(data)
        if found is not None:
            self._notes.append(time.monotonic())
            self._notes.append(float(found[1]))
        if not self.ready.done() and b"event: snapshot" in data:
            self.ready.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """It should not be, before the end."""
        self.lost = True
        if not self.ready.done():
            self.ready.set_exception(error or ConnectionResetError("refused"))


async def _watch(port: int, count: int, file: Path) -> None:
    loop = asyncio.get_running_loop()
    notes: array[float] = array("d")
    gate = asyncio.Semaphore(AT_ONCE)

    async def join(number: int) -> Viewer:
        async with gate:
            _, viewer = await loop.create_connection(lambda: Viewer(number, notes), "127.0.0.1", port)
            await asyncio.wait_for(viewer.ready, 60)
            return viewer

    viewers = await asyncio.gather(*(join(number) for number in range(count)))
    del notes[:]
    print("ready", flush=True)
    asked = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), asked.set)
    await asked.wait()
    file.write_bytes(notes.tobytes())  # noqa: ASYNC240 - nothing else matters by now
    print(sum(viewer.lost for viewer in viewers), flush=True)
    for viewer in viewers:
        viewer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os._exit(0)  # so that the kernel resets them all at once


if __name__ == "__main__":
    raise_file_limit()
    uvloop.run(_watch(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
