"""A store moves into a cluster while it serves: all of it is there once, whatever is killed on the way."""

from __future__ import annotations

import asyncio
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from footfall.clock import process_clock
from footfall.folder import open_folder
from footfall.migrate import run
from footfall.migrate.run import migrate
from tests.chaos.load import Load, sending
from tests.chaos.process import Server
from tests.chaos.story import BROWSER
from tests.migrate.conftest import FOLLOWS, SECONDS, SITE, World
from tests.migrate.parts import Watcher, config_of, said

HEADERS = {"user-agent": BROWSER, "x-forwarded-for": "192.0.2.7"}


def told(server: Server) -> dict[str, Any]:
    """Live figures, without what the moment decides, nor which of two equal pages is first: that is the order of partitions."""
    found = server.snapshot(SITE)
    pages = [page["views"] for page in found["pages"]]
    return {"views": found["views"], "visitors": found["visitors"], "pages": pages}


def send(server: Server, kind: str, path: str, id: str) -> None:
    """A fact of a reader without a session."""
    text = {"t": "spanning"} if kind == "view" else {"n": "joined"}
    fact = {"s": SITE, "k": kind, "i": id * 22, "u": f"https://site.test{path}", **text}
    answer = httpx.post(f"http://127.0.0.1:{server.port}/e", json=fact, headers=HEADERS, trust_env=False)
    assert answer.status_code == 204, answer.text


def rows(world: World, sql: str) -> list[list[str]]:
    """What the cluster's history says."""
    server, _, database = world.history.rpartition("/")
    asked = {"final": "1", "database": database}
    answer = httpx.post(server, params=asked, content=f"{sql} FORMAT TSV", timeout=60, trust_env=False)
    return [line.split("\t") for line in answer.raise_for_status().text.splitlines()]


async def until(reached: Callable[[], tuple[object, object]]) -> None:
    """Wait until both are the same."""
    deadline = time.monotonic() + SECONDS
    while (both := await asyncio.to_thread(reached))[0] != both[1]:
        assert time.monotonic() < deadline, both
        await asyncio.sleep(0.1)


async def test_everything_is_there_once(world: World, load: Load, chance: random.Random) -> None:
    """Facts come all the time, the migration is killed on the way, and at the end the old server, while readers are sent to both.
    A visit that goes on at a node is one visit, a view that is repeated there no second one, and what is sent again is known."""
    old, model = world.serve(), load.story.model
    old.add_site(SITE)
    for view in range(3):
        send(old, "view", f"/{view}", f"{view}")
    send(old, "event", "/2", "e")
    async with sending(load, old.port):
        for _ in range(4):
            await asyncio.sleep(chance.uniform(0.7, 3))
            await killed(world.migrate(), chance.uniform(0.7, 3))
        migration = world.migrate()
        await world.said(FOLLOWS, migration)
        world.sink()
        node = await asyncio.to_thread(world.node)
        await killed(migration, 0)
    migration = world.migrate()
    await load.finish(old.port)
    await until(lambda: (told(node), told(old)))
    assert told(old)["views"] == len(model.views) + 3
    send(node, "event", "/2", "e")
    send(node, "view", "/2", "2")
    send(node, "view", "/2", "r")
    send(node, "view", "/9", "9")
    async with sending(load, old.port, node.port):
        await asyncio.sleep(1)
        old.kill()
    await load.finish(node.port)
    assert await world.ended(migration) == 0, world.told
    await until(lambda: ((told(node)["views"], told(node)["visitors"]), (len(model.views) + 4, len(model.visitors) + 1)))
    stored = "SELECT if(kind = 0, title, name) AS text, count() FROM facts WHERE kind IN (0, 2) GROUP BY text"
    wanted = Counter([*model.titles, *model.names]) + Counter(spanning=5, joined=1)
    await until(lambda: (Counter({text: int(count) for text, count in rows(world, stored)}), wanted))
    spanning = "SELECT count(), sum(counted), uniqExact(visit) FROM facts WHERE title = 'spanning' OR name = 'joined'"
    assert rows(world, spanning) == [["6", "4", "1"]]


async def test_an_old_server_that_comes_again_is_followed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started anew, as for a new version: the folder is its own, and what it takes then is carried too. Once all of it is
    elsewhere, who starts it is told."""
    monkeypatch.setattr(run, "REST", SECONDS)
    old, clock, watcher = await asyncio.to_thread(world.serve), process_clock(), Watcher()
    old.add_site(SITE)
    migration = asyncio.create_task(migrate(config_of(world), clock, watcher))
    await said(FOLLOWS, watcher)
    world.sink()
    await asyncio.to_thread(old.stop)
    await said("has stopped", watcher)
    old = await asyncio.to_thread(world.serve)
    await said("there again", watcher)
    monkeypatch.setattr(run, "REST", 0.0)
    await asyncio.to_thread(send, old, "view", "/", "v")
    await asyncio.to_thread(old.stop)
    assert await migration == []
    assert rows(world, "SELECT count() FROM facts") == [["1"]]
    folder = open_folder(world.old)
    assert "was carried into a cluster" in " ".join(folder.warnings)
    folder.close()


async def killed(migration: subprocess.Popen[bytes], after: float) -> None:
    """SIGKILL, after so many seconds."""
    await asyncio.sleep(after)
    migration.kill()
    migration.wait()
