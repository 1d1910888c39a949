"""How far history is, as a node knows it: bounded while it is away, and asked often only while somebody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from footfall.cluster import watermark
from footfall.cluster.watermark import Watermark
from footfall.errors import HistoryFailed, StoreMismatch
from footfall.model import Rows


class History:
    """Of one partition, of which nothing is known but how far it is."""

    def __init__(self) -> None:
        self.at = 0
        self.asked = 0
        self.error: Exception | None = None

    async def positions(self) -> Mapping[int, int]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return {0: self.at}


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def followed(history: History) -> Watermark:
    return Watermark(history.positions, (0,))


async def folded(mark: Watermark, seqs: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark at each."""
    monkeypatch.setattr(watermark, "_MARK", 0)
    for seq in seqs:
        mark.at = (seq,)
        mark.offer(Rows(), seq)


async def test_what_is_kept_is_bounded_while_history_is_away(
    followed: Watermark, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For days, or for ever at a node without one. The way is known less finely then, its beginning and its end exactly."""
    await folded(followed, range(1, 100_001), monkeypatch)
    assert len(followed._marks) < 10_000
    followed.start()
    for there, passed in ((1, 1), (99_999, range(90_000, 100_000)), (100_000, 100_000)):
        history.at = there
        await followed.wait(passed if isinstance(passed, int) else passed[0], within=60)
        assert followed.position == passed if isinstance(passed, int) else followed.position in passed
        assert followed.passed == (followed.position,)
    await followed.close()


async def test_nobody_who_waits_no_longer_makes_it_ask_often(
    followed: Watermark, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question gave up long ago, and history is still away."""
    monkeypatch.setattr(watermark, "_LOOK", 3600)
    await folded(followed, range(1, 3), monkeypatch)
    followed.start()
    assert not await followed.wait(2, within=0.2)
    assert history.asked > 1, "while it waited"
    before = history.asked
    await asyncio.sleep(5 * watermark._HURRY)
    assert history.asked <= before + 1
    history.at = 2
    assert await followed.wait(2, within=60)
    await followed.close()


@pytest.mark.parametrize("error", [HistoryFailed("away"), StoreMismatch("of a newer version", "install it")])
async def test_it_looks_again_whatever_history_said(followed: Watermark, history: History, error: Exception) -> None:
    """Its tables may have been put right."""
    history.error, followed.at = error, (1,)
    followed.offer(Rows(), 1)
    followed.start()
    assert not await followed.wait(1, within=0.1)
    assert followed.failure == str(error)
    history.error, history.at = None, 1
    assert await followed.wait(1, within=60)
    assert followed.failure == ""
    await followed.close()
