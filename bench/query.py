"""Questions: the panels of a site's page over 10 million stored views in 90 days, asked of a running server over HTTP.

Each is asked of a process that was just started and again; no two are the same to the server (their limits differ), so none comes
from its memory but those that are asked for that. Then all panels at once, as a page asks them, counts first; and one after the
other while facts come in as fast as they are taken.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from bench.bigstore import DAYS, VIEWS, VISITORS, copied
from bench.load import wrk
from bench.report import table
from bench.server import SITE, Server, started
from footfall.store import open_store

AGAIN = 5
SECONDS = 12  # of ingest
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
_limits = count(10)


class Asking:
    """Asks a server. A limit of its own makes a question another one; of days there are always fewer."""

    def __init__(self, server: Server, folder: Path, newest: int) -> None:
        last = datetime.fromtimestamp(newest // 1000, UTC).date()
        self._address = f"{server.address}/api/v2/query"
        self._key = (folder / "owner.key").read_text("utf-8").strip()
        self._days = [str(last - timedelta(DAYS)), str(last)]

    def milliseconds(self, body: dict[str, Any], limit: int | None = None) -> float:
        """How long the answer took; by default to a question that was not asked before."""
        limit = limit or (next(_limits) if body.get("dimensions") != ["time:day"] else 1000 + next(_limits))
        asked = {"site_id": SITE, "date_range": self._days, "pagination": {"limit": limit}, **body}
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        began = time.perf_counter()
        urllib.request.urlopen(urllib.request.Request(self._address, json.dumps(asked).encode(), headers)).close()
        return (time.perf_counter() - began) * 1000

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
        known = [min(asking.milliseconds(body, 9) for _ in range(AGAIN)) for _, body, _ in PANELS]
        pages = [asking.page() for _ in range(AGAIN)]
        alone = wrk(server.port, SECONDS)
        with ThreadPoolExecutor(1) as load:
            loaded = load.submit(wrk, server.port, SECONDS)
            time.sleep(2)
            meanwhile = [asking.milliseconds(body) for _, body, _ in PANELS]
            rate = loaded.result().rate
    rows = [
        (name, round(first[at]), round(min(again[at])), round(max(again[at])), known[at], round(meanwhile[at]), target or "")
        for at, (name, _, target) in enumerate(PANELS)
    ]
    title = f"Questions over {VIEWS:,} views of {VISITORS:,} visitors in {DAYS} days (ms)"
    columns = ("panel", "just started", f"best of {AGAIN}", "worst", "asked again", "facts coming in", "target")
    table(title, columns, rows)
    counts, whole = zip(*pages, strict=True)
    table(
        "Questions: the page as a whole",
        ("figure", "measured", "target"),
        [
            ("all panels at once, best: counts are there; everything (ms)", f"{min(counts):.0f}; {min(whole):.0f}", "<= 2,500"),
            ("facts/s while panels are asked one after the other ÷ without", f"{rate:,.0f} / {alone.rate:,.0f}", ">= 80 %"),
            ("bytes of history a view, its share of visits included", f"{_size(folder):.1f}", ""),
        ],
    )


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
    file = folder / "history.duckdb"
    with duckdb.connect(file, read_only=True) as history:
        ((views,),) = history.execute("SELECT count(*) FROM facts").fetchall()
    return file.stat().st_size / int(views)
