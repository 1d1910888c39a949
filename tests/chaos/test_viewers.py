"""Viewers that stall, fall behind, leave and come back: each ends with the state the server has, and harms nobody else."""

from __future__ import annotations

import asyncio
import json
import random
import time
from itertools import count
from pathlib import Path

import pytest

from .conftest import Start
from .load import Load, sending
from .process import Server
from .story import BROWSER, Story
from .viewer import Viewer
from .waiting import until
from .wire import Connection

pytestmark = pytest.mark.slow

SLEEPERS = 60
READ = 8 << 20
LONG = "x" * 6_000  # in paths: the system's own buffers swallow megabytes before a server feels that nobody reads


def _memory(server: Server) -> int:
    """Bytes that the process holds."""
    return int(Path(f"/proc/{server.process.pid}/statm").read_text("ascii").split()[1]) * 4096


async def _long_pages(port: int, name: str) -> None:
    """Many readers on pages with long paths, for ever: messages of hundreds of KiB."""
    connection = Connection(port)
    headers = {"user-agent": BROWSER, "x-forwarded-for": "192.0.2.9"}
    try:
        for number in count(step=8):
            facts = [
                {
                    "s": "chaos",
                    "k": "view",
                    "i": f"{name}-{one:012d}",
                    "v": f"{name} {one}",
                    "u": f"https://site.test/{one % 150}/{LONG}",
                }
                for one in range(number, number + 8)
            ]
            answer = await connection.post(json.dumps(facts).encode(), headers)
            assert answer.status == 204, answer
    finally:
        connection.close()


async def _caught_up(server: Server, viewers: list[Viewer]) -> None:
    """Wait for every viewer to have come to the newest version, then compare all with the server's own snapshot."""
    before = -1
    while (snapshot := server.snapshot("chaos"))["version"] != before:
        before = snapshot["version"]
        await asyncio.gather(*(viewer.until(before) for viewer in viewers))
        await asyncio.sleep(1)  # rounds of the hub are a tenth of a second apart, or three times what the last one took
    for viewer in viewers:
        assert viewer.state is not None
        for name in ("version", "people", "views", "visitors", "since", "paths"):
            assert getattr(viewer.state, name) == snapshot[name], name
        pages = [(page.path, page.views, page.here) for page in viewer.state.pages]
        assert pages == [(page["path"], page["views"], page["here"]) for page in snapshot["pages"]]
        places = [(place.country, place.here) for place in viewer.state.places]
        assert places == [(place["country"], place["here"]) for place in snapshot["places"]]


async def test_stalled_and_reconnecting_viewers(start: Start, chance: random.Random) -> None:
    """Some never read, some come and go in the middle of messages; all that read again end equal to the snapshot.

    A sleeper gets the snapshot in its stream, or, if it slept so long that it was cut off, when it comes back.
    """
    server = start().ready()
    server.add_site("chaos")
    readers = [await Viewer(server.port, "chaos", server.key).open() for _ in range(10)]
    sleepers = [await Viewer(server.port, "chaos", server.key).open(receive_buffer=1 << 16) for _ in range(SLEEPERS)]
    tasks = [asyncio.create_task(viewer.follow()) for viewer in [*readers, *sleepers]]
    await asyncio.gather(*(viewer.until(1) for viewer in [*readers, *sleepers]))
    for viewer in sleepers:
        viewer.stop_reading()

    async def restless() -> None:
        """Comes and goes all the time, also in the middle of a message."""
        while True:
            viewer = await Viewer(server.port, "chaos", server.key).open()
            reading = asyncio.create_task(viewer.read())
            try:
                await asyncio.sleep(chance.uniform(0, 0.2))
            finally:
                viewer.close()
                await reading

    began = time.monotonic()
    slept = [viewer.seen.total() for viewer in sleepers]
    work = [
        asyncio.create_task(task) for task in (restless(), restless(), *(_long_pages(server.port, f"page{n}") for n in range(4)))
    ]
    await until(lambda: readers[0].bytes > READ, server, "reading")
    settled = _memory(server)
    await until(lambda: readers[0].bytes > 3 * READ, server, "reading more")
    grown = _memory(server) - settled
    for task in work:
        task.cancel()
    ended = await asyncio.gather(*work, return_exceptions=True)
    print(f"read {readers[0].bytes >> 20} MiB in {time.monotonic() - began:.2f} s")
    print(f"memory grew by {grown >> 20} MiB; readers saw {readers[0].seen}, {readers[0].bytes >> 20} MiB")
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended
    assert [viewer.seen.total() for viewer in sleepers] == slept, "sleepers read: the test tests nothing"
    assert all(viewer.seen["delta"] >= 5 for viewer in readers), "those who read get what comes, whoever else sleeps"
    # Half of what the sleepers did not read; rows on their way to history are in it, more of them the busier the machine is.
    assert grown < SLEEPERS * READ

    began = time.monotonic()
    await _caught_up(server, readers)
    print(f"readers caught up in {time.monotonic() - began:.2f} s")
    began = time.monotonic()
    before = [viewer.seen["snapshot"] for viewer in sleepers]
    assert all(viewer.opened == 1 for viewer in readers), "those who read are not cut off"
    for viewer in sleepers:
        viewer.read_again()
    await _caught_up(server, [*readers, *sleepers])
    print(f"sleepers caught up in {time.monotonic() - began:.2f} s")
    print(f"sleepers got {[(dict(viewer.seen), viewer.opened) for viewer in sleepers[:3]]}, {sleepers[0].bytes >> 20} MiB")
    assert all(viewer.seen["snapshot"] > told for viewer, told in zip(sleepers, before, strict=True)), "they fell behind"
    began = time.monotonic()
    for viewer in [*readers, *sleepers]:
        viewer.close()
    await asyncio.gather(*tasks)
    await until(lambda: "footfall_viewers 0.0" in server.ask("GET", "/metrics").text, server, "forgetting those who left")
    print(f"all forgotten after {time.monotonic() - began:.2f} s")
    server.stop()


async def test_a_viewer_survives_a_restart(start: Start, seed: int) -> None:
    """A killed server's versions are not mistaken for the next one's: who comes back starts from a snapshot."""
    server = start().ready()
    server.add_site("chaos")
    load = Load(Story("chaos", seed), seed)
    viewer = await Viewer(server.port, "chaos", server.key).open()
    reading = asyncio.create_task(viewer.read())
    async with sending(load, server.port):
        await asyncio.sleep(0.5)
        server.kill()
    await reading
    assert viewer.ended not in ("", "cleanly")
    assert viewer.state is not None
    old = viewer.state.version

    server = start().ready()
    viewer = await Viewer(server.port, "chaos", server.key).open()
    reading = asyncio.create_task(viewer.read())
    await viewer.until(1)
    assert viewer.state is not None
    assert viewer.state.version > old
    await load.finish(server.port)
    await _caught_up(server, [viewer])
    assert viewer.state.views == len(load.story.model.views)
    viewer.close()
    await reading
    server.stop()
