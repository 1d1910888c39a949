"""All doors of an open house, and which path leads to which. It builds them once and decides nothing about a request."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from starlette.exceptions import HTTPException
from starlette.routing import Route, Router

from footfall.convex.address import read_address
from footfall.errors import Busy, InvalidInput
from footfall.house import House
from footfall.http.allowance import Allowance
from footfall.http.answers import Receive, Scope, Send
from footfall.http.asking import Asking
from footfall.http.assets import packaged
from footfall.http.auth import Gate
from footfall.http.care import routes as care_routes
from footfall.http.collect import BURST_SECONDS, Collect
from footfall.http.convex.board import Boards
from footfall.http.convex.calls import Calls
from footfall.http.convex.door import Door
from footfall.http.convex.sockets import Sockets
from footfall.http.definitions import routes as definition_routes
from footfall.http.embed import Embeds
from footfall.http.figures import Figures
from footfall.http.home import Home
from footfall.http.importing import routes as import_routes
from footfall.http.keys import routes as key_routes
from footfall.http.ledger import Ledgers
from footfall.http.listener import open_listener
from footfall.http.live import Live
from footfall.http.ops import Ops, Readings, problem
from footfall.http.owners import Guard
from footfall.http.page import Pages, said
from footfall.http.query import Queries
from footfall.http.seats import Seats
from footfall.http.signin import SignIn
from footfall.http.sites import routes as site_routes
from footfall.http.stats_v1 import StatsV1
from footfall.http.warnings import Warnings, about_history
from footfall.intake import TrustedProxies
from footfall.questions import Questions
from footfall.supervised import supervised

DEVELOPING = os.environ.get("FOOTFALL_DEV") == "1"  # script/watch: web files that are built anew are served anew
FOREIGN = frozenset({"app", "router", "starlette.exception_handlers"})  # what a Starlette that mounts us leaves in a scope
NAMED = re.compile(r"/(?:s|sites|embed|badge|convex|api/[a-z]+)/([a-z0-9-]{2,32})(?![a-z0-9-])").match  # a site, in a path


class Doors:
    """Built over an open house; `open` runs what has to run beside them."""

    def __init__(self, house: House) -> None:
        config, clock = house.config, time.monotonic
        trusted = TrustedProxies(config.trusted_proxies)
        answers: Counter[tuple[str, int]] = Counter()
        health = house.engine.health
        self.warnings = Warnings(
            house.folder.warnings, lambda: health().reason, house.contents.warnings, lambda: about_history(health())
        )
        gate = Gate(house.folder.owner_key, house.access, house.sites, trusted, config.public_url, house.engine.now, clock)
        believed = trusted, config.place_headers
        self._sites, self._look = house.sites, house.news.look if house.news else None
        self.collect = Collect(
            house.engine, house.intake, gate, *believed, config.rate_limit, self.warnings, answers, clock, self._look
        )
        seats = Seats(config.max_viewers)
        self.live = Live(house.hub, gate, seats, answers, clock)
        self._boards, allowance = Boards(house), Allowance(config.rate_limit, config.rate_limit * BURST_SECONDS)
        self._calls = Calls(house, gate, self._boards)
        self._convex = Door(self._calls, gate, allowance, answers, clock)
        self._sockets = Sockets(self._calls, gate, seats, allowance, answers, clock)
        readings = Readings(house.engine, house.hub, lambda: self.live.viewers, answers)
        self._ops = Ops(house.engine, gate, self.warnings, readings)
        self._assets = packaged()
        pages = Pages(lambda: self._assets.templates, house, gate, self.warnings)
        home = Home(house, gate, pages, self.warnings)
        embeds = Embeds(house, gate, lambda: self._assets.inline.get("embed.js", ""), answers)
        figures = Figures(house, gate, answers, clock)
        asking, questions, guard = Asking(house, gate, clock), Questions(house.engine), Guard(house, gate, clock)
        doors = (
            *home.routes(),
            *embeds.routes(),
            *figures.routes(),
            *SignIn(house, gate, clock).routes(),
            *site_routes(house, guard),
            *definition_routes(house, guard),
            *import_routes(house, guard),
            *care_routes(house, guard),
            *key_routes(house, guard),
            *Ledgers(house, gate, guard).routes(),
            *Queries(house, asking, questions).routes(),
            *StatsV1(house, asking, questions).routes(),
        )
        self._router = _router(pages, self._ops, doors)
        self._listeners, self._listening = house.listeners, (self._boards.changed, questions.changed)
        self._metrics_listen = config.metrics_listen

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The clock of the doors and the listener for metrics run within."""
        metrics = await open_listener(self._metrics_listen, {"/metrics": self._ops.exposition}) if self._metrics_listen else None
        self._listeners.extend(self._listening)
        clock = supervised(asyncio.create_task(self._tick(), name="clock of the doors"), self.warnings.broken)
        try:
            yield
        finally:
            clock.cancel()
            self.end()
            self._calls.close()
            for listen in self._listening:
                self._listeners.remove(listen)
            if metrics is not None:
                metrics.close()

    def end(self) -> None:
        """Close everything that stays open: servers wait for open requests before they stop."""
        self.live.end()
        self._sockets.end()

    async def socket(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket: the original's clients alone use one."""
        await self._heard_of(path)
        await self._sockets.serve(read_address(path), scope, receive, send)

    async def answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything but POST /e, which the application looks for first."""
        await self._heard_of(path)
        if path == "/p.gif":
            await self.collect.pixel(scope, receive, send)
        elif path.startswith("/api/live/"):
            await self.live.answer(path, scope, receive, send)
        elif path.startswith(("/api/", "//api/", "/convex/")) and (address := read_address(path)) is not None:
            await self._convex.answer(address, scope, receive, send)
        elif path in self._assets:
            await self._assets(scope, receive, send)
        else:
            await self._route(path, scope, receive, send)

    async def _heard_of(self, path: str) -> None:
        """A site that is not known here may have been added by another node of a cluster a moment ago."""
        if self._look is not None and (named := NAMED(path)) and named[1] not in self._sites:
            with suppress(Busy):
                await self._look()

    async def _route(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        own = {key: value for key, value in scope.items() if key not in FOREIGN}
        try:
            await self._router({**own, "app": self}, receive, send)  # within an "app" Starlette raises instead of answering
        except HTTPException as error:
            response = problem(error.status_code) if path.startswith("/api/") else said(error.status_code, scope)
            response.headers.update(error.headers or {})
            await response(scope, receive, send)
        except (InvalidInput, Busy) as error:  # of a page; doors below /api/ answer for themselves
            await said(400 if isinstance(error, InvalidInput) else 503, scope)(scope, receive, send)

    async def _tick(self) -> None:
        while True:
            self.warnings.tick()
            await asyncio.sleep(1)
            self.collect.tick()
            self.live.tick()
            self._sockets.tick()
            self._boards.tick()
            if DEVELOPING:
                self._assets.renew()


def _router(pages: Pages, ops: Ops, doors: Iterable[Route]) -> Router:
    routes = [
        Route("/s/{site}", pages.site),
        Route("/healthz", ops.healthz),
        Route("/metrics", ops.metrics),
        Route("/openapi.json", ops.openapi),
        Route("/robots.txt", ops.robots),
        *doors,
    ]
    return Router(routes, redirect_slashes=False)
