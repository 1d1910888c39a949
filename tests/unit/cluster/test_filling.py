"""Who holds leases renews them, whatever takes long."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import cast

import pytest

from footfall.cluster import filling
from footfall.cluster.filler import Filler
from footfall.cluster.filling import Filling
from footfall.journal.base import Behind, Partition
from tests.waiting import until


class Leases:
    """Of one holder, who gets all of them but those that are `lost`."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.given_back: list[str] = []
        self.lost: set[str] = set()

    async def join(self) -> int:
        return 1

    async def leave(self) -> None:
        return

    async def take(self, what: str) -> bool:
        self.taken[what] += 1
        return what not in self.lost

    async def give_back(self, what: str) -> None:
        self.given_back.append(what)


class Opened:
    """A filler that has nothing to do."""

    def __init__(self) -> None:
        self.sink = SimpleNamespace(failure="", position=0, pending_bytes=0)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def finish(self) -> None:
        return

    async def close(self) -> None:
        return


class Numbered:
    """A partition of which nothing is asked."""

    def __init__(self, number: int) -> None:
        self.number = number

    async def behind(self, position: int) -> Behind:
        return Behind()


async def test_leases_are_renewed_while_a_partition_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """That may take minutes: rows are counted, or ClickHouse does not answer. Who loses the lease meanwhile leaves off."""
    monkeypatch.setattr(filling, "_RENEW_SECONDS", 0.01)
    monkeypatch.setattr(filling, "_OPEN_SECONDS", 0.01, raising=False)
    leases, slow, ended = Leases(), asyncio.Event(), Counter[int]()

    async def opener(partition: Partition) -> Filler:
        try:
            if partition.number:
                await slow.wait()
        finally:
            ended[partition.number] += 1
        return cast(Filler, Opened())

    partitions = [cast(Partition, Numbered(number)) for number in range(3)]
    filled = Filling(partitions, leases, opener)
    filled.start()
    await until(lambda: min(leases.taken[number] for number in "012") > 5)
    assert list(filled.fillers) == [0]
    assert filled.failure == "partition 1 is being opened"
    leases.lost.add("1")
    await until(lambda: ended[1] == 1)
    slow.set()
    await until(lambda: list(filled.fillers) == [0, 2] and not filled.failure)
    slow.clear()
    leases.lost.clear()
    await until(lambda: bool(filled.failure))
    await filled.close()
    assert ended == {0: 1, 1: 2, 2: 1}
    assert sorted(leases.given_back) == ["0", "1", "2"]


class Deaf(Leases):
    """Loses the first cancellation, as NATS's client may in Python 3.11."""

    deaf = True

    async def join(self) -> int:
        try:
            await asyncio.sleep(60 if self.deaf else 0)
        except asyncio.CancelledError:
            self.deaf = False
        return 1


async def test_it_stops_also_when_a_cancellation_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it goes on with its round, and has to be told again."""
    monkeypatch.setattr(filling, "_RENEW_SECONDS", 0.01)
    leases = Deaf()
    filled = Filling([], leases, lambda partition: asyncio.sleep(0, cast(Filler, Opened())))
    filled.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await filled.close()
    assert not leases.deaf
