"""Questions to a cluster, and an export of it: the live state of a node and what a sink carried into ClickHouse, as one."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import astuple

from footfall import manifest, rules
from footfall.cluster.node import Node
from footfall.errors import Busy, HistoryFailed
from footfall.export import export
from footfall.history.base import Statement
from footfall.history.incoming import TABLES, chunks
from footfall.housekeeping import sweep
from footfall.intake.adopted import check_adopted
from footfall.ledger import ledger
from footfall.model import Fact, Goal, Site, Sweep
from footfall.query.answer import Answer
from footfall.query.dimensions import DIMENSIONS
from footfall.query.metrics import METRICS
from footfall.query.periods import Span
from footfall.query.question import Question
from footfall.questions import Questions
from footfall.store import Cluster, Store, open_filling, open_node, open_store
from tests.clickhouse_server import ClickhouseServer, clickhouse_server
from tests.conformance.query.worlds import every
from tests.engine.conftest import Time
from tests.nats_server import nats_server

SECONDS = 60.0


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickhouseServer]:
    """One that may be killed."""
    with clickhouse_server(tmp_path / "clickhouse") as server:
        yield server


@dataclass
class Both:
    """A node, and a store of one's own that is told the same."""

    node: Store
    alone: Store
    time: Time

    async def send(self, facts: list[Fact]) -> None:
        for store in (self.node, self.alone):
            await store.engine.record(facts)
        await self.node.engine.settled()

    async def sweep(self) -> None:
        for store in (self.node, self.alone):
            await sweep(store.engine)

    def questions(self) -> list[Question]:
        """Each metric, and some dimensions of events, visits and time."""
        now = self.time.now
        span, metrics = Span(now - 3 * rules.DAY, now + rules.MINUTE, ZoneInfo("Europe/Berlin")), tuple(METRICS[n] for n in NAMES)
        named = [(), ("event:page",), ("visit:browser",), ("time:hour",)]
        asked = [Question("blog", span, metrics, now, tuple(DIMENSIONS[name] for name in names)) for names in named[:1]]
        few = (METRICS["visitors"], METRICS["visits"], METRICS["pageviews"])
        asked += [Question("blog", span, few, now, tuple(DIMENSIONS[name] for name in names)) for names in named[1:]]
        return [*asked, Question("blog", span, (METRICS["people"], METRICS["people_peak"]), now, (DIMENSIONS["time:hour"],))]

    def all_questions(self) -> list[Question]:
        """Every metric by every dimension."""
        span = Span(self.time.now - rules.DAY, self.time.now + rules.MINUTE, ZoneInfo("Europe/Berlin"))
        return every("blog", span, self.time.now, (Goal("Three", path="/3"),))

    async def agree(self, questions: Sequence[Question] = ()) -> None:
        """Both answer the questions alike."""
        for question in questions or self.questions():
            expected = await Questions(self.alone.engine).ask(question)
            assert await answered(self.node, question) == expected

    async def ledgers_agree(self) -> None:
        """What became rows and what did not yet, together."""
        hours = "blog", self.time.now - rules.DAY, self.time.now + rules.HOUR
        lines = await ledger(self.node.engine, *hours)
        assert lines
        assert lines == await ledger(self.alone.engine, *hours)


NAMES = ("visitors", "visits", "pageviews", "events", "views_per_visit", "bounce_rate", "visit_duration")


async def answered(store: Store, question: Question) -> Answer:
    """The answer, as soon as history is there."""
    deadline = asyncio.get_running_loop().time() + SECONDS
    while True:
        try:
            return await Questions(store.engine).ask(question)
        except (Busy, HistoryFailed):
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.1)


@pytest.fixture
async def both(tmp_path: Path, clickhouse: ClickhouseServer) -> AsyncIterator[Both]:
    """With a sink that carries."""
    time = Time()
    with nats_server(tmp_path / "nats") as nats:
        cluster = Cluster([nats.address], 3, 1, clickhouse.database("questions"))
        node, alone = await open_node(tmp_path / "node", cluster, time), await open_store(tmp_path / "alone", time)
        filling, close = await open_filling(cluster, time)
        filling.start()
        yield Both(node, alone, time)
        await close()
        await node.close()
        await alone.close()


def views(time: Time, chance: random.Random, count: int) -> list[Fact]:
    """Of twenty readers."""
    made = []
    for _ in range(count):
        reader = chance.randrange(20)
        browser = ("Firefox", "Safari")[reader % 2]
        kind = chance.choice([0, 0, 0, 2])
        path = f"/{chance.randrange(6)}"
        made.append(Fact("blog", kind, reader * 7919, chance.getrandbits(64), "script", time.now, 0, path, browser=browser))
    return made


async def test_a_cluster_answers_as_one_machine_does(both: Both) -> None:
    """While visits are open, when they have become rows, and when others are open again."""
    chance = random.Random(1)
    for last in (False, False, True):
        for _ in range(4):
            await both.send(views(both.time, chance, 25))
            both.time.now += 3 * rules.MINUTE
        await both.agree(both.all_questions() if last else ())
        await both.ledgers_agree()
        both.time.now += rules.WINDOW_KEPT + rules.HOUR
        await both.sweep()
        await both.agree()
        await both.ledgers_agree()


async def test_clickhouse_is_away_for_a_while(both: Both, clickhouse: ClickhouseServer) -> None:
    """Facts and live figures go on, and health says it; when it is back, nothing is missing."""
    chance = random.Random(2)
    await both.send(views(both.time, chance, 30))
    await both.agree()
    clickhouse.kill()
    both.time.now += rules.MINUTE
    await both.send(views(both.time, chance, 30))
    site, alone = both.node.engine.fold.site("blog"), both.alone.engine.fold.site("blog")
    assert site.views == alone.views
    with pytest.raises((Busy, HistoryFailed)):
        await Questions(both.node.engine).ask(both.questions()[0])
    health = both.node.engine.health()
    assert health.accepting
    assert "ClickHouse" in health.history_failure
    clickhouse.start()
    await both.agree()
    assert not both.node.engine.health().history_failure


HOSTILE = ("=1+1", "-1", "'", '"', "a\nb", "\0x", "NULL", "", "é😀")


def awkward(time: Time) -> list[Fact]:
    """What CSV takes amiss, and nothing where there may be nothing."""
    there = [
        Fact("blog", 0, n, n, "script", time.now, 0, f"/{text}", title=text, city=text, props={text: text}, latitude=-1e-7)
        for n, text in enumerate(HOSTILE, 1)
    ]
    nothing = [Fact("blog", 2, 2**64 - 1, 2**63, "script", time.now, 0, "/", city=None, props=None, name="=buy")]
    return [*there, *nothing]


async def exported(store: Store, form: str) -> Path:
    """A folder with all that there is of the site."""
    into = store.folder.outgoing
    into.mkdir()
    told = await export(store.engine, store.history, store.folder.store_id, [Site("blog")], form, "0", into)
    assert sorted(path.name for path in into.iterdir()) == sorted([*told.files, manifest.NAME])
    return into


def read(folder: Path, form: str) -> dict[str, list[str]]:
    """The rows without their (seq, n), which differ by nature; of the ledger, which is told in parts, the sums."""
    found: dict[str, list[str]] = {}
    for table in TABLES:
        adopted = [row for chunk in chunks(folder / f"blog.{table}.{form}", "blog", table) for row in getattr(chunk, table)]
        sums = Counter[tuple[object, ...]]()
        for *line, count in (astuple(row)[2:] if table == "ledger" else (*astuple(row)[2:], 1) for row in adopted):
            sums[tuple(map(repr, line))] += count
        found[table] = sorted(map(repr, sums.items()))
    return found


async def test_an_export_waits_for_a_whole_sweep(both: Both) -> None:
    """One that its node died in has made rows of visits that are open to the nodes."""
    chance, node = random.Random(4), both.node.engine
    assert isinstance(node, Node)
    await both.send(views(both.time, chance, 60))
    both.time.now += 3 * rules.HOUR
    await node._lanes[0].submit([Sweep(both.time.now)], alone=True)
    both.time.now += rules.MINUTE
    await both.send(views(both.time, chance, 30))
    assert await node.place(), "it is abandoned"
    exporting = asyncio.create_task(exported(both.node, "parquet"))
    await node.sink.reach(node.fold.seq)
    ((early,),) = await both.node.history.fetch(Statement("SELECT count(*) FROM visits"))
    assert early, "rows that the state has as open visits"
    await asyncio.sleep(0.5)
    assert not exporting.done()
    await both.sweep()
    assert read(await exporting, "parquet") == read(await exported(both.alone, "parquet"), "parquet")


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_an_export_of_a_cluster_is_that_of_one_machine(both: Both, tmp_path: Path, form: str) -> None:
    """Rows that are final, visits that are open, every kind of text; an embedded store that takes it has the same figures."""
    chance = random.Random(3)
    await both.send([*views(both.time, chance, 60), *awkward(both.time)])
    both.time.now += 3 * rules.HOUR
    await both.sweep()
    for _ in range(3):
        await both.send(views(both.time, chance, 30))
        both.time.now += 3 * rules.MINUTE
    ours, alone = await exported(both.node, form), await exported(both.alone, form)
    expected = read(alone, form)
    assert read(ours, form) == expected
    assert all(expected[table] for table in ("facts", "visits", "minutes", "ledger"))
    again = await open_store(tmp_path / "again", both.time)
    for table in TABLES:
        for chunk in chunks(ours / f"blog.{table}.{form}", "blog", table):
            check_adopted(chunk, "blog")
            await again.engine.command(msgspec.structs.replace(chunk, at=both.time.now))
    assert await again.engine.verify() == []
    for question in both.questions():
        assert await answered(again, question) == await answered(both.alone, question)
    await again.close()
