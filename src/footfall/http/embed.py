"""What other people's pages show of a site: /embed/{site}, a card for a frame, and /badge/{site}.svg, an image.

Both tell what strangers may know, whoever asks, so that one answer serves all; from the projection of live/public.py.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from html import escape
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import InvalidInput
from footfall.house import House
from footfall.http import plain
from footfall.http.answers import header, page_headers
from footfall.http.assets import matches
from footfall.http.auth import Gate
from footfall.http.figures import counted
from footfall.http.page import Numbers, html, said
from footfall.model import Site

SECONDS = 30  # an answer may be shown again for so long
STYLE = (files("footfall.http") / "embed.css").read_text("utf-8")
HERE = {  # one, more, what stands between thousands
    "en": ("person here now", "people here now", ","),
    "de": ("Person gerade hier", "Personen gerade hier", "."),
    "es": ("persona aquí ahora", "personas aquí ahora", "."),
}
LABELS = {"here": "here now", "views": "views", "visitors": "visitors"}
WIDTHS = {  # in tenths of an em of a common sans serif; what is not named is as wide as most letters
    **dict.fromkeys("ijl.,:;'|!I", 3),
    **dict.fromkeys("frt()-/ ", 4),
    **dict.fromkeys("csz", 5),
    **dict.fromkeys("mwMW@%", 9),
}


class Embeds:
    """The endpoints. `script` is what keeps a card true, "" when the package came without web files; `answers` counts (door,
    status) for /metrics."""

    def __init__(self, house: House, gate: Gate, script: Callable[[], str], answers: Counter[tuple[str, int]]) -> None:
        self._house = house
        self._gate = gate
        self._script = script
        self._answers = answers

    def routes(self) -> list[Route]:
        """Which address leads to which."""
        doors = (("/embed/{site}", "embed", self.card), ("/badge/{site}.svg", "badge", self.badge))
        return [Route(path, self._door(name, endpoint), methods=["GET"]) for path, name, endpoint in doors]

    def _door(self, name: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            response = await endpoint(request)
            self._answers[name, response.status_code] += 1
            return response

        return answer

    async def card(self, request: Request) -> Response:
        """GET /embed/{site}."""
        site = self._found(request)
        if site is None:
            return said(404, request.scope)
        lang = language(request.query_params.get("lang", "") or header(request.scope["headers"], b"accept-language"))
        link = f"{request.scope.get('root_path', '')}/s/{site.id}" if site.visibility == "public" else ""
        script = self._script()
        body = card(site.id, self._numbers(site.id).people, lang, link, script)
        headers = page_headers(plain.policy(STYLE, frames_of(site), script))
        return _kept(request, site, body, [*headers, (b"vary", b"accept-language")])

    async def badge(self, request: Request) -> Response:
        """GET /badge/{site}.svg?show=here&path=/."""
        site = self._found(request)
        if site is None:
            return said(404, request.scope)
        try:
            query = request.query_params
            label, value = self._figure(site.id, query.get("show", "here"), query.get("path"))
        except InvalidInput as error:
            return html(400, plain.note("Not like this", f"{str(error).capitalize()}."))
        headers = [
            (b"content-type", b"image/svg+xml"),
            (b"content-security-policy", b"default-src 'none'"),
            (b"x-content-type-options", b"nosniff"),
            (b"access-control-allow-origin", b"*"),
        ]
        return _kept(request, site, badge(label, value), headers)

    def _found(self, request: Request) -> Site | None:
        id = request.path_params["site"]
        return self._house.sites[id] if self._gate.standing(request.scope, id).sees else None

    def _numbers(self, site: str) -> Numbers:
        return msgspec.json.decode(self._house.hub.snapshot(site, owner=False), type=Numbers)

    def _figure(self, site: str, show: str, path: str | None) -> tuple[str, int]:
        """What a badge tells: its label and its number. A page that strangers may not know has 0. Raises InvalidInput."""
        if show not in LABELS:
            raise InvalidInput("show", " or ".join(LABELS))
        if path is None:
            numbers = self._numbers(site)
            return LABELS[show], {"here": numbers.people, "views": numbers.views, "visitors": numbers.visitors}[show]
        if show == "visitors":
            raise InvalidInput("show", "here or views, with a path")
        page = counted(self._house, site, path, owner=False)
        return LABELS[show], page.here if show == "here" else page.views


def frames_of(site: Site) -> str:
    """Who may frame the card: whom the site names, else anyone for a public site and nobody for one that has a secret."""
    return " ".join(site.frames) or ("*" if site.visibility == "public" else "'none'")


def language(accepted: str) -> str:
    """The first of the languages that a browser names (they name the best first) which we speak."""
    named = (part.strip()[:2].lower() for part in accepted.split(","))
    return next((lang for lang in named if lang in HERE), "en")


def card(site: str, people: int, lang: str, link: str, script: str) -> bytes:
    """The card. Where its script does not run it is asked for anew by itself."""
    one, more, between = HERE[lang]
    words = one if people == 1 else more
    count = f"{people:,}".replace(",", between)
    dot = '<i class="some"></i>' if people else "<i></i>"
    text = f"{dot}<h1><b>{count}</b> <span>{words}</span></h1>"
    inner = (
        f'<a class="card" href="{escape(link)}" target="_blank" rel="noopener">{text}</a>'
        if link
        else f'<div class="card">{text}</div>'
    )
    known = f'data-site="{escape(site)}" data-people="{people}" data-one="{one}" data-more="{more}"'
    again = f'<meta http-equiv="refresh" content="{SECONDS}">'
    head, runs = (f"<noscript>{again}</noscript>", f"<script>{script}</script>") if script else (again, "")
    return plain.document(f"{count} {words}", f"<main {known}>{inner}</main>{runs}", STYLE, lang, head)


def badge(label: str, value: int) -> bytes:
    """The image, 20 pixels high, its text as wide as we believe it to be everywhere (textLength)."""
    number = short(value)
    left, right = _width(label) + 12, _width(number) + 14
    fit = 'lengthAdjust="spacingAndGlyphs"'
    text = f"{number} {label}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{escape(text)}">'
        f"<title>{escape(text)}</title>"
        f'<rect width="{left + right}" height="20" rx="5" fill="#4a453d"/>'
        f'<path d="M{left} 0h{right - 5}a5 5 0 0 1 5 5v10a5 5 0 0 1-5 5h-{right - 5}z" fill="#c8440c"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="6" y="14" textLength="{left - 12}" {fit}>{escape(label)}</text>'
        f'<text x="{left + 7}" y="14" textLength="{right - 14}" {fit} font-weight="bold">{number}</text>'
        "</g></svg>"
    ).encode()


def short(value: int) -> str:
    """1,234 · 12,345 · 1.2M: never more than seven characters below a milliard."""
    if value < 1_000_000:
        return f"{value:,}"
    size, unit = (1_000_000, "M") if value < 1_000_000_000 else (1_000_000_000, "G")
    return f"{value // (size // 10) / 10:g}{unit}"


def _width(text: str) -> int:
    """Pixels at 11 pixels a line; figures are all of one width."""
    return round(sum(WIDTHS.get(letter, 6.3) for letter in text) * 1.1)


def _kept(request: Request, site: Site, body: bytes, headers: list[tuple[bytes, bytes]]) -> Response:
    """An answer that may be shown again for a while, to anybody if the site is public."""
    etag = b'"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()
    whose = "public" if site.visibility == "public" else "private"
    lasting = (b"cache-control", f"{whose}, max-age={SECONDS}".encode())
    known = matches(header(request.scope["headers"], b"if-none-match"), etag)
    response = Response(b"" if known else body, 304 if known else 200)
    if known:
        del response.headers["content-length"]
    headers = [pair for pair in headers if pair[0] != b"cache-control"]
    response.raw_headers.extend([*headers, lasting, (b"etag", etag), (b"cross-origin-resource-policy", b"cross-origin")])
    return response
