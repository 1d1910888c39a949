"""The live state of one site, put together from its parts. Pure."""

from __future__ import annotations

from footfall import rules
from footfall.live.minutes import Minutes
from footfall.live.pages import Pages
from footfall.live.presence import Presence
from footfall.live.runs import Runs
from footfall.live.sightings import Sightings
from footfall.live.visits import Visits


class SiteState:
    """What the fold knows of a site: counters that equal a recount of the rows, who is here, what is open."""

    __slots__ = ("era", "imported", "minutes", "pages", "presence", "sightings", "since", "views", "visitors", "visits")

    def __init__(self, era: int = 0) -> None:
        self.era = era  # the seq at which its paths began to be numbered; after an erase they are numbered anew
        self.imported = 0  # the seq of the latest import since the process began: only that adds rows of long ago
        self.views = 0  # counted views
        self.since: int | None = None  # the time of the earliest counted view
        self.visitors = Runs(valued=False)  # everybody who ever had a counted view
        self.pages = Pages()
        self.presence = Presence()
        self.visits = Visits()
        self.minutes = Minutes()
        self.sightings = Sightings()

    @property
    def is_full(self) -> bool:
        """Whether there is no room for one more visitor."""
        return max(len(self.presence.readers), len(self.visits.open)) >= rules.MAX_READERS

    def count_view(self, path: str, visitor: int, time: int) -> int:
        """Add a counted view to every counter; returns the path's number as in `number`."""
        self.views += 1
        if self.since is None or time < self.since:
            self.since = time
        if visitor not in self.visitors:
            self.visitors.add(visitor)
        return self.era << 32 | self.pages.count(path, visitor)

    def number(self, path: str) -> int | None:
        """A number that no other path of the site has or had, also before an erase; None without a counted view."""
        number = self.pages.numbers.get(path)
        return None if number is None else self.era << 32 | number
