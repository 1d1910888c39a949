"""The serving process: a socket, an open house, the application, until SIGTERM or SIGINT.

granian runs inside this process and on its loop (its embedded server): one process owns the data folder, so that a kill
reaches all of it and a fault at the start is an exception here and not a message from a child. The command line prints;
this file does not.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvloop
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server as Granian

from footfall.config import Config
from footfall.errors import FootfallError
from footfall.house import House, open_house
from footfall.http.app import App
from footfall.model import Site

BACKLOG = 1024  # connections the kernel holds while all others are being accepted
SPARE_CONNECTIONS = 2_000  # beside the viewers: readers that send facts
FIRST_SITE = "my-site"  # made where there is none, so that a page can be looked at and counted at once: any host, private
STOP_SECONDS = 1.0  # open requests may take that long after SIGTERM (an fsync takes milliseconds); then history is drained
GC_THRESHOLDS = (10_000, 20, 1_000)  # the state holds no cycles; looking through all of it takes 50 ms and finds nothing
SWITCH_SECONDS = 0.0005  # Python's default, 5 ms, is what a thread that finished an fsync would wait for the interpreter

VANISHED_MS = 12_000  # confirming nothing for that long is being gone (the kernel would wait 15 minutes); phones stall for less
MANY_FILES = 65_536
HEADER_MS = 5_000  # a connection that asks nothing for that long is closed, before its first request and between two

log = structlog.get_logger("footfall.serve")


class PortTaken(FootfallError):
    """The address cannot be listened on."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers now. `address` is where on this machine: http://127.0.0.1:8787. `ended` ends when granian does.

    `welcome` is a token that sets the owner's password, made at every start while none is set; else "".
    """

    house: House
    address: str
    welcome: str
    ended: asyncio.Task[None]


def serve(config: Config, started: Callable[[Running], None]) -> None:
    """Serve until told to stop. Raises PortTaken, StoreRefused and other FootfallErrors before `started` was called."""
    raise_file_limit()
    sys.setswitchinterval(SWITCH_SECONDS)
    uvloop.run(_serve(config, started))


async def _serve(config: Config, started: Callable[[Running], None]) -> None:
    stop = _Stop()
    try:
        async with running(config) as server:
            stop.cut_off = False
            started(server)
            told = asyncio.create_task(stop.told.wait())
            await asyncio.wait((told, server.ended), return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            log.info("stopping")
    except asyncio.CancelledError:
        if not stop.told.is_set():
            raise
        log.info("stopped before it was ready")


class _Stop:
    """SIGTERM and SIGINT. While `cut_off`, they end the present task: a start may have a long way to go."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.cut_off = True
        task = asyncio.current_task()
        assert task is not None  # made in the loop

        def tell() -> None:
            self.told.set()
            if self.cut_off:
                task.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, tell)


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Running]:
    """A server within; drained when it is left."""
    with _listen(config.host, config.port) as listener:
        house = await open_house(config)
        try:
            _spare_the_collector()
            if not house.sites:
                await house.put_site(Site(FIRST_SITE, created=house.engine.now()))
            welcome = "" if house.access.has_password else await house.access.welcome()
            app = App(config, house)
            async with app.running(), _granian(app, listener, config) as ended:
                address = _address(config.host, listener.getsockname()[1])
                with _told_where(config.data_folder, address):
                    yield Running(house, address, welcome, ended)
        finally:
            await house.close()


def _spare_the_collector() -> None:
    """What is there now stays: modules, and the state that was read. Only what comes and goes is looked through."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket that is ours alone. granian's own would share the port with another server without a word."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        repair = "; choose another one with --port" if error.errno == errno.EADDRINUSE else ""
        raise PortTaken(f"cannot listen on {host}, port {port}: {reason}{repair}") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_MS)
    return listener


class _Embedded(Granian):
    """granian's embedded server on a socket that is open already."""

    def __init__(self, app: App, listener: socket.socket, config: Config) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGINL,  # without lifespan: the house is opened and closed here
            http=HTTPModes.http1,
            websockets=True,  # the original's clients
            backlog=BACKLOG,
            backpressure=config.max_viewers + SPARE_CONNECTIONS,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS),
            log_enabled=False,
        )
        self._listener = listener

    def _init_shared_socket(self) -> None:
        socket_of_its_own = os.dup(self._listener.fileno())  # it closes what it was given
        self._shd = SocketHolder(socket_of_its_own, False, BACKLOG)  # type: ignore[assignment, call-arg]  # its stubs lag behind


@asynccontextmanager
async def _granian(app: App, listener: socket.socket, config: Config) -> AsyncIterator[asyncio.Task[None]]:
    server = _Embedded(app, listener, config)
    task: asyncio.Task[None] = asyncio.create_task(server.serve(), name="granian")
    try:
        yield task
    finally:
        app.end_streams()
        server.stop()  # type: ignore[no-untyped-call]  # granian's server carries no annotations here
        try:
            await asyncio.wait_for(task, STOP_SECONDS)
        except TimeoutError:
            log.warning("open requests were cut off", after_seconds=STOP_SECONDS)


@contextmanager
def _told_where(data_folder: Path, address: str) -> Iterator[None]:
    """While the server answers, `server.json` in its data folder says where: the command line finds it there."""
    file = data_folder / "server.json"
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"address": address, "pid": os.getpid()}) + "\n", "utf-8")
    fresh.replace(file)  # whole: who reads it does not wait
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _address(host: str, port: int) -> str:
    """Where a browser on this machine reaches it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{port}"


def raise_file_limit() -> None:
    """Every viewer is an open file: take as many as the system allows this process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if hard == resource.RLIM_INFINITY else hard  # macOS says "no limit" and then does not mean it
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
