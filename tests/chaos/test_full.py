"""A full disk is said, not hidden: 503 with Retry-After, nothing acknowledged is lost, and with room it goes on by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import books
from .conftest import Start
from .disks import MIB, Disk, mounted
from .load import Load, sending
from .process import QUICK, Server
from .story import Story
from .waiting import more, refusals, until

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """64 MiB that hold the data folder."""
    with mounted(tmp_path / "disk", 64 * MIB) as disk:
        yield disk


@pytest.fixture
def history_disk(tmp_path: Path) -> Iterator[Disk]:
    """32 MiB that hold history alone."""
    with mounted(tmp_path / "history", 32 * MIB) as disk:
        yield disk


async def _settled(server: Server, load: Load, folder: Path) -> list[str]:
    """Send what is open, stop, and compare the books with the story."""
    await load.finish(server.port)
    live, differences = server.snapshot("chaos"), server.differences()
    server.stop()
    found = differences + books.disagreements(await books.read(folder, "chaos"), load)
    if live["views"] != len(load.story.model.views):
        found.append(f"live: {live['views']} views, expected {len(load.story.model.views)}")
    if load.no_retry_after:
        found.append(f"{load.no_retry_after} answers of 503 without Retry-After")
    return found


async def test_below_the_floor(start: Start, disk: Disk, seed: int) -> None:
    """Less free than the floor: collecting stops before anything breaks, and goes on when there is room."""
    load = Load(Story("chaos", seed), seed)
    server = start("--disk-floor-bytes", "16MiB", folder=disk.path / "data", program=QUICK).ready()
    server.add_site("chaos")
    async with sending(load, server.port):
        await asyncio.sleep(0.3)
        disk.fill(leave=8 * MIB)
        await until(refusals(load), server, "503")
        health = server.ask("GET", "/healthz")
        assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        assert "disk is nearly full" in health.json()["reason"]
        disk.free()
        await until(more(load), server, "accepting again")
    assert server.ask("GET", "/healthz").json()["status"] == "ok"
    assert await _settled(server, load, disk.path / "data") == []


async def test_the_journal_itself_is_full(start: Start, disk: Disk, seed: int) -> None:
    """Without a floor the writes themselves fail, several times, with a kill in between: each time it mends."""
    load = Load(Story("chaos", seed), seed)
    options = ("--disk-floor-bytes", "0")
    server = start(*options, folder=disk.path / "data", program=QUICK).ready()
    server.add_site("chaos")
    for number in range(3):
        async with sending(load, server.port):
            await asyncio.sleep(0.2)
            disk.fill()
            await until(refusals(load), server, "503")
            if number == 1:
                server.kill()
                disk.free()
            else:
                disk.free()
                await until(more(load), server, "accepting again")
        if number == 1:
            server = start(*options, folder=disk.path / "data", program=QUICK).ready()
    assert server.ask("GET", "/healthz").json()["status"] == "ok"
    assert await _settled(server, load, disk.path / "data") == []


async def test_only_history_cannot_grow(start: Start, history_disk: Disk, tmp_path: Path, seed: int) -> None:
    """Accepting goes on and rows wait; with room again history catches up, in the same process, and nothing is skipped."""
    load, folder = Load(Story("chaos", seed), seed), tmp_path / "data"
    server = start(folder=folder).ready()
    server.add_site("chaos")
    server.stop()
    history_disk.take(folder / "history.duckdb")
    server = start(folder=folder, program=QUICK).ready()
    history_disk.fill()
    async with sending(load, server.port):
        await until(lambda: "history cannot be written" in server.log, server, "history failing")
        await until(more(load, 2000), server, "accepting while history is away")
        health = server.ask("GET", "/healthz").json()
        assert health["status"] == "ok"
        assert any("history" in warning for warning in health["warnings"]), health
    assert load.statuses[503] == 0
    history_disk.free()
    assert await _settled(server, load, folder) == []


async def test_too_much_waits_for_history(start: Start, history_disk: Disk, tmp_path: Path, seed: int) -> None:
    """Past the cap of what may wait: 503 that says so; then a kill, and with room again everything is there."""
    load, folder = Load(Story("chaos", seed), seed), tmp_path / "data"
    server = start(folder=folder).ready()
    server.add_site("chaos")
    server.stop()
    history_disk.take(folder / "history.duckdb")
    server = start("--max-pending-bytes", "2MiB", folder=folder).ready()
    history_disk.fill()
    async with sending(load, server.port):
        await until(refusals(load), server, "503")
        health = server.ask("GET", "/healthz")
        assert health.status_code == 503
        assert "wait for history" in health.json()["reason"]
        server.kill()
    history_disk.free()
    server = start("--max-pending-bytes", "2MiB", folder=folder).ready()
    assert await _settled(server, load, folder) == []
