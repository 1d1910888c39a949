"""The pages: /s/{site}, the live page with its first numbers already in it, and /, the owner's list of sites.

It fills placeholders of the built page; it does not know what the page does with them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.http import plain
from footfall.http.answers import PAGE_POLICY, header, page_headers
from footfall.http.auth import Gate, Standing, cookie
from footfall.http.warnings import Warnings
from footfall.hub import Hub
from footfall.model import Site

PLACEHOLDER = re.compile(rb"__([A-Z]+)__")
NO_PAGE = "This Footfall was installed without its web files. Collecting works; reinstall it to see the pages."


class Numbers(msgspec.Struct, frozen=True):
    """What of a snapshot is shown before any script runs."""

    people: int
    views: int
    visitors: int


class Template:
    """A page cut at its placeholders once, so that filling it is one join."""

    def __init__(self, page: bytes) -> None:
        self._parts = PLACEHOLDER.split(page)  # text, name, text, name, ..., text

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """The page with `values` in place; a placeholder without a value is left as it stands."""
        parts = list(self._parts)
        for n in range(1, len(parts), 2):
            name = parts[n].decode()
            parts[n] = values.get(name, b"__%s__" % parts[n])
        return b"".join(parts)


class Pages:
    """The endpoints. `live` is the built page, None when the package came without it."""

    def __init__(
        self, live: bytes | None, hub: Hub, gate: Gate, sites: Mapping[str, Site], warnings: Warnings, owner_key: str
    ) -> None:
        self._live = Template(live) if live is not None else None
        self._hub = hub
        self._gate = gate
        self._sites = sites
        self._warnings = warnings
        self._owner_key = owner_key

    async def site(self, request: Request) -> Response:
        """GET /s/{site}, and /s/{site}?key=KEY."""
        site = request.path_params["site"]
        standing = self._gate.standing(request.scope, request.query_params.get("key", ""))
        if not self._gate.visible(site, standing):
            return said(429 if standing is Standing.LIMITED else 404)
        owner = standing is Standing.OWNER
        if "key" in request.query_params:
            return self._signed_in(request, f"/s/{site}", owner)
        if self._live is None:
            return html(503, plain.note("No page", NO_PAGE), plain.POLICY)
        return html(200, self._live.fill(self._values(site, owner)), PAGE_POLICY)

    async def home(self, request: Request) -> Response:
        """GET /, and /?key=KEY."""
        standing = self._gate.standing(request.scope, request.query_params.get("key", ""))
        if standing is Standing.LIMITED:
            return said(429)
        if standing is Standing.STRANGER:
            return html(200, plain.page("Footfall", HOME), plain.POLICY)
        if "key" in request.query_params:
            return self._signed_in(request, "/", owner=True)
        sites = sorted(self._sites.values(), key=lambda site: site.id)
        root = request.scope.get("root_path", "")
        return html(200, plain.sites_page(sites, root, self._warnings.owner()), plain.POLICY)

    def _values(self, site: str, owner: bool) -> dict[str, bytes]:
        snapshot = self._hub.snapshot(site, owner)
        numbers = msgspec.json.decode(snapshot, type=Numbers)
        warnings = plain.warnings_markup(self._warnings.owner() if owner else ())
        return {
            "SITE": escape(site).encode(),
            "SNAPSHOT": in_script(snapshot),
            "PEOPLE": f"{numbers.people:,}".encode(),
            "VIEWS": f"{numbers.views:,}".encode(),
            "VISITORS": f"{numbers.visitors:,}".encode(),
            "WARNINGS": warnings.encode(),
        }

    def _signed_in(self, request: Request, path: str, owner: bool) -> Response:
        """Lead to the address without the key. Browsers hold a Strict cookie back while they follow a redirect that began on
        another site (a link in web mail): those get a page of ours that leads on, which makes the next request our own."""
        root = request.scope.get("root_path", "")
        target = root + quote(path)
        if header(request.scope["headers"], b"sec-fetch-site") in ("cross-site", "same-site"):
            response = html(200, plain.moved(target), plain.POLICY)
            response.headers["refresh"] = f"0; url={target}"
        else:
            response = html(303, b"", plain.POLICY)
            response.headers["location"] = target
        if owner:
            cookie_header = cookie(self._owner_key, root + "/", self._gate.is_https(request.scope))
            response.raw_headers.append((b"set-cookie", cookie_header))
        return response


NO = {
    404: ("Nothing here", "There is no such page, or it is not yours to see."),
    405: ("Not like this", "This page can only be read."),
    429: ("Too many tries", "Too many wrong keys came from your address. Wait a minute."),
}
HOME = (
    "<p>This server counts the readers of websites: how many are here now, and what they read. "
    "It sets no cookie for them and keeps nothing that could name one.</p>"
    "<p>Are you its owner? Open the address that <code>footfall serve</code> printed.</p>"
)


def html(status: int, body: bytes, policy: str = plain.POLICY) -> Response:
    """A page with all its headers."""
    response = Response(body, status)
    response.raw_headers.extend(page_headers(policy))
    return response


def said(status: int) -> Response:
    """The page that says no. What is not there and what may not be seen are told in the same words."""
    title, sentence = NO[status]
    response = html(status, plain.note(title, sentence))
    if status == 429:
        response.headers["retry-after"] = "60"
    return response


def in_script(json: bytes) -> bytes:
    """JSON that can stand in a script block: nothing in it can end the block or a line of it."""
    return json.replace(b"<", b"\\u003c").replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
