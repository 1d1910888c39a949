"""Pages in the order of their views: largest first, then by path in the order of code points. Pure.

Changes are put in together: a few are moved one by one, more are sorted in.
"""

from __future__ import annotations

from bisect import bisect_left
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

    __slots__ = ("_lower", "lines")

    def __init__(self) -> None:
        self.lines: list[tuple[int, str, PageStat]] = []
        self._lower: list[str] | None = None  # the paths of `lines` in lower case, once somebody has searched

    def __len__(self) -> int:
        return len(self.lines)

    def stats(self, start: int = 0, stop: int | None = None) -> list[PageStat]:
        """The lines from rank `start` to before rank `stop`."""
        return [line for _, _, line in self.lines[start:stop]]

    def paths(self, start: int = 0, stop: int | None = None) -> list[str]:
        """Their paths."""
        return [path for _, path, _ in self.lines[start:stop]]

    def containing(self, text: str) -> list[int]:
        """The ranks of paths in which `text` (lower case) occurs, whatever the case. A list of strings alone is looked through
        in a quarter of the time that the lines take."""
        if self._lower is None:
            self._lower = [_lower(path) for _, path, _ in self.lines]
        return [rank for rank, lower in enumerate(self._lower) if text in lower]

    def rank(self, path: str, views: int) -> int | None:
        """The rank of a path that has so many views; None if it is not here."""
        at = bisect_left(self.lines, (-views, path))
        return at if at < len(self.lines) and self.lines[at][1] == path else None

    def move(self, changes: Mapping[str, tuple[int, int]], stat: Callable[[str], PageStat]) -> None:
        """Put paths from the views they have here to new ones; 0 views: not here. `stat` gives the new line of a path."""
        lines = self.lines
        fresh = [(-new, path, stat(path)) for path, (_, new) in changes.items() if new]
        if len(changes) <= max(_FEW, len(lines) // _SHARE):
            for path, (old, _) in changes.items():
                if old:
                    self._take(bisect_left(lines, (-old, path)))
            for line in fresh:
                self._put(bisect_left(lines, line), line)
        else:
            lines = [line for line in lines if line[1] not in changes]
            lines += sorted(fresh)
            lines.sort()  # two sorted parts: a linear merge
            self.lines, self._lower = lines, None

    def _take(self, at: int) -> None:
        del self.lines[at]
        if self._lower is not None:
            del self._lower[at]

    def _put(self, at: int, line: tuple[int, str, PageStat]) -> None:
        self.lines.insert(at, line)
        if self._lower is not None:
            self._lower.insert(at, _lower(line[1]))


def _lower(path: str) -> str:
    """The path itself where it is in lower case, as most are: that costs no memory."""
    lower = path.lower()
    return path if lower == path else lower
