"""Lines of an export of the original's platform: documents become facts and titles, by the original's rules, or are refused.

Each line is one JSON document with its `_id` and `_creationTime`; numbers may have fractions, fields that the original does not
have are passed over. A fact's id is a hash of the document's: whatever file it comes in, it is the same fact.
It knows no file and not what was imported before.
"""

from __future__ import annotations

import re

import msgspec

from footfall.errors import InvalidInput
from footfall.intake.identity import Identity
from footfall.intake.original import check_text
from footfall.model import Fact, Kind, Site
from footfall.rules import (
    CLOCK_TOLERANCE,
    CONVEX_EXPORT,
    MAX_PATH_BYTES,
    MAX_SESSION_BYTES,
    MAX_TEXT_BYTES,
    ORIGINAL,
    PRESENCE_TIMEOUT,
)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what a decoder raises for bytes that are no document
_WHAT = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)` - at `\$\.(?P<field>[^`]+)`").match
_MISSING = re.compile(r"Object missing required field `([^`]+)`").match


class _View(msgspec.Struct, gc=False):
    id: str = msgspec.field(name="_id")
    path: str
    session: str = msgspec.field(name="sessionId")
    page_type: str = msgspec.field(name="pageType", default="")
    timestamp: float | None = None
    created: float | None = msgspec.field(name="_creationTime", default=None)


class _Session(msgspec.Struct, gc=False):
    session: str = msgspec.field(name="sessionId")
    path: str = msgspec.field(name="currentPath")
    seen: float = msgspec.field(name="lastSeen")
    city: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class Titled(msgspec.Struct, frozen=True, gc=False):
    """A post or page, as far as the statistics know it. One that does not say so is not published."""

    slug: str
    title: str
    published: bool = False
    created: float = msgspec.field(name="_creationTime", default=0.0)


_view = msgspec.json.Decoder(_View).decode
_session = msgspec.json.Decoder(_Session).decode
_titled = msgspec.json.Decoder(Titled).decode


class ConvexExport:
    """Every method raises InvalidInput naming the field of the document."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def view(self, site: Site, line: bytes, now: int) -> Fact:
        """A line of pageViews. Without a timestamp the time is that of the document: the original makes both at once. What is
        yet to come was not viewed: such times are of another unit."""
        try:
            view = _view(line)
        except UNREADABLE as error:
            raise _refusal(error) from error
        check_text("_id", view.id, MAX_SESSION_BYTES)
        check_text("path", view.path, MAX_PATH_BYTES)
        check_text("pageType", view.page_type, MAX_TEXT_BYTES)
        check_text("sessionId", view.session, MAX_SESSION_BYTES)
        time = _time("timestamp", view.created if view.timestamp is None else view.timestamp, now)
        visitor = self._identity.of_session(site.id, view.session)
        id = self._identity.imported(site.id, CONVEX_EXPORT, view.id)
        return Fact(site.id, Kind.VIEW, visitor, id, CONVEX_EXPORT, time, 0, view.path, site.window, page_type=view.page_type)

    def session(self, site: Site, line: bytes, fresh_id: int, now: int) -> Fact | None:
        """A line of activeSessions: the beat of a reader who is still here, None if there was no sign of life for too long."""
        try:
            session = _session(line)
        except UNREADABLE as error:
            raise _refusal(error) from error
        check_text("currentPath", session.path, MAX_PATH_BYTES)
        check_text("sessionId", session.session, MAX_SESSION_BYTES)
        for field, text in (("city", session.city), ("country", session.country)):
            if text is not None:
                check_text(field, text, MAX_TEXT_BYTES)
        age = now - _time("lastSeen", session.seen, now)
        if age >= PRESENCE_TIMEOUT:
            return None
        visitor = self._identity.of_session(site.id, session.session)
        beat = Fact(site.id, Kind.BEAT, visitor, fresh_id, ORIGINAL, now, age, session.path, site.window)
        place = {"country": session.country, "city": session.city}
        return msgspec.structs.replace(beat, **place, latitude=session.latitude, longitude=session.longitude)


def titled(line: bytes) -> Titled:
    """A line of posts or pages. Raises InvalidInput naming the field."""
    try:
        item = _titled(line)
    except UNREADABLE as error:
        raise _refusal(error) from error
    check_text("slug", item.slug, MAX_PATH_BYTES)
    check_text("title", item.title, MAX_TEXT_BYTES)
    return item


def _time(field: str, value: float | None, now: int) -> int:
    """Whole milliseconds; the clocks of both places may differ a little."""
    if value is None or not 0 <= value <= now + CLOCK_TOLERANCE:  # nan is neither
        raise InvalidInput(field, "milliseconds since 1970 UTC, not after now")
    return min(int(value), now)


def _refusal(error: Exception) -> InvalidInput:
    """What the decoder said, as everything else here says it."""
    if what := _WHAT(str(error)):
        return InvalidInput(what["field"], f"{what['wanted']}, not {what['found']}")
    if missing := _MISSING(str(error)):
        return InvalidInput(missing[1], "to be given")
    return InvalidInput("line", f"a JSON object ({error})")
