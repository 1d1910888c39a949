"""The process of `footfall sink`: fills the history of a cluster until it is told to stop. It answers only those who watch it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvloop

from footfall.clock import Clock, process_clock
from footfall.cluster.filling import Filling
from footfall.config import Config
from footfall.errors import StoreRefused
from footfall.house import cluster_of
from footfall.http.listener import open_listener
from footfall.http.sink_ops import told_of
from footfall.store import open_filling

log = structlog.get_logger(__name__)


def fill(config: Config) -> None:
    """Fill until told to stop. Raises StoreRefused."""
    if not config.cluster or not config.clickhouse:
        raise StoreRefused("a sink carries from one place to another", "name both with --cluster and --clickhouse")
    uvloop.run(_fill(config))


async def _fill(config: Config) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    stop = asyncio.create_task(told.wait())
    clock = process_clock()
    opening = asyncio.create_task(open_filling(cluster_of(config), clock))
    await asyncio.wait((stop, opening), return_when=asyncio.FIRST_COMPLETED)
    if not opening.done():
        opening.cancel()  # once: it closes what it opened
        await asyncio.gather(opening, return_exceptions=True)
        return
    filling, close = opening.result()
    try:
        async with _watched(config.metrics_listen, filling, clock):
            running = filling.start()
            log.info("ready")
            await asyncio.wait((stop, running), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            log.info("stopping")
    finally:
        stop.cancel()
        await close()


@asynccontextmanager
async def _watched(address: str, filling: Filling, clock: Clock) -> AsyncIterator[None]:
    """/healthz and /metrics are answered within, if there is an address."""
    listener = await open_listener(address, told_of(filling, clock)) if address else None
    try:
        yield
    finally:
        if listener is not None:
            listener.close()
