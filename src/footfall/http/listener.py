"""A listener of its own at `host:port` for those who watch a process: a few GETs without a key. What is told comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from footfall.errors import InvalidInput

_SECONDS = 5.0


class Told(NamedTuple):
    """An answer."""

    kind: str
    body: bytes
    status: int = 200


def exposition(registry: CollectorRegistry) -> Told:
    """What is registered, as Prometheus reads it."""
    return Told(CONTENT_TYPE_LATEST, generate_latest(registry))


async def open_listener(address: str, told: Mapping[str, Callable[[], Told]]) -> asyncio.Server:
    """Answer GETs of these paths. Raises InvalidInput if it cannot listen there."""
    nothing = Told("text/plain", "".join(f"GET {path}\n" for path in told).encode(), 404)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                method, path, *_ = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split(" ", 2)
                writer.write(_response(told[path]() if method == "GET" and path in told else nothing))
                await writer.drain()
        except (TimeoutError, ValueError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # somebody who does not speak HTTP or left; the next one comes on a connection of its own
        finally:
            writer.close()

    host, _, port = address.rpartition(":")
    try:
        return await asyncio.start_server(answer, host.strip("[]"), int(port), limit=16_384)
    except OSError as error:
        raise InvalidInput("metrics_listen", f"an address that can be listened on ({address}: {error.strerror})") from error


def _response(told: Told) -> bytes:
    status = HTTPStatus(told.status)
    head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: {told.kind}\r\ncontent-length: {len(told.body)}\r\n"
    return f"{head}cache-control: no-store\r\nconnection: close\r\n\r\n".encode() + told.body
