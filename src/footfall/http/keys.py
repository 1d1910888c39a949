"""The owner's door to the keys of programs: list, make, revoke."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import NotFound
from footfall.house import House
from footfall.http.owners import Guard, body_of, decoded, told
from footfall.keys import READ, Key

Endpoint = Callable[[Request], Awaitable[Response]]


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST: `site` "" is for all of them."""

    name: str
    site: str = ""
    scope: str = READ


def routes(house: House, guard: Guard) -> list[Route]:
    """All three."""

    async def all_keys(request: Request) -> Response:
        """GET /api/keys"""
        return told(200, {"keys": [_line(key) for key in house.keys.all()]})

    async def make(request: Request) -> Response:
        """POST /api/keys: the secret is told this once."""
        asked = decoded(await body_of(request), NewKey)
        if asked.site and asked.site not in house.sites:
            raise NotFound("no such site")
        key, secret = await house.keys.make(asked.name, asked.site, asked.scope, house.engine.now())
        return told(201, {**_line(key), "key": secret})

    async def revoke(request: Request) -> Response:
        """DELETE /api/keys/{id}"""
        return told(200, _line(await house.keys.revoke(request.path_params["id"])))

    return [
        guard.door("GET", "/api/keys", all_keys),
        guard.door("POST", "/api/keys", make),
        guard.door("DELETE", "/api/keys/{id}", revoke),
    ]


def _line(key: Key) -> dict[str, object]:
    return {"id": key.id, "name": key.name, "site": key.site, "scope": key.scope, "created": key.created}
