"""Changes of rows in a cluster: whoever fills history carries them out, every node follows, whatever is away or dies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from footfall import rules
from footfall.cluster import following, node
from footfall.cluster.filler import CHANGED
from footfall.errors import Full, HistoryFailed
from footfall.journal.jetstream_connection import connect
from footfall.live import checkpoint
from footfall.live.fold import Fold
from footfall.live.stats import stats
from footfall.model import Erase, Fact, Kind, Reclassify
from footfall.registry.jetstream import open_registry
from footfall.store import FILLING, Store
from tests.clickhouse_server import ClickhouseServer
from tests.engine.conftest import Time
from tests.nats_server import NatsServer
from tests.node.conftest import PARTITIONS, SECONDS, OpenNode, Sinks, node_of, told, until, views
from tests.unit.live.made import MINUTE, SITE, START, fact, folded


@pytest.fixture
async def open_a_node(open_a_node: OpenNode, clickhouse: str) -> OpenNode:
    """With history."""
    return partial(open_a_node, clickhouse=clickhouse)


def totals(fold: Fold) -> tuple[object, ...]:
    """Of the site."""
    found = stats(fold.site(SITE), START)
    pages = sorted((line.path, line.views) for line in found.page_stats)
    return found.total_page_views, found.unique_visitors, found.tracking_since, pages


def views_of(facts: Sequence[Fact]) -> int:
    """How many of them count."""
    return folded(facts)[0].site(SITE).views


async def equal(facts: Sequence[Fact], *nodes: Store) -> None:
    """Each node has what a fold of these facts comes to, and what a recount of the rows does."""
    for one in nodes:
        assert await one.engine.verify() == []
        assert totals(one.engine.fold) == totals(folded(facts)[0])


def left(facts: Sequence[Fact], erase: Erase) -> list[Fact]:
    """What an erase leaves."""
    start, end = erase.first or 0, erase.last or 1 << 62
    return [
        one
        for one in facts
        if erase.path not in (None, one.path) or erase.visitor not in (None, one.visitor) or not start <= one.time <= end
    ]


async def copied(store: Store, change: Erase | Reclassify, *partitions: int) -> None:
    """A change as another node tells it, which then does not care any more: in all partitions or in some."""
    for number in partitions or range(PARTITIONS):
        await node_of(store)._partitions[number].append([change])


async def test_every_node_follows_an_erase(open_a_node: OpenNode, sinks: Sinks, time: Time, nats: NatsServer) -> None:
    """By path, visitor, time, and of everything, asked at either node; the result is how many counted views went. Who goes on
    reading what was erased is counted as if for the first time."""
    await sinks.start()
    a, b = await open_a_node("a"), await open_a_node("b")
    facts = list[Fact]()
    wanted: tuple[tuple[Store, dict[str, Any]], ...] = (
        (a, {"path": "/3"}),
        (b, {"visitor": views(4)[3].visitor}),
        (a, {"first": START, "last": START + 3 * MINUTE}),
        (b, {}),
    )
    for asked, fields in wanted:
        time.now += MINUTE
        more = views(30, at=time.now)
        await b.engine.record(more)
        facts += more
        erase = Erase(SITE, time.now, **fields)
        assert await asked.engine.command(erase) == views_of(facts) - views_of(left(facts, erase)) > 0
        facts = left(facts, erase)
        assert (SITE in asked.engine.fold.sites) is not erase.whole
        await equal(facts, a, b)
    client = await connect([nats.address])
    assert await (await open_registry(client, replicas=1, name=FILLING)).list(CHANGED) == {}, "what was told is fetched once"
    await client.close()


async def test_facts_come_all_the_while(open_a_node: OpenNode, sinks: Sinks, time: Time) -> None:
    """At both nodes, which are ahead of history then; none is lost to the count or counted twice."""
    await sinks.start()
    a, b = await open_a_node("a"), await open_a_node("b")
    facts, enough = list[Fact](), asyncio.Event()

    async def coming() -> None:
        while not enough.is_set():
            more = views(2, first=len(facts))
            facts.extend(more)
            await asyncio.gather(a.engine.record(more[:1]), b.engine.record(more[1:]))
            await asyncio.sleep(0.01)

    task = asyncio.create_task(coming())
    for visitor in (0, 1):
        await until(lambda: len(facts) > 20)
        await a.engine.command(Erase(SITE, time.now, visitor=views(2)[visitor].visitor))
    enough.set()
    await task
    await equal(facts[2:], a, b)


async def test_who_was_erased_is_not_here(open_a_node: OpenNode, sinks: Sinks, server: ClickhouseServer) -> None:
    """At once, whatever history does."""
    a = await open_a_node("a")
    await a.engine.record([fact(visitor=5, path="/a"), fact(visitor=6, path="/b")])
    await copied(a, Erase(SITE, START, visitor=5))
    await a.engine.settled()
    assert set(a.engine.fold.site(SITE).presence.readers) == {6}


async def test_every_node_follows_a_reclassification(open_a_node: OpenNode, sinks: Sinks, time: Time) -> None:
    """And back."""
    await sinks.start()
    a, b = await open_a_node("a"), await open_a_node("b")
    people, robots = views(20), views(20, first=20, browser="Bad")
    await a.engine.record([*people, *robots])
    assert await a.engine.command(Reclassify(SITE, time.now, "owner", (("browser", "is", "Bad"),))) == 20
    await equal(people, a, b)
    for store in (a, b):
        assert len(store.engine.fold.site(SITE).presence.readers) == 20
    assert await b.engine.command(Reclassify(SITE, time.now, "", (("bot", "is", "owner"),))) == 20
    await equal([*people, *robots], a, b)


async def test_a_node_goes_on_while_history_is_away(
    open_a_node: OpenNode, sinks: Sinks, server: ClickhouseServer, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts live, leaves no checkpoint that would not know of the change, and says what it waits for; then it follows, with
    what came meanwhile. Another node that starts from before ends alike; so does one that was down."""
    monkeypatch.setattr(following, "_AGAIN", 0.1)
    monkeypatch.setattr(node, "_CHANGE_SECONDS", 0.5)
    await sinks.start()
    a, down = await open_a_node("a"), await open_a_node("down")
    facts = views(40)
    await a.engine.record(facts)
    for store in (a, down):
        await store.engine.settled()
    await down.close()
    assert await a.registry.load_checkpoints(checkpoint.FORMAT) == [40]
    server.kill()
    try:
        await copied(a, Erase(SITE, time.now, path="/3"))
        time.now += MINUTE
        await a.engine.record(views(40, at=time.now))
        await a.engine.settled()
        assert (node_of(a).fold.site(SITE).views, a.engine.health().accepting) == (40, True)
        await a.keeper.take()
        assert await a.registry.load_checkpoints(checkpoint.FORMAT) == [40]
        with pytest.raises(Full, match="waits for history"):
            await a.engine.verify()
        with pytest.raises(HistoryFailed):
            await a.engine.command(Erase(SITE, time.now))
        assert len(node_of(a).changes) == 1, "nothing is begun that cannot be carried out now"
        b = await open_a_node("b")
        assert await told(b) == await told(a)
    finally:
        server.start()
    monkeypatch.setattr(node, "_CHANGE_SECONDS", SECONDS)
    down = await open_a_node("down")
    await equal([*left(facts, Erase(SITE, START, path="/3")), *views(40, at=time.now)], a, b, down)


async def test_what_was_asked_for_is_carried_out_without_whoever_asked(
    open_a_node: OpenNode, sinks: Sinks, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It heard after a while that it will be, and was killed then."""
    monkeypatch.setattr(node, "_CHANGE_SECONDS", 0.3)
    await sinks.start()
    a, b = await open_a_node("a"), await open_a_node("b")
    facts = views(40)
    await a.engine.record(facts)
    await until(lambda: node_of(a).sink.position >= 40)
    await sinks.stop()
    with pytest.raises(Full, match="will be carried out"):
        await a.engine.command(Erase(SITE, time.now, path="/3"))
    killed(a)
    await sinks.start()
    monkeypatch.setattr(node, "_CHANGE_SECONDS", SECONDS)
    a = await open_a_node("c")
    await equal(left(facts, Erase(SITE, START, path="/3")), a, b)


def killed(store: Store) -> None:
    """As far as a task of this process can be: it says nothing more."""
    for task in (*store.tasks, node_of(store)._following):
        assert task is not None
        task.cancel()


async def test_a_change_that_is_not_in_every_partition_is_followed_too(open_a_node: OpenNode, sinks: Sinks, time: Time) -> None:
    """Its node died in the middle: some visitors' facts are gone, and every node says so. Asked again it is whole."""
    await sinks.start()
    a, b = await open_a_node("a"), await open_a_node("b")
    facts = views(40)
    await a.engine.record(facts)
    erase = Erase(SITE, time.now, path="/3")
    await copied(a, erase, 0, 2)
    await a.engine.settled()
    time.now += 11 * rules.SECOND
    gone = [one for one in facts if one.path == "/3" and one.visitor % PARTITIONS in (0, 2)]
    await equal([one for one in facts if one not in gone], a, b)
    assert 0 < len(gone) < 4
    assert await b.engine.command(Erase(SITE, time.now, path="/3")) == 4 - len(gone)
    await equal(left(facts, erase), a, b)


async def test_no_checkpoint_holds_what_was_erased(open_a_node: OpenNode, sinks: Sinks, time: Time) -> None:
    """When the command is answered."""
    await sinks.start()
    a = await open_a_node("a")
    await a.engine.record([*views(40), fact(path="/secret", visitor=5)])
    await a.engine.settled()
    await a.keeper.take()
    (kept,) = await a.registry.load_checkpoints(checkpoint.FORMAT)
    assert await a.engine.command(Erase(SITE, time.now, visitor=5)) == 1
    (after,) = await a.registry.load_checkpoints(checkpoint.FORMAT)
    assert after > kept
    found = await a.registry.load_checkpoint(after)
    assert found is not None
    assert not any(b"/secret" in part for part in found.parts)


async def test_visits_reach_as_far_as_signs_of_life_told(open_a_node: OpenNode, sinks: Sinks, time: Time) -> None:
    """Which are no rows: those since the change are kept, as they are where visits become rows."""
    await sinks.start()
    a = await open_a_node("a")
    await a.engine.record([fact(visitor=5, path="/a"), fact(visitor=5, path="/b"), fact(visitor=6, path="/a")])
    await until(lambda: node_of(a).sink.position >= 3)
    await sinks.stop()
    await copied(a, Erase(SITE, time.now, path="/a"))
    time.now += 5 * MINUTE
    await a.engine.record(
        [fact(Kind.BEAT, visitor=5, path="/b", at=time.now), fact(Kind.BEAT, visitor=6, path="/a", at=time.now)]
    )
    await a.engine.settled()
    await sinks.start()
    assert await a.engine.verify() == []
    ((visit,),) = a.engine.fold.site(SITE).visits.open.values()
    assert (visit.first.visitor, visit.views, visit.end) == (5, 1, time.now)


async def test_an_erase_is_answered_when_no_checkpoint_holds_what_it_erased(
    open_a_node: OpenNode, sinks: Sinks, time: Time
) -> None:
    """Also while another change waits, and no new one can be written."""
    await sinks.start()
    a = await open_a_node("a")
    await a.engine.record(views(20))
    await a.engine.settled()
    await a.keeper.take()
    before = set(await a.registry.load_checkpoints(checkpoint.FORMAT))
    assert before
    other = Erase("other", time.now)
    await copied(a, other, 0)
    await until(lambda: other in node_of(a).changes)
    erase = Erase(SITE, time.now)
    asked = asyncio.create_task(a.engine.command(erase))
    await until(lambda: asked.done() or (SITE not in a.engine.fold.sites and erase not in node_of(a).changes))
    await asyncio.wait([asked], timeout=1)
    if not asked.done():
        await copied(a, other, *range(1, PARTITIONS))
    assert await asked == 20
    assert not before & set(await a.registry.load_checkpoints(checkpoint.FORMAT))
