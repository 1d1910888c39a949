"""getStats as the clients get it: the statistics as JSON, in pieces, so that a long list of pages holds nobody up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from footfall.convex.values import number
from footfall.live.ranking import PageStat
from footfall.live.snapshot import rounded
from footfall.live.stats import Location, PathCount, Stats

AT_ONCE = 2_000  # lines in a piece: about a millisecond

_encode = msgspec.json.Encoder().encode


class _Path(msgspec.Struct, gc=False):
    path: str
    count: float


class _Page(msgspec.Struct, gc=False, rename="camel"):
    path: str
    title: str
    page_type: str
    views: float


class _Place(msgspec.Struct, gc=False, omit_defaults=True):
    latitude: object
    longitude: object
    city: str | None = None
    country: str | None = None


def pieces(stats: Stats, grid: float) -> Iterator[bytes]:
    """The JSON of it in pieces; every number is a float. Coordinates are rounded to the grid (degrees; 0: as they are)."""
    counts = {
        "activeVisitors": stats.active_visitors,
        "totalPageViews": stats.total_page_views,
        "uniqueVisitors": stats.unique_visitors,
        "publishedPosts": stats.published_posts,
        "publishedPages": stats.published_pages,
        "trackingSince": stats.tracking_since,
    }
    yield _encode({name: None if count is None else float(count) for name, count in counts.items()})[:-1]
    for name, lines, told in (
        (b"activeByPath", stats.active_by_path, _path),
        (b"pageStats", stats.page_stats, _page),
        (b"visitorLocations", stats.visitor_locations, lambda line: _place(line, grid)),
    ):
        yield b',"%b":[' % name
        yield from _list(lines, told)
        yield b"]"
    yield b"}"


def _list(lines: Sequence[Any], told: Callable[[Any], object]) -> Iterator[bytes]:
    """What is between the brackets of an array."""
    for start in range(0, len(lines), AT_ONCE):
        part = _encode([told(line) for line in lines[start : start + AT_ONCE]])[1:-1]
        yield b"," + part if start else part


def _path(line: PathCount) -> _Path:
    return _Path(line.path, float(line.count))


def _page(line: PageStat) -> _Page:
    return _Page(line.path, line.title, line.page_type, float(line.views))


def _place(line: Location, grid: float) -> _Place:
    _, _, latitude, longitude = rounded(("", "", line.latitude, line.longitude), grid)
    if latitude is None or longitude is None:  # outside the globe: nobody is there, so there is nothing to blur
        latitude, longitude = line.latitude, line.longitude
    return _Place(number(latitude), number(longitude), line.city, line.country)
