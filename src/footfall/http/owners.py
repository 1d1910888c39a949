"""What doors for the owner alone have in common: others see nothing, errors become answers, bodies are bounded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.errors import Busy, HistoryFailed, InvalidInput, NotFound
from footfall.http.answers import MAX_BODY
from footfall.http.auth import Gate, Standing
from footfall.model import Site

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
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput("body", f"a JSON object with {', '.join(shape.__struct_fields__)} ({error})") from error


def owners_only(gate: Gate, endpoint: Endpoint) -> Endpoint:
    """The endpoint behind the owner's key, its errors turned into answers."""

    async def answer(request: Request) -> Response:
        standing = gate.standing(request.scope)
        if standing is Standing.LIMITED:
            return told(429, {"error": "too many wrong keys"}, {"retry-after": "60"})
        if standing is not Standing.OWNER:
            return told(404, {"error": "not found"})
        try:
            return await endpoint(request)
        except InvalidInput as error:
            return told(400, {"error": str(error), "field": error.field})
        except NotFound as error:
            return told(404, {"error": str(error)})
        except Busy as busy:
            return told(503, {"error": str(busy)}, {"retry-after": str(busy.retry_after)})
        except HistoryFailed as error:
            return told(503, {"error": str(error)}, {"retry-after": "5"})

    return answer


def told(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    """An answer as JSON."""
    always = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(msgspec.json.encode(body), status, {**always, **(headers or {})}, "application/json")
