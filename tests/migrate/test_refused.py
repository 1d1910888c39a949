"""What does not fit together is refused: said before anything is written, and nothing is harmed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from footfall.cluster.filler import open_filler
from footfall.errors import FolderInUse, HistoryFailed, StoreMismatch, StoreRefused
from footfall.folder import keys_of
from footfall.history.clickhouse import ClickhouseHistory, open_history
from footfall.journal.jetstream import open_partition
from footfall.journal.jetstream_connection import connect
from footfall.migrate.run import migrate
from footfall.registry.jetstream import open_registry
from footfall.store import FILLING
from tests.clickhouse_server import ClickhouseServer
from tests.engine.conftest import Time
from tests.engine.test_recovery import send
from tests.migrate.conftest import World
from tests.migrate.parts import OLD, CutOff, Watcher, config_of, cut_at, node, opened


async def test_nobody_joins_half_of_a_cluster(world: World, time: Time) -> None:
    """A node or a sink that is started while rows are on their way refuses, and says what it waits for."""
    async with opened(world, time) as store:
        await send(store, OLD)
    with pytest.raises(CutOff):
        await migrate(config_of(world), time, Watcher(cut_at("Rows")))
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
