"""The ledger of a site for its owner: as JSON by the hour, and as a page that adds it up.

What was received is the sum of what became of it, at each door and in each hour: nothing is dropped without a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall.errors import Busy, HistoryFailed, InvalidInput
from footfall.house import House
from footfall.http import plain
from footfall.http.auth import Gate, Standing
from footfall.http.forms import shown
from footfall.http.owners import Guard, site_of, told
from footfall.http.page import said
from footfall.ledger import LedgerAnswer, LedgerLine, ledger
from footfall.model import Site
from footfall.rules import CONVEX, DAY, HOUR, ORIGINAL, PIXEL, SCRIPT

LONGEST = 366 * DAY
COLUMNS = (("24 hours", DAY), ("7 days", 7 * DAY), ("30 days", 30 * DAY))
WORDS = {  # by outcome, in the order in which they are told
    "stored": "Counted and kept",
    "repeat": "The same page again: kept, not counted",
    "early": "Signs of life that came too soon to tell anything",
    "retry": "Sent again, known already",
    "bot": "Of bots",
    "rejected": "Refused",
}
DOORS = {SCRIPT: "The script", PIXEL: "The image", CONVEX: "The original's clients", ORIGINAL: "Calls from Python"}
GUIDE = "Everything that was sent for this site, by the door it came through: each fact has one line, and the lines add up."


class Ledgers:
    """The door and the page."""

    def __init__(self, house: House, gate: Gate, guard: Guard) -> None:
        self._house = house
        self._gate = gate
        self._guard = guard

    def routes(self) -> list[Route]:
        """Which address leads to which."""
        return [
            self._guard.door("GET", "/api/sites/{site}/ledger", self.lines),
            Route("/sites/{site}/ledger", self.page, methods=["GET"]),
        ]

    async def lines(self, request: Request) -> Response:
        """GET /api/sites/{site}/ledger?from&to: hours that overlap [from, to), ms; the last 24 hours if not given."""
        site, now = site_of(self._house.sites, request).id, self._house.engine.now()
        end = _time(request, "to", now + 1)
        start = _time(request, "from", end - DAY)
        if not 0 < end - start <= LONGEST:
            raise InvalidInput("from", f"a time before `to`, at most {LONGEST // DAY} days")
        start, end = start - start % HOUR, end + -end % HOUR
        found = await ledger(self._house.engine, site, start, end)
        received = sum(line.count for line in found)
        return told(200, LedgerAnswer(site, start, end, received, found))

    async def page(self, request: Request) -> Response:
        """GET /sites/{site}/ledger"""
        id = request.path_params["site"]
        if self._gate.standing(request.scope, id) is not Standing.OWNER:
            return said(404, request.scope)
        now = self._house.engine.now()
        try:
            found = await ledger(self._house.engine, id, now - now % HOUR - COLUMNS[-1][1], now + HOUR)
        except HistoryFailed as error:
            raise Busy("history is away", 5) from error
        return shown(200, _page(self._house.sites[id], found, now))


def _time(request: Request, name: str, otherwise: int) -> int:
    given = request.query_params.get(name)
    if given is None:
        return otherwise
    if not (given.isascii() and given.isdecimal() and len(given) <= 15):
        raise InvalidInput(name, "milliseconds since 1970 UTC")
    return int(given)


def _page(site: Site, lines: Sequence[LedgerLine], now: int) -> bytes:
    title = site.name or site.id
    tables = {door: _table([line for line in lines if line.door == door], now) for door in sorted({line.door for line in lines})}
    doors = "".join(
        f'<section class="panel stack"><h2>{escape(DOORS.get(door, door))}</h2>{table}</section>'
        for door, table in tables.items()
    )
    nothing = '<section class="panel"><p class="soft">Nothing was sent in the last 30 days.</p></section>'
    top = (
        f'<header class="top narrow"><h1>{escape(title)}: what became of it</h1>'
        f'<nav><a href="../{site.id}">Settings</a><a href="../../s/{site.id}">Live page</a></nav></header>'
    )
    body = f'{top}<main class="sheet narrow"><p class="soft">{GUIDE}</p>{doors or nothing}</main>'
    return plain.document(f"{title} · what became of it · Footfall", body)


def _table(lines: Sequence[LedgerLine], now: int) -> str:
    """One door: a row for each outcome and reason, and what they come to."""
    columns = [Counter[tuple[str, str]]() for _ in COLUMNS]
    for line in lines:
        for counts, (_, span) in zip(columns, COLUMNS, strict=True):
            if line.hour > now - now % HOUR - span:
                counts[line.outcome, line.reason] += line.count
    names = sorted(columns[-1], key=lambda name: (list(WORDS).index(name[0]), name))
    rows = [(f"{WORDS[outcome]}: {reason}" if reason else WORDS[outcome], [counts[outcome, reason] for counts in columns])
            for outcome, reason in names]  # fmt: skip
    head = "".join(f'<th scope="col">{label}</th>' for label, _ in COLUMNS)
    body = "".join(_row(label, numbers) for label, numbers in rows)
    foot = _row("Received", [counts.total() for counts in columns])
    return (
        f'<table><thead><tr><th scope="col"><span class="unseen">What became of it</span></th>{head}</tr></thead>'
        f"<tbody>{body}</tbody><tfoot>{foot}</tfoot></table>"
    )


def _row(label: str, numbers: Sequence[int]) -> str:
    cells = "".join(f"<td>{plain.number(number)}</td>" for number in numbers)
    return f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>'
