"""The owner's door for what was counted elsewhere: lines of an export come in, bounded, and may be sent again without harm."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import InvalidInput
from footfall.house import House
from footfall.http.owners import Guard, body_of, site_of, told
from footfall.imports import TABLES

MOST_BYTES = 4 << 20  # of one request; who sends bounds them for the sake of everybody else


def routes(house: House, guard: Guard) -> list[Route]:
    """The tables of an export, and how many views came from exports."""
    door = _Importing(house)
    return [
        guard.door("GET", "/api/sites/{site}/import", door.stored),
        guard.door("POST", "/api/sites/{site}/import/{table}", door.take),
    ]


class _Importing:
    def __init__(self, house: House) -> None:
        self._house = house

    async def stored(self, request: Request) -> Response:
        """How many rows there are."""
        return told(200, {"views": await self._house.imports.stored(site_of(self._house.sites, request).id)})

    async def take(self, request: Request) -> Response:
        """One document each line. The answer says what became of them, and which were refused why."""
        site, table = site_of(self._house.sites, request), request.path_params["table"]
        if table not in TABLES:
            raise InvalidInput("table", " or ".join(TABLES))
        lines = (await body_of(request, MOST_BYTES)).split(b"\n")
        return told(200, await self._house.imports.take(site, table, lines))
