"""The ASGI application: it opens the house when it starts, hands requests to the doors, drains when it stops.

    granian --interface asgi --factory --backpressure 12000 footfall.http.app:create_app
    uvicorn --factory --no-proxy-headers footfall.http.app:create_app

Mounted in another application it works below any prefix; that application then runs `async with app.running():` in its own
lifespan, because no framework passes lifespan on to what is mounted.

What a server has to be told (measured with granian 2.8, uvicorn 0.54, 2 cores):
    backpressure     granian serves so many connections at once; more hang without an error. The default is the backlog, 1,024:
                     set it above max_viewers, and the limit of open files (`ulimit -n`) above that.
    http             http1: an open stream takes 20 KB in granian, 33 KB with auto.
    idle connections granian: --http1-header-read-timeout 5000; its 30 s let a single address fill the backpressure with silence.
    task_impl        granian: asyncio. With rust there are no real tasks, and nothing here could be cancelled.
    proxy headers    uvicorn believes X-Forwarded-For from loopback and hides who the peer was, unless told --no-proxy-headers.
    lost viewers     who lost the network stays for minutes, until the kernel gives up; for 20 s with TCP_USER_TIMEOUT
                     of 5 s on the listening socket, which connections inherit: a keep-alive that nobody confirms is enough.
    stopping         both wait for open requests before lifespan says shutdown: see stopping.py for how streams hear of it.
    processes        `granian` runs the application in a child, which survives a kill -9 of its parent and keeps the data folder;
                     granian.server.embed.Server runs in the process that calls it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import structlog

from footfall.config import Config, load
from footfall.errors import FootfallError
from footfall.house import House, open_house
from footfall.http import plain
from footfall.http.answers import ANY_ORIGIN, JSON, NO_STORE, Receive, Scope, Send, answer, outcome, page_headers, route_path
from footfall.http.collect import GIF, PIXEL
from footfall.http.doors import Doors
from footfall.http.stopping import told_to_stop


class App:
    """The callable. Given a house it uses that and leaves closing it to whoever opened it."""

    def __init__(self, config: Config | None = None, house: House | None = None) -> None:
        self._config = config
        self._house = house
        self._doors: Doors | None = None
        self._log = structlog.get_logger("footfall.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif self._doors is not None:
            await self._doors.socket(route_path(scope), scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1001})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The house is open within, and drained when it is left."""
        async with AsyncExitStack() as stack:
            house = self._house
            if house is None:
                house = await open_house(self._config or config_from(os.environ))
                stack.push_async_callback(house.close)
            doors = Doors(house)
            await stack.enter_async_context(doors.open())
            stack.enter_context(told_to_stop(self.end_streams))
            self._doors = doors
            try:
                yield
            finally:
                self._doors = None

    def end_streams(self) -> None:
        """Close all streams and sockets and open no more: servers wait for open requests before they stop. So does a signal."""
        if self._doors is not None:
            self._doors.end()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        doors = self._doors
        if doors is None:
            headers = [JSON, NO_STORE, ANY_ORIGIN, (b"retry-after", b"1")]
            await answer(send, 503, headers, outcome("the server is not open", "server"))
            return
        path = route_path(scope)
        try:
            if path == "/e":
                await doors.collect.facts(scope, receive, send)
            else:
                await doors.answer(path, scope, receive, send)
        except Exception:  # noqa: BLE001  # the last line: whatever it was, the visitor learns nothing of it
            request = secrets.token_hex(4)
            self._log.exception("a request failed", request=request, method=scope["method"], path=path)
            await _fault(path, request, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self.running())
            except Exception as error:  # noqa: BLE001  # servers go on without an application that raises here
                if not isinstance(error, FootfallError):
                    self._log.exception("the house could not be opened")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(config: Config | None = None, house: House | None = None) -> App:
    """The application. Settings come from `config`, else from the environment (and the file that FOOTFALL_CONFIG names)."""
    return App(config, house)


def config_from(env: Mapping[str, str]) -> Config:
    """The settings when no command line gives them. Raises InvalidInput."""
    file = env.get("FOOTFALL_CONFIG")
    return load({}, env, Path(file).read_text("utf-8") if file else None)


async def _fault(path: str, request: str, send: Send) -> None:
    """Something is broken here. In the door's own shape, with the id under which the log has it."""
    said = f"something went wrong here; the log has it as {request}"
    if path == "/e":
        await answer(send, 500, [JSON, NO_STORE, ANY_ORIGIN], outcome(said, "server"))
    elif path == "/p.gif":
        await answer(send, 500, PIXEL, GIF)
    elif path.startswith(("/api/", "/convex/")):
        await answer(send, 500, [JSON, NO_STORE], msgspec.json.encode({"error": said}))
    else:
        await answer(send, 500, page_headers(plain.POLICY), plain.note("Something went wrong", said))
