"""Takes over what was counted elsewhere, each thing exactly once however often it is sent.

The rows are the only memory: an id is known if a row has it. One import at a time looks them up, when history has
everything that was taken before, and appends what is new. So whatever is killed between two steps, sending again is right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from footfall.engine import Engine
from footfall.errors import Busy, HistoryFailed, InvalidInput, NotFound
from footfall.history.base import Statement
from footfall.intake import Refusal
from footfall.intake.convex_export import ConvexExport, titled
from footfall.live.pages import Item
from footfall.live.site import SiteState
from footfall.model import STORED, Fact, Import, Publish, Site
from footfall.rules import CONVEX_EXPORT

_AT_ONCE = 500  # views judged, or folded as one record, before the loop looks at other work: some 5 ms
_HISTORY_SECONDS = 10.0  # how long one request waits for history; its sender comes again
_LOOK_SECONDS = 60.0
KINDS = {"posts": "post", "pages": "page"}
TABLES = ("pageViews", "activeSessions", *KINDS)

Judged = dict[int, Fact]  # where it stood among the lines -> fact


class Outcome(msgspec.Struct):
    """What became of the documents of one request; `index` in a refusal is the line, from 0."""

    added: int = 0
    known: int = 0
    gone: int = 0  # sessions without a sign of life for too long
    refused: list[Refusal] = []


class Imports:
    """Built once by the wiring. Every method raises Busy; then everything may be sent again."""

    def __init__(self, engine: Engine, export: ConvexExport, sites: Mapping[str, Site], fresh_id: Callable[[], int]) -> None:
        self._engine = engine
        self._export = export
        self._sites = sites
        self._fresh_id = fresh_id
        self._turn = asyncio.Lock()

    async def take(self, site: Site, table: str, lines: Sequence[bytes]) -> Outcome:
        """Documents of a table of the original's export, one each line; empty lines are passed over."""
        outcome = Outcome()
        if table == "pageViews":
            now = self._engine.now()
            judged = await self._judged(lines, lambda line: self._export.view(site, line, now), outcome)
            await self._views(site.id, judged, outcome)
        elif table == "activeSessions":
            await self._sessions(site, lines, outcome)
        else:
            await self._titles(site.id, KINDS[table], lines, outcome)
        return outcome

    async def stored(self, site: str) -> int:
        """How many views of a site came from exports, by its rows."""
        async with self._turn:
            await self._history_has_all()
            return await self._count("SELECT count(*) FROM facts WHERE site = ? AND door = ?", site, CONVEX_EXPORT)

    async def _judged(self, lines: Sequence[bytes], judge: Callable[[bytes], Fact | None], outcome: Outcome) -> Judged:
        judged: Judged = {}
        for index, line in enumerate(lines):
            if index % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if not line.strip():
                continue
            try:
                fact = judge(line)
            except InvalidInput as error:
                outcome.refused.append(Refusal(index, error.field, f"expected {error.expected}"))
                continue
            if fact is None:
                outcome.gone += 1
            else:
                judged[index] = fact
        return judged

    async def _views(self, site: str, judged: Judged, outcome: Outcome) -> None:
        async with self._turn:
            await self._history_has_all()
            known = await self._known(site, judged)
            state = self._state(site)
            fresh: dict[int, Fact] = {}
            for index, fact in judged.items():
                if fact.id in known or fact.id in fresh:
                    outcome.known += 1
                elif state is not None and not state.pages.has_room(fact.path):
                    outcome.refused.append(Refusal(index, "path", "the site has no room for another page"))
                else:
                    fresh[fact.id] = fact
            taken = await self._append(site, list(fresh.values()))
            outcome.added += taken
            if full := len(fresh) - taken:
                outcome.refused.append(Refusal(None, "path", f"the site had no room for the pages of {full} of these"))

    async def _append(self, site: str, facts: Sequence[Fact]) -> int:
        """How many were taken: one record each _AT_ONCE, all in one transaction."""
        now, slices = self._engine.now(), [tuple(facts[at : at + _AT_ONCE]) for at in range(0, len(facts), _AT_ONCE)]
        answers = await asyncio.gather(
            *(self._engine.command(Import(site, now, part)) for part in slices), return_exceptions=True
        )  # all of them have ended, one way or the other, before anybody else's turn
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return sum(answer for answer in answers if isinstance(answer, int))

    async def _sessions(self, site: Site, lines: Sequence[bytes], outcome: Outcome) -> None:
        now = self._engine.now()
        judged = await self._judged(lines, lambda line: self._export.session(site, line, self._fresh_id(), now), outcome)
        self._state(site.id)
        verdicts = await self._engine.record(list(judged.values()))
        outcome.added += verdicts.count(STORED)
        outcome.known += len(verdicts) - verdicts.count(STORED)

    async def _titles(self, site: str, kind: str, lines: Sequence[bytes], outcome: Outcome) -> None:
        state, now = self._state(site), self._engine.now()
        published = {} if state is None else state.pages.content
        fresh = []
        for index, line in enumerate(lines):
            if not line.strip():
                continue
            try:
                item = titled(line)
            except InvalidInput as error:
                outcome.refused.append(Refusal(index, error.field, f"expected {error.expected}"))
                continue
            if published.get((kind, item.slug)) == Item(item.title, item.published):
                outcome.known += 1
            else:
                fresh.append(Publish(site, now, kind, item.slug, item.title, item.published))
        await asyncio.gather(*map(self._engine.command, fresh))
        outcome.added += len(fresh)

    def _state(self, site: str) -> SiteState | None:
        """Raises NotFound when the site was removed meanwhile."""
        if site not in self._sites:
            raise NotFound("no such site")
        return self._engine.fold.sites.get(site)

    async def _known(self, site: str, judged: Judged) -> set[int]:
        """Which ids of these have a row."""
        if not judged:
            return set()
        ids = msgspec.json.encode([{"text": str(fact.id)} for fact in judged.values()]).decode()
        sql = "SELECT id FROM facts WHERE site = ? AND id IN (SELECT toUInt64(text) FROM texts(?))"
        return {int(str(id)) for (id,) in await self._rows(sql, site, ids)}

    async def _count(self, sql: str, *params: object) -> int:
        ((count,),) = await self._rows(sql, *params)
        return int(str(count))

    async def _rows(self, sql: str, *params: object) -> Sequence[tuple[object, ...]]:
        try:
            rows, _ = await self._engine.fetch(Statement(sql, params, seconds=_LOOK_SECONDS))
        except HistoryFailed as error:
            raise Busy(str(error)) from error
        return rows

    async def _history_has_all(self) -> None:
        """Until every record that was taken before, also from somebody who was cut off or told of a failure, has its rows."""
        await self._engine.settled()
        try:
            if await self._engine.sink.wait(self._engine.fold.seq, within=_HISTORY_SECONDS):
                return
        except HistoryFailed as error:
            raise Busy(str(error)) from error
        raise Busy("history is behind")
