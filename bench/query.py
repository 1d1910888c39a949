"""Questions: the panels of a site's page over 10 million stored views in 90 days, asked of a running server over HTTP.

Each is asked of a process that was just started and again; no two are the same to the server (their ranges begin seconds
apart), so none comes from its memory but those that are asked for that. Then all panels at once, as a page asks them, counts
first; and one a second while facts come in as fast as they are taken.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from bench.bigstore import DAYS, VIEWS, VISITORS, copied
from bench.load import wrk
from bench.report import table
from bench.server import SITE, Server, started
from footfall.store import open_store

AGAIN = 5
SECONDS = 12  # of ingest, in which each panel is asked once, one a second
PATIENCE = 30.0
AGAIN_AFTER = 0.1  # seconds after the answer that history lags
COUNTS, PEOPLE, PEOPLE_BY_PAGE = 150, 300, 900
PANELS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("counts: visits, views, bounces, duration", {"metrics": ["visits", "pageviews", "bounce_rate", "visit_duration"]}, COUNTS),
    ("the same by day", {"metrics": ["visits", "pageviews", "bounce_rate"], "dimensions": ["time:day"]}, COUNTS),
    ("views by page", {"metrics": ["pageviews"], "dimensions": ["event:page"]}, COUNTS),
    ("visits by source", {"metrics": ["visits", "bounce_rate"], "dimensions": ["visit:source"]}, COUNTS),
    ("people", {"metrics": ["visitors"]}, PEOPLE),
    ("people by country", {"metrics": ["visitors"], "dimensions": ["visit:country"]}, PEOPLE),
    ("people by day", {"metrics": ["visitors"], "dimensions": ["time:day"]}, 0),
    ("people by page", {"metrics": ["visitors"], "dimensions": ["event:page"]}, PEOPLE_BY_PAGE),
    ("people by entry page", {"metrics": ["visitors"], "dimensions": ["visit:entry_page"]}, 0),
    (
        "people by source who saw a page",
        {"metrics": ["visitors"], "dimensions": ["visit:source"], "filters": [["is", "event:page", ["/page-7"]]]},
        0,
    ),
)
COUNTED = 4  # of the panels: no people in them, asked first
_seconds = count(1)  # by which the ranges begin later


class Asking:
    """Asks a server about 90 days."""

    def __init__(self, server: Server, folder: Path, newest: int) -> None:
        last = datetime.fromtimestamp(newest // 1000, UTC)
        self._address = f"{server.address}/api/v2/query"
        self._key = (folder / "owner.key").read_text("utf-8").strip()
        self._first = datetime(last.year, last.month, last.day, tzinfo=UTC) - timedelta(DAYS)
        self._last = datetime.now(UTC).replace(hour=23, minute=59, second=59, microsecond=0)  # what comes in meanwhile counts

    def milliseconds(self, body: dict[str, Any], second: int | None = None) -> float:
        """How long the answer took; by default to a question that was not asked before."""
        first = self._first + timedelta(seconds=next(_seconds) if second is None else second)
        days = [first.isoformat(), self._last.isoformat()]
        limit = 1_000 if body.get("dimensions") == ["time:day"] else 10
        asked = {"site_id": SITE, "date_range": days, "pagination": {"limit": limit}, **body}
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        request = urllib.request.Request(self._address, json.dumps(asked).encode(), headers)
        began = time.perf_counter()
        while not self._answered(request):
            if time.perf_counter() - began > PATIENCE:
                raise SystemExit("no answer came")
            time.sleep(AGAIN_AFTER)
        return (time.perf_counter() - began) * 1000

    def _answered(self, request: urllib.request.Request) -> bool:
        try:
            urllib.request.urlopen(request, timeout=PATIENCE).close()
        except urllib.error.HTTPError as error:
            if error.code != 503:  # history lags
                raise
            return False
        return True

    def page(self) -> tuple[float, float]:
        """(milliseconds until the counts are there, until everything is), all asked at once, counts first."""
        began = time.perf_counter()

        def one(body: dict[str, Any]) -> float:
            self.milliseconds(body)
            return (time.perf_counter() - began) * 1000

        with ThreadPoolExecutor(len(PANELS)) as browser:
            done = list(browser.map(one, [body for _, body, _ in PANELS]))
        return max(done[:COUNTED]), max(done)


def run() -> None:
    """Print the tables."""
    folder, newest = copied("query")
    asyncio.run(_open(folder, newest))
    first = _just_started(folder, newest)
    with _asking(folder, newest) as (server, asking):
        again = [[asking.milliseconds(body) for _ in range(AGAIN)] for _, body, _ in PANELS]
        known = [min(asking.milliseconds(body, 0) for _ in range(AGAIN)) for _, body, _ in PANELS]
        counts, whole = zip(*(asking.page() for _ in range(AGAIN)), strict=True)
        size = _size(folder)
        _told(first, again, known, (min(counts), min(whole), size))
        _while_facts_come_in(server, asking)


def _told(first: list[float], again: list[list[float]], known: list[float], page: tuple[float, float, float]) -> None:
    table(
        f"Questions over {VIEWS:,} views of {VISITORS:,} visitors in {DAYS} days (ms)",
        ("panel", "just started", f"best of {AGAIN}", "median", "asked before", "target"),
        [
            (name, round(first[at]), round(min(again[at])), round(median(again[at])), known[at], f"<= {most}" if most else "")
            for at, (name, _, most) in enumerate(PANELS)
        ],
    )
    table(
        "Questions: the page as a whole",
        ("figure", "measured", "target"),
        [
            (f"all panels at once, best of {AGAIN}: the counts are there (ms)", round(page[0]), ""),
            ("everything is there (ms)", round(page[1]), "<= 2,500"),
            ("bytes of history for a view, with its part of visits", page[2], ""),
        ],
    )


def _while_facts_come_in(server: Server, asking: Asking) -> None:
    alone = wrk(server.port, SECONDS)
    with ThreadPoolExecutor(1) as load:
        loaded = load.submit(wrk, server.port, SECONDS)
        began, meanwhile = time.perf_counter(), []
        for second, (_, body, _) in enumerate(PANELS, 1):
            time.sleep(max(0.0, began + second - time.perf_counter()))
            meanwhile.append(asking.milliseconds(body))
        rate = loaded.result().rate
    table(
        "Questions, one a second, while facts come in as fast as they are taken (ms)",
        ("panel", "once", "target"),
        [(name, round(meanwhile[at]), f"<= {most}" if most else "") for at, (name, _, most) in enumerate(PANELS)],
    )
    share = f"{rate / alone.rate:.0%} ({rate:,.0f} / {alone.rate:,.0f})"
    table("Facts meanwhile", ("figure", "measured", "target"), [("facts/s with a question a second ÷ without", share, ">= 80 %")])


def _just_started(folder: Path, newest: int) -> list[float]:
    """The first question of a process, for each panel (files may be in the system's memory)."""
    times = []
    for _, body, _ in PANELS:
        with _asking(folder, newest) as (_, asking):
            times.append(asking.milliseconds(body))
    return times


@contextmanager
def _asking(folder: Path, newest: int) -> Iterator[tuple[Server, Asking]]:
    with started(folder) as server:
        yield server, Asking(server, folder, newest)


async def _open(folder: Path, now: int) -> None:
    """Count once what the rows hold: the next start finds a checkpoint."""
    store = await open_store(folder, lambda: now)
    await store.keeper.take()
    await store.close()


def _size(folder: Path) -> float:
    return (folder / "history.duckdb").stat().st_size / VIEWS
