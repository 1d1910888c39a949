"""All pages of a site, a part at a time: in the order of views, or those in which some text occurs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from footfall.live.pages import Pages
from footfall.live.ranking import Ranking
from footfall.live.snapshot import PageLine, page_line


def listing(
    pages: Pages, ranking: Ranking, here: Mapping[str, int], text: str, offset: int, limit: int, owner: bool
) -> tuple[int, list[PageLine]]:
    """(how many there are, `limit` lines from `offset` on) of the ranked pages with `text` in path or title, in any case; for the
    owner also in a title that views report."""
    if not text:
        total, chosen = len(ranking), ranking.stats(offset, offset + limit)
    else:
        wanted = text.lower()
        found = ranking.containing(wanted)
        titled = (ranking.rank(path, pages.stat(path).views) for path in pages.titled(wanted, owner))
        more = {rank for rank in titled if rank is not None}.difference(found)
        if more:
            found = sorted([*found, *more])
        total, chosen = len(found), [ranking.lines[rank][2] for rank in found[offset : offset + limit]]
    return total, [page_line(pages, line, here, owner) for line in chosen]
