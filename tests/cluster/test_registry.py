"""The registry over three servers, where answers and entries come by different ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from cluster import Cluster
from footfall.journal.jetstream_connection import connect
from footfall.registry.jetstream import JetstreamRegistry, open_registry

LOOKS = 150


@pytest.fixture
async def registries(servers: Cluster) -> AsyncIterator[list[JetstreamRegistry]]:
    """One over each server."""
    clients = [await connect([address]) for address in servers.nats_addresses]
    yield [await open_registry(client, replicas=3, name="listed") for client in clients]
    for client in clients:
        await client.close()


async def test_a_list_has_all_that_is_there(registries: list[JetstreamRegistry]) -> None:
    """Whatever server is asked, and however often: a node that is told of no sites would refuse everybody's facts."""
    await registries[0].put("site", "gone", b"")
    await registries[0].delete("site", "gone")
    for seq in 1, 2:
        await registries[0].save_checkpoint(seq, "v1", [b"state"])
    for number in range(LOOKS):
        await registries[0].put("site", "blog", b"%d" % number)
        lists = await asyncio.gather(*(registry.list("site") for registry in registries))
        assert lists == [{"blog": b"%d" % number}] * len(registries)
        assert await registries[number % len(registries)].load_checkpoints("v1") == [2, 1]
