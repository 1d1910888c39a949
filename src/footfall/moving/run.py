"""Moves an export of the original into a site: chunk after chunk through the owner's door, then the comparison with the file.

Nothing is remembered between runs: the server knows what it has by the ids of the documents. So a run that was killed is
simply run again, and a file of next month adds what is new in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from footfall.admin import Owner, Refused
from footfall.errors import InvalidInput
from footfall.intake.convex_export import Titled, titled
from footfall.moving.export import MOST_LINE, Chunk, Table
from footfall.rules import MAX_PATHS

VIEWS, SESSIONS = "pageViews", "activeSessions"
_TITLES_AT_ONCE = 50  # of at most 18 KiB each
_PATIENCE = 600.0  # seconds of a server that takes nothing

Numbered = tuple[int, Titled]


@dataclass(slots=True)
class Tally:
    """What became of the documents of one table. `gone`: sessions of readers who are not here any more."""

    table: str
    in_file: int = 0
    added: int = 0
    known: int = 0
    gone: int = 0
    refused: int = 0

    @property
    def agrees(self) -> bool:
        """Whether everything that is in the file is there now, or need not be."""
        return self.in_file == self.added + self.known + self.gone


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended: `before` and `after` are the views from exports that the site had and has, by its stored rows."""

    tallies: Sequence[Tally]
    before: int
    after: int

    @property
    def agrees(self) -> bool:
        """Whether the counts are those of the file, and the site has what this run brought. What was sent again because its
        answer was lost counts as known, though this run brought it."""
        views = next((tally for tally in self.tallies if tally.table == VIEWS), Tally(VIEWS))
        brought = self.after - self.before
        return views.added <= brought <= views.added + views.known and all(tally.agrees for tally in self.tallies)


@dataclass(slots=True)
class Move:
    """One run. `fault(text)` hears of every line that was refused, `moved(bytes, tally)` how far it is in the file,
    `waiting(why)` that the server takes nothing just now."""

    door: Owner
    site: str
    fault: Callable[[str], None]
    moved: Callable[[int, Tally], None]
    waiting: Callable[[str], None]
    _read: int = field(default=0, init=False)

    async def run(self, tables: Sequence[Table]) -> Report:
        """Move all tables. Raises Refused when the server will not take any, Unreadable when the file is damaged."""
        before = await self._ask(lambda: self.door.imported(self.site))
        tallies = [await (self._lines if table.name in (VIEWS, SESSIONS) else self._titles)(table) for table in tables]
        return Report(tallies, before, await self._ask(lambda: self.door.imported(self.site)))

    async def _lines(self, table: Table) -> Tally:
        """A table of any length: while one chunk is on its way, the next is read."""
        tally, chunks = Tally(table.name), table.chunks()
        chunk = await asyncio.to_thread(next, chunks, None)
        while chunk is not None:
            reading = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            try:
                self._too_long(chunk, tally)
                tally.in_file += len(chunk.lines)
                if chunk.lines:
                    await self._send(tally, chunk.numbers, chunk.lines)
            finally:
                following = await reading  # its thread must not outlive the file
            self._moved(chunk, tally)
            chunk = following
        return tally

    async def _titles(self, table: Table) -> Tally:
        """Posts or pages: few. Of several with one slug the original shows the oldest that is published; so does Footfall."""
        tally = Tally(table.name)
        chosen: dict[str, Numbered] = {}
        for chunk in table.chunks():
            self._too_long(chunk, tally)
            for number, line in zip(chunk.numbers, chunk.lines, strict=True):
                tally.in_file += 1
                self._choose(tally, chosen, number, line)
            self._moved(chunk, tally)
        items = sorted(chosen.values(), key=lambda one: (one[1].created, one[0]))
        for at in range(0, len(items), _TITLES_AT_ONCE):
            part = items[at : at + _TITLES_AT_ONCE]
            lines = [msgspec.json.encode(item) + b"\n" for _, item in part]
            await self._send(tally, [number for number, _ in part], lines)
        return tally

    def _choose(self, tally: Tally, chosen: dict[str, Numbered], number: int, line: bytes) -> None:
        try:
            item = titled(line)
        except InvalidInput as error:
            self._refuse(tally, number, str(error))
            return
        other = chosen.get(item.slug)
        if other is None and len(chosen) >= MAX_PATHS:
            self._refuse(tally, number, f"there are more than {MAX_PATHS:,} of them")
            return
        tally.known += other is not None  # its slug is there by another one
        if other is None or _rank(number, item) < _rank(*other):
            chosen[item.slug] = (number, item)

    def _too_long(self, chunk: Chunk, tally: Tally) -> None:
        for number in chunk.long:
            tally.in_file += 1
            self._refuse(tally, number, f"it has more than {MOST_LINE:,} bytes")

    def _refuse(self, tally: Tally, number: int | None, why: str) -> None:
        tally.refused += 1
        line = "" if number is None else f" line {number}"
        self.fault(f"{tally.table}/documents.jsonl{line}: {why}")

    def _moved(self, chunk: Chunk, tally: Tally) -> None:
        self._read += chunk.read
        self.moved(self._read, tally)

    async def _send(self, tally: Tally, numbers: Sequence[int], lines: Sequence[bytes]) -> None:
        body = b"".join(lines)
        outcome = await self._ask(lambda: self.door.import_lines(self.site, tally.table, body))
        tally.added += outcome["added"]
        tally.known += outcome["known"]
        tally.gone += outcome["gone"]
        for refusal in outcome["refused"]:
            index = refusal["index"]
            self._refuse(tally, None if index is None else numbers[index], f"{refusal['field']}: {refusal['reason']}")

    async def _ask(self, call: Callable[[], Any]) -> Any:
        """The answer, however often the server asks to come again."""
        patience = _PATIENCE
        while True:
            try:
                return await call()
            except Refused as refused:
                patience -= refused.retry_after
                if not refused.retry_after or patience < 0:
                    raise
                self.waiting(str(refused))
                await asyncio.sleep(refused.retry_after)
            except httpx.TransportError as error:
                raise Refused(
                    "the server does not answer any more; run the command again, it goes on where it stopped"
                ) from error


def _rank(number: int, item: Titled) -> tuple[bool, float, int]:
    return not item.published, item.created, number
