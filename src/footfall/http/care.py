"""The owner's doors to the data as a whole: backup, export and its way back, erasing, reclassifying, backfill.

Files are made in one place, the folder `outgoing` of the data folder: no request names a path on this machine.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.backfill import BEGINNING, Cursor, walked
from footfall.errors import InvalidInput, NotFound
from footfall.history.rows import OPERATORS, TEXTS
from footfall.house import House
from footfall.http.owners import Guard, body_of, decoded, site_of, told
from footfall.http.version import installed_version
from footfall.intake.adopted import check_adopted
from footfall.intake.agents import OWNER
from footfall.manifest import FORMATS
from footfall.model import Adopt, Erase, Reclassify, Site
from footfall.rules import REJUDGED_FACTS

MAX_ROWS_BODY = 32 << 20  # a chunk of an export: 500 rows with the longest texts
MAX_WALK = 100_000  # views in one chunk of a backfill
LATEST = 8_640_000_000_000_000  # ms; where dates of browsers end


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an export. No sites: all."""

    sites: tuple[str, ...] = ()
    format: str = "csv"


class Erasing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an erase: facts that match all that is given. `visitor` is a number as exports have it, `session` what the
    browser calls itself; times are ms since 1970 UTC, both included."""

    path: str | None = None
    session: str | None = None
    visitor: int | None = None
    first: int | None = None
    last: int | None = None
    dry_run: bool = False


class Reclassifying(Erasing, frozen=True, forbid_unknown_fields=True):
    """The body of a reclassification: facts that match are a bot's from now on, or a person's. `where`: [field, operator, value]
    each, about what is kept of a fact."""

    bot: bool = True
    where: tuple[tuple[str, str, str], ...] = ()


class Walk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a chunk of a backfill: where the one before ended."""

    at: Cursor = BEGINNING
    size: int = 500


def routes(house: House, guard: Guard) -> list[Route]:
    """All of them are POST: each is work."""
    doors = _Care(house)
    return [
        guard.door("POST", "/api/backup", doors.backup),
        guard.door("POST", "/api/export", doors.export),
        guard.door("POST", "/api/sites/{site}/rows", doors.adopt),
        guard.door("POST", "/api/sites/{site}/erase", doors.erase),
        guard.door("POST", "/api/sites/{site}/reclassify", doors.reclassify),
        guard.door("POST", "/api/sites/{site}/backfill", doors.backfill),
    ]


class _Care:
    def __init__(self, house: House) -> None:
        self._house = house

    async def backup(self, request: Request) -> Response:
        """Make a backup in `outgoing`; the answer is its manifest, when it is whole."""
        return told(200, await self._house.back_up(installed_version()))

    async def export(self, request: Request) -> Response:
        """Likewise an export of some sites, or of all."""
        wanted = decoded(await body_of(request), Export)
        if wanted.format not in FORMATS:
            raise InvalidInput("format", " or ".join(FORMATS))
        sites = [self._site(id) for id in wanted.sites or sorted(self._house.sites)]
        return told(200, await self._house.export(sites, wanted.format, installed_version()))

    async def adopt(self, request: Request) -> Response:
        """Take a chunk of an export's rows, MessagePack; `taken` is how many of its facts were."""
        site = site_of(self._house.sites, request)
        try:
            chunk = msgspec.msgpack.decode(await body_of(request, MAX_ROWS_BODY), type=Adopt)
        except msgspec.DecodeError as error:
            raise InvalidInput("body", f"rows of an export as MessagePack ({error})") from error
        check_adopted(chunk, site.id)
        taken = await self._house.engine.command(msgspec.structs.replace(chunk, at=self._house.engine.now()))
        assert isinstance(taken, int)  # else it is a fault, which nobody may take for a number
        return told(200, {"taken": taken})

    async def erase(self, request: Request) -> Response:
        """Erase what matches, or tell only what that is. `matched` counts rows before it, `removed_views` what went."""
        site, wanted = site_of(self._house.sites, request), decoded(await body_of(request), Erasing)
        erase = self._erase(site, wanted)
        matched = await self._house.matched(erase)
        removed = 0 if wanted.dry_run else await self._house.engine.command(erase)
        return told(200, {"matched": matched, "removed_views": removed})

    async def reclassify(self, request: Request) -> Response:
        """Judge what matches anew, or tell only what that is; `changed` is how many facts were judged otherwise before."""
        site, wanted = site_of(self._house.sites, request), decoded(await body_of(request), Reclassifying)
        path = (("path", "is", wanted.path),) if wanted.path is not None else ()
        for field, operator, _ in wanted.where:
            if field not in TEXTS or operator not in OPERATORS:
                raise InvalidInput("where", f"one of {', '.join(TEXTS)}; then one of {', '.join(OPERATORS)}; then a text")
        visitor = self._visitor(site, wanted)
        about = ((*wanted.where, *path), visitor, wanted.first, wanted.last)
        if about == ((), None, None, None) and not wanted.dry_run:
            raise InvalidInput("body", "a condition, a path, a visitor, a session, or a time")
        change = Reclassify(site.id, self._house.engine.now(), OWNER if wanted.bot else "", *about)
        matched = await self._house.matched(change)
        if matched.facts > REJUDGED_FACTS:
            raise InvalidInput("first", f"a shorter time: at most {REJUDGED_FACTS:,} facts at once, and {matched.facts:,} match")
        changed = 0 if wanted.dry_run else await self._house.engine.command(change)
        return told(200, {"matched": matched, "changed": changed})

    async def backfill(self, request: Request) -> Response:
        """Walk one chunk of a site's views; `at` is where the next one begins."""
        site, walk = site_of(self._house.sites, request), decoded(await body_of(request), Walk)
        if not 0 < walk.size <= MAX_WALK:
            raise InvalidInput("size", f"1 to {MAX_WALK}")
        report, at = await walked(self._house.engine, site.id, walk.at, walk.size)
        return told(200, {"report": report, "at": at, "views": self._house.engine.fold.site(site.id).views})

    def _site(self, id: str) -> Site:
        site = self._house.sites.get(id)
        if site is None:
            raise NotFound(f"there is no site {id}")
        return site

    def _erase(self, site: Site, wanted: Erasing) -> Erase:
        erase = Erase(
            site.id, self._house.engine.now(), wanted.path, self._visitor(site, wanted), None, wanted.first, wanted.last
        )
        if erase.whole and not wanted.dry_run:
            raise InvalidInput("body", "a path, a visitor, a session, or a time; DELETE removes a whole site")
        return erase

    def _visitor(self, site: Site, wanted: Erasing) -> int | None:
        """Who is meant, None for anybody; times are checked on the way."""
        visitor = wanted.visitor
        if visitor is not None and not 0 < visitor < 1 << 64:
            raise InvalidInput("visitor", "a number as exports have it")
        if wanted.session is not None:
            if visitor is not None:
                raise InvalidInput("visitor", "a visitor or a session, not both")
            visitor = self._house.visitor_of(site.id, wanted.session)
        for name, time in (("first", wanted.first), ("last", wanted.last)):
            if time is not None and not 0 <= time <= LATEST:
                raise InvalidInput(name, f"milliseconds since 1970 UTC, 0 to {LATEST}")
        return visitor
