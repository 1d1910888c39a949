"""A migration in the loop of the test: what is there at the end, whatever was cut off or changed on the way."""

from __future__ import annotations

import asyncio

import pytest

from footfall import hold, rules
from footfall.errors import Full
from footfall.folder import keys_of
from footfall.history.base import Statement
from footfall.history.clickhouse import open_history
from footfall.live.stats import stats
from footfall.migrate.run import migrate
from footfall.model import Erase, Sweep
from footfall.store import Store
from tests.engine.conftest import Time
from tests.engine.test_recovery import send
from tests.migrate.conftest import SECONDS, World
from tests.migrate.parts import OLD, CutOff, Watcher, config_of, counts, cut_at, node, opened
from tests.unit.live.made import SITE, START, fact


async def test_a_store_at_rest_moves_at_once(world: World, time: Time) -> None:
    """Every row, every column; a node shows what was shown, and its first question waits for nothing."""
    columns = (
        "ts_ms, counted, visit, site, kind, visitor, id, path, bot, title, country, latitude, longitude, name, props, engaged"
    )
    every = Statement(f"SELECT {columns} FROM facts ORDER BY id, visitor")
    async with opened(world, time) as store:
        await send(store, OLD)
        await store.registry.put("kind", "id", b'{"a":1}')
        await store.engine.sink.reach(store.engine.fold.seq)
        shown = stats(store.engine.fold.site(SITE), time.now)
        before, facts, seq = await counts(store), list(await store.history.fetch(every)), store.engine.fold.seq
        salt = store.salt(START // rules.DAY)
    watcher = Watcher()
    assert await migrate(config_of(world), time, watcher) == []
    assert not (world.old / "migration").exists()
    async with node(world, time) as store:
        assert stats(store.engine.fold.site(SITE), time.now) == shown
        assert await counts(store) == before
        there = [(ts, bool(counted), *rest) for ts, counted, *rest in await store.history.fetch(every)]
        assert there == [tuple(row) for row in facts]
        assert await store.engine.fetch(every) == (list(await store.history.fetch(every)), 0)
        assert store.engine.fold.seq == seq
        assert await store.registry.get("kind", "id") == b'{"a":1}'
        assert await store.registry.get(hold.KIND, "hold") is None
        assert store.salt(START // rules.DAY) == salt
    assert any("rows in" in said for said in watcher.told)


async def test_what_was_open_ends_as_it_would_have(world: World, time: Time) -> None:
    """Visits with their beats, minutes and the ledger's last lines become the same rows by a sink of the cluster."""
    ends = (
        "SELECT count(*), sum(end_ms), sum(engaged), sum(views) FROM visits",
        "SELECT count(*), sum(minute_ms) FROM minutes",
        "SELECT outcome, reason, sum(count) FROM ledger GROUP BY outcome, reason ORDER BY outcome, reason",
    )

    async def told(store: Store) -> list[tuple[int | str, ...]]:
        found = [row for sql in ends for row in await store.history.fetch(Statement(sql))]
        return [tuple(value if isinstance(value, str) else int(str(value or 0)) for value in row) for row in found]

    async with opened(world, time) as store:
        await send(store, OLD)
    assert await migrate(config_of(world), time, Watcher()) == []
    time.now += 2 * rules.HOUR
    async with opened(world, time) as store:
        before = await told(store)
        await store.engine.command(Sweep(time.now))
        await store.engine.sink.reach(store.engine.fold.seq)
        expected = await told(store)
    assert before != expected
    async with node(world, time) as store:
        await store.engine.command(Sweep(time.now))
        assert await told(store) == before
        world.sink()
        async with asyncio.timeout(SECONDS):
            while await told(store) != expected:  # noqa: ASYNC110  # another process fills it
                await asyncio.sleep(0.1)


async def test_rows_that_are_cut_off_go_on(world: World, time: Time) -> None:
    """Before each block; nothing is said of a new copy, and nothing is there twice."""
    async with opened(world, time) as store:
        await send(store, OLD)
        await store.engine.sink.reach(store.engine.fold.seq)
        before = await counts(store)
    steps = iter(range(1, 99))

    def cut(label: str) -> None:
        if label.startswith("Rows") and next(steps) % 4 == 0:
            raise CutOff

    watcher = Watcher(cut)
    while True:
        try:
            assert await migrate(config_of(world), time, watcher) == []
        except CutOff:
            continue
        break
    assert not any("new one" in said for said in watcher.told)
    async with node(world, time) as store:
        assert await counts(store) == before


async def test_a_copy_that_the_journal_has_left_is_taken_anew(world: World, time: Time) -> None:
    """The hold ran out, rows were erased and the journal was trimmed, while a migration that had begun was away: what was
    erased is nowhere, what came is."""
    async with opened(world, time) as store:
        await send(store, OLD)
    with pytest.raises(CutOff):
        await migrate(config_of(world), time, Watcher(cut_at("Rows+")))
    async with opened(world, time) as store:
        with pytest.raises(Full, match="carried into a cluster"):
            await store.engine.command(Erase(SITE, time.now, path="/1"))
        time.now += rules.DAY
        await store.engine.command(Erase(SITE, time.now, path="/1"))
        await store.engine.record([fact(path="/new", at=time.now)])
    watcher = Watcher()
    assert await migrate(config_of(world), time, watcher) == []
    assert "a new one is taken" in watcher.told[0]
    async with node(world, time) as store:
        views = {known[0]: known[1] for known in store.engine.fold.site(SITE).pages.known()}
        assert "/1" not in views
        assert views["/new"] == 1
        found = await store.history.fetch(Statement("SELECT count(*) FROM facts WHERE path = '/1'"))
        assert found == [(0,)]


async def test_a_held_journal_keeps_what_was_not_carried(world: World, time: Time) -> None:
    """Checkpoints are taken as ever; for a day, then it is trimmed again."""
    async with opened(world, time) as store:
        assert store.journal is not None
        await hold.keep(store.registry, 2, time.now)
        for number in range(3):
            await store.engine.record([fact(visitor=number) for number in range(2)])
            await store.keeper.take()
        assert await store.journal.tail() == 2
        time.now += 2 * rules.DAY
        await store.engine.record([fact(at=time.now)])
        await store.keeper.take()
        assert await store.journal.tail() == 6


async def test_what_nodes_changed_stays(world: World, time: Time) -> None:
    """Whoever runs it again, even after the end, brings only what changed at the old server since."""
    async with opened(world, time) as store:
        await send(store, OLD[:5])
        await store.registry.put("kind", "theirs", b"1")
        await store.registry.put("kind", "ours", b"1")
        await store.registry.put("kind", "gone", b"1")
    assert await migrate(config_of(world), time, Watcher()) == []
    async with node(world, time) as store:
        await store.registry.put("kind", "theirs", b"2")
    async with opened(world, time) as store:
        await store.registry.put("kind", "ours", b"3")
        await store.registry.delete("kind", "gone")
    assert await migrate(config_of(world), time, Watcher()) == []
    async with node(world, time) as store:
        assert await store.registry.list("kind") == {"ours": b"3", "theirs": b"2"}


async def test_what_is_missing_is_named(world: World, time: Time) -> None:
    """A row that is not there, of the copy: run again, the migration says so, and until all agrees no row may be changed."""
    async with opened(world, time) as store:
        await send(store, OLD)
    assert await migrate(config_of(world), time, Watcher()) == []
    history = await open_history(world.history, keys_of(world.old)[0])
    await history._server.run("ALTER TABLE facts DELETE WHERE path = '/late'", {"mutations_sync": 2})
    await history.close()
    found = await migrate(config_of(world), time, Watcher())
    assert found == [
        "site blog, table facts: 344 rows in the old store, 343 in the cluster",
        "site blog, table facts: 341 counted views in the old store, 340 in the cluster",
    ]
    async with node(world, time) as store:
        with pytest.raises(Full, match="carried into a cluster"):
            await store.engine.command(Erase(SITE, time.now, path="/1"))
