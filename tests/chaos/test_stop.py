"""SIGTERM and SIGINT: the server answers who waits, ends streams, drains, and leaves a checkpoint for the next start."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
from pathlib import Path

import duckdb
import pytest

from . import books
from .conftest import Start
from .load import Load, sending
from .story import Story
from .viewer import Viewer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_told_to_stop_it_drains(
    start: Start, tmp_path: Path, seed: int, chance: random.Random, number: signal.Signals
) -> None:
    """With viewers connected and requests in flight: exit 0 within 5 s, streams ended, nothing acknowledged lost."""
    folder = tmp_path / "data"
    load = Load(Story("chaos", seed), seed)
    server = start().ready()
    server.add_site("chaos")
    viewers = [await Viewer(server.port, "chaos", server.key).open() for _ in range(20)]
    asleep = await Viewer(server.port, "chaos", server.key).open(receive_buffer=4096)
    asleep.stop_reading()
    reading = [asyncio.create_task(viewer.read()) for viewer in viewers]
    async with sending(load, server.port):
        await asyncio.sleep(chance.uniform(0.3, 1.0))
        took = await asyncio.to_thread(lambda: server.stop(number, within=5))
    await asyncio.wait_for(asyncio.gather(*reading), 5)
    asleep.close()
    print(f"stopped in {took:.2f} s; {load.acknowledged} facts acknowledged, {load.open} requests open, {load.statuses}")
    assert {viewer.ended for viewer in viewers} == {"cleanly"}, server.log
    assert all(viewer.seen["snapshot"] and viewer.seen["delta"] for viewer in viewers)
    assert "Traceback" not in server.log, server.log
    assert not (folder / "server.json").exists()
    assert _checkpoint(folder) == _position(folder) == _head(folder) > 0

    server = start().ready()
    await load.finish(server.port)
    server.stop()
    assert books.disagreements(await books.read(folder, "chaos"), load) == []


async def test_told_twice(start: Start, seed: int) -> None:
    """An impatient second signal neither hurts nor hastens."""
    load = Load(Story("chaos", seed), seed)
    server = start().ready()
    server.add_site("chaos")
    async with sending(load, server.port):
        await asyncio.sleep(0.2)
        server.process.send_signal(signal.SIGINT)
        took = await asyncio.to_thread(lambda: server.stop(signal.SIGTERM, within=5))
    assert took < 5
    assert "Traceback" not in server.log, server.log


def _checkpoint(folder: Path) -> int:
    return _one(folder, "SELECT max(seq) FROM checkpoints")


def _head(folder: Path) -> int:
    return _one(folder, "SELECT max(tail, coalesce((SELECT max(last) FROM batches), 0)) FROM journal")


def _one(folder: Path, sql: str) -> int:
    with sqlite3.connect(folder / "journal.sqlite") as connection:
        (found,) = connection.execute(sql).fetchone()
    connection.close()
    return int(found)


def _position(folder: Path) -> int:
    with duckdb.connect(folder / "history.duckdb", read_only=True) as connection:
        (found,) = connection.execute("SELECT position FROM state").fetchall()[0]
    return int(found)
