"""What is read from a request's headers."""
# ruff: noqa: E501 -- a row of a table is read as one line

from __future__ import annotations

import base64
import json

import pytest

from footfall.config import PLACE_HEADERS
from footfall.intake import Place, TrustedProxies, read_caller
from footfall.intake.geo import PLATFORMS

NOW = 1_764_100_000_000
PROXY = TrustedProxies(["127.0.0.1"])
BERLIN = {
    "city": "Köln",
    "country": {"code": "DE", "name": "Germany"},
    "subdivision": {"code": "NW"},
    "latitude": 50.9,
    "longitude": 6.9,
}
KOELN = Place("DE", "DE-NW", "Köln", 50.9, 6.9)

PLACES = [
    ([(b"cf-ipcountry", b"DE")], Place("DE")),
    (
        [(b"cf-ipcountry", b"DE"), (b"cf-ipcity", "Köln".encode()), (b"cf-region-code", b"NW"), (b"cf-iplatitude", b"50.9"), (b"cf-iplongitude", b"6.9")],
        KOELN,
    ),
    ([(b"cf-ipcountry", b"DE"), (b"cf-ipcity", "Köln".encode("latin-1"))], Place("DE", city="Köln")),
    ([(b"cf-ipcountry", b"XX")], None),
    ([(b"cf-ipcountry", b"T1")], None),
    ([(b"cf-ipcountry", b"")], None),
    ([(b"cf-ipcountry", b"Germany")], None),
    ([(b"cf-ipcountry", b"XX"), (b"x-vercel-ip-country", b"fr")], Place("FR")),
    ([(b"x-vercel-ip-country", b"BR"), (b"x-vercel-ip-city", b"S%C3%A3o%20Paulo"), (b"x-vercel-ip-country-region", b"SP")], Place("BR", "BR-SP", "São Paulo")),
    ([(b"cloudfront-viewer-country", b"US"), (b"cloudfront-viewer-latitude", b"91"), (b"cloudfront-viewer-longitude", b"0")], Place("US")),
    ([(b"cloudfront-viewer-country", b"US"), (b"cloudfront-viewer-latitude", b"40.1")], Place("US")),
    ([(b"cloudfront-viewer-country", b"US"), (b"cloudfront-viewer-latitude", b"nan"), (b"cloudfront-viewer-longitude", b"inf")], Place("US")),
    (
        [(b"x-appengine-country", b"US"), (b"x-appengine-region", b"ca"), (b"x-appengine-city", b"mountain view"), (b"x-appengine-citylatlong", b"37.38,-122.08")],
        Place("US", "US-CA", "mountain view", 37.38, -122.08),
    ),
    ([(b"x-appengine-country", b"US"), (b"x-appengine-city", b"?"), (b"x-appengine-citylatlong", b"0.000000,0.000000")], Place("US")),
    ([(b"x-appengine-country", b"ZZ")], None),
    ([(b"x-nf-geo", base64.b64encode(json.dumps(BERLIN).encode()))], KOELN),
    ([(b"x-nf-geo", json.dumps(BERLIN, ensure_ascii=False).encode())], KOELN),
    ([(b"x-nf-geo", b"eyJjaXR5")], None),
    ([(b"x-nf-geo", b"[1]")], None),
    ([(b"x-nf-geo", base64.b64encode(b'{"country":"DE"}'))], None),
    ([(b"x-nf-geo", base64.b64encode(b"[" * 5000))], None),
    (
        [(b"x-akamai-edgescape", b"georegion=246,country_code=US,region_code=CA,city=ALBANY,lat=37.8869,long=-122.2978,zip=94706+94710")],
        Place("US", "US-CA", "ALBANY", 37.8869, -122.2978),
    ),
    ([(b"x-akamai-edgescape", b"country_code=US,,=,=x")], Place("US")),
    ([(b"cf-ipcountry", b"DE"), (b"cf-region", b"Bavaria"), (b"cf-iplatitude", b"48.1"), (b"cf-iplongitude", b"11.6")], Place("DE", "Bavaria", "", 48.1, 11.6)),
    ([(b"cf-ipcountry", b"DE"), (b"cf-region-code", b"BY"), (b"cf-region", b"Bavaria")], Place("DE", "DE-BY")),
    ([(b"cf-ipcountry", b"DE"), (b"cf-ipcountry", b"US")], None),  # a client's line before the proxy's: nobody knows which
    ([(b"cf-ipcity", b"Berlin"), (b"cf-iplatitude", b"52.5"), (b"cf-iplongitude", b"13.4")], None),
    ([(b"cf-ipcountry", b"US"), (b"cf-iplatitude", b"0"), (b"cf-iplongitude", b"0")], Place("US")),
    ([(b"cf-ipcountry", b"GH"), (b"cf-iplatitude", b"5.6"), (b"cf-iplongitude", b"0.0")], Place("GH", latitude=5.6, longitude=0.0)),
    ([(b"x-vercel-ip-country", b"NZ"), (b"x-vercel-ip-latitude", b"-36.85"), (b"x-vercel-ip-longitude", b"174.76")], Place("NZ", latitude=-36.85, longitude=174.76)),
    ([(b"x-vercel-ip-country", b"FJ"), (b"x-vercel-ip-latitude", b"-18"), (b"x-vercel-ip-longitude", b"180.1")], Place("FJ")),
    (
        [(b"cloudfront-viewer-country", b"MX"), (b"cloudfront-viewer-country-region", b"CMX"), (b"cloudfront-viewer-country-region-name", b"Ciudad%20de%20M%C3%A9xico"), (b"cloudfront-viewer-city", b"M%C3%A9rida"), (b"cloudfront-viewer-latitude", b"20.97000"), (b"cloudfront-viewer-longitude", b"-89.62000")],
        Place("MX", "MX-CMX", "Mérida", 20.97, -89.62),
    ),
    ([(b"cloudfront-viewer-country", b"MX"), (b"cloudfront-viewer-country-region-name", b"Yucat%C3%A1n")], Place("MX", "Yucatán")),
    ([(b"x-appengine-country", b"FR"), (b"x-appengine-region", b"idf"), (b"x-appengine-citylatlong", b"48.85")], Place("FR", "FR-IDF")),
    ([(b"x-nf-geo", base64.b64encode(json.dumps(BERLIN).encode()).rstrip(b"="))], KOELN),
    ([(b"x-nf-geo", base64.b64encode(json.dumps(BERLIN | {"latitude": True, "longitude": "6.9"}).encode()))], Place("DE", "DE-NW", "Köln")),
    ([(b"x-nf-geo", base64.b64encode(json.dumps(BERLIN | {"latitude": "50.9", "subdivision": None, "city": 7}).encode()))], Place("DE", "", "", 50.9, 6.9)),
    ([(b"x-nf-geo", base64.b64encode(b'{"country":{"code":"\xff"}}'))], None),
    ([(b"x-nf-geo", base64.b64encode(b'{"timezone":"UTC"}'))], None),
    ([(b"x-akamai-edgescape", b"georegion=999,country_code=reserved,asnum=reserved")], None),
    ([(b"x-akamai-edgescape", b"country_code=US,lat=37.75-37.81,long=-122.3")], Place("US")),
    ([(b"fly-region", b"fra")], None),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "place"), PLACES)
def test_places(headers: list[tuple[bytes, bytes]], place: Place | None) -> None:
    """What hosting platforms tell about a reader's place, in each one's own way of saying it, and of saying nothing."""
    assert read_caller("127.0.0.1", headers, NOW, PROXY)[0].place == place


@pytest.mark.parametrize("headers", [headers for headers, place in PLACES if place])
def test_places_told_by_anyone(headers: list[tuple[bytes, bytes]]) -> None:
    """Only a trusted proxy is believed: anyone can send a header."""
    assert read_caller("192.0.2.1", headers, NOW, PROXY)[0].place is None


@pytest.mark.parametrize("headers", [headers for headers, place in PLACES if place])
def test_places_of_one_platform(headers: list[tuple[bytes, bytes]]) -> None:
    """Behind a platform that is named, what a reader makes up in another one's way is not heard. Every name can be set."""
    assert sorted(("any", "none", *PLATFORMS)) == sorted(PLACE_HEADERS)
    told = {name: read_caller("127.0.0.1", headers, NOW, PROXY, name)[0].place for name in PLACE_HEADERS}
    place = told.pop("any")
    assert place is not None
    assert told.pop("none") is None
    assert sorted(told.values(), key=bool) == [None] * (len(PLATFORMS) - 1) + [place]


def test_a_place_that_is_made_up_hides_none_that_counts() -> None:
    """The platform's own header is heard beside another one's, whichever stands first."""
    headers = [(b"cf-ipcountry", b"NZ"), (b"x-vercel-ip-country", b"DE")]
    assert read_caller("127.0.0.1", headers, NOW, PROXY, "vercel")[0].place == Place("DE")


def test_a_browsers_headers() -> None:
    """The headers of a real request of a browser, as a proxy hands them on."""
    caller, spoofed = read_caller(
        "127.0.0.1",
        [
            (b"host", b"stats.example.test:8902"),
            (b"sec-ch-ua-platform", b'"Linux"'),
            (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            (b"content-type", b"text/plain"),
            (b"origin", b"https://blog.example.test:8902"),
            (b"referer", b"https://blog.example.test:8902/posts/second?x=1"),
            (b"accept-language", b"en-GB,en;q=0.9"),
            (b"x-forwarded-for", b"203.0.113.9"),
        ],
        NOW,
        PROXY,
    )
    assert not spoofed
    assert (caller.address, caller.arrival) == ("203.0.113.9", NOW)
    assert caller.user_agent == "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    assert (caller.origin, caller.referer) == (
        "https://blog.example.test:8902",
        "https://blog.example.test:8902/posts/second?x=1",
    )
    assert (caller.accept_language, caller.prefetch, caller.place) == ("en-GB,en;q=0.9", False, None)


def test_a_forged_line_does_not_hide_the_proxys() -> None:
    """A client may send the header too, in a line of its own: the lines are one list, and the proxy's stands on the right."""
    lines = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"203.0.113.9")]
    assert read_caller("127.0.0.1", lines, NOW, PROXY)[0].address == "203.0.113.9"
    two_proxies = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-for", b"127.0.0.1")]
    assert read_caller("127.0.0.1", two_proxies, NOW, PROXY)[0].address == "203.0.113.9"
    assert read_caller("192.0.2.1", lines, NOW, PROXY) == (read_caller("192.0.2.1", [], NOW, PROXY)[0], True)


@pytest.mark.parametrize(
    ("name", "value", "ahead"),
    [
        (b"sec-purpose", b"prefetch", True),
        (b"sec-purpose", b"prefetch;prerender", True),
        (b"sec-purpose", b"prefetch;anonymous-client-ip", True),
        (b"purpose", b"Prefetch", True),
        (b"x-purpose", b"preview", True),
        (b"x-moz", b"prefetch", True),
        (b"purpose", b"", False),
        (b"sec-fetch-mode", b"prefetch", False),
    ],
)
def test_fetched_ahead(name: bytes, value: bytes, ahead: bool) -> None:
    """Browsers say in several ways that nobody asked for the page yet."""
    assert read_caller("192.0.2.1", [(name, value)], NOW, PROXY)[0].prefetch is ahead


def test_nothing_at_all() -> None:
    """A request without headers, even one through a Unix socket, has a caller; a user agent without end has one."""
    assert read_caller("", [], NOW, PROXY)[0].address == ""
    assert len(read_caller("", [(b"user-agent", b"x" * 9999)], NOW, PROXY)[0].user_agent) == 1024
