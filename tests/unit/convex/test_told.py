"""getStats as its clients get it."""

from __future__ import annotations

import json

import pytest

from footfall.convex.told import AT_ONCE, pieces
from footfall.live.ranking import PageStat
from footfall.live.stats import Location, PathCount, Stats


def made(pages: int = 1, places: tuple[Location, ...] = ()) -> Stats:
    lines = [PageStat(f"/{n}", f"Title {n}", "blog", n) for n in range(pages)]
    return Stats(2, [PathCount("/", 2)], 5, 4, 1, 0, None, lines, list(places))


@pytest.mark.parametrize("pages", [0, 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE])
def test_the_pieces_are_one_object(pages: int) -> None:
    """However many lines there are, with the original's names."""
    text = b"".join(pieces(made(pages), 1.0)).decode()
    told = json.loads(text)
    assert [line["path"] for line in told["pageStats"]] == [f"/{n}" for n in range(pages)]
    names = "activeVisitors totalPageViews uniqueVisitors publishedPosts publishedPages trackingSince activeByPath pageStats"
    assert list(told) == [*names.split(), "visitorLocations"]
    assert '"totalPageViews":5.0,' in text
    assert '"trackingSince":null' in text
    assert told["activeByPath"] == [{"path": "/", "count": 2}]


@pytest.mark.parametrize(
    ("grid", "place", "told"),
    [
        (1.0, (47.4, 8.6), (47.0, 9.0)),
        (0.5, (47.4, 8.6), (47.5, 8.5)),
        (0.0, (47.4123, 8.6), (47.4123, 8.6)),
        (1.0, (-0.2, 8.0), (0.0, 8.0)),
        (1.0, (91.5, 8.6), (91.5, 8.6)),  # no place on earth: told as it came, as the original does
        (0.01, (1e308, -1e308), (1e308, -1e308)),
        (0.0, (-0.0, 1.0), ({"$float": "AAAAAAAAAIA="}, 1.0)),
    ],
)
def test_coordinates_are_as_fine_as_the_site_says(grid: float, place: tuple[float, float], told: tuple[object, object]) -> None:
    """On the grid, or exactly as they came."""
    (found,) = json.loads(b"".join(pieces(made(0, (Location(*place, "Zürich"),)), grid)))["visitorLocations"]
    assert found == {"latitude": told[0], "longitude": told[1], "city": "Zürich"}
