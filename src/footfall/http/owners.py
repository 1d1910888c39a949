"""What the owner's doors have in common: who may come in, errors that become answers, bodies that are bounded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import ArchiveRefused, Busy, HistoryFailed, InvalidInput, NotFound
from footfall.house import House
from footfall.http.allowance import Allowance
from footfall.http.answers import MAX_BODY
from footfall.http.asker import Asker, Refused
from footfall.http.auth import Gate
from footfall.http.scopes import OWNER, SCOPES, Takes
from footfall.keys import Key
from footfall.model import Site

CALLS_PER_SECOND, CALLS_AT_ONCE = 10.0, 100  # of one key; the owner has no limit

T = TypeVar("T", bound=msgspec.Struct)
Endpoint = Callable[[Request], Awaitable[Response]]


def site_of(sites: Mapping[str, Site], request: Request) -> Site:
    """The site that the address names. Raises NotFound."""
    site = sites.get(request.path_params["site"])
    if site is None:
        raise NotFound("no such site")
    return site


async def body_of(request: Request, most: int = MAX_BODY) -> bytes:
    """The body. Raises InvalidInput when it has more bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise InvalidInput("body", f"at most {most} bytes")
    return bytes(body)


def decoded(body: bytes, shape: type[T]) -> T:
    """The struct that JSON holds. Raises InvalidInput."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("body", f"a JSON object with {', '.join(shape.__struct_fields__)} ({error})") from error


class Guard:
    """Stands before the owner's doors: it asks for what scopes.py says each takes. `clock` gives seconds that never go back.

    A door finds the key that it let in as `request.state.key`, None for the owner."""

    def __init__(self, house: House, gate: Gate, clock: Callable[[], float]) -> None:
        self._house = house
        self._gate = gate
        self._clock = clock
        self._allowance = Allowance(CALLS_PER_SECOND, CALLS_AT_ONCE)

    def door(self, method: str, path: str, endpoint: Endpoint) -> Route:
        """The endpoint behind what its door takes, its errors turned into answers."""
        takes = SCOPES[method, path]

        async def answer(request: Request) -> Response:
            asker = Asker(self._house.keys, self._gate, request)
            try:
                asker.known()
                request.state.key = asker.key
                if asker.key is not None:
                    self._admit(asker.key, takes, request.path_params.get("site"))
                return await endpoint(request)
            except Refused as refused:
                return told(refused.status, {"error": str(refused)}, _more(refused))
            except InvalidInput as error:
                return told(400, {"error": str(error), "field": error.field})
            except NotFound as error:
                return told(404, {"error": str(error)})
            except ArchiveRefused as error:
                return told(409, {"error": str(error)})
            except Busy as busy:
                return told(503, {"error": str(busy)}, {"retry-after": str(busy.retry_after)})
            except HistoryFailed as error:
                return told(503, {"error": str(error)}, {"retry-after": "5"})

        return Route(path, answer, methods=[method])

    def _admit(self, key: Key, takes: Takes, site: str | None) -> None:
        """Let a key in. Of another site than its own there is nothing, whether it exists or not."""
        if wait := self._allowance.spend(key.id, self._clock()):
            raise Refused(429, "too many requests with this key", int(wait) + 1)
        if key.site and site is not None and (site != key.site or site not in self._house.sites):
            raise NotFound("no such site")
        if takes.scope == OWNER:
            raise Refused(403, "this is for the owner alone, and for no key")
        if not key.allows(key.site, takes.scope):
            raise Refused(403, f"this takes a key of scope {takes.scope}; this one's is {key.scope}")
        if key.site and takes.everywhere:
            raise Refused(403, f"this takes a key for all sites; this one is for {key.site}")


def _more(refused: Refused) -> dict[str, str]:
    """Headers: when to come again, or how to come at all."""
    if refused.retry_after:
        return {"retry-after": str(refused.retry_after)}
    return {"www-authenticate": "Bearer"} if refused.status == 401 else {}


def told(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    """An answer as JSON."""
    always = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(msgspec.json.encode(body), status, {**always, **(headers or {})}, "application/json")
