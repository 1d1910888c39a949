"""A store of 10 million views by 1 million visitors over 90 days, made once and kept in bench/results.

The rows are generated inside DuckDB, in the product's own tables: visits of three views each, 1,000 pages, a few sources and
devices; the visits that are over are rows too, the last hour's are still open. The journal is told that it was trimmed up to
there. Everything else (counters, windows, checkpoints) is the product's own work, from those rows.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from pathlib import Path

import duckdb

from bench.report import ROOT
from bench.server import SITE
from footfall.history.rows import FACTS, VISITS
from footfall.rules import HOUR
from footfall.store import open_store

VIEWS = 10_000_000
VISITORS = 1_000_000
PAGES = 1_000
DAYS = 90
RESULTS = ROOT / "bench" / "results"
FOLDER = RESULTS / "store"
MARK = "made"  # holds the time up to which there are views

_FACTS = {
    "seq": "i + 1",
    "ts_ms": "$1::BIGINT - ($2::BIGINT - i) * $3::BIGINT // $2::BIGINT",
    "counted": "true",
    "visit": "hash(v + 1000000000)",
    "site": f"'{SITE}'",
    "visitor": f"hash(v % {VISITORS})",
    "id": "hash(i + 2000000000)",
    "door": "'script'",
    "arrival_ms": "$1::BIGINT - ($2::BIGINT - i) * $3::BIGINT // $2::BIGINT",
    "path": f"'/page-' || (pow((hash(i) % 100000) / 100000.0, 3) * {PAGES})::INT % {PAGES}",
    "window_ms": "1800000",
    "title": "'A page'",
    "hostname": "'example.com'",
    "referrer": "['', '', 'www.search.example', 'news.example/item', 'social.example'][1 + v % 5]",
    "source": "['', '', 'Search', 'news.example', 'Social'][1 + v % 5]",
    "country": "['US', 'DE', 'GB', 'FR', 'JP', 'BR', 'IN'][1 + v % 7]",
    "browser": "['Chrome', 'Safari', 'Firefox', 'Edge'][1 + v % 4]",
    "browser_version": "(120 + v % 20)::VARCHAR",
    "os": "['Windows', 'iOS', 'macOS', 'Android'][1 + v % 4]",
    "device": "['Desktop', 'Mobile'][1 + v % 2]",
    "language": "['en-US', 'de-DE', 'ja'][1 + v % 3]",
    "screen": "['xs', 'md', 'lg'][1 + v % 3]",
    "storageless": "true",
}
_ZERO = {"n", "kind", "age_ms", "engaged", "scroll"}
_NULL = {"region", "city", "latitude", "longitude", "props"}
_VISITS = {
    "seq": "max(seq)",
    "n": "0",
    "start_ms": "min(ts_ms)",
    "end_ms": "max(ts_ms)",
    "entry": "arg_min(path, seq)",
    "exit": "arg_max(path, seq)",
    "views": "count(*)",
    "events": "0",
    "engaged": "0",
}


def big_store() -> tuple[Path, int]:
    """The folder, and the time of its newest view (ms)."""
    mark = FOLDER / MARK
    if not mark.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        now = time.time_ns() // 1_000_000
        asyncio.run(_empty(now))
        _fill_history(now)
        _trim_journal()
        mark.write_text(str(now), "ascii")
    return FOLDER, int(mark.read_text("ascii"))


def copied(name: str) -> tuple[Path, int]:
    """A copy to work on."""
    source, newest = big_store()
    target = RESULTS / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target, newest


async def _empty(now: int) -> None:
    store = await open_store(FOLDER, lambda: now)
    await store.close()


def _fill_history(now: int) -> None:
    values = [_FACTS.get(name, "0" if name in _ZERO else "NULL" if name in _NULL else "''") for name in FACTS]
    columns = (
        ", ".join(f"{value} AS {name}" for name, value in zip(FACTS, values, strict=True)) + f", 1 + v % {VISITORS} AS person"
    )
    visit = "(i // 3000) * 1000 + i % 1000"  # a thousand visits at a time take turns
    finished = ", ".join(f"{_VISITS.get(name, f'any_value({name})')} AS {name}" for name in VISITS if name != "visit")
    finished += ", any_value(person) AS person"
    order = ", ".join((*VISITS, "person"))
    with duckdb.connect(FOLDER / "history.duckdb", config={"preserve_insertion_order": True}) as history:
        history.execute("SET enable_progress_bar = false")
        history.execute(
            f"INSERT INTO facts SELECT {columns} FROM (SELECT range AS i, {visit} AS v FROM range($2::BIGINT))",
            {"1": now, "2": VIEWS, "3": DAYS * 24 * HOUR},
        )
        history.execute(
            f"INSERT INTO visits SELECT {order} FROM (SELECT visit, {finished} FROM facts GROUP BY visit)"
            " WHERE end_ms <= ? ORDER BY seq",
            [now - HOUR],
        )
        history.execute(f"INSERT INTO visitors SELECT hash(range), 1 + range FROM range({VISITORS})")
        history.execute("UPDATE state SET position = ?", [VIEWS])


def _trim_journal() -> None:
    journal = sqlite3.connect(FOLDER / "journal.sqlite")
    with journal:
        journal.execute("DELETE FROM batches")
        journal.execute("DELETE FROM checkpoints")
        journal.execute("UPDATE journal SET tail = ?", (VIEWS,))
    journal.close()
