"""The live page, /s/{site}, with its first numbers already in it, and the page that says no.

It fills placeholders of the built page; it does not know what the page does with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import escape
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall.house import House
from footfall.http import plain
from footfall.http.answers import PAGE_POLICY, Scope, header, page_headers
from footfall.http.auth import Gate, Standing, link_of
from footfall.http.warnings import Warnings

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
    """The endpoints. `templates` are the built pages, none when the package came without them."""

    def __init__(self, templates: Callable[[], Mapping[str, bytes]], house: House, gate: Gate, warnings: Warnings) -> None:
        self._templates = templates
        self._cut = lru_cache(1)(Template)
        self._house = house
        self._gate = gate
        self._warnings = warnings

    async def site(self, request: Request) -> Response:
        """GET /s/{site}; with ?key=KEY it signs the owner in, with ?link=SECRET it shows a site to whoever has its link."""
        site, key = request.path_params["site"], request.query_params.get("key", "")
        standing = self._gate.standing(request.scope, site, key)
        if not standing.sees:
            return said(429 if standing is Standing.LIMITED else 404, request.scope)
        owner = standing is Standing.OWNER
        if key:
            return self.signed_in(request, f"/s/{site}", owner)
        page = self._templates().get("live.html")
        if page is None:
            return html(503, plain.note("No page", NO_PAGE), plain.POLICY)
        response = html(200, self._cut(page).fill(self._values(site, owner)), PAGE_POLICY)
        if not owner and self._house.sites[site].visibility == "link" and link_of(request.scope):
            response.raw_headers.append(self._gate.link_cookie(request.scope, site))
        return response

    def _values(self, site: str, owner: bool) -> dict[str, bytes]:
        snapshot = self._house.hub.snapshot(site, owner)
        numbers = msgspec.json.decode(snapshot, type=Numbers)
        warnings = plain.warnings_markup(self._warnings.owner() if owner else ())
        return {
            "SITE": escape(site).encode(),
            "NAME": escape(self._house.sites[site].name or site).encode(),
            "ZONE": escape(self._house.sites[site].timezone).encode(),
            "ROLE": b"owner" if owner else b"stranger",
            "SNAPSHOT": in_script(snapshot),
            "PEOPLE": plain.number(numbers.people).encode(),
            "VIEWS": plain.number(numbers.views).encode(),
            "VISITORS": plain.number(numbers.visitors).encode(),
            "WARNINGS": warnings.encode(),
        }

    def signed_in(self, request: Request, path: str, owner: bool) -> Response:
        """Lead to the address without the key. Browsers hold a Strict cookie back while they follow a redirect that began on
        another site (a link in web mail): those get a page of ours that leads on, which makes the next request our own."""
        target = request.scope.get("root_path", "") + quote(path)
        if header(request.scope["headers"], b"sec-fetch-site") in ("cross-site", "same-site"):
            response = html(200, plain.moved(target), plain.POLICY)
            response.headers["refresh"] = f"0; url={target}"
        else:
            response = html(303, b"", plain.POLICY)
            response.headers["location"] = target
        if owner:
            session = self._house.access.session(self._house.engine.now())
            response.raw_headers.append(self._gate.session_cookie(request.scope, session))
        return response


NO = {
    400: ("Not like this", "What was sent cannot be read, so nothing was done. Go back and try again."),
    403: ("Not from there", "This was not sent by a page of this server, so nothing was done. Go back and try again."),
    404: ("Nothing here", "There is no such page, or it is not yours to see."),
    405: ("Not like this", "This page can only be read."),
    429: ("Too many tries", "Too many wrong keys came from your address. Wait a minute."),
    503: (
        "Not just now",
        "What was asked for can neither be kept nor looked up now, so nothing was done. Try again in a moment.",
    ),
}
RETRY = {429: "60", 503: "2"}  # seconds


def html(status: int, body: bytes, policy: str = plain.POLICY) -> Response:
    """A page with all its headers."""
    response = Response(body, status)
    response.raw_headers.extend(page_headers(policy))
    return response


def said(status: int, scope: Scope) -> Response:
    """The page that says no. What is not there and what may not be seen are told in the same words."""
    title, sentence = NO[status]
    door = f'<p><a href="{escape(scope.get("root_path", ""))}/sign-in">Sign in</a></p>' if status == 404 else ""
    response = html(status, plain.page(title, f"<p>{sentence}</p>{door}"))
    if status in RETRY:
        response.headers["retry-after"] = RETRY[status]
    return response


def in_script(json: bytes) -> bytes:
    """JSON that can stand in a script block: nothing in it can end the block or a line of it."""
    return json.replace(b"<", b"\\u003c").replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
