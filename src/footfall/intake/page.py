"""Addresses of pages and of referrers: what is kept of them, and how it is written.

Kept as sent, but for percent-encoding: `%C3%A9` that stands for a printable letter, digit or sign beyond ASCII is written as that
character, and so are the encoded `A-Z a-z 0-9 - . _ ~`. All else stays encoded (`%2F`, `%20`, `%3F`, invalid UTF-8, control and
direction characters), with capital hex digits. So one page has one path, and people can read it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

from footfall.intake.text import cut
from footfall.rules import MAX_TEXT_BYTES

Campaign = tuple[str, str, str, str, str]
CAMPAIGN: Campaign = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
NO_CAMPAIGN: Campaign = ("", "", "", "", "")
CLICKS = ("gclid", "msclkid")
MAX_HOST = 253
MAX_PARAMETERS = 200  # of a query are looked at

_ADDRESS = re.compile(  # every part before the path is bounded, so that nonsense is found out at once
    r"(https?|android-app)://"
    r"(?:[^/?#]{0,255}@)?"  # user and password: never kept
    r"(\[[0-9a-f:.]{2,45}\]|[\w-]{1,63}(?:\.[\w-]{1,63}){0,126})\.?"
    r"(?::\d{0,5})?"
    r"(?:(/[^?#]*))?(?:\?([^#]*))?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
).fullmatch
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Page(NamedTuple):
    """`host` in lower case without port, `path` with the query parameters that stay, `campaign` in the order of CAMPAIGN,
    `tag` what the parameters `source` or `ref` say, `click` the name of an advertiser's click id that is there."""

    host: str
    path: str
    campaign: Campaign
    tag: str = ""
    click: str = ""


def read_page(address: str, params: Sequence[str] = ()) -> Page | None:
    """What is kept of a page's address; None if it is no http(s) address. `params`: the query parameters that stay."""
    match = _ADDRESS(address)
    if match is None or len(match[2]) > MAX_HOST or len(match[1]) > 5:
        return None
    path, query = match[3] or "/", match[4]
    if "%" in path:
        path = readable(path)
    if not query:
        return Page(_host(match[2]), path, NO_CAMPAIGN)
    return Page(_host(match[2]), path + kept_query(query, params), campaign_of(query), tag_of(query), click_of(query))


def _host(text: str) -> str:
    """A host by its one name: small letters, and those beyond ASCII as browsers send them (punycode)."""
    if text.isascii():
        return text.lower()
    try:
        return text.encode("idna").decode("ascii").lower()
    except UnicodeError:  # no name that anybody could look up
        return text.lower()


def host_of(address: str) -> str:
    """The host of an http(s) address or origin in lower case, "" if it is none."""
    match = _ADDRESS(address)
    return _host(match[2]) if match is not None and len(match[1]) <= 5 else ""


def read_path(path: str, params: Sequence[str] = ()) -> str:
    """What is kept of a path that came without its host: the same as of a whole address."""
    path, _, query = path.partition("#")[0].partition("?")
    return readable(path) + kept_query(query, params)


def kept_query(query: str, params: Sequence[str]) -> str:
    """ "?a=1&b=2" of the parameters that stay, in the order of `params`; "" if none does."""
    if not params:
        return ""
    parts = [(unquote_plus(part.partition("=")[0]), part) for part in query.split("&")[:MAX_PARAMETERS]]
    kept = [readable(part) for param in params for name, part in parts if name == param]
    return "?" + "&".join(kept) if kept else ""


def campaign_of(query: str) -> Campaign:
    """The five UTM fields; of one that is there twice, the first."""
    if "utm_" not in query:
        return NO_CAMPAIGN
    found: dict[str, str] = {}
    for part in query.split("&")[:MAX_PARAMETERS]:
        name, _, value = part.partition("=")
        if name in CAMPAIGN:
            found.setdefault(name, cut(unquote_plus(value), MAX_TEXT_BYTES))
    source, medium, name, content, term = (found.get(field, "") for field in CAMPAIGN)
    return source, medium, name, content, term


def tag_of(query: str) -> str:
    """What the parameter `source`, else `ref`, says; "" for none."""
    if "source=" not in query and "ref=" not in query:
        return ""
    found = dict(part.partition("=")[::2] for part in reversed(query.split("&")[:MAX_PARAMETERS]))
    return cut(unquote_plus(found.get("source") or found.get("ref", "")), MAX_TEXT_BYTES)


def click_of(query: str) -> str:
    """Which of CLICKS is there; "" for none."""
    return next((name for name in CLICKS if f"&{name}=" in f"&{query}"), "") if "clid=" in query or "clkid=" in query else ""


def read_referrer(address: str, host: str) -> str:
    """Host (no `www.`) and path of where a reader came from; "" for nowhere, nonsense, the page's own `host`, or a server on the
    reader's own machine."""
    match = _ADDRESS(address) if address else None
    if match is None or len(match[2]) > MAX_HOST:
        return ""
    source = _host(match[2]).removeprefix("www.")
    if source == host.removeprefix("www.") or source in ("localhost", "[::1]") or source.startswith("127."):
        return ""
    path = match[3] or ""
    return cut(source + readable(path) if path != "/" else source, MAX_TEXT_BYTES)


def readable(path: str) -> str:
    """The path with percent-encoding undone as far as the top of this file says."""
    return _ESCAPES.sub(_readable_run, path) if "%" in path else path


def _readable_run(match: re.Match[str]) -> str:
    raw = bytes.fromhex(match[0].replace("%", ""))
    return "".join(map(_readable_character, raw.decode(errors="surrogateescape")))


def _readable_character(character: str) -> str:
    if character.isascii():
        return character if character in _UNRESERVED else f"%{ord(character):02X}"
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8, escaped
        return f"%{ord(character) - 0xDC00:02X}"
    return character if character.isprintable() else quote(character)
