"""Who may ask the doors of questions, for which site, how often; and their errors as answers, in Plausible's shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.errors import Busy, HistoryFailed, InvalidInput, TooExpensive
from footfall.house import House
from footfall.http.allowance import Allowance
from footfall.http.answers import header
from footfall.http.auth import Gate, Standing
from footfall.keys import READ
from footfall.model import Site

QUESTIONS_PER_HOUR = 600  # of one key, as many as that at once
OWN_PER_SECOND, OWN_AT_ONCE = 20.0, 400  # of the owner, whose pages ask ten at a time

NO_KEY = "Missing API key. Please use a valid Footfall API key as a Bearer Token."
WRONG_KEY = "Invalid API key or site ID. Please make sure you're using a valid API key with access to the site you've requested."
TOO_MANY = f"Too many API requests. Your API key is limited to {QUESTIONS_PER_HOUR} requests per hour."

Endpoint = Callable[[Request, "Asker"], Awaitable[Response]]


class Refused(Exception):
    """Not answered, with this status."""

    def __init__(self, status: int, error: str, retry_after: int = 0) -> None:
        super().__init__(error)
        self.status = status
        self.retry_after = retry_after


class Asker:
    """Who asks in one request: the owner, or the holder of a key."""

    def __init__(self, house: House, gate: Gate, request: Request) -> None:
        self._house = house
        bearer = header(request.scope["headers"], b"authorization")
        self._secret = bearer[7:].strip() if bearer[:7].lower() == "bearer " else ""
        self._key = house.keys.find(self._secret) if self._secret else None
        self._standing = Standing.NOBODY if self._key else gate.standing(request.scope)

    @property
    def name(self) -> str:
        """Whose allowance it is."""
        return f"key {self._key.id}" if self._key else "owner"

    @property
    def is_owner(self) -> bool:
        """Whether it is the owner."""
        return self._standing is Standing.OWNER

    def known(self) -> None:
        """Raises Refused if it is nobody."""
        if self._standing is Standing.LIMITED:
            raise Refused(429, "too many wrong keys", 60)
        if self._key is None and not self.is_owner:
            raise Refused(401, WRONG_KEY if self._secret else NO_KEY)

    def site(self, id: object) -> Site:
        """The site of that id, or with that host, if it may be read. Raises Refused."""
        if not isinstance(id, str) or not id:
            raise Refused(400, "Missing site ID. Please provide the required site_id parameter with your request.")
        sites = self._house.sites
        found = sites.get(id) or next((site for site in sites.values() if id in site.hosts), None)
        if found is None or not (self.is_owner or (self._key is not None and self._key.allows(found.id, READ))):
            raise Refused(401, WRONG_KEY)
        return found

    def sites(self) -> list[Site]:
        """All that may be read."""
        may = self._key.allows if self._key else lambda site, scope: self.is_owner
        return [site for id, site in sorted(self._house.sites.items()) if may(id, READ)]


class Asking:
    """Puts endpoints behind keys and allowances. `clock` gives seconds that never go back."""

    def __init__(self, house: House, gate: Gate, clock: Callable[[], float]) -> None:
        self._house = house
        self._gate = gate
        self._clock = clock
        self._keys = Allowance(QUESTIONS_PER_HOUR / 3600, QUESTIONS_PER_HOUR)
        self._own = Allowance(OWN_PER_SECOND, OWN_AT_ONCE)

    def door(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint, its errors turned into answers."""

        async def answer(request: Request) -> Response:
            asker = Asker(self._house, self._gate, request)
            try:
                asker.known()
                self._allow(asker)
                return await endpoint(request, asker)
            except Refused as refused:
                return told(refused.status, str(refused), refused.retry_after)
            except InvalidInput as error:
                return told(400, str(error))
            except TooExpensive:
                return told(400, "The question takes too much time or memory. Please ask for a shorter range or fewer groups.")
            except Busy as busy:
                return told(503, str(busy), busy.retry_after)
            except HistoryFailed:
                return told(503, "history cannot answer just now", 5)

        return answer

    def _allow(self, asker: Asker) -> None:
        allowance, now = self._own if asker.is_owner else self._keys, self._clock()
        wait = allowance.wait(asker.name, now)
        if wait:
            raise Refused(429, "too many questions" if asker.is_owner else TOO_MANY, max(1, int(wait) + 1))
        allowance.take(asker.name, now)


def told(status: int, error: str, retry_after: int = 0) -> Response:
    """An error."""
    response = json_answer({"error": error}, status)
    if retry_after:
        response.headers["retry-after"] = str(retry_after)
    return response


def json_answer(body: object, status: int = 200) -> Response:
    """An answer that nobody keeps."""
    return answer(msgspec.json.encode(body), "application/json", status)


def answer(body: bytes, media_type: str, status: int = 200) -> Response:
    """The same in any format."""
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff", "vary": "accept"}
    return Response(body, status, headers, media_type)
