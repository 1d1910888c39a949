"""What viewers see of a site, and what changed between two moments of it (docs/wire.md). Pure.

`snapshot` is what the owner sees: counts alone, no id, no address, and places only as exact as the site's grid. What strangers
see is less, in the same shapes (live/public.py).
`diff` gives the absolute new values of what changed; `applied` puts them on: applied(a, diff(a, b)) == b.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import nlargest

import msgspec
from msgspec import UNSET, UnsetType

from footfall.live.pages import Pages
from footfall.live.presence import Arrival, Place
from footfall.live.ranking import PageStat
from footfall.live.site import SiteState
from footfall.rules import TREND_MINUTES

TOP_PAGES = 100  # most viewed pages in a snapshot
READ_PAGES = 200  # pages with readers in a snapshot, at most
TOP_PLACES = 500


class PageLine(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A page with its views ever and its readers now. `reported`, for the owner alone: where it has no title by the rules, the
    document title that its views told last."""

    path: str
    title: str
    type: str
    views: int
    here: int
    reported: str = ""


class PlaceLine(msgspec.Struct, frozen=True, gc=False):
    """A place, rounded, with its readers now; (country, city, latitude, longitude) is its key."""

    country: str
    city: str
    latitude: float | None
    longitude: float | None
    here: int

    @property
    def key(self) -> Place:
        """What identifies the place."""
        return self.country, self.city, self.latitude, self.longitude


class ArrivalLine(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Somebody came at `at`, to this page, from there. What is not told is ""; `reported` as in PageLine."""

    at: int
    path: str
    title: str
    country: str
    city: str
    reported: str = ""


class Hidden(msgspec.Struct, frozen=True, gc=False):
    """What the pages come to that are not named."""

    here: int = 0
    views: int = 0
    paths: int = 0


class Snapshot(msgspec.Struct, frozen=True):
    """The whole live state of a site, as one JSON object."""

    version: int
    site: str
    at: int
    people: int
    views: int
    visitors: int
    since: int | None
    posts: int
    published_pages: int
    paths: int
    trend: tuple[int, ...]  # people in each of the last 30 minutes, oldest first; the last one is now
    arrivals: tuple[ArrivalLine, ...]  # the newest, newest first
    hidden: Hidden
    pages: tuple[PageLine, ...]
    places: tuple[PlaceLine, ...]


class Delta(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """The absolute new values of what changed between versions `from` and `to`; `gone`: paths that left; a place with
    `here` 0 left."""

    from_: int
    to: int
    at: int
    people: int | UnsetType = UNSET
    views: int | UnsetType = UNSET
    visitors: int | UnsetType = UNSET
    since: int | UnsetType | None = UNSET
    posts: int | UnsetType = UNSET
    published_pages: int | UnsetType = UNSET
    paths: int | UnsetType = UNSET
    trend: tuple[int, ...] | UnsetType = UNSET
    arrivals: tuple[ArrivalLine, ...] | UnsetType = UNSET
    hidden: Hidden | UnsetType = UNSET
    pages: tuple[PageLine, ...] = ()
    gone: tuple[str, ...] = ()
    places: tuple[PlaceLine, ...] = ()


_WHOLE = ("people", "views", "visitors", "since", "posts", "published_pages", "paths", "trend", "arrivals", "hidden")


def page_order(line: PageLine) -> tuple[int, str]:
    """By views, largest first, then by path in the order of code points."""
    return -line.views, line.path


def place_order(line: PlaceLine) -> tuple[int, str, str, bool, float, float]:
    """By readers, most first, then by the key, one without coordinates before those with."""
    return -line.here, line.country, line.city, line.latitude is not None, line.latitude or 0.0, line.longitude or 0.0


def places_of(places: dict[Place, int], grid: float) -> tuple[PlaceLine, ...]:
    """Places with their readers, coordinates rounded to the grid (degrees; 0: as they are), the most readers first."""
    counts: dict[Place, int] = {}
    for place, here in places.items():
        key = rounded(place, grid)
        counts[key] = counts.get(key, 0) + here
    lines = [PlaceLine(*key, here) for key, here in counts.items() if key != ("", "", None, None)]
    return tuple(sorted(lines, key=place_order)[:TOP_PLACES])


def rounded(place: Place, grid: float) -> Place:
    """The place on a grid; without coordinates if they lie outside the globe."""
    country, city, latitude, longitude = place
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return country, city, None, None
    return country, city, _on_grid(latitude, grid), _on_grid(longitude, grid)


def _on_grid(degrees: float, grid: float) -> float:
    return round(round(degrees / grid) * grid, 6) + 0.0 if grid > 0 else degrees  # + 0.0: no negative zero


def page_line(pages: Pages, stat: PageStat, here: Mapping[str, int], owner: bool) -> PageLine:
    """A page with its readers."""
    reported = pages.reported_of(stat) if owner else ""
    return PageLine(stat.path, stat.title, stat.page_type, stat.views, here.get(stat.path, 0), reported)


def page_lines(pages: Pages, top: Iterable[PageStat], here: dict[str, int], owner: bool) -> tuple[PageLine, ...]:
    """The most viewed pages and those that somebody reads, READ_PAGES of these at most."""
    read = here.keys() if len(here) <= READ_PAGES else nlargest(READ_PAGES, here, key=lambda path: (here[path], path))
    stats = {stat.path: stat for stat in top}
    stats.update((path, pages.stat(path)) for path in read if path not in stats)
    return tuple(sorted((page_line(pages, stat, here, owner) for stat in stats.values()), key=page_order))


def _arrival_line(pages: Pages, arrival: Arrival) -> ArrivalLine:
    stat = pages.stat(arrival.path)
    return ArrivalLine(arrival.at, arrival.path, stat.title, arrival.country, arrival.city, pages.reported_of(stat))


def snapshot(site: str, state: SiteState, now: int, version: int, places: tuple[PlaceLine, ...]) -> Snapshot:
    """The site at `now`, as its owner sees it. `places` come from `places_of`."""
    state.presence.advance(now)
    pages, presence = state.pages, state.presence
    return assembled(
        site,
        state,
        now,
        version,
        arrivals=tuple(_arrival_line(pages, arrival) for arrival in presence.arrivals),
        hidden=Hidden(),
        pages=page_lines(pages, pages.ranked(TOP_PAGES), presence.here, True),
        places=places,
    )


def assembled(
    site: str,
    state: SiteState,
    now: int,
    version: int,
    *,
    arrivals: tuple[ArrivalLine, ...],
    hidden: Hidden,
    pages: tuple[PageLine, ...],
    places: tuple[PlaceLine, ...],
) -> Snapshot:
    """What everybody may know, with what depends on who asks. Presence has been advanced to `now`."""
    return Snapshot(
        version=version,
        site=site,
        at=now,
        people=len(state.presence.active),
        views=state.views,
        visitors=len(state.visitors),
        since=state.since,
        posts=state.pages.posts,
        published_pages=state.pages.published_pages,
        paths=len(state.pages),
        trend=tuple(state.minutes.trend(now, TREND_MINUTES)),
        arrivals=arrivals,
        hidden=hidden,
        pages=pages,
        places=places,
    )


def diff(old: Snapshot, new: Snapshot) -> Delta | None:
    """What changed from `old` to `new`, or None if nothing did but version and time."""
    whole = {name: getattr(new, name) for name in _WHOLE if getattr(old, name) != getattr(new, name)}
    old_pages = {line.path: line for line in old.pages}
    pages = tuple(line for line in new.pages if old_pages.pop(line.path, None) != line)
    gone = tuple(old_pages)
    old_places = {line.key: line for line in old.places}
    places = [line for line in new.places if old_places.pop(line.key, None) != line]
    places += [PlaceLine(*key, 0) for key in old_places]
    if not (whole or pages or gone or places):
        return None
    return Delta(old.version, new.version, new.at, pages=pages, gone=gone, places=tuple(places), **whole)


def applied(old: Snapshot, delta: Delta) -> Snapshot:
    """`old` with the changes of `delta`; ValueError if it does not start from there."""
    if delta.from_ != old.version:
        raise ValueError(f"a delta from version {delta.from_} does not fit version {old.version}")
    pages = {line.path: line for line in old.pages if line.path not in delta.gone}
    pages.update((line.path, line) for line in delta.pages)
    places = {line.key: line for line in old.places}
    places.update((line.key, line) for line in delta.places)
    whole = {name: value for name in _WHOLE if (value := getattr(delta, name)) is not UNSET}
    return msgspec.structs.replace(
        old,
        version=delta.to,
        at=delta.at,
        pages=tuple(sorted(pages.values(), key=page_order)),
        places=tuple(sorted((line for line in places.values() if line.here), key=place_order)),
        **whole,
    )
