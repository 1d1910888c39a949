"""What is refused at the start of a node or a sink, and what a person is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from footfall.clock import process_clock
from footfall.cluster import filling as rounds
from footfall.cluster.filler import Filler
from footfall.config import Config
from footfall.errors import JournalFailed, StoreRefused
from footfall.house import open_house
from footfall.journal import jetstream_connection
from footfall.journal.base import Partition
from footfall.registry import jetstream as shared
from footfall.store import Cluster, open_filling, open_node, open_store
from tests.nats_server import NatsServer, nats_server


def inside(address: str, password: str) -> str:
    return address.replace("//", f"//footfall:{password}@")


async def test_a_wrong_password_is_told_and_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a right one, when the connection comes back."""
    monkeypatch.setattr(jetstream_connection, "_CONNECT", 1.0)
    with nats_server(tmp_path, "--user", "footfall", "--pass", "the-right-one") as nats:
        with pytest.raises(JournalFailed, match=r"lets us in at 127\.0\.0\.1:\d+: .*[Aa]uthorization") as refused:
            await jetstream_connection.connect([inside(nats.address, "a-wrong-one")])
        assert "a-wrong-one" not in str(refused.value)
        with capture_logs() as logs:
            client = await jetstream_connection.connect([inside(nats.address, "the-right-one")])
            nats.kill()
            nats.start()
            async with asyncio.timeout(20):
                while not (back := [line for line in logs if line["event"] == "connected to NATS again"]):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            await client.close()
        assert back[0]["server"] == nats.address.removeprefix("nats://")
        assert "the-right-one" not in str(logs)


async def test_fewer_servers_than_replicas(tmp_path: Path, nats: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both say what can be done."""
    monkeypatch.setattr(shared, "_CREATE", 0.2)
    with pytest.raises(StoreRefused, match="replicas") as refused:
        await open_node(tmp_path / "a", Cluster([nats.address]), process_clock())
    assert "--cluster-replicas" in refused.value.repair
    with pytest.raises(StoreRefused, match="replicas"):
        await open_filling(Cluster([nats.address], clickhouse="http://127.0.0.1:1/x"), process_clock())


async def test_a_folder_of_a_node_is_no_store(tmp_path: Path, nats: NatsServer) -> None:
    """A command that is not told of the cluster makes no empty store in it, which would keep the node from it."""
    cluster = Cluster([nats.address], replicas=1)
    await (await open_node(tmp_path / "a", cluster, process_clock())).close()
    with pytest.raises(StoreRefused, match="belongs to a node of a cluster") as refused:
        await open_store(tmp_path / "a", process_clock())
    assert "--cluster" in refused.value.repair
    await (await open_node(tmp_path / "a", cluster, process_clock())).close()


async def test_clickhouse_without_a_cluster(tmp_path: Path) -> None:
    """It would be a store of one machine, which nobody asked for."""
    with pytest.raises(StoreRefused, match="none is named"):
        await open_house(Config(data_folder=tmp_path / "a", clickhouse="http://127.0.0.1:8123/footfall"))


async def test_a_sink_tells_once_that_it_cannot_begin(nats: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each partition, every three seconds."""
    monkeypatch.setattr(rounds, "_RENEW_SECONDS", 0.05)
    with capture_logs() as logs:
        filling, close = await open_filling(Cluster([nats.address], 2, 1, "http://127.0.0.1:1/x"), process_clock())
        looks: list[int] = []
        opened = filling._open

        async def looked(partition: Partition) -> Filler:
            looks.append(partition.number)
            return await opened(partition)

        filling._open = looked
        filling.start()
        async with asyncio.timeout(20):
            while len(looks) < 7:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.02)
        assert "cannot be reached" in filling.failure
        await close()
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["a partition cannot be filled now"]
