"""What comes from the original's language or its bugs, decided one by one in docs/quirks.md, and what may be in a path at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from footfall.api import Footfall
from footfall.errors import InvalidInput
from tests.golden.conftest import ROOT, Agree
from tests.golden.traces import EXPECTED, agrees, found, load, on_purpose

NOW = 1_771_000_000_000
QUIRKS = found("quirks")
LARGE = [file for file in QUIRKS if "10000_sessions" in file.name]  # 11,500 views: seconds


@pytest.fixture
async def footfall(tmp_path: Path) -> AsyncIterator[Footfall]:
    """An empty store at NOW."""
    async with await Footfall.open(tmp_path / "data", clock=lambda: NOW) as footfall:
        yield footfall


@pytest.mark.slow
def test_every_quirk_is_as_decided(agree: Agree) -> None:
    """Where Footfall betters the original its answers are those of tests/golden/expected, everywhere else the original's."""
    agree([file for file in QUIRKS if file not in LARGE])


@pytest.mark.slow
def test_every_quirk_is_as_decided_after_kills(agree: Agree) -> None:
    """All of them, also the large one: neither views of the future nor refused places keep the store from opening."""
    agree(QUIRKS, "--crash-every", "1")
    agree(QUIRKS, "--restart-every", "1")


@pytest.mark.parametrize("file", QUIRKS, ids=lambda file: file.stem)
def test_every_quirk_is_decided(file: Path) -> None:
    """What is expected instead differs from the trace in each place, and the document has a paragraph about it."""
    recorded, expected = load(file), on_purpose(load(file))
    for index in expected.deliberate:
        assert not agrees(expected.outcomes[index], recorded.outcomes[index]), index
    assert f"`{recorded.name}`" in (ROOT / "docs" / "quirks.md").read_text()


def test_nothing_is_expected_of_traces_that_are_not_there() -> None:
    """Each expected file belongs to a trace."""
    names = {load(file).name for kind in ("traces", "quirks") for file in found(kind)}
    assert {file.stem for file in EXPECTED.glob("*.json")} <= names


ODD = [
    "constructor",
    "__proto__",
    "toString",
    "\0",
    "a\0b",
    "/" + "x" * 9_999,
    "\U0010ffff",
    "",
    " ",
    "/\ufeff",
    "null",
    "NaN",
    "'; --",
]


async def test_odd_names_break_no_figure_for_others(footfall: Footfall) -> None:
    """Paths, sessions, page types and slugs may be any text; each counts for itself alone."""
    for path in ["/plain", *ODD]:
        await footfall.record_page_view(path, path[:100], f"session {path[:100]}")
        await footfall.heartbeat(path[:100], path, city=path[:100], country=path[:100], latitude=0.0, longitude=-0.0)
        await footfall.publish("post", path, path[:500], True)
    stats = await footfall.get_stats()
    assert {line.path: line.views for line in stats.page_stats} == dict.fromkeys(["/plain", *ODD], 1)
    assert {line.path: line.count for line in stats.active_by_path} == dict.fromkeys(["/plain", *ODD], 1)
    assert stats.total_page_views == stats.unique_visitors == stats.active_visitors == stats.published_posts == 1 + len(ODD)
    assert [place.city for place in stats.visitor_locations] == [path[:100] for path in ["/plain", *ODD]]
    assert await footfall.verify() == []


async def test_odd_names_are_the_same_after_opening_again(tmp_path: Path) -> None:
    """From the checkpoint and from the rows: an erase counts them again."""
    async with await Footfall.open(tmp_path, clock=lambda: NOW) as footfall:
        for path in ["/plain", *ODD]:
            await footfall.record_page_view(path, "page", "s")
            await footfall.heartbeat(path[:100], path)
        before = await footfall.get_stats()
    async with await Footfall.open(tmp_path, clock=lambda: NOW) as footfall:
        assert await footfall.get_stats() == before
        assert await footfall.erase(path="/plain") == 1
        after = await footfall.get_stats()
        assert after.page_stats == [line for line in before.page_stats if line.path != "/plain"]
        assert after.active_by_path == before.active_by_path


SURROGATE = "/\ud800"
VIEW = {"path": "/", "pageType": "page", "sessionId": "s"}
BEAT = {"sessionId": "s", "currentPath": "/"}


@pytest.mark.parametrize(
    ("function", "arguments", "field"),
    [
        ("recordPageView", VIEW | {"path": SURROGATE}, "path"),
        ("recordPageView", VIEW | {"path": "x" * (16 * 1024 + 1)}, "path"),
        ("recordPageView", VIEW | {"path": "é" * (8 * 1024) + "x"}, "path"),
        ("recordPageView", VIEW | {"pageType": SURROGATE}, "pageType"),
        ("recordPageView", VIEW | {"pageType": "x" * 2_049}, "pageType"),
        ("recordPageView", VIEW | {"sessionId": SURROGATE}, "sessionId"),
        ("recordPageView", VIEW | {"sessionId": "x" * 1_025}, "sessionId"),
        ("heartbeat", BEAT | {"sessionId": SURROGATE}, "sessionId"),
        ("heartbeat", BEAT | {"sessionId": "x" * 1_025}, "sessionId"),
        ("heartbeat", BEAT | {"currentPath": SURROGATE}, "currentPath"),
        ("heartbeat", BEAT | {"currentPath": "x" * (16 * 1024 + 1)}, "currentPath"),
        ("heartbeat", BEAT | {"city": SURROGATE}, "city"),
        ("heartbeat", BEAT | {"country": "x" * 2_049}, "country"),
        ("heartbeat", BEAT | {"latitude": float("nan"), "longitude": 1}, "latitude"),
        ("heartbeat", BEAT | {"latitude": 1, "longitude": float("-inf")}, "longitude"),
        ("heartbeat", BEAT | {"latitude": 10**400, "longitude": 1}, "latitude"),
    ],
)
async def test_what_is_refused_is_named_and_leaves_its_count_alone(
    footfall: Footfall, function: str, arguments: dict[str, Any], field: str
) -> None:
    """Text that is no Unicode, text that is too long, numbers that are none."""
    before = await footfall.get_stats()
    with pytest.raises(InvalidInput) as refused:
        await footfall.call(function, arguments)
    assert refused.value.field == field
    assert field in str(refused.value)
    assert await footfall.get_stats() == before
    fold = footfall._store.engine.fold
    assert not fold.sites  # no fact was made
    assert [(outcome, reason, count) for (*_, outcome, reason), count in fold.ledger.items()] == [("rejected", "malformed", 1)]


async def test_the_longest_that_is_taken(footfall: Footfall) -> None:
    """At the limits themselves."""
    await footfall.record_page_view("é" * (8 * 1024), "x" * 2_048, "s" * 1_024)
    await footfall.heartbeat("s" * 1_024, "x" * (16 * 1024), city="é" * 1_024)
    stats = await footfall.get_stats()
    assert stats.total_page_views == stats.active_visitors == 1
