"""A history goes away as files, as ExportedHistory and FileHistory in history/base.py say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from footfall.errors import HistoryFailed
from footfall.history.base import ExportedHistory, FileHistory
from footfall.model import LedgerRow, Rows

from .conftest import NOON
from .test_history import AFact, a_row, ask

TABLES = ("facts", "visits", "minutes", "ledger", "content")

OpenHistory = Callable[..., Awaitable[FileHistory]]

IN_A_FILE = pytest.mark.parametrize("open_a_history", ["duckdb"], indirect=True)


@IN_A_FILE
async def test_a_copy_is_history_at_one_moment(open_a_history: OpenHistory, tmp_path: Path, a_fact: AFact) -> None:
    """Whole, with its position, under the name of a history; rows are appended meanwhile and are in one of both alone."""
    history = await open_a_history()
    await history.append(Rows(facts=[a_row(1, a_fact(1))]), 1)
    copying = asyncio.create_task(history.copy(tmp_path / "copy.duckdb"))
    position = await copying
    await history.append(Rows(facts=[a_row(2, a_fact(2))]), 2)
    assert (position, await history.position()) == (1, 2)
    await history.close()
    with pytest.raises(HistoryFailed):
        await history.copy(tmp_path / "again.duckdb")
    (tmp_path / "copy.duckdb").replace(tmp_path / "h.duckdb")
    copied = await open_a_history()
    assert (await copied.position(), await ask(copied, "SELECT seq FROM facts")) == (1, [(1,)])


@IN_A_FILE
async def test_a_copy_that_is_cancelled_has_stopped(open_a_history: OpenHistory, tmp_path: Path, a_fact: AFact) -> None:
    """And history goes on, also with another copy, or where one could not be written."""
    history = await open_a_history()
    await history.append(Rows(facts=[a_row(number, a_fact(number)) for number in range(1, 4_000)]), 4_000)
    copying = asyncio.create_task(history.copy(tmp_path / "one.duckdb"))
    await asyncio.sleep(0)
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    with pytest.raises(HistoryFailed):
        await history.copy(tmp_path / "nowhere" / "two.duckdb")
    assert await history.copy(tmp_path / "three.duckdb") == 4_000
    await history.append(Rows(), 4_001)


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_an_export_has_the_rows_up_to_a_position(
    open_a_history: Callable[..., Awaitable[ExportedHistory]], tmp_path: Path, a_fact: AFact, form: str
) -> None:
    """Of one site, a file for each table and nothing else, with the rows that are not in history yet behind them."""
    history = await open_a_history()
    rows = [a_row(1, a_fact(1)), a_row(2, a_fact(2, site="other")), a_row(3, a_fact(3))]
    await history.append(Rows(facts=rows), 3)
    more = Rows(ledger=[LedgerRow(2, 0, "my-site", "script", NOON, "stored", "", 1)])
    (tmp_path / "into").mkdir()
    written = await history.export("my-site", (2,), more, tmp_path / "into", form)
    assert written == {f"my-site.{table}.{form}": int(table in ("facts", "ledger")) for table in TABLES}
    assert {file.name for file in (tmp_path / "into").iterdir()} == written.keys()
    assert await ask(history, "SELECT count(*) FROM ledger") == [(0,)]
