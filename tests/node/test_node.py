"""Nodes of one cluster: what any of them took all of them have, what is once is once, and what a start finds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from footfall import rules
from footfall.errors import Full, HistoryFailed, StoreRefused
from footfall.folder import open_folder
from footfall.journal.jetstream_connection import connect
from footfall.live import checkpoint
from footfall.live.fold import Fold
from footfall.live.stats import stats
from footfall.model import Erase, Import, Publish, Sweep
from footfall.store import open_store
from tests.engine.conftest import Time
from tests.nats_server import NatsServer
from tests.node.conftest import OpenNode, node_of, told, views
from tests.unit.live.made import MINUTE, SITE, START, fact


async def test_every_node_has_what_any_of_them_took(open_a_node: OpenNode) -> None:
    """Facts and commands of both, at once; the figures are those of one fold over all of it."""
    a, b = await open_a_node("a"), await open_a_node("b")
    facts = views(300)
    taken = await asyncio.gather(*((a, b)[n % 2].engine.record([one]) for n, one in enumerate(facts)))
    assert {verdict.outcome for verdicts in taken for verdict in verdicts} == {"stored"}
    assert await b.engine.command(Publish(SITE, START, "post", "a", "A", True)) is None
    alone = Fold()
    for seq, one in enumerate(facts, 1):
        alone.apply(seq, one)
    expected = stats(alone.site(SITE), START)
    assert await told(a) == await told(b)
    assert (await told(a))[:4] == (300, 300, 300, 1)
    assert a.engine.fold.site(SITE).pages.ranked() == b.engine.fold.site(SITE).pages.ranked()
    assert expected.page_stats == stats(b.engine.fold.site(SITE), START).page_stats
    assert node_of(a).at == node_of(b).at
    assert a.engine.fold.seq == b.engine.fold.seq == 301


async def test_who_looks_at_once_sees_what_was_taken(open_a_node: OpenNode) -> None:
    """As the original's clients are promised: the state has it when they are answered."""
    store = await open_a_node()
    for number in range(20):
        await store.engine.record(views(3, first=3 * number))
        await store.engine.shown()
        assert store.engine.fold.site(SITE).views == 3 * number + 3


async def test_a_retry_at_another_node_counts_once(open_a_node: OpenNode) -> None:
    """Its first answer was lost with the node that gave it."""
    a, b = await open_a_node("a"), await open_a_node("b")
    one = fact(visitor=5)
    await a.engine.record([one])
    await b.engine.record([one])
    await b.engine.record([fact(visitor=5, at=START + MINUTE)])  # a repeat, told by another id
    assert (await told(a))[:2] == (await told(b))[:2] == (1, 1)


async def test_an_import_is_whole_on_every_node(open_a_node: OpenNode) -> None:
    """Cut by visitor, its answer is the sum."""
    a, b = await open_a_node("a"), await open_a_node("b")
    assert await a.engine.command(Import(SITE, START, tuple(views(100, at=START - rules.DAY)))) == 100
    assert (await told(b))[:2] == (100, 100)


async def test_a_sweep_closes_what_is_final_everywhere(open_a_node: OpenNode, time: Time) -> None:
    """Once on each node, when its last copy is folded; the result is of the state of all."""
    a, b = await open_a_node("a"), await open_a_node("b")
    await a.engine.record(views(50))
    time.now += rules.WINDOW_KEPT + MINUTE
    assert await b.engine.command(Sweep(time.now, cleanup="*")) == 50
    await a.engine.settled()
    for store in (a, b):
        assert not store.engine.fold.site(SITE).visits.open
        assert not store.engine.fold.site(SITE).presence.readers
        assert node_of(store).is_whole


async def test_a_sweep_that_is_not_in_every_partition_closes_nothing(open_a_node: OpenNode, time: Time) -> None:
    """Its node died after the first copy: what it would have closed is closed by the next."""
    store = await open_a_node()
    node, visits = node_of(store), store.engine.fold.site(SITE).visits
    await node.record(views(50))
    time.now += rules.WINDOW_KEPT + MINUTE
    await node._partitions[0].append([Sweep(time.now, cleanup="*")])
    await node.settled()
    assert (len(visits.open), node.fold.seq, node.is_whole) == (50, 51, False)
    assert await node.command(Sweep(time.now + 1, cleanup="*")) == 50
    assert (len(visits.open), node.is_whole) == (0, True)


async def test_refusals_of_intake_reach_the_ledger(open_a_node: OpenNode) -> None:
    """Durable with the facts of their request, at every node."""
    a, b = await open_a_node("a"), await open_a_node("b")
    await a.engine.record(views(1), [(SITE, rules.SCRIPT, "malformed")] * 3)
    await a.close()
    await b.engine.settled()
    assert {line[4]: count for line, count in b.engine.fold.ledger.items()} == {"": 1, "malformed": 3}


async def test_a_new_node_starts_from_anybodys_checkpoint_and_the_tail(open_a_node: OpenNode) -> None:
    """Also when the journal before it is gone; and a stop leaves one."""
    a = await open_a_node("a")
    await a.engine.record(views(100))
    await told(a)
    await a.keeper.take()
    kept = node_of(a).at
    await a.engine.record(views(100, first=100))
    for partition, place in zip(node_of(a)._partitions, kept, strict=True):
        await partition.trim(place)
    b = await open_a_node("b")
    assert await told(b) == await told(a)
    assert b.engine.fold.seq == 200
    assert await a.registry.load_checkpoints(checkpoint.FORMAT) == [100]
    await b.close()
    assert await a.registry.load_checkpoints(checkpoint.FORMAT) == [200, 100]
    c = await open_a_node("c")
    assert await told(c) == await told(a)
    await a.engine.record(views(1, first=500))
    assert (await told(c))[:1] == (201,)


@pytest.mark.parametrize("has_checkpoint", [False, True])
async def test_a_journal_that_lacks_what_a_start_needs_is_refused(open_a_node: OpenNode, has_checkpoint: bool) -> None:
    """Trimmed from the beginning and no checkpoint, or further than the only one: nothing is guessed, and the repair named."""
    a = await open_a_node("a")
    await a.engine.record(views(10))
    await a.engine.settled()
    if has_checkpoint:
        await a.keeper.take()
        await a.engine.record(views(10, first=10))
        await a.engine.settled()
    for partition, place in zip(node_of(a)._partitions, node_of(a).at, strict=True):
        await partition.trim(place)
    with pytest.raises(StoreRefused, match="repair: restore"):
        await open_a_node("b")


async def test_a_journal_that_was_lost_is_refused(open_a_node: OpenNode, nats: NatsServer) -> None:
    """A partition is empty, and the checkpoint has seen more of it."""
    a = await open_a_node("a")
    await a.engine.record(views(100))
    await a.engine.settled()
    await a.close()
    client = await connect([nats.address])
    await client.jetstream().delete_stream("footfall-journal-1")
    await client.close()
    with pytest.raises(StoreRefused, match="ahead of partition 1"):
        await open_a_node("b")


async def test_all_nodes_hash_alike(open_a_node: OpenNode, tmp_path: Path, time: Time) -> None:
    """The first one's keys are everybody's, and so are the salts, also over midnight; a folder with a store is left alone."""
    a, b = await open_a_node("a"), await open_a_node("b")
    assert (a.folder.secret, a.folder.owner_key, a.folder.store_id) == (b.folder.secret, b.folder.owner_key, b.folder.store_id)
    today = START // rules.DAY
    assert a.salt(today) == b.salt(today)
    with pytest.raises(Full):
        a.salt(today + 1)
    await b.close()
    time.now = (today + 1) * rules.DAY + MINUTE
    again = await open_a_node("b")
    assert again.folder.secret == a.folder.secret
    assert again.salt(today) == a.salt(today)
    assert again.salt(today + 1) != a.salt(today)

    alone = await open_store(tmp_path / "alone", time)
    secret = alone.folder.secret
    await alone.close()
    with pytest.raises(StoreRefused, match="a store of its own"):
        await open_a_node("alone")
    folder = open_folder(tmp_path / "alone")
    assert folder.secret == secret
    folder.close()


async def test_what_takes_history_is_refused_without_it(open_a_node: OpenNode) -> None:
    """An erase, a question about the past: named is what is missing."""
    store = await open_a_node()
    with pytest.raises(HistoryFailed, match="--clickhouse"):
        await store.engine.command(Erase(SITE, START))
    with pytest.raises(HistoryFailed, match="--clickhouse"):
        await store.history.position()
    assert not node_of(store).changes


async def test_a_start_reads_the_partitions_in_the_order_of_time(open_a_node: OpenNode, time: Time) -> None:
    """Hours of a journal without a checkpoint: one partition read ahead of the others would make all of theirs too late."""
    a = await open_a_node("a")
    for step in range(150):
        await a.engine.record(views(8, first=8 * step, at=time.now))
        time.now += 2 * MINUTE
    b = await open_a_node("b")
    assert (await told(a))[:2] == (await told(b))[:2] == (1200, 1200)
