"""Lines of an export: what they come to, and what is refused with which words."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import rules
from footfall.errors import InvalidInput
from footfall.intake.convex_export import ConvexExport, Titled, titled
from footfall.intake.identity import Identity
from footfall.model import Fact, Kind, Site

NOW = 1_764_000_000_000
BLOG = Site("blog", window=60_000)
IDENTITY = Identity(b"0123456789abcdef", lambda day: b"salt", lambda site, visitor: False)
EXPORT = ConvexExport(IDENTITY)
VIEW = {"_id": "j1", "_creationTime": 1714e9 + 0.75, "path": "/a", "pageType": "blog", "sessionId": "s", "timestamp": 1714e9}
SESSION = {"_id": "m1", "sessionId": "s", "currentPath": "/a", "lastSeen": float(NOW - 5)}
POST = {"_id": "k1", "_creationTime": 5.5, "slug": "a", "title": "A", "published": True}


def line(document: dict[str, Any], **change: Any) -> bytes:
    """As JSON; None: the field is not there."""
    return json.dumps({name: value for name, value in {**document, **change}.items() if value is not None}).encode()


def a_view(**change: Any) -> Fact:
    return EXPORT.view(BLOG, line(VIEW, **change), NOW)


def test_a_view() -> None:
    """Everything is known of it that the original knew; its session is the visitor that it is when its client comes itself."""
    fact = a_view()
    assert (fact.site, fact.kind, fact.arrival, fact.age, fact.path) == ("blog", Kind.VIEW, 1_714_000_000_000, 0, "/a")
    assert (fact.page_type, fact.window, fact.door) == ("blog", 60_000, rules.CONVEX_EXPORT)
    assert fact.visitor == IDENTITY.of_session("blog", "s")


def test_its_id_is_that_of_the_document() -> None:
    """Whatever else is in the line; another site's is another one, and no client can send it."""
    assert a_view().id == a_view(path="/b", timestamp=1, sessionId="t").id
    others = {a_view(_id="j2").id, EXPORT.view(Site("shop"), line(VIEW), NOW).id, IDENTITY.fact("blog", "j1", 1)}
    assert len(others | {a_view().id}) == 4


@pytest.mark.parametrize(
    ("change", "time"),
    [
        ({"timestamp": 1_714_000_000_001}, 1_714_000_000_001),
        ({"timestamp": 1714000000001.999}, 1_714_000_000_001),
        ({"timestamp": 0}, 0),
        ({"timestamp": NOW}, NOW),
        ({"timestamp": NOW + rules.CLOCK_TOLERANCE}, NOW),  # the platform's clock is ahead
        ({"timestamp": None}, 1_714_000_000_000),  # that of the document
    ],
)
def test_times(change: dict[str, Any], time: int) -> None:
    """Whole milliseconds, however they are written."""
    assert a_view(**change).arrival == time


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"_id": None}, "_id: expected to be given"),
        ({"path": None}, "path: expected to be given"),
        ({"sessionId": None}, "sessionId: expected to be given"),
        ({"timestamp": None, "_creationTime": None}, "timestamp: expected milliseconds since 1970"),
        ({"path": 7}, "path: expected str, not int"),
        ({"sessionId": ["s"]}, "sessionId: expected str, not array"),
        ({"pageType": False}, "pageType: expected str, not bool"),
        ({"timestamp": "1714000000000"}, "timestamp: expected float | null, not str"),
        ({"timestamp": -1}, "timestamp: expected milliseconds since 1970"),
        ({"timestamp": 1714e12}, "timestamp: expected milliseconds since 1970 UTC, not after now"),  # microseconds
        ({"timestamp": NOW + rules.CLOCK_TOLERANCE + 1}, "timestamp: expected milliseconds since 1970"),
        ({"path": "/" * (rules.MAX_PATH_BYTES + 1)}, "path: expected well-formed Unicode of at most 16384 bytes"),
        ({"sessionId": "s" * 1025}, "sessionId: expected well-formed Unicode of at most 1024 bytes"),
        ({"_id": "i" * 1025}, "_id: expected well-formed Unicode"),
        ({"path": "\ud800"}, "line: expected a JSON object"),
    ],
)
def test_views_that_are_refused(change: dict[str, Any], said: str) -> None:
    """The field, and what was expected of it."""
    with pytest.raises(InvalidInput) as refused:
        a_view(**change)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'"text"', b"{}x", b"\xff{}", b"\xef\xbb\xbf{}", b'{"x":' + b"[" * 9_999])
def test_lines_that_are_no_documents(text: bytes) -> None:
    """None of the three tables takes them."""
    for judge in (lambda: EXPORT.view(BLOG, text, NOW), lambda: EXPORT.session(BLOG, text, 1, NOW), lambda: titled(text)):
        with pytest.raises(InvalidInput):
            judge()


@given(st.binary() | st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_nothing_else_is_raised(text: bytes | str) -> None:
    """Whatever stands in a line."""
    told = text if isinstance(text, bytes) else b'{"_id":"1","sessionId":"s","path":"","timestamp":' + text.encode() + b"}"
    for judge in (lambda: EXPORT.view(BLOG, told, NOW), lambda: EXPORT.session(BLOG, told, 1, NOW), lambda: titled(told)):
        with suppress(InvalidInput):
            judge()


@pytest.mark.parametrize(("age", "here"), [(0, True), (119_999, True), (120_000, False)])
def test_sessions(age: int, here: bool) -> None:
    """Somebody seen in the last two minutes is here."""
    fact = EXPORT.session(BLOG, line(SESSION, lastSeen=float(NOW - age), city="Bonn", latitude=50.7, longitude=7), 9, NOW)
    if not here:
        assert fact is None
        return
    assert fact is not None
    assert (fact.kind, fact.door, fact.id, fact.time, fact.path) == (Kind.BEAT, rules.ORIGINAL, 9, NOW - age, "/a")
    assert (fact.city, fact.country, fact.latitude, fact.longitude) == ("Bonn", None, 50.7, 7.0)
    assert fact.visitor == IDENTITY.of_session("blog", "s")


def test_titles() -> None:
    """One that does not say that it is published is not."""
    assert titled(line(POST, content="x" * 10_000)) == Titled("a", "A", True, 5.5)
    assert titled(line(POST, published=None, _creationTime=None)) == Titled("a", "A", False, 0.0)
    for change, field in (({"title": None}, "title"), ({"slug": 3}, "slug"), ({"published": "yes"}, "published")):
        with pytest.raises(InvalidInput) as refused:
            titled(line(POST, **change))
        assert refused.value.field == field
    with pytest.raises(InvalidInput):
        titled(line(POST, title="t" * (rules.MAX_TEXT_BYTES + 1)))
