"""The doors to what is defined for questions about a site: its goals, segments and annotations, alike for all three.

What each must be is definitions.py's matter; a site has them in its document, which is put as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.definitions import KINDS, Definition, Kind, check_one, with_ids
from footfall.errors import NotFound
from footfall.house import House
from footfall.http.owners import Guard, body_of, decoded, site_of, told
from footfall.model import Site

Defined = tuple[Definition, ...]


def routes(house: House, guard: Guard) -> list[Route]:
    """Five for each kind."""
    return [route for kind in KINDS for route in _Doors(house, kind).routes(guard)]


class _Doors:
    def __init__(self, house: House, kind: Kind) -> None:
        self._house = house
        self._kind = kind

    def routes(self, guard: Guard) -> Iterable[Route]:
        """Behind the guard."""
        path = f"/api/sites/{{site}}/{self._kind.field}"
        yield guard.door("GET", path, self.list)
        yield guard.door("POST", path, self.post)
        yield guard.door("GET", f"{path}/{{id}}", self.get)
        yield guard.door("PUT", f"{path}/{{id}}", self.put)
        yield guard.door("DELETE", f"{path}/{{id}}", self.delete)

    async def list(self, request: Request) -> Response:
        """All, in the order in which they were made."""
        return told(200, {self._kind.field: self._those(site_of(self._house.sites, request))})

    async def get(self, request: Request) -> Response:
        """One."""
        return told(200, self._found(self._those(site_of(self._house.sites, request)), request))

    async def post(self, request: Request) -> Response:
        """A new one; the answer has its id."""
        given = msgspec.structs.replace(decoded(await body_of(request), self._kind.shape), id=0)
        return told(201, (await self._changed(request, lambda those: (*those, given)))[-1])

    async def put(self, request: Request) -> Response:
        """Another in the place of one; the id stays."""
        given = decoded(await body_of(request), self._kind.shape)

        def change(those: Defined) -> Defined:
            before = self._found(those, request)
            after = msgspec.structs.replace(given, id=before.id)
            return tuple(after if one is before else one for one in those)

        return told(200, self._found(await self._changed(request, change), request))

    async def delete(self, request: Request) -> Response:
        """Remove one; the answer is what it was."""
        gone: list[Definition] = []

        def change(those: Defined) -> Defined:
            gone.append(self._found(those, request))
            return tuple(one for one in those if one is not gone[0])

        await self._changed(request, change)
        return told(200, gone[0])

    async def _changed(self, request: Request, change: Callable[[Defined], Defined]) -> Defined:
        """All of them after a change, the new and the changed one judged."""

        def changed(site: Site) -> Site:
            before = self._those(site)
            after = msgspec.structs.replace(site, **{self._kind.field: change(before)})
            for one in self._those(after):
                if not any(one is other for other in before):
                    check_one(self._kind, one, after)
            return with_ids(after)

        return self._those(await self._house.change_site(request.path_params["site"], changed))

    def _those(self, site: Site) -> Defined:
        those: Defined = getattr(site, self._kind.field)
        return those

    def _found(self, those: Defined, request: Request) -> Definition:
        id = request.path_params["id"]
        found = next((one for one in those if str(one.id) == id), None)
        if found is None:
            raise NotFound(f"no {self._kind.shape.__name__.lower()} {id!r}")
        return found
