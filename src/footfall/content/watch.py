"""Keeps what sites have published in step with their folders: what differs becomes a Publish command, and nothing else.

A folder speaks for its kind: a post that no folder of posts has is not published any more. So a look compares all that the
folders hold with all that is published, keeps nothing of its own, and one that was cut off is simply repeated. Files are looked
at every few seconds instead of waiting for the system to tell: that works alike on every file system, also one of the network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import structlog

from footfall.content.folder import Folder, Read, shown
from footfall.content.source import Source, source_of
from footfall.errors import Busy
from footfall.live.pages import Item
from footfall.model import Publish, Site

Key = tuple[str, str]  # kind, slug

PAUSES = (2.0, 60.0)  # seconds between two looks, at least and at most: within these
SHARE = 20  # so many times as long as the last one took
TOLD = 10  # warnings of a site; there may be thousands
AT_ONCE = 100  # commands that wait for the journal together

log = structlog.get_logger(__name__)


def differences(
    site: str, now: int, looks: Sequence[tuple[Source, Read]], content: Mapping[Key, Item]
) -> tuple[list[Publish], list[str]]:
    """What makes `content`, as it is published, what the folders hold, the oldest first; and what is odd about them. Pure."""
    wanted, dates, warnings = dict[Key, Item](), dict[Key, int](), list[str]()
    held, kinds = set[Key](), {source.kind for source, _ in looks}
    for source, read in looks:
        warnings += read.warnings
        held |= {(source.kind, slug) for slug in read.held}
        kinds -= set() if read.whole else {source.kind}
        for piece in read.pieces:
            key = source.kind, piece.slug
            if key in wanted:
                warnings.append(f"{shown(source.folder)}: more than one {source.kind} is at /{piece.slug}; the first one counts")
                continue
            wanted[key] = Item(piece.title, piece.is_published(now))
            dates[key] = now if piece.date is None else piece.date
    fresh = [key for key, item in wanted.items() if content.get(key) != item and (item.published or key in content)]
    gone = [key for key, item in content.items() if item.published and key[0] in kinds and key not in wanted and key not in held]
    commands = [
        Publish(site, now, *key, wanted[key].title, wanted[key].published) for key in sorted(fresh, key=lambda key: dates[key])
    ]
    return commands + [Publish(site, now, *key, content[key].title, False) for key in gone], warnings


class Contents:
    """`sites` is a live view; `content(site)` is what is published there; `publish` carries a command out."""

    def __init__(
        self,
        sites: Mapping[str, Site],
        content: Callable[[str], Mapping[Key, Item]],
        publish: Callable[[Publish], Awaitable[object]],
        clock: Callable[[], int],
    ) -> None:
        self._sites = sites
        self._content = content
        self._publish = publish
        self._now = clock
        self._folders: dict[tuple[str, str], Folder] = {}  # by site and setting
        self._warnings: dict[str, list[str]] = {}  # by site
        self._stopped = False

    def warnings(self) -> list[str]:
        """What is wrong with folders and files now. They name files, so they are the owner's."""
        return [f"Content of {site}: {warning}" for site, warnings in self._warnings.items() for warning in warnings]

    async def run(self) -> None:
        """Look, until it is cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                began = loop.time()
                await self.look()
                await asyncio.sleep(min(max(PAUSES[0], SHARE * (loop.time() - began)), PAUSES[1]))
        finally:
            self._stopped = True  # a thread may be reading

    async def look(self) -> None:
        """Bring every site in step."""
        named = {(site.id, text) for site in self._sites.values() for text in site.content}
        self._folders = {key: self._folders.get(key) or Folder(source_of(key[1])) for key in named}
        self._warnings = {id: told for id, told in self._warnings.items() if any(site == id for site, _ in named)}
        for id, site in list(self._sites.items()):
            if site.content:
                await self._follow(id, site.content)

    async def _follow(self, site: str, texts: Iterable[str]) -> None:
        folders = [(source_of(text), self._folders[site, text]) for text in texts]
        looks = [(source, await asyncio.to_thread(folder.read, lambda: self._stopped)) for source, folder in folders]
        commands, warnings = differences(site, self._now(), looks, self._content(site))
        self._tell(site, warnings)
        try:
            for start in range(0, len(commands), AT_ONCE):
                await asyncio.gather(*(self._publish(command) for command in commands[start : start + AT_ONCE]))
        except Busy as busy:
            log.warning("content waits", site=site, error=str(busy))  # what is left differs at the next look too

    def _tell(self, site: str, warnings: list[str]) -> None:
        before = self._warnings.get(site, [])
        if len(warnings) > TOLD:
            warnings = [*warnings[:TOLD], f"and {len(warnings) - TOLD:,} more of the kind"]
        for warning in warnings:
            if warning not in before:
                log.warning("content", site=site, problem=warning)
        self._warnings[site] = warnings
