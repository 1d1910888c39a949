"""Pages in the order of their views: largest first, then by path in the order of code points. Pure.

Changes are put in together: a few are moved one by one, more are sorted in.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping

import msgspec

_FEW = 64  # up to so many changed pages are moved one by one,
_SHARE = 250  # and up to one in so many: moving one costs as much as sorting so many of those that stay


class PageStat(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A page and its counted views, with title and type by the original's rules."""

    path: str
    title: str
    page_type: str
    views: int


class Ranking:
    """`lines` holds (-views, path, line), sorted."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: list[tuple[int, str, PageStat]] = []

    def __len__(self) -> int:
        return len(self.lines)

    def stats(self, start: int = 0, stop: int | None = None) -> list[PageStat]:
        """The lines from rank `start` to before rank `stop`."""
        return [line for _, _, line in self.lines[start:stop]]

    def paths(self, start: int = 0, stop: int | None = None) -> list[str]:
        """Their paths."""
        return [path for _, path, _ in self.lines[start:stop]]

    def move(self, changes: Mapping[str, tuple[int, int]], stat: Callable[[str], PageStat]) -> None:
        """Put paths from the views they have here to new ones; 0 views: not here. `stat` gives the new line of a path."""
        lines = self.lines
        fresh = [(-new, path, stat(path)) for path, (_, new) in changes.items() if new]
        if len(changes) <= max(_FEW, len(lines) // _SHARE):
            for path, (old, _) in changes.items():
                if old:
                    del lines[bisect_left(lines, (-old, path))]
            for line in fresh:
                insort(lines, line)
        else:
            lines = [line for line in lines if line[1] not in changes]
            lines += sorted(fresh)
            lines.sort()  # two sorted parts: a linear merge
            self.lines = lines
