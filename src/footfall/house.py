"""The wiring of a serving process: an open store, intake, hub, sites, and the clock that sweeps. Doors are built over it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from secrets import randbits
from typing import TypeVar

import crawleruseragents  # type: ignore[import-untyped]  # it ships no types
import iptocc
import msgspec
import structlog
import ua_parser

from footfall.access import Access, open_access
from footfall.backup import back_up
from footfall.cities import open_cities
from footfall.clock import Clock, process_clock
from footfall.cluster.news import News
from footfall.config import Config
from footfall.content.watch import Contents
from footfall.definitions import with_ids
from footfall.engine import Engine, Limits
from footfall.errors import ArchiveRefused, Busy, HistoryFailed, NotFound, StoreRefused
from footfall.export import export
from footfall.folder import Folder
from footfall.handover import Handover
from footfall.housekeeping import retain, sweep
from footfall.hub import Hub
from footfall.imports import Imports
from footfall.intake import Agents, Intake, Sources
from footfall.intake.convex_export import ConvexExport
from footfall.intake.identity import Identity
from footfall.intake.original import OriginalDoor
from footfall.keys import Keys, open_keys
from footfall.live.pages import Item
from footfall.manifest import Manifest
from footfall.model import Publish, Site
from footfall.original import Original
from footfall.recount.barriers import Barrier, Matched, matched
from footfall.registry.base import Registry
from footfall.removals import MARKS, SITES, Removals
from footfall.rules import CONVEX
from footfall.store import Cluster, Store, open_node, open_store
from footfall.supervised import supervised

_SWEEP_SECONDS = 60.0
_RETAIN_SECONDS = 600.0
_ENTRY_BYTES = 25  # measured 19 to 30
_DISK_SECONDS = 2.0
_NOTICE_SECONDS = 3.0  # until all nodes have looked: one that cannot is cut off from NATS, and takes no facts
_REMOVAL_SECONDS = 30.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Disk:
    """Whether there is room left, looked up now and then: every fact asks."""

    def __init__(self, folder: Path, floor: int) -> None:
        self._folder = folder
        self._floor = floor
        self.obstacle = ""

    def look(self) -> None:
        """Ask the system again."""
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            self.obstacle = f"the disk cannot be looked at ({error.strerror})"
            return
        self.obstacle = "" if free >= self._floor else f"the disk is nearly full ({free >> 20} MiB left)"


@dataclass(slots=True)
class House:
    """Everything that runs in one serving process."""

    config: Config
    folder: Folder
    engine: Engine
    hub: Hub
    intake: Intake
    imports: Imports
    sites: dict[str, Site]
    registry: Registry
    access: Access
    contents: Contents
    keys: Keys
    handover: Handover
    original: Original
    removals: Removals
    listeners: list[Callable[[set[str]], None]]  # told of sites that may look different now
    _store: Store
    news: News | None = None  # of other nodes
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def change_site(self, id: str, change: Callable[[Site], Site]) -> Site:
        """Put what `change` makes of a site. One after another, so that no change takes another back. Raises NotFound, Busy."""

        def of_one(site: Site | None) -> Site:
            if site is None:
                raise NotFound("no such site")
            return change(site)

        return await self.make_site(id, of_one)

    async def make_site(self, id: str, change: Callable[[Site | None], Site]) -> Site:
        """The same where there may be none yet (None). `change` is asked again if another node was faster."""
        async with self._changing:
            if id not in self.sites:
                await self.removals.make_room(id)
            while True:
                there = await self.registry.get(SITES, id)
                site = change(None if there is None else site_of(there))
                if await self.registry.replace(SITES, id, there, msgspec.json.encode(site)):
                    self._know(id, site)
                    return site

    async def put_site(self, site: Site) -> None:
        """Add a site or change its settings; durable on return."""
        await self.make_site(site.id, lambda _: site)

    async def remove_site(self, id: str) -> int:
        """Remove a site with all its data; how many counted views went. Raises NotFound, Busy, HistoryFailed; then it may be
        asked again: whatever fails here takes its mark back."""
        async with self.removals.of(id):
            async with self._changing:
                if id not in self.sites:
                    raise NotFound(f"no site {id!r}")
                site = self.sites.pop(id)  # so that nothing new arrives for it
                await self._or_back(site, self.removals.mark(id))
            removed = await self._or_back(site, self.removals.carry_out(id))
        self.hub.forget(id)
        return removed

    async def _or_back(self, site: Site, step: Awaitable[T]) -> T:
        try:
            return await step
        except BaseException:
            self.sites[site.id] = site
            await self.removals.unmark(site.id)
            raise

    async def refresh(self) -> None:
        """Know what another node of the cluster did to sites, keys and the password. Raises Busy."""
        async with self._changing:
            known = await _known(self.registry)
            for id in sorted(self.sites.keys() | known.keys()):
                self._know(id, known.get(id))
        await self.keys.refresh()
        await self.access.refresh()

    def _know(self, id: str, now: Site | None) -> None:
        before = self.sites.get(id)
        if now is None:
            self.sites.pop(id, None)
        else:
            self.sites[id] = now
        if before is not None and (now is None or (before.visibility, before.link) != (now.visibility, now.link)):
            self.hub.forget(id)  # whoever may still see it comes back

    async def verify(self) -> list[str]:
        """Recount every total from the rows: one sentence for each difference."""
        return await self.engine.verify()

    async def back_up(self, version: str) -> Manifest:
        """Make a backup where it can be taken away. Raises Busy, HistoryFailed."""
        store, files = self._store, (self.folder.history, self.folder.journal)
        journal, history = store.journal, store.files
        if journal is None or history is None:
            raise ArchiveRefused(
                "the data of a cluster is not here", "back up its NATS streams and ClickHouse, each with its own tool"
            )
        return await self.handover.made(
            lambda into: back_up(store.engine, store.keeper, journal, history, store.folder, version, into),
            need=sum(file.stat().st_size for file in files),
        )

    async def export(self, sites: Iterable[Site], form: str, version: str) -> Manifest:
        """Make an export likewise; `form` is one of export's."""
        store = self._store
        return await self.handover.made(
            lambda into: export(store.engine, store.history, store.folder.store_id, sites, form, version, into)
        )

    async def matched(self, change: Barrier) -> Matched:
        """What a change of rows would be about."""
        table, _ = await self.engine.fetch(matched(change))
        return msgspec.convert(table[0], Matched)

    def visitor_of(self, site: str, session: str) -> int:
        """Who a session is."""
        return self.intake.identity.of_session(site, session)

    async def close(self) -> None:
        """End streams, drain, leave a checkpoint, release the folder. A second call does nothing."""
        await self.hub.close()
        await self.handover.close()
        await self._store.close()


def make_intake(
    sites: Mapping[str, Site],
    secret: bytes,
    salt: Callable[[int], bytes],
    known: Callable[[str, int], bool],
    cities: Callable[[str], object] | None = None,
    shares: int = 1,
) -> Intake:
    """The intake with all that it knows of browsers, bots, sources and countries."""
    return Intake(
        sites=sites,
        secret=secret,
        salt=salt,
        known=known,
        fresh_id=_fresh_id,
        shares=shares,
        agents=Agents([entry["pattern"] for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA], ua_parser.parse),
        countries=iptocc.country_code,
        cities=cities,
        sources=Sources(msgspec.json.decode(files("footfall.intake").joinpath("referrers.json").read_bytes())),
    )


async def open_house(config: Config, clock: Clock | None = None) -> House:
    """Open the data folder and start everything. Raises StoreRefused with a repair."""
    clock = clock or process_clock()
    disk = Disk(config.data_folder, config.disk_floor_bytes)
    cities = open_cities(config.city_database) if config.city_database else None
    limits = Limits(pending_bytes=config.max_pending_bytes, window_entries=config.max_window_entries or _quarter_of_memory())
    store = await _opened(config, clock, limits, disk)
    try:
        disk.look()
        sites = await _known(store.registry)
        access = await open_access(store.registry, store.folder.secret, store.folder.owner_key)
        keys = await open_keys(store.registry)
        hub = Hub(lambda: store.engine.fold, sites, clock)
        known = lambda site, visitor: store.engine.fold.knows(site, visitor)  # noqa: E731  # the fold is another after an erase
        intake = make_intake(sites, store.folder.secret, store.salt, known, cities, store.shares)
    except BaseException:
        await store.close()
        raise
    exports = ConvexExport(_identity(store))
    imports = Imports(store.engine, exports, sites, _fresh_id)
    listeners: list[Callable[[set[str]], None]] = [hub.changed]

    def changed(sites: set[str]) -> None:
        for listen in listeners:
            listen(sites)

    store.engine.on_change = changed
    contents, original = _contents(sites, store.engine), _original(store, sites)
    handover = Handover(store.folder.outgoing, config.disk_floor_bytes)
    notice = 0.0 if store.revision is None else _NOTICE_SECONDS
    removals = Removals(store.engine, store.registry, keys, store.alone, notice)
    wired = hub, intake, imports, sites, store.registry, access, contents, keys, handover, original, removals, listeners
    house = House(config, store.folder, store.engine, *wired, store)
    if store.revision is not None:
        house.news = News(store.revision, house.refresh)
    else:
        try:
            await removals.go_on()
        except BaseException:
            await store.close()
            raise
    hub.start()
    for name, work in _rounds(house, disk):
        store.tasks.append(supervised(asyncio.create_task(work, name=name)))
    return house


async def _opened(config: Config, clock: Clock, limits: Limits, disk: Disk) -> Store:
    """A store of one's own, or a part in a cluster's."""
    if not config.cluster:
        if config.clickhouse:
            raise StoreRefused(
                "ClickHouse is for a cluster, and none is named", "name it with --cluster, or leave out --clickhouse"
            )
        return await open_store(config.data_folder, clock, limits, lambda: disk.obstacle)
    cluster = cluster_of(config)
    return await open_node(config.data_folder, cluster, clock, limits, lambda: disk.obstacle)


def cluster_of(config: Config) -> Cluster:
    """The cluster that the settings name."""
    return Cluster(config.cluster, config.cluster_partitions, config.cluster_replicas, config.clickhouse)


def _contents(sites: Mapping[str, Site], engine: Engine) -> Contents:
    def content(site: str) -> Mapping[tuple[str, str], Item]:
        state = engine.fold.sites.get(site)
        return {} if state is None else state.pages.content

    async def publish(command: Publish) -> object:
        return await engine.command(command) if command.site in sites else None  # it may have been removed meanwhile

    return Contents(sites, content, publish, engine.now)


def _fresh_id() -> int:
    return randbits(64) or 1


def _original(store: Store, sites: Mapping[str, Site]) -> Original:
    """The original's functions, as its own clients call them."""
    return Original(store.engine, store.registry, OriginalDoor(sites, _identity(store), _fresh_id, CONVEX))


def _identity(store: Store) -> Identity:
    return Identity(store.folder.secret, store.salt, store.engine.fold.knows, store.shares)


async def _known(registry: Registry) -> dict[str, Site]:
    """The sites, but for those that are being removed."""
    marked = await registry.list(MARKS)
    return {id: site_of(document) for id, document in (await registry.list(SITES)).items() if id not in marked}


def site_of(document: bytes) -> Site:
    """A site as the registry holds it. Before a site had a visibility it was public or not, and goals had no ids."""
    fields = msgspec.json.decode(document)
    if fields.pop("public", False):
        fields.setdefault("visibility", "public")
    return with_ids(msgspec.convert(fields, Site))


def _quarter_of_memory() -> int:
    """In entries of the windows."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4 // _ENTRY_BYTES


def _rounds(house: House, disk: Disk) -> Iterable[tuple[str, Coroutine[None, None, None]]]:
    yield "sweeps", _sweeps(house.engine)
    yield "retention", _retains(house)
    yield "keeper", house._store.keeper.run()
    yield "disk watch", _looks(disk)
    yield "content", house.contents.run()
    if house.news is not None:
        yield "registry watch", house.news.run()
        yield "removals", _goes_on(house.removals)  # a node may have died


async def _goes_on(removals: Removals) -> None:
    while True:
        try:
            await removals.go_on()
        except (Busy, HistoryFailed) as error:
            log.warning("a site could not be removed yet", error=str(error))
        await asyncio.sleep(_REMOVAL_SECONDS)


async def _retains(house: House) -> None:
    while True:
        await asyncio.sleep(_RETAIN_SECONDS)
        try:
            async with house._store.alone("retention") as ours:
                if ours:
                    await retain(house.engine, house.sites.values())
        except (Busy, HistoryFailed) as error:
            log.warning("retention waits", error=str(error))


async def _sweeps(engine: Engine) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        try:
            await sweep(engine)
        except Busy as error:
            log.warning("the sweep waits", error=str(error))


async def _looks(disk: Disk) -> None:
    while True:
        await asyncio.sleep(_DISK_SECONDS)
        disk.look()  # the doors tell of what it finds
