"""What tests of a migration in their own loop share: what is in the old store, who looks on, both sides opened here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from footfall import rules
from footfall.config import Config
from footfall.history.base import Statement
from footfall.live.runs import mix
from footfall.model import Import, Kind, Publish, Record, Refused, Sweep
from footfall.store import Cluster, Store, open_node, open_store
from tests.engine.conftest import Time
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


def cut_at(label: str) -> Callable[[str], None]:
    """A migration that is watched so is cut off there."""

    def cut(at: str) -> None:
        if at == label:
            raise CutOff

    return cut


def config_of(world: World, **change: Any) -> Config:
    plain: dict[str, Any] = {"cluster": (world.nats.address,), "clickhouse": world.history, "data_folder": world.old}
    return Config(**(plain | {"cluster_partitions": PARTITIONS, "cluster_replicas": 1} | change))


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


async def counts(store: Store) -> list[tuple[object, ...]]:
    """Of every table, by site."""
    tables = ("facts", "visits", "minutes", "ledger", "content")
    return [
        row
        for table in tables
        for row in await store.history.fetch(Statement(f"SELECT site, count(*) FROM {table} GROUP BY site"))
    ]


async def said(what: str, watcher: Watcher) -> None:
    """Wait until it was."""
    async with asyncio.timeout(SECONDS):
        while not any(what in told for told in watcher.told):  # noqa: ASYNC110  # a person would look, too
            await asyncio.sleep(0.02)
