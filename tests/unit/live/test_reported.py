"""Titles as views report them: the latest one of each page, bounded, for its owner alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given

from footfall import rules
from footfall.live.fold import Fold
from footfall.live.listing import listing
from footfall.live.snapshot import ArrivalLine, PageLine, Snapshot, snapshot
from footfall.model import Import, Kind, Publish, Record
from tests.unit.live.made import BOUNDED, MINUTE, SITE, START, fact, folded, streams


def shown(fold: Fold) -> Snapshot:
    return snapshot(SITE, fold.site(SITE), fold.now, 1, ())


def reported(fold: Fold) -> dict[str, str]:
    return {line.path: line.reported for line in shown(fold).pages}


@BOUNDED
@given(streams())
def test_the_latest_view_that_tells_a_title_tells_it(records: Sequence[Record]) -> None:
    """By the time of the view, then by arrival: repeats and imports too, never a bot, a beat, or what was refused."""
    fold, _, rows = folded(records)
    latest = dict[tuple[str, str], tuple[int, str]]()
    for row in rows.facts:
        page = row.fact.site, row.fact.path
        if row.fact.kind == Kind.VIEW and not row.fact.bot and row.fact.title and row.time >= latest.get(page, (0, ""))[0]:
            latest[page] = row.time, row.fact.title
    kept = {
        (site, path): (at, title) for site, state in fold.sites.items() for path, _, _, title, at in state.pages.known() if title
    }
    assert kept == latest


@pytest.mark.parametrize(
    ("titles", "title"),
    [
        (["One"], "One"),
        (["One", "Two"], "Two"),
        (["One", ""], "One"),
        (["", ""], ""),
        ([" \n "], ""),
        (["x" * 500], "x" * rules.TITLE_KEPT),
    ],
)
def test_what_is_shown_of_it(titles: list[str], title: str) -> None:
    """A view without a title changes nothing; a blank one is shown as none; a long one is cut."""
    fold, _, _ = folded([fact(path="/a", title=told, at=START + at) for at, told in enumerate(titles)])
    assert reported(fold) == {"/a": title}


def test_an_older_view_does_not_put_its_title_over_a_newer_one() -> None:
    """Also when the newer one told the same title twice, and what lies between comes late."""
    same = [fact(path="/a", title="New", at=START, visitor=1), fact(path="/a", title="New", at=START + 9, visitor=2)]
    late = fact(path="/a", title="Old", at=START + 5, age=MINUTE, visitor=3)
    imported = fact(path="/a", title="Oldest", at=START - 9 * MINUTE)
    fold, _, _ = folded([*same, late, Import(SITE, START + MINUTE, (imported,))])
    assert reported(fold) == {"/a": "New"}
    folded([fact(path="/a", title="At the same time", at=START + 9, age=MINUTE, visitor=4)], fold)
    assert reported(fold) == {"/a": "At the same time"}


@pytest.mark.parametrize("path", ["/", "/stats", "/post"])
def test_a_title_by_the_rules_goes_first(path: str) -> None:
    """What is published says what its title is, so nothing else is shown; when it is published no more, it is."""
    records: list[Record] = [fact(path=path, title="As the page says"), Publish(SITE, START, "post", "post", "Titled", True)]
    fold, _, _ = folded(records)
    assert reported(fold) == {path: ""}
    folded([Publish(SITE, START, "post", "post", "Titled", False)], fold)
    assert reported(fold) == {path: "As the page says" if path == "/post" else ""}


def test_where_the_owner_sees_it() -> None:
    """On the page's line, at an arrival; and it is found by it. Nothing is sent where there is none."""
    fold, _, _ = folded([fact(path="/a", title="A long way"), fact(path="/b", visitor=2)])
    line = PageLine("/a", "/a", "other", 1, 1, "A long way")
    assert shown(fold).pages[0] == line
    assert shown(fold).arrivals[1] == ArrivalLine(START, "/a", "/a", "", "", "A long way")
    assert b"reported" not in msgspec.json.encode(shown(fold).pages[1])
    pages = fold.site(SITE).pages
    for text, found in (("LONG way", [line]), ("way ", []), ("/a", [line])):
        assert listing(pages, pages.ranking(), {"/a": 1}, text, 0, 9, True) == (len(found), found)
    assert listing(pages, pages.ranking(), {}, "long", 0, 9, False) == (0, [])
    assert listing(pages, pages.ranking(), {}, "", 0, 1, False) == (2, [PageLine("/a", "/a", "other", 1, 0)])
