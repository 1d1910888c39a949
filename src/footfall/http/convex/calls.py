"""What becomes of a call, whichever way it came: the site it is about, who calls, and what the function returns, as JSON."""

from __future__ import annotations

import asyncio
from typing import NoReturn

import structlog

from footfall.convex.address import Address, site_at
from footfall.convex.functions import GET_STATS, CallFailed, find, read_call, refused
from footfall.convex.setting import OFF
from footfall.convex.values import written
from footfall.errors import Busy, HistoryFailed, InvalidInput, NotFound
from footfall.house import House
from footfall.http.answers import Headers, Scope, header
from footfall.http.auth import Gate, Standing
from footfall.http.convex.board import Boards
from footfall.intake.collect import allows, opted_out
from footfall.intake.page import host_of
from footfall.intake.reasons import SENTENCES, Reason
from footfall.model import Site
from footfall.original import TELLING

BACKFILL = "backfillAggregates"
UNIT_BYTES = 1024  # a call counts as one more for each so many

log = structlog.get_logger(__name__)


class Calls:
    """Over an open house."""

    def __init__(self, house: House, gate: Gate, boards: Boards) -> None:
        self._house = house
        self._gate = gate
        self.boards = boards
        self._backfills: dict[str, asyncio.Task[None]] = {}

    def site(self, address: Address, scope: Scope) -> Site | None:
        """The site whose clients come here, if its door is open."""
        if not address.site:
            return site_at(header(scope["headers"], b"host"), self._house.sites)
        site = self._house.sites.get(address.site)
        return site if site is not None and site.convex != OFF else None

    def is_open(self, site: str) -> bool:
        """Whether its door is (still)."""
        found = self._house.sites.get(site)
        return found is not None and found.convex != OFF

    def standing(self, scope: Scope, key: str) -> Standing:
        """Who comes with an admin's key."""
        return self._gate.by_key(scope, key)

    async def run(self, site: str, path: str, kind: str, admin: bool, args: object, headers: Headers, call: str = "") -> str:
        """The result of a function. `headers` are what the client sent; `call` names the call over its retries.
        Raises CallFailed, Busy."""
        name = find(path, kind, admin)
        try:
            _, found = read_call(path, kind, admin, args)
        except CallFailed as failed:
            await self._turn_away(site, name, Reason.MALFORMED, str(failed))
        if name == GET_STATS:
            return await self.stats(site)
        if refusal := _refusal(self._house.sites.get(site) or Site(site), name, headers):
            await self._turn_away(site, name, *refusal)
        try:
            result = await self._house.original.call(site, name, found, call)
        except InvalidInput as error:
            raise refused(error) from error
        except (HistoryFailed, NotFound) as error:
            raise CallFailed(str(error)) from error
        if name == BACKFILL:
            self._walk(site)
        return written(result)

    async def stats(self, site: str) -> str:
        """getStats. Raises CallFailed."""
        value = await self.boards.of(site).fresh()
        if value.failed:
            raise CallFailed(value.text)
        return value.text

    async def _turn_away(self, site: str, function: str, reason: Reason, said: str) -> NoReturn:
        """Raise CallFailed; what would have told a fact has its line in the ledger by then."""
        if function in TELLING:
            await self._house.original.turned_away(site, reason)
        raise CallFailed(said)

    def _walk(self, site: str) -> None:
        """The chunks of queued backfills run here one after the other, as the original's scheduler runs them."""
        if site not in self._backfills:
            task = self._backfills[site] = asyncio.create_task(self._steps(site), name=f"backfill of {site}")
            task.add_done_callback(lambda _: self._backfills.pop(site))

    async def _steps(self, site: str) -> None:
        try:
            while reports := await self._house.original.backfill_step(site):
                for report in reports:
                    log.info("backfill", site=site, status=report.status, processed=report.processed)
        except (Busy, HistoryFailed) as error:
            log.warning("a backfill waits for the next call", site=site, error=str(error))

    def close(self) -> None:
        """Stop walking; what is queued stays so."""
        for task in self._backfills.values():
            task.cancel()


def _refusal(site: Site, function: str, headers: Headers) -> tuple[Reason, str] | None:
    """Why a call is not carried out. A site with hosts takes nothing from the pages of others; programs tell no origin and are
    taken at their word. Of readers whom the site leaves out it takes no facts."""
    origin = header(headers, b"origin")
    if site.hosts and origin and not allows(site.hosts, host_of(origin)):
        return Reason.HOST, f"{origin[:200]} is no host of this site."
    if function not in TELLING:
        return None
    reason = opted_out(site, dnt=header(headers, b"dnt") == "1", gpc=header(headers, b"sec-gpc") == "1")
    return (reason, f"{SENTENCES[reason]}.") if reason else None
