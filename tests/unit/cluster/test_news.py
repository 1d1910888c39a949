"""Looking for what other nodes changed: shared by all who ask, and never oftener than it may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from footfall.cluster import news
from footfall.cluster.news import News
from footfall.errors import Busy, Full


class Registry:
    """Of which nothing is known but how often it was changed."""

    def __init__(self) -> None:
        self.changes = 1
        self.looks = 0
        self.known = 0
        self.is_away = False
        self.refreshed = asyncio.Event()

    async def revision(self) -> int:
        if self.is_away:
            raise Busy("the registry cannot be used")
        self.looks += 1
        return self.changes

    async def refresh(self) -> None:
        self.known = self.changes
        self.refreshed.set()


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
async def looking(registry: Registry) -> AsyncIterator[News]:
    """It has looked once."""
    found = News(registry.revision, registry.refresh)
    running = asyncio.create_task(found.run())
    await found.look()
    yield found
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_was_changed_before_somebody_asks_is_known(registry: Registry, looking: News) -> None:
    """Every time."""
    for _ in range(3):
        registry.changes += 1
        await looking.look()
        assert registry.known == registry.changes


async def test_many_who_ask_share_a_look_and_looks_are_apart(registry: Registry, looking: News) -> None:
    """However fast strangers ask again."""
    loop = asyncio.get_running_loop()
    began, looks = loop.time(), registry.looks
    for _ in range(3):
        await asyncio.gather(*(looking.look() for _ in range(20)))
    assert registry.looks - looks == 3
    assert loop.time() - began >= 2 * 0.1


async def test_it_looks_by_itself(registry: Registry, looking: News, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when nobody asks."""
    monkeypatch.setattr(news, "_EVERY", 0.2)
    registry.refreshed.clear()
    registry.changes += 1
    async with asyncio.timeout(10):
        await registry.refreshed.wait()


async def test_who_asks_while_it_cannot_look_is_told(registry: Registry, looking: News, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one is answered when it can again."""
    monkeypatch.setattr(news, "_PATIENCE", 0.05)
    registry.is_away = True
    with pytest.raises(Full):
        await looking.look()
    monkeypatch.setattr(news, "_PATIENCE", 10.0)
    registry.is_away = False
    await looking.look()
