"""A migration: a copy of everything, then record after record of what the old server still takes, until it has stopped; last the
comparison. Killed anywhere, it goes on when it is run again: what it did is written down in the cluster it fills.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from footfall import hold, manifest
from footfall.admin import owner
from footfall.clock import Clock
from footfall.config import Config
from footfall.errors import Busy, FolderInUse, StoreMismatch
from footfall.folder import in_use, keys_of
from footfall.house import cluster_of
from footfall.live.fold import Fold
from footfall.migrate import copy
from footfall.migrate.compare import differences
from footfall.migrate.copy import Copied, Watch
from footfall.migrate.places import Keys, Source, Target, source, target
from footfall.migrate.tail import Carried, Tail, carried
from footfall.registry.sqlite import open_registry
from footfall.store import Store, open_store
from footfall.supervised import cancelled

_PAUSE = 0.5  # seconds between two looks at what came
_HOLD_SECONDS = 60.0
_FOLDER = "migration"

Documents = dict[tuple[str, str], bytes]


async def migrate(config: Config, clock: Clock, watch: Watch) -> list[str]:
    """Carry the store in the data folder into the cluster that the settings name; one sentence for each difference. Raises
    StoreRefused and, where it may be run again, Busy and HistoryFailed."""
    keys = Keys(*keys_of(config.data_folder))
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
        self._known: Documents = {}  # what of the old server's documents the cluster has
        self._salts: dict[int, bytes] = {}
        self._upto = 0  # records up to this one are in the cluster
        self._trouble = ""

    async def run(self) -> list[str]:
        """One sentence for each difference."""
        at, records = await copy.copied(self._to.registry), await carried(self._to.registry)
        self._upto = records.upto if records else at.upto if at else 0
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
        if self._copy.exists():
            self._known = await _documents(self._copy)
        return at, Tail(self._to.partitions, self._to.registry, records)

    async def _moved(self, at: Copied, tail: Tail) -> list[str]:
        """All that comes, until the folder is ours, and the comparison."""
        while True:
            await self._follow(tail)
            try:
                store = await open_store(self._config.data_folder, self._clock)
            except FolderInUse:
                continue
            break
        try:
            return await self._end(store, tail, at)
        finally:
            await store.close()

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
        await self._settings(await _documents(self._copy))
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
            try:
                await tail.follow(self._old.journal)
                await self._settings(await self._old.documents())
                await self._share_salts()
                self._upto, self._trouble = tail.upto, ""
            except Busy as error:
                self._complain(str(error))
                with suppress(Busy):
                    await self._old.journal.reopen()
                stopped = False
            if stopped:
                return
            if not told and not self._trouble:
                told = True
                self._watch.say(self._next_steps())
            await asyncio.sleep(_PAUSE)

    def _next_steps(self) -> str:
        servers, history = ",".join(self._config.cluster), self._config.clickhouse
        return (
            "The cluster has everything, and what the old server still takes follows within a second. Now\n"
            f"  start sinks   footfall sink --cluster {servers} --clickhouse '{history}'\n"
            f"  start nodes   footfall serve --cluster {servers} --clickhouse '{history}' --data-folder ANOTHER\n"
            "  point the proxy to the nodes, then stop the old server: this command carries its last records, compares, and ends."
        )

    def _complain(self, why: str) -> None:
        if why != self._trouble:
            self._watch.say(f"Trying again: {why}")
        self._trouble = why

    async def _settings(self, now: Documents) -> None:
        """The cluster has the old server's documents; those that did not change there are the cluster's own matter."""
        for (kind, id), document in now.items():
            if self._known.get((kind, id)) != document:
                await self._to.registry.put(kind, id, document)
        for kind, id in self._known.keys() - now.keys():
            await self._to.registry.delete(kind, id)
        self._known = now

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
        await self._settings(await self._old.documents())
        await self._stored()
        await store.engine.sink.reach(store.engine.fold.seq)
        return await differences(store.history, self._to.history, at.upto, self._to.count)

    async def _stored(self) -> None:
        """A sink has made rows of everything that is in the partitions now."""
        heads = [await partition.head() for partition in self._to.partitions]
        said = False
        while True:
            here = await self._to.history.positions()
            if all(here.get(number, 0) >= head for number, head in enumerate(heads)):
                return
            if not said:
                said = True
                self._watch.say("The old server has stopped. Waiting for a sink to store the last records: footfall sink")
            await asyncio.sleep(_PAUSE)


async def _documents(folder: Path) -> Documents:
    registry = await open_registry(folder / "journal.sqlite")
    try:
        return {key: document for key, document in (await registry.documents()).items() if key[0] != hold.KIND}
    finally:
        await registry.close()
