"""Records of an embedded journal on their way into the partitions of a cluster: each once, in order, whatever is killed.

Before records are appended it is written down which and where the partitions ended. So after a crash, or an append whose answer
was lost, exactly these are looked for behind those ends, and what is missing is appended.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from footfall.cluster import routes
from footfall.errors import StoreMismatch
from footfall.hold import KIND
from footfall.intake.identity import shared
from footfall.journal.base import Batch, Journal, Partition, Position
from footfall.model import Erase, Fact, Reclassify, Record
from footfall.registry.base import Registry

AT_ONCE = 2_000  # records, about
_RECORDS = "records"  # the id of the document
_ANEW = "begin anew with another cluster and an empty ClickHouse database; the old server has everything"

Parts = Mapping[int, Sequence[Record]]


class Carried(msgspec.Struct, frozen=True):
    """Records up to `upto` are in the cluster; those behind, up to `pending`, may be, behind these ends of partitions."""

    upto: Position
    pending: Position = 0
    ends: dict[int, Position] = {}


async def carried(registry: Registry) -> Carried | None:
    """How far it is; None where no record may be carried yet."""
    document = await registry.get(KIND, _RECORDS)
    return None if document is None else msgspec.json.decode(document, type=Carried)


class Tail:
    """Made once there is a place for what comes behind `at.upto`. Every method raises Busy when it cannot go on now, and
    StoreMismatch when the journal has lost what comes next."""

    def __init__(self, partitions: Sequence[Partition], registry: Registry, at: Carried) -> None:
        self._partitions = partitions
        self._registry = registry
        self._at = self._told = at  # where it is, and what is written down of it

    @property
    def upto(self) -> Position:
        return self._at.upto

    async def follow(self, journal: Journal) -> None:
        """Carry everything that is durable now."""
        if self._at.pending > self._at.upto:
            await self._settle(journal)
        records: list[Record] = []
        async for last, found in _behind(journal, self._at.upto):
            records += found
            if len(records) >= AT_ONCE:
                await self._carry(last, records)
                records = []
        if records:
            await self._carry(last, records)
        if self._told != self._at:  # whoever goes on looks for nothing: sinks and nodes may have trimmed it by then
            await self.mark()

    async def mark(self) -> None:
        """Write down how far it is."""
        await self._write(Carried(self._at.upto))

    async def _carry(self, last: Position, records: Sequence[Record]) -> None:
        parts = parted(records, len(self._partitions))
        ends = await asyncio.gather(*(self._partitions[number].head() for number in parts))
        await self._write(Carried(self._at.upto, last, dict(zip(parts, ends, strict=True))))
        await self._append(parts)
        self._at = Carried(last)

    async def _settle(self, journal: Journal) -> None:
        """Carry what is left of records that were being carried when it was cut off."""
        pending, records = self._at.pending, list[Record]()
        async for last, found in _behind(journal, self._at.upto):
            records += found[: len(found) - max(0, last - pending)]
            if last >= pending:
                break
        left = {}
        for number, part in parted(records, len(self._partitions)).items():
            await self._partitions[number].reopen()
            left[number] = part[await self._found(number, part) :]
        await self._append({number: part for number, part in left.items() if part})
        self._at = Carried(pending)

    async def _found(self, number: int, part: Sequence[Record]) -> int:
        """How many of these records are there: whole messages, in order, with those of others between them."""
        partition, end, found = self._partitions[number], self._at.ends[number], 0
        if end < await partition.tail():
            raise StoreMismatch(
                f"the end of partition {number} was trimmed while the migration was away: nobody can tell what of the"
                f" records {self._at.upto + 1} to {self._at.pending} is there",
                _ANEW,
            )
        async for _, records in partition.follow(end):
            if found < len(part) and list(records) == list(part[found : found + len(records)]):
                found += len(records)
        return found

    async def _append(self, parts: Parts) -> None:
        done = await asyncio.gather(
            *(self._partitions[number].append(part) for number, part in parts.items()), return_exceptions=True
        )
        for result in done:
            if isinstance(result, BaseException):
                raise result

    async def _write(self, at: Carried) -> None:
        await self._registry.put(KIND, _RECORDS, msgspec.json.encode(at))
        self._at = self._told = at


def parted(records: Sequence[Record], partitions: int) -> Parts:
    """Where each goes, in order. Raises StoreMismatch for a change of rows, which the copy that was carried does not have."""
    parts: dict[int, list[Record]] = {}
    for record in records:
        if isinstance(record, Erase | Reclassify):
            raise StoreMismatch("rows were changed on the old server after the copy was taken", _ANEW)
        for number, part in _parts(record, partitions).items():
            parts.setdefault(number, []).append(part)
    return parts


def _parts(record: Record, partitions: int) -> Mapping[int, Record]:
    if not isinstance(record, Fact):
        return routes.of_command(record, partitions)
    fact = replace(record, id=shared(record.id, record.visitor, partitions))
    return {routes.of_visitor(fact.visitor, partitions): fact}


async def _behind(journal: Journal, after: Position) -> AsyncIterator[Batch]:
    """What the journal has behind a seq."""
    if after < (tail := await journal.tail()):
        raise StoreMismatch(f"the old server's journal begins behind record {tail}, and {after + 1} was not carried yet", _ANEW)
    async for batch in journal.follow(after):
        yield batch
