"""The live state of one site, put together from its parts. Pure."""

from __future__ import annotations

from footfall.live.minutes import Minutes
from footfall.live.pages import Pages
from footfall.live.presence import Presence
from footfall.live.runs import Runs
from footfall.live.sightings import Sightings
from footfall.live.visits import Visits


class SiteState:
    """What the fold knows of a site: counters that equal a recount of the rows, who is here, what is open."""

    __slots__ = ("minutes", "pages", "presence", "sightings", "since", "views", "visitors", "visits")

    def __init__(self) -> None:
        self.views = 0  # counted views
        self.since: int | None = None  # the time of the earliest counted view
        self.visitors = Runs(valued=False)  # everybody who ever had a counted view
        self.pages = Pages()
        self.presence = Presence()
        self.visits = Visits()
        self.minutes = Minutes()
        self.sightings = Sightings()

    def count_view(self, path: str, visitor: int, time: int) -> int:
        """Add a counted view to every counter; returns the path's number."""
        self.views += 1
        if self.since is None or time < self.since:
            self.since = time
        if visitor not in self.visitors:
            self.visitors.add(visitor)
        return self.pages.count(path, visitor)
