"""A client that believes an answer only once it has read the whole of it: HTTP/1.1 over a plain socket, one request at a time.

It counts nothing: it gives a status, or says that there was no answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple


class Answer(NamedTuple):
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Exception):
    """The connection ended, or could not be made, before the answer was complete: what became of the request is not known."""


class Connection:
    """One keep-alive connection to one of several servers; it connects when it has to, and goes to the next one when it broke."""

    def __init__(self, *ports: int) -> None:
        self._ports = deque(ports)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes, headers: Mapping[str, str], path: str = "/e") -> Answer:
        """Send and read the whole answer. Raises NoAnswer."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = (
            f"POST {path} HTTP/1.1\r\nhost: stats.test\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
        )
        try:
            reader, writer = self._streams or await asyncio.open_connection("127.0.0.1", self._ports[0])
            self._streams = reader, writer
            writer.write(head.encode() + body)
            return await _read(reader)
        except (OSError, EOFError) as error:
            self.close()
            self._ports.rotate(-1)
            raise NoAnswer(str(error)) from error

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(head[0].split()[1]), headers, body)
