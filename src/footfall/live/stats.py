"""The statistics object of the original module, from the live state alone. Pure.

Shape and order of every field are those of `getStats`: activeByPath by count, ties by the walking order of the sessions;
visitorLocations in walking order; pageStats by views, ties by path in the order of code points.
"""

from __future__ import annotations

from collections import Counter
from operator import attrgetter

import msgspec

from footfall.live.ranking import PageStat
from footfall.live.site import SiteState


class PathCount(msgspec.Struct, frozen=True, gc=False):
    """How many are on a path now."""

    path: str
    count: int


class Location(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where one reader is. City and country are left out when they were never given."""

    latitude: float
    longitude: float
    city: str | None = None
    country: str | None = None


class Stats(msgspec.Struct, frozen=True, rename="camel"):
    """What `get_stats` returns; encoded as JSON it has the original's field names."""

    active_visitors: int
    active_by_path: list[PathCount]
    total_page_views: int
    unique_visitors: int
    published_posts: int
    published_pages: int
    tracking_since: int | None
    page_stats: list[PageStat]
    visitor_locations: list[Location]


def stats(site: SiteState, now: int) -> Stats:
    """The statistics of a site at `now`."""
    site.presence.advance(now)
    walk = site.presence.walk()
    by_path = Counter(map(attrgetter("path"), walk))
    counts = sorted(by_path.items(), key=lambda entry: -entry[1])  # stable: ties stay in walking order
    return Stats(
        active_visitors=len(walk),
        active_by_path=[PathCount(path, count) for path, count in counts],
        total_page_views=site.views,
        unique_visitors=len(site.visitors),
        published_posts=site.pages.posts,
        published_pages=site.pages.published_pages,
        tracking_since=site.since,
        page_stats=site.pages.ranked(),
        visitor_locations=[
            Location(reader.latitude, reader.longitude, reader.city, reader.country)
            for reader in walk
            if reader.latitude is not None and reader.longitude is not None
        ],
    )
