"""The copy that a migration begins with: a backup of the store, its rows on their way into ClickHouse, and its state as the one
that nodes and sinks of the cluster go on from.

Rows go straight there and not through the journal: they were judged once and are final. How far they are is a document of the
cluster, so that a migration that was cut off goes on; a block that comes again is the same rows.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import msgspec

from footfall.clock import Clock
from footfall.cluster import keeper, routes
from footfall.cluster.shares import share_of, with_ids
from footfall.history.blocks import TABLES, Block, Blocks
from footfall.hold import KIND
from footfall.journal.base import Position, Vector
from footfall.live import checkpoint
from footfall.live.fold import Fold
from footfall.migrate.places import Target
from footfall.registry.base import Registry
from footfall.store import Store, open_store

_ROWS = "rows"  # the id of the document


class Watch(Protocol):
    """Who looks on: sentences, and bars that are told how many more are done."""

    def say(self, text: str) -> None: ...
    def bar(self, length: int, label: str) -> AbstractContextManager[Callable[[int], None]]: ...


class Copied(msgspec.Struct, frozen=True):
    """The copy stands at `upto`, the partitions begin at `begins`; tables before `table` are there, and of it the rows up to
    `last`; an empty `table`: all are. `done` counts rows."""

    upto: Position
    begins: Vector
    table: str = TABLES[0]
    last: Position = 0
    done: int = 0


async def copied(registry: Registry) -> Copied | None:
    """How far it is; None if it was not begun. Raises Busy."""
    document = await registry.get(KIND, _ROWS)
    return None if document is None else msgspec.json.decode(document, type=Copied)


async def begun(target: Target, upto: Position) -> Copied:
    """A cluster without rows. Raises Busy, HistoryFailed, StoreRefused."""
    return await _told(target.registry, Copied(upto, await target.begin(upto)))


async def fill(folder: Path, target: Target, at: Copied, watch: Watch) -> Copied:
    """Bring every row that is not there. Raises Busy, HistoryFailed, StoreRefused; then it may go on from where it was."""
    of_site = lambda site: routes.of_site(site, target.count)  # noqa: E731
    blocks = Blocks(folder / "history.duckdb", folder, target.count, of_site)
    loop = asyncio.get_running_loop()
    began, before = loop.time(), at.done
    with watch.bar(await asyncio.to_thread(blocks.rows), "Rows") as advance:
        advance(at.done)
        for table in TABLES[TABLES.index(at.table) :] if at.table else ():
            reading = blocks.of(table, at.last if table == at.table else 0)
            while (block := await asyncio.to_thread(next, reading, None)) is not None:
                at = await _put(target, table, block, at)
                advance(block.rows)
    at = await _told(target.registry, Copied(at.upto, at.begins, "", 0, at.done))
    seconds = loop.time() - began
    if at.done > before:
        watch.say(f"{at.done - before:,} rows in {seconds:,.1f} s: {(at.done - before) / max(seconds, 0.001):,.0f} a second.")
    return at


async def _put(target: Target, table: str, block: Block, at: Copied) -> Copied:
    await target.history.fill(table, block.lines)
    return await _told(target.registry, Copied(at.upto, at.begins, table, block.last, at.done + block.rows))


async def _told(registry: Registry, at: Copied) -> Copied:
    await registry.put(KIND, _ROWS, msgspec.json.encode(at))
    return at


async def settle(target: Target, fold: Fold, begins: Vector) -> None:
    """Leave the state that each sink goes on from, the places where history is, and last what nodes do: from then on any may
    start. All of it may be done again. Raises Busy, HistoryFailed, StoreRefused."""
    for number, begin in enumerate(begins):
        share = await asyncio.to_thread(share_of, fold, number, target.count)
        share.seq = begin
        await target.filling.save_checkpoint(begin, checkpoint.FORMAT, checkpoint.encoded(share))
    await target.history.move(begins)
    await keeper.save(target.registry, await asyncio.to_thread(with_ids, fold, range(target.count)), begins)


async def state_of(folder: Path, clock: Clock) -> Fold:
    """What the copy's records and rows come to; its history has everything then. Raises StoreRefused, Busy, HistoryFailed."""
    store: Store = await open_store(folder, clock)
    try:
        await store.keeper.take()
        await store.engine.sink.reach(store.engine.fold.seq)
        return checkpoint.capture(store.engine.fold)
    finally:
        await store.close()


def remove(folder: Path) -> None:
    """The copy is not needed any more."""
    shutil.rmtree(folder, ignore_errors=True)
