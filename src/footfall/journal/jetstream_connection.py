"""The connection to the NATS servers of a cluster. One serves all of a process: the journal, the registry, the leases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from nats.aio.client import Client
from nats.errors import Error, OutboundBufferLimitError

from footfall.errors import JournalFailed

_CONNECT = 10.0
_CONNECT_TRY = 2
_OUTAGE = 3.0

# What a call may raise when the servers, or the way to them, are gone; uvloop says RuntimeError of a connection that just closed.
FAULTS = (Error, OSError, RuntimeError)

log = structlog.get_logger(__name__)


async def connect(servers: Sequence[str]) -> Client:
    """A connection that comes back by itself, to any of the servers. Raises JournalFailed when none answers now."""
    cause = ""

    async def lost() -> None:
        if not client.is_closed:
            log.warning("the connection to NATS was lost; trying all servers")

    async def back() -> None:
        log.info("connected to NATS again", server=client.connected_url and _host(client.connected_url.netloc))

    async def failed(error: Exception) -> None:
        nonlocal cause
        cause = said(error)
        log.debug("the connection to NATS", error=cause)

    client = Client()
    try:
        async with asyncio.timeout(_CONNECT):
            await client.connect(
                list(servers),
                connect_timeout=_CONNECT_TRY,
                reconnect_time_wait=0.25,  # type: ignore[arg-type]  # it sleeps for that long, whole or not
                max_reconnect_attempts=-1,
                pending_size=0,  # what is said while no server is there fails: kept, it would be done after it was given up
                ping_interval=5,
                max_outstanding_pings=2,
                error_cb=failed,
                disconnected_cb=lost,
                reconnected_cb=back,
            )
    except FAULTS as error:
        raise JournalFailed(f"no NATS server lets us in at {', '.join(map(_host, servers))}: {cause or said(error)}") from error
    return client


def _host(address: str) -> str:
    """An address without the name and the password in it."""
    return address.rpartition("/")[2].rpartition("@")[2]


class Outage:
    """Whether the servers have been out of reach for long: a connection that goes to the next one at once is none."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._since: float | None = None

    def obstacle(self) -> str:
        """Why nothing can be appended now, "" if nothing is in the way."""
        if self._client.is_connected:
            self._since = None
            return ""
        now = asyncio.get_running_loop().time()
        self._since = self._since or now
        return "no server of the journal can be reached" if now - self._since > _OUTAGE else ""


def said(error: Exception) -> str:
    """What an error of NATS says, which may be nothing."""
    if isinstance(error, OutboundBufferLimitError):  # its own words for that
        return "no server is connected"
    return str(error) or type(error).__name__
