"""Records on their way into the partitions: each once, whatever is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from footfall.errors import JournalFailed, StoreMismatch
from footfall.intake.identity import shared
from footfall.journal.base import PARTITION_BITS, Position
from footfall.journal.jetstream import JetstreamPartition, open_partition
from footfall.journal.jetstream_connection import connect
from footfall.journal.sqlite import open_journal
from footfall.migrate.tail import Carried, Tail, carried
from footfall.model import Erase, Fact, Import, Publish, Record, Refused, Sweep
from footfall.registry.jetstream import open_registry
from tests.migrate.conftest import PARTITIONS, World
from tests.migrate.parts import OLD
from tests.unit.live.made import SITE, START, fact


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
