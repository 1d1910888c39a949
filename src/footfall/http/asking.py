"""Who may ask the doors of questions, for which site, how often; and their errors as answers, in Plausible's shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.errors import Busy, HistoryFailed, InvalidInput, TooExpensive
from footfall.house import House
from footfall.http.allowance import Allowance
from footfall.http.asker import WRONG_KEY, Asker, Refused
from footfall.http.auth import Gate
from footfall.keys import READ
from footfall.model import Site

QUESTIONS_PER_HOUR = 600  # of one key, as many as that at once
OWN_PER_SECOND, OWN_AT_ONCE = 20.0, 400  # of the owner, whose pages ask ten at a time

TOO_MANY = f"Too many API requests. Your API key is limited to {QUESTIONS_PER_HOUR} requests per hour."

Endpoint = Callable[[Request, Asker], Awaitable[Response]]


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
            asker = Asker(self._house.keys, self._gate, request)
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
        who, allowance, told = (asker.key.id, self._keys, TOO_MANY) if asker.key else ("owner", self._own, "too many questions")
        if wait := allowance.spend(who, self._clock()):
            raise Refused(429, told, int(wait) + 1)

    def site(self, asker: Asker, id: object) -> Site:
        """The site of that id, or with that host, if it may be read. Raises Refused."""
        if not isinstance(id, str) or not id:
            raise Refused(400, "Missing site ID. Please provide the required site_id parameter with your request.")
        sites = self._house.sites
        found = sites.get(id) or next((site for site in sites.values() if id in site.hosts), None)
        if found is None or not asker.may(READ, found.id):
            raise Refused(401, WRONG_KEY)
        return found

    def sites(self, asker: Asker) -> list[Site]:
        """All that may be read."""
        return [site for id, site in sorted(self._house.sites.items()) if asker.may(READ, id)]


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
