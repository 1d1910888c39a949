"""The pages of one site: views of each, their order, their titles. Pure.

Counting is one dict entry; the order by views is brought up to date only when somebody asks, and then only where it changed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

import msgspec

from footfall import rules

_FEW = 64  # up to so many changed pages are moved one by one; more are sorted in together


class PageStat(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A page and its counted views, with title and type by the original's rules."""

    path: str
    title: str
    page_type: str
    views: int


class Item(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A post or page as published last; its place in the dict is its age."""

    title: str
    published: bool


class Pages:
    """Counted views by path, and what is published."""

    __slots__ = ("_changed", "_order", "_posts", "_published_pages", "_stats", "content", "numbers", "views")

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}  # path -> its number, in the order of first counted view
        self.views: list[int] = []  # by number
        self.content: dict[tuple[str, str], Item] = {}  # (kind, slug) -> item
        self._posts: dict[str, str] = {}
        self._published_pages: dict[str, str] = {}
        self._order: list[tuple[int, str, PageStat]] = []  # (-views, path, line), sorted
        self._changed: dict[str, int] = {}  # path -> views that it has in _order (0: it is not there yet)
        self._stats: dict[str, PageStat] = {}

    def __len__(self) -> int:
        return len(self.views)

    def count(self, path: str, times: int = 1) -> int:
        """Add counted views; returns the path's number."""
        number = self.numbers.get(path)
        if number is None:
            number = self.numbers[path] = len(self.views)
            self.views.append(0)
        if path not in self._changed:
            self._changed[path] = self.views[number]
        self.views[number] += times
        return number

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
            number = self.numbers.get(path)
            if number is not None:
                self._changed.setdefault(path, self.views[number])

    @property
    def posts(self) -> int:
        """Number of published posts."""
        return len(self._posts)

    @property
    def published_pages(self) -> int:
        """Number of published pages."""
        return len(self._published_pages)

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

    def ranked(self, limit: int | None = None) -> list[PageStat]:
        """The most viewed pages, at most `limit`: by views, largest first, then by path in the order of code points."""
        self._settle()
        return [line for _, _, line in self._order[:limit]]

    def _settle(self) -> None:
        changed, order = self._changed, self._order
        if not changed:
            return
        fresh = [(-self.views[self.numbers[path]], path, self.stat(path)) for path in changed]
        if len(changed) <= _FEW:
            for path, views in changed.items():
                if views:
                    del order[bisect_left(order, (-views, path))]
            for line in fresh:
                insort(order, line)
        else:
            order = [line for line in order if line[1] not in changed]
            order += sorted(fresh)
            order.sort()  # two sorted parts: a linear merge
            self._order = order
        self._changed = {}

    def copy(self) -> Pages:
        """An independent copy of what is counted and published; the order is worked out again when asked."""
        twin = Pages()
        twin.numbers, twin.views, twin.content = dict(self.numbers), list(self.views), dict(self.content)
        twin._posts, twin._published_pages = dict(self._posts), dict(self._published_pages)
        twin._changed = dict.fromkeys(self.numbers, 0)
        return twin

    @classmethod
    def of(cls, views: Iterable[tuple[str, int]], content: Iterable[tuple[str, str, Item]]) -> Pages:
        """Pages with these views by path, in order of number, and this content, oldest first."""
        pages = cls()
        for path, count in views:
            pages.count(path, count)
        for kind, slug, item in content:
            pages.publish(kind, slug, item.title, item.published)
        return pages
