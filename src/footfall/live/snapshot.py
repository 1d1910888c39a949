"""What viewers see of a site, and what changed between two moments of it (docs/wire.md). Pure.

`snapshot` is the projection: it holds counts alone, no id, no address, and places only as exact as the site's grid.
`diff` gives the absolute new values of what changed; `applied` puts them on: applied(a, diff(a, b)) == b.
"""

from __future__ import annotations

from heapq import nlargest

import msgspec
from msgspec import UNSET, UnsetType

from footfall.live.pages import Pages
from footfall.live.presence import Place
from footfall.live.site import SiteState

TOP_PAGES = 100  # most viewed pages in a snapshot
READ_PAGES = 200  # pages with readers in a snapshot, at most
TOP_PLACES = 500


class PageLine(msgspec.Struct, frozen=True, gc=False):
    """A page with its views ever and its readers now."""

    path: str
    title: str
    type: str
    views: int
    here: int


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
    pages: tuple[PageLine, ...] = ()
    gone: tuple[str, ...] = ()
    places: tuple[PlaceLine, ...] = ()


_SCALARS = ("people", "views", "visitors", "since", "posts", "published_pages", "paths")


def page_order(line: PageLine) -> tuple[int, str]:
    """By views, largest first, then by path in the order of code points."""
    return -line.views, line.path


def place_order(line: PlaceLine) -> tuple[int, str, str, bool, float, float]:
    """By readers, most first, then by the key, one without coordinates before those with."""
    return -line.here, line.country, line.city, line.latitude is not None, line.latitude or 0.0, line.longitude or 0.0


def places_of(places: dict[Place, int], grid: float) -> tuple[PlaceLine, ...]:
    """Places with their readers, coordinates rounded to the grid (degrees; 0: as they are), the most readers first."""
    counts: dict[Place, int] = {}
    for (country, city, latitude, longitude), here in places.items():
        if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            key: Place = (country, city, None, None)
        else:
            key = (country, city, _rounded(latitude, grid), _rounded(longitude, grid))
        counts[key] = counts.get(key, 0) + here
    lines = [PlaceLine(*key, here) for key, here in counts.items() if key != ("", "", None, None)]
    return tuple(sorted(lines, key=place_order)[:TOP_PLACES])


def _rounded(degrees: float, grid: float) -> float:
    return round(round(degrees / grid) * grid, 6) + 0.0 if grid > 0 else degrees  # + 0.0: no negative zero


def _page_lines(pages: Pages, here: dict[str, int]) -> tuple[PageLine, ...]:
    read = here.keys() if len(here) <= READ_PAGES else nlargest(READ_PAGES, here, key=lambda path: (here[path], path))
    stats = {stat.path: stat for stat in pages.ranked(TOP_PAGES)}
    for path in read:
        if path not in stats:
            stats[path] = pages.stat(path)
    lines = [PageLine(s.path, s.title, s.page_type, s.views, here.get(s.path, 0)) for s in stats.values()]
    return tuple(sorted(lines, key=page_order))


def snapshot(site: str, state: SiteState, now: int, version: int, places: tuple[PlaceLine, ...]) -> Snapshot:
    """The site at `now`. `places` come from `places_of`: for strangers from a slower clock than the pages."""
    presence, pages = state.presence, state.pages
    presence.advance(now)
    return Snapshot(
        version=version,
        site=site,
        at=now,
        people=len(presence.active),
        views=state.views,
        visitors=len(state.visitors),
        since=state.since,
        posts=pages.posts,
        published_pages=pages.published_pages,
        paths=len(pages),
        pages=_page_lines(pages, presence.here),
        places=places,
    )


def diff(old: Snapshot, new: Snapshot) -> Delta | None:
    """What changed from `old` to `new`, or None if nothing did but version and time."""
    scalars = {name: getattr(new, name) for name in _SCALARS if getattr(old, name) != getattr(new, name)}
    old_pages = {line.path: line for line in old.pages}
    pages = tuple(line for line in new.pages if old_pages.pop(line.path, None) != line)
    gone = tuple(old_pages)
    old_places = {line.key: line for line in old.places}
    places = [line for line in new.places if old_places.pop(line.key, None) != line]
    places += [PlaceLine(*key, 0) for key in old_places]
    if not (scalars or pages or gone or places):
        return None
    return Delta(old.version, new.version, new.at, pages=pages, gone=gone, places=tuple(places), **scalars)


def applied(old: Snapshot, delta: Delta) -> Snapshot:
    """`old` with the changes of `delta`; ValueError if it does not start from there."""
    if delta.from_ != old.version:
        raise ValueError(f"a delta from version {delta.from_} does not fit version {old.version}")
    pages = {line.path: line for line in old.pages if line.path not in delta.gone}
    pages.update((line.path, line) for line in delta.pages)
    places = {line.key: line for line in old.places}
    places.update((line.key, line) for line in delta.places)
    scalars = {name: value for name in _SCALARS if (value := getattr(delta, name)) is not UNSET}
    return msgspec.structs.replace(
        old,
        version=delta.to,
        at=delta.at,
        pages=tuple(sorted(pages.values(), key=page_order)),
        places=tuple(sorted((line for line in places.values() if line.here), key=place_order)),
        **scalars,
    )
