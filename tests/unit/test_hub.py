"""The hub's rounds: who is served when, and what a fault in one site does to the others."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from footfall import hub as hub_module
from footfall import rules
from footfall.hub import Channel, Hub, Viewer
from footfall.live.fold import Fold
from footfall.model import Site
from tests.unit.live.made import START, fact, folded


@dataclass
class World:
    """A hub over a fold, with a clock that stands until it is set."""

    fold: Fold = field(default_factory=Fold)
    now: int = START
    k: int = 1

    def __post_init__(self) -> None:
        sites = {name: Site(name, visibility="public", k=self.k) for name in ("one", "two")}
        self.hub = Hub(lambda: self.fold, sites, lambda: self.now)

    def tell(self, *paths: str, site: str = "one", visitor: int = 1) -> None:
        """Views of these pages now."""
        folded([fact(path=path, at=self.now, site=site, visitor=visitor) for path in paths], self.fold)
        changed, self.fold.dirty = self.fold.dirty, set()
        self.hub.changed(changed)


@pytest.fixture
def refreshed(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, bool]]:
    """How often each channel was built, by (site, owner); rounds follow each other at once."""
    counts, refresh = Counter[tuple[str, bool]](), Channel.refresh

    def counted(channel: Channel, *given: object) -> bytes | None:
        counts[channel.site, channel.owner] += 1
        return refresh(channel, *given)  # type: ignore[arg-type]  # what it was called with

    monkeypatch.setattr(Channel, "refresh", counted)
    monkeypatch.setattr(hub_module, "_FASTEST", 0.0)
    return counts


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Hub]:
    world.hub.start()
    try:
        yield world.hub
    finally:
        await world.hub.close()


async def settled() -> None:
    """The loop has had many turns: every round that is due was done."""
    for _ in range(200):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)


async def joined(hub: Hub, site: str, owner: bool) -> Viewer:
    viewer = hub.join(site, owner)
    assert (await viewer.next()).startswith(b"event: snapshot")
    await settled()  # strangers' turns of pages and places are over
    return viewer


async def test_a_change_of_one_site_builds_nothing_of_another(refreshed: Counter[tuple[str, bool]]) -> None:
    """Neither for owners nor for strangers."""
    world = World()
    async with running(world) as hub:
        for site in ("one", "two"):
            for owner in (True, False):
                await joined(hub, site, owner)
        refreshed.clear()
        world.tell("/a")
        await settled()
        assert set(refreshed) == {("one", True), ("one", False)}
        assert refreshed[("one", False)] == 1


@pytest.mark.parametrize("look", [lambda hub: None, lambda hub: hub.snapshot("one", True)])
async def test_strangers_hear_of_who_leaves_though_somebody_looked_before(
    refreshed: Counter[tuple[str, bool]], look: Callable[[Hub], object]
) -> None:
    """Whoever asks for the live state brings presence up to date; the others are told of it all the same."""
    world = World()
    world.now += 5 * rules.SECOND  # so that presence runs out within a minute and within a slot of the places' clock
    world.tell("/a")
    leaves = world.now + rules.PRESENCE_TIMEOUT
    world.now = leaves - rules.SECOND
    world.tell("/b", visitor=2)
    async with running(world) as hub:
        viewers = [await joined(hub, "one", owner) for owner in ((True, False) if look(hub) is None else (False,))]
        world.now = leaves
        look(hub)
        hub.changed(set())
        for viewer in viewers:
            messages = [await asyncio.wait_for(viewer.next(), 5)]
            while b'"people":1' not in messages[-1]:
                messages.append(await asyncio.wait_for(viewer.next(), 5))


def told(hub: Hub) -> int:
    """How many people strangers are told of by place."""
    return sum(place["here"] for place in json.loads(hub.snapshot("one", False))["places"])


async def test_no_telling_after_a_restart_or_a_closed_door_parts_a_group() -> None:
    """Three were told of and a fourth waited: told together afterwards, the difference would be the fourth alone."""
    world = World(k=3)
    async with running(world) as hub:
        for visitor in (1, 2, 3):
            world.tell("/a", visitor=visitor)
        assert told(hub) == 3
        world.tell("/a", visitor=4)
        world.now += rules.PLACES_CLOCK
        hub.forget("one")
        assert told(hub) == 3
    again = World(world.fold, world.now, k=3)
    async with running(again) as hub:
        assert told(hub) == 0
        for visitor in (5, 6):
            again.tell("/a", visitor=visitor)
        again.now += rules.PLACES_CLOCK
        assert told(hub) == 0
        again.tell("/a", visitor=7)
        again.now += rules.PLACES_CLOCK
        assert told(hub) == 3


async def test_a_fault_in_one_site_is_told_and_ends_nothing(
    refreshed: Counter[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged once, with the site; other sites go on, and so does that one when it can be shown again."""
    world = World()
    async with running(world) as hub:
        one, two = await joined(hub, "one", True), await joined(hub, "two", True)
        world.tell("/a")
        await asyncio.wait_for(one.next(), 5)
        good, state = world.fold, Fold()
        state.site("one").minutes = None  # type: ignore[assignment]  # broken on purpose
        state.sites["two"] = good.site("two")
        world.fold = state
        with capture_logs() as logs:
            for path in ("/a", "/b"):
                hub.changed({"one"})
                world.tell(path, site="two")
                await asyncio.wait_for(two.next(), 5)
        assert [(line["log_level"], line["site"]) for line in logs] == [("error", "one")]
        world.fold = good
        world.tell("/c")
        assert b"/c" in await asyncio.wait_for(one.next(), 5)


async def test_the_loop_gets_its_turn_between_sites(refreshed: Counter[tuple[str, bool]]) -> None:
    """However few viewers each has."""
    world, order = World(), list[str]()
    async with running(world) as hub:
        for site in ("one", "two"):
            await joined(hub, site, True)
        refresh = Channel.refresh

        def noted(channel: Channel, *given: object) -> bytes | None:
            order.append(channel.site)
            asyncio.get_running_loop().call_soon(order.append, "other work")
            return refresh(channel, *given)  # type: ignore[arg-type]  # what it was called with

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Channel, "refresh", noted)
            world.tell("/a")
            world.tell("/a", site="two")
            await settled()
    assert order == ["one", "other work", "two", "other work"]


async def test_a_hub_that_ends_by_a_fault_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Critically: nobody would wait for it otherwise."""

    async def broken(hub: Hub, seconds: float) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Hub, "_wait", broken)
    with capture_logs() as logs:
        async with running(World()):
            await settled()
    assert [line["log_level"] for line in logs] == ["critical"]


async def test_a_site_without_a_fact_has_a_state_of_its_own() -> None:
    """What one asks of it reaches no other."""
    world = World()
    channel = world.hub._channel("one", True)
    _, one, _ = world.hub._look(channel)
    _, two, _ = world.hub._look(channel)
    assert one is not two
