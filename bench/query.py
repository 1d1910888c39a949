"""Questions: the panels of a site's page over 10 million stored views, from a database that was just opened and again.

Nothing comes in meanwhile, and no answer is kept: what is measured is the SQL in DuckDB with its two threads.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bench.bigstore import DAYS, VIEWS, VISITORS, big_store
from bench.report import table
from bench.server import SITE
from footfall.history.base import History, Statement
from footfall.history.duckdb import open_history
from footfall.model import Site
from footfall.query.compile import compiled, steps_for
from footfall.query.reading import read
from footfall.query.relations import Live

AGAIN = 5
COUNTS, PEOPLE, PEOPLE_BY_PAGE = "<= 150", "<= 300", "<= 900"
TOP = {"pagination": {"limit": 10}}
PANELS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("counts: visits, views, bounces, duration", {"metrics": ["visits", "pageviews", "bounce_rate", "visit_duration"]}, COUNTS),
    ("the same by day", {"metrics": ["visits", "pageviews", "bounce_rate"], "dimensions": ["time:day"]}, COUNTS),
    ("views by page", {"metrics": ["pageviews"], "dimensions": ["event:page"], **TOP}, COUNTS),
    ("visits by source", {"metrics": ["visits", "bounce_rate"], "dimensions": ["visit:source"], **TOP}, COUNTS),
    ("people", {"metrics": ["visitors"]}, PEOPLE),
    ("people by country", {"metrics": ["visitors"], "dimensions": ["visit:country"], **TOP}, PEOPLE),
    ("people by day", {"metrics": ["visitors"], "dimensions": ["time:day"]}, ""),
    ("people by page", {"metrics": ["visitors"], "dimensions": ["event:page"], **TOP}, PEOPLE_BY_PAGE),
    ("people by entry page", {"metrics": ["visitors"], "dimensions": ["visit:entry_page"], **TOP}, ""),
    (
        "people by source who saw a page",
        {"metrics": ["visitors"], "dimensions": ["visit:source"], "filters": [["is", "event:page", ["/page-7"]]], **TOP},
        "",
    ),
)


def run() -> None:
    """Print the table."""
    folder, newest = big_store()
    file = folder / "history.duckdb"
    with duckdb.connect(file, read_only=True) as history:
        ((store_id,),) = history.execute("SELECT store_id FROM state").fetchall()
    rows = [(name, *asyncio.run(_asked(file, store_id, newest, body)), target) for name, body, target in PANELS]
    size = file.stat().st_size / VIEWS
    table(
        f"Questions over {VIEWS:,} views of {VISITORS:,} visitors in {DAYS} days, {size:.1f} bytes a view (ms)",
        ("panel", "database just opened", f"median of {AGAIN} more", "target"),
        rows,
    )


async def _asked(file: Path, store_id: str, newest: int, body: dict[str, Any]) -> tuple[int, int]:
    """Milliseconds: the first time, and then."""
    last = datetime.fromtimestamp(newest // 1000, UTC).date()
    question = read({"date_range": [str(last - timedelta(DAYS)), str(last)], **body}, Site(SITE), newest, None).question
    statement = compiled(question, VIEWS, Live(), steps_for(question))
    history = await open_history(file, store_id)
    try:
        first, *more = [await _milliseconds(history, statement) for _ in range(1 + AGAIN)]
    finally:
        await history.close()
    return round(first), round(statistics.median(more))


async def _milliseconds(history: History, statement: Statement) -> float:
    began = time.perf_counter()
    await history.fetch(statement)
    return (time.perf_counter() - began) * 1000
