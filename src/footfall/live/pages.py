"""The pages of one site: views of each, their order, their titles, and whether enough visitors saw them. Pure.

Counting is one dict entry; the order by views is brought up to date only when somebody asks, and then only where it changed.
A title is that of published content. Beside it stands the one that views report: anybody may send it, so only the owner sees it.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable

import msgspec

from footfall import rules
from footfall.live.ranking import PageStat, Ranking

_ROUNDS = 64  # changes are remembered over so many rounds of asking

Viewers = tuple[int, ...]  # up to MOST_K - 1 different visitors, all that there are; or ENOUGH
ENOUGH: Viewers = (0,) * rules.MOST_K  # so many that nobody needs to know who
Known = tuple[str, int, Viewers, str, int]  # a path, its counted views and viewers, the title reported last and when


class Item(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A post or page as published last; its place in the dict is its age."""

    title: str
    published: bool


class Pages:
    """Counted views by path, and what is published."""

    __slots__ = (
        *("_changed", "_posts", "_published_pages", "_ranking", "_rounds", "_stats", "_touched"),
        *("content", "numbers", "path_bytes", "reported", "reported_at", "round", "viewers", "views"),
    )

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}  # path -> its number, in the order of first counted view
        self.path_bytes = 0  # of these paths together
        self.views: list[int] = []  # by number
        self.viewers: list[Viewers] = []  # by number
        self.reported: list[str] = []  # by number: the title that its latest view with a title told
        self.reported_at = array("q")  # by number: the time of that view
        self.content: dict[tuple[str, str], Item] = {}  # (kind, slug) -> item
        self.round = 0  # how often changes were put into the order
        self._posts: dict[str, str] = {}
        self._published_pages: dict[str, str] = {}
        self._ranking = Ranking()
        self._changed: dict[str, int] = {}  # path -> views that it has in _ranking (0: it is not there yet)
        self._touched: set[str] = set()  # paths whose item was published, or not any more, since
        self._rounds: deque[tuple[str, ...]] = deque(maxlen=_ROUNDS)  # what changed in each of the last rounds
        self._stats: dict[str, PageStat] = {}

    def __len__(self) -> int:
        return len(self.views)

    def count(self, path: str, visitor: int) -> int:
        """Add a counted view; returns the path's number."""
        number = self.numbers.get(path)
        if number is None:
            self.path_bytes += len(path.encode())
            number = self.numbers[path] = len(self.views)
            self.views.append(0)
            self.viewers.append(())
            self.reported.append("")
            self.reported_at.append(0)
        if path not in self._changed:
            self._changed[path] = self.views[number]
        self.views[number] += 1
        viewers = self.viewers[number]
        if viewers is not ENOUGH and visitor not in viewers:
            self.viewers[number] = viewers_of((*viewers, visitor))
        return number

    def report(self, path: str, title: str, time: int) -> None:
        """A view at `time` of a path that has a number told this title. The latest holds, of equally late ones the last."""
        number = self.numbers[path]
        if time >= self.reported_at[number]:
            self.reported_at[number] = time
            title = title[: rules.TITLE_KEPT]
            if title != self.reported[number]:
                self.reported[number] = title

    def has_room(self, path: str) -> bool:
        """Whether a view of this path may be counted: it is known, or another one still fits."""
        if path in self.numbers:
            return True
        return len(self.numbers) < rules.MAX_PATHS and self.path_bytes + len(path.encode()) <= rules.MAX_PATHS_BYTES

    def publish(self, kind: str, slug: str, title: str, published: bool) -> None:
        """Add an item, or replace title and flag of the one of that kind and slug (it keeps its age)."""
        self.content[(kind, slug)] = Item(title, published)
        titles = self._posts if kind == "post" else self._published_pages
        if published:
            titles[slug] = title
        else:
            titles.pop(slug, None)
        for path in (slug, "/" + slug):
            self._stats.pop(path, None)
            if path in self.numbers:
                self._changed.setdefault(path, self.views[self.numbers[path]])  # its line is another one now
            self._touched.add(path)

    @property
    def posts(self) -> int:
        """Number of published posts."""
        return len(self._posts)

    @property
    def published_pages(self) -> int:
        """Number of published pages."""
        return len(self._published_pages)

    def is_published(self, path: str) -> bool:
        """Whether a path is that of a post or page that is published."""
        slug = rules.slug_of(path)
        return slug in self._posts or slug in self._published_pages

    def is_seen(self, path: str, k: int) -> bool:
        """Whether at least `k` (1 to MOST_K) different visitors had a counted view of it."""
        number = self.numbers.get(path)
        return number is not None and len(self.viewers[number]) >= k

    def stat(self, path: str) -> PageStat:
        """A path's line; also of one that has no counted view yet."""
        number = self.numbers.get(path)
        views = 0 if number is None else self.views[number]
        stat = self._stats.get(path)
        if stat is None or stat.views != views:
            title, page_type = rules.title_of(path, self._posts, self._published_pages)
            stat = PageStat(path, title, page_type, views)
            if number is not None:
                self._stats[path] = stat
        return stat

    def reported_of(self, stat: PageStat) -> str:
        """The title that views reported of this page last; "" if none did, or if it has one by the rules."""
        number = self.numbers.get(stat.path)
        return "" if number is None or stat.page_type != rules.OTHER else self.reported[number].strip()

    def known(self) -> Iterable[Known]:
        """Every path with a counted view, in order of number."""
        return zip(self.numbers, self.views, self.viewers, self.reported, self.reported_at, strict=True)

    def titled(self, text: str, reported: bool) -> set[str]:
        """The paths with a title of their own (also a `reported` one) in which `text` (lower case) occurs, whatever the case."""
        found = {path for path in ("/", "", "/stats") if text in rules.title_of(path, {}, {})[0].lower()}
        for titles in (self._posts, self._published_pages):
            for slug, title in titles.items():
                if text in title.lower():
                    found |= {path for path in (slug, "/" + slug) if self.stat(path).title == title}
        if reported:
            told = zip(self.numbers, self.reported, strict=True)
            found |= {path for path, title in told if text in title.lower() and self.reported_of(self.stat(path))}
        return found

    def ranked(self, limit: int | None = None) -> list[PageStat]:
        """The most viewed pages, at most `limit`: by views, largest first, then by path in the order of code points."""
        return self.ranking().stats(0, limit)

    def ranking(self) -> Ranking:
        """All paths in that order, up to date."""
        if self._changed or self._touched:
            changes = {path: (old, self.views[self.numbers[path]]) for path, old in self._changed.items()}
            self._ranking.move(changes, self.stat)
            self._rounds.append((*self._changed, *self._touched))
            self._changed, self._touched = {}, set()
            self.round += 1
        return self._ranking

    def changed_since(self, round: int) -> Iterable[str]:
        """The paths whose views, viewers or publishing changed after that `round`, some perhaps twice; or simply all."""
        self.ranking()
        missed = self.round - round
        if missed > len(self._rounds):
            return self.numbers
        return [path for at in range(-missed, 0) for path in self._rounds[at]]

    def copy(self) -> Pages:
        """An independent copy of what is counted and published; the order is worked out again when asked."""
        twin = Pages()
        twin.numbers, twin.views, twin.viewers = dict(self.numbers), list(self.views), list(self.viewers)
        twin.reported, twin.reported_at = list(self.reported), self.reported_at[:]
        twin.path_bytes = self.path_bytes
        twin.content, twin._posts, twin._published_pages = dict(self.content), dict(self._posts), dict(self._published_pages)
        twin._changed = dict.fromkeys(self.numbers, 0)
        return twin

    @classmethod
    def of(cls, known: Iterable[Known], content: Iterable[tuple[str, str, Item]]) -> Pages:
        """Pages with these paths, in order of number, and this content, oldest first."""
        pages = cls()
        for path, count, viewers, title, time in known:
            pages.numbers[path] = len(pages.views)
            pages.path_bytes += len(path.encode())
            pages.views.append(count)
            pages.viewers.append(viewers_of(viewers))
            pages.reported.append(title[: rules.TITLE_KEPT])
            pages.reported_at.append(time)
        pages._changed = dict.fromkeys(pages.numbers, 0)
        for kind, slug, item in content:
            pages.publish(kind, slug, item.title, item.published)
        return pages


def viewers_of(visitors: Iterable[int]) -> Viewers:
    """What is kept of these different visitors."""
    viewers = tuple(sorted(visitors))
    return viewers if len(viewers) < rules.MOST_K else ENOUGH
