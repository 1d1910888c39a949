"""The owner's door to the sites themselves: list, add, change, remove with all data, and the recount of every total.

The command line comes through these doors too, whether a server runs or not, so that there is one way to change a site.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import InvalidInput
from footfall.house import House
from footfall.http.asker import Refused
from footfall.http.owners import Guard, body_of, decoded, site_of, told
from footfall.http.settings import SiteChange, changed, check_id, linked
from footfall.model import Publish, Site
from footfall.rules import MAX_TEXT_BYTES

MAX_SITE_BODY = 1 << 20  # the longest settings, with all definitions


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of PUT content: a post or page as it stands now."""

    title: str
    published: bool = True


def routes(house: House, guard: Guard) -> list[Route]:
    """The sites, what is published on them (kind "post" or "page", by slug), and the recount."""
    doors = _Sites(house)
    return [
        guard.door("GET", "/api/sites", doors.list),
        guard.door("GET", "/api/sites/{site}", doors.get),
        guard.door("PUT", "/api/sites/{site}", doors.put),
        guard.door("PATCH", "/api/sites/{site}", doors.patch),
        guard.door("DELETE", "/api/sites/{site}", doors.delete),
        guard.door("POST", "/api/sites/{site}/link", doors.link),
        guard.door("PUT", "/api/sites/{site}/content/{kind}/{slug:path}", doors.publish),
        guard.door("POST", "/api/verify", doors.verify),
        guard.door("POST", "/api/welcome", doors.welcome),
    ]


class _Sites:
    def __init__(self, house: House) -> None:
        self._house = house

    async def list(self, request: Request) -> Response:
        """All sites, by id."""
        return told(200, {"sites": [site for _, site in sorted(self._house.sites.items())]})

    async def get(self, request: Request) -> Response:
        """One site."""
        return told(200, site_of(self._house.sites, request))

    async def put(self, request: Request) -> Response:
        """Add a site (201) or change it (200); the answer is the site."""
        id, asked = request.path_params["site"], await _asked(request)
        status = 200

        def change(before: Site | None) -> Site:
            nonlocal status
            if before is None:
                check_id(id)
                status = 201
            return changed(before or Site(id, created=self._house.engine.now()), asked)

        site = await self._house.make_site(id, change)
        return told(status, site)

    async def patch(self, request: Request) -> Response:
        """Change a site, and never add one."""
        asked = await _asked(request)
        return told(200, await self._house.change_site(request.path_params["site"], lambda site: changed(site, asked)))

    async def delete(self, request: Request) -> Response:
        """Remove a site with all its data; `removed_views` is how many counted views went."""
        removed = await self._house.remove_site(site_of(self._house.sites, request).id)
        return told(200, {"removed_views": removed})

    async def link(self, request: Request) -> Response:
        """A new secret for the link of a site; the one before opens nothing any more. The answer is the site."""
        return told(200, await self._house.change_site(request.path_params["site"], linked))

    async def publish(self, request: Request) -> Response:
        """Tell what a path is: its title, and whether it is published. Titles and counts of posts on the page come from this."""
        site, kind, slug = site_of(self._house.sites, request).id, request.path_params["kind"], request.path_params["slug"]
        if kind not in ("post", "page"):
            raise InvalidInput("kind", '"post" or "page"')
        if not 0 < len(slug.encode()) <= MAX_TEXT_BYTES:
            raise InvalidInput("slug", f"1 to {MAX_TEXT_BYTES} bytes")
        content = decoded(await body_of(request), Content)
        if len(content.title.encode()) > MAX_TEXT_BYTES:
            raise InvalidInput("title", f"at most {MAX_TEXT_BYTES} bytes")
        engine = self._house.engine
        await engine.command(Publish(site, engine.now(), kind, slug, content.title, content.published))
        return told(200, content)

    async def verify(self, request: Request) -> Response:
        """Recount every total from the rows; `differences` is empty when all agree."""
        return told(200, {"differences": await self._house.verify()})

    async def welcome(self, request: Request) -> Response:
        """A new token for /welcome, where it sets the owner's password once."""
        return told(200, {"token": await self._house.access.welcome()})


async def _asked(request: Request) -> SiteChange:
    """The change of a site. Folders lie on the server, so a key of one site names none: its holder would read what others have
    there."""
    asked = decoded(await body_of(request, MAX_SITE_BODY), SiteChange)
    if asked.content is not msgspec.UNSET and request.state.key is not None and request.state.key.site:
        raise Refused(403, "content: folders of the server take the owner, or a key for all sites")
    return asked
