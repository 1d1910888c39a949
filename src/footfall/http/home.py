"""What the owner sees first: / lists the sites and adds one, /sites/{site} shows and changes one. Strangers read what this is.

It turns forms into the same changes that /api/sites makes (sites.py judges them) and reads figures from the snapshot that the
live page shows; sheets.py writes the pages.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import InvalidInput
from footfall.house import House
from footfall.http import forms, plain, sheets
from footfall.http.auth import Gate, Standing
from footfall.http.page import Numbers, Pages, html, said
from footfall.http.settings import SiteChange, changed, check_id, linked
from footfall.http.warnings import Warnings
from footfall.model import Site

ABOUT = (
    "<p>This server counts the readers of websites: how many are here now, and what they read. "
    "It sets no cookie for them and keeps nothing that could name one.</p>"
)


class Home:
    """The endpoints."""

    def __init__(self, house: House, gate: Gate, pages: Pages, warnings: Warnings) -> None:
        self._house = house
        self._gate = gate
        self._pages = pages
        self._warnings = warnings

    def routes(self) -> list[Route]:
        """Which address leads to which."""
        return [
            Route("/", self.home, methods=["GET"]),
            Route("/sites", self.add, methods=["POST"]),
            Route("/sites/{site}", self.settings, methods=["GET"]),
            Route("/sites/{site}", self.change, methods=["POST"]),
            Route("/sites/{site}/link", self.link, methods=["POST"]),
        ]

    async def home(self, request: Request) -> Response:
        """GET /, and /?key=KEY."""
        key = request.query_params.get("key", "")
        standing = self._gate.standing(request.scope, key=key)
        if standing is Standing.LIMITED:
            return said(429, request.scope)
        if standing is not Standing.OWNER:
            return html(200, plain.page("Footfall", ABOUT + '<p><a href="sign-in">Sign in</a></p>'))
        return self._pages.signed_in(request, "/", owner=True) if key else self._list(request)

    async def add(self, request: Request) -> Response:
        """POST /sites: a new site, then its page."""
        if not self._may_change(request):
            return said(404, request.scope)
        filled = await forms.read(request)
        id = filled.get("id", "").strip().lower()

        def made(before: Site | None) -> Site:
            check_id(id)
            if before is not None:
                raise InvalidInput("id", "one that is not taken")
            return changed(Site(id, created=self._house.engine.now()), _change(filled))

        try:
            await self._house.make_site(id, made)
        except InvalidInput as error:
            return self._list(request, 400, filled, error)
        return forms.done(request, "/")

    async def settings(self, request: Request) -> Response:
        """GET /sites/{site}."""
        id = request.path_params["site"]
        if self._gate.standing(request.scope, id) is not Standing.OWNER:
            return said(404, request.scope)
        return self._settings(request, self._house.sites[id])

    async def change(self, request: Request) -> Response:
        """POST /sites/{site}."""
        id = request.path_params["site"]
        if not self._may_change(request, id):
            return said(404, request.scope)
        filled = await forms.read(request)
        try:
            asked = _change(filled)
            await self._house.change_site(id, lambda site: changed(site, asked))
        except InvalidInput as error:
            return self._settings(request, self._house.sites[id], 400, filled, error)
        return forms.done(request, f"/sites/{id}?saved")

    async def link(self, request: Request) -> Response:
        """POST /sites/{site}/link: a new secret; the old link opens nothing any more."""
        id = request.path_params["site"]
        if not self._may_change(request, id):
            return said(404, request.scope)
        await self._house.change_site(id, linked)
        return forms.done(request, f"/sites/{id}?saved")

    def _may_change(self, request: Request, site: str = "") -> bool:
        return self._gate.standing(request.scope, site) is Standing.OWNER and self._gate.is_own(request.scope)

    def _list(
        self, request: Request, status: int = 200, filled: forms.Values | None = None, error: InvalidInput | None = None
    ) -> Response:
        outside = self._gate.outside(request.scope)
        sites = sorted(self._house.sites.values(), key=lambda site: (site.name or site.id).casefold())
        rows = [sheets.row(site, self._numbers(site.id), outside) for site in sites]
        return forms.shown(status, sheets.list_page(rows, self._warnings.owner(), filled or {}, error))

    def _numbers(self, site: str) -> Numbers:
        return msgspec.json.decode(self._house.hub.snapshot(site, owner=True), type=Numbers)

    def _settings(
        self,
        request: Request,
        site: Site,
        status: int = 200,
        filled: forms.Values | None = None,
        error: InvalidInput | None = None,
    ) -> Response:
        saved = "saved" in request.query_params
        return forms.shown(
            status, sheets.settings_page(site, self._gate.outside(request.scope), saved, filled or _filled(site), error)
        )


def _change(filled: forms.Values) -> SiteChange:
    """What a form says about a site; fields that it does not have stay. Raises InvalidInput for what is no number."""
    given: dict[str, object] = {name: filled[name].strip() for name in ("name", "visibility", "convex") if name in filled}
    given |= {name: tuple(filled[name].replace(",", " ").split()) for name in ("hosts", "frames") if name in filled}
    if "opt_outs" in filled:
        given["opt_outs"] = () if filled["opt_outs"] == "off" else tuple(filled["opt_outs"].split("-"))
    for name in ("patterns", "bots", "not_bots"):  # these may hold commas and blanks
        if name in filled:
            given[name] = tuple(line.strip() for line in filled[name].splitlines() if line.strip())
    for name, number in (("grid", float), ("k", int), ("retention", int)):
        if name in filled:
            try:
                given[name] = number(filled[name].strip().replace(",", "."))
            except ValueError as error:
                raise InvalidInput(name, "a number") from error
    return SiteChange(**given)  # type: ignore[arg-type]  # names and types as above


def _filled(site: Site) -> dict[str, str]:
    """The settings form as it stands before anybody typed."""
    lists = {name: "\n".join(getattr(site, name)) for name in sheets.LISTS}
    numbers = {"grid": f"{site.grid:g}", "k": str(site.k), "retention": str(site.retention)}
    choices = {"visibility": site.visibility, "convex": site.convex, "opt_outs": "-".join(sorted(set(site.opt_outs))) or "off"}
    return {"name": site.name, **choices, **numbers, **lists}
