"""What strangers see of a site: the one projection behind its public page, stream, API, replay, embeds and badges. Pure.

Why nobody can be placed or named by it, whoever compares messages, snapshots and answers for as long as he likes:
1. It holds counts, paths, titles, cities and countries alone: no visitor, no address, no coordinate finer than a degree.
2. A path is text that anybody may send. It is told only if the owner published it, or a pattern of the site fits it, or k
   different visitors viewed it (k = 0: no number is enough); never with a query string. The others count in `hidden`; asking
   for one finds nothing.
   A title is text too: only that of published content is told, never one that views report.
3. A place is told if k different visitors were seen there within 30 days, else its country, else it is one of "elsewhere";
   with k = 0 none is told.
4. Places are told in groups of at least k people that come and go whole (live/groups.py): each telling, and each difference
   of two, however far apart, is about whole groups. So the pages, which tell at once who came and left, match no place.
5. Places change on a clock of their own, in messages that hold nothing else; whoever watches or polls gets the same ones.
6. The feed of arrivals names pages only.
Its limits: k is what it says, and a visitor is what a browser says: one person can be k of them. Who does that writes any path
on the wall, opens one that he knows, and, as k - 1 of a group, knows where its last member is. k = 0 is there against all three.
k people who are all in one place are known to be there, and one who comes on k days without a session is k visitors of a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from footfall.live import snapshot as owner
from footfall.live.groups import Groups, told_by
from footfall.live.pages import Pages
from footfall.live.presence import Arrival, Place
from footfall.live.ranking import Ranking
from footfall.live.site import SiteState
from footfall.live.snapshot import ArrivalLine, Hidden, PlaceLine, Snapshot, place_order
from footfall.model import Site
from footfall.rules import MOST_K, PLACE_CELL


class Projection:
    """Of one site. It follows the state by what changed in it, so that a look costs as much as has happened since the last.
    `here`: who was here before it, and may have been told of by another one."""

    def __init__(self, here: Iterable[int] = ()) -> None:
        self.ranking = Ranking()  # the named pages
        self._views: dict[str, int] = {}  # that each named page has in it
        self._total = 0
        self._groups = Groups(here)
        self._pages: Pages | None = None
        self._round = 0
        self._k = MOST_K
        self._patterns: tuple[str, ...] = ()

    def follow(self, site: Site, pages: Pages) -> None:
        """Bring the named pages up to date."""
        k = min(max(site.k, 0), MOST_K)
        if pages is not self._pages or (k, site.patterns) != (self._k, self._patterns):
            self._pages, self._k, self._patterns = pages, k, site.patterns
            self.ranking, self._views, self._total = Ranking(), {}, 0
            changed = set(pages.numbers)
        else:
            changed = set(pages.changed_since(self._round))
        moves = {}
        for path in changed:
            number, old = pages.numbers.get(path), self._views.get(path, 0)
            new = pages.views[number] if number is not None and self.names(path) else 0
            if old or new:
                moves[path] = (old, new)
                self._total += new - old
                self._views[path] = new
                if not new:
                    del self._views[path]
        self.ranking.move(moves, pages.stat)
        pages.ranking()
        self._round = pages.round

    def names(self, path: str) -> bool:
        """Whether strangers may read this path; `follow` comes first."""
        pages = self._pages
        if pages is None or "?" in path:
            return False
        seen = self._k > 0 and pages.is_seen(path, self._k)
        return seen or pages.is_published(path) or any(matches(path, glob) for glob in self._patterns)

    def here(self, state: SiteState) -> dict[str, int]:
        """Readers of the named pages."""
        return {path: here for path, here in state.presence.here.items() if path in self._views or self.names(path)}

    def snapshot(self, site: Site, state: SiteState, now: int, version: int, places: tuple[PlaceLine, ...]) -> Snapshot:
        """The site at `now`, with the places as they were told last."""
        state.presence.advance(now)
        self.follow(site, state.pages)
        here = self.here(state)
        hidden_here = len(state.presence.active) - sum(here.values())
        return owner.assembled(
            site.id,
            state,
            now,
            version,
            arrivals=tuple(self._arrival_line(state.pages, arrival) for arrival in state.presence.arrivals),
            hidden=Hidden(hidden_here, state.views - self._total, len(state.pages) - len(self.ranking)),
            pages=owner.page_lines(state.pages, self.ranking.stats(0, owner.TOP_PAGES), here, False),
            places=places,
        )

    def places(self, site: Site, state: SiteState, now: int) -> tuple[PlaceLine, ...]:
        """The places as they are told from now on: what the slower clock asks for."""
        if self._k == 0:
            return ()
        state.presence.advance(now)
        told = told_by(state.sightings, self._k, now)
        counts = self._groups.tell(state.presence.readers, state.presence.active, self._k, told)
        grid, lines = max(site.grid, PLACE_CELL), dict[Place, int]()
        for spot, here in counts.items():
            place = owner.rounded(spot, grid)
            lines[place] = lines.get(place, 0) + here
        return tuple(sorted((PlaceLine(*place, here) for place, here in lines.items()), key=place_order)[: owner.TOP_PLACES])

    def _arrival_line(self, pages: Pages, arrival: Arrival) -> ArrivalLine:
        """A page that is not named is ""."""
        if not self.names(arrival.path):
            return ArrivalLine(arrival.at, "", "", "", "")
        return ArrivalLine(arrival.at, arrival.path, pages.stat(arrival.path).title, "", "")


def matches(path: str, glob: str) -> bool:
    """Whether a path is like a pattern: `*` stands for anything, also for nothing and for slashes; all else for itself."""
    first, *rest = glob.split("*")
    if not rest:
        return path == glob
    return path.startswith(first) and _found(path, rest, len(first))


def _found(path: str, pieces: Sequence[str], at: int) -> bool:
    """Whether the pieces follow each other in the path from `at` on, the last one at its end."""
    for piece in pieces[:-1]:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(path) - len(pieces[-1]) >= at and path.endswith(pieces[-1])
