"""The owner's door to the sites themselves: list, add, change, remove with all data, and the recount of every total.

Everything here wants the owner's key; to everybody else there is nothing. The command line comes through these doors too,
whether a server runs or not, so that there is one way to change a site.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from zoneinfo import available_timezones

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.content.source import check as check_sources
from footfall.convex.setting import CHOICES
from footfall.errors import InvalidInput
from footfall.house import House
from footfall.http.auth import Gate
from footfall.http.owners import body_of, decoded, owners_only, site_of, told
from footfall.model import Goal, Publish, Site
from footfall.rules import MAX_TEXT_BYTES, MOST_K, REPEAT_CELL, REPEAT_WINDOW, SITE_IDS, is_site_id

HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*").fullmatch
ORIGIN = re.compile(r"(https?://)?(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?(:\d{1,5})?|\*").fullmatch
VISIBILITIES = ("private", "public", "link")
GRIDS = (0.01, 30.0)  # degrees: about one kilometre, about a continent
RETENTION = 36_500  # days, at most
LINK = re.compile(r"[A-Za-z0-9_-]{16,64}").fullmatch  # what `linked` makes
MOST_GOALS = 100
KS = (0, MOST_K)  # visitors who make a page or a place fit for strangers; 0: no number does


class SiteChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of PUT: what is given replaces, what is left out stays (or is the default of a new site)."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    hosts: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    visibility: str | msgspec.UnsetType = msgspec.UNSET
    frames: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    params: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    grid: float | msgspec.UnsetType = msgspec.UNSET
    k: int | msgspec.UnsetType = msgspec.UNSET
    patterns: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    window: int | msgspec.UnsetType = msgspec.UNSET
    content: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    retention: int | msgspec.UnsetType = msgspec.UNSET
    link: str | msgspec.UnsetType = msgspec.UNSET
    convex: str | msgspec.UnsetType = msgspec.UNSET
    timezone: str | msgspec.UnsetType = msgspec.UNSET
    goals: tuple[Goal, ...] | msgspec.UnsetType = msgspec.UNSET


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of PUT content: a post or page as it stands now."""

    title: str
    published: bool = True


def routes(house: House, gate: Gate) -> list[Route]:
    """The sites, what is published on them (kind "post" or "page", by slug), and the recount."""
    doors = _Sites(house)
    return [
        Route("/api/sites", owners_only(gate, doors.list), methods=["GET"]),
        Route("/api/sites/{site}", owners_only(gate, doors.get), methods=["GET"]),
        Route("/api/sites/{site}", owners_only(gate, doors.put), methods=["PUT"]),
        Route("/api/sites/{site}", owners_only(gate, doors.delete), methods=["DELETE"]),
        Route("/api/sites/{site}/link", owners_only(gate, doors.link), methods=["POST"]),
        Route("/api/sites/{site}/content/{kind}/{slug:path}", owners_only(gate, doors.publish), methods=["PUT"]),
        Route("/api/verify", owners_only(gate, doors.verify), methods=["POST"]),
        Route("/api/welcome", owners_only(gate, doors.welcome), methods=["POST"]),
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
        id = request.path_params["site"]
        change = decoded(await body_of(request), SiteChange)
        before = self._house.sites.get(id)
        if before is None:
            check_id(id)
        site = changed(before or Site(id, created=self._house.engine.now()), change)
        await self._house.put_site(site)
        return told(200 if before else 201, site)

    async def delete(self, request: Request) -> Response:
        """Remove a site with all its data; `removed_views` is how many counted views went."""
        removed = await self._house.remove_site(site_of(self._house.sites, request).id)
        return told(200, {"removed_views": removed})

    async def link(self, request: Request) -> Response:
        """A new secret for the link of a site; the one before opens nothing any more. The answer is the site."""
        site = linked(site_of(self._house.sites, request))
        await self._house.put_site(site)
        return told(200, site)

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


def check_id(id: str) -> None:
    """Raises InvalidInput for an id that no new site may have."""
    if not is_site_id(id):
        raise InvalidInput("id", SITE_IDS)


def changed(site: Site, change: SiteChange) -> Site:
    """The site with a change applied. Raises InvalidInput naming the field."""
    given = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not msgspec.UNSET}
    for name in given.keys() & {"hosts", "frames"}:
        given[name] = tuple(item.lower() for item in given[name])
    site = msgspec.structs.replace(site, **given)
    if site.visibility not in VISIBILITIES:
        raise InvalidInput("visibility", " or ".join(VISIBILITIES))
    if site.convex not in CHOICES:
        raise InvalidInput("convex", " or ".join(CHOICES))
    if site.visibility == "link" and not site.link:
        site = linked(site)
    for host in site.hosts:
        if not HOST(host):
            raise InvalidInput("hosts", f'host names without a port, "*." allowed in front, not {host!r}')
    for origin in site.frames:
        if not ORIGIN(origin):
            raise InvalidInput("frames", f"origins like https://blog.example or https://*.blog.example, not {origin!r}")
    if not GRIDS[0] <= site.grid <= GRIDS[1]:
        raise InvalidInput("grid", f"degrees from {GRIDS[0]} to {GRIDS[1]}")
    if not KS[0] <= site.k <= KS[1]:
        raise InvalidInput("k", f"a whole number from {KS[0]} to {KS[1]}")
    for pattern in site.patterns:
        if not pattern.startswith(("/", "*")) or len(pattern) > 200:
            raise InvalidInput("patterns", f"paths like /blog/*, at most 200 characters, not {pattern!r}")
    if site.window != 0 and not REPEAT_CELL <= site.window <= REPEAT_WINDOW:
        raise InvalidInput("window", f"milliseconds from {REPEAT_CELL} to {REPEAT_WINDOW}, or 0")
    check_sources(site.content)
    if not 0 <= site.retention <= RETENTION:
        raise InvalidInput("retention", f"whole days from 1 to {RETENTION}, or 0: for ever")
    if site.link and not LINK(site.link):
        raise InvalidInput("link", "16 to 64 letters, digits, - and _, as an export has it")
    if len(site.name) > 200:
        raise InvalidInput("name", "at most 200 characters")
    if site.timezone not in available_timezones():
        raise InvalidInput("timezone", f"a name of the time zone database like Europe/Berlin, not {site.timezone[:50]!r}")
    _check_goals(site.goals)
    return site


def _check_goals(goals: Sequence[Goal]) -> None:
    if len(goals) > MOST_GOALS or len({goal.name for goal in goals}) < len(goals):
        raise InvalidInput("goals", f"at most {MOST_GOALS}, each with a name of its own")
    for goal in goals:
        if not 0 < len(goal.name) <= 120 or bool(goal.event) == bool(goal.path):
            raise InvalidInput("goals", "a name of 1 to 120 characters, and either an event or a path like /thanks/*")


def linked(site: Site) -> Site:
    """The site with a new secret for its link."""
    return msgspec.structs.replace(site, link=secrets.token_urlsafe(16))
