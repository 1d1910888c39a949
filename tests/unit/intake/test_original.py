"""The original's two calls: what they take, and how they name what they do not."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from footfall.errors import InvalidInput, NotFound
from footfall.intake.identity import Identity
from footfall.intake.original import OriginalDoor
from footfall.model import Fact, Kind, Site

NOW = 1_764_100_000_000


@pytest.fixture(scope="module")
def door() -> OriginalDoor:
    """The door of one site."""
    ids = count(1)
    identity = Identity(b"0123456789abcdef", lambda day: b"salt", lambda site, visitor: False)
    return OriginalDoor({"blog": Site("blog")}, identity, lambda: next(ids))


def view(door: OriginalDoor, path: Any = "/a", page_type: Any = "page", session: Any = "session") -> Fact:
    """A page view."""
    return door.view("blog", path, page_type, session, NOW)


def beat(door: OriginalDoor, session: Any = "session", path: Any = "/a", **place: Any) -> Fact:
    """A heartbeat."""
    return door.beat("blog", session, path, NOW, **place)


@pytest.mark.parametrize("path", ["", "/", "constructor", "__proto__", "/a\0b", "7", "/🦶", "x" * 10_000, "é" * 8_192])
def test_any_text_is_a_path(door: OriginalDoor, path: str) -> None:
    """Any string is a path, and kept as it stands."""
    fact = view(door, path)
    assert (fact.path, fact.kind, fact.door, fact.window, fact.storageless) == (path, Kind.VIEW, "original", 1_800_000, False)
    assert (fact.arrival, fact.age, fact.bot, fact.country, fact.latitude) == (NOW, 0, "", None, None)


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"city": "", "country": "", "latitude": 0, "longitude": 0},
        {"city": "Berlin"},
        {"latitude": -91.5, "longitude": 1e300},
        {"latitude": -0.0},
    ],
)
def test_what_is_given_is_kept(door: OriginalDoor, place: dict[str, Any]) -> None:
    """ "" and 0 count as given, any finite number is one, and what is not given is None."""
    fact = beat(door, **place)
    assert fact.kind == Kind.BEAT
    assert [getattr(fact, key) for key in ("city", "country", "latitude", "longitude")] == [
        place.get(key) for key in ("city", "country", "latitude", "longitude")
    ]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"path": None}, "path"),
        ({"path": 7}, "path"),
        ({"path": b"/a"}, "path"),
        ({"path": "\ud800"}, "path"),
        ({"path": "é" * 8_193}, "path"),
        ({"page_type": None}, "pageType"),
        ({"page_type": "\udfff"}, "pageType"),
        ({"session": True}, "sessionId"),
        ({"session": "x" * 1_025}, "sessionId"),
    ],
)
def test_views_refused(door: OriginalDoor, arguments: dict[str, Any], field: str) -> None:
    """What is refused is named as the original's clients name it."""
    with pytest.raises(InvalidInput) as refused:
        view(door, **arguments)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"session": 7}, "sessionId"),
        ({"path": "a\ud83d"}, "currentPath"),
        ({"city": 7}, "city"),
        ({"city": "\ud83d"}, "city"),
        ({"country": ["DE"]}, "country"),
        ({"latitude": float("nan")}, "latitude"),
        ({"latitude": float("inf")}, "latitude"),
        ({"latitude": True}, "latitude"),
        ({"latitude": "52.5"}, "latitude"),
        ({"latitude": 10**400}, "latitude"),
        ({"longitude": float("-inf")}, "longitude"),
    ],
)
def test_beats_refused(door: OriginalDoor, arguments: dict[str, Any], field: str) -> None:
    """The same for heartbeats; booleans and numeric strings are no numbers."""
    with pytest.raises(InvalidInput) as refused:
        beat(door, **arguments)
    assert refused.value.field == field


def test_sessions_are_visitors(door: OriginalDoor) -> None:
    """One session is one visitor in both calls, by its exact letters; every call is a fact of its own."""
    first, second, other = view(door), beat(door), view(door, session="Session")
    assert first.visitor == second.visitor != other.visitor
    assert len({first.id, second.id, other.id}) == 3


def test_unknown_site(door: OriginalDoor) -> None:
    """A site that there is not."""
    with pytest.raises(NotFound):
        door.view("nobody", "/a", "page", "session", NOW)
