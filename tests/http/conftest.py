"""A real server on a loopback port, over a real data folder, in the loop of the test."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server as Granian

from footfall import access
from footfall.clock import Clock
from footfall.config import Config
from footfall.house import House, open_house
from footfall.http.app import App, create_app
from footfall.model import Site

OPEN = Site("open-site", name="Open", hosts=("example.com", "*.example.org"), visibility="public", patterns=("/*",))
SHUT = Site("shut-site", name="Shut <b>", hosts=("example.com",))
PAGE = "https://example.com/a?utm_source=x"
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody: all is plain HTTP here, and loading them takes 60 ms


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers on `port`."""

    house: House
    app: App
    port: int
    client: httpx.AsyncClient

    @property
    def owner(self) -> dict[str, str]:
        """The headers of the owner."""
        return {"authorization": f"Bearer {self.house.folder.owner_key}"}


Serving = Callable[..., AbstractAsyncContextManager[Running]]

IN_ITS_LOOP = pytest.mark.asyncio(loop_scope="module")  # for tests with `shared`


@asynccontextmanager
async def serve(
    folder: Path, server: str = "uvicorn", prefix: str = "", clock: Clock | None = None, **settings: Any
) -> AsyncIterator[Running]:
    """A server of that kind with an open and a private site; below `prefix` it is mounted in another application."""
    async with AsyncExitStack() as stack:
        house = await open_house(Config(data_folder=folder, **settings), clock)
        stack.push_async_callback(house.close)
        for site in (OPEN, SHUT):
            await house.put_site(site)
        app = create_app(house=house)
        await stack.enter_async_context(app.running())
        run = _granian if server == "granian" else _uvicorn
        port = await stack.enter_async_context(run(_mounted(app, prefix) if prefix else app))
        stack.callback(app.end_streams)
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=NO_AUTHORITIES)
        await stack.enter_async_context(client)
        yield Running(house, app, port, client)


def _mounted(app: App, prefix: str) -> Any:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    return Starlette(routes=[Mount(prefix, app)])


@asynccontextmanager
async def _uvicorn(app: Any) -> AsyncIterator[int]:
    listener = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # named: else asyncio leaves Nagle's delay on
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", proxy_headers=False, log_config=None, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


@asynccontextmanager
async def _granian(app: Any) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Granian(app, port=port, interface=Interfaces.ASGINL, http=HTTPModes.http1, log_enabled=False)
    task = asyncio.create_task(server.serve())
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.005)
        else:
            writer.close()
            break
    try:
        yield port
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian types only a part of it
        await task


@pytest.fixture(params=["granian", pytest.param("uvicorn", marks=pytest.mark.slow)])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    """Each of both servers."""
    async with serve(tmp_path / "data", request.param) as found:
        yield found


Strangers = Iterator[str]  # addresses that nobody came from yet


@asynccontextmanager
async def _one(folder: Path, server: str) -> AsyncIterator[tuple[Running, Strangers]]:
    async with serve(folder, server, trusted_proxies=("127.0.0.1",)) as found:
        yield found, (f"2001:db8:{number:x}::1" for number in count(1))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _one_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, Strangers]]:
    async with _one(tmp_path_factory.mktemp("one") / "data", "uvicorn") as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["granian", pytest.param("uvicorn", marks=pytest.mark.slow)])
async def _one_of_each(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Running, Strangers]]:
    async with _one(tmp_path_factory.mktemp("one") / "data", request.param) as found:
        yield found


@pytest.fixture
def shared(_one_server: tuple[Running, Strangers]) -> Running:
    """One server for all tests of a module that only read, or have a site of their own; they are marked IN_ITS_LOOP.

    Opening one costs more than what such a test does. Each comes without cookies and from an address of its own, whose
    allowances nobody has used."""
    return _as_a_stranger(*_one_server)


@pytest.fixture
def each_shared(_one_of_each: tuple[Running, Strangers]) -> Running:
    """Likewise, each of both servers."""
    return _as_a_stranger(*_one_of_each)


def _as_a_stranger(running: Running, strangers: Strangers) -> Running:
    running.client.cookies.clear()
    running.client.headers["x-forwarded-for"] = next(strangers)
    return running


@pytest.fixture(autouse=True, scope="module")
def _cheap_passwords() -> Iterator[None]:
    """The same hash with less work in it: what it costs is not what these tests are about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "PasswordHasher", lambda: PasswordHasher.from_parameters(CHEAPEST))
        yield


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """Servers with settings of the test's own."""
    return lambda server="uvicorn", **more: serve(tmp_path / "data", server, **more)
