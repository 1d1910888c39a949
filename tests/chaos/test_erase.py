"""Erasing is a barrier of many steps: cut off anywhere, by a kill or a full disk, it is repeated harmlessly."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from . import books
from .conftest import Start
from .disks import MIB, Disk, mounted
from .load import Load, sending
from .process import PLAIN, QUICK, Server
from .story import Story
from .waiting import more, until

pytestmark = pytest.mark.slow

ROUNDS = 5


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """64 MiB that hold the data folder."""
    with mounted(tmp_path / "disk", 64 * MIB) as disk:
        yield disk


async def _fill(server: Server, site: str, seed: int) -> None:
    server.add_site(site)
    load = Load(Story(site, seed), seed)
    for _ in range(10):
        load.add(load.story.request())
    await load.finish(server.port)
    assert server.snapshot(site)["views"] == len(load.story.model.views) > 0


async def _remove(server: Server, site: str) -> httpx.Response | None:
    """The answer, None if there was none."""
    address, headers = f"http://127.0.0.1:{server.port}/api/sites/{site}", {"authorization": f"Bearer {server.key}"}
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            return await client.delete(address, headers=headers)
    except httpx.TransportError:
        return None


async def test_killed_while_it_erases(start: Start, tmp_path: Path, seed: int, chance: random.Random) -> None:
    """Another site keeps every fact; the removed one is gone whole, or not at all, or its removal is finished at the start."""
    load = Load(Story("chaos", seed), seed)
    server = start(program=QUICK).ready()
    server.add_site("chaos")
    told = []
    for number in range(ROUNDS):
        await _fill(server, "doomed", number)
        async with sending(load, server.port):
            await asyncio.sleep(0.1)
            removing = asyncio.create_task(_remove(server, "doomed"))
            await asyncio.sleep(chance.uniform(0, 0.15))
            server.kill()
        answer = await removing
        server = start(program=PLAIN if number % 2 else QUICK).ready()
        left = server.snapshot("doomed")["views"] if _known(server, "doomed") else 0
        told.append((answer.status_code if answer else None, left))
        assert answer is None or (answer.status_code == 200 and left == 0)
        if _known(server, "doomed"):
            gone = await _remove(server, "doomed")
            assert gone is not None
            assert (gone.status_code, gone.json()["removed_views"]) == (200, left)
        assert server.differences() == []
    print(told)
    await load.finish(server.port)
    live = server.snapshot("chaos")
    server.stop()
    assert books.disagreements(await books.read(tmp_path / "data", "chaos"), load) == []
    assert live["views"] == len(load.story.model.views)
    doomed = await books.read(tmp_path / "data", "doomed")
    assert (doomed.titles, doomed.names) == ({}, {})


def _known(server: Server, site: str) -> bool:
    return server.ask("GET", f"/api/sites/{site}").status_code == 200


async def test_erasing_on_a_full_disk(start: Start, disk: Disk, seed: int) -> None:
    """The erase is refused, or waits until there is room; collecting goes on afterwards, without a restart."""
    load = Load(Story("chaos", seed), seed)
    server = start("--disk-floor-bytes", "0", folder=disk.path / "data", program=QUICK).ready()
    server.add_site("chaos")
    for number in range(4):
        await _fill(server, "doomed", number)
        async with sending(load, server.port):
            removing = asyncio.create_task(_remove(server, "doomed"))
            await asyncio.sleep(0.01 * number)
            disk.fill()
            await asyncio.sleep(0.5)
            disk.free()
            await until(more(load), server, "accepting again")
            answer = await asyncio.wait_for(removing, 20)
            assert answer is not None
            assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:
            gone = await _remove(server, "doomed")
            assert gone is not None
            assert gone.status_code == 200, gone.text
        assert server.differences() == []
    await load.finish(server.port)
    server.stop()
    assert books.disagreements(await books.read(disk.path / "data", "chaos"), load) == []


async def test_stopped_while_an_erase_waits(start: Start, disk: Disk, tmp_path: Path, seed: int) -> None:
    """History has no room, so the erase cannot end: the server still stops when told to, and the next one finishes it."""
    folder = tmp_path / "data"
    server = start(folder=folder).ready()
    await _fill(server, "doomed", seed)
    server.stop()
    disk.take(folder / "history.duckdb")
    server = start(folder=folder).ready()
    disk.fill()
    removing = asyncio.create_task(_remove(server, "doomed"))
    await until(lambda: server.ask("GET", "/healthz").status_code == 503, server, "the erase waiting")
    assert server.ask("GET", "/healthz").json()["reason"] == "an erase waits for history"
    took = await asyncio.to_thread(lambda: server.stop(within=12))
    answer, told = await removing, server.log.count("history cannot be written")
    print(f"stopped in {took:.1f} s, the erase was answered {answer and answer.status_code}")
    assert answer is None or answer.status_code == 503

    server = start(folder=folder)
    await until(lambda: server.log.count("history cannot be written") > told, server, "the start waiting too")
    assert await asyncio.to_thread(lambda: server.stop(within=5)) < 5

    disk.free()
    server = start(folder=folder).ready()
    assert server.snapshot("doomed")["views"] == 0
    assert server.differences() == []
    server.stop()
