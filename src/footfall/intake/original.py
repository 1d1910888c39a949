"""The door of the original's clients: their two calls become facts. Their arguments are checked as the original checks them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec

from footfall.errors import InvalidInput, NotFound
from footfall.intake.identity import Identity
from footfall.intake.text import fits
from footfall.model import Fact, Kind, Site
from footfall.rules import MAX_PATH_BYTES, MAX_SESSION_BYTES, MAX_TEXT_BYTES, ORIGINAL

# What an argument may be, in words, and whether a value is that.
_TEXT, _NUMBER, _CURSOR, _TEXTS = "a string", "a finite number", "a string or null", "an array of strings"
_GOOD: Mapping[str, Callable[[object], bool]] = {
    _TEXT: lambda value: isinstance(value, str),
    _NUMBER: lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    _CURSOR: lambda value: value is None or isinstance(value, str),
    _TEXTS: lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
}
# Arguments of the original's functions: name -> (what it may be, whether it must be given). Anything else is an error.
ARGUMENTS: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "recordPageView": {"path": (_TEXT, True), "pageType": (_TEXT, True), "sessionId": (_TEXT, True)},
    "heartbeat": {
        "sessionId": (_TEXT, True),
        "currentPath": (_TEXT, True),
        "city": (_TEXT, False),
        "country": (_TEXT, False),
        "latitude": (_NUMBER, False),
        "longitude": (_NUMBER, False),
    },
    "getStats": {},
    "cleanupStaleSessions": {},
    "backfillAggregates": {},
    "backfillAggregatesChunk": {"cursor": (_CURSOR, True), "totalProcessed": (_NUMBER, True), "seenSessionIds": (_TEXTS, True)},
}


def check_arguments(function: str, arguments: Mapping[str, object]) -> None:
    """Raises InvalidInput naming the first that is no argument of that function, NotFound when there is no such function."""
    known = ARGUMENTS.get(function)
    if known is None:
        raise NotFound(f"no function {function!r}")
    for name, (_, required) in known.items():
        if required and name not in arguments:
            raise InvalidInput(name, "to be given")
    for name, value in arguments.items():
        if name not in known:
            raise InvalidInput(name, f"no such argument of {function}")
        expected, _ = known[name]
        if not _GOOD[expected](value):
            raise InvalidInput(name, expected)


class OriginalDoor:
    """`sites` is a live view; `fresh_id()` gives 64 random bits; `door` is ORIGINAL or CONVEX.

    A `call` names one call, the same each time it is sent again; "": it will not be. `name` is the door's in the ledger.
    """

    def __init__(self, sites: Mapping[str, Site], identity: Identity, fresh_id: Callable[[], int], door: str = ORIGINAL) -> None:
        self._sites = sites
        self._identity = identity
        self._fresh_id = fresh_id
        self.name = door

    def view(self, site: str, path: str, page_type: str, session: str, arrival: int, call: str = "") -> Fact:
        """recordPageView. Raises InvalidInput naming path, pageType or sessionId; NotFound for the site."""
        check_text("path", path, MAX_PATH_BYTES)
        check_text("pageType", page_type, MAX_TEXT_BYTES)
        check_text("sessionId", session, MAX_SESSION_BYTES)
        return self._fact(site, Kind.VIEW, session, path, arrival, call, page_type=page_type)

    def beat(
        self,
        site: str,
        session: str,
        path: str,
        arrival: int,
        *,
        city: str | None = None,
        country: str | None = None,
        latitude: float | None = None,
        longitude: float | None = None,
        call: str = "",
    ) -> Fact:
        """heartbeat; None: not given. Raises InvalidInput naming sessionId, currentPath, city, country, latitude or
        longitude; NotFound for the site."""
        check_text("sessionId", session, MAX_SESSION_BYTES)
        check_text("currentPath", path, MAX_PATH_BYTES)
        for field, text in (("city", city), ("country", country)):
            if text is not None:
                check_text(field, text, MAX_TEXT_BYTES)
        return msgspec.structs.replace(
            self._fact(site, Kind.BEAT, session, path, arrival, call),
            country=country,
            city=city,
            latitude=_number("latitude", latitude),
            longitude=_number("longitude", longitude),
        )

    def visitor(self, site: str, session: str) -> int:
        """Who a session is."""
        return self._identity.of_session(site, session)

    def _fact(self, site: str, kind: Kind, session: str, path: str, arrival: int, call: str, page_type: str = "") -> Fact:
        counted = self._sites.get(site)
        if counted is None:
            raise NotFound(f"no site {site!r}")
        visitor = self._identity.of_session(site, session)
        id = self._identity.fact(site, call, visitor) if call else self._fresh_id()
        return Fact(site, kind, visitor, id, self.name, arrival, 0, path, counted.window, page_type=page_type)


def check_text(field: str, value: object, limit: int) -> None:
    """Raises InvalidInput unless `value` is well-formed Unicode of at most `limit` bytes as UTF-8."""
    if not isinstance(value, str):
        raise InvalidInput(field, "a string")
    if not fits(value, limit):
        raise InvalidInput(field, f"well-formed Unicode of at most {limit} bytes as UTF-8")


def _number(field: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(field, "a finite number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidInput(field, "a finite number")
    return number
