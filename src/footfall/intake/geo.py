"""Where a reader is, as far as anyone told us: the location headers of hosting platforms, or a city file.

It reads what it is handed and believes it: that headers come from a trusted proxy is the caller's business, and such a
proxy has to strip what it did not write itself, or be named: then only its own headers count. Of several that count, the
first of the table that told a country is heard.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

import msgspec

from footfall.intake.text import cut, fits

MAX_PLACE_BYTES = 256
NO_COUNTRY = frozenset({"XX", "ZZ", "EU", "AP"})  # "unknown" at Cloudflare and App Engine; no country in old registry data

_COUNTRY = re.compile(r"[A-Z]{2}").fullmatch  # also leaves out T1 (Tor), A1 (a proxy) and ?
_REGION_CODE = re.compile(r"[A-Z0-9]{1,3}").fullmatch

Told = tuple[object, object, object, object, object]  # country, region, city, latitude, longitude, whatever they may be


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where an address is. "" and None: not known. Latitude and longitude are both there or both None."""

    country: str = ""
    region: str = ""  # ISO 3166-2 ("US-CA") where a code was told, else a name
    city: str = ""
    latitude: float | None = None
    longitude: float | None = None


NOWHERE = Place()


def _netlify(value: bytes) -> Told:
    """JSON, in base64 or bare."""
    try:
        told = msgspec.json.decode(value if value.startswith(b"{") else base64.b64decode(value + b"=="))  # padded or not
    except (msgspec.MsgspecError, ValueError, RecursionError):
        told = None
    country, region = _at(told, "country", "code"), _at(told, "subdivision", "code")
    return country, region, _at(told, "city"), _at(told, "latitude"), _at(told, "longitude")


def _akamai(value: bytes) -> Told:
    """`georegion=1,country_code=US,region_code=CA,city=ALBANY,lat=37.88,long=-122.29,...`"""
    told = dict(pair.partition("=")[::2] for pair in _text(value).split(","))
    return told.get("country_code"), told.get("region_code"), told.get("city"), told.get("lat"), told.get("long")


def _app_engine_coordinates(value: bytes) -> tuple[str, str]:
    latitude, _, longitude = _text(value).partition(",")
    return latitude, longitude


# Platforms that spell it out: country, region as code, region by name, city, latitude, longitude; b"": there is no such header.
# Names in lower case, as ASGI has them.
_SPELT_OUT = {
    "cloudflare": (b"cf-ipcountry", b"cf-region-code", b"cf-region", b"cf-ipcity", b"cf-iplatitude", b"cf-iplongitude"),
    "vercel": (
        b"x-vercel-ip-country",
        b"x-vercel-ip-country-region",
        b"",
        b"x-vercel-ip-city",
        b"x-vercel-ip-latitude",
        b"x-vercel-ip-longitude",
    ),
    "cloudfront": (
        b"cloudfront-viewer-country",
        b"cloudfront-viewer-country-region",
        b"cloudfront-viewer-country-region-name",
        b"cloudfront-viewer-city",
        b"cloudfront-viewer-latitude",
        b"cloudfront-viewer-longitude",
    ),
    "appengine": (b"x-appengine-country", b"x-appengine-region", b"", b"x-appengine-city", b"x-appengine-citylatlong", b""),
}
# Platforms that put it all into one header.
_IN_ONE: Mapping[str, tuple[bytes, Callable[[bytes], Told]]] = {
    "netlify": (b"x-nf-geo", _netlify),
    "akamai": (b"x-akamai-edgescape", _akamai),
}

ANY = "any"  # platform
PLATFORMS = (*_SPELT_OUT, *_IN_ONE)
GEO_HEADERS = frozenset(name for row in _SPELT_OUT.values() for name in row if name) | {name for name, _ in _IN_ONE.values()}


def read_place(headers: Mapping[bytes, bytes], heard: str = ANY) -> Place | None:
    """The place that location headers (lower-case names) tell, None if they tell no country. `heard` is the platform whose
    headers count, ANY for all; those of no other name do."""
    for platform, (country, region, region_name, city, latitude, longitude) in _SPELT_OUT.items():
        if heard in (ANY, platform) and country in headers:
            where: tuple[object, object] = (headers.get(latitude), headers.get(longitude))
            if not longitude:
                where = _app_engine_coordinates(headers.get(latitude, b""))
            place = _place(headers[country], headers.get(region) or headers.get(region_name), headers.get(city), *where)
            if place is not None:
                return place
    for platform, (name, read) in _IN_ONE.items():
        if heard in (ANY, platform) and name in headers and (place := _place(*read(headers[name]))) is not None:
            return place
    return None


def place_of_record(record: object) -> Place | None:
    """The place that a record of a city file tells: nested (MaxMind, DB-IP) or flat (ip-location-db); None without a country."""
    subdivisions = _at(record, "subdivisions")
    subdivision = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else None
    return _place(
        _at(record, "country", "iso_code") or _at(record, "country_code"),
        _at(subdivision, "iso_code") or _at(record, "state1"),
        _at(record, "city", "names", "en") or _at(record, "city"),
        _first(_at(record, "location", "latitude"), _at(record, "latitude")),
        _first(_at(record, "location", "longitude"), _at(record, "longitude")),
    )


def place_of_country(code: str | None) -> Place:
    """The place of which only the country is known, if that."""
    return NOWHERE if code is None or code in NO_COUNTRY else Place(code)


def _place(country: object, region: object, city: object, latitude: object, longitude: object) -> Place | None:
    code = _text(country).upper()
    if not _COUNTRY(code) or code in NO_COUNTRY:
        return None
    part = _text(region)
    if _REGION_CODE(part.upper()):
        part = f"{code}-{part.upper()}"
    y, x = _degrees(latitude, 90), _degrees(longitude, 180)
    if y is None or x is None or (y == 0 and x == 0):  # "unknown" at App Engine; there is only sea
        y = x = None
    return Place(code, part, _text(city), y, x)


def _text(value: object) -> str:
    """A header or field as text: UTF-8 or else Latin-1, percent-encoded or not; "?" and what is no text are ""."""
    if isinstance(value, bytes):
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = value.decode("latin-1")
    else:
        text = value if isinstance(value, str) else ""
    text = unquote(text).strip()
    return cut(text, MAX_PLACE_BYTES) if text != "?" and fits(text, len(text) * 4) else ""


def _degrees(value: object, limit: int) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever is no number raises
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= limit else None


def _at(record: object, *keys: str) -> object:
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _first(*values: object) -> object:
    return next((value for value in values if value is not None), None)
