"""Figures by request: people over time, all pages, the replay of a past hour, one page's counter (docs/wire.md).

Who may see a site is the gate's word; what strangers see of it is the projection's (live/public.py). Answers from history are
worked out once a minute for each question, however many ask, and what is worked out for one address is limited.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import Busy, HistoryFailed, InvalidInput
from footfall.history.base import Statement
from footfall.house import House
from footfall.http.allowance import Allowance
from footfall.http.auth import Gate, Standing
from footfall.http.memory import Memory
from footfall.intake.address import network_of
from footfall.live.listing import listing
from footfall.live.site import SiteState
from footfall.live.snapshot import PageLine
from footfall.query import people, replay
from footfall.query.replay import Tally
from footfall.rules import MAX_PATH_BYTES, MINUTE

QUESTIONS_PER_SECOND = 2.0  # of one address, that are not answered from memory
QUESTIONS_AT_ONCE = 60
MOST_PAGES = 200  # of one answer
FURTHEST = 10_000_000  # offset
LONGEST_TEXT = 200  # characters
LATEST = 8_640_000_000_000_000  # ms, where the dates of browsers end

Endpoint = Callable[[Request, str, bool], Awaitable[Response]]


class PageList(msgspec.Struct, frozen=True):
    """A part of the pages, and how many there are."""

    total: int
    pages: list[PageLine]


class Count(msgspec.Struct, frozen=True):
    """Views and readers of one page, or (path null) of a whole site."""

    site: str
    path: str | None
    views: int
    here: int


class Problem(msgspec.Struct, frozen=True):
    """Why there is no answer."""

    error: str


class Figures:
    """The endpoints. `clock` gives seconds that never go back; `answers` counts (door, status) for /metrics."""

    def __init__(self, house: House, gate: Gate, answers: Counter[tuple[str, int]], clock: Callable[[], float]) -> None:
        self._house = house
        self._gate = gate
        self._answers = answers
        self._clock = clock
        self._allowance = Allowance(QUESTIONS_PER_SECOND, QUESTIONS_AT_ONCE)
        self._memory = Memory()

    def routes(self) -> list[Route]:
        """All four doors."""
        doors: dict[str, Endpoint] = {"people": self.people, "pages": self.pages, "replay": self.replay, "count": self.count}
        return [Route(f"/api/{name}/{{site}}", self._door(name, door)) for name, door in doors.items()]

    async def people(self, request: Request, site: str, owner: bool) -> Response:
        """GET /api/people/{site}?range=24h&path=&country="""
        query = request.query_params
        name = _one_of(query, "range", people.RANGES, "24h")
        path, country = _text(query, "path", MAX_PATH_BYTES), _text(query, "country", LONGEST_TEXT)
        if country is not None and not owner:
            raise InvalidInput("country", "nothing: only the owner narrows by country")
        now = self._house.engine.now()

        async def answer() -> bytes:
            place = await self._house.engine.place()
            span, state = people.span_of(name, now), self._state(site)
            if path is not None and not (owner or self._house.hub.projection(site).names(path)):
                return _encode(people.people(site, span, (), {}))
            live, statement = state.minutes.counts(path, country), people.statement(site, span, place, path, country)
            return _encode(people.people(site, span, await self._ask(statement), live))

        return await self._remembered(request, owner, ("people", site, owner, name, path, country), now, answer)

    async def pages(self, request: Request, site: str, owner: bool) -> Response:
        """GET /api/pages/{site}?q=&offset=0&limit=50"""
        query = request.query_params
        text = _text(query, "q", LONGEST_TEXT) or ""
        offset, limit = _number(query, "offset", 0, FURTHEST, 0), _number(query, "limit", 1, MOST_PAGES, 50)
        self._allow(request, owner)
        state = self._state(site)
        ranking = state.pages.ranking() if owner else self._house.hub.projection(site).ranking
        return _json(PageList(*listing(state.pages, ranking, state.presence.here, text, offset, limit, owner)))

    async def replay(self, request: Request, site: str, owner: bool) -> Response:
        """GET /api/replay/{site}?from=MS&minutes=60"""
        query, now = request.query_params, self._house.engine.now()
        minutes = _number(query, "minutes", 1, replay.MOST_MINUTES, 60)
        start = _number(query, "from", 0, LATEST, max(0, now - (minutes - 1) * MINUTE))
        start -= start % MINUTE

        async def answer() -> bytes:
            place = await self._house.engine.place()
            state, hub = self._state(site), self._house.hub
            end, pages = start + minutes * MINUTE, state.pages
            live, named = _tallies(state, start, min(end, now + 1)), None
            if not owner:
                busiest = await self._ask(replay.busiest(site, start, end, place))
                named = [str(path) for (path,) in busiest if hub.projection(site).names(str(path))]
            rows = await self._ask(replay.statement(site, start, end, place, named))
            paths = replay.paths_of(rows, live.values())
            stats = [pages.stat(path) for path in paths if owner or hub.projection(site).names(path)]
            titles = {stat.path: (stat.title, pages.reported_of(stat) if owner else "") for stat in stats}

            def told() -> bytes:
                return _encode(replay.replay(site, start, minutes, replay.tallies(rows) | live, titles, owner))

            return await asyncio.to_thread(told)  # a day is some 70,000 lines

        return await self._remembered(request, owner, ("replay", site, owner, start, minutes), now, answer)

    async def count(self, request: Request, site: str, owner: bool) -> Response:
        """GET /api/count/{site}?path=/"""
        path = _text(request.query_params, "path", MAX_PATH_BYTES)
        response = _json(counted(self._house, site, path, owner))
        response.headers["access-control-allow-origin"] = "*"
        shared = self._house.sites[site].visibility == "public" and not owner
        response.headers["cache-control"] = "public, max-age=30" if shared else "private, max-age=30"
        return response

    # --- what they share ---

    def _door(self, name: str, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint behind the gate, its errors turned into answers."""

        async def answer(request: Request) -> Response:
            response = await self._answer(endpoint, request)
            self._answers[name, response.status_code] += 1
            return response

        return answer

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        site = request.path_params["site"]
        standing = self._gate.standing(request.scope, site)
        if not standing.sees:
            limited = standing is Standing.LIMITED
            return _problem(429, "too many wrong keys", 5) if limited else _problem(404, "not found")
        try:
            return await endpoint(request, site, standing is Standing.OWNER)
        except InvalidInput as error:
            return _problem(400, str(error))
        except TooMany:
            return _problem(429, "too many questions from this address", 5)
        except Busy as busy:
            return _problem(503, str(busy), busy.retry_after)
        except HistoryFailed:
            return _problem(503, "history cannot answer just now", 5)

    async def _remembered(
        self, request: Request, owner: bool, question: tuple[object, ...], now: int, work: Callable[[], Awaitable[bytes]]
    ) -> Response:
        minute = now // MINUTE
        if not self._memory.has(question, minute):
            self._allow(request, owner)
        return _answered(await self._memory.get(question, minute, work))

    def _allow(self, request: Request, owner: bool) -> None:
        """Raises TooMany when an address, or the owner from wherever, has asked for too much."""
        address, now = "owner" if owner else network_of(self._gate.address(request.scope)), self._clock()
        if self._allowance.wait(address, now):
            raise TooMany
        self._allowance.take(address, now)

    async def _ask(self, statement: Statement) -> Sequence[tuple[object, ...]]:
        rows, lag = await self._house.engine.fetch(statement)
        if lag:
            raise Busy("history is catching up", 5)
        return rows

    def _state(self, site: str) -> SiteState:
        return _state(self._house, site)


def counted(house: House, site: str, path: str | None, owner: bool) -> Count:
    """What is told of one page, or (path None) of the whole site. To strangers nothing of a page that is not named."""
    state = _state(house, site)
    if path is None:
        return Count(site, None, state.views, len(state.presence.active))
    if owner or house.hub.projection(site).names(path):
        return Count(site, path, state.pages.stat(path).views, state.presence.here.get(path, 0))
    return Count(site, path, 0, 0)


def _state(house: House, site: str) -> SiteState:
    state = house.engine.fold.sites.get(site) or SiteState()
    state.presence.advance(house.engine.now())
    return state


class TooMany(Exception):
    """An address asks too much."""


def _tallies(state: SiteState, start: int, end: int) -> dict[int, Tally]:
    """The minutes from `start` to before `end` that are no rows yet."""
    found = {}
    for minute, moments in state.minutes.moments.items():
        if start <= minute < end:
            here = [moment for moment in moments.values() if moment.path is not None]
            pages, countries = Counter(moment.path or "" for moment in here), Counter(moment.country for moment in here)
            found[minute] = Tally(len(here), pages, countries)
    return found


def _one_of(query: QueryParams, name: str, names: Collection[str], otherwise: str) -> str:
    value = query.get(name, otherwise)
    if value not in names:
        raise InvalidInput(name, f"one of {', '.join(names)}")
    return value


def _text(query: QueryParams, name: str, longest: int) -> str | None:
    value = query.get(name)
    if value is not None and len(value.encode(errors="surrogatepass")) > longest:
        raise InvalidInput(name, f"at most {longest} bytes")
    return value


def _number(query: QueryParams, name: str, least: int, most: int, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and least <= int(text) <= most):
        raise InvalidInput(name, f"a whole number from {least} to {most}")
    return int(text)


_encode = msgspec.json.Encoder().encode


def _answered(body: bytes, status: int = 200) -> Response:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(body, status, headers, "application/json")


def _json(answer: object) -> Response:
    return _answered(_encode(answer))


def _problem(status: int, error: str, retry_after: int = 0) -> Response:
    response = _answered(_encode(Problem(error)), status)
    if retry_after:
        response.headers["retry-after"] = str(retry_after)
    return response
