"""The parts of a migration one by one, in the loop of the test: what is cut off goes on, what does not fit is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from footfall import hold, rules
from footfall.cluster.filler import open_filler
from footfall.config import Config
from footfall.errors import FolderInUse, Full, HistoryFailed, JournalFailed, StoreMismatch, StoreRefused
from footfall.folder import keys_of
from footfall.history import blocks
from footfall.history.base import Statement
from footfall.history.clickhouse import ClickhouseHistory, open_history
from footfall.intake.identity import shared
from footfall.journal.base import PARTITION_BITS, Position
from footfall.journal.jetstream import JetstreamPartition, open_partition
from footfall.journal.jetstream_connection import connect
from footfall.journal.sqlite import open_journal
from footfall.live.runs import mix
from footfall.live.stats import stats
from footfall.migrate.run import migrate
from footfall.migrate.tail import Carried, Tail, carried
from footfall.model import Erase, Fact, Import, Kind, Publish, Record, Refused, Sweep
from footfall.registry.jetstream import open_registry
from footfall.store import FILLING, Cluster, Store, open_node, open_store
from tests.clickhouse_server import ClickhouseServer
from tests.engine.conftest import Time
from tests.engine.test_recovery import send
from tests.migrate.conftest import PARTITIONS, SECONDS, World
from tests.unit.live.made import MINUTE, SITE, START, fact

OLD: Sequence[Record] = (
    *(fact(path=f"/{number % 9}", visitor=mix(number, 5), title="T") for number in range(300)),
    Publish(SITE, START, "post", "a", "A", True),
    Refused(START, ((SITE, rules.SCRIPT, "malformed", 3),)),
    Import(SITE, START, tuple(fact(visitor=number, at=START - 9 * rules.DAY) for number in range(40))),
    fact(Kind.EVENT, "/buy", visitor=7, name="buy", props={"a": 'b"\\'}, country="DE", latitude=1.5, longitude=-0.1),
    fact(visitor=8, bot="agent"),
    Sweep(START + MINUTE),
    fact(Kind.BEAT, visitor=9, at=START + MINUTE, engaged=1_000),
    fact(path="/late", visitor=9, at=START + 2 * MINUTE),
)


class Watcher:
    """Remembers what was said; `at` is called with the label of each bar."""

    def __init__(self, at: Callable[[str], None] = lambda label: None) -> None:
        self.told: list[str] = []
        self._at = at

    def say(self, text: str) -> None:
        self.told.append(text)

    @contextmanager
    def bar(self, length: int, label: str) -> Iterator[Callable[[int], None]]:
        self._at(label)
        yield lambda more: self._at(f"{label}+")


class CutOff(Exception):
    """As a kill would."""


def config_of(world: World, **change: Any) -> Config:
    plain: dict[str, Any] = {"cluster": (world.nats.address,), "clickhouse": world.history, "data_folder": world.old}
    return Config(**(plain | {"cluster_partitions": PARTITIONS, "cluster_replicas": 1} | change))


@pytest.fixture
def time() -> Time:
    """A little later than what was sent."""
    made = Time()
    made.now += 3 * MINUTE
    return made


@asynccontextmanager
async def opened(world: World, time: Time) -> AsyncIterator[Store]:
    """The old store, in this process."""
    store = await open_store(world.old, time)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def node(world: World, time: Time) -> AsyncIterator[Store]:
    """One of the cluster."""
    cluster = Cluster([world.nats.address], PARTITIONS, 1, world.history)
    store = await open_node(world.folder / "node", cluster, time)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that there are many."""
    monkeypatch.setattr(blocks, "ROWS", 50)


async def counts(store: Store) -> list[tuple[object, ...]]:
    """Of every table, by site."""
    tables = ("facts", "visits", "minutes", "ledger", "content")
    return [
        row
        for table in tables
        for row in await store.history.fetch(Statement(f"SELECT site, count(*) FROM {table} GROUP BY site"))
    ]


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

    def cut(label: str) -> None:
        if label == "Rows+":
            raise CutOff

    async with opened(world, time) as store:
        await send(store, OLD)
    with pytest.raises(CutOff):
        await migrate(config_of(world), time, Watcher(cut))
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


async def test_nobody_joins_half_of_a_cluster(world: World, time: Time) -> None:
    """A node or a sink that is started while rows are on their way refuses, and says what it waits for."""

    def cut(label: str) -> None:
        if label == "Rows":
            raise CutOff

    async with opened(world, time) as store:
        await send(store, OLD)
    with pytest.raises(CutOff):
        await migrate(config_of(world), time, Watcher(cut))
    with pytest.raises(StoreRefused, match="wait for footfall migrate"):
        async with node(world, time):
            pass
    client = await connect([world.nats.address])
    partition = await open_partition(client, 1, keys_of(world.old)[0], replicas=1)
    history = await open_history(world.history, keys_of(world.old)[0])
    registry = await open_registry(client, replicas=1, name=FILLING)
    with pytest.raises(StoreRefused, match="wait for footfall migrate"):
        await open_filler(partition, history, registry, time)
    await history.close()
    await client.close()
    assert await migrate(config_of(world), time, Watcher()) == []


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


class Shaky(JetstreamPartition):
    """Appends of which the caller never hears, and some that never come; made of one that works."""

    answers: Iterator[str] = iter(())

    async def append(self, records: Sequence[Record]) -> Position:
        match next(self.answers, ""):
            case "lost":
                await super().append(records)
                raise JournalFailed("the answer was lost")
            case "never":
                raise JournalFailed("nobody is there")
        return await super().append(records)


async def test_records_are_carried_once(world: World, tmp_path: Path) -> None:
    """Facts and commands, over appends of which nobody knows whether they were carried out, with a node's between them, by
    processes that know what was written down and no more."""
    client = await connect([world.nats.address])
    registry = await open_registry(client, replicas=1)
    journal = await open_journal(tmp_path / "journal.sqlite", "store")
    partitions = [await open_partition(client, number, "store", replicas=1, above=9_000) for number in range(PARTITIONS)]
    begins = [await partition.head() for partition in partitions]
    answers = iter(["", "lost", "never", "", "never", "lost", "lost", "", "never"])
    for partition in partitions:
        partition.__class__, partition.answers = Shaky, answers  # type: ignore[attr-defined]
    assert all(begin > number << PARTITION_BITS | 9_000 for number, begin in enumerate(begins))
    tail = Tail(partitions, registry, Carried(0))
    await tail.mark()
    failures = 0
    for at in range(0, len(OLD), 40):
        await journal.append(OLD[at : at + 40])
        while True:
            try:
                await tail.follow(journal)
            except JournalFailed:
                failures += 1
                await JetstreamPartition.append(partitions[failures % PARTITIONS], [fact(site="other")])
                known = await carried(registry)
                assert known is not None
                tail = Tail(partitions, registry, known)
                continue
            break
        assert await carried(registry) == Carried(tail.upto)  # the partitions may be trimmed now: nothing is to be looked for
    assert failures >= 3
    found: list[Record] = []
    for partition, begin in zip(partitions, begins, strict=True):
        found += [record async for _, records in partition.follow(begin) for record in records]
    ours = [record for record in found if not isinstance(record, Fact) or record.site == SITE]
    ids = [shared(record.id, record.visitor, PARTITIONS) for record in OLD if isinstance(record, Fact)]
    assert sorted(record.id for record in ours if isinstance(record, Fact)) == sorted(ids)
    assert sum(isinstance(record, Sweep) for record in ours) == PARTITIONS
    assert sum(isinstance(record, Refused | Publish) for record in ours) == 2
    assert sum(len(record.facts) for record in ours if isinstance(record, Import)) == 40
    assert tail.upto == len(OLD)
    await journal.append([Erase(SITE, START)])
    with pytest.raises(StoreMismatch, match="rows were changed"):
        await tail.follow(journal)
    await journal.close()
    await client.close()


async def test_other_places_are_refused(world: World, time: Time, tmp_path: Path) -> None:
    """A cluster with a node of its own, tables of another store, nobody there: said before anything is written."""
    async with opened(world, time) as store:
        await send(store, OLD[:5])
    with pytest.raises(HistoryFailed, match="cannot be reached"):
        await migrate(config_of(world, clickhouse="http://127.0.0.1:9/none"), time, Watcher())
    other = await open_history(world.history, "another")
    await other.close()
    with pytest.raises(StoreMismatch, match="belong to store another"):
        await migrate(config_of(world), time, Watcher())
    async with node(replace_history(world), time):
        pass
    with pytest.raises(StoreMismatch, match="this cluster is store"):
        await migrate(config_of(world), time, Watcher())
    with pytest.raises(StoreRefused, match="holds no store"):
        await migrate(config_of(world, data_folder=tmp_path / "nothing"), time, Watcher())
    assert not (world.old / "migration").exists()


def replace_history(world: World) -> World:
    """The same without a history."""
    return World(world.folder, world.nats, "")


async def test_a_store_is_carried_by_one(world: World, time: Time) -> None:
    """A second migration of the same folder refuses and harms nothing; when the first is gone, another one may."""

    async def second() -> None:
        with pytest.raises(FolderInUse, match="is being carried"):
            await migrate(config_of(world), time, Watcher())

    seconds: list[asyncio.Task[None]] = []
    async with opened(world, time) as store:
        await send(store, OLD[:5])
    watcher = Watcher(lambda label: seconds.append(asyncio.create_task(second())) if label == "Rows" else None)
    assert await migrate(config_of(world), time, watcher) == []
    await asyncio.gather(*seconds)
    assert seconds
    assert await migrate(config_of(world), time, Watcher()) == []


async def said(what: str, watcher: Watcher) -> None:
    """Wait until it was."""
    async with asyncio.timeout(SECONDS):
        while not any(what in told for told in watcher.told):  # noqa: ASYNC110  # a person would look, too
            await asyncio.sleep(0.02)


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


async def test_partitions_that_others_make_are_none(world: World, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sink that is started anew when those of an earlier copy were just removed makes them, and their seqs begin too low: rows
    of the copy would be taken for theirs."""

    async def made(history: ClickhouseHistory) -> None:
        await empty(history)
        await open_partition(client, 1, keys_of(world.old)[0], replicas=1)

    async with opened(world, time) as store:
        await send(store, OLD[:5])
    client, empty = await connect([world.nats.address]), ClickhouseHistory.empty
    monkeypatch.setattr(ClickhouseHistory, "empty", made)
    with pytest.raises(StoreMismatch, match="partition 1 was made by"):
        await migrate(config_of(world), time, Watcher())
    monkeypatch.setattr(ClickhouseHistory, "empty", empty)
    assert await migrate(config_of(world), time, Watcher()) == []
    await client.close()


async def test_another_clickhouse_is_refused(world: World, time: Time, clickhouse: ClickhouseServer, tmp_path: Path) -> None:
    """Than the one that the copy went to: it has nothing, and nobody would fill it."""
    async with opened(world, time) as store:
        await send(store, OLD[:5])
    assert await migrate(config_of(world), time, Watcher()) == []
    other = clickhouse.database(str(tmp_path / "other"))
    with pytest.raises(StoreMismatch, match="not the ClickHouse"):
        await migrate(config_of(world, clickhouse=other), time, Watcher())
    clickhouse.drop(other)


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
