"""The room of figures of a site with a past, as its owner enters it, and what the API says of the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
from playwright.sync_api import Page, expect

from footfall.model import Adopt, Fact, FactRow, Kind, VisitRow
from footfall.rules import DAY, HOUR, MINUTE

from .conftest import Footfall, Open

DAYS = 56
COUNTRIES, SOURCES, BROWSERS = ("DE", "US", "FR"), ("Google", "", "Hacker News", ""), ("Chrome", "Firefox")
MONTH = "?period=28d"


def weeks(server: Footfall, name: str) -> str:
    """A site with some visits of two or three views on each of the days before today."""
    site = server.put(name, visibility="public", timezone="UTC", goals=[{"name": "Signed up", "event": "sign up"}])
    today = int(datetime.now(UTC).timestamp() * 1000) // DAY * DAY
    facts, visits = list[FactRow](), list[VisitRow]()
    for day in range(DAYS):
        for n in range(2 + day % 3 + (day < 28)):
            _visit(site, today - (day + 1) * DAY + (n + 8) * HOUR, day * 10 + n, facts, visits)
    for chunk in (Adopt(site, 0, facts=tuple(facts)), Adopt(site, 0, visits=tuple(visits))):
        body = msgspec.msgpack.encode(chunk)
        answer = server.http.post(f"{server.address}/api/sites/{site}/rows", content=body, headers=owner(server))
        assert answer.is_success, answer.text
    return site


def _visit(site: str, start: int, n: int, facts: list[FactRow], visits: list[VisitRow]) -> None:
    paths = ["/", f"/blog/post-{n % 13}", "/pricing"][n % 2 :]
    shared: dict[str, Any] = {
        "hostname": "example.com",
        "country": COUNTRIES[n % 3],
        "source": SOURCES[n % 4],
        "browser": BROWSERS[n % 2],
        "storageless": True,
    }
    told = [
        Fact(site, Kind.VIEW, n + 1, (n + 1) << 20 | at, "script", start + at * MINUTE, 0, path, **shared)
        for at, path in enumerate(paths)
    ]
    if n % 5 == 0:
        event = Fact(
            site, Kind.EVENT, n + 1, (n + 1) << 20 | 9, "script", start + 9 * MINUTE, 0, "/pricing", name="sign up", **shared
        )
        told.append(msgspec.structs.replace(event, props={"plan": "pro"}))
    facts += [FactRow(0, at, fact.time, fact.kind == Kind.VIEW, n + 1, fact) for at, fact in enumerate(told)]
    last = told[-1].time
    visits.append(VisitRow(0, n, n + 1, start, last, paths[0], "/pricing", len(paths), len(told) - len(paths), 0, told[0]))


def owner(server: Footfall) -> dict[str, str]:
    """What lets her in."""
    return {"authorization": f"Bearer {server.key}"}


def ask(server: Footfall, site: str, **question: Any) -> dict[str, Any]:
    """What the API says of the last 28 days."""
    body = {"site_id": site, "date_range": "28d", **question}
    answer = server.http.post(f"{server.address}/api/v2/query", json=body, headers=owner(server))
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def figures(person: Open, server: Footfall, site: str, query: str = MONTH, **options: Any) -> Page:
    """The room as the owner enters it by an address."""
    page = person(**options).new_page()
    page.goto(f"{server.address}/s/{site}?key={server.key}")
    page.goto(f"{server.address}/s/{site}{query}")
    settled(page)
    return page


def settled(page: Page) -> None:
    """Nothing that is on the screen is being asked for."""
    expect(page.locator(".headline .draw").first).to_have_text(re.compile(r"\d"))
    expect(page.locator(".figures [aria-busy=true]")).to_have_count(0)


def tile(page: Page, metric: str) -> str:
    """What the headline says."""
    return page.locator(f'.tile[data-metric="{metric}"] .draw').inner_text()


def rows(page: Page, card: str) -> list[list[str]]:
    """The names and visitors of a card."""
    found = page.locator(f'[data-card="{card}"] tbody tr')
    return [
        [found.nth(n).locator(".pick").inner_text(), found.nth(n).locator("td").last.inner_text()] for n in range(found.count())
    ]
