"""A migration: a copy of everything, then record after record of what the old server still takes, until it has stopped; last the
comparison. Killed anywhere, it goes on when it is run again: what it did is written down in the cluster it fills.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from footfall import hold, manifest, rules
from footfall.admin import owner
from footfall.clock import Clock
from footfall.config import Config
from footfall.errors import Busy, FolderInUse, HistoryFailed, StoreMismatch
from footfall.folder import carried_away, carrying, in_use, keys_of
from footfall.house import cluster_of
from footfall.journal.base import Position
from footfall.live.fold import Fold
from footfall.migrate import copy
from footfall.migrate.compare import differences
from footfall.migrate.copy import Copied, Watch
from footfall.migrate.places import Keys, Source, Target, source, target
from footfall.migrate.settings import Settings
from footfall.migrate.tail import Carried, Tail, carried
from footfall.store import Store, open_store
from footfall.supervised import cancelled

_PAUSE = 0.5  # seconds between two looks at what came
REST = 15.0  # so long the old server has to be away: one that is restarted is none that stopped
_HOLD_SECONDS = 60.0
_FOLDER = "migration"
_NEXT_STEPS = """\
The cluster has everything, and what the old server still takes follows within a second. Now, with the same --cluster and
--clickhouse,
  start sinks   footfall sink
  start nodes   footfall serve, each with a --data-folder of its own
  point the proxy to the nodes, then stop the old server: this command carries its last records, compares, and ends."""
_STOPPED = f"The old server has stopped. Waiting for a sink to store the last records, and {REST:.0f} s whether it comes again."


async def migrate(config: Config, clock: Clock, watch: Watch) -> list[str]:
    """Carry the store in the data folder into the cluster that the settings name; one sentence for each difference. Raises
    StoreRefused and, where it may be run again, Busy and HistoryFailed."""
    keys = Keys(*keys_of(config.data_folder))
    with carrying(config.data_folder):
        async with target(cluster_of(config), keys) as to, source(config.data_folder, keys.store) as old:
            return await _Migration(config, clock, watch, old, to).run()


class _Migration:
    def __init__(self, config: Config, clock: Clock, watch: Watch, old: Source, to: Target) -> None:
        self._config = config
        self._clock = clock
        self._watch = watch
        self._old = old
        self._to = to
        self._copy: Path = config.data_folder / _FOLDER
        self._settings = Settings(old, to.registry)
        self._salts: dict[int, bytes] = {}
        self._upto = 0  # records up to this one are in the cluster
        self._served = in_use(config.data_folder)  # whether the old server was there
        self._trouble = ""

    async def run(self) -> list[str]:
        """One sentence for each difference."""
        at, records = await copy.copied(self._to.registry), await carried(self._to.registry)
        self._upto = records.upto if records else at.upto if at else 0
        carried_away(self._config.data_folder, "")
        await self._hold()
        holding = asyncio.create_task(self._holds())
        try:
            at, tail = await self._again(at, records) if at and records else await self._copied(at)
            found = await self._moved(at, tail)
        finally:
            await cancelled(holding)
        if not found:
            await hold.release(self._old.registry)
            await hold.release(self._to.registry)
            await asyncio.to_thread(copy.remove, self._copy)
        return found

    async def _holds(self) -> None:
        """Hold both sides, for ever."""
        while True:
            await asyncio.sleep(_HOLD_SECONDS)
            with suppress(Busy):  # it lasts for long
                await self._hold()

    async def _hold(self) -> None:
        for registry in (self._old.registry, self._to.registry):
            await hold.keep(registry, self._upto, self._clock())

    async def _again(self, at: Copied, records: Carried) -> tuple[Copied, Tail]:
        """Where a migration left off that had carried the copy."""
        await self._to.open()
        for partition, begin in zip(self._to.partitions, at.begins, strict=True):
            if await partition.head() < begin:
                raise StoreMismatch(f"partition {partition.number} of the cluster was lost", "restore its streams from a backup")
        here = await self._to.history.positions()
        if any(here.get(number, 0) < begin for number, begin in enumerate(at.begins)):
            raise StoreMismatch("this is not the ClickHouse that the copy went to", "name that one with --clickhouse")
        return at, Tail(self._to.partitions, self._to.registry, records)

    async def _moved(self, at: Copied, tail: Tail) -> list[str]:
        """All that comes, until the folder is ours, and the comparison."""
        while True:
            await self._follow(tail)
            if not await self._rests():
                continue
            try:
                store = await open_store(self._config.data_folder, self._clock)
            except FolderInUse:
                continue
            break
        try:
            return await self._end(store, tail, at)
        finally:
            await store.close()

    async def _rests(self) -> bool:
        """Whether the old server stays away until a sink has stored everything. Restarted, as for a new version, it finds its
        folder free."""
        loop = asyncio.get_running_loop()
        until, heads, stored = loop.time() + REST * self._served, list[Position](), False
        self._watch.say(_STOPPED)
        while not in_use(self._config.data_folder):
            try:
                heads = heads or await self._heads()
                stored = stored or await self._stored(heads)
                self._complain("")
            except (Busy, HistoryFailed) as error:
                self._complain(str(error))
            if stored and loop.time() >= until:
                return True
            await asyncio.sleep(_PAUSE)
        self._watch.say("The old server is there again, and is followed.")
        return False

    # --- the copy ---

    async def _copied(self, at: Copied | None) -> tuple[Copied, Tail]:
        """Everything up to a record of the copy is in the cluster, and whoever joins it goes on from there."""
        fold = await self._state()
        self._upto = fold.seq
        if at is None or at.upto != fold.seq:
            at = await copy.begun(self._to, fold.seq)
        else:
            await self._to.open()
        at = await copy.fill(self._copy, self._to, at, self._watch)
        await self._settings.bring()
        await self._share_salts()
        await copy.settle(self._to, fold, at.begins)
        tail = Tail(self._to.partitions, self._to.registry, Carried(at.upto))
        await tail.mark()
        return at, tail

    async def _state(self) -> Fold:
        """Of a copy that the old journal goes on from: the one that is there, or one taken now."""
        if self._copy.exists():
            fold = await copy.state_of(self._copy, self._clock)
            if await self._old.journal.tail() <= fold.seq:
                self._watch.say("Going on with the copy that was taken.")
                return fold
            self._watch.say("The old server's journal no longer has what comes behind the copy, so a new one is taken.")
            await asyncio.to_thread(copy.remove, self._copy)
        self._upto = 0
        await self._hold()
        await self._take()
        return await copy.state_of(self._copy, self._clock)

    async def _take(self) -> None:
        """Have the copy made by whoever has the folder open, at one moment."""
        alone = replace(self._config, cluster=(), clickhouse="")  # as the old server is, should none run
        async with owner(alone) as door:
            self._watch.say("Taking a copy of everything.")
            told = await door.back_up()
            with self._watch.bar(told.bytes, "Copy") as advance:
                outgoing = self._config.data_folder / "outgoing"
                await asyncio.to_thread(manifest.deliver, outgoing, told, self._copy, advance)

    # --- what comes behind it ---

    async def _follow(self, tail: Tail) -> None:
        """Carry what the old server takes until it has stopped."""
        told = False
        while True:
            stopped = not in_use(self._config.data_folder)
            self._served = self._served or not stopped
            try:
                await tail.follow(self._old.journal)
                await self._settings.bring()
                await self._share_salts()
                self._upto = tail.upto
                self._complain("")
            except Busy as error:
                self._complain(str(error))
                with suppress(Busy):
                    await self._old.journal.reopen()
                stopped = False
            if stopped:
                return
            if not told and not self._trouble:
                told = True
                self._watch.say(_NEXT_STEPS)
            await asyncio.sleep(_PAUSE)

    def _complain(self, why: str) -> None:
        if why != self._trouble:
            self._watch.say(f"Trying again: {why}" if why else "It goes on.")
        self._trouble = why

    async def _share_salts(self) -> None:
        if (salts := self._old.salts()) != self._salts:
            await self._to.bring(salts, self._clock())
            self._salts = salts

    # --- the end ---

    async def _end(self, store: Store, tail: Tail, at: Copied) -> list[str]:
        """The folder is ours: nothing comes any more."""
        assert store.journal is not None  # a folder's
        await tail.follow(store.journal)
        await tail.mark()
        await self._settings.bring()
        heads = await self._heads()
        while not await self._stored(heads):  # noqa: ASYNC110  # another process does it
            await asyncio.sleep(_PAUSE)
        await store.engine.sink.reach(store.engine.fold.seq)
        found = await differences(store.history, self._to.history, at.upto, self._to.count)
        if not found:
            carried_away(self._config.data_folder, datetime.fromtimestamp(self._clock() / rules.SECOND, UTC).date().isoformat())
        return found

    async def _heads(self) -> list[Position]:
        return [await partition.head() for partition in self._to.partitions]

    async def _stored(self, heads: Sequence[Position]) -> bool:
        """Whether a sink has made rows of everything up to there."""
        here = await self._to.history.positions()
        return all(here.get(number, 0) >= head for number, head in enumerate(heads))
